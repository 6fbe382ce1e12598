//! What a gradient costs as the problem grows: in batch, width, states, parameters, save times and threads.
//!
//! ```text
//! cargo run --release -p costate-benches --bin scaling              writes benches/results/scaling.md and .svg
//! cargo run --release -p costate-benches --bin scaling -- --reduced small sizes, writes nothing
//! ```

mod chart;
mod studies;
mod threads;

use std::fmt::Write;
use std::path::Path;
use studies::Study;

fn main() -> std::io::Result<()> {
    let reduced = std::env::args().any(|argument| argument == "--reduced");
    let seconds = if reduced { 0.002 } else { 0.3 };
    let studies = studies::all(reduced, seconds);
    let mut text = String::from(
        "# How the cost of a gradient grows\n\nProcessor time of one gradient with its solve, fastest of the runs in 0.3 s (at least two); in brackets divided by the column that it should follow, \
         relative to the last row. Repeat with `cargo run --release -p costate-benches --bin scaling`.\n",
    );
    for study in &studies {
        write!(text, "\n{}", study.markdown()).expect("a string takes all");
    }
    write!(text, "\n{}", threads::markdown(reduced)).expect("a string takes all");
    print!("{text}");
    let charts = chart::svg(&studies);
    if reduced {
        assert!(charts.contains("</svg>"));
        return Ok(());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("scaling.svg"), charts)?;
    text.push_str("\n![The same, drawn](scaling.svg)\n");
    std::fs::write(folder.join("scaling.md"), text)
}

/// Seconds with three digits, in a unit that suits.
fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s if s >= 1e-6 => (s * 1e6, "µs"),
        s => (s * 1e9, "ns"),
    };
    let digits = usize::from(value < 100.0) + usize::from(value < 10.0);
    format!("{value:.digits$} {unit}")
}

impl Study {
    fn markdown(&self) -> String {
        let mut out = format!("## {}\n\n{}\n\n| {} |", self.title, self.what, self.along);
        for series in &self.series {
            write!(out, " {} |", series.name).expect("a string takes all");
        }
        out.push_str("\n|---:|");
        out.push_str(&"---:|".repeat(self.series.len()));
        for (row, size) in self.sizes.iter().enumerate() {
            write!(out, "\n| {size} |").expect("a string takes all");
            for series in &self.series {
                let found = series.seconds.get(row).copied().flatten();
                let last = series.seconds.iter().rposition(Option::is_some);
                match found.zip(last) {
                    Some((seconds, last)) => {
                        let of_last = series.seconds[last].expect("it is one that is there");
                        let growth = (seconds / self.follows[row]) / (of_last / self.follows[last]);
                        write!(out, " {} ({growth:.1}) |", time(seconds))
                    }
                    None => write!(out, " |"),
                }
                .expect("a string takes all");
            }
        }
        out.push('\n');
        out
    }
}
