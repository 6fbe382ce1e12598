//! How a command ends when it does not end well, and the exit code that says so.

use std::io;
use std::path::Path;

/// Every way in which a command stops early.
#[derive(Debug)]
pub(crate) enum Error {
    /// Something that the user can put right: an argument, a file, a place to write to. Exit code 2.
    Misuse(String),
    /// The numbers did not work out: a blow-up, a loss that is not finite. Exit code 1.
    Numerical(String),
    /// Ctrl-C, after everything was saved. Exit code 130, as shells expect.
    Interrupted,
    /// The reader of our standard output has gone (`costate solve … | head`). Nothing to say.
    ReaderGone,
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A file operation that failed: what was tried, on which path, and the system's reason.
    pub(crate) fn file(verb: &str, path: &Path, reason: &io::Error) -> Self {
        Error::Misuse(format!(
            "cannot {verb} '{}': {}",
            path.display(),
            plain(reason)
        ))
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Error::Misuse(_) => 2,
            Error::Numerical(_) => 1,
            Error::Interrupted => 130,
            Error::ReaderGone => 0,
        }
    }

    /// What to print on standard error, if anything.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Error::Misuse(text) | Error::Numerical(text) => Some(text),
            Error::Interrupted | Error::ReaderGone => None,
        }
    }
}

impl From<costate_model::Error> for Error {
    fn from(error: costate_model::Error) -> Self {
        let text = error.to_string();
        if error.is_numerical() {
            Error::Numerical(text)
        } else {
            Error::Misuse(text)
        }
    }
}

/// Failures of standard output; files go through [`Error::file`], which names the path.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Error::ReaderGone,
            _ => Error::Misuse(format!(
                "cannot write to standard output: {}",
                plain(&error)
            )),
        }
    }
}

/// The system's reason in lower case and without Rust's "(os error 13)".
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => text.into(),
    }
}
