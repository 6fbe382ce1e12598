//! What is kept of a solve for the way back.

use super::engine::Stepper;
use super::formula::Formula;
use crate::gradient::save_point::{SavePoint, StepSave};
use crate::gradient::{Problem, Saved, scalar};
use costate_ode::{Element, Real, System};

/// The steps of a solve, its save points and the states there.
#[derive(Debug)]
pub(super) struct Record<T, E> {
    n: usize,
    steps: Vec<Kept<T>>,
    /// How many steps came before those kept, and how many saves belong to these and those before.
    before: usize,
    counted: usize,
    /// Whether the last step kept is the last of all.
    is_end: bool,
    /// Of each step the state it began with, then its stages.
    numbers: Vec<E>,
    saves: Vec<StepSave<T>>,
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
    pub(super) saves: &'a [StepSave<T>],
    pub(super) first_save: usize,
}

impl<T: Real, E: Element<T> + Real> Record<T, E> {
    pub(super) fn new(n: usize) -> Self {
        let zeros = || vec![<E as num_traits::Zero>::zero(); n];
        Self {
            n,
            steps: Vec::new(),
            before: 0,
            counted: 0,
            is_end: true,
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

    /// The bytes of a step with so many stages of a state.
    pub(super) fn bytes(n: usize, stages: usize) -> usize {
        (stages + 1) * n * size_of::<E>() + size_of::<Kept<T>>()
    }

    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// Of the steps kept.
    pub(super) fn sizes(&self) -> impl Iterator<Item = T> + '_ {
        self.steps.iter().map(|step| step.size)
    }

    pub(super) fn begin(&mut self, problem: &Problem<'_, T, E>) {
        self.begin_piece(0);
        (self.counted, self.is_end) = (0, true);
        self.saves.clear();
        self.times.clear();
        self.times.extend_from_slice(problem.times());
        self.saved.resize(self.times.len());
        self.slopes.resize(self.times.len());
        self.end = problem.t1;
    }

    /// Forgets the steps so far, `before` of them.
    pub(super) fn begin_piece(&mut self, before: usize) {
        self.steps.clear();
        self.numbers.clear();
        self.before = before;
    }

    /// Goes back to where `saves` states had been saved.
    pub(super) fn rewind(&mut self, saves: usize) {
        (self.counted, self.is_end) = (saves, false);
    }

    /// How many states were saved before the step to come.
    pub(super) fn saved_points(&self) -> usize {
        self.counted
    }

    /// There is no way to go: every saved state is the first, and its slope f.
    pub(super) fn stand(&mut self, it: &mut Stepper<'_, T, E>) {
        self.state.copy_from_slice(it.y());
        let t = it.t();
        it.system_mut().eval(t, &self.state, &mut self.ends[0]);
        for s in 0..self.times.len() {
            self.saved.state_mut(s).copy_from_slice(&self.state);
            self.slopes.state_mut(s).copy_from_slice(&self.ends[0]);
        }
    }

    /// Keeps the step just taken, to `t`, and saves the states that lie in it.
    pub(super) fn push(&mut self, it: &mut Stepper<'_, T, E>, formula: &Formula<E>, t: T) {
        let (begin, size) = (it.t_prev(), it.h());
        let (offset, is_stiff) = self.keep(it);
        let mut ends_known = false;
        while let Some(&time) = self.times.get(self.saves.len()) {
            let Some(point) = SavePoint::find(time, (begin, t, size), self.end) else {
                break;
            };
            let s = self.saves.len();
            // Where differences move the start, a time may lie before it.
            it.extrapolate(time, &mut self.state);
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
                (scalar(point.sigma), scalar(size)),
                self.slopes.state_mut(s),
            );
            self.saves.push(StepSave {
                step: self.before + self.steps.len() - 1,
                point,
            });
        }
        self.counted = self.saves.len();
    }

    /// Keeps the numbers of the step just taken. Returns where they begin, and by which method it was taken.
    fn keep(&mut self, it: &Stepper<'_, T, E>) -> (usize, bool) {
        let offset = self.numbers.len();
        let is_stiff = it.engine().was_stiff();
        self.numbers.extend_from_slice(it.y_prev());
        for stage in it.engine().stages() {
            self.numbers.extend_from_slice(stage);
        }
        self.steps.push(Kept {
            t: it.t_prev(),
            size: it.h(),
            offset,
            first_save: self.counted,
            is_stiff,
        });
        (offset, is_stiff)
    }

    /// Keeps the step just taken again, whose states were saved the first time.
    pub(super) fn push_again(&mut self, it: &mut Stepper<'_, T, E>) {
        let n = self.before + self.steps.len();
        self.keep(it);
        while self
            .saves
            .get(self.counted)
            .is_some_and(|save| save.step == n)
        {
            self.counted += 1;
        }
    }

    /// Saves the state at save time `s` by the dense output of the last step.
    pub(super) fn save(&mut self, it: &mut Stepper<'_, T, E>, s: usize) {
        it.extrapolate(self.times[s], &mut self.state);
        self.saved.state_mut(s).copy_from_slice(&self.state);
    }

    /// Saves the states behind the end, if there are any, by the dense output of the last step.
    pub(super) fn save_rest(&mut self, it: &mut Stepper<'_, T, E>) {
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
        let last_save = next.map_or(self.counted, |next| next.first_save);
        let (h, stages) = self.numbers[kept.offset..end].split_at(self.n);
        Step {
            t: scalar(kept.t),
            dt: scalar(kept.size),
            h,
            stages,
            is_stiff: kept.is_stiff,
            is_first: self.before + k == 0,
            is_last: self.is_end && next.is_none(),
            saves: &self.saves[kept.first_save..last_save],
            first_save: kept.first_save,
        }
    }
}
