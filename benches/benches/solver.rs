//! One step of each explicit method, on a system whose field costs next to nothing and on a state of some length.

mod settings;

use costate_benches::workload::Lorenz;
use costate_ode::{Attempt, Integrator, Options, tableau};
use criterion::{BenchmarkId, criterion_group, criterion_main};
use settings::{Bench, settings};
use std::hint::black_box;

/// A step of the whole way, with error and controller; methods without an error estimate take a constant one.
fn step(c: &mut Bench) {
    let mut group = c.benchmark_group("step of Lorenz");
    for method in tableau::tableaus() {
        let lorenz = Lorenz {
            sigma: 10.0,
            rho: 21.0,
            beta: 8.0 / 3.0,
        };
        let options = match method.embedded_order {
            Some(_) => Options::tolerances(1e-6, 1e-6),
            None => Options::constant_step(0.001),
        };
        let it = Integrator::new(method, lorenz, 0.0, &[1.0, 0.0, 0.0], options);
        let mut it = it.expect("sensible options");
        group.bench_function(BenchmarkId::from_parameter(method.name), |b| {
            // The end stays far away and the state on the attractor, however often this is repeated.
            b.iter(|| {
                it.set_end(it.t() + 1e3);
                let attempt = black_box(it.attempt().expect("the Lorenz system can be solved"));
                attempt == Attempt::Accepted
            });
        });
    }
    group.finish();
}

/// The part of a step that is not f: stages, error, controller.
fn overhead(c: &mut Bench) {
    let mut group = c.benchmark_group("dopri5 step without f");
    for n in [2, 40, 1000] {
        let still = |_t: f64, _y: &Vec<f64>, dy: &mut Vec<f64>| {
            black_box(dy);
        };
        let method = tableau::by_name("dopri5").expect("a known method");
        let y0 = vec![1.0; n];
        let it = Integrator::new(method, still, 0.0, &y0, Options::tolerances(1e-6, 1e-6));
        let mut it = it.expect("sensible options");
        group.bench_function(BenchmarkId::from_parameter(n), |b| {
            b.iter(|| {
                it.set_end(it.t() + 1e3);
                it.set_next_h(1.0);
                black_box(it.attempt().expect("nothing moves"))
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings();
    targets = step, overhead
}
criterion_main!(benches);
