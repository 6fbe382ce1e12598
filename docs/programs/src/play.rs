//! Play with the costate: a spiral with two sliders, solved and differentiated in the page by this very code.

use crate::Output;
use crate::plot::{Plot, figure};
use crate::solve::{grid, path};
use crate::text::{fixed, scientific};
use crate::training::{END, START, data, misfit, times};
use costate_neural_ode::{Discrete, GradientMethod, Native, Problem, RightHandSide, Saved};
use costate_ode::{Ivp, Options, Trajectory, tableau};
use costate_tape::Scalar;
use std::fmt::Write;

// ANCHOR: field
/// h' = A h³ with A = [[−θ₁, θ₂], [−θ₂, −θ₁]]: θ₁ draws inwards, θ₂ turns.
#[derive(Clone, Copy, Debug)]
pub struct Spiral;

impl RightHandSide<2, 2> for Spiral {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h1, h2]: [S; 2], _t: S, [inwards, turn]: [S; 2]) -> [S; 2] {
        let (x, y) = (h1 * h1 * h1, h2 * h2 * h2);
        [turn * y - inwards * x, -(turn * x) - inwards * y]
    }
}
// ANCHOR_END: field

/// What the reader sets: θ, and how far back the costate has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// θ₁ and θ₂.
    pub theta: [f64; 2],
    /// The time t.
    pub t: f64,
}

/// What the page begins with.
pub const FIRST: Setting = Setting {
    theta: [0.3, 1.7],
    t: 0.4,
};

/// η of one step downhill.
const ETA: f64 = 0.002;

/// The loss at θ with its gradients.
#[derive(Clone, Copy, Debug)]
struct Answer {
    loss: f64,
    theta: [f64; 2],
    h0: [f64; 2],
}

// ANCHOR: gradient
/// L = (1/16) Σ |h(tᵢ) − dᵢ|² and its gradients, by the discrete adjoint.
fn gradient(theta: [f64; 2]) -> Answer {
    let options = Options::tolerances(1e-10, 1e-12);
    let tsit5 = tableau::by_name("tsit5").expect("it is registered");
    let mut method = Discrete::new(Native::new(Spiral), &[0.0; 2], tsit5, options)
        .expect("the options make sense");
    let (data, times) = (data(), times());
    let problem = Problem {
        h0: &START,
        theta: &theta,
        t0: 0.0,
        t1: END,
        save_at: &times,
    };
    let gradient = method
        .gradient(&problem, &mut |saved, cotangents| {
            misfit(&data, saved, cotangents)
        })
        .expect("spirals stay within their start");
    Answer {
        loss: gradient.loss,
        theta: [gradient.theta[0], gradient.theta[1]],
        h0: [gradient.h0[0], gradient.h0[1]],
    }
}
// ANCHOR_END: gradient

/// h(t).
fn trajectory(theta: [f64; 2]) -> Trajectory<f64, [f64; 2]> {
    path(|t, h, dh| *dh = Spiral.eval(*h, t, theta), 0.0, START, END)
}

/// The loss of a trajectory, and its rows: ∂ℓᵢ/∂h(tᵢ).
fn rows(h: &Trajectory<f64, [f64; 2]>) -> (f64, Vec<[f64; 2]>) {
    let (data, times) = (data(), times());
    let (mut saved, mut cotangents) = (Saved::new(2), Saved::new(2));
    saved.resize(times.len());
    cotangents.resize(times.len());
    for (i, &t) in times.iter().enumerate() {
        saved.state_mut(i).copy_from_slice(&h.at(t));
    }
    let loss = misfit(&data, &saved, &mut cotangents);
    let row = |i| [cotangents.state(i)[0], cotangents.state(i)[1]];
    (loss, (0..times.len()).map(row).collect())
}

// ANCHOR: costate
/// The costate from the end back to `to`, as points to draw: it flows, and jumps at each observation.
fn costate(theta: [f64; 2], h: &Trajectory<f64, [f64; 2]>, to: f64) -> Vec<(f64, [f64; 2])> {
    let equation = |t: f64, a: &[f64; 2], da: &mut [f64; 2]| {
        *da = Spiral.products(h.at(t), t, theta, *a).h.map(|a_h| -a_h); // book: (adjoint-ode)
    };
    let (mut t, mut a) = (END, [0.0; 2]);
    let mut points = vec![(t, a)];
    let back = |t: &mut f64, a: &mut [f64; 2], to: f64, points: &mut Vec<_>| {
        if to < *t {
            let times: Vec<f64> = grid(*t, to, 8).split_off(1);
            let ivp = Ivp::new(equation, *t, *a, to).rtol(1e-10).atol(1e-12);
            let solution = ivp.save_at(times.clone()).solve();
            let solution = solution.expect("the costate stays tame");
            points.extend(times.into_iter().zip(solution.y));
            (*t, *a) = *points.last().expect("some were added");
        }
    };
    for (&time, row) in times().iter().zip(rows(h).1).rev() {
        if time < to {
            break;
        }
        back(&mut t, &mut a, time, &mut points);
        a = [a[0] + row[0], a[1] + row[1]]; // book: (jump)
        points.push((t, a));
    }
    back(&mut t, &mut a, to, &mut points);
    points
}
// ANCHOR_END: costate

