//! Does it learn, and is the result an ODE?

use crate::Output;
use crate::plot::{Plot, figure};
use crate::solve::{grid, path};
use crate::text::{Table, fixed, scientific};
use costate_neural_ode::layer::{Layer, Mlp};
use costate_neural_ode::train::optimizer::{Adam, Optimizer};
use costate_neural_ode::{Discrete, GradientMethod, Problem, Recorded, Saved};
use costate_ode::{Options, Tableau, tableau};
use costate_tape::Unary;

pub(crate) const END: f64 = 1.0;
const SAVES: usize = 16;
pub(crate) const START: [f64; 2] = [2.0, 0.0];

/// The spiral to be learned: h' = A h³ componentwise, as in the paper's demonstration.
fn truth(_: f64, h: &[f64; 2], dh: &mut [f64; 2]) {
    let [x, y] = [h[0].powi(3), h[1].powi(3)];
    *dh = [-0.1 * x + 2.0 * y, -2.0 * x - 0.1 * y];
}

pub(crate) fn times() -> Vec<f64> {
    grid(0.0, END, SAVES).split_off(1)
}

pub(crate) fn data() -> Vec<[f64; 2]> {
    let path = path(truth, 0.0, START, END);
    times().into_iter().map(|t| path.at(t)).collect()
}

fn net() -> Mlp {
    Mlp::new(&[2, 24, 2], Unary::Tanh)
}

/// A solver of the network's field: a method and its steps.
#[derive(Clone, Copy)]
struct Solver(&'static str, Option<f64>);

impl Solver {
    fn tableau(self) -> &'static Tableau {
        tableau::by_name(self.0).expect("it is registered")
    }

    fn options(self) -> Options<f64> {
        match self.1 {
            Some(step) => Options::constant_step(step),
            None => Options::tolerances(1e-6, 1e-6),
        }
    }

    fn discrete(self) -> Discrete<f64, Vec<f64>, Recorded> {
        let net = net();
        let field = Recorded::record(&[1, 2], net.parameter_len(), |h, _t, theta| {
            net.apply(h * h * h, theta)
        });
        let field = field.expect("the network compiles");
        Discrete::new(field, &vec![0.0; 2], self.tableau(), self.options())
            .expect("the options make sense")
    }
}

// ANCHOR: loss
/// Mean square distance to the data, and its cotangents.
pub(crate) fn misfit(data: &[[f64; 2]], saved: &Saved<f64>, cotangents: &mut Saved<f64>) -> f64 {
    let scale = 1.0 / data.len() as f64;
    let mut loss = 0.0;
    for (i, data) in data.iter().enumerate() {
        for k in 0..2 {
            let off = saved.state(i)[k] - data[k];
            loss += scale * off * off;
            cotangents.state_mut(i)[k] = 2.0 * scale * off;
        }
    }
    loss
}
// ANCHOR_END: loss

/// A trained network with the history of losses and evaluations of f.
struct Trained {
    theta: Vec<f64>,
    history: Vec<(f64, usize)>,
}

// ANCHOR: train
/// `steps` steps of Adam on the data, the loss computed by a solver of choice.
fn train(solver: Solver, steps: usize) -> Trained {
    let (data, times) = (data(), times());
    let mut discrete = solver.discrete();
    let mut theta: Vec<f64> = net().initial(3);
    let mut optimizer = Adam::new(0.01);
    let mut history = Vec::new();
    for _ in 0..steps {
        let problem = Problem {
            h0: &START,
            theta: &theta,
            t0: 0.0,
            t1: END,
            save_at: &times,
        };
        let gradient = discrete
            .gradient(&problem, &mut |saved, cotangents| {
                misfit(&data, saved, cotangents)
            })
            .expect("the field stays tame");
        history.push((gradient.loss, gradient.stats.forward.nfe));
        optimizer.step(&mut theta, gradient.loss, &gradient.theta); // book: (descent)
    }
    Trained { theta, history }
}
// ANCHOR_END: train

/// The loss of trained weights by another solver, and the states.
fn evaluate(theta: &[f64], solver: Solver) -> (f64, Vec<[f64; 2]>) {
    let (data, times) = (data(), times());
    let problem = Problem {
        h0: &START,
        theta,
        t0: 0.0,
        t1: END,
        save_at: &times,
    };
    let mut states = Vec::new();
    let mut discrete = solver.discrete();
    let gradient = discrete.gradient(&problem, &mut |saved, cotangents| {
        states = (0..saved.len())
            .map(|i| [saved.state(i)[0], saved.state(i)[1]])
            .collect();
        misfit(&data, saved, cotangents)
    });
    (gradient.map_or(f64::NAN, |g| g.loss), states)
}

const STEPS: usize = 600;
const COARSE: Solver = Solver("euler", Some(END / SAVES as f64));
const FINE: Solver = Solver("tsit5", None);

