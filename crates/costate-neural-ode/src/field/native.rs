//! Vector fields of a few states, written in Rust and compiled with the program that uses them.

use crate::VectorField;
use costate_ode::{Matrix, Real};
use costate_tape::{Dual, Function, Scalar, Var};
use std::array::from_fn;

/// A right-hand side f(h, t, θ) with N states and P parameters, written once for every kind of number.
///
/// Write `#[inline(always)]` on `eval`: its derivatives come out of the same code through dual numbers, and only what is inlined becomes the
/// straight-line code that this is for.
///
/// ```
/// use costate_neural_ode::RightHandSide;
/// use costate_tape::Scalar;
///
/// struct LotkaVolterra;
///
/// impl RightHandSide<2, 4> for LotkaVolterra {
///     #[inline(always)]
///     fn eval<S: Scalar>(&self, [x, y]: [S; 2], _t: S, [a, b, c, d]: [S; 4]) -> [S; 2] {
///         [a * x - b * x * y, d * x * y - c * y]
///     }
/// }
///
/// let (h, theta) = ([4.0, 2.0], [0.5, 0.25, 1.0, 0.125]);
/// assert_eq!(LotkaVolterra.eval(h, 0.0, theta), [0.0, -1.0]);
/// let products = LotkaVolterra.products(h, 0.0, theta, [1.0, 0.0]);
/// assert_eq!((products.h, products.t, products.theta), ([0.0, -1.0], 0.0, [4.0, -8.0, 0.0, 0.0]));
/// ```
pub trait RightHandSide<const N: usize, const P: usize> {
    /// f(h, t, θ).
    fn eval<S: Scalar>(&self, h: [S; N], t: S, theta: [S; P]) -> [S; N];

    /// a·∂f/∂h, a·∂f/∂t and a·∂f/∂θ; by dual numbers unless written by hand.
    ///
    /// Dual numbers cost about N + P + 1 evaluations. With more than about ten parameters, products written by hand, or a
    /// [`Recorded`](crate::Recorded) field, are faster.
    #[inline(always)]
    fn products<S: Scalar>(&self, h: [S; N], t: S, theta: [S; P], a: [S; N]) -> Products<S, N, P> {
        let along_h = self.eval(
            from_fn(|i| Dual::<S, N>::variable(h[i], i)),
            Dual::constant(t),
            from_fn(|k| Dual::constant(theta[k])),
        );
        let along_t = self.eval(
            from_fn(|i| Dual::<S, 1>::constant(h[i])),
            Dual::variable(t, 0),
            from_fn(|k| Dual::constant(theta[k])),
        );
        let along_theta = self.eval(
            from_fn(|i| Dual::<S, P>::constant(h[i])),
            Dual::constant(t),
            from_fn(|k| Dual::variable(theta[k], k)),
        );
        Products {
            h: from_fn(|j| weighted(&a, |i| along_h[i].tangent[j])),
            t: weighted(&a, |i| along_t[i].tangent[0]),
            theta: from_fn(|k| weighted(&a, |i| along_theta[i].tangent[k])),
        }
    }
}

/// Σ a_i x(i).
#[inline(always)]
fn weighted<S: Scalar, const N: usize>(a: &[S; N], x: impl Fn(usize) -> S) -> S {
    let mut sum = S::from_f64(0.0);
    for i in 0..N {
        sum += a[i] * x(i);
    }
    sum
}

/// The three products of a row a with the derivatives of f.
///
/// ```
/// use costate_neural_ode::{Products, RightHandSide};
/// use costate_tape::Scalar;
///
/// struct House;
/// impl RightHandSide<1, 1> for House {
///     #[inline(always)]
///     fn eval<S: Scalar>(&self, [h]: [S; 1], t: S, [theta]: [S; 1]) -> [S; 1] {
///         [theta * t * h]
///     }
/// }
/// // a (θ t, θ h, t h) at h = 3, t = 4, θ = ¼ and a = 2
/// assert_eq!(House.products([3.0], 4.0, [0.25], [2.0]), Products { h: [2.0], t: 1.5, theta: [24.0] });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Products<S, const N: usize, const P: usize> {
    /// a·∂f/∂h.
    pub h: [S; N],
    /// a·∂f/∂t.
    pub t: S,
    /// a·∂f/∂θ.
    pub theta: [S; P],
}

