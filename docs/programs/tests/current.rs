//! What the book includes is what its programs print.

use costate_book::{CHAPTERS, out, tags};
use std::collections::BTreeSet;
use std::fs;

/// Whether two texts agree: words exactly, numbers up to the last digits.
fn agree(one: &str, other: &str) -> Result<(), String> {
    let words = |text: &str| pieces(text);
    let (one, other) = (words(one), words(other));
    if one.len() != other.len() {
        return Err(format!("{} pieces instead of {}", one.len(), other.len()));
    }
    for (a, b) in one.iter().zip(&other) {
        let same = match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => (a - b).abs() <= 0.11 + 1e-3 * a.abs().max(b.abs()),
            _ => a == b,
        };
        let digits = a.len().abs_diff(b.len()) <= 1;
        if !(same && digits) {
            return Err(format!("`{a}` instead of `{b}`"));
        }
    }
    Ok(())
}

/// Numbers, and what is between them.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut in_number = false;
    for c in text.chars() {
        let digit = c.is_ascii_digit() || (in_number && c == '.');
        if pieces.is_empty() || digit != in_number {
            pieces.push(String::new());
        }
        in_number = digit;
        pieces.last_mut().expect("one was pushed").push(c);
    }
    pieces
}

#[test]
fn the_committed_outputs_are_current() {
    let mut stale = Vec::new();
    for chapter in CHAPTERS {
        for output in (chapter.make)() {
            let committed = fs::read_to_string(out().join(output.path)).unwrap_or_default();
            let verdict = if output.repeatable {
                agree(&committed, &output.text)
            } else if committed.is_empty() {
                Err("it is missing".to_owned())
            } else {
                Ok(())
            };
            if let Err(why) = verdict {
                stale.push(format!("{}: {why}", output.path));
            }
        }
    }
    assert!(
        stale.is_empty(),
        "run `cargo run -p costate-book`; not current are\n{}",
        stale.join("\n")
    );
}

#[test]
fn every_tag_cited_from_code_stands_once_in_the_book() {
    let book = tags::in_book();
    for (tag, pages) in &book {
        assert_eq!(pages.len(), 1, "({tag}) stands in {pages:?}");
    }
    for (tag, files) in tags::in_code() {
        assert!(
            book.contains_key(&tag),
            "({tag}), cited in {files:?}, is not in the book"
        );
    }
}

#[test]
fn every_tag_of_the_book_is_cited_from_code() {
    let code = tags::in_code();
    let missing: BTreeSet<_> = tags::in_book()
        .into_keys()
        .filter(|tag| !code.contains_key(tag))
        .collect();
    assert!(missing.is_empty(), "no code cites {missing:?}");
}

#[test]
fn every_row_of_the_sign_ledger_is_a_test() {
    let book = out().join("..");
    let ledger = fs::read_to_string(book.join("reference/signs.md")).expect("the ledger");
    let named: Vec<_> = ledger
        .split('`')
        .filter_map(|word| word.split_once("::"))
        .collect();
    assert!(named.len() > 10, "{named:?}");
    for (module, test) in named {
        let file = book.join(format!("../programs/src/{module}.rs"));
        let source = fs::read_to_string(&file).unwrap_or_default();
        assert!(source.contains(&format!("fn {test}()")), "{module}::{test}");
    }
}

#[test]
fn every_chapter_has_an_exercise_whose_answer_is_a_test() {
    let book = out().join("..");
    let summary = fs::read_to_string(book.join("SUMMARY.md")).expect("the summary");
    let chapters = summary.split("# Models").next().expect("a beginning");
    let sources: String = tags::programs();
    let mut exercises = 0;
    for page in chapters.split("](").skip(1) {
        let page = page.split(')').next().expect("a link ends");
        if !page.contains('/') {
            continue; // introductions
        }
        let text = fs::read_to_string(book.join(page)).expect("a page");
        let (_, exercise) = text
            .split_once("## Exercise")
            .unwrap_or_else(|| panic!("{page}"));
        let answer = exercise
            .split_once("<summary>Answer</summary>")
            .expect(page);
        let (answer, _) = answer.1.split_once("</details>").expect(page);
        let is_a_test = |word: &&str| sources.contains(&format!("#[test]\n    fn {word}()"));
        assert!(
            answer.split('`').any(|word| is_a_test(&word)),
            "{page}: {answer}"
        );
        exercises += 1;
    }
    assert!(exercises > 20, "{exercises}");
}

#[test]
fn numbers_may_differ_in_their_last_digit_and_words_may_not() {
    assert!(agree("at 12.34 e", "at 12.35 e").is_ok());
    assert!(agree("at 12.34 e", "at 13.34 e").is_err());
    assert!(agree("at 12.34 e", "on 12.34 e").is_err());
}

#[test]
fn every_line_of_rust_in_the_book_comes_from_a_file_that_is_compiled() {
    let mut blocks = 0;
    for page in tags::pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for block in text.split("```rust").skip(1) {
            let (_, block) = block.split_once('\n').expect("a block begins on a line");
            let (block, _) = block.split_once("```").expect("a block ends");
            for line in block.lines().filter(|line| !line.trim().is_empty()) {
                let from = line
                    .strip_prefix("{{#include ")
                    .and_then(|rest| rest.strip_suffix("}}"))
                    .unwrap_or_else(|| panic!("{}: `{line}` is not included", page.display()));
                // What lies in out is cut from the crates by the chapters' programs.
                let compiled = ["programs/src/", "out/", "/examples/"];
                let compiled = compiled.iter().any(|place| from.contains(place));
                assert!(compiled, "{}: {from}", page.display());
                let file = from.split(':').next().unwrap_or(from);
                let file = page.parent().expect("a page lies in a folder").join(file);
                assert!(file.is_file(), "{}: {from}", page.display());
            }
            blocks += 1;
        }
    }
    assert!(blocks > 40, "{blocks}");
}

/// The rooms that the architecture's map names, crate by crate, are there.
#[test]
fn every_room_of_the_architecture_exists() {
    let root = out().join("../../..");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the architecture");
    let mut looked_up = 0;
    for line in text.lines().filter(|line| line.starts_with("| `costate")) {
        let cells: Vec<_> = line.split(" | ").collect();
        let name = cells[0].trim_start_matches("| ").trim_matches('`');
        let Some(rooms) = cells.get(2) else { continue };
        for room in rooms.split('`').skip(1).step_by(2) {
            // `free` and `split` stand for files of the room that is named before them.
            let source = root.join("crates").join(name).join("src");
            let below = |place: &std::path::Path| {
                place.join(room).is_dir() || place.join(format!("{room}.rs")).is_file()
            };
            let inside = fs::read_dir(&source).expect("a crate").any(|entry| {
                let path = entry.expect("a readable folder").path();
                path.is_dir() && below(&path)
            });
            assert!(below(&source) || inside, "{name} has no room `{room}`");
            looked_up += 1;
        }
    }
    assert!(looked_up > 50, "{looked_up}");
}
