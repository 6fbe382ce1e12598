//! The tape's kernels: elementary functions beside std's, matrix products beside plain loops, the spiral's field beside one written by hand.

mod settings;

use costate_benches::definition::{Definitions, uniform};
use costate_benches::network;
use costate_benches::yardstick::{self, BATCH, Frame, PARAMETERS};
use costate_neural_ode::VectorField;
use costate_tape::{Function, Lane, Program, Scalar, Var};
use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Throughput, criterion_group, criterion_main,
};
use settings::{Bench, ProcessorTime, settings};
use std::array::from_fn;
use std::hint::black_box;

/// A slice that fits the first cache.
const LENGTH: usize = 1024;

/// Evaluations that are kept until their parameter products are added up: those of a step.
const STEP: usize = 6;

fn numbers(count: usize) -> Vec<f64> {
    uniform(5).take(count).map(|u| 3.0 * u).collect()
}

fn elementary(c: &mut Bench) {
    slices::<f64>(c, "f64", f64::exp, f64::tanh, |x| 1.0 / (1.0 + (-x).exp()));
    slices::<f32>(c, "f32", f32::exp, f32::tanh, |x| 1.0 / (1.0 + (-x).exp()));
}

fn slices<T: Lane>(
    c: &mut Bench,
    kind: &str,
    exp: fn(T) -> T,
    tanh: fn(T) -> T,
    sigmoid: fn(T) -> T,
) {
    let mut group = c.benchmark_group(format!("elementary {kind}"));
    group.throughput(Throughput::Elements(LENGTH as u64));
    let x: Vec<T> = numbers(LENGTH).into_iter().map(T::from_f64).collect();
    let mut out = x.clone();
    for (name, of_std) in [("exp", exp), ("tanh", tanh), ("sigmoid", sigmoid)] {
        let f = Function::<T>::record(&[("x", &[LENGTH])], |v: &[Var<T>]| {
            vec![match name {
                "exp" => v[0].exp(),
                "tanh" => v[0].tanh(),
                _ => v[0].sigmoid(),
            }]
        });
        let program = Program::compile(&f.expect("one input")).expect("it can be compiled");
        let mut workspace = program.workspace(1);
        group.bench_function(BenchmarkId::new(name, "tape"), |b| {
            b.iter(|| program.eval(&mut workspace, 0, &[black_box(&x)], black_box(&mut out)));
        });
        group.bench_function(BenchmarkId::new(name, "std"), |b| {
            b.iter(|| {
                for (x, out) in black_box(&x).iter().zip(black_box(&mut out)) {
                    *out = of_std(*x);
                }
            });
        });
    }
    group.finish();
}

fn matmul(c: &mut Bench) {
    let mut group = c.benchmark_group("matmul f64");
    for [m, k, n] in [
        [20, 2, 50],
        [20, 50, 2],
        [20, 50, 50],
        [1, 64, 64],
        [64, 64, 64],
        [256, 128, 128],
    ] {
        group.throughput(Throughput::Elements((2 * m * k * n) as u64));
        let shape = format!("{m}x{k}x{n}");
        // x Wᵀ, as in a layer.
        let inputs: [(&str, &[usize]); 2] = [("x", &[m, k]), ("w", &[n, k])];
        let f = Function::<f64>::record(&inputs, |v| vec![v[0].matmul_with(v[1], false, true)]);
        let program = Program::with_products(&f.expect("two inputs"), 1);
        let program = program.expect("it can be differentiated");
        let mut workspace = program.workspace(1);
        let (x, w, mut out) = (numbers(m * k), numbers(n * k), vec![0.0; m * n]);
        program.set_params(&mut workspace, &w);
        group.bench_function(BenchmarkId::new(&shape, "tape"), |b| {
            b.iter(|| program.eval(&mut workspace, 0, &[black_box(&x)], black_box(&mut out)));
        });
        group.bench_function(BenchmarkId::new(&shape, "loops"), |b| {
            // With W transposed beforehand, so that the inner loop is over neighbours.
            b.iter(|| plain(black_box(&x), black_box(&w), black_box(&mut out), k, n));
        });
    }
    group.finish();
}