/// A [`RightHandSide`] as a vector field. With states `[T; N]` a whole gradient becomes straight-line code that allocates only its frames.
///
/// ```
/// use costate_neural_ode::{Discrete, GradientMethod, Native, Problem, RightHandSide};
/// use costate_ode::{Options, tableau};
/// use costate_tape::Scalar;
///
/// struct House;
///
/// impl RightHandSide<1, 1> for House {
///     #[inline(always)]
///     fn eval<S: Scalar>(&self, [h]: [S; 1], t: S, [theta]: [S; 1]) -> [S; 1] {
///         [theta * t * h]
///     }
/// }
///
/// let options = Options::tolerances(1e-10, 1e-10);
/// let mut discrete = Discrete::new(Native::new(House), &[0.0], tableau::by_name("tsit5")?, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = discrete.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0]
/// })?;
/// assert!((gradient.theta[0] - 24.0 * 2.0_f64.exp()).abs() < 1e-6);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Native<R, T, const N: usize, const P: usize> {
    side: R,
    theta: [T; P],
    frames: Vec<Frame<T, N, P>>,
    sum: [T; P],
}

/// An evaluation.
#[derive(Clone, Copy, Debug)]
struct Frame<T, const N: usize, const P: usize> {
    t: T,
    h: [T; N],
    /// a·∂f/∂θ with the last row a.
    a_theta: [T; P],
}

impl<R, T, const N: usize, const P: usize> Native<R, T, N, P>
where
    R: RightHandSide<N, P>,
    T: Real + Scalar,
{
    /// The vector field of `side`.
    #[must_use]
    pub fn new(side: R) -> Self {
        Self {
            side,
            theta: [T::zero(); P],
            frames: Vec::new(),
            sum: [T::zero(); P],
        }
    }

    /// The same right-hand side, recorded: to print it, to compile it with [`Recorded`](crate::Recorded), or as a part of another record.
    ///
    /// # Panics
    /// If it branches on a value.
    ///
    /// ```
    /// use costate_neural_ode::{Native, RightHandSide};
    /// use costate_tape::Scalar;
    ///
    /// struct Growth;
    ///
    /// impl RightHandSide<1, 2> for Growth {
    ///     fn eval<S: Scalar>(&self, [h]: [S; 1], _t: S, [r, k]: [S; 2]) -> [S; 1] {
    ///         [r * h * (S::from_f64(1.0) - h / k)]
    ///     }
    /// }
    ///
    /// let f = Native::<_, f64, 1, 2>::new(Growth).function();
    /// assert_eq!(f.eval(&[&[2.0], &[0.0], &[0.5, 8.0]])?[0], [0.75]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    pub fn function(&self) -> Function<T> {
        let inputs: [(&str, &[usize]); 3] = [("h", &[N]), ("t", &[]), ("theta", &[P])];
        let function = Function::record(&inputs, |inputs| {
            let (h, theta) = (inputs[0], inputs[2]);
            let dh = self.side.eval(
                from_fn(|i| h.index(i)),
                inputs[1],
                from_fn(|k| theta.index(k)),
            );
            vec![Var::stack(&dh)]
        });
        function.expect("the names of the inputs are distinct")
    }

    #[cold]
    fn make_frames(&mut self, frame: usize) {
        let empty = Frame {
            t: T::zero(),
            h: [T::zero(); N],
            a_theta: [T::zero(); P],
        };
        self.frames.resize(frame + 1, empty);
    }
}

