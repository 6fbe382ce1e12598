//! Links between the built book and the source of the code, by the names of the formulas.
//!
//! The name beside a formula leads to the first line of code that cites it; a name in the text leads to the formula; the page of tags lists
//! all lines. They are put in when the book is built, so that no page holds the number of a line.

use crate::tags::{self, Place};
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// A formula's page, below the book, and the lines that cite it.
#[derive(Clone, Debug, Default)]
pub struct Formula {
    /// As `costate/adjoint-ode.html`.
    pub page: String,
    /// The library's lines first.
    pub places: Vec<Place>,
}

/// Every formula of the book by its name.
#[must_use]
pub fn formulas() -> BTreeMap<String, Formula> {
    let mut code = tags::in_code();
    let with_code = |(tag, pages): (String, Vec<String>)| {
        let page = pages[0].trim_start_matches("docs/src/");
        let page = page.replace(".md", ".html");
        let mut places = code.remove(&tag).unwrap_or_default();
        places.sort_by_key(|place| !place.file.starts_with("crates/"));
        (tag, Formula { page, places })
    };
    tags::in_book().into_iter().map(with_code).collect()
}

/// The page of a source file in the crates' documentation, if it has one: tests and examples have none.
#[must_use]
pub fn source(file: &str) -> Option<String> {
    let (folder, inside) = file.split_once("/src/")?;
    let name = match folder {
        "docs/programs" => "costate_book".to_owned(),
        _ => folder.strip_prefix("crates/")?.replace('-', "_"),
    };
    (!inside.starts_with("bin/")).then(|| format!("api/src/{name}/{inside}.html"))
}

/// A link to a line, seen from a page that is `up` (a row of `../`) below the book.
fn line(place: &Place, up: &str) -> Option<String> {
    Some(format!("{up}{}#{}", source(&place.file)?, place.line))
}

fn name(file: &str) -> &str {
    file.trim_start_matches("crates/")
}

/// The page with its links; `path` is where it lies below the book.
#[must_use]
pub fn linked(path: &str, html: &str, formulas: &BTreeMap<String, Formula>) -> String {
    let up = "../".repeat(path.matches('/').count());
    let mut text = in_text(html, |tag| {
        let formula = formulas.get(tag)?;
        Some(format!("<a href=\"{up}{}#{tag}\">{tag}</a>", formula.page))
    });
    for (tag, formula) in formulas {
        let bare = format!("<span class=\"mord\"><span class=\"mord\">{tag}</span></span>");
        let anchor = if formula.page == path {
            format!(" id=\"{tag}\"")
        } else {
            String::new()
        };
        let first = formula
            .places
            .iter()
            .find_map(|place| Some((name(&place.file), place.line, line(place, &up)?)));
        let link = match first {
            Some((file, number, href)) => format!(
                "<a class=\"formula\"{anchor} href=\"{href}\" title=\"{file}, line {number}\">{bare}</a>"
            ),
            None => format!("<span{anchor}>{bare}</span>"),
        };
        text = text.replace(&bare, &link);
    }
    if path == "reference/tags.html" {
        text = with_lines(&text, formulas, &up);
    }
    text
}

/// Names in parentheses become links, outside of code, formulas, headings and links.
fn in_text(html: &str, link: impl Fn(&str) -> Option<String>) -> String {
    const CLOSED: [&str; 9] = [
        "a", "code", "pre", "script", "style", "svg", "title", "h1", "h2",
    ];
    let Some(main) = html.find("<main") else {
        return html.to_owned();
    };
    let (head, mut rest) = html.split_at(main);
    let mut text = head.to_owned();
    // The elements around, among those whose text stays as it is; a formula counts its spans.
    let (mut closed, mut spans): (Vec<&str>, usize) = (Vec::new(), 0);
    while let Some(open) = rest.find('<') {
        let words = &rest[..open];
        if closed.is_empty() && spans == 0 {
            text += &names(words, &link);
        } else {
            text += words;
        }
        let end = rest[open..]
            .find('>')
            .map_or(rest.len(), |end| open + end + 1);
        let element = &rest[open..end];
        let inside = element.trim_start_matches(['<', '/']);
        let kind = inside
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        if kind == "span" && (spans > 0 || element.contains("class=\"katex")) {
            spans = if element.starts_with("</") {
                spans.saturating_sub(1)
            } else {
                spans + 1
            };
        } else if CLOSED.contains(&kind) {
            if !element.starts_with("</") {
                closed.push(kind);
            } else if closed.last() == Some(&kind) {
                closed.pop();
            }
        }
        text += element;
        rest = &rest[end..];
    }
    text + rest
}