/// ∂L/∂θ by central differences of the solved loss, extrapolated once: it knows nothing of costates.
fn differences(theta: [f64; 2]) -> [f64; 2] {
    let loss = |k: usize, x: f64| {
        let mut theta = theta;
        theta[k] = x;
        rows(&trajectory(theta)).0
    };
    [0, 1].map(|k| crate::solve::difference(|x| loss(k, x), theta[k], 1e-3))
}

/// The smallest of 1, 2, 5, 10, … that is not below `x`.
fn round_up(x: f64) -> f64 {
    let unit = 10_f64.powf(x.max(1e-6).log10().floor());
    let rounded = [1.0, 2.0, 5.0].map(|m| m * unit);
    *rounded.iter().find(|r| **r >= x).unwrap_or(&(10.0 * unit))
}

fn plane(setting: Setting, h: &Trajectory<f64, [f64; 2]>, a: [f64; 2], reach: f64) -> Plot {
    let mut plot = Plot::new("dh/dt = f: forwards, from (2, 0)")
        .x("h₁", -2.4, 2.4)
        .y("h₂", -2.4, 2.4)
        .height(400.0);
    let until = |t: f64| -> Vec<_> {
        grid(0.0, t, 160)
            .into_iter()
            .map(|t| h.at(t))
            .map(|h| (h[0], h[1]))
            .collect()
    };
    plot.line("st thin", &until(END));
    plot.line("st", &until(setting.t));
    let data = data();
    for (&t, d) in times().iter().zip(&data) {
        let h = h.at(t);
        plot.line("ti thin", &[(h[0], h[1]), (d[0], d[1])]);
    }
    let dots: Vec<_> = data.iter().map(|d| (d[0], d[1])).collect();
    plot.dots("ti", 4.0, &dots);
    let now = h.at(setting.t);
    let tip = (now[0] + a[0] / reach, now[1] + a[1] / reach);
    plot.arrow("co", (now[0], now[1]), tip);
    plot.dots("st", 5.5, &[(now[0], now[1])]);
    plot
}

fn costates(setting: Setting, points: &[(f64, [f64; 2])], reach: f64) -> Plot {
    let mut plot = Plot::new("da/dt = −a·∂f/∂h: backwards, from 0 at t = 1")
        .x("t", 0.0, END)
        .y("a(t)", -reach, reach)
        .height(400.0);
    plot.line("ti thin", &[(0.0, 0.0), (END, 0.0)]);
    plot.line("ti dot", &[(setting.t, -reach), (setting.t, reach)]);
    for (k, class) in [(0, "co"), (1, "co dash")] {
        let line: Vec<_> = points.iter().map(|(t, a)| (*t, a[k])).collect();
        plot.line(class, &line);
        plot.dots("co", 4.0, &line[line.len() - 1..]);
    }
    plot
}

/// The figure and its numbers at a setting, as HTML. Its `data-` attributes are θ, L, ∂L/∂θ twice, a(t), ∂L/∂h₀ and the θ of one step downhill.
#[must_use]
pub fn page(setting: Setting) -> String {
    let Setting { theta, t } = setting;
    let h = trajectory(theta);
    let points = costate(theta, &h, t);
    let a = points.last().expect("it begins at the end").1;
    let largest = points
        .iter()
        .flat_map(|(_, a)| a.iter())
        .fold(0.0_f64, |largest, a| largest.max(a.abs()));
    let reach = round_up(largest);
    let answer = gradient(theta);
    let slopes = differences(theta);
    let next = [0, 1].map(|k| theta[k] - ETA * answer.theta[k]); // book: (descent)
    let mut html = String::from("<div class=\"play-numbers\"");
    let mut data = |name: &str, values: &[f64]| {
        let values: Vec<_> = values.iter().map(|x| format!("{x:.12}")).collect();
        write!(html, " data-{name}=\"{}\"", values.join(" ")).expect("a string takes all");
    };
    data("theta", &theta);
    data("t", &[t]);
    data("loss", &[answer.loss]);
    data("gradient", &answer.theta);
    data("differences", &slopes);
    data("costate", &a);
    data("start", &answer.h0);
    data("next", &next);
    html += ">\n";
    html += &figure(
        "play",
        "Left: the solution (blue, thick up to t), the data (grey) and how far each is missed; the arrow is the costate, the direction in which a nudge of the state at t raises the loss most. Right: a₁ (line) and a₂ (dashed), from the end back to t.",
        &[
            plane(setting, &h, a, reach),
            costates(setting, &points, reach),
        ],
    );
    html += &table(&answer, slopes, t, a);
    html + "</div>\n"
}