/// A slice whose length is the field's.
#[inline(always)]
#[track_caller]
fn array<T, const N: usize>(values: &[T]) -> &[T; N] {
    match values.try_into() {
        Ok(values) => values,
        Err(_) => panic!("{} values given, but {N} expected", values.len()),
    }
}

impl<R, T, const N: usize, const P: usize> VectorField<T> for Native<R, T, N, P>
where
    R: RightHandSide<N, P>,
    T: Real + Scalar,
{
    fn state_len(&self) -> usize {
        N
    }

    fn parameter_len(&self) -> usize {
        P
    }

    #[track_caller]
    fn set_parameters(&mut self, theta: &[T]) {
        self.theta = *array(theta);
        self.sum = [T::zero(); P];
    }

    fn frame_bytes(&self) -> usize {
        size_of::<Frame<T, N, P>>()
    }

    #[inline(never)]
    fn jacobian(&mut self, t: T, h: &[T], jacobian: &mut Matrix<T>, f_t: &mut [T]) -> bool {
        let h: &[T; N] = array(h);
        let along_h = self.side.eval(
            from_fn(|i| Dual::<T, N>::variable(h[i], i)),
            Dual::constant(t),
            from_fn(|k| Dual::constant(self.theta[k])),
        );
        let along_t = self.side.eval(
            from_fn(|i| Dual::<T, 1>::constant(h[i])),
            Dual::variable(t, 0),
            from_fn(|k| Dual::constant(self.theta[k])),
        );
        for i in 0..N {
            f_t[i] = along_t[i].tangent[0];
            for j in 0..N {
                jacobian.set(i, j, along_h[i].tangent[j]);
            }
        }
        true
    }

    fn has_curvature(&mut self) -> bool {
        true
    }

    /// The products of f carried along (u, s): their derivatives are those of the tangent.
    #[inline(never)]
    fn curvature(&mut self, t: T, h: &[T], (u, s): (&[T], T), a: &[T], a_h: &mut [T]) -> Option<T> {
        let (h, u, a): (&[T; N], &[T; N], &[T; N]) = (array(h), array(u), array(a));
        let carried = |value: T, tangent: T| Dual {
            value,
            tangent: [tangent],
        };
        let products = self.side.products(
            from_fn(|i| carried(h[i], u[i])),
            carried(t, s),
            from_fn(|k| Dual::<T, 1>::constant(self.theta[k])),
            from_fn(|i| Dual::constant(a[i])),
        );
        for (a_h, product) in a_h.iter_mut().zip(&products.h) {
            *a_h = product.tangent[0];
        }
        for (sum, product) in self.sum.iter_mut().zip(&products.theta) {
            *sum += product.tangent[0];
        }
        Some(products.t.tangent[0])
    }

    #[inline(always)]
    fn eval(&mut self, frame: usize, t: T, h: &[T], dh: &mut [T]) {
        if frame >= self.frames.len() {
            self.make_frames(frame);
        }
        let h = *array(h);
        let kept = &mut self.frames[frame];
        (kept.t, kept.h) = (t, h);
        dh.copy_from_slice(&self.side.eval(h, t, self.theta));
    }

    #[inline(always)]
    fn products(&mut self, frame: usize, a: &[T], a_h: &mut [T]) -> T {
        let kept = &mut self.frames[frame];
        let products = self.side.products(kept.h, kept.t, self.theta, *array(a));
        kept.a_theta = products.theta;
        a_h.copy_from_slice(&products.h);
        products.t
    }

    #[inline(always)]
    fn accumulate(&mut self, frames: &[(usize, T)]) {
        for &(frame, weight) in frames {
            let a_theta = &self.frames[frame].a_theta;
            for k in 0..P {
                self.sum[k] += weight * a_theta[k];
            }
        }
    }

    #[track_caller]
    fn finish(&mut self, a_theta: &mut [T]) {
        a_theta.copy_from_slice(&self.sum);
        self.sum = [T::zero(); P];
    }
}
