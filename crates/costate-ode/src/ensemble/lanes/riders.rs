//! The lanes and who rides in them.

use super::{Ended, Lanes};
use crate::controller::Memory;
use crate::{Error, Stats};

/// The lanes: member by member what an integrator alone keeps, quantity by quantity so that all are handled by the same instructions.
pub(super) struct Riders<const D: usize, const P: usize, const W: usize> {
    /// Which member rides, where one does.
    pub(super) member: [usize; W],
    /// 1 where one does, 0 where none does.
    pub(super) taken: [u64; W],
    /// What its start cost.
    pub(super) begun: [Stats; W],
    pub(super) t: Lanes<W>,
    pub(super) t_next: Lanes<W>,
    pub(super) h: Lanes<W>,
    /// |h| as the controller wants it, but not above `h_max`.
    pub(super) size: Lanes<W>,
    /// The controller's [`Memory`], field by field.
    past: [Lanes<W>; 2],
    h_before: Lanes<W>,
    ceiling: Lanes<W>,
    pub(super) steps: [usize; W],
    pub(super) accepted: [usize; W],
    pub(super) y: [Lanes<W>; D],
    /// Where the latest stage stands; the last of a step is its end.
    pub(super) at: [Lanes<W>; D],
    pub(super) p: [Lanes<W>; P],
    pub(super) k: [[Lanes<W>; D]; 7],
}

impl<const D: usize, const P: usize, const W: usize> Riders<D, P, W> {
    pub(super) fn new() -> Self {
        let zero = Lanes([0.0; W]);
        Self {
            member: [0; W],
            taken: [0; W],
            begun: [Stats::default(); W],
            t: zero,
            t_next: zero,
            h: zero,
            size: zero,
            past: [zero; 2],
            h_before: zero,
            ceiling: zero,
            steps: [0; W],
            accepted: [0; W],
            y: [zero; D],
            at: [zero; D],
            p: [zero; P],
            k: [[zero; D]; 7],
        }
    }

    /// What the controller remembers of a lane.
    #[inline(always)]
    pub(super) fn memory(&self, lane: usize) -> Memory {
        Memory {
            past: [self.past[0].0[lane], self.past[1].0[lane]],
            h_before: self.h_before.0[lane],
            ceiling: self.ceiling.0[lane],
        }
    }

    #[inline(always)]
    pub(super) fn remember(&mut self, lane: usize, memory: Memory) {
        self.past[0].0[lane] = memory.past[0];
        self.past[1].0[lane] = memory.past[1];
        self.h_before.0[lane] = memory.h_before;
        self.ceiling.0[lane] = memory.ceiling;
    }

    /// Takes the member out of the lane.
    #[inline(never)]
    pub(super) fn leave(&mut self, lane: usize, stages: usize, error: Option<Error>) -> Ended<D> {
        self.taken[lane] = 0;
        let mut stats = self.begun[lane];
        stats.steps += self.steps[lane];
        stats.accepted += self.accepted[lane];
        stats.rejected += self.steps[lane] - self.accepted[lane];
        stats.nfe += self.steps[lane] * (stages - 1);
        let y = std::array::from_fn(|i| self.y[i].0[lane]);
        Ended { y, stats, error }
    }
}
