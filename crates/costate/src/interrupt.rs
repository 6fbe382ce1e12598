//! Ctrl-C (and a polite request to terminate): the first asks a fit to stop and save, the second ends at once.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Starts listening. Without a handler (none can be set) Ctrl-C ends the program, and the last checkpoint remains.
pub(crate) fn listen() {
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
    });
}

pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
