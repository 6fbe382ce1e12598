//! Small programs given to the compiler: what it says of them, their assembly, and what they print.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// Runs rustc on a program in a folder of its own; returns what it says and where its output is.
///
/// # Panics
/// If there is no rustc, or no temporary folder.
#[must_use]
pub fn compile(name: &str, source: &str, arguments: &[&str]) -> (String, PathBuf) {
    let folder = env::temp_dir().join(format!("costate-book-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a temporary folder");
    let (input, output) = (folder.join(format!("{name}.rs")), folder.join(name));
    fs::write(&input, source).expect("a temporary file");
    let run = Command::new("rustc")
        .args(["--edition=2024", "--color=never", "-o"])
        .args([&output, &input])
        .args(arguments)
        .output()
        .expect("rustc is installed");
    let said = String::from_utf8_lossy(&run.stderr).replace(&format!("{}/", folder.display()), "");
    (said, output)
}

/// What the optimised program prints.
///
/// # Panics
/// If it does not compile.
#[must_use]
pub fn run(name: &str, source: &str) -> String {
    let (said, program) = compile(name, source, &["-Copt-level=3", "-Awarnings"]);
    assert!(said.is_empty(), "{said}");
    let run = Command::new(program).output().expect("it was compiled");
    String::from_utf8_lossy(&run.stdout).into_owned()
}

/// The optimised assembly of a library.
///
/// # Panics
/// If it does not compile.
#[must_use]
pub fn assembly(name: &str, source: &str) -> String {
    let arguments = [
        "-Copt-level=3",
        "--crate-type=lib",
        "--emit=asm",
        "-Awarnings",
    ];
    let (said, output) = compile(name, source, &arguments);
    assert!(said.is_empty(), "{said}");
    fs::read_to_string(output).expect("rustc wrote it")
}

/// The instructions and labels of one function of an assembly, without directives; none if it has become another name of an equal one.
#[must_use]
pub fn function<'a>(assembly: &'a str, name: &str) -> Vec<&'a str> {
    let label = format!("{name}:");
    let lines = assembly
        .lines()
        .skip_while(|line| *line != label)
        .take_while(|line| !line.contains(".cfi_endproc") && !line.contains(".Lfunc_end"));
    // Local labels begin with a dot and end with a colon; all else with a dot is for the assembler.
    lines
        .filter(|line| !line.trim_start().starts_with('.') || line.ends_with(':'))
        .filter(|line| !line.trim().is_empty())
        .collect()
}
