//! What is printed, and kept in `results/`: one file for each part, which says on what machine, when and of what it was measured.

use std::fmt::{Arguments, Write as _};
use std::path::Path;
use std::process::Command;

/// A file of results in the making.
pub struct Report {
    name: &'static str,
    text: String,
}

impl Report {
    /// Of the part `name`, which is an argument of the program; `facts` were measured for all parts.
    pub fn new(name: &'static str, facts: &str) -> Self {
        let text = String::new();
        let mut report = Report { name, text };
        writeln!(
            report,
            "<!-- Written by the program; see the command. -->\n"
        );
        writeln!(
            report,
            "`taskset -c 0 cargo run --release {name}` in `benches/tape`; {}\n\n{facts}\n",
            machine()
        );
        report
    }

    /// Writes, and prints at once: some parts take minutes.
    pub fn write_fmt(&mut self, arguments: Arguments<'_>) {
        print!("{arguments}");
        self.text.write_fmt(arguments).expect("there is memory");
    }

    /// Puts the file into `results/`.
    pub fn keep(self) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        let path = folder.join(self.name).with_extension("md");
        let done = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, self.text.trim_end().to_owned() + "\n"));
        match done {
            Ok(()) => println!("written: {}\n", path.display()),
            Err(error) => eprintln!("{}: {error}", path.display()),
        }
    }
}

/// Processor, date and versions, as the system names them.
fn machine() -> String {
    let file = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = file.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split(": ").nth(1))
            .unwrap_or("unknown")
            .to_string()
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{} (family {}, model {}), one thread, load {} when it began; {}; costate {}; {}",
        field("model name"),
        field("cpu family"),
        field("model\t"),
        load.split(' ').next().unwrap_or("unknown"),
        said_by("date", &["+%F"]),
        said_by("git", &["describe", "--always", "--dirty=, with changes"]),
        said_by("rustc", &["--version"]),
    )
}

/// The first line that a command prints.
fn said_by(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