fn figures(coarse: &Trained, fine: &Trained) -> String {
    let mut plane = Plot::new("after 600 steps of Adam")
        .x("h₁", -2.4, 2.4)
        .y("h₂", -2.4, 2.4)
        .height(360.0);
    let exact = path(truth, 0.0, START, END);
    let curve: Vec<_> = grid(0.0, END, 300)
        .into_iter()
        .map(|t| exact.at(t))
        .map(|h| (h[0], h[1]))
        .collect();
    plane.line("ti thin", &curve);
    let dots = |states: &[[f64; 2]]| states.iter().map(|h| (h[0], h[1])).collect::<Vec<_>>();
    plane.dots("ti", 5.0, &dots(&data()));
    plane.dots("st", 3.0, &dots(&evaluate(&fine.theta, FINE).1));
    let wrong = evaluate(&coarse.theta, FINE).1;
    plane.line("co dash", &dots(&wrong));
    plane.text(
        "st",
        "start",
        (-2.3, 2.1),
        "blue: trained and solved by tsit5",
    );
    plane.text(
        "co",
        "start",
        (-2.3, -2.2),
        "dashed: trained by Euler, solved by tsit5",
    );
    let mut loss = Plot::new("loss (line) and evaluations of f (dashed)")
        .x("step of Adam", 0.0, STEPS as f64)
        .y("loss; evaluations ÷ 100", 1e-5, 1e2)
        .log_y()
        .height(360.0);
    let of = |k: usize| {
        fine.history
            .iter()
            .enumerate()
            .step_by(4)
            .map(|(n, h)| (n as f64, if k == 0 { h.0 } else { h.1 as f64 / 100.0 }))
            .collect::<Vec<_>>()
    };
    loss.line("pa", &of(0));
    loss.line("ti dash", &of(1));
    figure(
        "training",
        "A network 2–24–2 learns the spiral h' = A h³ from sixteen points. Left: data (grey), the model trained by an accurate solver, and the model trained by sixteen Euler steps but solved accurately.",
        &[plane, loss],
    )
}

fn solvers_table(coarse: &Trained, fine: &Trained) -> String {
    let mut table = Table::new(&[
        "trained with",
        "Euler, 16 steps",
        "Euler, 64 steps",
        "RK4, 64 steps",
        "`tsit5`, 1e−6",
    ]);
    let step = END / SAVES as f64;
    for (name, trained) in [("Euler, 16 steps", coarse), ("`tsit5`, 1e−6", fine)] {
        let mut row = vec![name.to_owned()];
        for solver in [
            COARSE,
            Solver("euler", Some(step / 4.0)),
            Solver("rk4", Some(step / 4.0)),
            FINE,
        ] {
            row.push(scientific(evaluate(&trained.theta, solver).0, 1));
        }
        table.row(&row);
    }
    table.markdown()
}

// ANCHOR: descent
/// Distance from the minimum of Σ λ_i x_i²/2 after `steps` of descent from (1, …).
#[must_use]
pub fn descend(curvatures: &[f64], eta: f64, steps: usize) -> f64 {
    let mut x = vec![1.0; curvatures.len()];
    for _ in 0..steps {
        for (x, lambda) in x.iter_mut().zip(curvatures) {
            *x -= eta * lambda * *x; // Euler's step for dx/ds = −∇L
        }
    }
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}
// ANCHOR_END: descent

fn descent_table() -> String {
    let mut table = Table::new(&[
        "$\\eta$",
        "$\\eta\\lambda_{\\max}$",
        "distance after 100 steps",
    ]);
    for eta in [0.05, 0.1, 0.19, 0.2, 0.21] {
        table.row(&[
            fixed(eta, 2),
            fixed(10.0 * eta, 1),
            scientific(descend(&[10.0, 1.0], eta, 100), 1),
        ]);
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    let (coarse, fine) = (train(COARSE, STEPS), train(FINE, STEPS));
    vec![
        Output::local("training/spiral.svg", figures(&coarse, &fine)),
        Output::local("training/solvers.md", solvers_table(&coarse, &fine)),
        Output::new("training/descent.md", descent_table()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_learns_the_spiral_and_an_euler_network_is_no_ode() {
        let (coarse, fine) = (train(COARSE, STEPS), train(FINE, STEPS));
        let first = fine.history[0].0;
        assert!(fine.history[STEPS - 1].0 < 0.1 * first);
        let (own, other) = (
            evaluate(&coarse.theta, COARSE).0,
            evaluate(&coarse.theta, FINE).0,
        );
        assert!(other > 10.0 * own, "{own} {other}");
    }

    #[test]
    fn the_exercise_the_largest_learning_rate() {
        assert!(descend(&[10.0, 1.0], 0.199, 2000) < 1e-6);
        assert!(descend(&[10.0, 1.0], 0.201, 2000) > 1e6);
    }
}
