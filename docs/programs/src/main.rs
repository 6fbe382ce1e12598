//! Writes everything that the book includes: `cargo run -p costate-book`, or with names of chapters for these alone.

use costate_book::{CHAPTERS, LONG};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let names: Vec<String> = env::args().skip(1).collect();
    for chapter in CHAPTERS.iter().chain(LONG) {
        if !names.is_empty() && !names.iter().any(|name| name == chapter.name) {
            continue;
        }
        for output in (chapter.make)() {
            let path = costate_book::out().join(output.path);
            fs::create_dir_all(path.parent().expect("an output lies in a folder"))?;
            fs::write(&path, output.text)?;
            println!("{}", path.display());
        }
    }
    Ok(())
}
