//! Temporary folders for tests whose models read data when they are solved or fitted.

use std::cell::RefCell;
use std::path::PathBuf;

use tempfile::TempDir;

thread_local! {
    /// Kept until the thread ends, and with it the test that asked for them.
    static ROOMS: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
}

/// A folder of its own with these files, each a name and its text.
pub(crate) fn room(files: &[(&str, &str)]) -> PathBuf {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().to_owned();
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    ROOMS.with_borrow_mut(|rooms| rooms.push(room));
    folder
}
