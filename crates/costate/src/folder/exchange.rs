//! Two folders in each other's place.

use std::fs;
use std::io;
use std::path::Path;

/// Swaps two folders in one step, so that there is no moment without either.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(super) fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).or_else(|_| exchange_by_three(a, b))
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    exchange_by_three(a, b)
}

/// The same by three renames, for systems and file systems without an exchange.
pub(super) fn exchange_by_three(a: &Path, b: &Path) -> io::Result<()> {
    let aside = super::beside(b, ".replaced");
    fs::rename(b, &aside)?;
    if let Err(error) = fs::rename(a, b) {
        // What stood there stands there again, as far as it can be.
        let _ = fs::rename(&aside, b);
        return Err(error);
    }
    fs::rename(&aside, a)
}
