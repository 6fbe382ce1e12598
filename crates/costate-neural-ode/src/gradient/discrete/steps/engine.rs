//! The engines that the steps are taken by, behind one type.

use super::rows::Rows;
use super::system::{Solved, additive};
use crate::{Error, VectorField};
use costate_ode::{
    Auto, Dirk, Element, Engine, Family, Gauss, Imex, Integrator, Method, Options, Radau, Real,
    Rosenbrock, Scale, Span, Stats, Symplectic,
};

/// An engine over states of any length. The equations of its steps are solved to rounding: what is differentiated is their solution.
pub(super) enum Any<T: Real, E: Element<T>> {
    Dirk(Dirk<T, Vec<E>>),
    Imex(Box<Imex<T, Vec<E>>>),
    Rosenbrock(Rosenbrock<T, Vec<E>>),
    Radau(Radau<T, Vec<E>>),
    Gauss(Gauss<T, Vec<E>>),
    Symplectic(Symplectic<T, Vec<E>>),
    Auto(Box<Auto<T, Vec<E>>>),
}

/// A solve under way.
pub(super) type Stepper<'a, T, E> = Integrator<T, Vec<E>, Solved<'a, E>, Any<T, E>>;

/// A solve that begins at h(`t0`) = `h0`, of a field in natural order.
pub(super) fn stepper<'a, T: Real, E: Element<T> + Real>(
    method: Method,
    options: Options<T>,
    field: &'a mut dyn VectorField<E>,
    rows: &'a mut Rows<E>,
    t0: T,
    h0: &Vec<E>,
) -> Result<Stepper<'a, T, E>, Error> {
    let parts = additive(method, field);
    let mut system = Solved::new(method, field, rows);
    let engine = match method.family() {
        Family::Dirk(tableau) if parts.is_some() => {
            Any::Imex(Box::new(Imex::new(tableau, &mut system, h0).settled(0)))
        }
        Family::Dirk(tableau) => Any::Dirk(Dirk::new(tableau, &system, h0).settled(0)),
        Family::Rosenbrock(tableau) => Any::Rosenbrock(Rosenbrock::new(tableau, &system, h0)),
        Family::Radau => Any::Radau(Radau::new(&system, h0).settled(0)),
        Family::Gauss(tableau) => Any::Gauss(Gauss::new(tableau, &system, h0)),
        Family::Symplectic(tableau) if h0.len().is_multiple_of(2) => {
            Any::Symplectic(Symplectic::new(tableau, h0))
        }
        Family::Symplectic(_) => {
            return Err(Error::Solver(costate_ode::Error::Halves {
                method: method.name,
                found: h0.len(),
            }));
        }
        Family::Auto => Any::Auto(Box::new(Auto::new(&system, h0))),
        _ => unreachable!("a method without a formula for the way back"),
    };
    Ok(Integrator::with_engine(engine, system, t0, h0, options)?)
}

impl<T: Real, E: Element<T> + Real> Any<T, E> {
    /// The stages of the step just accepted, in the method's own variables; of a field in two parts first those of the implicit, then those of the explicit one.
    pub(super) fn stages(&self) -> impl Iterator<Item = &Vec<E>> {
        let (stages, more): (&[Vec<E>], &[Vec<E>]) = match self {
            Self::Dirk(it) => (it.stages(), &[]),
            Self::Imex(it) => it.stages(),
            Self::Rosenbrock(it) => (it.stages(), &[]),
            Self::Radau(it) => (it.stages(), &[]),
            Self::Gauss(it) => (it.stages(), &[]),
            Self::Symplectic(_) => (&[], &[]),
            Self::Auto(it) if it.was_stiff() => (it.stiff().stages(), &[]),
            Self::Auto(it) => (it.explicit().slopes(), &[]),
        };
        stages.iter().chain(more)
    }

    /// Whether the step just accepted was taken by the method for stiff problems, where `auto` has two.
    pub(super) fn was_stiff(&self) -> bool {
        match self {
            Self::Auto(it) => it.was_stiff(),
            _ => true,
        }
    }

    /// Whether the next step is taken by an explicit method, whose steps may be unstable.
    pub(super) fn is_explicit(&self) -> bool {
        matches!(self, Self::Auto(it) if !it.is_stiff())
    }

