//! f where a step begins.

use crate::system::evaluate;
use crate::{State, Stats, System};

/// f at the start of a step: evaluated when it is first asked for, and kept until it is forgotten.
#[derive(Clone, Debug)]
pub(super) struct Slope<Y> {
    f: Y,
    known: bool,
}

impl<Y: Clone> Slope<Y> {
    /// Room for a slope of states like `y`.
    pub(super) fn like(y: &Y) -> Self {
        Self {
            f: y.clone(),
            known: false,
        }
    }
}

impl<Y> Slope<Y> {
    /// f(t, y), which is the same until it is forgotten.
    #[inline]
    pub(super) fn know<T, S>(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y
    where
        Y: State<T>,
        S: System<T, Y>,
    {
        if !self.known {
            evaluate(system, t, y, &mut self.f);
            stats.nfe += 1;
            self.known = true;
        }
        &self.f
    }

    /// What was evaluated last.
    #[inline]
    pub(super) fn last(&self) -> &Y {
        &self.f
    }

    /// It, if it is known.
    #[inline]
    pub(super) fn known(&self) -> Option<&Y> {
        self.known.then_some(&self.f)
    }

    /// The step is taken, or the state was changed.
    #[inline]
    pub(super) fn forget(&mut self) {
        self.known = false;
    }
}