fn table(answer: &Answer, slopes: [f64; 2], t: f64, a: [f64; 2]) -> String {
    let pair = |x: [f64; 2]| format!("({}, {})", fixed(x[0], 5), fixed(x[1], 5));
    let apart = (0..2)
        .map(|k| (answer.theta[k] - slopes[k]).abs())
        .fold(0.0, f64::max);
    // Which of two roundings is the larger is no news.
    let apart = if apart < 1e-8 {
        "less than 1e−8".to_owned()
    } else {
        scientific(apart, 0)
    };
    let rows = [
        ("L", fixed(answer.loss, 6)),
        ("∂L/∂θ by the costate", pair(answer.theta)),
        ("∂L/∂θ by differences of L", pair(slopes)),
        ("apart by", apart),
        ("a(t)", format!("{} at t = {}", pair(a), fixed(t, 2))),
        ("a(0) = ∂L/∂h₀", pair(answer.h0)),
    ];
    let mut html = String::from("<table>\n");
    for (name, value) in rows {
        writeln!(
            html,
            "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>"
        )
        .expect("a string takes all");
    }
    html + "</table>\n"
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![Output::new("play/spiral.md", page(FIRST))]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: [[f64; 2]; 4] = [[0.3, 1.7], [0.0, 1.0], [0.5, 3.0], [0.1, 2.4]];

    #[test]
    fn the_costate_walks_back_to_the_gradient_of_the_start() {
        for theta in SETTINGS {
            let a = costate(theta, &trajectory(theta), 0.0).pop().unwrap().1;
            let h0 = gradient(theta).h0;
            for k in 0..2 {
                assert!((a[k] - h0[k]).abs() < 1e-7, "{theta:?}: {a:?} {h0:?}");
            }
        }
    }

    #[test]
    fn the_gradient_is_what_differences_say() {
        for theta in SETTINGS {
            let (by_costate, slopes) = (gradient(theta).theta, differences(theta));
            for k in 0..2 {
                assert!(
                    (by_costate[k] - slopes[k]).abs() < 1e-8 * (1.0 + slopes[k].abs()),
                    "{theta:?}: {by_costate:?} {slopes:?}"
                );
            }
        }
    }

    #[test]
    fn the_loss_vanishes_at_the_parameters_that_made_the_data() {
        assert!(gradient([0.1, 2.0]).loss < 1e-16);
    }

    #[test]
    fn twenty_steps_downhill_take_the_loss_to_an_eightieth() {
        let mut theta = FIRST.theta;
        let first = gradient(theta).loss;
        let mut last = f64::INFINITY;
        for _ in 0..20 {
            let answer = gradient(theta);
            assert!(answer.loss < last, "{theta:?}");
            last = answer.loss;
            theta = [0, 1].map(|k| theta[k] - ETA * answer.theta[k]);
        }
        let share = first / gradient(theta).loss;
        assert!((79.0..82.0).contains(&share), "{share}");
    }

    #[test]
    fn a_nudge_of_the_state_moves_the_loss_by_the_costate() {
        let theta = FIRST.theta;
        let t = 0.4;
        let h = trajectory(theta);
        let a = costate(theta, &h, t).pop().unwrap().1;
        let later: Vec<_> = times()
            .into_iter()
            .zip(data())
            .filter(|(time, _)| *time >= t)
            .collect();
        for k in 0..2 {
            let loss = |x: f64| {
                let mut from = h.at(t);
                from[k] = x;
                let nudged = path(|t, h, dh| *dh = Spiral.eval(*h, t, theta), t, from, END);
                let miss = |(time, d): &(f64, [f64; 2])| {
                    let h = nudged.at(*time);
                    (h[0] - d[0]).powi(2) + (h[1] - d[1]).powi(2)
                };
                later.iter().map(miss).sum::<f64>() / 16.0
            };
            let slope = crate::solve::difference(loss, h.at(t)[k], 1e-3);
            assert!((a[k] - slope).abs() < 1e-7, "{a:?} {slope}");
        }
    }
}
