//! The pieces of work whose instructions are counted: steps of each engine, the products of a compiled program, whole gradients.
//!
//! `benches/instructions` runs this under valgrind, which counts what happens inside of [`counted`], and compares with `benches/instructions.txt`.
//! Prints a line for each piece, in the order in which they were counted: by how much to divide, and its name.

use costate_benches::definition::Definitions;
use costate_benches::{build, network};
use costate_neural_ode::VectorField;
use costate_ode::{Ivp, Method};
use std::hint::black_box;

/// One of each engine, and the explicit methods that are chosen most.
const METHODS: [&str; 15] = [
    "tsit5", "dopri5", "dop853", "rk4", "kvaerno5", "gauss6", "rodas5p", "radau", "bdf", "adams",
    "auto", "rock2", "rock4", "verlet", "yoshida6",
];

/// Whole gradients, each once.
const GRADIENTS: [&str; 4] = [
    "w1-discrete-f64",
    "w3-discrete-f64",
    "w3-discrete-f64:recorded",
    "w3-backsolve-f64",
];

fn main() {
    for name in METHODS {
        let method = Method::by_name(name).expect("a known method");
        // Caches of what is computed once are filled, and functions that the processor decides are chosen, before anything is counted.
        let steps = solve(method);
        count(&format!("step of {name}"), steps, || {
            solve(method);
        });
    }
    for (name, products) in [("f of the spiral", false), ("products of the spiral", true)] {
        let mut run = spiral(products);
        run();
        count(name, 1, run);
    }
    for case in GRADIENTS {
        let mut workload = build(case).expect("a known case");
        workload.sample();
        count(&format!("gradient {case}"), workload.units(), || {
            workload.sample();
        });
    }
}

/// Counts `work` and says so.
fn count(name: &str, units: usize, mut work: impl FnMut()) {
    counted(&mut work);
    println!("{units} {name}");
}

/// What is counted: valgrind is told this name.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
    black_box(());
}

/// A nonlinear pendulum over twenty units of time: how many steps that took, rejected ones too.
fn solve(method: Method) -> usize {
    let pendulum = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| {
        let [q, p] = *black_box(y);
        *dy = [p, q * (q * q / 6.0 - 1.0)];
    };
    let ivp = Ivp::new(pendulum, 0.0, [1.0, 0.0], 20.0)
        .method(method)
        .save_end();
    let ivp = if method.adaptive {
        ivp.rtol(1e-6).atol(1e-6)
    } else {
        ivp.step(0.05)
    };
    let solution = ivp.solve().expect("the pendulum can be solved");
    black_box(&solution.y);
    solution.stats.accepted + solution.stats.rejected
}

/// The field of workload W1, or its products with their parameter products added up.
fn spiral(products: bool) -> impl FnMut() {
    let d = Definitions::load().w1;
    let samples: Vec<f64> = d.windows[0].iter().flatten().copied().collect();
    let mut field = network::spiral::<f64>(samples.len() / d.widths[0], &d.widths);
    let (mut h, mut out) = (samples.clone(), samples.clone());
    field.set_parameters(&d.theta.numbers(&d.widths));
    field.pack(&samples, &mut h);
    field.eval(0, 0.0, &h, &mut out);
    move || {
        if products {
            field.products(0, black_box(&h), black_box(&mut out));
            field.accumulate(&[(0, 1.0)]);
        } else {
            field.eval(0, 0.0, black_box(&h), black_box(&mut out));
        }
    }
}