    /// Has `auto` take the next step by the method for stiff problems, or by the other one.
    pub(super) fn take_next(&mut self, stiff: bool) {
        if let Self::Auto(it) = self {
            it.take_next(stiff);
        }
    }

    fn get(&self) -> &dyn Engine<T, Vec<E>, Solved<'_, E>> {
        match self {
            Self::Dirk(it) => it,
            Self::Imex(it) => &**it,
            Self::Rosenbrock(it) => it,
            Self::Radau(it) => it,
            Self::Gauss(it) => it,
            Self::Symplectic(it) => it,
            Self::Auto(it) => &**it,
        }
    }
}

impl<T: Real, E: Element<T> + Real> Any<T, E> {
    fn get_mut<'s, 'a: 's>(&'s mut self) -> &'s mut (dyn Engine<T, Vec<E>, Solved<'a, E>> + 's) {
        match self {
            Self::Dirk(it) => it,
            Self::Imex(it) => &mut **it,
            Self::Rosenbrock(it) => it,
            Self::Radau(it) => it,
            Self::Gauss(it) => it,
            Self::Symplectic(it) => it,
            Self::Auto(it) => &mut **it,
        }
    }
}

impl<'a, T, E> Engine<T, Vec<E>, Solved<'a, E>> for Any<T, E>
where
    T: Real,
    E: Element<T> + Real,
{
    fn slope(
        &mut self,
        system: &mut Solved<'a, E>,
        t: T,
        y: &Vec<E>,
        stats: &mut Stats,
    ) -> &Vec<E> {
        match self {
            Self::Dirk(it) => it.slope(system, t, y, stats),
            Self::Imex(it) => it.slope(system, t, y, stats),
            Self::Rosenbrock(it) => it.slope(system, t, y, stats),
            Self::Radau(it) => it.slope(system, t, y, stats),
            Self::Gauss(it) => it.slope(system, t, y, stats),
            Self::Symplectic(it) => it.slope(system, t, y, stats),
            Self::Auto(it) => it.slope(system, t, y, stats),
        }
    }

    fn attempt(
        &mut self,
        system: &mut Solved<'a, E>,
        span: Span<T>,
        y: &Vec<E>,
        trial: &mut Vec<E>,
        scale: &mut Scale<T>,
        measure: bool,
        stats: &mut Stats,
    ) -> T {
        self.get_mut()
            .attempt(system, span, y, trial, scale, measure, stats)
    }

    fn accept(&mut self) {
        self.get_mut().accept();
    }

    fn propose(&mut self, tried: T, error2: T, accepted: bool, proposal: T) -> T {
        self.get_mut().propose(tried, error2, accepted, proposal)
    }

    fn rewind(&mut self) -> bool {
        self.get_mut().rewind()
    }

    fn restart(&mut self) {
        self.get_mut().restart();
    }

    fn interpolate(
        &mut self,
        system: &mut Solved<'a, E>,
        span: Span<T>,
        y: &Vec<E>,
        y_next: &Vec<E>,
        sigma: T,
        out: &mut Vec<E>,
        stats: &mut Stats,
    ) {
        self.get_mut()
            .interpolate(system, span, y, y_next, sigma, out, stats);
    }

    fn powers(
        &mut self,
        system: &mut Solved<'a, E>,
        span: Span<T>,
        y: &Vec<E>,
        y_next: &Vec<E>,
        powers: &mut Vec<Vec<E>>,
        stats: &mut Stats,
    ) {
        self.get_mut()
            .powers(system, span, y, y_next, powers, stats);
    }

    fn centre(&self) -> T {
        self.get().centre()
    }

    fn error_exponent(&self) -> usize {
        self.get().error_exponent()
    }

    fn worst(
        &self,
        span: Span<T>,
        y: &Vec<E>,
        trial: &Vec<E>,
        scale: &Scale<T>,
    ) -> Option<(usize, T)> {
        self.get().worst(span, y, trial, scale)
    }

    fn not_finite(&self, span: Span<T>) -> Option<(usize, T, usize)> {
        self.get().not_finite(span)
    }

    fn name(&self) -> &'static str {
        self.get().name()
    }
}
