//! Workloads for whoever asks on the command line.

use crate::{Workload, cpu_seconds};
use serde_json::json;
use std::hint::black_box;
use std::process::ExitCode;

/// A sample is at least this many seconds long, so that the clock is not what is measured.
const SAMPLE: f64 = 0.002;

/// Does what the command line asks of one of `cases`, and prints JSON:
///
/// ```text
/// list                        the cases there are
/// check CASE                  loss, gradient and counts
/// time CASE SECONDS           seconds of processor time per unit of work, sample by sample, for about so long
/// run CASE SAMPLES            nothing but the work, for profilers
/// ```
pub fn serve(cases: &[&str], build: impl Fn(&str) -> Option<Box<dyn Workload>>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match words[..] {
        ["list"] => Some(json!(cases)),
        ["check", case] => build(case).map(|mut workload| json!(workload.check())),
        ["time", case, seconds] => {
            build(case)
                .zip(seconds.parse().ok())
                .map(|(mut workload, seconds)| {
                    let samples = time(&mut *workload, seconds);
                    json!({ "seconds": samples })
                })
        }
        ["run", case, samples] => {
            build(case)
                .zip(samples.parse::<usize>().ok())
                .map(|(mut workload, samples)| {
                    let sum: f64 = (0..samples).map(|_| black_box(workload.sample())).sum();
                    json!({ "units": samples * workload.units(), "sum": sum })
                })
        }
        _ => None,
    };
    match answer {
        Some(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("usage: list | check CASE | time CASE SECONDS | run CASE SAMPLES");
            ExitCode::from(2)
        }
    }
}

/// Seconds of processor time per unit of work.
fn time(workload: &mut dyn Workload, length: f64) -> Vec<f64> {
    let start = cpu_seconds();
    black_box(workload.sample());
    // Warmed up by the first: as many in a row as fill a sample.
    let begin = cpu_seconds();
    black_box(workload.sample());
    let row = (SAMPLE / (cpu_seconds() - begin).max(1e-9)).ceil() as usize;
    let mut samples = Vec::new();
    while samples.is_empty() || cpu_seconds() - start < length {
        let begin = cpu_seconds();
        for _ in 0..row {
            black_box(workload.sample());
        }
        samples.push((cpu_seconds() - begin) / (row * workload.units()) as f64);
    }
    samples
}
