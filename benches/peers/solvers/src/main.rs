//! Solves reference problems with costate, with other crates and with CVODE, at tolerance after tolerance, and prints one line of JSON for each solve:
//! problem, crate, method, tolerance, error at the end, evaluations of f, seconds of processor time.
//!
//! ```text
//! costate-peers-solvers nonstiff|stiff|sparse [SECONDS for each solve]
//! costate-peers-solvers problems                                        the small ones, for other languages
//! ```
//!
//! Every side gets the same function of the same types through the same pointer, rtol = atol, and saves nothing but the end. Stiff problems
//! come with their exact Jacobian (dual numbers; by hand where it is sparse), for every side the same function. What a solve sets up is a part of its time.

mod large;
mod problem;
mod side;

use large::Large;
use problem::Case;
use serde_json::json;
use side::Ended;
use std::hint::black_box;

/// Solves a case at a tolerance; the end state and the evaluations of f, or what went wrong.
type Solve<const N: usize> = fn(&Case<N>, f64) -> Ended<[f64; N]>;

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
        Some("sparse") => {
            sparse(&large::rod(), seconds);
            sparse(&large::square(), seconds);
        }
        Some("problems") => {
            describe("nonstiff", &problem::lotka_volterra());
            describe("nonstiff", &problem::arenstorf());
            describe("nonstiff", &problem::pleiades());
            describe("nonstiff", &problem::lorenz());
            describe("nonstiff", &problem::brusselator());
            describe("stiff", &problem::robertson());
            describe("stiff", &problem::hires());
            describe("stiff", &problem::van_der_pol());
            describe("stiff", &problem::oregonator());
        }
        _ => {
            eprintln!("usage: costate-peers-solvers nonstiff|stiff|sparse|problems [SECONDS]");
            std::process::exit(2);
        }
    }
}

/// What another language needs to solve the same problem, and f at its start, by which it can tell that it does.
fn describe<const N: usize>(kind: &str, case: &Case<N>) {
    let mut slope = [0.0; N];
    (case.field)(case.t0, &case.y0, &mut slope);
    let all = json!({
        "kind": kind, "problem": case.name, "t0": case.t0, "t1": case.t1,
        "y0": &case.y0[..], "y1": &case.y1[..], "slope": &slope[..],
    });
    println!("{all}");
}

fn nonstiff<const N: usize>(case: &Case<N>, seconds: f64) {
    small(case, &side::nonstiff(), 3..=12, seconds);
}

fn stiff<const N: usize>(case: &Case<N>, seconds: f64) {
    small(case, &side::stiff(), 3..=10, seconds);
}

/// Every contestant at tolerances 10^−k, taking turns.
fn small<const N: usize>(
    case: &Case<N>,
    contestants: &[Contestant<N>],
    exponents: std::ops::RangeInclusive<i32>,
    seconds: f64,
) {
    for tolerance in exponents.map(|k| 10_f64.powi(-k)) {
        for it in contestants {
            let who = json!({
                "problem": case.name, "crate": it.name, "method": it.method, "tolerance": tolerance,
            });
            let solve = || (it.solve)(black_box(case), tolerance);
            measure(who, solve, &case.y1, seconds);
        }
    }
}

/// The same for large systems, whose end is not known beforehand: two solves at a tolerance of 1e-11 by different methods must agree, and say to what.
fn sparse(case: &Large, seconds: f64) {
    let contestants = side::sparse();
    let exact = |method: &str| {
        let it = contestants.iter().find(|it| it.method == method);
        let ended = (it.expect("a method of costate's").solve)(case, 1e-11);
        ended.expect("a system that can be solved").0
    };
    let (exact, other) = (exact("radau"), exact("rodas5p"));
    let agreement = costate_problems::relative_error(&other, &exact);
    println!(
        "{}",
        json!({ "problem": case.name, "agreement": agreement })
    );
    for tolerance in (2..=8).map(|k| 10_f64.powi(-k)) {
        for it in &contestants {
            let who = json!({
                "problem": case.name, "crate": it.name, "method": it.method, "tolerance": tolerance,
            });
            measure(
                who,
                || (it.solve)(black_box(case), tolerance),
                &exact,
                seconds,
            );
        }
    }
}

/// Solves once, for the error, and then for so long; the median is printed. What takes far longer than that is solved once.
fn measure<Y: AsRef<[f64]>>(
    who: serde_json::Value,
    solve: impl Fn() -> Ended<Y>,
    exact: &[f64],
    seconds: f64,
) {
    let start = cpu_seconds();
    let (end, nfe) = match solve() {
        Ok(found) => found,
        Err(reason) => {
            println!("{}", with(who, json!({ "failed": reason })));
            return;
        }
    };
    let first = cpu_seconds() - start;
    let error = costate_problems::relative_error(end.as_ref(), exact);
    let long = 20.0 * seconds;
    let mut samples = if first > long {
        vec![first]
    } else {
        Vec::new()
    };
    let start = cpu_seconds();
    let spent = || cpu_seconds() - start;
    while first <= long && (spent() < seconds || (samples.len() < 3 && spent() < long)) {
        let begin = cpu_seconds();
        let mut solves = 0;
        // Long enough for the clock.
        while solves == 0 || cpu_seconds() - begin < 0.001 {
            let _ = black_box(solve());
            solves += 1;
        }
        samples.push((cpu_seconds() - begin) / f64::from(solves));
    }
    samples.sort_by(f64::total_cmp);
    let found = json!({ "error": error, "nfe": nfe, "seconds": samples[samples.len() / 2] });
    println!("{}", with(who, found));
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
