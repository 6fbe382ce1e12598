//! Ctrl-C (and a polite request to terminate): the first asks a fit to stop and save, the second ends at once.
//!
//! A fit looks between two evaluations of its loss. One that takes longer than anyone waits is not waited for, nor is the report at the end: what the
//! fit had before is kept here all the time, written, and the program ends. Nothing is lost by that, since what is begun anew gives the same numbers.

use std::io::{IsTerminal, Write, stderr};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::folder::{Snapshot, WORK_ENDING};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// What is written if the fit does not answer.
static KEPT: Mutex<Option<(Snapshot, Doing)>> = Mutex::new(None);

/// What a fit is in the middle of.
#[derive(Clone, Copy)]
pub(crate) enum Doing {
    Evaluation,
    Report,
}

/// How long a fit has to stop by itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts listening. Without a handler (none can be set) Ctrl-C ends the program, and the last checkpoint remains.
pub(crate) fn listen() {
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
        thread::spawn(|| {
            thread::sleep(PATIENCE);
            give_up_waiting();
        });
    });
}

pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// What is to be written if the fit is in the middle of something long at Ctrl-C.
pub(crate) fn keep(snapshot: Snapshot, doing: Doing) {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some((snapshot, doing));
}

/// From here on the fit ends by itself.
pub(crate) fn release() {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

fn give_up_waiting() {
    // Held to the end: nobody else writes now.
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((snapshot, doing)) = kept.as_ref() else {
        return;
    };
    // A progress bar may stand in the line.
    let line = match snapshot.write() {
        Ok(()) => {
            let place = snapshot.place.display();
            let when = match doing {
                Doing::Evaluation => "in the middle of an evaluation; what was found before it",
                Doing::Report => "before the report was written; what was found",
            };
            format!(
                "stopped {when} is saved in {place}{WORK_ENDING} ({})\ngo on with: costate fit --resume {place}",
                snapshot.names().join(", ")
            )
        }
        Err(error) => error.message().unwrap_or_default().to_owned(),
    };
    let clear = if stderr().is_terminal() {
        "\r\x1b[K"
    } else {
        ""
    };
    let _ = writeln!(stderr(), "{clear}{line}");
    process::exit(130);
}
