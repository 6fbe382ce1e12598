//! What each part of the library asks of a number, as functions whose bounds are just that: they compile.

use costate_neural_ode::{
    Discrete, Error, Gradient, GradientMethod, Native, Problem, Recorded, RightHandSide,
};
use costate_ode::{
    Element, Field, Integrator, Ivp, Lane as LaneOfOde, LaneField, Method, Options, Real, tableau,
};
use costate_tape::{Function, Lane, Scalar, Var};
use std::marker::PhantomData;

const FAILED: &str = "the equation is solvable";

// ANCHOR: bounds
/// Explicit steps: time is a `Real`, a state's components need only be vectors over it.
pub fn explicit<T: Real, E: Element<T>>(f: impl FnMut(T, &[E; 1], &mut [E; 1]), y0: E, t1: T) -> E {
    let tsit5 = tableau::by_name("tsit5").expect("it is registered");
    let options = Options::constant_step(t1 / T::from_f64(64.0));
    let it = Integrator::new(tsit5, f, T::zero(), &[y0], options);
    let mut it = it.expect("the options make sense");
    it.set_end(t1);
    while !it.finished() {
        it.step().expect(FAILED);
    }
    it.y()[0]
}

/// Implicit steps: Newton's method divides, so components form a `Field`.
pub fn implicit<T: Real, E: Field<T>>(f: impl FnMut(T, &[E; 1], &mut [E; 1]), y0: E, t1: T) -> E {
    let radau = Method::by_name("radau").expect("it is registered");
    let ivp = Ivp::new(f, T::zero(), [y0], t1).method(radau);
    let ivp = ivp.rtol(T::from_f64(1e-6)).atol(T::from_f64(1e-6));
    ivp.save_end().solve().expect(FAILED).last()[0]
}

/// A field written once: +, −, ×, ÷ and functions such as `tanh`, which a `Scalar` has.
pub struct House;

impl RightHandSide<1, 1> for House {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h]: [S; 1], t: S, [theta]: [S; 1]) -> [S; 1] {
        [theta * t * h]
    }
}

/// Gradients: steps by a `Real`, products by a `Scalar`.
pub fn gradient<T: Real + Scalar>(h0: T, theta: T, t: [T; 2]) -> Result<Gradient<T>, Error> {
    let options = Options::constant_step((t[1] - t[0]) / <T as Real>::from_f64(64.0));
    let method = tableau::by_name("tsit5")?;
    let mut discrete = Discrete::new(Native::<_, T, 1, 1>::new(House), &[h0], method, options)?;
    let problem = Problem {
        h0: &[h0],
        theta: &[theta],
        t0: t[0],
        t1: t[1],
        save_at: &[],
    };
    let loss = &mut |saved: &costate_neural_ode::Saved<T>, a: &mut costate_neural_ode::Saved<T>| {
        a.state_mut(0)[0] = T::one();
        saved.state(0)[0]
    };
    discrete.gradient(&problem, loss).cloned()
}

/// The tape: recorded, differentiated and interpreted over any `Scalar`.
pub fn recorded<T: Scalar>(x: T) -> T {
    let inputs: [(&str, &[usize]); 1] = [("x", &[])];
    let f = Function::<T>::record(&inputs, |v| vec![v[0] * v[0] * v[0] - v[0] - v[0]]);
    let f = f.expect("one input, one name");
    let derivative = f.gradient(&[0]).eval(&[&[x]]);
    derivative.expect("a number")[0][0]
}

/// Compiled programs: registers hold `f32` and `f64`, the two `Lane`s, and nothing else.
pub fn compiled<T: Lane>() -> Result<Recorded<T>, Error> {
    Recorded::record(&[1], 1, |h, t, theta| theta * t * h)
}

/// Ensembles in registers: the four operations and a root, for one number and for many side by side.
impl LaneField<1, 1> for House {
    #[inline(always)]
    fn eval<V: LaneOfOde>(&self, t: V, [y]: &[V; 1], [theta]: &[V; 1]) -> [V; 1] {
        [*theta * t * *y]
    }
}
// ANCHOR_END: bounds

/// A question to the compiler: what does `T` implement? Where the bound of a constant of its own does not hold, it is that of the trait below: false.
pub struct Is<T>(PhantomData<T>);

/// Not.
pub trait Not {
    /// Over some scalar.
    const ELEMENT: bool = false;
    /// Over some scalar.
    const FIELD: bool = false;
    /// Time, steps, tolerances.
    const REAL: bool = false;
    /// The tape.
    const SCALAR: bool = false;
    /// Compiled programs.
    const LANE: bool = false;
    /// Ensembles.
    const SIDE: bool = false;
}

impl<T> Not for Is<T> {}

impl<T: Element<f64>> Is<(T, f64)> {
    /// Yes.
    pub const ELEMENT: bool = true;
}

impl<T: Element<T>> Is<(T, T, ())> {
    /// Yes, over itself.
    pub const ELEMENT: bool = true;
}

impl<T: Field<f64>> Is<(T, f64)> {
    /// Yes.
    pub const FIELD: bool = true;
}

impl<T: Field<T>> Is<(T, T, ())> {
    /// Yes, over itself.
    pub const FIELD: bool = true;
}

impl<T: Real> Is<T> {
    /// Yes.
    pub const REAL: bool = true;
}

impl<T: Scalar> Is<T> {
    /// Yes.
    pub const SCALAR: bool = true;
}

impl<T: Lane> Is<T> {
    /// Yes.
    pub const LANE: bool = true;
}

impl<T: LaneOfOde> Is<T> {
    /// Yes.
    pub const SIDE: bool = true;
}

/// What the library takes a type for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// `Element`: components of states.
    pub element: bool,
    /// `Field`: the same, for implicit methods.
    pub field: bool,
    /// `Real`: time, steps, tolerances, norms.
    pub real: bool,
    /// `Scalar`: recording and generic right-hand sides.
    pub scalar: bool,
    /// `Lane` of the tape: compiled programs.
    pub lane: bool,
    /// `Lane` of the solvers: ensembles in registers.
    pub side: bool,
}

/// What the compiler says of one type. A macro: generic code sees bounds, not what a type happens to implement besides.
macro_rules! taken {
    ($type:ty) => {
        Taken {
            element: Is::<($type, f64)>::ELEMENT || Is::<($type, $type, ())>::ELEMENT,
            field: Is::<($type, f64)>::FIELD || Is::<($type, $type, ())>::FIELD,
            real: Is::<$type>::REAL,
            scalar: Is::<$type>::SCALAR,
            lane: Is::<$type>::LANE,
            side: Is::<$type>::SIDE,
        }
    };
}
pub(crate) use taken;

/// A number on a tape.
pub type OnTape = Var<'static, f64>;
