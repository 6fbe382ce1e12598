//! Taking turns: every contestant is measured in short samples between those of the others, and its median counts.

use super::clock::cpu_seconds;

/// Samples of each contestant.
const SAMPLES: usize = 41;
/// Seconds of processor time of a sample: so short that another program seldom falls into it and leaves the caches cold.
const SAMPLE: f64 = 2e-4;

/// Median seconds of one call of each contestant, which is told how many calls to make.
pub fn race(contestants: &mut [&mut dyn FnMut(usize)]) -> Vec<f64> {
    let calls: Vec<usize> = contestants
        .iter_mut()
        .map(|run| {
            let mut calls = 1;
            loop {
                let start = cpu_seconds();
                run(calls);
                let seconds = cpu_seconds() - start;
                if seconds > SAMPLE / 4.0 {
                    return ((calls as f64 * SAMPLE / seconds) as usize).max(1);
                }
                calls *= 2;
            }
        })
        .collect();
    let mut samples = vec![Vec::with_capacity(SAMPLES); contestants.len()];
    for _ in 0..SAMPLES {
        for (i, run) in contestants.iter_mut().enumerate() {
            let start = cpu_seconds();
            run(calls[i]);
            samples[i].push((cpu_seconds() - start) / calls[i] as f64);
        }
    }
    samples
        .into_iter()
        .map(|mut samples: Vec<f64>| {
            samples.sort_by(f64::total_cmp);
            samples[SAMPLES / 2]
        })
        .collect()
}
