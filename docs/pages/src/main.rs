//! Opens every page of the built book in a browser, wide and as on a phone, light and dark: `cargo run -p costate-pages -- docs/book`.
//!
//! A page must not complain, ask the network, be wider than its window or have a formula that is; links must point to something; and
//! the page to play with must show the library's numbers. With `--pictures FOLDER` it leaves a picture of each page.

mod browser;
mod links;
mod play;

use browser::Browser;
use links::Links;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

const WIDTHS: [u32; 2] = [1280, 390];
/// By the ids of the menu's entries.
const THEMES: [&str; 2] = ["navy", "light"];

/// What stands out of the window or of its paragraph: the page as a whole, formulas in a line, and displayed ones where there is room.
const OVERFLOW: &str = r#"(() => {
  const found = [], width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  const scrolls = (e) => e.closest(".table-wrapper, pre, .katex-display");
  for (const formula of document.querySelectorAll("main .katex")) {
    const box = formula.getBoundingClientRect();
    if (box.width && !scrolls(formula) && box.right > width) found.push(`out of the window: ${formula.textContent.slice(0, 60)}`);
  }
  if (width > 1000) for (const formula of document.querySelectorAll("main .katex-display")) {
    if (formula.scrollWidth > formula.clientWidth + 1) found.push(`needs ${formula.scrollWidth} of ${formula.clientWidth}: ${formula.textContent.slice(0, 60)}`);
  }
  for (const font of document.fonts) if (font.status === "error") found.push(`no font ${font.family}`);
  return found;
})()"#;

const LINKS: &str = r#"[...document.querySelectorAll("[href], [src]")].map((e) => e.href?.baseVal ?? e.href ?? e.src).filter(Boolean)"#;

fn strings(value: &serde_json::Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|word| word.as_str().map(String::from))
        .collect()
}

/// Every page of the book, and of the crates' documentation the first of each crate.
fn pages(book: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![book.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("api") {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "html")
                && !path.ends_with("toc.html")
            {
                found.push(path);
            }
        }
    }
    let crates = fs::read_dir(book.join("api"))
        .into_iter()
        .flatten()
        .flatten();
    let first = crates.map(|entry| entry.path().join("index.html"));
    found.extend(first.filter(|page| page.is_file() && !page.starts_with(book.join("api/src"))));
    found.sort();
    found
}

/// Everything wrong with one page.
fn complaints(
    browser: &mut Browser,
    links: &mut Links,
    book: &Path,
    page: &Path,
    pictures: Option<&Path>,
) -> Result<Vec<String>, String> {
    let name = page
        .strip_prefix(book)
        .unwrap_or(page)
        .display()
        .to_string();
    let mut wrong = Vec::new();
    for width in WIDTHS {
        // Opened anew: the table of contents stands beside a page only where there was room for it at the beginning.
        browser.width(width)?;
        wrong.extend(browser.open(&format!("file://{}", page.display()))?);
        for theme in THEMES {
            // Pages of the crates' documentation have other themes.
            browser.evaluate(&format!(
                "document.getElementById('mdbook-theme-{theme}')?.click()"
            ))?;
            let overflow = strings(&browser.evaluate(OVERFLOW)?);
            let overflow = overflow.into_iter();
            wrong.extend(overflow.map(|what| format!("at {width}, {theme}: {what}")));
            if let Some(folder) = pictures {
                let file = format!("{}-{theme}-{width}.png.base64", name.replace('/', "-"));
                // The whole book on one page is too large for a picture.
                if let Ok(picture) = browser.picture() {
                    fs::write(folder.join(file), picture).map_err(|error| error.to_string())?;
                }
            }
        }
    }
    wrong.extend(browser.complaints());
    let targets = strings(&browser.evaluate(LINKS)?);
    wrong.extend(targets.iter().filter_map(|url| links.complaint(book, url)));
    Ok(wrong)
}

/// A page in which everything is wrong that can be, to see that each is noticed.
fn is_noticed(browser: &mut Browser) -> Result<(), String> {
    let room = tempfile::tempdir().map_err(|error| error.to_string())?;
    let page = room.path().join("wrong.html");
    let text = "<script>nothing.at.all()</script><img src=\"https://elsewhere.example/a.png\"><a href=\"none.html\">x</a>\
        <p style=\"width: 3000px\">wide</p>";
    fs::write(&page, text).map_err(|error| error.to_string())?;
    let wrong = complaints(browser, &mut Links::default(), room.path(), &page, None)?;
    for sign in [
        "nothing is not defined",
        "asks the network",
        "points to nothing",
        "wide",
    ] {
        if !wrong.iter().any(|what| what.contains(sign)) {
            return Err(format!(
                "a page that is wrong on purpose: no '{sign}' in {wrong:?}"
            ));
        }
    }
    Ok(())
}

fn run() -> Result<Vec<String>, String> {
    let mut given = env::args().skip(1);
    let usage = "costate-pages BOOK [--pictures FOLDER]";
    let book = given.next().ok_or(usage)?;
    let book = fs::canonicalize(&book)
        .map_err(|error| format!("{book}: {error}: build the book first, with docs/build"))?;
    let pictures = match (given.next().as_deref(), given.next()) {
        (None, _) => None,
        (Some("--pictures"), Some(folder)) => Some(PathBuf::from(folder)),
        _ => return Err(usage.to_owned()),
    };
    let name = env::var("COSTATE_TEST_BROWSER").unwrap_or_else(|_| "chromium".to_owned());
    let browser = &mut Browser::start(&name)?;
    is_noticed(browser)?;
    let (mut wrong, mut links) = (Vec::new(), Links::default());
    let pages = pages(&book);
    for page in &pages {
        let name = page.strip_prefix(&book).unwrap_or(page).display();
        let complaints = complaints(browser, &mut links, &book, page, pictures.as_deref())?;
        wrong.extend(complaints.into_iter().map(|what| format!("{name}: {what}")));
    }
    browser.width(WIDTHS[0])?;
    let url = format!("file://{}/play.html", book.display());
    if let Err(what) = play::check(browser, &url) {
        wrong.push(format!("play.html: {what}"));
    }
    wrong.extend(
        browser
            .complaints()
            .into_iter()
            .map(|what| format!("play.html: {what}")),
    );
    println!(
        "{} pages, each {} times",
        pages.len(),
        WIDTHS.len() * THEMES.len()
    );
    Ok(wrong)
}

fn main() -> ExitCode {
    let wrong = run().unwrap_or_else(|what| vec![what]);
    for what in &wrong {
        eprintln!("{what}");
    }
    if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
