//! A fit from several starts.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use costate_model::{Fit, Outcome, Starts};

use super::Work;
use crate::command::title;
use crate::console::Console;
use crate::error::Result;
use crate::folder;
use crate::interrupt::{self, Doing};
use crate::progress::Progress;
use crate::report::number::count;
use crate::report::starts::{Tally, failed};

impl Work {
    /// Fits from every start; the best of them, and whether Ctrl-C came before all had ended.
    pub(super) fn spread(
        &mut self,
        mut starts: Starts,
        jobs: Option<usize>,
        every: Duration,
        console: Console,
    ) -> Result<(Fit, bool)> {
        let jobs = jobs.unwrap_or_else(|| {
            std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
        });
        let all = starts.models().len();
        console.note(title(&starts.models()[0]));
        console.note(format!(
            "  from    {} starts, {} at a time, into {}",
            count(all),
            jobs.min(all),
            self.shown.display()
        ));
        // A fit that is killed begins again from here.
        self.save(false, starts.save())?;
        let snapshot = |state: String| {
            let files = vec![(folder::CHECKPOINT, self.bytes(false, state))];
            self.folder.snapshot(&self.shown, files)
        };
        interrupt::keep(snapshot(starts.save()), Doing::Evaluation);
        let progress = Mutex::new((Progress::new(console, 0, all), Instant::now()));
        starts.run(jobs, &interrupt::requested, &|ended, save| {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.0.count(ended);
            let snapshot = snapshot(save());
            // What cannot be written now is told at the end.
            if progress.1.elapsed() >= every && snapshot.write().is_ok() {
                progress.1 = Instant::now();
            }
            interrupt::keep(snapshot, Doing::Evaluation);
        });
        interrupt::keep(snapshot(starts.save()), Doing::Report);
        drop(progress);
        let fit = starts.best()?;
        let interrupted = !starts.have_ended();
        self.starts = Some(starts);
        Ok((fit, interrupted))
    }
}

/// What came of the starts, in one sentence, and why some failed.
pub(super) fn tell(out: &mut impl Write, starts: &Starts) -> Result<()> {
    writeln!(out, "{}", Tally::new(starts.outcomes()).sentence())?;
    for (number, why) in failed(starts.outcomes()) {
        writeln!(out, "start {number} failed: {why}")?;
    }
    Ok(())
}

/// What came of one start, for programs.
pub(super) fn json(outcome: &Outcome) -> serde_json::Value {
    match outcome {
        Outcome::Ended { loss, verdict, .. } => {
            serde_json::json!({ "loss": loss, "verdict": verdict.to_string() })
        }
        Outcome::Failed(why) => serde_json::json!({ "failed": why }),
        Outcome::Interrupted(_) => serde_json::json!({ "verdict": "interrupted" }),
    }
}
