//! The times of a batch.

/// The times since the start of their window at which any window of a batch has a row.
pub(super) struct Times {
    pub(super) relative: Vec<f64>,
    /// Times closer than this are one.
    close: f64,
}

impl Times {
    pub(super) fn new(starts: &[usize], length: usize, time: impl Fn(usize) -> f64) -> Self {
        let rows = |&first: &usize| (first + 1..first + length).map(move |row| (first, row));
        let mut relative: Vec<f64> = starts
            .iter()
            .flat_map(rows)
            .map(|(first, row)| time(row) - time(first))
            .collect();
        relative.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        // Rounding of the file's times must not make two out of one.
        let close = 1e-9 * relative.last().map_or(0.0, |last| last.abs());
        relative.dedup_by(|a, b| (*a - *b).abs() <= close);
        Times { relative, close }
    }

    pub(super) fn last(&self) -> f64 {
        self.relative.last().copied().unwrap_or(0.0)
    }

    pub(super) fn index(&self, time: f64) -> usize {
        let after = self
            .relative
            .partition_point(|known| known.abs() < time.abs() - self.close);
        after.min(self.relative.len() - 1)
    }
}
