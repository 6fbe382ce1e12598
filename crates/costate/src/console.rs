//! Standard output and standard error: what goes where, and whether in colour.

use std::env;
use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

/// The program's voice. Results go to standard output; everything said on the way goes to standard error, unless `--quiet`.
#[derive(Clone, Copy)]
pub(crate) struct Console {
    quiet: bool,
}

impl Console {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    pub(crate) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Standard output, buffered; flush it at the end to see a failure.
    pub(crate) fn output(self) -> BufWriter<StdoutLock<'static>> {
        BufWriter::with_capacity(1 << 16, io::stdout().lock())
    }

    /// A remark on standard error.
    pub(crate) fn note(self, text: impl Display) {
        if !self.quiet {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// The last word of a command that failed; not silenced by `--quiet`.
    pub(crate) fn error(self, text: &str) {
        let label = if colour(&io::stderr()) {
            "\x1b[1;31merror:\x1b[0m"
        } else {
            "error:"
        };
        let _ = writeln!(io::stderr(), "{label} {text}");
    }

    /// `text` in bold where standard output is a terminal that may be coloured.
    pub(crate) fn bold(self, text: &str) -> String {
        if colour(&io::stdout()) {
            format!("\x1b[1m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Colour only on a terminal, and not where `NO_COLOR` is set (<https://no-color.org>).
fn colour(stream: &impl IsTerminal) -> bool {
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|value| value == "dumb");
    stream.is_terminal() && !refused && !dumb
}
