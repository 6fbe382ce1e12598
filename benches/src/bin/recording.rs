//! What recording, differentiating and compiling cost, and that they grow linearly: times, and bytes of memory a node.
//!
//! `cargo run --release -p costate-benches --bin recording`

use costate_benches::cpu_seconds;
use costate_benches::memory::{Counted, held};
use costate_benches::recorded::{network, scalars};
use costate_tape::Program;

#[global_allocator]
static MEMORY: Counted = Counted;

/// A result, seconds, bytes that it holds, and the most that was held on the way.
fn measured<R>(work: impl FnOnce() -> R) -> (R, f64, usize, usize) {
    let start = cpu_seconds();
    let ((result, time), live, peak) = held(|| {
        let result = work();
        (result, cpu_seconds() - start)
    });
    (result, time, live, peak)
}

fn main() {
    println!(
        "{:<28} {:>9} {:>10} {:>12} {:>12}",
        "", "nodes", "ms", "bytes/node", "at most"
    );
    let report = |what: &str, nodes: usize, time: f64, bytes: usize, peak: usize| {
        println!(
            "{what:<28} {nodes:>9} {:>10.2} {:>12.0} {:>12.0}",
            time * 1e3,
            bytes as f64 / nodes as f64,
            peak as f64 / nodes as f64
        );
    };
    // Once for the caches and the code itself.
    drop(Program::with_products(&network(), 2));
    let (f, recording, bytes, peak) = measured(network);
    report("network: record", f.graph().len(), recording, bytes, peak);
    let (g, differentiating, bytes, peak) = measured(|| f.vjp(&[0, 1, 2]));
    report(
        "network: differentiate",
        g.graph().len(),
        differentiating,
        bytes,
        peak,
    );
    let (program, compiling, bytes, peak) = measured(|| Program::with_products(&f, 2));
    report(
        "network: compile, products",
        g.graph().len(),
        compiling,
        bytes,
        peak,
    );
    assert!(program.is_ok());
    println!(
        "{:<28} {:>20.2}\n",
        "network: together",
        (recording + compiling) * 1e3
    );
    for nodes in [10_000, 100_000, 1_000_000] {
        let (f, recording, bytes, peak) = measured(|| scalars(nodes));
        report("scalars: record", f.graph().len(), recording, bytes, peak);
        let (g, differentiating, bytes, peak) = measured(|| f.vjp(&[0, 1]));
        report(
            "scalars: differentiate",
            g.graph().len(),
            differentiating,
            bytes,
            peak,
        );
        let (program, compiling, bytes, peak) = measured(|| Program::compile(&f));
        report("scalars: compile", f.graph().len(), compiling, bytes, peak);
        assert!(program.is_ok());
        drop(program);
        let (program, with_products, bytes, peak) = measured(|| Program::with_products(&f, 1));
        report(
            "scalars: compile, products",
            g.graph().len(),
            with_products,
            bytes,
            peak,
        );
        assert!(program.is_ok());
        println!(
            "{:<28} {:>20.2}\n",
            "scalars: together",
            (recording + differentiating + compiling) * 1e3
        );
    }
}
