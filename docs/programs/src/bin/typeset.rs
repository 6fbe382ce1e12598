//! Writes the formulas that the crates' documentation shows: `typeset FOLDER`, where the book lies with its formulas in MathML.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(book) = std::env::args().nth(1) else {
        eprintln!("typeset takes the folder of the book built with MathML");
        return ExitCode::from(2);
    };
    match costate_book::typeset::write(Path::new(&book)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{book}: {error}");
            ExitCode::FAILURE
        }
    }
}
