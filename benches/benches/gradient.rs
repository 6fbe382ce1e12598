//! The workloads that are compared with other tools, each as a bench.

mod settings;

use costate_benches::build;
use costate_benches::workload::CASES;
use criterion::{Throughput, criterion_group, criterion_main};
use settings::{Bench, settings};
use std::hint::black_box;

fn workloads(c: &mut Bench) {
    let mut group = c.benchmark_group("workload");
    for case in CASES {
        let mut workload = build(case).expect("a known case");
        group.throughput(Throughput::Elements(workload.units() as u64));
        group.bench_function(*case, |b| b.iter(|| black_box(workload.sample())));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings();
    targets = workloads
}
criterion_main!(benches);
