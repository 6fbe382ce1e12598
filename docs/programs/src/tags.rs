//! The tags of formulas: where the book has them and which code cites them.

use crate::Output;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files below `folder` whose names end in `extension`, in order, as paths below the workspace.
fn files(folder: &str, extension: &str) -> Vec<String> {
    fn walk(root: &Path, below: &str, extension: &str, found: &mut Vec<String>) {
        let entries = fs::read_dir(root.join(below)).expect("the workspace is complete");
        for entry in entries.map(|entry| entry.expect("a readable folder")) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{below}/{name}");
            if entry.path().is_dir() {
                if name != "target" {
                    walk(root, &path, extension, found);
                }
            } else if name.ends_with(extension) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&workspace(), folder, extension, &mut found);
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(workspace().join(path)).expect("a text file")
}

/// What stands between each `open` and the `close` behind it.
fn between<'t>(text: &'t str, open: &str, close: char) -> Vec<&'t str> {
    text.split(open)
        .skip(1)
        .filter_map(|rest| rest.split(close).next())
        .collect()
}

/// Every page of the book.
#[must_use]
pub fn pages() -> Vec<PathBuf> {
    let pages = files("docs/src", ".md");
    pages
        .into_iter()
        .map(|page| workspace().join(page))
        .collect()
}

/// The pages of each tag: one, if the book is in order.
#[must_use]
pub fn in_book() -> BTreeMap<String, Vec<String>> {
    let mut tags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for page in files("docs/src", ".md") {
        let text = read(&page);
        for tag in between(&text, "\\tag{", '}') {
            tags.entry(tag.to_owned()).or_default().push(page.clone());
        }
    }
    tags
}

/// Where code cites a tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The file, below the workspace.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
}

/// The lines that cite each tag, as `book: (tag)`.
#[must_use]
pub fn in_code() -> BTreeMap<String, Vec<Place>> {
    let mut tags: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for folder in ["crates", "docs/programs/src"] {
        for file in files(folder, ".rs") {
            if file.ends_with("programs/src/tags.rs") {
                continue;
            }
            for (line, text) in (1..).zip(read(&file).lines()) {
                for tag in between(text, "book: (", ')') {
                    let file = file.clone();
                    tags.entry(tag.to_owned())
                        .or_default()
                        .push(Place { file, line });
                }
            }
        }
    }
    tags
}

/// The text of all the book's programs.
#[must_use]
pub fn programs() -> String {
    let sources = files("docs/programs/src", ".rs");
    sources.iter().map(|file| read(file)).collect()
}

/// What the page of tags includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    let code = in_code();
    let mut text = "| tag | page | code |\n|---|---|---|\n".to_owned();
    for (tag, pages) in in_book() {
        let page = pages[0].trim_start_matches("docs/src/");
        let mut files: Vec<String> = code
            .get(&tag)
            .into_iter()
            .flatten()
            .map(|place| format!("`{}`", place.file.trim_start_matches("crates/")))
            .collect();
        files.dedup();
        text += &format!(
            "| ({tag}) | [{page}](../{page}) | {} |\n",
            files.join("<br>")
        );
    }
    vec![Output::local("tags.md", text)]
}
