//! Runs one workload and prints JSON: see [`serve`].

use costate_benches::workload::CASES;
use costate_benches::{build, serve};
use std::process::ExitCode;

fn main() -> ExitCode {
    serve(CASES, build)
}
