//! What papers of the field report, computed again with this library: each study prints its figures as a table, beside those published.
//!
//!     cargo run --release -p costate-benches --bin study -- latent            # one study, or several by name
//!     cargo run --release -p costate-benches --bin study -- --reduced         # all of them in small, to see that they run
//!
//! The tables stand in benches/README.md under "Published figures".

mod augmented;
mod density;
mod depth;
mod digits;
mod latent;
mod lynx_hare;

use costate_benches::cpu_seconds;
use costate_benches::memory::Counted;
use costate_neural_ode::train::optimizer::Lbfgs;
use costate_neural_ode::train::schedule::Schedule;
use costate_neural_ode::train::training::{Recipe, Training};
use std::path::PathBuf;
use std::process::ExitCode;

/// What a study is given from the command line.
#[derive(Default)]
struct Setting {
    /// A few iterations, to see that it runs.
    reduced: bool,
    /// A file of handwritten digits.
    digits: Option<PathBuf>,
}

impl Setting {
    /// `whole`, or one of so many parts of it in reduced form.
    fn scaled(&self, whole: u64, parts: u64) -> u64 {
        if self.reduced { whole / parts } else { whole }
    }
}

type Study = fn(&Setting) -> Result<(), costate_neural_ode::Error>;

const STUDIES: [(&str, Study); 6] = [
    ("latent", latent::run),
    ("digits", digits::run),
    ("augmented", augmented::run),
    ("density", density::run),
    ("depth", depth::run),
    ("lynx-hare", lynx_hare::run),
];

/// The one in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Iterations at a rate that falls by half a cosine to this part of the first.
fn falling(iterations: u64, last: f64) -> Recipe {
    Recipe {
        schedule: Schedule::Cosine { iterations, last },
        ..Recipe::of(iterations)
    }
}

/// Of processor time since then, for each of so many iterations.
fn milliseconds(begin: f64, iterations: u64) -> f64 {
    1e3 * (cpu_seconds() - begin) / iterations as f64
}

#[global_allocator]
static MEMORY: Counted = Counted;

fn main() -> ExitCode {
    let (mut setting, mut names) = (Setting::default(), Vec::new());
    let known = STUDIES.map(|(name, _)| name);
    for argument in std::env::args().skip(1) {
        match argument.strip_prefix("--digits=") {
            Some(file) => setting.digits = Some(file.into()),
            None if argument == "--reduced" => setting.reduced = true,
            None if known.contains(&argument.as_str()) => names.push(argument),
            None => {
                eprintln!(
                    "there is no {argument}: name studies among {}, or none for all; --reduced; --digits=FILE",
                    known.join(", ")
                );
                return ExitCode::from(2);
            }
        }
    }
    for (name, study) in STUDIES {
        if !names.is_empty() && !names.iter().any(|asked| asked == name) {
            continue;
        }
        println!("\n{name}\n");
        if let Err(error) = study(&setting) {
            eprintln!("{name}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The best θ that a search has found so far; `theta` is the next one it wants to try.
fn settled(training: Training<f64, Lbfgs>) -> Vec<f64> {
    match training.optimizer.search {
        Some(search) => search.x,
        None => training.theta,
    }
}
