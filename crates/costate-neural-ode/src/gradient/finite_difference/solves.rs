//! The solves that differences are taken of: one that chooses its steps, and those nearby.

use crate::gradient::discrete::steps::Steps;
use crate::gradient::primal::{self, Primal, StepRecord};
use crate::gradient::{Problem, Saved};
use crate::{Error, VectorField};
use costate_ode::{Method, Options, Real, State};

/// What takes the steps, and those that are frozen.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // There is one of them, and the large one is the usual one.
pub(super) enum Solves<T: Real, Y: State<T>, F> {
    Explicit {
        primal: Primal<T, Y, F>,
        frozen: Vec<StepRecord<T>>,
    },
    Steps {
        field: F,
        steps: Box<Steps<T, Y::Element>>,
    },
}

impl<T, Y, F> Solves<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// For a field with states like `like`.
    pub(super) fn new(
        field: F,
        like: &Y,
        method: Method,
        options: Options<T>,
    ) -> Result<Self, Error> {
        if let Some(tableau) = method.tableau() {
            return Ok(Self::Explicit {
                primal: Primal::of_one_step(field, like, tableau, options)?,
                frozen: Vec::new(),
            });
        }
        let mut field = field;
        let steps = Box::new(Steps::new(&super::ABOUT, &mut field, method, options)?);
        Ok(Self::Steps { field, steps })
    }

    /// Solves the problem as it is and freezes its steps. Returns the size of the last.
    #[track_caller]
    pub(super) fn begin(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
    ) -> Result<(costate_ode::Stats, T), Error> {
        match self {
            Self::Explicit { primal, frozen } => {
                primal.begin(problem)?;
                while primal.advance()? {}
                frozen.clone_from(&primal.steps);
                let last = frozen.last().map_or(T::zero(), |step| step.size);
                Ok((*primal.it.stats(), last))
            }
            Self::Steps { field, steps } => {
                primal::check_times(problem)?;
                primal::check_lengths(field, problem, problem.h0.len());
                let stats = steps.run(field, problem)?;
                Ok((stats, steps.freeze()))
            }
        }
    }

    /// Solves a problem nearby, by the frozen steps or by steps of its own, and counts what is spent.
    pub(super) fn solve(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
        varying: bool,
        spent: &mut costate_ode::Stats,
    ) -> Result<&Saved<Y::Element>, Error> {
        match self {
            Self::Explicit { primal, .. } if varying => {
                primal.go_to_start(problem);
                while primal.advance_without_record()? {}
                primal.save_rest();
            }
            Self::Explicit { primal, frozen } => {
                primal.go_to_start(problem);
                for (n, step) in frozen.iter().enumerate() {
                    primal.replay(step.size, n + 1 == frozen.len());
                    for s in step.saves.0..step.saves.1 {
                        primal.save_state(s, problem.times()[s]);
                    }
                }
            }
            Self::Steps { field, steps } if varying => *spent += steps.run(field, problem)?,
            Self::Steps { field, steps } => *spent += steps.replay(field, problem)?,
        }
        if let Self::Explicit { primal, .. } = self {
            *spent += *primal.it.stats();
        }
        Ok(self.saved())
    }

    pub(super) fn saved(&self) -> &Saved<Y::Element> {
        match self {
            Self::Explicit { primal, .. } => &primal.saved,
            Self::Steps { steps, .. } => steps.saved(),
        }
    }
}
