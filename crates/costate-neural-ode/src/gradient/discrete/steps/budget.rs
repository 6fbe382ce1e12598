//! A solve whose stages do not all fit into memory.

use super::rows::Rows;
use super::{Steps, engine};
use crate::gradient::discrete::checkpoints::Checkpoints;
use crate::gradient::{Problem, Saved};
use crate::{Error, VectorField};
use costate_ode::{Element, Real};

/// What is kept of a solve within so many bytes: marks and sizes of steps, and by which of its methods `auto` took them.
#[derive(Debug)]
pub(super) struct Budget<T, E> {
    pub(super) kept: Checkpoints<T, E>,
    /// The steps from which on the other method took them.
    turns: Vec<usize>,
}

impl<T: Real, E: Element<T> + Real> Budget<T, E> {
    pub(super) fn new(bytes: usize, step: usize, width: usize) -> Self {
        Self {
            kept: Checkpoints::within(bytes, step, width),
            turns: Vec::new(),
        }
    }

    /// Whether step `n` was taken by the method for stiff problems. Of two methods the explicit one begins.
    pub(super) fn is_stiff(&self, n: usize) -> bool {
        self.turns.partition_point(|turn| *turn <= n) % 2 == 1
    }
}

impl<T: Real, E: Element<T> + Real> Steps<T, E> {
    /// Solves `problem`. Of the last piece everything is kept.
    pub(super) fn solve_within(
        &mut self,
        field: &mut dyn VectorField<E>,
        problem: &Problem<'_, T, E>,
    ) -> Result<costate_ode::Stats, Error> {
        let Self {
            budget: Some(budget),
            record,
            formula,
            schedule,
            stability,
            ..
        } = self
        else {
            unreachable!("there is a budget")
        };
        let mut rows = self.rows.clone();
        record.begin(problem);
        let (method, options) = (self.method, self.options.clone());
        let h0 = problem.h0.to_vec();
        let mut it = engine::stepper(method, options, field, &mut rows, problem.t0, &h0)?;
        it.set_end(problem.t1);
        if problem.t0 == problem.t1 {
            record.stand(&mut it);
        }
        stability.begin(problem.t0.as_f64());
        budget.turns.clear();
        budget.kept.restart((problem.t0, problem.h0));
        loop {
            let taken = budget.kept.count;
            let finished = it.finished() || (!schedule.is_empty() && taken == schedule.len());
            if record.len() == budget.kept.piece && !finished {
                record.begin_piece(taken);
                budget
                    .kept
                    .end_piece(record.saved_points(), (it.t(), it.y()));
            }
            let Some(t) = super::advance(&mut it, stability, schedule, taken, problem.t1)? else {
                break;
            };
            let is_stiff = it.engine().was_stiff();
            if budget.is_stiff(budget.kept.count) != is_stiff {
                budget.turns.push(budget.kept.count);
            }
            record.push(&mut it, formula, t);
            budget.kept.keep_size(it.h())?;
        }
        Ok(*it.stats())
    }

    /// Goes back through all pieces before the last, which was gone through already.
    pub(super) fn sweep_within(
        &mut self,
        field: &mut dyn VectorField<E>,
        cotangents: &Saved<E>,
    ) -> Result<(), Error> {
        let width = self.record.width();
        let mut end = self.budget.as_ref().map_or(0, |budget| budget.kept.begin);
        while end > 0 {
            let mut rows = self.rows.clone();
            let begin = self.retake(field, &mut rows, end, width)?;
            for n in (0..self.record.len()).rev() {
                self.back(field, n, cotangents)?;
            }
            end = begin;
        }
        Ok(())
    }

    /// Takes the steps of the last piece before step `end` again. Returns where it begins.
    fn retake(
        &mut self,
        field: &mut dyn VectorField<E>,
        rows: &mut Rows<E>,
        end: usize,
        width: usize,
    ) -> Result<usize, Error> {
        let Some(budget) = &mut self.budget else {
            unreachable!("there is a budget")
        };
        let mark = budget.kept.nearest(end, width);
        let state = budget.kept.state(width).to_vec();
        let (between, begin) = budget.kept.plan(mark, end);
        let options = self.options.clone();
        let mut it = engine::stepper(self.method, options, field, rows, mark.time, &state)?;
        self.record.rewind(mark.saves);
        for n in mark.step..end {
            if n > mark.step && n < begin && (n - mark.step).is_multiple_of(between) {
                let saves = self.record.saved_points();
                budget.kept.mark(n, saves, (it.t(), it.y()));
            }
            if n <= begin {
                self.record.begin_piece(n);
            }
            it.engine_mut().take_next(budget.is_stiff(n));
            it.force_step(budget.kept.size(n));
            self.record.push_again(&mut it);
        }
        budget.kept.retaken += end - mark.step;
        Ok(begin)
    }
}
