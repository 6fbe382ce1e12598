//! The tape's speed against its yardsticks, side by side in one run and kept in `results/`: kernels beside std, matrix products beside other libraries, networks
//! beside the processor's peak and a field written by hand, the food chain beside native code.
//!
//! `OPENBLAS=/path/to/libopenblas.so OPENBLAS_NUM_THREADS=1 taskset -c 0 cargo run --release [kernels matmul spiral shapes chain]`
//!
//! A part that is run again replaces its file.

#[path = "../../src/clock.rs"]
mod clock;
mod food_chain;
mod kernels;
mod matmul;
mod measure;
mod networks;
mod openblas;
mod peak;
mod report;
mod shapes;
mod spiral;
// The part of it that is measured here is plain Rust; its own tests run where it lives.
#[path = "../../src/yardstick.rs"]
#[allow(dead_code)]
mod yardstick;

use peak::Peak;
use report::Report;

/// Writes a part's tables.
type Part = fn(&mut Report, &Peak);

/// Parts by the names that choose them on the command line and that their files have.
const PARTS: [(&str, Part); 5] = [
    ("kernels", |report, _| kernels::table(report)),
    ("matmul", |report, _| matmul::table(report)),
    ("spiral", spiral::table),
    ("shapes", shapes::table),
    ("chain", |report, _| food_chain::table(report)),
];

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = chosen
        .iter()
        .find(|name| PARTS.iter().all(|(part, _)| part != name))
    {
        let names = PARTS.map(|(name, _)| name).join(", ");
        eprintln!("there is no part `{unknown}`; the parts are {names}");
        std::process::exit(2);
    }
    let peak = Peak::measure();
    for (name, table) in PARTS {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            let mut report = Report::new(name, &peak.to_string());
            table(&mut report, &peak);
            report.keep();
        }
    }
}
