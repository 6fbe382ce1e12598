//! Networks of many shapes beside the best that a prototype of the tape reached with four layouts in memory.

use super::networks::{Net, flops};
use super::peak::Peak;
use super::report::Report;
use costate_tape::{Isa, Lane};

/// Peak of the processor that the prototype's times are from, GFLOP/s in f64 and f32.
const PROTOTYPE: [f64; 2] = [131.0, 265.0];

/// Widths, batch, whether f32; the prototype's best f and products of an evaluation (6 at once or one at a time), ns with AVX-512.
const SHAPES: [(&[usize], usize, bool, f64, f64); 44] = [
    (&[2, 50, 2], 1, false, 47.0, 46.0),
    (&[2, 50, 2], 1, true, 39.0, 42.0),
    (&[2, 50, 2], 4, false, 100.0, 73.0),
    (&[2, 50, 2], 4, true, 51.0, 52.0),
    (&[2, 50, 2], 20, false, 402.0, 303.0),
    (&[2, 50, 2], 20, true, 171.0, 195.0),
    (&[2, 50, 2], 33, false, 640.0, 440.0),
    (&[2, 50, 2], 33, true, 258.0, 267.0),
    (&[2, 50, 2], 128, false, 2474.0, 1578.0),
    (&[2, 50, 2], 128, true, 881.0, 753.0),
    (&[3, 16, 16, 3], 1, false, 41.0, 40.0),
    (&[3, 16, 16, 3], 1, true, 35.0, 35.0),
    (&[3, 16, 16, 3], 4, false, 101.0, 92.0),
    (&[3, 16, 16, 3], 4, true, 47.0, 53.0),
    (&[3, 16, 16, 3], 20, false, 379.0, 337.0),
    (&[3, 16, 16, 3], 20, true, 148.0, 224.0),
    (&[3, 16, 16, 3], 33, false, 582.0, 482.0),
    (&[3, 16, 16, 3], 33, true, 254.0, 284.0),
    (&[3, 16, 16, 3], 128, false, 2131.0, 1692.0),
    (&[3, 16, 16, 3], 128, true, 858.0, 906.0),
    (&[4, 32, 32, 4], 1, false, 68.0, 77.0),
    (&[4, 32, 32, 4], 1, true, 45.0, 54.0),
    (&[4, 32, 32, 4], 4, false, 219.0, 233.0),
    (&[4, 32, 32, 4], 4, true, 90.0, 135.0),
    (&[4, 32, 32, 4], 20, false, 976.0, 980.0),
    (&[4, 32, 32, 4], 20, true, 361.0, 618.0),
    (&[4, 32, 32, 4], 33, false, 1418.0, 1482.0),
    (&[4, 32, 32, 4], 33, true, 594.0, 820.0),
    (&[4, 32, 32, 4], 128, false, 5366.0, 5604.0),
    (&[4, 32, 32, 4], 128, true, 2236.0, 2862.0),
    (&[2, 64, 64, 2], 1, false, 148.0, 237.0),
    (&[2, 64, 64, 2], 1, true, 90.0, 126.0),
    (&[2, 64, 64, 2], 4, false, 552.0, 687.0),
    (&[2, 64, 64, 2], 4, true, 236.0, 397.0),
    (&[2, 64, 64, 2], 20, false, 2580.0, 3201.0),
    (&[2, 64, 64, 2], 20, true, 1190.0, 1776.0),
    (&[2, 64, 64, 2], 33, false, 3824.0, 4966.0),
    (&[2, 64, 64, 2], 33, true, 1652.0, 2674.0),
    (&[2, 64, 64, 2], 128, false, 14114.0, 18829.0),
    (&[2, 64, 64, 2], 128, true, 6154.0, 9461.0),
    (&[2, 64, 64, 2], 512, false, 65800.0, 84800.0),
    (&[2, 64, 64, 2], 512, true, 24600.0, 37600.0),
    (&[32, 128, 128, 32], 256, false, 120800.0, 198000.0),
    (&[32, 128, 128, 32], 256, true, 55400.0, 95300.0),
];

pub fn table(report: &mut Report, peak: &Peak) {
    writeln!(
        report,
        "## Networks of many shapes, ns; 2-50-2 sees the cubes of its states\n"
    );
    writeln!(
        report,
        "Beside the prototype: f and products together, both times scaled to the same peak; the aim is 1.15. The prototype ran on Zen 5: small nets are mostly tanh, whose division does not scale with the peak.\n"
    );
    writeln!(
        report,
        "| net | batch | type | f / products | beside the prototype | of the peak | AVX2 f / products | of its peak |"
    );
    writeln!(report, "|---|---|---|---|---|---|---|---|");
    let mut ratios = Vec::new();
    for (widths, batch, single, f, products) in SHAPES {
        let time = if single { times::<f32> } else { times::<f64> };
        let ours = time(widths, batch, Isa::detect());
        let scale = peak.of(Isa::detect(), single) / PROTOTYPE[usize::from(single)];
        let ratio = (ours[0] + ours[1]) * 1e9 / (f + products) * scale;
        ratios.push(ratio);
        let work: f64 = flops(widths, batch).iter().sum();
        let share = |times: [f64; 2], isa| {
            work / (times[0] + times[1]) * 1e-9 / peak.of(isa, single) * 100.0
        };
        let ns = |times: [f64; 2]| format!("{:.0} / {:.0}", times[0] * 1e9, times[1] * 1e9);
        #[cfg(target_arch = "x86_64")]
        let (avx2, share_avx2) = if Isa::available().any(|isa| isa == Isa::Avx2) {
            let times = time(widths, batch, Isa::Avx2);
            (ns(times), format!("{:.0} %", share(times, Isa::Avx2)))
        } else {
            Default::default()
        };
        #[cfg(not(target_arch = "x86_64"))]
        let (avx2, share_avx2) = (String::new(), String::new());
        let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
        writeln!(
            report,
            "| {} | {batch} | {} | {} | {ratio:.2}{} | {:.0} % | {avx2} | {share_avx2} |",
            widths.join("-"),
            if single { "f32" } else { "f64" },
            ns(ours),
            if ratio > 1.15 { " !" } else { "" },
            share(ours, Isa::detect()),
        );
    }
    let mean = (ratios.iter().map(|r| r.ln()).sum::<f64>() / ratios.len() as f64).exp();
    let late = ratios.iter().filter(|&&r| r > 1.15).count();
    writeln!(
        report,
        "\nGeometric mean beside the prototype {mean:.2}; {late} of {} above 1.15.\n",
        ratios.len()
    );
}

fn times<T: Lane>(widths: &[usize], batch: usize, isa: Isa) -> [f64; 2] {
    Net::<T>::new(widths, batch, widths == [2, 50, 2], isa).times()
}
