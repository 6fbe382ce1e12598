//! What if the loss looks at many times?

use crate::Output;
use crate::house::{H0, House, T0, T1, THETA, flow, state};
use crate::plot::{Plot, figure};
use crate::solve::{difference, end, grid};
use crate::text::{Table, fixed, scientific};
use costate_neural_ode::{Discrete, GradientMethod, Problem};
use costate_ode::{Options, tableau};

// ANCHOR: jumps
/// The costate of the house example for L = Σ w/2 (h(t_i) − d_i)²:
/// after each jump, the last observation first, then at t₀.
#[must_use]
pub fn costate_with_jumps(times: &[f64], data: &[f64], weight: f64) -> Vec<f64> {
    let back = |from: f64, a: f64, to: f64| {
        let equation = |t: f64, a: &[f64; 1], da: &mut [f64; 1]| da[0] = -a[0] * THETA * t;
        end(equation, from, [a], to)[0]
    };
    let (mut a, mut t, mut values) = (0.0, T1, Vec::new());
    for (&time, &data) in times.iter().zip(data).rev() {
        if time != t {
            a = back(t, a, time);
        }
        a += weight * (state(time) - data); // a(t⁻) = a(t⁺) + ∂ℓ/∂h: book: (jump)
        t = time;
        values.push(a);
    }
    values.push(if t == T0 { a } else { back(t, a, T0) });
    values
}
// ANCHOR_END: jumps

const DATA: f64 = 10.0;

/// Observations at the middles of `n` equal parts of [t₀, t₁].
fn middles(n: usize) -> Vec<f64> {
    let part = (T1 - T0) / n as f64;
    (0..n).map(|i| T0 + (i as f64 + 0.5) * part).collect()
}

// ANCHOR: running
/// The costate of the running cost L = ∫ ½ (h − d)² dt: no jumps, a term of its own.
#[must_use]
pub fn running_costate(t: f64) -> f64 {
    let equation = |t: f64, a: &[f64; 1], da: &mut [f64; 1]| {
        da[0] = -a[0] * THETA * t - (state(t) - DATA); // −a f_h − g_h: book: (running-cost)
    };
    end(equation, T1, [0.0], t)[0]
}
// ANCHOR_END: running

/// The saw-tooth as points to draw.
fn saw(n: usize) -> Vec<(f64, f64)> {
    let (times, data) = (middles(n), vec![DATA; n]);
    let values = costate_with_jumps(&times, &data, (T1 - T0) / n as f64);
    let mut points = vec![(T1, 0.0)];
    let (mut from, mut a) = (T1, 0.0);
    let decay = |a: f64, from: f64, t: f64| a * (THETA * (from * from - t * t) / 2.0).exp();
    for (time, after) in times.iter().rev().zip(&values) {
        points.extend(
            grid(from, *time, 12)
                .into_iter()
                .map(|t| (t, decay(a, from, t))),
        );
        (from, a) = (*time, *after);
        points.push((from, a));
    }
    points.extend(
        grid(from, T0, 12)
            .into_iter()
            .map(|t| (t, decay(a, from, t))),
    );
    points
}

fn saw_figure() -> String {
    let panel = |n: usize, title: &str| {
        let mut plot = Plot::new(title).x("t", T0, T1).y("a(t)", -8.0, 16.0);
        let smooth: Vec<_> = grid(T0, T1, 80)
            .into_iter()
            .map(|t| (t, if t == T1 { 0.0 } else { running_costate(t) }))
            .collect();
        plot.line("ti thin", &smooth);
        plot.line("co", &saw(n));
        plot.line("ti dash", &[(T0, 0.0), (T1, 0.0)]);
        plot
    };
    figure(
        "saw",
        "House example with the loss Σ w/2 (h(t_i) − 10)², w = 2/n. Read from right to left: the costate flows, and jumps at each observation. Thin: the running cost ∫½(h − 10)² dt.",
        &[panel(5, "5 observations"), panel(40, "40 observations")],
    )
}

fn convergence() -> String {
    let limit = running_costate(T0);
    let mut table = Table::new(&[
        "observations",
        "$a(t_0)$",
        "difference from the running cost's",
    ]);
    for n in [4, 16, 64, 256] {
        let values = costate_with_jumps(&middles(n), &vec![DATA; n], (T1 - T0) / n as f64);
        let a = values[n];
        table.row(&[n.to_string(), fixed(a, 5), scientific(a - limit, 1)]);
    }
    table.row(&["running cost".to_owned(), fixed(limit, 5), "0".to_owned()]);
    table.markdown()
}

