//! `costate new`: a commented model with data that runs as it is.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::args::New;
use crate::console::Console;
use crate::error::{Error, Result};

const MODEL: &str = include_str!("new/starter.toml");
const DATA: &str = include_str!("new/starter.csv");

pub(crate) fn run(args: &New, console: Console) -> Result<()> {
    let model = with_ending(&args.name, "toml");
    let data = with_ending(&args.name, "csv");
    let name = data
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if name == ".csv" || name.is_empty() {
        return Err(Error::Misuse(format!(
            "'{}' is not a name for a model",
            args.name.display()
        )));
    }
    if let Some(taken) = [&model, &data].into_iter().find(|path| path.exists()) {
        return Err(Error::Misuse(format!(
            "'{}' exists and is not overwritten; give another name",
            taken.display()
        )));
    }
    create(&data, DATA)?;
    create(&model, &MODEL.replace("starter.csv", &name))?;
    let shown = model.display().to_string();
    // As a shell takes it for one word.
    let is_plain = |c: char| c.is_alphanumeric() || "/._-~+".contains(c);
    let word = match shown.chars().all(is_plain) {
        true => shown.clone(),
        false => format!("'{shown}'"),
    };
    console.note(format!("wrote {shown} and {}\n\ntry:", data.display()));
    console.note(format!("  costate check {word}\n  costate fit {word}"));
    Ok(())
}

/// The name with this ending; one of a model file is replaced.
fn with_ending(name: &Path, ending: &str) -> PathBuf {
    let stem = match name.extension() {
        Some(given) if given == "toml" => name.with_extension(""),
        _ => name.to_owned(),
    };
    let mut file = stem.file_name().unwrap_or_default().to_owned();
    file.push(".");
    file.push(ending);
    stem.with_file_name(file)
}

fn create(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|e| Error::file("write", path, &e))
}
