//! What can go wrong, told with file, line, column and the line itself.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Trajectory;

/// The result of everything that reads, resolves, solves or fits a model.
///
/// ```
/// fn read(text: &str) -> costate_model::Result<usize> {
///     Ok(costate_model::Model::parse(text, "model.toml")?.states().len())
/// }
/// assert!(read("[states]").is_err());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every way in which a model cannot be used.
///
/// `Display` is the whole message, ready to print. [`Error::is_numerical`] tells a model that is written wrongly from
/// one whose numbers do not work out.
///
/// ```
/// use costate_model::{Error, Model};
///
/// // What is wrong, where, and what was perhaps meant.
/// let text = "[states]\ny = 1.0\n[parameters]\nrate = 2.0\n[equations]\ny = \"-rat * y\"\n[time]\nstart = 0.0\nend = 1.0";
/// let error = Model::parse(text, "decay.toml").unwrap_err();
/// assert!(matches!(error, Error::Written(_)) && !error.is_numerical());
/// let message = error.to_string();
/// assert!(message.contains("decay.toml:6") && message.contains("rate"), "{message}");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something written in a file, shown with its place.
    #[error("{0}")]
    Written(Box<Diagnostic>),
    /// A file that cannot be read.
    #[error("cannot read '{}': {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// An override, a checkpoint or another argument that does not fit the model.
    #[error("{0}")]
    Argument(String),
    /// A solution that ends early. What was computed until then is kept.
    #[error("{message}")]
    Solve {
        /// Where and why, and what to try.
        message: String,
        /// The states saved before the failure, and the last one reached.
        partial: Box<Trajectory>,
    },
    /// A loss or a gradient that is not finite, or an optimisation that cannot go on.
    #[error("{0}")]
    Numerical(String),
}

impl Error {
    /// Whether the model is well written but its numbers do not work out.
    pub fn is_numerical(&self) -> bool {
        matches!(self, Error::Solve { .. } | Error::Numerical(_))
    }

    /// A file that cannot be read, shown where a model file names it.
    pub(crate) fn named(self, place: &Place) -> Self {
        match &self {
            Error::Read { path, reason } => {
                let path = path.display();
                place
                    .error(format!("cannot read '{path}': {reason}"))
                    .into()
            }
            _ => self,
        }
    }

    pub(crate) fn read(path: &Path, error: &std::io::Error) -> Self {
        Error::Read {
            path: path.to_owned(),
            reason: plain(error),
        }
    }
}

/// The system's reason without Rust's "(os error 2)".
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or(&text)
        .to_lowercase()
}

/// A message about a place in a text file.
///
/// ```text
/// model.toml:14:47: nothing is called 'sigma1'
/// 14 | total = { is = "log10(hare + lynx)", noise = "sigma1" }
///    |                                               ^^^^^^
/// did you mean 'sigma' (parameter, line 6)?
/// ```
///
/// ```
/// use costate_model::{Error, Model};
///
/// let text = "[states]\ny = 1.0\n[parameters]\ngamma = 2.0\n[equations]\ny = \"-gama * y\"\n[time]\nstart = 0.0\nend = 1.0";
/// let error = Model::parse(text, "decay.toml").unwrap_err();
/// let Error::Written(diagnostic) = &error else { panic!("{error}") };
/// assert_eq!((diagnostic.line(), diagnostic.column(), diagnostic.message()), (6, 7, "nothing is called 'gama'"));
/// assert_eq!(diagnostic.help(), Some("did you mean 'gamma' (parameter, line 4)?"));
/// assert!(error.to_string().starts_with("decay.toml:6:7: nothing is called 'gama'\n") && !error.is_numerical());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    path: PathBuf,
    line: usize,
    column: usize,
    message: String,
    excerpt: Option<Excerpt>,
    help: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Excerpt {
    text: String,
    before: usize,
    width: usize,
}

impl Diagnostic {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Column, counted from 1: characters in a model file, cells of the row in a data file.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is wrong, without its place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, where that is known.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// A message about the cell `column` (from 1) of line `line`, with the line and the cell's place in it.
    pub(crate) fn in_table(
        path: &Path,
        line: usize,
        column: usize,
        message: String,
        row: &str,
        cell: Range<usize>,
    ) -> Self {
        let excerpt = (!row.is_empty()).then(|| Excerpt::new(row, cell));
        Diagnostic {
            path: path.to_owned(),
            line,
            column,
            message,
            excerpt,
            help: None,
        }
    }

    pub(crate) fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Error::Written(Box::new(diagnostic))
    }
}

impl Excerpt {
    /// Wide enough for any sensible line; a longer one is shown around the place in question.
    const WIDTH: usize = 160;

