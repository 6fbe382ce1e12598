//! The `costate` program: model files in, trajectories, gradients and fits out. It holds no mathematics.

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
