//! How long each bench runs: the whole package stays within a few minutes.

use criterion::Criterion;
use std::time::Duration;

pub(crate) fn settings() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30)
}
