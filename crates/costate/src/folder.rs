//! The folder that a fit writes: built beside its place, moved there when it is whole.
//!
//! While a fit runs, its files are in `DIR.partial`, locked by the running process; `DIR` itself is as it was. At the end one rename
//! (or one exchange, where an earlier fit stands) puts the new folder in place, so that `DIR` is always one whole fit.
//! A process that is killed leaves `DIR.partial` with its last checkpoint.

mod exchange;

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use exchange::exchange;

/// What the name of the folder that is being made has behind that of its place.
pub(crate) const WORK_ENDING: &str = ".partial";

/// Everything that a fit writes. A folder that holds nothing else is a fit's, and may be replaced by the next.
pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const FITTED: &str = "fitted.toml";
pub(crate) const WEIGHTS: &str = "weights.safetensors";
pub(crate) const HISTORY: &str = "history.csv";
pub(crate) const TRAJECTORY: &str = "trajectory.csv";
pub(crate) const FIT_PICTURE: &str = "fit.svg";
pub(crate) const HISTORY_PICTURE: &str = "history.svg";
pub(crate) const REPORT: &str = "report.html";
const NAMES: [&str; 8] = [
    CHECKPOINT,
    FITTED,
    WEIGHTS,
    HISTORY,
    TRAJECTORY,
    FIT_PICTURE,
    HISTORY_PICTURE,
    REPORT,
];
const LOCK: &str = ".lock";

/// A fit's folder while it is being made.
pub(crate) struct Folder {
    place: PathBuf,
    work: PathBuf,
    force: bool,
    /// Held for as long as this process works here.
    _lock: File,
}

impl Folder {
    /// Starts a folder that will stand at `place`. An interrupted fit found in its way is set aside, and where is returned.
    ///
    /// # Errors
    /// Where something stands that no fit made (unless `force`), or another process is fitting into `place` now.
    pub(crate) fn create(place: &Path, force: bool) -> Result<(Self, Option<PathBuf>)> {
        let place = resolved(place);
        if !force {
            check_replaceable(&place)?;
        }
        let work = beside(&place, WORK_ENDING);
        let aside = match work.join(CHECKPOINT).exists() {
            true => Some(set_aside(&work, &place)?),
            false => None,
        };
        fs::create_dir_all(&work).map_err(|e| Error::file("make the folder", &work, &e))?;
        let lock = lock(&work, &place)?;
        Ok((
            Self {
                place,
                work,
                force,
                _lock: lock,
            },
            aside,
        ))
    }

    /// Opens the folder of an interrupted (or finished) fit to continue it; returns it with its last checkpoint.
    ///
    /// # Errors
    /// Where no fit has left a checkpoint, or another process is fitting into `place` now.
    pub(crate) fn reopen(place: &Path) -> Result<(Self, Vec<u8>)> {
        let place = match place
            .to_str()
            .and_then(|text| text.trim_end_matches('/').strip_suffix(WORK_ENDING))
        {
            Some(stem) if place.join(CHECKPOINT).exists() => resolved(Path::new(stem)),
            _ => resolved(place),
        };
        let work = beside(&place, WORK_ENDING);
        let source = [&work, &place]
            .map(|folder| folder.join(CHECKPOINT))
            .into_iter()
            .find(|path| path.exists());
        let Some(source) = source else {
            return Err(Error::Misuse(format!(
                "there is no fit to resume in '{}': it has no file '{CHECKPOINT}', and neither has '{}'",
                place.display(),
                work.display()
            )));
        };
        check_replaceable(&place)?;
        let checkpoint = fs::read(&source).map_err(|e| Error::file("read", &source, &e))?;
        fs::create_dir_all(&work).map_err(|e| Error::file("make the folder", &work, &e))?;
        let lock = lock(&work, &place)?;
        Ok((
            Self {
                place,
                work,
                force: false,
                _lock: lock,
            },
            checkpoint,
        ))
    }

    /// Where the folder will stand.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// Writes one of the folder's files whole: a reader, or a restart after a crash, sees the old contents or the new ones.
    pub(crate) fn write(&self, name: &str, contents: &[u8]) -> Result<()> {
        debug_assert!(
            NAMES.contains(&name),
            "'{name}' is not known as a fit's file"
        );
        replace(&self.work, name, contents)
    }

