//! The adjoint of explicit Runge–Kutta methods, with every evaluation kept or within a budget.

use super::checkpoints::Checkpoints;
use super::sweep::Sweep;
use crate::gradient::primal::Primal;
use crate::gradient::{Gradient, LossFn, Problem, Saved, Stats, dot, total};
use crate::{Error, VectorField};
use costate_ode::{Options, Real, State, Tableau};
use num_traits::Zero;

/// Gradients through an explicit Runge–Kutta method.
#[derive(Debug)]
pub(super) struct Explicit<T: Real, Y: State<T>, F> {
    pub(super) primal: Primal<T, Y, F>,
    sweep: Sweep<T, Y>,
    checkpoints: Option<Checkpoints<T, Y::Element>>,
}

impl<T, Y, F> Explicit<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    pub(super) fn new(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
    ) -> Result<Self, Error> {
        let primal = Primal::new(field, like, tableau, options)?;
        Ok(Self {
            sweep: Sweep::new(&primal),
            checkpoints: None,
            primal,
        })
    }

    pub(super) fn limit(&mut self, bytes: usize) {
        self.checkpoints = Some(Checkpoints::new(bytes, &mut self.primal));
    }

    /// Has the next solve take steps half as large as those of the last, two for each.
    pub(super) fn schedule_halves(&mut self) {
        let half = T::from_f64(0.5);
        let sizes = self.sizes().flat_map(|size| [size * half; 2]).collect();
        self.primal.schedule(sizes);
    }

    pub(super) fn predict_retaken(&self, steps: usize) -> usize {
        let kept = self.checkpoints.as_ref();
        kept.map_or(0, |kept| kept.predict(steps))
    }

    pub(super) fn retaken(&self) -> usize {
        self.checkpoints.as_ref().map_or(0, |kept| kept.retaken)
    }

    pub(super) fn sizes(&self) -> impl Iterator<Item = T> + '_ {
        let kept = self.checkpoints.iter().flat_map(Checkpoints::sizes);
        let recorded = self.primal.steps.iter().map(|step| step.size);
        kept.chain(recorded.take_while(|_| self.checkpoints.is_none()))
    }

    #[inline]
    #[track_caller]
    pub(super) fn gradient(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
        loss: &mut LossFn<'_, Y::Element>,
        cotangents: &mut Saved<Y::Element>,
        gradient: &mut Gradient<Y::Element>,
    ) -> Result<(), Error> {
        let Self {
            primal,
            sweep,
            checkpoints,
        } = self;
        primal.begin(problem)?;
        match checkpoints {
            Some(checkpoints) => checkpoints.solve(primal)?,
            None => while primal.advance()? {},
        }
        let forward = *primal.it.stats();
        cotangents.resize(primal.saved.len());
        gradient.loss = loss(&primal.saved, cotangents);

        gradient.save.clear();
        if primal.times_are_variables {
            // book: (save-time)
            let slopes =
                (0..cotangents.len()).map(|i| (cotangents.state(i), primal.slopes.state(i)));
            gradient
                .save
                .extend(slopes.map(|(cotangent, slope)| dot(cotangent, slope)));
        }
        sweep.begin();
        let (steps, before) = (
            primal.steps.len(),
            forward.accepted.saturating_sub(primal.steps.len()),
        );
        for n in (0..steps).rev() {
            sweep.step(primal, n, (before + n == 0, n + 1 == steps), cotangents);
        }
        // book: (end-time), with steps instead of a flow
        gradient.t1 = sweep.end_time(primal, &gradient.save);
        if let Some(checkpoints) = checkpoints {
            checkpoints.sweep(primal, sweep, cotangents);
        }

        gradient.h0.resize(primal.width(), Y::Element::zero());
        gradient
            .theta
            .resize(problem.theta.len(), Y::Element::zero());
        primal
            .field()
            .unpack(sweep.costate().as_slice(), &mut gradient.h0);
        primal.field().finish(&mut gradient.theta);
        // book: (clock), of which (start-time) is what is left
        gradient.t0 = sweep.clock() - gradient.t1 - total(&gradient.save);
        gradient.stats = Stats {
            forward,
            backward: costate_ode::Stats::default(),
            products: sweep.products(),
        };
        Ok(())
    }
}
