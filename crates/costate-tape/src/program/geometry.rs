//! How a batch is cut: panels of whole registers, then the samples that are left, in halves of a register and less, or one by one.

/// A run of panels of one width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) kind: Kind,
    /// Samples beside each other; 1 for rows.
    pub(crate) width: usize,
    /// Panels one after another; 1 for a tail, samples for rows.
    pub(crate) panels: usize,
    /// The first sample.
    pub(crate) first: usize,
}

/// What fills a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Samples; a panel is this many registers.
    Panel(usize),
    /// This many samples, and as many units as find room.
    Tail(usize),
    /// Units of one sample.
    Rows,
}

/// As many panels as a set of the first cache holds lines.
const MANY: usize = 8;

/// Numbers times their size: weights that are repeated for each sample of a tail should stay in the first cache.
const REPEATED: usize = 16 * 1024;

/// A batch of samples on an instruction set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) batch: usize,
    pub(crate) lanes: usize,
    pub(crate) segments: Vec<Segment>,
}

impl Geometry {
    /// The widest panels that fit the batch and the registers first; samples that are left are rows if `weights`, the bytes of the
    /// largest matrix, are too many to repeat them for each.
    pub(crate) fn new(batch: usize, lanes: usize, registers: usize, weights: usize) -> Geometry {
        let widest = if registers >= 32 { 4 } else { 2 };
        let mut segments = Vec::new();
        let mut first = 0;
        let mut vectors = widest;
        while vectors >= 1 {
            let width = vectors * lanes;
            let panels = (batch - first) / width;
            if panels > 0 {
                segments.push(Segment {
                    kind: Kind::Panel(vectors),
                    width,
                    panels,
                    first,
                });
                first += panels * width;
            }
            vectors /= 2;
        }
        let left = batch - first;
        if left > 1 && weights << left.ilog2() > REPEATED {
            segments.push(Segment {
                kind: Kind::Rows,
                width: 1,
                panels: left,
                first,
            });
            first = batch;
        }
        let mut width = lanes / 2;
        while width >= 1 {
            if batch - first >= width {
                segments.push(Segment {
                    kind: Kind::Tail(width),
                    width,
                    panels: 1,
                    first,
                });
                first += width;
            }
            width /= 2;
        }
        Geometry {
            batch,
            lanes,
            segments,
        }
    }

    /// Where a segment of an array of `units` units begins, in numbers from the array's beginning.
    pub(crate) fn offset(&self, segment: usize, units: usize) -> usize {
        self.segments[..segment]
            .iter()
            .map(|s| self.segment_len(s, units))
            .sum()
    }

    /// Numbers that an array of `units` units takes: every segment is filled up to whole registers.
    pub(crate) fn len(&self, units: usize) -> usize {
        self.offset(self.segments.len(), units)
    }

    /// The runs of numbers that stand for a sample's unit, begin and length; the others fill last registers.
    pub(crate) fn runs(&self, units: usize) -> Vec<(usize, usize)> {
        let mut runs = Vec::new();
        for (index, segment) in self.segments.iter().enumerate() {
            let start = self.offset(index, units);
            let (apart, filled) = (self.panel(segment, units), segment.width * units);
            if apart == filled {
                runs.push((start, segment.panels * filled));
            } else {
                runs.extend((0..segment.panels).map(|panel| (start + panel * apart, filled)));
            }
        }
        runs
    }

    fn segment_len(&self, segment: &Segment, units: usize) -> usize {
        segment.panels * self.panel(segment, units)
    }

    /// The distance of panels: whole registers, and room for another unit where the distance would be so round a number that a unit of
    /// all panels falls into the same set of the cache.
    pub(crate) fn panel(&self, segment: &Segment, units: usize) -> usize {
        let round =
            segment.panels >= MANY && units.is_multiple_of(16) && segment.kind != Kind::Rows;
        let units = units + usize::from(round);
        (segment.width * units).next_multiple_of(self.lanes)
    }

    /// For each element of a natural array \[batch, units\], its place in the panels.
    pub(crate) fn places(&self, units: usize) -> Vec<u32> {
        let mut places = vec![0; self.batch * units];
        for (index, segment) in self.segments.iter().enumerate() {
            let start = self.offset(index, units);
            let panel_len = self.panel(segment, units);
            for sample in 0..segment.width * segment.panels {
                let (panel, lane) = (sample / segment.width, sample % segment.width);
                for unit in 0..units {
                    let at = start + panel * panel_len + unit * segment.width + lane;
                    places[(segment.first + sample) * units + unit] = at as u32;
                }
            }
        }
        places
    }

    /// For each element of an array of `units` units in its packed order, its place in the natural order \[batch, units\].
    pub(crate) fn permutation(&self, units: usize) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.batch * units);
        for segment in &self.segments {
            for panel in 0..segment.panels {
                for unit in 0..units {
                    for sample in 0..segment.width {
                        order.push((segment.first + panel * segment.width + sample) * units + unit);
                    }
                }
            }
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_batch_is_cut_completely_and_packed_order_is_a_permutation() {
        for (lanes, registers) in [(2, 16), (4, 16), (8, 16), (8, 32), (16, 32)] {
            for (batch, weights) in (1..=130)
                .chain([300, 600])
                .flat_map(|batch| [(batch, 100), (batch, 50_000)])
            {
                let geometry = Geometry::new(batch, lanes, registers, weights);
                let samples: usize = geometry.segments.iter().map(|s| s.width * s.panels).sum();
                assert_eq!(samples, batch);
                for units in [3, 16] {
                    let order = geometry.permutation(units);
                    let places = geometry.places(units);
                    let filled = geometry.runs(units).into_iter();
                    let filled = filled.flat_map(|(start, len)| start..start + len);
                    assert!(order.iter().map(|&i| places[i] as usize).eq(filled));
                    assert!(places.iter().all(|&at| (at as usize) < geometry.len(units)));
                    let mut sorted = order;
                    sorted.sort_unstable();
                    assert!(sorted.iter().copied().eq(0..units * batch));
                }
            }
        }
    }
}
