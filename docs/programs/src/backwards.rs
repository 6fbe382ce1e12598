//! When must I not integrate h backwards?

use crate::Output;
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed};
use costate_neural_ode::{Backsolve, Discrete, GradientMethod, Problem, Saved, VectorField};
use costate_ode::{Ivp, Options, tableau};

const STEPS: f64 = 4000.0;

// ANCHOR: there-and-back
/// h(0) after a solve of h' = −λ (h − rest) from `h0` over [0, 1] and back again,
/// by RK4 with 4000 steps each way.
#[must_use]
pub fn there_and_back(lambda: f64, rest: f64, h0: f64) -> f64 {
    let rk4 = tableau::by_name("rk4").expect("it is registered");
    let solve = |t0: f64, h: f64, t1: f64| {
        let f = |_t: f64, h: &[f64; 1], dh: &mut [f64; 1]| dh[0] = -lambda * (h[0] - rest);
        let ivp = Ivp::new(f, t0, [h], t1).method(rk4).step(1.0 / STEPS);
        ivp.save_end().solve().expect("it is solvable").last()[0]
    };
    solve(1.0, solve(0.0, h0, 1.0), 0.0)
}
// ANCHOR_END: there-and-back

/// Digits of h(0) that come back.
#[must_use]
pub fn digits(lambda: f64, rest: f64, h0: f64) -> f64 {
    let error = (there_and_back(lambda, rest, h0) - h0).abs() / h0;
    -error.max(1e-16).log10()
}

fn digits_figure() -> String {
    let panel = |title: &str, rest: f64| {
        let mut plot =
            Plot::new(title)
                .x("λT", 0.0, 42.0)
                .y("digits of h(0) that come back", 0.0, 17.0);
        let points: Vec<_> = (1..=42)
            .map(f64::from)
            .map(|lambda| (lambda, digits(lambda, rest, 2.0).max(0.0)))
            .collect();
        plot.line("ti dash", &[(0.0, 15.95), (36.73, 0.0)]); // book: (digits-lost)
        plot.line("st", &points);
        plot.dots("st", 2.5, &points);
        plot
    };
    let mut zero = panel("h' = −λh: the example in the textbook", 0.0);
    zero.text("", "start", (1.0, 1.0), "dashed: 16 − λT/ln 10");
    let one = panel("h' = −λ(h − 1): the one in the laboratory", 1.0);
    figure(
        "digits",
        "Forth and back by RK4 with 4000 steps each way, h(0) = 2. Decay to zero keeps its relative accuracy and shows nothing. Decay to any other value loses λT/ln 10 digits: at λT = 36 all of them.",
        &[zero, one],
    )
}

// ANCHOR: fast-slow
/// A fast state that follows a slow one: f = (−λ (h₁ − h₂²), −θ h₁ h₂), with the parameter θ.
#[derive(Debug, Default)]
pub struct FastSlow {
    lambda: f64,
    theta: f64,
    /// h₁, h₂, a₁, a₂ of each frame.
    frames: Vec<[f64; 4]>,
    sum: f64,
}

impl VectorField<f64> for FastSlow {
    fn state_len(&self) -> usize {
        2
    }
    fn parameter_len(&self) -> usize {
        1
    }
    fn set_parameters(&mut self, theta: &[f64]) {
        (self.theta, self.sum) = (theta[0], 0.0);
    }
    fn eval(&mut self, frame: usize, _t: f64, h: &[f64], dh: &mut [f64]) {
        self.frames
            .resize(self.frames.len().max(frame + 1), [0.0; 4]);
        self.frames[frame] = [h[0], h[1], 0.0, 0.0];
        dh[0] = -self.lambda * (h[0] - h[1] * h[1]);
        dh[1] = -self.theta * h[0] * h[1];
    }
    fn products(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
        self.frames[frame][2..].copy_from_slice(a);
        let [h1, h2, a1, a2] = self.frames[frame];
        a_h[0] = -self.lambda * a1 - self.theta * h2 * a2;
        a_h[1] = 2.0 * self.lambda * h2 * a1 - self.theta * h1 * a2;
        0.0
    }
    fn accumulate(&mut self, frames: &[(usize, f64)]) {
        for &(frame, weight) in frames {
            let [h1, h2, _, a2] = self.frames[frame];
            self.sum -= weight * a2 * h1 * h2;
        }
    }
    fn finish(&mut self, a_theta: &mut [f64]) {
        a_theta[0] = std::mem::take(&mut self.sum);
    }
}
// ANCHOR_END: fast-slow

