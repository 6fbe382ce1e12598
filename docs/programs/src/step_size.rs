//! How does the solver choose its step?

use crate::Output;
use crate::house::{H0, T0, T1, THETA, state};
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed, scientific};
use costate_ode::{Attempt, Integrator, Ivp, Options, Tableau, tableau};

// ANCHOR: norm
/// The error of a step as one number: each component in units of its own tolerance,
/// then the root of the mean square.
#[must_use]
pub fn error_norm(error: &[f64], before: &[f64], after: &[f64], rtol: f64, atol: f64) -> f64 {
    let scaled = error.iter().zip(before).zip(after).map(|((e, h), h1)| {
        let scale = atol + rtol * h.abs().max(h1.abs());
        (e / scale).powi(2)
    });
    (scaled.sum::<f64>() / error.len() as f64).sqrt() // book: (error-norm)
}

/// The factor by which the next step is longer, for an estimate of order k − 1.
#[must_use]
pub fn factor(error: f64, k: usize) -> f64 {
    (0.9 * error.powf(-1.0 / k as f64)).clamp(0.2, 10.0) // book: (controller)
}
// ANCHOR_END: norm

// ANCHOR: loop
/// h(t₁) of the house example by the Bogacki–Shampine pair, and the steps it chose.
#[must_use]
pub fn adaptive(rtol: f64, atol: f64) -> (f64, Vec<f64>) {
    let method = tableau::by_name("bosh3").expect("it is registered");
    let (mut t, mut h, mut dt, mut steps) = (T0, H0, 0.01_f64, Vec::new());
    while t < T1 {
        dt = dt.min(T1 - t);
        let k = slopes(method, t, h, dt);
        let sum = |weights: &[costate_ode::Coefficient]| {
            let terms = k.iter().zip(weights);
            dt * terms.map(|(k, w)| w.to::<f64>() * k).sum::<f64>()
        };
        let next = h + sum(method.b);
        let error = error_norm(&[sum(method.b_err)], &[h], &[next], rtol, atol);
        if error <= 1.0 {
            (t, h) = (t + dt, next);
            steps.push(dt);
        }
        dt *= factor(error, 3);
    }
    (h, steps)
}
// ANCHOR_END: loop

fn slopes(method: &Tableau, t: f64, h: f64, dt: f64) -> Vec<f64> {
    let mut k: Vec<f64> = Vec::new();
    for i in 0..method.stages() {
        let at = (0..i).fold(h, |at, j| at + dt * method.a(i, j).to::<f64>() * k[j]);
        k.push(THETA * (t + method.c[i].to::<f64>() * dt) * at);
    }
    k
}

fn van_der_pol(_t: f64, y: &[f64; 2], dy: &mut [f64; 2]) {
    *dy = [y[1], 5.0 * (1.0 - y[0] * y[0]) * y[1] - y[0]];
}

/// (t, y₁, |dt|) of accepted steps, and (t, |dt|) of rejected ones.
type Steps = (Vec<(f64, f64, f64)>, Vec<(f64, f64)>);

fn oscillator_steps() -> Steps {
    let dopri5 = tableau::by_name("dopri5").expect("it is registered");
    let options = Options::tolerances(1e-5, 1e-5);
    let mut it = Integrator::new(dopri5, van_der_pol, 0.0, &[2.0, 0.0], options)
        .expect("the options make sense");
    it.set_end(20.0);
    let (mut accepted, mut rejected) = (vec![(0.0, 2.0, f64::NAN)], Vec::new());
    while !it.finished() {
        let planned = it.next_h();
        match it.attempt().expect("it is solvable") {
            Attempt::Accepted => accepted.push((it.t(), it.y()[0], it.h())),
            Attempt::Rejected => rejected.push((it.t(), planned)),
        }
    }
    (accepted, rejected)
}

fn ticks_figure() -> String {
    let (accepted, rejected) = oscillator_steps();
    let mut state = Plot::new("van der Pol, μ = 5: the solution")
        .x("t", 0.0, 20.0)
        .y("y₁", -3.0, 3.0);
    let points: Vec<_> = accepted.iter().map(|s| (s.0, s.1)).collect();
    state.line("st", &points);
    state.dots("st", 2.2, &points);
    let mut sizes = Plot::new("its steps")
        .x("t", 0.0, 20.0)
        .y("step", 1e-3, 2.0)
        .log_y();
    let steps: Vec<_> = accepted.iter().skip(1).map(|s| (s.0, s.2)).collect();
    sizes.line("st", &steps);
    sizes.dots("st", 2.2, &steps);
    let crosses: Vec<_> = rejected.iter().filter(|r| r.1 > 0.0).copied().collect();
    sizes.dots("co", 4.0, &crosses);
    sizes.text(
        "co",
        "start",
        (0.4, 1.35),
        &format!("{} rejected", rejected.len()),
    );
    sizes.text(
        "st",
        "start",
        (5.5, 1.35),
        &format!("{} accepted", accepted.len() - 1),
    );
    figure(
        "ticks",
        "Each dot is an accepted step of Dormand and Prince's pair at tolerance 1e−5. Large dots: tries that were rejected. Where the solution turns sharply the steps shrink by a factor of ten, and that is where tries are rejected.",
        &[state, sizes],
    )
}

