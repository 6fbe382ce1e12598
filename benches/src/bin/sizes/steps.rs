//! Time of a step.

use costate_benches::cpu_seconds;
use costate_ode::{Integrator, Options, State, tableau};
use std::fmt::Write;
use std::hint::black_box;

/// Steps of a sample.
const STEPS: usize = 2_000;
const SAMPLES: usize = 41;

/// d(x, v)/dt = (v, −x) for each pair of components.
#[inline(always)]
fn oscillators(y: &[f64], dy: &mut [f64]) {
    for (y, dy) in y.chunks_exact(2).zip(dy.chunks_exact_mut(2)) {
        dy[0] = y[1];
        dy[1] = -y[0];
    }
}

/// The seconds of a step, sample by sample, from the same start each time.
fn sampler<Y: State<f64, Element = f64>>(y0: Y) -> impl FnMut() -> f64 {
    let field = |_t: f64, y: &Y, dy: &mut Y| oscillators(y.as_slice(), dy.as_mut_slice());
    let tsit5 = tableau::by_name("tsit5").expect("a known method");
    let it = Integrator::new(tsit5, field, 0.0, &y0, Options::tolerances(1e-6, 1e-6));
    let mut it = it.expect("sensible options");
    move || {
        it.reset(0.0, black_box(&y0));
        it.set_end(1e9);
        it.step().expect("oscillators can be solved");
        let start = cpu_seconds();
        for _ in 0..STEPS {
            it.attempt().expect("oscillators can be solved");
        }
        let seconds = cpu_seconds() - start;
        black_box(it.y());
        seconds / STEPS as f64
    }
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Nanoseconds of a step with the size in the type, and at run time.
fn pair<const N: usize>() -> [f64; 2] {
    let y0: [f64; N] = std::array::from_fn(|i| 1.0 + 0.01 * i as f64);
    let (mut array, mut vector) = (sampler(y0), sampler(y0.to_vec()));
    let samples: Vec<[f64; 2]> = (0..SAMPLES).map(|_| [array(), vector()]).collect();
    [0, 1].map(|k| 1e9 * median(samples.iter().map(|pair| pair[k]).collect()))
}

pub(crate) fn table() -> String {
    let rows = [
        (2, pair::<2>()),
        (4, pair::<4>()),
        (8, pair::<8>()),
        (16, pair::<16>()),
        (32, pair::<32>()),
        (64, pair::<64>()),
    ];
    let mut out = String::from(
        "| N | `[f64; N]`, ns a step | `Vec<f64>`, ns a step | Vec ÷ array |\n|---:|---:|---:|---:|\n",
    );
    for (n, [array, vector]) in rows {
        let ratio = vector / array;
        writeln!(out, "| {n} | {array:.0} | {vector:.0} | {ratio:.2} |").expect("a string grows");
    }
    out
}
