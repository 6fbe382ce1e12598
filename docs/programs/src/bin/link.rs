//! Puts links to lines of code into the pages of the built book: `link docs/book`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(book) = std::env::args().nth(1) else {
        eprintln!("link takes the folder of the built book, as docs/book");
        return ExitCode::from(2);
    };
    match costate_book::links::link(Path::new(&book)) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{book}: {error}");
            ExitCode::FAILURE
        }
    }
}