/// By the library: `[∂L/∂h₀, ∂L/∂t₀, ∂L/∂t₁]` and ∂L/∂(save times) for observations of the house example.
fn by_library(times: &[f64], data: &[f64]) -> ([f64; 3], Vec<f64>) {
    let tsit5 = tableau::by_name("tsit5").expect("it is registered");
    let options = Options::tolerances(1e-11, 1e-11);
    let mut method =
        Discrete::new(House::default(), &[0.0], tsit5, options).expect("the options make sense");
    let problem = Problem {
        h0: &[H0],
        theta: &[THETA],
        t0: T0,
        t1: T1,
        save_at: times,
    };
    let gradient = method
        .gradient(&problem, &mut |saved, cotangents| {
            let mut loss = 0.0;
            for (i, data) in data.iter().enumerate() {
                let residual = saved.state(i)[0] - data;
                cotangents.state_mut(i)[0] = residual;
                loss += residual * residual / 2.0;
            }
            loss
        })
        .expect("the house example is solvable");
    (
        [gradient.h0[0], gradient.t0, gradient.t1],
        gradient.save.clone(),
    )
}

const TIMES: [f64; 3] = [3.5, 4.25, 4.75];
const OBSERVED: [f64; 3] = [6.0, 9.0, 20.0];

fn save_times() -> String {
    let (ends, saves) = by_library(&TIMES, &OBSERVED);
    let loss = |times: &[f64; 3], t0: f64| {
        let terms = times.iter().zip(OBSERVED);
        terms
            .map(|(t, d)| (flow(H0, THETA, t0, *t) - d).powi(2) / 2.0)
            .sum::<f64>()
    };
    let mut table = Table::new(&["moved", "formula", "`Discrete`", "difference quotient"]);
    for i in 0..3 {
        let by = difference(
            |t| {
                let mut times = TIMES;
                times[i] = t;
                loss(&times, T0)
            },
            TIMES[i],
            1e-3,
        );
        let formula = (state(TIMES[i]) - OBSERVED[i]) * THETA * TIMES[i] * state(TIMES[i]);
        table.row(&[
            format!("$t_{}$", i + 1),
            fixed(formula, 4),
            fixed(saves[i], 4),
            fixed(by, 4),
        ]);
    }
    let a0 = costate_with_jumps(&TIMES, &OBSERVED, 1.0)[3];
    table.row(&[
        "start $t_0$".to_owned(),
        fixed(-a0 * THETA * T0 * H0, 4),
        fixed(ends[1], 4),
        fixed(difference(|t0| loss(&TIMES, t0), T0, 1e-3), 4),
    ]);
    table.row(&[
        "$h_0$".to_owned(),
        fixed(a0, 4),
        fixed(ends[0], 4),
        fixed(
            difference(
                |h0| {
                    TIMES
                        .iter()
                        .zip(OBSERVED)
                        .map(|(t, d)| (flow(h0, THETA, T0, *t) - d).powi(2) / 2.0)
                        .sum()
                },
                H0,
                1e-3,
            ),
            4,
        ),
    ]);
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("jumps/saw.svg", saw_figure()),
        Output::new("jumps/convergence.md", convergence()),
        Output::new("jumps/save-times.md", save_times()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::e2;
    use crate::solve::path;

    #[test]
    fn the_exercise_three_observations_of_a_state_at_rest() {
        // h' = 0, h = 1: walking back, −4, −6, −5.
        let mut a = 0.0;
        let mut values = Vec::new();
        for data in [5.0, 3.0, 0.0] {
            a += 1.0 - data;
            values.push(a);
        }
        assert_eq!(values, [-4.0, -6.0, -5.0]);
    }

    #[test]
    fn the_costate_jumps_as_the_library_has_it() {
        let (ends, saves) = by_library(&TIMES, &OBSERVED);
        let a0 = costate_with_jumps(&TIMES, &OBSERVED, 1.0)[3];
        assert!((a0 - ends[0]).abs() < 1e-6, "{a0} {ends:?}");
        assert!((-a0 * THETA * T0 * H0 - ends[1]).abs() < 1e-6);
        let slope = (state(3.5) - 6.0) * THETA * 3.5 * state(3.5);
        assert!((slope - saves[0]).abs() < 1e-6);
    }

    #[test]
    fn a_loss_at_the_end_alone_is_one_jump() {
        let values = costate_with_jumps(&[T1], &[state(T1) - 1.0], 1.0);
        assert!((values[1] - e2()).abs() < 1e-9);
    }

    #[test]
    fn many_observations_tend_to_the_running_cost() {
        // Differentiates ∫ ½ (h − d)² dt by h₀.
        let cost = |h0: f64| {
            let rate = |t: f64, _: &[f64; 1], dy: &mut [f64; 1]| {
                dy[0] = (flow(h0, THETA, T0, t) - DATA).powi(2) / 2.0;
            };
            end(rate, T0, [0.0], T1)[0]
        };
        assert!((running_costate(T0) - difference(cost, H0, 1e-3)).abs() < 1e-6);
        let a = costate_with_jumps(&middles(256), &vec![DATA; 256], 2.0 / 256.0)[256];
        assert!((a - running_costate(T0)).abs() < 1e-2);
        // A path through all states on the way is the same curve.
        let curve = path(
            |t: f64, a: &[f64; 1], da: &mut [f64; 1]| {
                da[0] = -a[0] * THETA * t - (state(t) - DATA);
            },
            T1,
            [0.0],
            T0,
        );
        assert!((curve.at(4.0)[0] - running_costate(4.0)).abs() < 1e-7);
    }
}