fn work_precision() -> String {
    let mut plot = Plot::new("van der Pol, μ = 5, to t = 20")
        .x("evaluations of f", 200.0, 100_000.0)
        .log_x()
        .y("error at the end", 1e-12, 1e2)
        .log_y();
    let exact = crate::solve::end(van_der_pol, 0.0, [2.0, 0.0], 20.0);
    for (name, class, at) in [
        ("bosh3", "tan", (20_000.0, 3e-4)),
        ("dopri5", "pa", (260.0, 1e-5)),
        ("tsit5", "st", (3_200.0, 3e-11)),
    ] {
        let method = tableau::by_name(name).expect("it is registered");
        let points: Vec<_> = (3..=10)
            .map(|k| 10_f64.powi(-k))
            .map(|tolerance| {
                let ivp = Ivp::new(van_der_pol, 0.0, [2.0, 0.0], 20.0)
                    .method(method)
                    .rtol(tolerance)
                    .atol(tolerance);
                let solution = ivp.save_end().solve().expect("it is solvable");
                let error = (solution.last()[0] - exact[0]).abs();
                (solution.stats.nfe as f64, error.max(1e-13))
            })
            .collect();
        plot.line(class, &points);
        plot.dots(class, 3.0, &points);
        plot.text(class, "start", at, name);
    }
    figure(
        "work-precision",
        "Work and precision, tolerances 1e−3 to 1e−10. A steeper line is a higher order; further left is cheaper for the same accuracy.",
        &[plot],
    )
}

fn tolerance_table() -> String {
    let mut table = Table::new(&[
        "rtol",
        "steps by the loop above",
        "error of $h(5)$",
        "error ÷ rtol",
    ]);
    for rtol in [1e-3, 1e-5, 1e-7, 1e-9] {
        let (h, steps) = adaptive(rtol, 1e-12);
        let error = (h / state(T1) - 1.0).abs();
        table.row(&[
            scientific(rtol, 0),
            steps.len().to_string(),
            scientific(error, 1),
            fixed(error / rtol, 2),
        ]);
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("step-size/ticks.svg", ticks_figure()),
        Output::local("step-size/work-precision.svg", work_precision()),
        Output::new("step-size/tolerance.md", tolerance_table()),
        Output::new("step-size/dilution.md", dilution()),
    ]
}

/// Errors and steps when quiet components join: in the norm or out of it.
fn dilution() -> String {
    let mut table = Table::new(&[
        "quiet components",
        "error norm",
        "step factor",
        "with a norm over the first two",
    ]);
    for quiet in [0, 98, 9998] {
        let mut errors = vec![1.0, 1.0];
        errors.resize(2 + quiet, 0.0);
        let states = vec![0.0; errors.len()];
        let norm = error_norm(&errors, &states, &states, 0.0, 1.0);
        let part = error_norm(&errors[..2], &states[..2], &states[..2], 0.0, 1.0);
        table.row(&[
            quiet.to_string(),
            fixed(norm, 5),
            fixed(norm.powf(-0.2), 2),
            fixed(part.powf(-0.2), 2),
        ]);
    }
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;
    use costate_ode::Norm;

    #[test]
    fn the_exercise_quiet_components_dilute_the_error() {
        let mut errors = vec![1.0, 1.0];
        errors.resize(10_000, 0.0);
        let states = vec![0.0; 10_000];
        let norm = error_norm(&errors, &states, &states, 0.0, 1.0);
        assert!((norm - 0.01414).abs() < 1e-5);
        assert!((norm.powf(-0.2) - 2.34).abs() < 5e-3);
    }

    #[test]
    fn a_loop_of_fifteen_lines_keeps_its_tolerance() {
        let (h, steps) = adaptive(1e-7, 1e-12);
        assert!((h / state(T1) - 1.0).abs() < 1e-6);
        assert!((steps.iter().sum::<f64>() - (T1 - T0)).abs() < 1e-12);
    }

    #[test]
    fn a_part_of_the_state_can_steer_alone() {
        // Ten thousand constants beside the oscillator: with RmsOf they change no step.
        let steps = |width: usize, norm: Norm<f64>| {
            let f = |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| {
                let mut two = [0.0; 2];
                van_der_pol(t, &[y[0], y[1]], &mut two);
                dy.fill(0.0);
                dy[..2].copy_from_slice(&two);
            };
            let mut y0 = vec![0.0; width];
            y0[0] = 2.0;
            let ivp = Ivp::new(f, 0.0, y0, 20.0).norm(norm).rtol(1e-5).atol(1e-5);
            ivp.save_end().solve().unwrap().stats.accepted
        };
        let alone = steps(2, Norm::Rms);
        assert!(steps(10_000, Norm::Rms) < alone * 3 / 4);
        assert_eq!(steps(10_000, Norm::RmsOf(0..2)), alone);
    }
}
