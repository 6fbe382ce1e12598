//! The right-hand side of dy/dt = f(t, y), and what implicit methods may know of it.

mod free;
mod given;
mod split;
mod with;

pub use free::{GivenPreconditioner, MatrixFree, WithPreconditioner};
pub use given::{
    Autonomous, GivenJacobian, GivenSpectralRadius, GivenTimeDerivative, WithJacobian, WithMass,
    WithSpectralRadius, WithStructure, WithTimeDerivative,
};

pub use split::Split;
pub use with::{Attachment, With};

use crate::{Krylov, Matrix, State, Structure};

/// The vector field f of dy/dt = f(t, y).
///
/// Closures and functions `|t: f64, y: &Y, dy: &mut Y|` implement it. `eval` takes `&mut self`, so a system may own its work
/// space, count its calls or record them. The order in which an integrator calls it is part of the integrator's documentation.
///
/// `eval` must write every component of `dy`; what it finds there is left from earlier evaluations.
///
/// Implicit methods need the derivatives of f. A system that says nothing of them has them taken by differences of f; one that knows
/// them overrides the other methods, or gets them attached: [`Ivp::jacobian`](crate::Ivp::jacobian) and its neighbours, [`WithJacobian`] and its.
///
/// ```
/// use costate_ode::System;
///
/// struct Decay { rate: f64 }
/// impl System<f64, [f64; 1]> for Decay {
///     fn eval(&mut self, _t: f64, y: &[f64; 1], dy: &mut [f64; 1]) {
///         dy[0] = -self.rate * y[0];
///     }
/// }
/// let mut dy = [0.0];
/// Decay { rate: 2.0 }.eval(0.0, &[3.0], &mut dy);
/// assert_eq!(dy, [-6.0]);
/// ```
pub trait System<T, Y> {
    /// Writes f(t, y) into `dy`.
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y);

    /// Which entries of ∂f/∂y can be other than zero. Asked once, when an integration is prepared.
    fn structure(&self) -> Structure {
        Structure::Dense
    }

    /// M of M dy/dt = f(t, y), if it is not the identity; constant, and singular for differential-algebraic systems (of index 1).
    /// Asked once, when an integration is prepared; explicit methods do not ask.
    fn mass(&self) -> Option<Matrix<Y::Element>>
    where
        Y: State<T>,
    {
        None
    }

    /// Writes ∂f/∂y at (t, y) into `jacobian`, whose entries are all zero, and returns true; or returns false to have it taken by differences,
    /// one evaluation of f for each [colour](Matrix::colours) of the matrix.
    ///
    /// `eval` was called before, but not always at this point.
    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool
    where
        Y: State<T>,
    {
        let _ = (t, y, jacobian);
        false
    }

    /// Writes ∂f/∂t at (t, y) into `out` and returns true; or returns false to have it taken by a difference. Only Rosenbrock methods ask.
    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        let _ = (t, y, out);
        false
    }

    /// Its parts f = f_explicit + f_implicit, in this order, if it has them ([`Split`]). Only methods with an explicit companion ask
    /// ([`Imex`](crate::Imex)).
    fn parts(&mut self) -> Option<Parts<'_, T, Y>> {
        None
    }

    /// Whether implicit methods are to do without matrices, and how. Asked once, when an integration is prepared; only BDF and diagonally implicit methods can
    /// ([`Error::MatrixFree`](crate::Error::MatrixFree)), of systems without a mass matrix.
    fn krylov(&self) -> Option<Krylov> {
        None
    }

    /// Writes ∂f/∂y x at (t, y) into `out` and returns true; or returns false to have it taken by a difference. Asked by matrix-free methods.
    fn jacobian_times(&mut self, t: T, y: &Y, x: &Y, out: &mut Y) -> bool {
        let _ = (t, y, x, out);
        false
    }

    /// Solves (s − A) x = r approximately for x, in place of `r`, with A near ∂f/∂y at (t, y), and returns true; or returns false where there is
    /// no preconditioner. Asked by matrix-free methods.
    fn precondition(&mut self, t: T, y: &Y, s: T, r: &mut Y) -> bool {
        let _ = (t, y, s, r);
        false
    }

    /// A bound of |λ| for the eigenvalues λ of ∂f/∂y at (t, y); or nothing, to have it estimated by a power iteration. Only stabilised methods ask.
    fn spectral_radius(&mut self, t: T, y: &Y) -> Option<T> {
        let _ = (t, y);
        None
    }
}

/// The explicit and the implicit part of a system.
///
/// ```
/// use costate_ode::{Split, System};
/// let mut system = Split::new(
///     |t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = t,
///     |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e4 * y[0],
/// );
/// let mut dy = [0.0];
/// let (explicit, implicit) = system.parts().expect("it has two");
/// explicit.eval(3.0, &[1.0], &mut dy);
/// assert_eq!(dy, [3.0]);
/// implicit.eval(3.0, &[1.0], &mut dy);
/// assert_eq!(dy, [-1e4]);
/// ```
pub type Parts<'a, T, Y> = (&'a mut dyn System<T, Y>, &'a mut dyn System<T, Y>);

impl<T, Y, F: FnMut(T, &Y, &mut Y)> System<T, Y> for F {
    #[inline]
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self(t, y, dy);
    }
}

/// Writes f(t, y) into `dy`, and sees to it that there is a component for each of the state's.
///
/// # Panics
/// If f changed the number of components; they are put right first, so that the next evaluation finds what it should.
#[inline(always)]
pub(crate) fn evaluate<T, Y, S>(system: &mut S, t: T, y: &Y, dy: &mut Y)
where
    Y: State<T>,
    S: System<T, Y> + ?Sized,
{
    system.eval(t, y, dy);
    if dy.as_slice().len() != y.as_slice().len() {
        wrong_length(y, dy);
    }
}

#[cold]
#[inline(never)]
fn wrong_length<T, Y: State<T>>(y: &Y, dy: &mut Y) -> ! {
    let (expected, found) = (y.as_slice().len(), dy.as_slice().len());
    *dy = y.clone();
    panic!("f left {found} components in dy, but the state has {expected}");
}

/// A system behind a pointer.
pub(crate) struct Erased<'a, T, Y>(pub(crate) &'a mut dyn System<T, Y>);

impl<T, Y: State<T>> System<T, Y> for Erased<'_, T, Y> {
    #[inline]
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        self.0.eval(t, y, dy);
    }
    fn structure(&self) -> Structure {
        self.0.structure()
    }
    fn mass(&self) -> Option<Matrix<Y::Element>> {
        self.0.mass()
    }
    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool {
        self.0.jacobian(t, y, jacobian)
    }
    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        self.0.time_derivative(t, y, out)
    }
    fn spectral_radius(&mut self, t: T, y: &Y) -> Option<T> {
        self.0.spectral_radius(t, y)
    }
    fn parts(&mut self) -> Option<Parts<'_, T, Y>> {
        self.0.parts()
    }
    fn krylov(&self) -> Option<Krylov> {
        self.0.krylov()
    }
    fn jacobian_times(&mut self, t: T, y: &Y, x: &Y, out: &mut Y) -> bool {
        self.0.jacobian_times(t, y, x, out)
    }
    fn precondition(&mut self, t: T, y: &Y, s: T, r: &mut Y) -> bool {
        self.0.precondition(t, y, s, r)
    }
}
