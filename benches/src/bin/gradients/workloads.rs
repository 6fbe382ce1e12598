//! The workloads of the comparison: value and gradient in units of the solve, and what a step takes beside f.

use crate::time::{fastest, of_gradient};
use costate_benches::definition::Definitions;
use costate_benches::network;
use costate_benches::workload::{LotkaVolterra, options};
use costate_neural_ode::{Native, Problem, VectorField};
use costate_ode::{Integrator, Options, State, Tableau, tableau};
use std::fmt::Write;

/// What is solved, and where it is saved.
struct Case<'a, Y> {
    name: &'a str,
    tableau: &'static Tableau,
    options: Options<f64>,
    h0: Y,
    theta: Vec<f64>,
    times: &'a [f64],
}

/// The table.
pub(crate) fn markdown(reduced: bool) -> String {
    let mut out = String::from(
        "## The workloads\n\nWhat `benches/peers` compares, in f64: processor time of value and gradient together (`discrete`) and of the solve alone, with its saved states, at the initial \
         parameters; and the part of the solve that is not f: stages, norm, controller, saved states.\n\n\
         | work | steps | solve | value and gradient | ÷ solve | solve beside f |\n|---|---:|---:|---:|---:|---:|\n",
    );
    let d = Definitions::load();
    let seconds = if reduced { 0.002 } else { 0.5 };
    let [dopri5, tsit5] =
        ["dopri5", "tsit5"].map(|name| tableau::by_name(name).expect("a known method"));
    let spiral = Case {
        name: "W1, an iteration",
        tableau: dopri5,
        options: options(d.w1.tolerances["f64"], d.w1.first_step["discrete"]),
        h0: d.w1.windows[0].as_flattened().to_vec(),
        theta: d.w1.theta.numbers(&d.w1.widths),
        times: &d.w1.times,
    };
    let windows = d.w1.windows[0].len();
    row(
        &mut out,
        &spiral,
        network::spiral(windows, &d.w1.widths),
        seconds,
    );
    let large = Case {
        name: "W2",
        tableau: dopri5,
        options: options(d.w2.tolerances, d.w2.first_step),
        h0: d.w2.h0.numbers(d.w2.batch * d.w2.widths[0]),
        theta: d.w2.theta.numbers(&d.w2.widths),
        times: &[0.0, 1.0],
    };
    row(
        &mut out,
        &large,
        network::field(d.w2.batch, &d.w2.widths, |h| h),
        seconds,
    );
    let fit = Case {
        name: "W3, native",
        tableau: tsit5,
        options: options(d.w3.tolerances, d.w3.first_step),
        h0: d.w3.h0,
        theta: d.w3.parameters.to_vec(),
        times: &d.w3.times,
    };
    row(&mut out, &fit, Native::new(LotkaVolterra), seconds);
    out
}

fn row<Y: State<f64, Element = f64>>(
    out: &mut String,
    case: &Case<'_, Y>,
    mut field: impl VectorField<f64> + Clone,
    seconds: f64,
) {
    let (steps, evaluations, solve) = of_solve(case, &mut field, seconds);
    let problem = Problem {
        h0: case.h0.as_slice(),
        theta: &case.theta,
        t0: case.times[0],
        t1: case.times[case.times.len() - 1],
        save_at: case.times,
    };
    let solver = (case.tableau, &case.options);
    let both = of_gradient(
        "discrete",
        field.clone(),
        solver,
        &case.h0,
        &problem,
        seconds,
    );
    let mut slope = vec![0.0; case.h0.as_slice().len()];
    let f = fastest(seconds, || {
        for _ in 0..evaluations {
            field.eval(0, case.times[0], case.h0.as_slice(), &mut slope);
        }
    });
    writeln!(
        out,
        "| {} | {steps} | {:.1} µs | {:.1} µs | {:.2} | {:.0} % |",
        case.name,
        solve * 1e6,
        both * 1e6,
        both / solve,
        100.0 * (1.0 - f / solve)
    )
    .expect("a string takes all");
}

/// Steps, evaluations and seconds of a solve.
fn of_solve<Y: State<f64, Element = f64>>(
    case: &Case<'_, Y>,
    field: &mut impl VectorField<f64>,
    seconds: f64,
) -> (usize, usize, f64) {
    field.set_parameters(&case.theta);
    let (start, end) = (case.times[0], case.times[case.times.len() - 1]);
    // In the field's own order, as gradient methods solve.
    let mut h0 = case.h0.clone();
    field.pack(case.h0.as_slice(), h0.as_mut_slice());
    let system = |t: f64, h: &Y, dh: &mut Y| field.eval(0, t, h.as_slice(), dh.as_mut_slice());
    let made = Integrator::new(case.tableau, system, start, &h0, case.options.clone());
    let (mut it, mut saved) = (made.expect("sensible options"), h0.clone());
    let time = fastest(seconds, || {
        it.reset(start, &h0);
        it.set_end(end);
        let mut times = case.times.iter().peekable();
        while !it.finished() {
            it.step().expect("it can be solved");
            while let Some(&time) = times.next_if(|time| **time <= it.t()) {
                it.interpolate(time, &mut saved);
                std::hint::black_box(&saved);
            }
        }
    });
    (it.stats().accepted, it.stats().nfe, time)
}
