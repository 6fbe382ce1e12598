//! Trainings as files, from which they go on with the same bits.
//!
//! ```
//! use costate_neural_ode::train::checkpoint;
//! use costate_neural_ode::train::optimizer::Adam;
//! use costate_neural_ode::train::training::{Recipe, Training};
//! use std::ops::ControlFlow::Continue;
//!
//! let directory = std::env::temp_dir().join(format!("costate-checkpoint-{}", std::process::id()));
//! std::fs::create_dir_all(&directory)?;
//! let path = directory.join("training.toml");
//!
//! let gradient = |_: u64, theta: &[f64], gradient: &mut [f64]| {
//!     gradient[0] = theta[0].cos();
//!     Ok(theta[0].sin())
//! };
//! let recipe = |iterations| Recipe { iterations, ..Recipe::default() };
//! let mut training = Training::new(vec![0.3], Adam::new(0.1));
//! training.run(&recipe(20), gradient, |training| {
//!     checkpoint::write(&path, training).expect("a place to write");
//!     Continue(())
//! });
//!
//! // Another day
//! let mut resumed: Training<f64, Adam<f64>> = checkpoint::read(&path)?.expect("a checkpoint");
//! resumed.run(&recipe(50), gradient, |_| Continue(()));
//! training.run(&recipe(50), gradient, |_| Continue(()));
//! assert_eq!(resumed, training);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use super::training::Training;
use serde::{Serialize, de::DeserializeOwned};
use std::fs::{self, File};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::Path;

/// Writes the training to `path`: first beside it, then with everything on disk under its name. Whenever the process is killed, the file is either the one before or
/// this one, whole.
///
/// The text is TOML, whose numbers read back to the same bits.
///
/// # Errors
/// Those of the file system.
pub fn write<T: Serialize, O: Serialize>(path: &Path, training: &Training<T, O>) -> Result<()> {
    let text = toml::to_string(training).map_err(Error::other)?;
    let name = path
        .file_name()
        .ok_or_else(|| Error::new(ErrorKind::InvalidInput, "a checkpoint needs a file name"))?;
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(".new");
    let beside = path.with_file_name(beside);
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    // The new name is on disk when its directory is. Not every system can open one.
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    if let Ok(directory) = File::open(directory.unwrap_or(Path::new("."))) {
        directory.sync_all()?;
    }
    Ok(())
}

/// The training that was written to `path`; none if there is no such file.
///
/// # Errors
/// Those of the file system; [`ErrorKind::InvalidData`] for a file that holds something else, such as a training with another optimiser.
pub fn read<T: DeserializeOwned, O: DeserializeOwned>(
    path: &Path,
) -> Result<Option<Training<T, O>>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let training = toml::from_str(&text).map_err(|error| {
        let what = format!(
            "'{}' is no checkpoint of this training: {}",
            path.display(),
            error.message()
        );
        Error::new(ErrorKind::InvalidData, what)
    })?;
    Ok(Some(training))
}
