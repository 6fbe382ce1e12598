//! The gradient: there and back.

use super::Steps;
use crate::field::Natural;
use crate::gradient::primal::{check_lengths, check_times};
use crate::gradient::{Gradient, LossFn, Problem, Saved, Stats, add, dot, scalar, total};
use crate::{Error, VectorField};
use costate_ode::{Element, Real};

impl<T: Real, E: Element<T> + Real> Steps<T, E> {
    /// The gradient of a loss.
    pub(in crate::gradient::discrete) fn gradient(
        &mut self,
        field: &mut dyn VectorField<E>,
        problem: &Problem<'_, T, E>,
        loss: &mut LossFn<'_, E>,
        cotangents: &mut Saved<E>,
        gradient: &mut Gradient<E>,
    ) -> Result<(), Error> {
        check_times(problem)?;
        check_lengths(field, problem, self.record.width());
        field.set_parameters(problem.theta);
        let mut natural = Natural::new(field);
        let forward = match self.budget {
            Some(_) => self.solve_within(&mut natural, problem)?,
            None => self.solve(&mut natural, problem)?,
        };
        let record = &self.record;
        cotangents.resize(record.saved.len());
        gradient.loss = loss(&record.saved, cotangents);
        let slopes =
            (0..cotangents.len()).map(|i| dot(cotangents.state(i), record.slopes.state(i)));
        gradient.save.clear();
        if !problem.save_at.is_empty() {
            gradient.save.extend(slopes);
        }

        self.sweep.begin();
        let steps = self.record.len();
        for n in (0..steps).rev() {
            self.back(&mut natural, n, cotangents)?;
        }
        let (record, sweep) = (&self.record, &mut self.sweep);
        gradient.t1 = sweep.end_time;
        if steps == 0 {
            // Start and end coincide: every saved state is h₀, and a step of size zero would have f as its slope.
            for s in 0..cotangents.len() {
                add(&mut sweep.lambda, cotangents.state(s));
            }
            if problem.save_at.is_empty() {
                gradient.t1 = dot(cotangents.state(0), record.slopes.state(0));
            }
        } else {
            // Where a save time lies at σ in the last step, dσ/d(dt) = −σ/dt.
            let last = record.step(steps - 1);
            let saves = gradient.save.iter().skip(last.first_save);
            for (by_save, save) in saves.zip(last.saves) {
                gradient.t1 = gradient.t1 - scalar::<T, E>(save.point.sigma) * *by_save;
            }
        }
        if self.budget.is_some() {
            self.sweep_within(&mut natural, cotangents)?;
        }
        let sweep = &self.sweep;
        gradient
            .h0
            .resize(sweep.lambda.len(), <E as num_traits::Zero>::zero());
        gradient.h0.copy_from_slice(&sweep.lambda);
        gradient
            .theta
            .resize(problem.theta.len(), <E as num_traits::Zero>::zero());
        natural.finish(&mut gradient.theta);
        gradient.t0 = sweep.clock - gradient.t1 - total(&gradient.save);
        gradient.stats = Stats {
            forward,
            backward: costate_ode::Stats::default(),
            products: sweep.products,
        };
        Ok(())
    }

    /// Goes back through step `n` of those kept.
    pub(super) fn back(
        &mut self,
        field: &mut dyn VectorField<E>,
        n: usize,
        cotangents: &Saved<E>,
    ) -> Result<(), Error> {
        let step = self.record.step(n);
        self.sweep.collect(&step, cotangents);
        self.formula
            .back(&mut self.sweep, &mut self.rows, field, &step)?;
        self.sweep.leave(field);
        Ok(())
    }
}
