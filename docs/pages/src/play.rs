//! The page to play with: its numbers are those of the library as compiled for this machine, and its controls move it.

use crate::browser::Browser;
use costate_book::play::{FIRST, Setting, page};
use serde_json::json;

/// The attributes that hold numbers, and by how much two compilations of one program may differ in each: the solver's steps depend on
/// a power that is rounded differently in the last bit, and differences of the loss divide by 10⁻³.
const NUMBERS: [(&str, f64); 8] = [
    ("theta", 0.0),
    ("t", 0.0),
    ("loss", 1e-11),
    ("gradient", 1e-10),
    ("differences", 1e-8),
    ("costate", 1e-9),
    ("start", 1e-10),
    ("next", 1e-11),
];

/// The numbers of the figure that the page shows are those of `setting`.
fn agrees(browser: &mut Browser, setting: Setting) -> Result<(), String> {
    let native = page(setting);
    for (name, tolerance) in NUMBERS {
        let shown = browser.evaluate(&format!(
            "document.querySelector('.play-numbers').dataset.{name}"
        ))?;
        let shown = numbers(shown.as_str().unwrap_or_default())?;
        let expected = native
            .split_once(&format!("data-{name}=\""))
            .and_then(|(_, rest)| rest.split_once('"'))
            .ok_or(format!("no {name} in the native figure"))?;
        let expected = numbers(expected.0)?;
        let close = |(x, y): (&f64, &f64)| (x - y).abs() <= tolerance * (1.0 + y.abs());
        if shown.len() != expected.len() || !shown.iter().zip(&expected).all(close) {
            return Err(format!(
                "{name} at {setting:?} is {shown:?} in the page and {expected:?} natively"
            ));
        }
    }
    Ok(())
}

fn numbers(text: &str) -> Result<Vec<f64>, String> {
    text.split(' ')
        .map(|word| word.parse().map_err(|error| format!("'{text}': {error}")))
        .collect()
}

/// θ as the page shows it, to twelve digits.
fn theta(browser: &mut Browser) -> Result<[f64; 2], String> {
    let shown = browser.evaluate("document.querySelector('.play-numbers').dataset.theta")?;
    let shown = numbers(shown.as_str().unwrap_or_default())?;
    <[f64; 2]>::try_from(shown).map_err(|shown| format!("θ has {} numbers", shown.len()))
}

/// Moves sliders and presses buttons by the keyboard, and holds each figure to the native one.
pub(crate) fn check(browser: &mut Browser, url: &str) -> Result<(), String> {
    browser.open(url)?;
    if browser.evaluate("window.costatePlay === undefined")? == json!(true) {
        println!("the page to play with stands still: the book was built without wasm32-wasip1");
        return Ok(());
    }
    browser.wait("document.querySelector('.play').dataset.ready === 'yes'")?;
    agrees(browser, FIRST)?;
    let mut setting = FIRST;
    let drawn = "document.querySelector('.play-figure svg').outerHTML";
    let shown = |k: usize| {
        let name = if k < 2 { "theta" } else { "t" };
        format!(
            "Number(document.querySelector('.play-numbers').dataset.{name}.split(' ')[{}])",
            k % 2
        )
    };
    for (k, id) in ["play-inwards", "play-turn", "play-time"]
        .into_iter()
        .enumerate()
    {
        let before = browser.evaluate(drawn)?;
        browser.evaluate(&format!("document.getElementById('{id}').focus()"))?;
        for _ in 0..5 {
            browser.press("ArrowRight", 39)?;
        }
        let value = match k {
            2 => &mut setting.t,
            _ => &mut setting.theta[k],
        };
        *value = (*value * 100.0 + 5.0).round() / 100.0;
        let value = *value;
        browser.wait(&format!("{} === {value}", shown(k)))?;
        agrees(browser, setting)?;
        if browser.evaluate(drawn)? == before {
            return Err(format!("the figure does not move with {id}"));
        }
    }
    browser.evaluate("document.querySelector('.play button').focus()")?;
    browser.press("Enter", 13)?;
    browser.wait(&format!("{} !== {}", shown(0), setting.theta[0]))?;
    let downhill = theta(browser)?;
    agrees(
        browser,
        Setting {
            theta: downhill,
            ..setting
        },
    )?;
    let message = browser.evaluate("document.querySelector('.play-message').textContent")?;
    if message != json!("") {
        return Err(format!("the page says {message}"));
    }
    Ok(())
}
