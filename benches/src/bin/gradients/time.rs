//! Two states and fifty thousand parameters: gradients in units of the solve.

use costate_benches::definition::uniform;
use costate_benches::{cpu_seconds, network};
use costate_neural_ode::{Problem, Solvable, VectorField, gradient};
use costate_ode::{Ivp, Options, State, Tableau, tableau};
use std::fmt::Write;

const METHODS: [&str; 3] = ["discrete", "gauss", "interpolating"];

/// The table: a row for each network and tolerance.
pub(crate) fn markdown(reduced: bool) -> String {
    let mut out = String::from(
        "## Many parameters\n\nNetworks of two states, t from 0 to 1, `tsit5`; processor time of a gradient with its solve, in units of the solve alone, \
         fastest runs of 0.5 s each.\n\n| network | parameters | tolerance | steps | solve |",
    );
    for method in METHODS {
        write!(out, " {method} |").expect("a string takes all");
    }
    out.push_str("\n|---|---:|---:|---:|---:|---:|---:|---:|\n");
    let networks: &[&[usize]] = if reduced {
        &[&[2, 100, 2]]
    } else {
        &[
            &[2, 10_000, 2],
            &[2, 221, 221, 2],
            &[2, 128, 128, 128, 128, 2],
        ]
    };
    for widths in networks {
        for tolerance in [1e-6, 1e-10] {
            row(
                &mut out,
                widths,
                tolerance,
                if reduced { 0.002 } else { 0.5 },
            );
        }
    }
    out
}

fn row(out: &mut String, widths: &[usize], tolerance: f64, seconds: f64) {
    let mut field = network::field::<f64>(1, widths, |h| h);
    let weights = widths.windows(2).enumerate().flat_map(|(layer, w)| {
        let scale = (1.0 / w[0] as f64).sqrt();
        let weights = uniform(layer as u64 + 1).take(w[0] * w[1]);
        weights
            .map(move |u| 2.0 * u * scale)
            .chain(std::iter::repeat_n(0.1, w[1]))
    });
    let (theta, h0): (Vec<f64>, Vec<f64>) = (weights.collect(), vec![0.7, -0.4]);
    let options = Options::tolerances(tolerance, tolerance);
    let tsit5 = tableau::by_name("tsit5").expect("a known method");
    let mut steps = 0;
    let solve = fastest(seconds, || {
        field.set_parameters(&theta);
        let found = Ivp::with_system(Solvable::new(&mut field), 0.0, h0.clone(), 1.0)
            .method(tsit5)
            .options(options.clone())
            .solve();
        steps = found.expect("it can be solved").stats.accepted;
    });
    let problem = Problem {
        h0: &h0,
        theta: &theta,
        t0: 0.0,
        t1: 1.0,
        save_at: &[],
    };
    let gradients = METHODS.map(|name| {
        let solver = (tsit5, &options);
        of_gradient(name, field.clone(), solver, &h0, &problem, seconds)
    });
    let names: Vec<String> = widths.iter().map(usize::to_string).collect();
    let millis = solve * 1e3;
    write!(
        out,
        "| {} | {} | {tolerance:.0e} | {steps} | {millis:.2} ms |",
        names.join("-"),
        theta.len()
    )
    .expect("a string takes all");
    for gradient in gradients {
        write!(out, " {:.2} |", gradient / solve).expect("a string takes all");
    }
    out.push('\n');
}

/// Seconds of a gradient with its solve, of half the sum of the squares that are saved.
pub(crate) fn of_gradient<Y: State<f64, Element = f64>>(
    name: &str,
    field: impl VectorField<f64>,
    (tableau, options): (&'static Tableau, &Options<f64>),
    like: &Y,
    problem: &Problem<'_, f64, f64>,
    seconds: f64,
) -> f64 {
    let made = gradient::by_name(name, field, like, tableau, options.clone());
    let mut method = made.expect("a known method");
    fastest(seconds, || {
        let found = method.gradient(problem, &mut |saved, cotangents| {
            cotangents.values_mut().copy_from_slice(saved.values());
            0.5 * saved.values().iter().map(|h| h * h).sum::<f64>()
        });
        assert!(found.expect("it can be solved").loss.is_finite());
    })
}

/// Seconds of processor time of the fastest run, of some, after one that is not counted.
pub(crate) fn fastest(seconds: f64, mut run: impl FnMut()) -> f64 {
    run();
    let (mut fastest, mut spent) = (f64::INFINITY, 0.0);
    while spent < seconds {
        let begin = cpu_seconds();
        run();
        let taken = cpu_seconds() - begin;
        fastest = fastest.min(taken);
        spent += taken;
    }
    fastest
}
