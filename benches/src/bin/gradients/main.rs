//! What is promised of gradients: their time beside that of the solve alone, in the workloads and where parameters are many, and their memory where steps are.
//!
//! ```text
//! cargo run --release -p costate-benches --bin gradients              writes benches/results/gradients.md and .svg
//! cargo run --release -p costate-benches --bin gradients -- --reduced small sizes, writes nothing
//! ```

mod memory;
mod time;
mod workloads;

use std::path::Path;

#[global_allocator]
static MEMORY: costate_benches::memory::Counted = costate_benches::memory::Counted;

fn main() -> std::io::Result<()> {
    let reduced = std::env::args().any(|argument| argument == "--reduced");
    let memory = memory::measure(reduced);
    let text = format!(
        "# What gradients cost\n\nRepeat with `cargo run --release -p costate-benches --bin gradients`.\n\n{}\n{}\n{}",
        workloads::markdown(reduced),
        time::markdown(reduced),
        memory::markdown(&memory),
    );
    print!("{text}");
    let chart = memory::svg(&memory);
    if reduced {
        assert!(chart.contains("</svg>"));
        return Ok(());
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    std::fs::write(folder.join("gradients.svg"), chart)?;
    let text = format!("{text}\n![The same, drawn](gradients.svg)\n");
    std::fs::write(folder.join("gradients.md"), text)
}
