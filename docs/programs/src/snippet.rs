//! Pieces of the crates' own source, shown in the book as they stand.

use std::fs;
use std::path::PathBuf;

/// The item of `file` (below the workspace) that begins in the line that contains `start`: up to the line that closes it, without the indentation.
///
/// # Panics
/// If the file has no such line, or nothing closes it.
#[must_use]
pub fn item(file: &str, start: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(file);
    let text = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("the book shows {}: {error}", path.display()));
    let mut lines = text.lines().skip_while(|line| !line.contains(start));
    let first = lines
        .next()
        .unwrap_or_else(|| panic!("{file} has no line with `{start}`"));
    let indent = first.len() - first.trim_start().len();
    let mut item = format!("{}\n", first.trim_start());
    if first.ends_with(';') {
        return item;
    }
    for line in lines {
        item += line.get(indent..).unwrap_or("");
        item.push('\n');
        if line.len() > indent
            && line[..indent].trim().is_empty()
            && line[indent..].starts_with(['}', ']'])
        {
            return item;
        }
    }
    panic!("nothing closes `{start}` in {file}");
}
