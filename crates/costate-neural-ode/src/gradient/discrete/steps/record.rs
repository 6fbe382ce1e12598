//! What is kept of a solve for the way back.

use super::engine::Stepper;
use super::formula::Formula;
use crate::gradient::primal::SavePoint;
use crate::gradient::{Problem, Saved, scalar};
use costate_ode::{Element, Real, System};

/// The steps of a solve, its save points and the states there.
#[derive(Debug)]
pub(super) struct Record<T, E> {
    n: usize,
    steps: Vec<Kept<T>>,
    /// Of each step the state it began with, then its stages.
    numbers: Vec<E>,
    saves: Vec<SavePoint<T>>,
    pub(super) saved: Saved<E>,
    /// dh/dt of dense output at the save times.
    pub(super) slopes: Saved<E>,
    times: Vec<T>,
    end: T,
    state: Vec<E>,
    ends: [Vec<E>; 2],
}

#[derive(Clone, Copy, Debug)]
struct Kept<T> {
    t: T,
    size: T,
    /// Where its numbers begin.
    offset: usize,
    first_save: usize,
    is_stiff: bool,
}

/// A step to go back through.
pub(super) struct Step<'a, T, E> {
    pub(super) t: E,
    pub(super) dt: E,
    pub(super) h: &'a [E],
    /// One behind the other.
    pub(super) stages: &'a [E],
    /// By which of its two methods `auto` took it.
    pub(super) is_stiff: bool,
    pub(super) is_first: bool,
    pub(super) is_last: bool,
    pub(super) saves: &'a [SavePoint<T>],
    pub(super) first_save: usize,
}

impl<T: Real, E: Element<T> + Real> Record<T, E> {
    pub(super) fn new(n: usize) -> Self {
        let zeros = || vec![<E as num_traits::Zero>::zero(); n];
        Self {
            n,
            steps: Vec::new(),
            numbers: Vec::new(),
            saves: Vec::new(),
            saved: Saved::new(n),
            slopes: Saved::new(n),
            times: Vec::new(),
            end: T::zero(),
            state: zeros(),
            ends: [zeros(), zeros()],
        }
    }

    pub(super) fn width(&self) -> usize {
        self.n
    }

    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    pub(super) fn sizes(&self) -> impl Iterator<Item = T> + '_ {
        self.steps.iter().map(|step| step.size)
    }

    pub(super) fn begin(&mut self, problem: &Problem<'_, T, E>) {
        self.steps.clear();
        self.numbers.clear();
        self.saves.clear();
        self.times.clear();
        self.times.extend_from_slice(problem.times());
        self.saved.resize(self.times.len());
        self.slopes.resize(self.times.len());
        self.end = problem.t1;
    }

    /// There is no way to go: every saved state is the first, and its slope f.
    pub(super) fn stand(&mut self, it: &mut Stepper<'_, '_, T, E>) {
        self.state.copy_from_slice(it.y());
        let t = it.t();
        it.system_mut().eval(t, &self.state, &mut self.ends[0]);
        for s in 0..self.times.len() {
            self.saved.state_mut(s).copy_from_slice(&self.state);
            self.slopes.state_mut(s).copy_from_slice(&self.ends[0]);
        }
    }

    /// Keeps the step just taken and saves the states that lie in it.
    pub(super) fn push(&mut self, it: &mut Stepper<'_, '_, T, E>, formula: &Formula<E>) {
        let (begin, t, size) = (it.t_prev(), it.t(), it.h());
        let (offset, first_save) = (self.numbers.len(), self.saves.len());
        let (stages, is_stiff) = it.engine().stages();
        self.numbers.extend_from_slice(it.y_prev());
        for stage in stages {
            self.numbers.extend_from_slice(stage);
        }
        let mut ends_known = false;
        while let Some(&time) = self.times.get(self.saves.len()) {
            if (t - time) * (self.end - begin) < T::zero() {
                break;
            }
            let at_end = time == t;
            let sigma = if at_end {
                T::one()
            } else {
                (time - begin) / size
            };
            let s = self.saves.len();
            it.interpolate(time, &mut self.state);
            self.saved.state_mut(s).copy_from_slice(&self.state);
            if formula.needs_ends() && !ends_known {
                ends_known = true;
                self.state.copy_from_slice(it.y_prev());
                it.system_mut().eval(begin, &self.state, &mut self.ends[0]);
                self.state.copy_from_slice(it.y());
                it.system_mut().eval(t, &self.state, &mut self.ends[1]);
            }
            let stages = &self.numbers[offset + self.n..];
            formula.slope(
                (stages, is_stiff),
                (it.y_prev(), it.y(), &self.ends),
                (scalar(sigma), scalar(size)),
                self.slopes.state_mut(s),
            );
            self.saves.push(SavePoint { sigma, at_end });
        }
        self.steps.push(Kept {
            t: begin,
            size,
            offset,
            first_save,
            is_stiff,
        });
    }

    /// Saves the state at save time `s` by the dense output of the last step.
    pub(super) fn save(&mut self, it: &mut Stepper<'_, '_, T, E>, s: usize) {
        it.interpolate(self.times[s], &mut self.state);
        self.saved.state_mut(s).copy_from_slice(&self.state);
    }

    /// Saves the states behind the end, if there are any, by the dense output of the last step.
    pub(super) fn save_rest(&mut self, it: &mut Stepper<'_, '_, T, E>) {
        if self.steps.is_empty() {
            return;
        }
        for s in self.saves.len()..self.times.len() {
            self.save(it, s);
        }
    }

    /// Step `k`.
    pub(super) fn step(&self, k: usize) -> Step<'_, T, E> {
        let (kept, next) = (self.steps[k], self.steps.get(k + 1));
        let end = next.map_or(self.numbers.len(), |next| next.offset);
        let last_save = next.map_or(self.saves.len(), |next| next.first_save);
        let (h, stages) = self.numbers[kept.offset..end].split_at(self.n);
        Step {
            t: scalar(kept.t),
            dt: scalar(kept.size),
            h,
            stages,
            is_stiff: kept.is_stiff,
            is_first: k == 0,
            is_last: next.is_none(),
            saves: &self.saves[kept.first_save..last_save],
            first_save: kept.first_save,
        }
    }
}