/// `(tag)` with what `link` makes of the tag.
fn names(words: &str, link: impl Fn(&str) -> Option<String>) -> String {
    let mut text = String::new();
    let mut rest = words;
    while let Some(open) = rest.find('(') {
        let (before, behind) = rest.split_at(open + 1);
        text += before;
        rest = behind;
        if let Some((tag, after)) = behind.split_once(')')
            && let Some(link) = link(tag)
        {
            text += &link;
            rest = &behind[behind.len() - after.len() - 1..];
        }
    }
    text + rest
}

/// The table of tags: each file with its lines.
fn with_lines(html: &str, formulas: &BTreeMap<String, Formula>, up: &str) -> String {
    let row = |row: &str| {
        let tag = row.split(['(', ')']).nth(1).unwrap_or_default();
        let tag = tag.trim_end_matches("</a>").rsplit('>').next();
        let formula = tag.and_then(|tag| formulas.get(tag));
        let mut row = row.to_owned();
        for place in formula.into_iter().flat_map(|formula| &formula.places) {
            let file = format!("<code>{}</code>", name(&place.file));
            let number = place.line;
            let number = match line(place, up) {
                Some(href) => format!("<a href=\"{href}\">{number}</a>"),
                None => number.to_string(),
            };
            // Later lines stand behind earlier ones.
            if let Some(at) = row.find(&file) {
                let behind = &row[at..];
                let end = behind.find("<br>").or_else(|| behind.find("</td>"));
                row.insert_str(at + end.unwrap_or(file.len()), &format!(" {number}"));
            }
        }
        row
    };
    html.split_inclusive("</tr>").map(row).collect()
}

/// Puts the links into every page below `book`.
///
/// # Errors
///
/// When a page cannot be read or written.
pub fn link(book: &Path) -> io::Result<usize> {
    let formulas = formulas();
    let (mut pages, mut folders) = (0, vec![book.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                if path != book.join("api") {
                    folders.push(path);
                }
                continue;
            }
            if path.extension().is_none_or(|kind| kind != "html") {
                continue;
            }
            let below = path.strip_prefix(book).unwrap_or(&path).to_string_lossy();
            let html = fs::read_to_string(&path)?;
            let text = linked(&below, &html, &formulas);
            if text != html {
                fs::write(&path, text)?;
                pages += 1;
            }
        }
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> BTreeMap<String, Formula> {
        let place = |file: &str, line| Place {
            file: file.to_owned(),
            line,
        };
        let formula = Formula {
            page: "costate/clock.html".to_owned(),
            places: vec![
                place("crates/costate-neural-ode/src/gradient.rs", 202),
                place("docs/programs/src/clock.rs", 7),
                place("docs/programs/src/clock.rs", 9),
            ],
        };
        [("clock".to_owned(), formula)].into()
    }

    #[test]
    fn a_formula_leads_to_its_line_and_its_name_in_the_text_to_the_formula() {
        let tag = "<span class=\"katex\"><span class=\"tag\">(<span class=\"mord\"><span class=\"mord\">clock</span></span>)</span></span>";
        let html = format!("<main>{tag} by (clock), <code>(clock)</code> (else)</main>");
        let page = linked("costate/clock.html", &html, &example());
        let line = "id=\"clock\" href=\"../api/src/costate_neural_ode/gradient.rs.html#202\"";
        assert!(page.contains(line), "{page}");
        assert!(page.contains(
            "by (<a href=\"../costate/clock.html#clock\">clock</a>), <code>(clock)</code> (else)"
        ));
        // On the page of the whole book the formula has no second anchor.
        assert!(!linked("print.html", &html, &example()).contains("id=\"clock\""));
    }

    #[test]
    fn the_page_of_tags_lists_every_line() {
        let row = "<main><tr><td>(clock)</td><td><code>costate-neural-ode/src/gradient.rs</code><br><code>docs/programs/src/clock.rs</code></td></tr></main>";
        let page = linked("reference/tags.html", row, &example());
        assert!(page.contains("gradient.rs</code> <a href=\"../api/src/costate_neural_ode/gradient.rs.html#202\">202</a><br>"), "{page}");
        assert!(page.contains("clock.rs.html#7\">7</a> <a href=\"../api/src/costate_book/clock.rs.html#9\">9</a></td>"), "{page}");
    }

    #[test]
    fn every_formula_has_a_line_with_a_page() {
        let formulas = formulas();
        assert!(formulas.len() > 40);
        for (tag, formula) in formulas {
            let page = formula.places.iter().find_map(|place| source(&place.file));
            assert!(page.is_some(), "({tag}): {formula:?}");
        }
    }

    #[test]
    fn tests_have_no_page() {
        assert_eq!(source("crates/costate-ode/tests/order_conditions.rs"), None);
    }
}
