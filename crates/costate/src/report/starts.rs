//! What came of several starts of one fit.

use costate_model::Outcome;

/// How the starts ended, counted.
pub(crate) struct Tally {
    /// The losses of those that ended, least first.
    pub(crate) losses: Vec<f64>,
    /// How many of these are within a thousandth of the least.
    pub(crate) alike: usize,
    /// How many starts there were.
    pub(crate) all: usize,
}

impl Tally {
    /// The count of these outcomes.
    pub(crate) fn new(outcomes: &[Outcome]) -> Self {
        let losses = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Ended { loss, .. } => Some(*loss),
            _ => None,
        });
        let mut losses: Vec<f64> = losses.collect();
        losses.sort_by(f64::total_cmp);
        let best = losses.first().copied().unwrap_or(f64::INFINITY);
        let alike = |loss: &&f64| **loss - best <= 1e-3 * best.abs().max(1e-12);
        Tally {
            alike: losses.iter().filter(alike).count(),
            all: outcomes.len(),
            losses,
        }
    }

    /// In a sentence without its full stop.
    pub(crate) fn sentence(&self) -> String {
        format!(
            "{} of {} starts ended, {} of them within a thousandth of the least loss",
            self.losses.len(),
            self.all,
            self.alike
        )
    }
}

/// The starts that failed: the number of each, counted from 1, and why.
pub(crate) fn failed(outcomes: &[Outcome]) -> impl Iterator<Item = (usize, &str)> {
    let numbered = outcomes.iter().enumerate();
    numbered.filter_map(|(i, outcome)| match outcome {
        Outcome::Failed(why) => Some((i + 1, why.as_str())),
        _ => None,
    })
}
