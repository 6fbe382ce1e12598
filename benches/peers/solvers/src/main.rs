//! Solves reference problems with costate and with other crates, at tolerance after tolerance, and prints one line of JSON for each solve:
//! problem, crate, method, tolerance, error at the end, evaluations of f, seconds of processor time.
//!
//! ```text
//! costate-peers-solvers nonstiff|stiff [SECONDS for each solve]
//! ```
//!
//! Every side gets the same function of the same types through the same pointer, rtol = atol, and saves nothing but the end. Stiff problems
//! come with their exact Jacobian (dual numbers), for every side the same function.

mod problem;
mod side;

use problem::Case;
use serde_json::json;
use std::hint::black_box;

/// Solves a case at a tolerance; the end state and the evaluations of f, or what went wrong.
type Solve<const N: usize> = fn(&Case<N>, f64) -> Result<([f64; N], usize), String>;

/// A method of a crate.
struct Contestant<const N: usize> {
    name: &'static str,
    method: &'static str,
    solve: Solve<N>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = arguments
        .get(1)
        .and_then(|s| s.parse().ok())
        .unwrap_or(0.05);
    match arguments.first().map(String::as_str) {
        Some("nonstiff") => {
            nonstiff(&problem::lotka_volterra(), seconds);
            nonstiff(&problem::arenstorf(), seconds);
            nonstiff(&problem::pleiades(), seconds);
            nonstiff(&problem::lorenz(), seconds);
            nonstiff(&problem::brusselator(), seconds);
        }
        Some("stiff") => {
            stiff(&problem::robertson(), seconds);
            stiff(&problem::hires(), seconds);
            stiff(&problem::van_der_pol(), seconds);
            stiff(&problem::oregonator(), seconds);
        }
        _ => {
            eprintln!("usage: costate-peers-solvers nonstiff|stiff [SECONDS]");
            std::process::exit(2);
        }
    }
}

fn nonstiff<const N: usize>(case: &Case<N>, seconds: f64) {
    let tolerances = (3..=12).map(|k| 10_f64.powi(-k));
    run(case, &side::nonstiff(), tolerances, seconds);
}

fn stiff<const N: usize>(case: &Case<N>, seconds: f64) {
    let tolerances = (3..=10).map(|k| 10_f64.powi(-k));
    run(case, &side::stiff(), tolerances, seconds);
}

/// Every contestant at every tolerance, taking turns.
fn run<const N: usize>(
    case: &Case<N>,
    contestants: &[Contestant<N>],
    tolerances: impl Iterator<Item = f64>,
    seconds: f64,
) {
    for tolerance in tolerances {
        for contestant in contestants {
            let who = json!({
                "problem": case.name, "crate": contestant.name, "method": contestant.method, "tolerance": tolerance,
            });
            let (end, nfe) = match (contestant.solve)(case, tolerance) {
                Ok(found) => found,
                Err(reason) => {
                    println!("{}", with(who, json!({ "failed": reason })));
                    continue;
                }
            };
            let error = costate_problems::relative_error(&end, &case.y1);
            let mut samples = Vec::new();
            let start = cpu_seconds();
            while samples.len() < 3 || cpu_seconds() - start < seconds {
                let begin = cpu_seconds();
                let mut solves = 0;
                // Long enough for the clock.
                while solves == 0 || cpu_seconds() - begin < 0.001 {
                    let _ = black_box((contestant.solve)(black_box(case), tolerance));
                    solves += 1;
                }
                samples.push((cpu_seconds() - begin) / f64::from(solves));
            }
            samples.sort_by(f64::total_cmp);
            let found =
                json!({ "error": error, "nfe": nfe, "seconds": samples[samples.len() / 2] });
            println!("{}", with(who, found));
        }
    }
}

fn with(mut object: serde_json::Value, more: serde_json::Value) -> serde_json::Value {
    if let (Some(object), serde_json::Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
    object
}

/// Processor time of this thread so far.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
