//! The figure of the chapter *Play*: `play θ₁ θ₂ t` prints it. Compiled to WebAssembly, the same program draws it in the page.

use costate_book::play::{FIRST, Setting, page};
use std::process::ExitCode;

fn main() -> ExitCode {
    let given: Vec<_> = std::env::args().skip(1).collect();
    let numbers: Vec<f64> = given.iter().filter_map(|word| word.parse().ok()).collect();
    let setting = match (&numbers[..], given.len()) {
        ([], 0) => FIRST,
        (&[inwards, turn, t], 3) if (0.0..=1.0).contains(&t) => Setting {
            theta: [inwards, turn],
            t,
        },
        _ => {
            eprintln!("play takes θ₁, θ₂ and t from 0 to 1, or nothing; got {given:?}");
            return ExitCode::from(2);
        }
    };
    print!("{}", page(setting));
    ExitCode::SUCCESS
}
