//! Recording, differentiating and compiling: the network of workload W2, and long scalar programs, by the node.

mod settings;

use costate_benches::recorded;
use costate_tape::Program;
use criterion::{BenchmarkId, Throughput, criterion_group, criterion_main};
use settings::{Bench, settings};
use std::hint::black_box;

fn network(c: &mut Bench) {
    let mut group = c.benchmark_group("recording of a network");
    group.bench_function("record", |b| b.iter(recorded::network));
    let f = recorded::network();
    group.bench_function("differentiate", |b| {
        b.iter(|| black_box(&f).vjp(&[0, 1, 2]))
    });
    group.bench_function("compile with products", |b| {
        b.iter(|| Program::with_products(black_box(&f), 2));
    });
    group.finish();
}

fn scalars(c: &mut Bench) {
    let mut group = c.benchmark_group("recording of scalars");
    for nodes in [1_000, 10_000, 100_000] {
        group.throughput(Throughput::Elements(nodes as u64));
        group.bench_function(BenchmarkId::new("record", nodes), |b| {
            b.iter(|| recorded::scalars(black_box(nodes)));
        });
        let f = recorded::scalars(nodes);
        group.bench_function(BenchmarkId::new("differentiate", nodes), |b| {
            b.iter(|| black_box(&f).vjp(&[0, 1]));
        });
        group.bench_function(BenchmarkId::new("compile", nodes), |b| {
            b.iter(|| Program::compile(black_box(&f)));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings();
    targets = network, scalars
}
criterion_main!(benches);