    /// These files, to be written by whoever gets to it.
    pub(crate) fn snapshot(&self, shown: &Path, files: Vec<(&'static str, Vec<u8>)>) -> Snapshot {
        Snapshot {
            place: shown.to_owned(),
            work: self.work.clone(),
            files,
        }
    }

    /// The earlier fit's checkpoint at this place, if there is one.
    pub(crate) fn earlier(&self) -> Option<Vec<u8>> {
        fs::read(self.place.join(CHECKPOINT)).ok()
    }

    /// Leaves the folder where it is, beside its place, and returns where.
    pub(crate) fn leave(self) -> PathBuf {
        let _ = fs::remove_file(self.work.join(LOCK));
        self.work.clone()
    }

    /// Moves the finished folder to its place.
    ///
    /// # Errors
    /// When something else has appeared there in the meantime; the files stay in `DIR.partial` then, and the message says so.
    pub(crate) fn finish(self) -> Result<()> {
        let blocked = |reason: &dyn std::fmt::Display| {
            Error::Misuse(format!(
                "{reason}\nthe fit's files are in '{}'",
                self.work.display()
            ))
        };
        let failed =
            |e: io::Error| blocked(&format!("cannot replace '{}': {e}", self.place.display()));
        strays()
            .try_for_each(|stray| remove_if_there(&self.work.join(stray)))
            .map_err(failed)?;
        if !self.place.exists() {
            fs::rename(&self.work, &self.place).map_err(failed)
        } else if self.force && self.place.is_file() {
            fs::remove_file(&self.place)
                .and_then(|()| fs::rename(&self.work, &self.place))
                .map_err(failed)
        } else if self.force && check_replaceable(&self.place).is_err() {
            // A folder with files of somebody else's: ours go in beside them.
            let move_in = |name| match fs::rename(self.work.join(name), self.place.join(name)) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            };
            NAMES
                .into_iter()
                .try_for_each(move_in)
                .and_then(|()| fs::remove_dir(&self.work))
                .map_err(failed)
        } else {
            check_replaceable(&self.place)
                .map_err(|e| blocked(&e.message().unwrap_or_default()))?;
            exchange(&self.work, &self.place).map_err(failed)?;
            // What is now beside the new folder is the earlier one; it goes file by file, so that nothing unknown is deleted.
            let ours = NAMES.map(String::from).into_iter().chain(strays());
            ours.map(|name| self.work.join(name))
                .try_for_each(|path| remove_if_there(&path))
                .and_then(|()| fs::remove_dir(&self.work))
                .map_err(failed)
        }
    }
}

impl Drop for Folder {
    /// Leaves nothing behind when nothing was computed yet.
    fn drop(&mut self) {
        if !self.work.join(CHECKPOINT).exists() {
            let _ = fs::remove_file(self.work.join(LOCK));
            let _ = fs::remove_dir(&self.work);
        }
    }
}

/// Files of a folder that is being made.
pub(crate) struct Snapshot {
    /// The folder as the user knows it.
    pub(crate) place: PathBuf,
    work: PathBuf,
    files: Vec<(&'static str, Vec<u8>)>,
}

impl Snapshot {
    pub(crate) fn write(&self) -> Result<()> {
        let mut files = self.files.iter();
        files.try_for_each(|(name, contents)| replace(&self.work, name, contents))
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.files.iter().map(|(name, _)| *name).collect()
    }
}

/// Puts a file whole in the place of another.
fn replace(work: &Path, name: &str, contents: &[u8]) -> Result<()> {
    let path = work.join(name);
    let partial = work.join(partial(name));
    let write = || -> io::Result<()> {
        let mut file = File::create(&partial)?;
        file.write_all(contents)?;
        if name == CHECKPOINT {
            file.sync_data()?;
        }
        fs::rename(&partial, &path)
    };
    write().map_err(|e| Error::file("write", &path, &e))
}

/// What a killed process may leave among a fit's files.
fn strays() -> impl Iterator<Item = String> {
    NAMES.into_iter().map(partial).chain([LOCK.to_owned()])
}

fn partial(name: &str) -> String {
    format!(".{name}.partial")
}

/// The path with symbolic links followed, so that what is renamed is the folder and not a link to it; without a slash at its end.
fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.components().collect())
}

fn beside(place: &Path, suffix: &str) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    place.with_file_name(name)
}

/// Nothing there, an empty folder, or a folder that holds only what a fit writes.
fn check_replaceable(place: &Path) -> Result<()> {
    if !place.exists() {
        return Ok(());
    }
    let shown = place.display();
    if !place.is_dir() {
        return Err(Error::Misuse(format!(
            "'{shown}' exists and is not a folder; give another --out, or --force to replace it"
        )));
    }
    let entries = fs::read_dir(place).map_err(|e| Error::file("read the folder", place, &e))?;
    for entry in entries {
        let name = entry
            .map_err(|e| Error::file("read the folder", place, &e))?
            .file_name();
        if !NAMES.iter().any(|known| name == *known) && !strays().any(|stray| name == *stray) {
            return Err(Error::Misuse(format!(
                "'{shown}' holds '{}', which no fit wrote; give another --out, or --force to write beside it",
                name.display()
            )));
        }
    }
    Ok(())
}

/// Gives an interrupted fit a name of its own, which is returned.
fn set_aside(work: &Path, place: &Path) -> Result<PathBuf> {
    drop(lock(work, place)?);
    let ending = |i: usize| match i {
        1 => ".interrupted".to_owned(),
        _ => format!(".interrupted-{i}"),
    };
    let mut names = (1..).map(|i| beside(place, &ending(i)));
    let aside = names
        .find(|path| !path.exists())
        .expect("there is always another number");
    fs::rename(work, &aside).map_err(|e| Error::file("set aside", work, &e))?;
    Ok(aside)
}

fn lock(work: &Path, place: &Path) -> Result<File> {
    let path = work.join(LOCK);
    let file = File::create(&path).map_err(|e| Error::file("make", &path, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Misuse(format!(
            "another process is fitting into '{}' now; give another --out",
            place.display()
        ))),
        // A file system without locks: go on without this protection.
        Err(TryLockError::Error(_)) => Ok(file),
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
