//! A vector field in two parts.

use super::{Natural, Parts};
use crate::VectorField;
use crate::gradient::add;
use costate_ode::Real;

/// f = f_E + f_I: a part that is cheap, or unpleasant to linearise, and not stiff, and a stiff one.
///
/// [`Discrete`](crate::Discrete) through a method with an explicit companion (`kencarp3`, `kencarp4`, `kencarp5`) takes the one explicitly and the other implicitly, as
/// [`costate_ode::Imex`] does, and gives the exact gradient of that; all other methods see the sum. Both parts have all of θ. Structure and Jacobian
/// are asked of the implicit part alone where it is alone.
///
/// ```
/// use costate_neural_ode::{Discrete, GradientMethod, Native, Problem, RightHandSide, Split};
/// use costate_ode::{Method, Options};
/// use costate_tape::Scalar;
///
/// /// A force that swings with θ₁,
/// struct Force;
/// impl RightHandSide<1, 2> for Force {
///     #[inline(always)]
///     fn eval<S: Scalar>(&self, _h: [S; 1], t: S, [_, size]: [S; 2]) -> [S; 1] {
///         [-(size * t.sin())]
///     }
/// }
///
/// /// and a stiff spring that follows it.
/// struct Spring;
/// impl RightHandSide<1, 2> for Spring {
///     #[inline(always)]
///     fn eval<S: Scalar>(&self, [h]: [S; 1], t: S, [k, size]: [S; 2]) -> [S; 1] {
///         [-(k * (h - size * t.cos()))]
///     }
/// }
///
/// let field = Split::new(Native::new(Force), Native::new(Spring));
/// let options = Options::tolerances(1e-7, 1e-9);
/// let mut discrete = Discrete::new(field, &[0.0], Method::by_name("kencarp4")?, options)?;
/// let problem = Problem { h0: &[1.0], theta: &[1e4, 1.0], t0: 0.0, t1: 2.0, save_at: &[] };
/// let gradient = discrete.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0] // h(2) = θ₁ cos 2, whatever h₀ and the spring
/// })?;
/// assert!((gradient.loss - 2.0_f64.cos()).abs() < 1e-6);
/// assert!((gradient.theta[1] - 2.0_f64.cos()).abs() < 1e-6);
/// assert!((gradient.t1 + 2.0_f64.sin()).abs() < 1e-3 && gradient.h0[0].abs() < 1e-9);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[Kennedy2003\]
#[derive(Clone, Debug)]
pub struct Split<E, I, T = f64> {
    explicit: Natural<E, T>,
    implicit: Natural<I, T>,
    /// What one part makes of it.
    part: Vec<T>,
    a_theta: Vec<T>,
}

impl<T: Real, E: VectorField<T>, I: VectorField<T>> Split<E, I, T> {
    /// The sum of an explicit and an implicit part.
    ///
    /// # Panics
    /// If they differ in the number of states or parameters.
    #[track_caller]
    pub fn new(explicit: E, implicit: I) -> Self {
        let of_explicit = (explicit.state_len(), explicit.parameter_len());
        let of_implicit = (implicit.state_len(), implicit.parameter_len());
        assert!(
            of_explicit == of_implicit,
            "the explicit part has {} states and {} parameters, the implicit one {} and {}; both take all of them",
            of_explicit.0,
            of_explicit.1,
            of_implicit.0,
            of_implicit.1
        );
        Self {
            part: vec![T::zero(); of_explicit.0],
            a_theta: vec![T::zero(); of_explicit.1],
            explicit: Natural::new(explicit),
            implicit: Natural::new(implicit),
        }
    }

    /// The explicit and the implicit part.
    #[must_use]
    pub fn fields(&self) -> (&E, &I) {
        (self.explicit.field(), self.implicit.field())
    }
}

impl<T: Real, E: VectorField<T>, I: VectorField<T>> VectorField<T> for Split<E, I, T> {
    fn state_len(&self) -> usize {
        self.part.len()
    }

    fn parameter_len(&self) -> usize {
        self.a_theta.len()
    }

    #[track_caller]
    fn set_parameters(&mut self, theta: &[T]) {
        self.explicit.set_parameters(theta);
        self.implicit.set_parameters(theta);
    }

    fn eval(&mut self, frame: usize, t: T, h: &[T], dh: &mut [T]) {
        self.explicit.eval(frame, t, h, &mut self.part);
        self.implicit.eval(frame, t, h, dh);
        add(dh, &self.part);
    }

    fn products(&mut self, frame: usize, a: &[T], a_h: &mut [T]) -> T {
        let by_explicit = self.explicit.products(frame, a, &mut self.part);
        let by_implicit = self.implicit.products(frame, a, a_h);
        add(a_h, &self.part);
        by_explicit + by_implicit
    }

    fn accumulate(&mut self, frames: &[(usize, T)]) {
        self.explicit.accumulate(frames);
        self.implicit.accumulate(frames);
    }

    #[track_caller]
    fn finish(&mut self, a_theta: &mut [T]) {
        self.explicit.finish(&mut self.a_theta);
        self.implicit.finish(a_theta);
        add(a_theta, &self.a_theta);
    }

    fn frame_bytes(&self) -> usize {
        self.explicit.frame_bytes() + self.implicit.frame_bytes()
    }

    fn is_autonomous(&self) -> bool {
        self.explicit.is_autonomous() && self.implicit.is_autonomous()
    }

    fn has_curvature(&mut self) -> bool {
        self.explicit.has_curvature() && self.implicit.has_curvature()
    }

    fn curvature(&mut self, t: T, h: &[T], along: (&[T], T), a: &[T], a_h: &mut [T]) -> Option<T> {
        if !self.has_curvature() {
            return None;
        }
        let by_explicit = self.explicit.curvature(t, h, along, a, &mut self.part)?;
        let by_implicit = self.implicit.curvature(t, h, along, a, a_h)?;
        add(a_h, &self.part);
        Some(by_explicit + by_implicit)
    }

    fn parts(&mut self) -> Option<Parts<'_, T>> {
        Some((&mut self.explicit, &mut self.implicit))
    }
}
