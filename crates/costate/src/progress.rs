//! The progress bar of a fit: there on a terminal, absent in a pipe, in a log and with `--quiet`.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console::Console;
use crate::report::number::significant;

/// A bar with the loss and the norm of its gradient beside it.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(console: Console, done: usize, of: usize) -> Self {
        let target = if console.is_quiet() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}  {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━╸─");
        let bar = ProgressBar::with_draw_target(Some(of as u64), target)
            .with_style(style)
            .with_position(done as u64);
        Progress(bar)
    }

    /// What is being done, where nobody knows how long it takes.
    pub(crate) fn waiting(console: Console, what: &'static str) -> Self {
        let this = Self::new(console, 0, 0);
        let style = ProgressStyle::with_template("{spinner} {msg}  {elapsed}");
        this.0
            .set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        this.0.set_message(what);
        this.0.enable_steady_tick(Duration::from_millis(100));
        this
    }

    /// A line above the bar.
    pub(crate) fn note(&self, console: Console, line: &str) {
        self.0.suspend(|| console.note(format!("  {line}")));
    }

    /// So many of several are done.
    pub(crate) fn count(&self, done: usize) {
        self.0.set_position(done as u64);
    }

    pub(crate) fn show(&self, iteration: usize, of: usize, loss: f64, gradient_norm: f64) {
        if !self.0.is_hidden() {
            self.0.set_message(format!(
                "loss {:<10}  gradient {:<8}",
                significant(loss, 6),
                significant(gradient_norm, 3)
            ));
            self.0.set_length(of as u64);
            self.0.set_position(iteration as u64);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
