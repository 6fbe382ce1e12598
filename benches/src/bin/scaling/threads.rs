//! One thread and two: shards of a batch, members of an ensemble. Time on the wall, since that is what threads are for.

use super::time;
use costate_benches::definition::Definitions;
use costate_benches::{build, network};
use costate_neural_ode::Discrete;
use costate_neural_ode::batch::{Batch, Sample};
use costate_ode::{Options, tableau};
use std::time::Instant;

/// Rows of a shard: some fill a register many times, and there are enough shards to share out.
const ROWS: usize = 32;

/// The table.
pub(crate) fn markdown(reduced: bool) -> String {
    let turns = if reduced { 1 } else { 9 };
    let mut out = String::from(
        "## Threads\n\nTime on the wall, the fastest of nine turns; the bits are the same.\n\n| work | 1 thread | 2 threads | times |\n|---|---:|---:|---:|\n",
    );
    let mut row = |name: &str, run: &mut (dyn FnMut() -> f64 + Send)| {
        let [one, two] = fastest(turns, run);
        out += &format!(
            "| {name} | {} | {} | {:.2} |\n",
            time(one),
            time(two),
            one / two
        );
    };
    row("W2: 8 shards of 32 samples, gradient", &mut shards());
    row(
        "W4: 10 000 trajectories of Lorenz in lanes",
        &mut ensemble(),
    );
    out
}

/// Seconds with one thread and with two, in turns.
fn fastest(turns: usize, run: &mut (dyn FnMut() -> f64 + Send)) -> [f64; 2] {
    let pools = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started")
    });
    let mut found = [f64::INFINITY; 2];
    let mut bits = None;
    for _ in 0..=turns {
        for (pool, found) in pools.iter().zip(&mut found) {
            let begin = Instant::now();
            let value = pool.install(&mut *run);
            *found = found.min(begin.elapsed().as_secs_f64());
            assert_eq!(*bits.get_or_insert(value.to_bits()), value.to_bits());
        }
    }
    found
}

/// W4, which shares its trajectories out by itself.
fn ensemble() -> impl FnMut() -> f64 + Send {
    // What a workload holds need not be fit for another thread: it is made where it is used.
    || build("w4-solve-f64").expect("a known case").sample()
}

/// W2 in shards that are stepped on their own, and whose gradients are added up in an order of their own.
fn shards() -> impl FnMut() -> f64 + Send {
    let d = Definitions::load().w2;
    let (theta, width) = (d.theta.numbers(&d.widths), d.widths[0]);
    let h0 = d.h0.numbers(d.batch * width);
    let [rtol, atol] = d.tolerances;
    let like = vec![0.0; ROWS * width];
    let widths = d.widths.clone();
    let mut batch = Batch::new(move |_kind| {
        Discrete::new(
            network::field::<f64>(ROWS, &widths, |h| h),
            &like,
            tableau::by_name("dopri5").expect("a known method"),
            Options::tolerances(rtol, atol),
        )
    });
    move || {
        let shards = h0.chunks(ROWS * width).enumerate().map(|(i, h0)| Sample {
            id: i as u64,
            kind: 0,
            h0,
            t0: 0.0,
            t1: 1.0,
            save_at: &[],
        });
        let shards: Vec<Sample<'_, f64, f64>> = shards.collect();
        let mean = 1.0 / h0.len() as f64;
        let found = batch.gradient(&theta, &shards, &|_, saved, cotangents| {
            for (h, cotangent) in saved.state(0).iter().zip(cotangents.state_mut(0)) {
                *cotangent = 2.0 * mean * h;
            }
            mean * saved.state(0).iter().map(|h| h * h).sum::<f64>()
        });
        found.expect("the network can be solved").theta[0]
    }
}
