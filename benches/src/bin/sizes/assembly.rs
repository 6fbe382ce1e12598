//! The compiler's own assembly of this program, counted.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// What is looked at, and its name in words.
const SUBJECTS: [(&str, &str); 5] = [
    ("construct", "construct a state of 4 components"),
    ("read", "read its last component"),
    ("sum", "add its components up"),
    ("field", "a right-hand side of two oscillators"),
    ("stage", "a stage of two slopes, y + a k₀ + b k₁"),
];

/// The assembly of this program, as `cargo rustc --release --bin sizes -- --emit asm` writes it: into one file, for which it must not be split.
fn emitted() -> Result<String, String> {
    let place = std::env::temp_dir().join(format!("sizes-{}.s", std::process::id()));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = Command::new(cargo)
        .args(["rustc", "--quiet", "--release", "-p", "costate-benches"])
        .args(["--bin", "sizes", "--", "-C", "codegen-units=1"])
        .args(["-C", "lto=off", "--emit"])
        .arg(format!("asm={}", place.display()))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .map_err(|error| format!("cargo does not run: {error}"))?;
    let text = std::fs::read_to_string(&place);
    let _ = std::fs::remove_file(&place);
    text.map_err(|error| {
        let said = String::from_utf8_lossy(&run.stderr);
        format!("no assembly ({error}):\n{said}")
    })
}

/// The instructions of a function, without labels and directives.
fn instructions<'a>(assembly: &'a str, name: &str) -> Result<Vec<&'a str>, String> {
    // A function's own label: its name stands in it behind the length that mangling gives.
    let mangled = format!("{}{name}", name.len());
    let label = |line: &&str| line.ends_with(':') && line.contains(&mangled);
    let mut lines = assembly.lines().skip_while(|line| !label(line)).skip(1);
    let mut found = Vec::new();
    for line in lines.by_ref() {
        let line = line.trim();
        if line.starts_with(".cfi_endproc") {
            return Ok(found);
        }
        let code = line.split('#').next().unwrap_or_default().trim();
        if !code.is_empty() && !code.starts_with('.') && !code.ends_with(':') {
            found.push(code);
        }
    }
    Err(format!("`{name}` is not in the assembly"))
}

/// How many instructions there are, how many of them jump, and how many call (on x86-64).
fn counts(code: &[&str]) -> [usize; 3] {
    let begins = |prefix: &str| code.iter().filter(|line| line.starts_with(prefix)).count();
    [code.len(), begins("j"), begins("call")]
}

pub(crate) fn table() -> Result<String, String> {
    let assembly = emitted()?;
    let mut out = String::from(
        "| | `[f64; 4]`: instructions | jumps | calls | `Vec<f64>`: instructions | jumps | calls |\n|---|---:|---:|---:|---:|---:|---:|\n",
    );
    for (subject, words) in SUBJECTS {
        let of = |kind: &str| instructions(&assembly, &format!("{subject}_{kind}"));
        let ([a, aj, ac], [v, vj, vc]) = (counts(&of("array")?), counts(&of("vector")?));
        writeln!(out, "| {words} | {a} | {aj} | {ac} | {v} | {vj} | {vc} |")
            .expect("a string grows");
    }
    Ok(out)
}

/// Construction and reading, line by line.
pub(crate) fn listing() -> Result<String, String> {
    let assembly = emitted()?;
    let mut out = String::new();
    for (subject, _) in &SUBJECTS[..2] {
        for kind in ["array", "vector"] {
            let name = format!("{subject}_{kind}");
            writeln!(out, "{name}:").expect("a string grows");
            for line in instructions(&assembly, &name)? {
                writeln!(out, "    {}", line.replace('\t', " ")).expect("a string grows");
            }
        }
    }
    Ok(out)
}