/// What the way back by backsolve ends in.
struct Back {
    theta: f64,
    rebuilt: f64,
    steps: usize,
}

fn problem() -> Problem<'static, f64, f64> {
    Problem {
        h0: &[1.0, 1.0],
        theta: &[1.0],
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    }
}

fn loss(saved: &Saved<f64>, cotangents: &mut Saved<f64>) -> f64 {
    cotangents.state_mut(0)[1] = 1.0;
    saved.state(0)[1]
}

fn field(lambda: f64) -> FastSlow {
    FastSlow {
        lambda,
        ..FastSlow::default()
    }
}

fn options(tolerance: f64) -> Options<f64> {
    Options {
        max_steps: 100_000,
        ..Options::tolerances(tolerance, tolerance)
    }
}

const LIKE: [f64; 2] = [0.0, 0.0];

/// ∂L/∂θ of L = h₂(1) by the discrete method.
fn by_discrete(lambda: f64, tolerance: f64) -> f64 {
    let tsit5 = tableau::by_name("tsit5").expect("it is registered");
    let mut method = Discrete::new(field(lambda), &LIKE, tsit5, options(tolerance))
        .expect("the options make sense");
    let gradient = method.gradient(&problem(), &mut loss);
    gradient.expect("it is solvable").theta[0]
}

/// The same by backsolve; `None` if the solve back gave up.
fn by_backsolve(lambda: f64, tolerance: f64) -> Option<Back> {
    let tsit5 = tableau::by_name("tsit5").expect("it is registered");
    let mut method = Backsolve::new(field(lambda), &LIKE, tsit5, options(tolerance))
        .expect("the options make sense");
    let gradient = method.gradient(&problem(), &mut loss).ok()?;
    let (theta, steps) = (gradient.theta[0], gradient.stats.backward.accepted);
    Some(Back {
        theta,
        rebuilt: method.rebuilt_within(),
        steps,
    })
}

fn table() -> String {
    let mut table = Table::new(&[
        "$\\lambda T$",
        "$\\partial L/\\partial\\theta$",
        "`Discrete`, relative error",
        "`Backsolve`, relative error",
        "`rebuilt_within`",
        "steps back",
    ]);
    let order = |x: f64| match x.abs().log10().round() as i32 {
        0 => "1".to_owned(),
        k => format!("$10^{{{k}}}$"),
    };
    for lambda in [1.0, 10.0, 20.0, 30.0, 40.0] {
        let exact = by_discrete(lambda, 1e-13);
        let discrete = by_discrete(lambda, 1e-9);
        let mut row = vec![
            fixed(lambda, 0),
            fixed(exact, 8),
            order(discrete / exact - 1.0),
        ];
        row.extend(match by_backsolve(lambda, 1e-9) {
            Some(back) => [
                order(back.theta / exact - 1.0),
                order(back.rebuilt),
                back.steps.to_string(),
            ],
            None => [
                "the solve back stops".to_owned(),
                "–".to_owned(),
                "–".to_owned(),
            ],
        });
        table.row(&row);
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::local("backwards/digits.svg", digits_figure()),
        Output::local("backwards/table.md", table()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decay_to_zero_comes_back_and_decay_to_one_does_not() {
        assert!(digits(36.0, 0.0, 2.0) > 9.0);
        assert!((there_and_back(36.7, 1.0, 2.0) - 1.0).abs() < 1.0);
        assert!(digits(36.7, 1.0, 2.0) < 1.0);
    }

    #[test]
    fn the_exercise_digits_lost() {
        // λ = 5, T = 5.
        let lost = 25.0 / std::f64::consts::LN_10;
        assert!((lost - 10.9).abs() < 0.05);
        assert!((digits(25.0, 1.0, 2.0) - (15.95 - lost)).abs() < 1.2);
        assert!((-(f64::EPSILON.ln()) - 36.04).abs() < 0.01);
    }

    #[test]
    fn rebuilt_within_tells_when_the_gradient_by_backsolve_is_lost() {
        let exact = by_discrete(40.0, 1e-13);
        assert!((by_discrete(40.0, 1e-9) / exact - 1.0).abs() < 1e-6);
        if let Some(back) = by_backsolve(40.0, 1e-9) {
            assert!(back.rebuilt > 1e-2, "{}", back.rebuilt);
            assert!((back.theta / exact - 1.0).abs() > 1e-3, "{}", back.theta);
        }
        let fine = by_backsolve(1.0, 1e-9).expect("λT = 1 is harmless");
        assert!(fine.rebuilt < 1e-6 && (fine.theta / by_discrete(1.0, 1e-13) - 1.0).abs() < 1e-6);
    }
}
