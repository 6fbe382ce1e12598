//! The clock of the comparison.

/// Seconds of processor time that this process has used: unlike time on the wall, it does not grow while another program has the core.
#[cfg(unix)]
#[must_use]
pub fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Seconds on the wall, where there is no clock of processor time.
#[cfg(not(unix))]
#[must_use]
pub fn cpu_seconds() -> f64 {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed().as_secs_f64()
}
