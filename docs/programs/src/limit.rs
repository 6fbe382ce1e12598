//! What is the limit, and when is there one?

use crate::Output;
use crate::house::{H0, T0, T1, THETA, state};
use crate::plot::{Plot, figure};
use crate::solve::{end, grid};
use crate::text::{Table, fixed, scientific};
use costate_ode::Ivp;

// ANCHOR: flow
/// φ_{t₀→t₁}(h): where the flow of the house example carries the state h.
#[must_use]
pub fn flow(t0: f64, t1: f64, h: f64) -> f64 {
    let f = |t: f64, h: &[f64; 1], dh: &mut [f64; 1]| dh[0] = THETA * t * h[0];
    let solution = Ivp::new(f, t0, [h], t1).rtol(1e-10).atol(1e-12).save_end();
    solution.solve().expect("it is linear").last()[0] // book: (flow)
}
// ANCHOR_END: flow

// ANCHOR: picard
/// The next Picard iterate of the house example, h₀ + ∫ f(h(s), s) ds,
/// by the trapezoidal rule on a grid.
#[must_use]
pub fn picard(times: &[f64], h: &[f64]) -> Vec<f64> {
    let f: Vec<f64> = times.iter().zip(h).map(|(t, h)| THETA * t * h).collect();
    let mut next = vec![H0];
    for n in 1..times.len() {
        let area = (times[n] - times[n - 1]) * (f[n - 1] + f[n]) / 2.0;
        next.push(next[n - 1] + area); // book: (integral-equation)
    }
    next
}
// ANCHOR_END: picard

fn iterates(count: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let times = grid(T0, T1, 400);
    let mut all = vec![vec![H0; times.len()]];
    for k in 0..count {
        all.push(picard(&times, &all[k]));
    }
    (times, all)
}

fn composition() -> String {
    let mut table = Table::new(&["", "value"]);
    let whole = flow(T0, T1, H0);
    let half = flow(T0, 4.0, H0);
    table.row(&["$\\varphi_{3\\to5}(3)$".to_owned(), fixed(whole, 8)]);
    table.row(&["$\\varphi_{3\\to4}(3)$".to_owned(), fixed(half, 8)]);
    table.row(&[
        "$\\varphi_{4\\to5}(\\varphi_{3\\to4}(3))$".to_owned(),
        fixed(flow(4.0, T1, half), 8),
    ]);
    table.row(&[
        "$\\varphi_{5\\to3}(\\varphi_{3\\to5}(3))$".to_owned(),
        fixed(flow(T1, T0, whole), 8),
    ]);
    table.row(&["$3e^2$".to_owned(), fixed(state(T1), 8)]);
    table.markdown()
}

fn picard_figure() -> String {
    let (times, all) = iterates(6);
    let mut left = Plot::new("Picard iterates of the house example")
        .x("t", T0, T1)
        .y("h", 0.0, 24.0);
    left.curve("ti dash", T0, T1, state);
    for (k, iterate) in all.iter().enumerate().take(6) {
        let points: Vec<_> = times.iter().copied().zip(iterate.iter().copied()).collect();
        left.line("st", &points);
        if k < 4 {
            let y = iterate[times.len() - 1];
            left.text("", "end", (4.97, y + 0.4), &k.to_string());
        }
    }
    // Where carries the flow h' = (h₂, −sin h₁) a grid of dots?
    let mut right = Plot::new("a square of states, carried by a pendulum")
        .x("h₁", -2.2, 3.2)
        .y("h₂", -2.2, 2.2);
    let swing = |_: f64, h: &[f64; 2], dh: &mut [f64; 2]| *dh = [h[1], -h[0].sin()];
    let mut starts = Vec::new();
    for x in grid(0.2, 1.4, 6) {
        for y in grid(0.2, 1.4, 6) {
            starts.push([x, y]);
        }
    }
    for (time, class) in [(0.0, "ti"), (1.2, "st"), (3.0, "pa")] {
        let dots: Vec<_> = starts
            .iter()
            .map(|h| {
                if time == 0.0 {
                    *h
                } else {
                    end(swing, 0.0, *h, time)
                }
            })
            .map(|h| (h[0], h[1]))
            .collect();
        right.dots(class, 2.5, &dots);
    }
    right.text("", "start", (1.5, 1.6), "t = 0");
    right.text("st", "start", (2.2, 0.7), "t = 1.2");
    right.text("pa", "start", (0.2, -1.9), "t = 3");
    figure(
        "picard",
        "Left: start with a constant, and put the right-hand side of the integral equation in place of h, again and again. Right: the flow moves every state; dots neither meet nor jump over each other.",
        &[left, right],
    )
}

