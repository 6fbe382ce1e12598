//! A temporary folder with model files in it, and the program run there.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder of its own for each test.
pub(crate) struct Room(TempDir);

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Room {
    /// A room with the hares and lynxes in it: `lynx-hare.toml` and its data.
    pub(crate) fn new() -> Self {
        let room = Room(TempDir::new().expect("a temporary folder"));
        room.write("lynx-hare.csv", LYNX_HARE_DATA);
        room.write("lynx-hare.toml", LYNX_HARE);
        room
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a writable temporary folder");
    }

    /// `lynx-hare.toml` under another name, with `from` (which it must contain) replaced.
    pub(crate) fn variant(&self, name: &str, from: &str, to: &str) {
        assert!(LYNX_HARE.contains(from), "the model has no '{from}'");
        self.write(name, &LYNX_HARE.replacen(from, to, 1));
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The names in a folder, sorted.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut names: Vec<String> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_costate"));
        command
            .args(args)
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        command
    }

    /// Runs `costate` with arguments separated by spaces.
    pub(crate) fn run(&self, args: &str) -> Run {
        Run::of(
            self.command(args.split_whitespace())
                .output()
                .expect("the program starts"),
        )
    }
}

impl Run {
    pub(crate) fn of(output: Output) -> Self {
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// The run, which must have ended with exit code 0.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self
    }

    /// The run, which must have ended with `code` and a message that contains each of `texts`.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        for text in texts {
            assert!(self.err.contains(text), "no '{text}' in: {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }
}

/// Columns of a CSV text: the header, and the numbers row by row.
pub(crate) fn columns(text: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let mut lines = text.lines();
    let header = lines
        .next()
        .expect("a header")
        .split(',')
        .map(String::from)
        .collect();
    let row = |line: &str| {
        line.split(',')
            .map(|cell| cell.parse().unwrap_or_else(|_| panic!("'{cell}'")))
            .collect()
    };
    (header, lines.map(row).collect())
}

pub(crate) const LYNX_HARE_DATA: &str = include_str!("../../../../examples/lynx-hare.csv");

pub(crate) const LYNX_HARE: &str = r#"title = "Hares and lynxes"

[states]
hare = "hare0"
lynx = "lynx0"

[parameters]
alpha = 0.55
beta  = 0.028
gamma = 0.80
delta = 0.024
hare0 = 33.0
lynx0 = 5.9

[definitions]
predation = "beta * hare * lynx"

[equations]
hare = "alpha * hare - predation"
lynx = "delta * hare * lynx - gamma * lynx"

[time]
start = 1900.0
end   = 1920.0

[solver]
rtol = 1e-8
atol = 1e-8

[data]
file = "lynx-hare.csv"
time = "year"

[fit]
loss = "log-squares"
"#;

/// A small network in the place of what the lynxes do, trained for a while with Adam.
pub(crate) const HYBRID: &str = r#"[states]
hare = 30.0
lynx = 4.0

[parameters]
alpha = 0.55
beta = 0.028

[networks.rest]
inputs = ["log(hare)", "log(lynx)"]
outputs = ["change"]
hidden = [5]
activation = "tanh"
seed = 3

[equations]
hare = "alpha * hare - beta * hare * lynx"
lynx = "lynx * (0.024 * hare - 0.8 + change)"

[time]
start = 1900.0
end = 1920.0

[data]
file = "lynx-hare.csv"
time = "year"

[fit]
loss = "log-squares"
optimizer = "adam"
iterations = 60
learning_rate = 0.01
"#;

/// dy/dt = y² from 1: infinite at t = 1.
pub(crate) const BLOW_UP: &str = r#"[states]
y = 1.0

[equations]
y = "y^2"

[time]
start = 0.0
end = 2.0
"#;
