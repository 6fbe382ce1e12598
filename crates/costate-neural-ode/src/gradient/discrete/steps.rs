//! The adjoint of one-step methods that are no explicit tableau: what they have in common.
//!
//! Forward, a solve keeps for each step where it began and its stages, (s + 1) n numbers; going back, f is evaluated at the stages once more, for the products there.

mod additive;
mod budget;
mod coupled;
mod diagonal;
mod ends;
mod engine;
pub(in crate::gradient) mod formula;
mod gradient;
mod record;
mod rosenbrock;
pub(in crate::gradient) mod rows;
mod sweep;
mod symplectic;
pub(in crate::gradient) mod system;

use crate::field::Natural;
use crate::gradient::stability::{Proposed, Stability};
use crate::gradient::{Problem, Saved};
use crate::{Error, VectorField};
use budget::Budget;
use costate_ode::{Element, Method, Options, Real};
use engine::Stepper;
use formula::Formula;
use record::Record;
use rows::Rows;
use sweep::Sweep;
use system::Solved;

/// Gradients through a one-step method. States are kept in their natural order.
#[derive(Debug)]
pub(crate) struct Steps<T, E> {
    method: Method,
    options: Options<T>,
    formula: Formula<E>,
    rows: Rows<E>,
    stability: Stability<E>,
    sweep: Sweep<T, E>,
    record: Record<T, E>,
    frozen: Vec<Frozen<T>>,
    /// Steps to take in place of those that the controller would choose; none of them: its own.
    schedule: Vec<Scheduled<T>>,
    budget: Option<Budget<T, E>>,
}

/// A step to be taken again.
#[derive(Clone, Copy, Debug)]
struct Frozen<T> {
    size: T,
    is_stiff: bool,
    last_save: usize,
}

/// The size of a step, and which of its two methods `auto` takes it by.
type Scheduled<T> = (T, bool);

/// Takes the next step, the next of the `schedule` if there is one, whose last is made to land on `end`. Returns where it leads; none if the end was reached before.
fn advance<T: Real, E: Element<T> + Real>(
    it: &mut Stepper<'_, T, E>,
    stability: &mut Stability<E>,
    schedule: &[Scheduled<T>],
    taken: usize,
    end: T,
) -> Result<Option<T>, Error> {
    if schedule.is_empty() {
        if it.finished() {
            return Ok(None);
        }
        if taken > 0 {
            stay_stable(it, stability);
        }
        it.step()?;
        return Ok(Some(it.t()));
    }
    let Some((size, is_stiff)) = schedule.get(taken) else {
        return Ok(None);
    };
    let last = taken + 1 == schedule.len();
    it.engine_mut().take_next(*is_stiff);
    it.force_step(if last { end - it.t() } else { *size });
    Ok(Some(if last { end } else { it.t() }))
}

/// Has the next step be no longer than its derivative allows, as [`Primal`](crate::gradient::primal::Primal) does; where that is stability alone, `auto` goes on with its stiff method.
fn stay_stable<T: Real, E: Element<T> + Real>(
    it: &mut Stepper<'_, T, E>,
    stability: &mut Stability<E>,
) {
    let Some(next) = Proposed::of(it, it.engine().is_explicit()) else {
        return;
    };
    stability.look(it.y_prev(), it.y());
    let (t, y) = (it.t(), it.y().clone());
    let held = it.system_mut().hold((t, &y), stability, next);
    if next.is_explicit && stability.is_settled() {
        it.engine_mut().take_next(true);
    } else if held < next.size {
        it.set_next_h(T::from_f64(held));
    }
}

impl<T: Real, E: Element<T> + Real> Steps<T, E> {
    /// # Errors
    /// [`Error::Unavailable`] for methods of several steps, and for a field that lacks the second derivatives that a method needs; [`Error::Solver`] for
    /// options that make no sense.
    pub(crate) fn new(
        about: &super::About,
        field: &mut dyn VectorField<E>,
        method: Method,
        options: Options<T>,
    ) -> Result<Self, Error> {
        if !method.adaptive && options.step.is_none() {
            return Err(Error::Solver(costate_ode::Error::NoErrorEstimate {
                method: method.name,
            }));
        }
        let n = field.state_len();
        let formula = Formula::new::<T>(about, method, field)?;
        let rows = Solved::rows::<T>(method, field);
        let this = Self {
            sweep: Sweep::new(n, formula.stages(), &rows),
            stability: Stability::new(n, method.order, &options),
            record: Record::new(n),
            method,
            options,
            formula,
            rows,
            frozen: Vec::new(),
            schedule: Vec::new(),
            budget: None,
        };
        // Options that make no sense are refused here, not at the first gradient.
        let (zeros, mut natural) = (
            vec![<E as num_traits::Zero>::zero(); n],
            Natural::new(field),
        );
        let mut rows = this.rows.clone();
        this.stepper(&mut natural, &mut rows, T::zero(), &zeros)?;
        Ok(this)
    }