fn trouble_figure() -> String {
    let mut root = Plot::new("h' = 2√|h|: too many solutions")
        .x("t", 0.0, 4.0)
        .y("h", -0.5, 9.0);
    for wait in [0.0, 0.8, 1.6, 2.4] {
        root.curve("st", 0.0, 4.0, |t| (t - wait).max(0.0).powi(2));
    }
    root.line("st", &[(0.0, 0.0), (4.0, 0.0)]);
    root.text("", "start", (0.15, 7.9), "all start at h(0) = 0");
    let mut blow = Plot::new("h' = h²: none beyond t = 1")
        .x("t", 0.0, 1.2)
        .y("h", 0.0, 30.0);
    blow.curve("st", 0.0, 0.97, |t| 1.0 / (1.0 - t));
    blow.line("ti dash", &[(1.0, 0.0), (1.0, 30.0)]);
    blow.text("", "end", (0.93, 27.0), "1/(1 − t)");
    figure(
        "trouble",
        "What can go wrong. Left: the slope of √ at 0 is infinite, and the state may leave 0 whenever it likes. Right: the field grows faster than linearly and the state reaches infinity in finite time.",
        &[root, blow],
    )
}

fn picard_table() -> String {
    let (_, all) = iterates(9);
    let mut table = Table::new(&["iterate", "$h(5)$", "difference from $3e^2$"]);
    for k in [0, 1, 2, 3, 5, 7, 9] {
        let last = *all[k].last().expect("a grid");
        table.row(&[k.to_string(), fixed(last, 4), fixed(last - state(T1), 4)]);
    }
    table.markdown()
}

/// The library's message where the solution ends.
fn blow_up() -> String {
    let f = |_: f64, h: &[f64; 1], dh: &mut [f64; 1]| dh[0] = h[0] * h[0];
    match Ivp::new(f, 0.0, [1.0], 2.0).save_end().solve() {
        Ok(_) => unreachable!("1/(1 − t) ends at 1"),
        Err(failure) => {
            let reached = failure.partial.t.last().copied().unwrap_or(0.0);
            format!(
                "Asked for $h' = h^2$, $h(0) = 1$ up to $t = 2$, the solver stops within {} of the pole, with a message that says so.\n",
                scientific((1.0 - reached).abs(), 0)
            )
        }
    }
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("limit/composition.md", composition()),
        Output::new("limit/picard.svg", picard_figure()),
        Output::new("limit/picard.md", picard_table()),
        Output::new("limit/trouble.svg", trouble_figure()),
        Output::local("limit/blow-up.md", blow_up()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solve::path;

    #[test]
    fn flows_compose_and_invert() {
        let whole = flow(T0, T1, H0);
        assert!((whole - state(T1)).abs() < 1e-8);
        assert!((flow(4.0, T1, flow(T0, 4.0, H0)) - whole).abs() < 1e-8);
        assert!((flow(T1, T0, whole) - H0).abs() < 1e-8);
    }

    #[test]
    fn picard_iterates_converge() {
        let (_, all) = iterates(14);
        assert!((all[14].last().unwrap() - state(T1)).abs() < 1e-3);
    }

    #[test]
    fn the_exercise_a_rotation_swaps_one_and_minus_one() {
        use std::f64::consts::PI;
        let turn = |_: f64, h: &[f64; 2], dh: &mut [f64; 2]| *dh = [-PI * h[1], PI * h[0]];
        let swapped = end(turn, 0.0, [1.0, 0.0], 1.0);
        assert!((swapped[0] + 1.0).abs() < 1e-9 && swapped[1].abs() < 1e-9);
        // In one dimension order is kept.
        let scalar =
            |t: f64, h: &[f64; 1], dh: &mut [f64; 1]| dh[0] = (3.0 * h[0]).sin() - t * h[0];
        let (low, high) = (
            path(scalar, 0.0, [-1.0], 5.0),
            path(scalar, 0.0, [1.0], 5.0),
        );
        assert!(
            grid(0.0, 5.0, 50)
                .iter()
                .all(|t| low.at(*t)[0] < high.at(*t)[0])
        );
    }
}
