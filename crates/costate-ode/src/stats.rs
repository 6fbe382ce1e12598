//! What an integration cost.

/// Counts of an integration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Steps tried: accepted and rejected.
    pub steps: usize,
    /// Steps accepted.
    pub accepted: usize,
    /// Steps rejected and tried again with a smaller one.
    pub rejected: usize,
    /// Evaluations of f, those for the initial step and for dense output included.
    pub nfe: usize,
}