/// The rows of `x` times the k rows of `w`, the innermost loop along a row.
fn plain(x: &[f64], w: &[f64], out: &mut [f64], k: usize, n: usize) {
    for (x, out) in x.chunks_exact(k).zip(out.chunks_exact_mut(n)) {
        out.fill(0.0);
        for (x, w) in x.iter().zip(w.chunks_exact(n)) {
            for (out, w) in out.iter_mut().zip(w) {
                *out += x * w;
            }
        }
    }
}

fn spiral(c: &mut Bench) {
    let mut group = c.benchmark_group("spiral field");
    let d = Definitions::load().w1;
    let theta = d.theta.numbers(&d.widths);
    let samples: Vec<f64> = d.windows[0].iter().flatten().copied().collect();
    compiled::<f64>(&mut group, "tape", &theta, &samples, &d.widths);
    compiled::<f32>(&mut group, "tape f32", &theta, &samples, &d.widths);

    let array: &[f64; PARAMETERS] = theta[..].try_into().expect("the yardstick's network");
    let mut field = yardstick::Field::new(array);
    let mut frames: Vec<Frame> = vec![Frame::default(); STEP];
    let h = from_fn(|i| from_fn(|s| samples[2 * s + i]));
    let mut out = [[0.0; BATCH]; 2];
    group.bench_function("f/by hand", |b| {
        b.iter(|| field.eval(&mut frames[0], black_box(&h), black_box(&mut out)));
    });
    for frame in &mut frames {
        field.eval(frame, &h, &mut out);
    }
    group.bench_function("products of a step/by hand", |b| {
        b.iter(|| {
            for frame in &frames {
                field.products(frame, black_box(&h), black_box(&mut out));
            }
        });
    });
    group.finish();
}

/// f, and the products of the evaluations of a step with their parameter products added up.
fn compiled<T: Lane>(
    group: &mut BenchmarkGroup<'_, ProcessorTime>,
    name: &str,
    theta: &[f64],
    samples: &[f64],
    widths: &[usize],
) {
    let cast = |values: &[f64]| values.iter().map(|x| T::from_f64(*x)).collect::<Vec<T>>();
    let mut field = network::spiral::<T>(samples.len() / widths[0], widths);
    let (samples, mut out) = (cast(samples), cast(samples));
    let mut h = samples.clone();
    field.set_parameters(&cast(theta));
    field.pack(&samples, &mut h);
    let t = T::from_f64(0.0);
    group.bench_function(BenchmarkId::new("f", name), |b| {
        b.iter(|| field.eval(0, t, black_box(&h), black_box(&mut out)));
    });
    let frames: Vec<(usize, T)> = (0..STEP).map(|frame| (frame, T::from_f64(1.0))).collect();
    for (frame, _) in &frames {
        field.eval(*frame, t, &h, &mut out);
    }
    group.bench_function(BenchmarkId::new("products of a step", name), |b| {
        b.iter(|| {
            for (frame, _) in &frames {
                field.products(*frame, black_box(&h), black_box(&mut out));
            }
            field.accumulate(&frames);
        });
    });
}

/// Recording, differentiating and compiling, once.
fn compile(c: &mut Bench) {
    let mut group = c.benchmark_group("record, differentiate, compile");
    let definitions = Definitions::load();
    for (name, widths, batch) in [
        ("2-50-2, batch 20", &definitions.w1.widths, BATCH),
        (
            "32-128-128-32, batch 256",
            &definitions.w2.widths,
            definitions.w2.batch,
        ),
    ] {
        group.bench_function(name, |b| {
            b.iter_batched(
                || (),
                |()| network::field::<f64>(batch, widths, |h| h),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings();
    targets = elementary, matmul, spiral, compile
}
criterion_main!(benches);
