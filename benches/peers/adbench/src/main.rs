//! ADBench's functions and their derivatives by costate's tape and by other libraries: compared, then timed in turns.
//!
//! ```text
//! costate-peers-adbench FOLDER [SECONDS for each measurement]
//! ```
//!
//! Prints a line for each problem and library: problem, library, seconds of processor time of the function and of the derivative, and the
//! derivative's error relative to its largest element. Into FOLDER goes what the peers in other languages need.

mod lanes;
mod number;
mod problem;
mod side;

use problem::Problems;
use side::{Contestant, Side};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Rounds that everyone takes part in.
const ROUNDS: usize = 3;

/// Bytes of stack: some libraries walk their graphs by recursion, and the network's are tens of thousands of nodes deep.
const STACK: usize = 1 << 30;

fn main() {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(contest);
    if thread.expect("a thread can be started").join().is_err() {
        std::process::exit(1);
    }
}

fn contest() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = arguments.first().map(Path::new) else {
        eprintln!("usage: costate-peers-adbench FOLDER [SECONDS]");
        std::process::exit(2);
    };
    let seconds = arguments.get(1).and_then(|s| s.parse().ok()).unwrap_or(0.2);
    let only = arguments.get(2);
    let problems = Problems::new();
    problems.write(folder).expect("the folder can be written");
    for (problem, contestants) in side::all(&problems) {
        if only.is_none_or(|only| only == problem) {
            run(problem, contestants, seconds, folder);
        }
    }
}

fn run(problem: &str, mut contestants: Vec<Contestant<'_>>, seconds: f64, folder: &Path) {
    let mut errors = Vec::new();
    let compared = compare(problem, &mut contestants, folder).into_iter();
    for ((name, side), result) in std::mem::take(&mut contestants).into_iter().zip(compared) {
        match result {
            Ok(error) => {
                errors.push(error);
                contestants.push((name, side));
            }
            Err(reason) => println!(
                "{problem}\t{name}\tleft out\t{}",
                reason.lines().next().unwrap_or_default()
            ),
        }
    }
    let mut times = vec![[Vec::new(), Vec::new()]; contestants.len()];
    for _ in 0..ROUNDS {
        for ((_, side), times) in contestants.iter_mut().zip(&mut times) {
            times[0].push(median(|| side.function(), seconds / ROUNDS as f64));
            if side.derivative() {
                times[1].push(median(|| _ = side.derivative(), seconds / ROUNDS as f64));
            }
        }
    }
    for (((name, _), [function, derivative]), error) in contestants.iter().zip(times).zip(errors) {
        let best = |times: Vec<f64>| times.into_iter().min_by(f64::total_cmp);
        let field = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:e}"));
        println!(
            "{problem}\t{name}\t{}\t{}\t{}",
            field(best(function)),
            field(best(derivative)),
            field(error)
        );
    }
}

/// The error of each derivative; or why its side is left out: nothing is timed that does not compute the same.
fn compare(
    problem: &str,
    contestants: &mut [Contestant<'_>],
    folder: &Path,
) -> Vec<Result<Option<f64>, String>> {
    let value = contestants[0].1.value();
    assert!(contestants[1].1.derivative(), "costate has derivatives");
    let exact = contestants[1].1.answer();
    for (what, numbers) in [("value", &[value][..]), ("derivative", &exact)] {
        problem::write(folder, &format!("{problem}_{what}"), numbers)
            .expect("the folder can be written");
    }
    let largest = exact.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let off = |side: &mut dyn Side| {
        let own = side.value();
        if (own - value).abs() > 1e-10 * value.abs() {
            return Err(format!("its value is {own}, not {value}"));
        }
        if !side.derivative() {
            return Ok(None);
        }
        let found = side.answer();
        let pairs = found.iter().zip(&exact);
        let error = pairs.fold(0.0_f64, |most, (x, y)| most.max((x - y).abs())) / largest;
        if found.len() == exact.len() && error <= 1e-10 {
            Ok(Some(error))
        } else {
            Err(format!("its {} numbers are off by {error:e}", found.len()))
        }
    };
    let errors = contestants.iter_mut().map(|(_, side)| {
        let done = catch_unwind(AssertUnwindSafe(|| off(side.as_mut())));
        done.unwrap_or_else(|_| Err("it panicked".to_owned()))
    });
    errors.collect()
}

/// The median of samples of processor time; at least one call each.
fn median(mut work: impl FnMut(), seconds: f64) -> f64 {
    let mut samples = Vec::new();
    let start = cpu_seconds();
    while samples.is_empty() || cpu_seconds() - start < seconds {
        let begin = cpu_seconds();
        let mut calls = 0;
        // Long enough for the clock.
        while calls == 0 || cpu_seconds() - begin < 0.001 {
            work();
            calls += 1;
        }
        samples.push((cpu_seconds() - begin) / f64::from(calls));
    }
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Processor time of this process so far: the work of all its threads.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