    fn new(line: &str, place: Range<usize>) -> Self {
        let start = floor_char(line, place.start);
        let before = line[..start].chars().count();
        let width = line[start..floor_char(line, place.end).max(start)]
            .chars()
            .count()
            .max(1);
        let length = line.chars().count();
        if length <= Self::WIDTH {
            return Excerpt {
                text: line.to_owned(),
                before,
                width,
            };
        }
        let from = before.saturating_sub(Self::WIDTH / 2);
        let kept: String = line.chars().skip(from).take(Self::WIDTH).collect();
        let lead = if from > 0 { "…" } else { "" };
        let trail = if from + Self::WIDTH < length {
            "…"
        } else {
            ""
        };
        let before = before - from + lead.chars().count();
        Excerpt {
            text: format!("{lead}{kept}{trail}"),
            before,
            width: width.min(Self::WIDTH - Self::WIDTH / 2),
        }
    }

    /// The caret line; tabs are repeated so that the caret stands right whatever their width.
    fn marker(&self) -> String {
        let lead: String = self
            .text
            .chars()
            .take(self.before)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        lead + &"^".repeat(self.width)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.path.display(),
            self.line,
            self.column,
            self.message
        )?;
        if let Some(excerpt) = &self.excerpt {
            let margin = self.line.to_string().len();
            write!(
                f,
                "\n{} | {}\n{:margin$} | {}",
                self.line,
                excerpt.text,
                "",
                excerpt.marker()
            )?;
        }
        match &self.help {
            Some(help) => write!(f, "\n{help}"),
            None => Ok(()),
        }
    }
}

/// A text file as it was read, kept for messages.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A place in a source, cheap to keep beside what was read there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) source: Arc<Source>,
    pub(crate) span: Range<usize>,
}

impl Source {
    pub(crate) fn error(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let start = floor_char(&self.text, span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..]
            .find('\n')
            .map_or(self.text.len(), |at| start + at);
        let row = self.text[line_start..line_end].trim_end_matches('\r');
        let end = span
            .end
            .clamp(start, line_start + row.len().max(start - line_start));
        Diagnostic {
            path: self.path.clone(),
            line: self.line(start),
            column: self.text[line_start..start].chars().count() + 1,
            message: message.into(),
            excerpt: Some(Excerpt::new(row, start - line_start..end - line_start)),
            help: None,
        }
    }

    /// The line of a byte offset, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.text.as_bytes()[..offset.min(self.text.len())]
            .iter()
            .filter(|&&b| b == b'\n')
            .count()
            + 1
    }
}

impl Place {
    pub(crate) fn error(&self, message: impl Into<String>) -> Diagnostic {
        self.source.error(self.span.clone(), message)
    }

    pub(crate) fn line(&self) -> usize {
        self.source.line(self.span.start)
    }
}

fn floor_char(text: &str, mut offset: usize) -> usize {
    offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The candidate that `word` is most likely a slip of, if any is close enough.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = |word: &str| word.chars().count();
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|&(d, candidate)| {
            let longer = length(word).max(length(candidate));
            d <= longer.div_ceil(3).clamp(1, 4) && d < longer
        })
        .min_by_key(|&(d, _)| d)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours between two words; a change of case counts nothing.
fn distance(a: &str, b: &str) -> usize {
    let letters =
        |word: &str| -> Vec<char> { word.chars().take(64).flat_map(char::to_lowercase).collect() };
    let (a, b) = (letters(a), letters(b));
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let changed = usize::from(a[i - 1] != b[j - 1]);
                let mut best = (rows[i - 1][j] + 1)
                    .min(rows[i][j - 1] + 1)
                    .min(rows[i - 1][j - 1] + changed);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_a_small_slip_away() {
        let names = ["alpha", "beta", "sigma", "g_hare", "x"];
        assert_eq!(nearest("sigma1", names), Some("sigma"));
        assert_eq!(nearest("aplha", names), Some("alpha"));
        assert_eq!(nearest("Beta", names), Some("beta"));
        assert_eq!(nearest("y", names), None);
        assert_eq!(nearest("predation", names), None);
    }

    #[test]
    fn the_caret_stands_under_the_place_counted_in_characters() {
        let source = Source {
            path: "m.toml".into(),
            text: "a = 1\r\nµ = \"θ*zz\"\r\nb = 2".into(),
        };
        let at = source.text.find("zz").unwrap();
        assert_eq!(
            source
                .error(at..at + 2, "nothing is called 'zz'")
                .to_string(),
            "m.toml:2:8: nothing is called 'zz'\n2 | µ = \"θ*zz\"\n  |        ^^"
        );
    }

    #[test]
    fn a_very_long_line_is_shown_around_the_place() {
        let text = format!("{}bad{}", "x".repeat(1000), "y".repeat(1000));
        let shown = Source {
            path: "m".into(),
            text,
        }
        .error(1000..1003, "no")
        .to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[1].chars().count() < 200);
        let caret = lines[2].chars().position(|c| c == '^').unwrap();
        assert_eq!(
            lines[1].chars().skip(caret).take(3).collect::<String>(),
            "bad"
        );
    }

    #[test]
    fn a_place_at_the_end_of_the_text_is_fine() {
        let source = Source {
            path: "m".into(),
            text: "a = ".into(),
        };
        assert_eq!(
            source.error(4..4, "empty").to_string(),
            "m:1:5: empty\n1 | a = \n  |     ^"
        );
        assert_eq!(source.error(90..99, "empty").line(), 1);
    }
}
