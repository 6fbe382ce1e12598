//! Links of pages in files: whether what they point to is there.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The texts of pages that links point into, read once.
#[derive(Debug, Default)]
pub(crate) struct Links {
    pages: HashMap<PathBuf, Option<String>>,
}

impl Links {
    /// What is wrong with a resolved link, if it points to a file: it is missing, outside the book, or has no such anchor.
    pub(crate) fn complaint(&mut self, book: &Path, url: &str) -> Option<String> {
        let (path, anchor) = match url.split_once('#') {
            Some((path, anchor)) => (path, anchor),
            None => (url, ""),
        };
        let path = path.strip_prefix("file://")?;
        let path = PathBuf::from(decoded(path.split('?').next().unwrap_or(path)));
        if !path.starts_with(book) {
            return Some(format!("{url} points out of the book"));
        }
        if !path.is_file() {
            return Some(format!("{url} points to nothing"));
        }
        // Lines of source files are found by a script.
        let lines = path.starts_with(book.join("api/src"));
        if anchor.is_empty() || lines || path.extension().is_none_or(|kind| kind != "html") {
            return None;
        }
        let text = self
            .pages
            .entry(path.clone())
            .or_insert_with(|| fs::read_to_string(path).ok());
        let anchor = decoded(anchor);
        let there = text.as_ref().is_some_and(|text| {
            [
                format!("id=\"{anchor}\""),
                format!("id='{anchor}'"),
                format!("name=\"{anchor}\""),
            ]
            .iter()
            .any(|mark| text.contains(mark))
        });
        (!there).then(|| format!("{url}: the page has no such anchor"))
    }
}

/// `%41` as `A`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let coded = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(coded.unwrap_or(*first));
        rest = if coded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_and_anchors_that_are_not_there_are_found() {
        let book = tempfile::tempdir().unwrap();
        let page = book.path().join("a b.html");
        fs::write(&page, "<h1 id=\"über\">x</h1>").unwrap();
        let url = format!("file://{}/a%20b.html", book.path().display());
        let mut links = Links::default();
        let mut complaint = |url: &str| links.complaint(book.path(), url);
        assert_eq!(complaint(&url), None);
        assert_eq!(complaint(&format!("{url}#%C3%BCber")), None);
        assert_eq!(complaint("https://elsewhere.example/"), None);
        assert!(
            complaint(&format!("{url}#unter"))
                .unwrap()
                .contains("anchor")
        );
        assert!(
            complaint(&url.replace("a%20b", "b"))
                .unwrap()
                .contains("nothing")
        );
        assert!(complaint("file:///etc/hosts").unwrap().contains("out of"));
    }
}
