//! Which family's formulas lead back.

use super::additive::Additive;
use super::coupled::Coupled;
use super::diagonal::Diagonal;
use super::record::Step;
use super::rosenbrock::Formulas as Rosenbrock;
use super::rows::Rows;
use super::sweep::{Sweep, slope};
use super::symplectic::Composition;
use super::system::additive;
use crate::gradient::{About, add_scaled, cubic};
use crate::{Error, VectorField};
use costate_ode::{Auto, Element, Family, Method, Real, System};

/// The adjoint of a step, in the variables of its method.
#[derive(Debug)]
pub(super) enum Formula<E> {
    Diagonal(Diagonal<E>),
    Additive(Additive<E>),
    Coupled(Coupled<E>),
    Rosenbrock(Rosenbrock<E>),
    Symplectic(Composition<E>),
    /// The explicit method and the one for stiff problems.
    Auto(Diagonal<E>, Rosenbrock<E>),
}

/// Whether a solver's steps can be gone back through: each depends on where it begins alone, by a fixed number of stages.
pub(in crate::gradient) fn has_adjoint(method: Method) -> bool {
    !matches!(
        method.family(),
        Family::Bdf | Family::Adams | Family::Rock(_)
    )
}

/// What an engine asks of a system before any step, and no more.
struct Blank;

impl<T, Y> System<T, Y> for Blank {
    fn eval(&mut self, _t: T, _y: &Y, _dy: &mut Y) {
        unreachable!("no step is taken")
    }
}

impl<E: Real> Formula<E> {
    pub(super) fn new<T: Real>(
        about: &About,
        method: Method,
        field: &mut dyn VectorField<E>,
    ) -> Result<Self, Error>
    where
        E: Element<T>,
    {
        if let Some(tableau) = additive(method, field) {
            return Ok(Self::Additive(Additive::new::<T>(tableau)));
        }
        Ok(match method.family() {
            Family::Explicit(tableau) => Self::Diagonal(Diagonal::explicit::<T>(tableau)),
            Family::Dirk(tableau) => Self::Diagonal(Diagonal::implicit::<T>(tableau)),
            Family::Radau => Self::Coupled(Coupled::radau::<T>(field)),
            Family::Gauss(tableau) => Self::Coupled(Coupled::gauss::<T>(tableau, field)),
            Family::Rosenbrock(tableau) => {
                needs_curvature(about, field)?;
                Self::Rosenbrock(Rosenbrock::new::<T>(tableau))
            }
            Family::Symplectic(tableau) => Self::Symplectic(Composition::new::<T>(tableau)),
            Family::Auto => {
                needs_curvature(about, field)?;
                let both = Auto::<T, Vec<E>>::new(&Blank, &vec![num_traits::Zero::zero()]);
                Self::Auto(
                    Diagonal::explicit::<T>(both.explicit().scheme().tableau()),
                    Rosenbrock::new::<T>(both.stiff().tableau()),
                )
            }
            _ => {
                return Err(Error::Unavailable {
                    method: about.name,
                    what: "the gradient of a solver whose formulas reach over several steps, or that has as many stages as stability needs",
                    instead: "kvaerno5, radau, rodas5p or auto as the solver",
                });
            }
        })
    }

    /// The most stages there are.
    pub(super) fn stages(&self) -> usize {
        match self {
            Self::Diagonal(it) => it.stages(),
            Self::Additive(it) => it.stages(),
            Self::Coupled(it) => it.stages(),
            Self::Rosenbrock(it) => it.stages(),
            Self::Symplectic(_) => 1,
            Self::Auto(explicit, stiff) => explicit.stages().max(stiff.stages()),
        }
    }

    /// The most states that are kept of a step besides where it begins.
    pub(super) fn kept(&self) -> usize {
        match self {
            Self::Symplectic(_) => 0,
            Self::Additive(it) => 2 * it.stages(),
            others => others.stages(),
        }
    }

    /// Goes back through a step: adds to `sweep.begin` all that λ gets besides itself.
    pub(super) fn back<T: Real>(
        &mut self,
        sweep: &mut Sweep<T, E>,
        rows: &mut Rows<E>,
        field: &mut dyn VectorField<E>,
        step: &Step<'_, T, E>,
    ) -> Result<(), Error>
    where
        E: Element<T>,
    {
        let solvable = match self {
            Self::Diagonal(it) => it.back(sweep, rows, field, step),
            Self::Additive(it) => it.back(sweep, rows, field, step),
            Self::Coupled(it) => it.back(sweep, rows, field, step),
            Self::Rosenbrock(it) => it.back(sweep, rows, field, step),
            Self::Symplectic(it) => {
                it.back(sweep, field, step);
                true
            }
            Self::Auto(_, stiff) if step.is_stiff => stiff.back(sweep, rows, field, step),
            Self::Auto(explicit, _) => explicit.back(sweep, rows, field, step),
        };
        if solvable {
            return Ok(());
        }
        Err(Error::Singular {
            time: step.t.as_f64(),
            step: step.dt.as_f64(),
        })
    }

    /// Whether dense output is made of the slopes at both ends.
    pub(super) fn needs_ends(&self) -> bool {
        match self {
            Self::Symplectic(_) | Self::Additive(_) => true,
            Self::Coupled(it) => it.dense.is_empty(),
            _ => false,
        }
    }

    /// Writes dh/dt of dense output at t + σ dt into `out`, which is zero.
    pub(super) fn slope(
        &self,
        (stages, is_stiff): (&[E], bool),
        (h, h_next, ends): (&[E], &[E], &[Vec<E>; 2]),
        (sigma, dt): (E, E),
        out: &mut [E],
    ) {
        if self.needs_ends() {
            let ends = [ends[0].as_slice(), ends[1].as_slice()];
            cubic::slope([h, h_next], ends, (sigma, dt), out);
            return;
        }
        let (dense, scale) = match self {
            Self::Diagonal(it) | Self::Auto(it, _)
                if !matches!(self, Self::Auto(..)) || !is_stiff =>
            {
                (&it.dense, num_traits::One::one())
            }
            Self::Coupled(it) => (&it.dense, dt.recip()),
            Self::Rosenbrock(it) | Self::Auto(_, it) => (&it.dense, dt.recip()),
            Self::Symplectic(_) | Self::Additive(_) | Self::Diagonal(_) => {
                unreachable!("taken above")
            }
        };
        for (row, stage) in dense.iter().zip(stages.chunks_exact(out.len().max(1))) {
            add_scaled(out, scale * slope(row, sigma), stage);
        }
    }
}

fn needs_curvature<E>(about: &About, field: &mut dyn VectorField<E>) -> Result<(), Error> {
    if field.has_curvature() {
        return Ok(());
    }
    Err(Error::Unavailable {
        method: about.name,
        what: "the gradient of a Rosenbrock method, as this field does not know its second derivatives",
        instead: "kvaerno5 or radau as the solver, or a recorded field",
    })
}
