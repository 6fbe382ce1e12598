//! The `costate` program: model files in, trajectories, gradients and fits out. It holds no mathematics.
//!
//! ```sh
//! costate new spiral.toml          # a model to begin from
//! costate check spiral.toml        # read it without solving
//! costate fit spiral.toml          # fitted.toml, tables, plots and report.html
//! costate audit spiral.toml        # every gradient method beside differences
//! ```
//!
//! Each command is a file in `command/`; `costate help COMMAND` and the book's page *Commands and the model file* say what they take. It exits with 2 on misuse and with 1 on
//! a numerical failure, and keeps what it had computed.
//!
//! **When not to use it.** Inside a program of your own take `costate-model`, which has all of it as functions.

mod args;
mod checkpoint;
mod command;
mod console;
mod error;
mod folder;
mod interrupt;
mod progress;
mod report;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    let console = console::Console::new(cli.quiet);
    match command::run(cli.command, console) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(message) = error.message() {
                console.error(message);
            }
            ExitCode::from(error.exit_code())
        }
    }
}
