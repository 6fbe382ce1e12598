//! The spiral's network beside the field written by hand, and the larger network beside the processor's peak.

use super::measure::race;
use super::networks::{Net, STEP, flops};
use super::peak::Peak;
use super::report::Report;
use super::yardstick::{BATCH, Field, Frame, HIDDEN, PARAMETERS};
use costate_tape::{Isa, Lane};
use std::array::from_fn;
use std::hint::black_box;

/// The larger network and its batch.
const LARGE: [usize; 4] = [32, 128, 128, 32];
const LARGE_BATCH: usize = 256;

pub fn table(report: &mut Report, peak: &Peak) {
    writeln!(
        report,
        "## The spiral's network, 2-50-2 over 20 states, ns\n"
    );
    writeln!(
        report,
        "By hand: plain loops, fused, that the compiler makes vectors of; explicit vectors would be faster.\n"
    );
    writeln!(
        report,
        "| | f | of by hand | aim | products of an evaluation, {STEP} at once | of by hand | aim |"
    );
    writeln!(report, "|---|---|---|---|---|---|---|");
    let theta: [f64; PARAMETERS] = from_fn(|i| 0.4 * (1.0 + 7.3 * i as f64).sin());
    let mut field = Field::new(&theta);
    let mut frames: Vec<Frame> = vec![Frame::default(); STEP];
    let h = from_fn(|i| from_fn(|s| 0.4 * (1.0 + 7.3 * (2 * s + i) as f64).sin()));
    let mut out = [[0.0; BATCH]; 2];
    for frame in &mut frames {
        field.eval(frame, &h, &mut out);
    }
    let mut net = Net::<f64>::new(&[2, HIDDEN, 2], BATCH, true, Isa::detect());
    let f = race(&mut [
        &mut |calls| {
            (0..calls)
                .for_each(|i| field.eval(&mut frames[i % STEP], black_box(&h), black_box(&mut out)))
        },
        &mut |calls| net.evaluations(calls),
    ]);
    let products = race(&mut [
        &mut |calls| {
            for _ in 0..calls {
                for frame in &frames {
                    field.products(frame, black_box(&h), black_box(&mut out));
                }
            }
        },
        &mut |calls| net.products(calls),
    ]);
    let ns = |seconds: f64| seconds * 1e9;
    let step = |seconds: f64| ns(seconds) / STEP as f64;
    writeln!(
        report,
        "| by hand f64 | {:.0} | 1 | | {:.0} | 1 | |",
        ns(f[0]),
        step(products[0])
    );
    writeln!(
        report,
        "| tape f64 | {:.0} | {:.2} | 1.1 | {:.0} | {:.2} | 1.7 |",
        ns(f[1]),
        f[1] / f[0],
        step(products[1]),
        products[1] / products[0]
    );
    let single = Net::<f32>::new(&[2, HIDDEN, 2], BATCH, true, Isa::detect()).times();
    writeln!(
        report,
        "| tape f32 | {:.0} | | | {:.0} | | |\n",
        ns(single[0]),
        ns(single[1])
    );

    writeln!(report, "## 32-128-128-32 over 256 states\n");
    writeln!(
        report,
        "| | f, µs | of the peak | aim | products, µs | of the peak | aim |"
    );
    writeln!(report, "|---|---|---|---|---|---|---|");
    for isa in Isa::available().filter(|&isa| peak.of(isa, false).is_finite()) {
        large::<f64>(report, peak, isa, false);
        large::<f32>(report, peak, isa, true);
    }
    writeln!(report);
}

fn large<T: Lane>(report: &mut Report, peak: &Peak, isa: Isa, single: bool) {
    let times = Net::<T>::new(&LARGE, LARGE_BATCH, false, isa).times();
    let flops = flops(&LARGE, LARGE_BATCH);
    let share = |i: usize| flops[i] / times[i] * 1e-9 / peak.of(isa, single) * 100.0;
    writeln!(
        report,
        "| {isa:?} {} | {:.1} | {:.0} % | 80 % | {:.1} | {:.0} % | 90 % |",
        if single { "f32" } else { "f64" },
        times[0] * 1e6,
        share(0),
        times[1] * 1e6,
        share(1)
    );
}
