//! What a size in the type is worth: the same states as `[f64; N]` and as `Vec<f64>`.
//!
//! ```sh
//! cargo run --release -p costate-benches --bin sizes              # time of a step, 2 to 64 components
//! cargo run --release -p costate-benches --bin sizes -- assembly  # the compiler's instructions, function by function
//! cargo run --release -p costate-benches --bin sizes -- listing   # the shortest of them in full
//! ```
//!
//! Both tables are Markdown. Steps are those of `tsit5`, error and controller included, on N/2 uncoupled oscillators: two multiplications for two components, so that what is
//! measured is the solver. Times are the median of samples that take turns.

mod assembly;
mod functions;
mod steps;

use std::process::ExitCode;

fn main() -> ExitCode {
    functions::keep();
    let argument = std::env::args().nth(1);
    match argument.as_deref() {
        None => print!("{}", steps::table()),
        Some("assembly") => return printed(assembly::table()),
        Some("listing") => return printed(assembly::listing()),
        Some(_) => {
            eprintln!("usage: sizes [assembly|listing]");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn printed(text: Result<String, String>) -> ExitCode {
    match text {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}
