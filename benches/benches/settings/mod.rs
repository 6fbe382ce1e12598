//! How long each bench runs, so that the whole package stays within a few minutes, and by which clock.

use costate_benches::cpu_seconds;
use criterion::Criterion;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use std::time::Duration;

/// Criterion's clock replaced by that of the comparison with other tools: a busy machine does little harm.
pub(crate) struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = f64;
    type Value = Duration;

    fn start(&self) -> f64 {
        cpu_seconds()
    }
    fn end(&self, start: f64) -> Duration {
        Duration::from_secs_f64((cpu_seconds() - start).max(0.0))
    }
    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }
    fn zero(&self) -> Duration {
        Duration::ZERO
    }
    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }
    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

pub(crate) type Bench = Criterion<ProcessorTime>;

pub(crate) fn settings() -> Bench {
    Criterion::default()
        .with_measurement(ProcessorTime)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(30)
}