    fn stepper<'a>(
        &self,
        field: &'a mut dyn VectorField<E>,
        rows: &'a mut Rows<E>,
        t0: T,
        h0: &Vec<E>,
    ) -> Result<Stepper<'a, T, E>, Error> {
        engine::stepper(self.method, self.options.clone(), field, rows, t0, h0)
    }

    pub(super) fn sizes(&self) -> impl Iterator<Item = T> + '_ {
        let kept = self.budget.iter().flat_map(|budget| budget.kept.sizes());
        let recorded = self.record.sizes();
        kept.chain(recorded.take_while(|_| self.budget.is_none()))
    }

    /// Has the next solve take steps half as large as those of the last, two for each.
    pub(super) fn schedule_halves(&mut self) {
        let half = T::from_f64(0.5);
        let is_stiff = |n: usize| match &self.budget {
            Some(budget) => budget.is_stiff(n),
            None => self.record.step(n).is_stiff,
        };
        let sizes = self.sizes().enumerate();
        self.schedule = sizes
            .flat_map(|(n, size)| [(size * half, is_stiff(n)); 2])
            .collect();
    }

    /// Has solves choose their steps again.
    pub(super) fn choose_steps(&mut self) {
        self.schedule = Vec::new();
    }

    /// Keeps no more than so many bytes.
    pub(super) fn limit(&mut self, bytes: usize) {
        let width = self.record.width();
        let step = Record::<T, E>::bytes(width, self.formula.kept());
        self.budget = Some(Budget::new(bytes, step, width));
    }

    /// How many steps a solve of so many would take again.
    pub(super) fn predict_retaken(&self, steps: usize) -> usize {
        let budget = self.budget.as_ref();
        budget.map_or(0, |budget| budget.kept.predict(steps))
    }

    /// How many steps were taken again.
    pub(super) fn retaken(&self) -> usize {
        self.budget.as_ref().map_or(0, |budget| budget.kept.retaken)
    }

    /// The saved states of the last solve.
    pub(crate) fn saved(&self) -> &Saved<E> {
        &self.record.saved
    }

    /// Solves `problem`: the saved states are in `record` then.
    fn solve(
        &mut self,
        field: &mut dyn VectorField<E>,
        problem: &Problem<'_, T, E>,
    ) -> Result<costate_ode::Stats, Error> {
        let mut rows = self.rows.clone();
        self.record.begin(problem);
        let mut it = self.stepper(field, &mut rows, problem.t0, &problem.h0.to_vec())?;
        it.set_end(problem.t1);
        if problem.t0 == problem.t1 {
            self.record.stand(&mut it);
        }
        self.stability.begin(problem.t0.as_f64());
        let mut taken = 0;
        while let Some(t) = advance(
            &mut it,
            &mut self.stability,
            &self.schedule,
            taken,
            problem.t1,
        )? {
            self.record.push(&mut it, &self.formula, t);
            taken += 1;
        }
        self.record.save_rest(&mut it);
        Ok(*it.stats())
    }

    /// Solves `problem` and keeps the steps for [`replay`](Steps::replay). Save times may lie behind the end: dense output goes on.
    pub(crate) fn run(
        &mut self,
        field: &mut dyn VectorField<E>,
        problem: &Problem<'_, T, E>,
    ) -> Result<costate_ode::Stats, Error> {
        field.set_parameters(problem.theta);
        self.solve(&mut Natural::new(field), problem)
    }

    /// Has the steps of the last solve taken again by [`replay`](Steps::replay). Returns the size of the last.
    pub(crate) fn freeze(&mut self) -> T {
        let steps = (0..self.record.len()).map(|n| self.record.step(n));
        self.frozen = self
            .record
            .sizes()
            .zip(steps)
            .map(|(size, step)| Frozen {
                size,
                is_stiff: step.is_stiff,
                last_save: step.first_save + step.saves.len(),
            })
            .collect();
        self.frozen.last().map_or(T::zero(), |step| step.size)
    }

    /// Solves `problem` by the frozen steps, the last of which is made to land on the end; the states are saved in the steps in which they were saved then.
    pub(crate) fn replay(
        &mut self,
        field: &mut dyn VectorField<E>,
        problem: &Problem<'_, T, E>,
    ) -> Result<costate_ode::Stats, Error> {
        field.set_parameters(problem.theta);
        let (mut natural, mut rows) = (Natural::new(field), self.rows.clone());
        self.record.begin(problem);
        let mut it = self.stepper(&mut natural, &mut rows, problem.t0, &problem.h0.to_vec())?;
        let mut saves = 0;
        for (n, step) in self.frozen.iter().enumerate() {
            it.engine_mut().take_next(step.is_stiff);
            let last = n + 1 == self.frozen.len();
            it.force_step(if last { problem.t1 - it.t() } else { step.size });
            for s in saves..step.last_save {
                self.record.save(&mut it, s);
            }
            saves = step.last_save;
        }
        Ok(*it.stats())
    }
}
