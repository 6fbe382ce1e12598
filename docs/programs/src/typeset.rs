//! Formulas of the book in the crates' documentation: `crates/CRATE/formulas/TAG.html` is the formula of that tag in MathML, which browsers typeset without styles,
//! scripts or fonts. An item shows it by `#[cfg_attr(doc, doc = include_str!("../formulas/TAG.html"))]`, an attribute that editors pass over. Where it stands directly
//! behind a block of text, the formula as one reads it in the source, it takes the place of that block.
//!
//! To add one, make the file, empty, and run `docs/build`.

use crate::links::{self, Formula};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What stands between a function such as ln and its argument, and has no width.
const APPLICATION: &str = "<mo>\u{2061}</mo>";
const SPACED: &str = "<mo>\u{2061}</mo><mspace width=\"0.17em\" />";

/// The block of text before a formula gives way to it.
const STYLE: &str = "<style>.example-wrap:has(+ .formula) { display: none }</style>";

/// The formula `tag` of a page whose formulas are MathML, as the crates' documentation shows it; `None` if it is not there.
#[must_use]
pub fn typeset(html: &str, tag: &str, page: &str) -> Option<String> {
    let tagged = format!("\\tag{{{tag}}}");
    let mut formulas = html.split("<math ").skip(1);
    let formula = formulas.find(|formula| {
        let own = formula.split("</math>").next();
        own.is_some_and(|own| own.contains(&tagged))
    })?;
    // KaTeX has the tag beside the formula in a table of one row: nothing, the formula, nothing, the tag.
    let (_, formula) = formula.split_once("<mtd width=\"50%\"></mtd><mtd>")?;
    let (formula, _) = formula.split_once("</mtd><mtd width=\"50%\"></mtd>")?;
    Some(format!(
        "\n<div class=\"formula\" data-page=\"{page}#{tag}\" style=\"display: flex; flex-wrap: wrap; align-items: center; column-gap: 1em; overflow-x: auto\">\
         <math display=\"block\" style=\"flex: 1 0 auto; font-size: 1.1em; margin: 0.5em 0\">{}</math><span style=\"margin-left: auto; white-space: nowrap\">({tag})</span>{STYLE}</div>\n\n",
        without_stop(formula).replace(APPLICATION, SPACED)
    ))
}

/// The comma or full stop of the sentence that the formula ends in the book is left out.
fn without_stop(formula: &str) -> String {
    let stops = [
        "<mi mathvariant=\"normal\">.</mi>",
        "<mo separator=\"true\">,</mo>",
    ];
    let end = formula.trim_end_matches("</mrow>");
    let stop = stops.into_iter().find_map(|stop| end.strip_suffix(stop));
    stop.map_or(formula.to_owned(), |begin| {
        begin.to_owned() + &formula[end.len()..]
    })
}

/// Writes the crates' formulas anew from the book built with MathML in the folder `book`.
///
/// # Errors
/// If a file cannot be read or written, or a formula's tag is not in the book.
pub fn write(book: &Path) -> io::Result<()> {
    let formulas = links::formulas();
    for (tag, file) in files()? {
        let missing = || io::Error::other(format!("{}: the book has no ({tag})", file.display()));
        let Formula { page, .. } = formulas.get(&tag).ok_or_else(missing)?;
        let html = fs::read_to_string(book.join(page))?;
        let formula = typeset(&html, &tag, page).ok_or_else(missing)?;
        fs::write(&file, formula)?;
    }
    Ok(())
}

/// The tag and the path of each formula.
fn files() -> io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for member in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates"))? {
        let member = member?;
        let folder = member.path().join("formulas");
        if !folder.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder)? {
            let file = file?.path();
            let tag = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.push((tag, file));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_taken_out_of_its_page_without_tag_and_stop() {
        let formula = |body: &str, tag: &str| {
            format!(
                "<math display=\"block\"><semantics><mtable><mtr><mtd width=\"50%\"></mtd><mtd>{body}</mtd><mtd width=\"50%\"></mtd><mtd>({tag})</mtd></mtr></mtable>\
                 <annotation>\\tag{{{tag}}}</annotation></semantics></math>"
            )
        };
        let stop = "<mrow><mi>b</mi><mi mathvariant=\"normal\">.</mi></mrow>";
        let page = formula("<mi>a</mi>", "one") + "between" + &formula(stop, "two");
        let found = typeset(&page, "two", "costate/page.html").unwrap();
        assert!(found.contains("><mrow><mi>b</mi></mrow></math>"), "{found}");
        assert!(found.contains("data-page=\"costate/page.html#two\""));
        assert_eq!(typeset(&page, "three", ""), None);
    }
}
