//! Maps of the state: event functions and resets, with their products.

use crate::Error;
use crate::gradient::dot;
use costate_ode::Real;
use costate_tape::{Function, Lane, Program, Workspace};
use std::sync::Arc;

/// A map m(h, t, θ) of the state with its products, for one evaluation at a time: the function g of a crossing (one number), or a reset r (as many numbers as
/// the state has).
///
/// [`Formula`] is one from the tape, [`Written`] one of two closures. States are in their natural order.
///
/// ```
/// use costate_neural_ode::hybrid::Map;
///
/// /// m = h₀ − θ₀ t, by hand.
/// #[derive(Clone)]
/// struct Line { theta: f64, t: f64 }
/// impl Map<f64> for Line {
///     fn outputs(&self) -> usize {
///         1
///     }
///     fn set_parameters(&mut self, theta: &[f64]) {
///         self.theta = theta[0];
///     }
///     fn eval(&mut self, h: &[f64], t: f64, out: &mut [f64]) {
///         (self.t, out[0]) = (t, h[0] - self.theta * t);
///     }
///     fn products(&mut self, a: &[f64], a_h: &mut [f64], a_theta: &mut [f64]) -> f64 {
///         (a_h[0], a_theta[0]) = (a[0], -a[0] * self.t);
///         -a[0] * self.theta
///     }
///     fn boxed(&self) -> Box<dyn Map<f64>> {
///         Box::new(self.clone())
///     }
/// }
/// let (mut line, mut out) = (Line { theta: 0.0, t: 0.0 }, [0.0]);
/// line.set_parameters(&[0.5]);
/// line.eval(&[3.0], 4.0, &mut out);
/// let (mut a_h, mut a_theta) = ([0.0], [0.0]);
/// assert_eq!((line.products(&[1.0], &mut a_h, &mut a_theta), out, a_h, a_theta), (-0.5, [1.0], [1.0], [-4.0]));
/// ```
pub trait Map<E>: Send + Sync {
    /// The number of components of m.
    fn outputs(&self) -> usize;

    /// Sets θ for the evaluations to come.
    fn set_parameters(&mut self, theta: &[E]);

    /// Writes m(h, t, θ) into `out` and keeps the evaluation.
    fn eval(&mut self, h: &[E], t: E, out: &mut [E]);

    /// Writes a·∂m/∂h at the evaluation kept into `a_h`, a·∂m/∂θ into `a_theta`, and returns a·∂m/∂t.
    fn products(&mut self, a: &[E], a_h: &mut [E], a_theta: &mut [E]) -> E;

    /// A copy of its own.
    fn boxed(&self) -> Box<dyn Map<E>>;
}

/// A map compiled from a recorded [`Function`] with the inputs h, t and θ, in this order, and one output.
///
/// ```
/// use costate_neural_ode::hybrid::{Formula, Map};
/// use costate_tape::Function;
///
/// // m = θ₀ h + t
/// let inputs: [(&str, &[usize]); 3] = [("h", &[2]), ("t", &[]), ("theta", &[1])];
/// let mut m = Formula::new(&Function::record(&inputs, |v| vec![v[2].index(0) * v[0] + v[1]])?)?;
/// m.set_parameters(&[0.5]);
/// let (mut out, mut a_h, mut a_theta) = ([0.0; 2], [0.0; 2], [0.0]);
/// m.eval(&[4.0, 6.0], 1.0, &mut out);
/// let a_t = m.products(&[1.0, 3.0], &mut a_h, &mut a_theta);
/// assert_eq!((out, a_h, a_theta, a_t), ([3.0, 4.0], [0.5, 1.5], [22.0], 4.0));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Formula<E = f64> {
    program: Arc<Program<E>>,
    workspace: Workspace<E>,
    /// Whether the output has the order of h.
    is_state: bool,
    packed: Vec<E>,
    out: Vec<E>,
}

impl<E: Lane + Real> Formula<E> {
    /// Compiles `function`.
    ///
    /// # Errors
    /// [`Error::Tape`] if it cannot be compiled.
    ///
    /// # Panics
    /// If its inputs are not h, t (one number) and θ, or it has not one output.
    #[track_caller]
    pub fn new(function: &Function<E>) -> Result<Self, Error> {
        let (inputs, outputs) = (function.inputs().len(), function.outputs().len());
        assert!(
            inputs == 3 && outputs == 1 && function.input_shape(1).len() == 1,
            "a map has the inputs h, t (one number) and theta and one output, but this function has {inputs} inputs and {outputs} outputs"
        );
        let program = Arc::new(Program::with_products(function, 2)?);
        let zeros = |len| vec![E::zero(); len];
        Ok(Self {
            workspace: program.workspace(1),
            is_state: function.output_shape(0) == function.input_shape(0),
            packed: zeros(function.input_shape(0).len()),
            out: zeros(program.output_len()),
            program,
        })
    }
}

impl<E: Lane + Real + Send + Sync + 'static> Map<E> for Formula<E> {
    fn outputs(&self) -> usize {
        self.out.len()
    }

    #[track_caller]
    fn set_parameters(&mut self, theta: &[E]) {
        self.program.set_params(&mut self.workspace, theta);
    }

    fn eval(&mut self, h: &[E], t: E, out: &mut [E]) {
        self.program.pack(0, h, &mut self.packed);
        self.program
            .eval(&mut self.workspace, 0, &[&self.packed, &[t]], &mut self.out);
        if self.is_state {
            self.program.unpack(0, &self.out, out);
        } else {
            out.copy_from_slice(&self.out);
        }
    }

    fn products(&mut self, a: &[E], a_h: &mut [E], a_theta: &mut [E]) -> E {
        let mut a_t = [E::zero()];
        if self.is_state {
            self.program.pack(0, a, &mut self.out);
        } else {
            self.out.copy_from_slice(a);
        }
        self.program.products(
            &mut self.workspace,
            0,
            &self.out,
            &mut [&mut self.packed, &mut a_t],
        );
        self.program
            .accumulate(&mut self.workspace, &[(0, E::one())]);
        self.program.finish(&mut self.workspace, a_theta);
        self.program.unpack(0, &self.packed, a_h);
        a_t[0]
    }

    fn boxed(&self) -> Box<dyn Map<E>> {
        Box::new(self.clone())
    }
}

/// A map of two closures: its value `(h, t, θ, out)`, and its products `(h, t, θ, a, a_h, a_theta)`, which return a·∂m/∂t.
///
/// ```
/// use costate_neural_ode::hybrid::{Map, Written};
///
/// // m = h θ
/// let mut m = Written::new(
///     1,
///     |h: &[f64], _t: f64, theta: &[f64], out: &mut [f64]| out[0] = h[0] * theta[0],
///     |h: &[f64], _t: f64, theta: &[f64], a: &[f64], a_h: &mut [f64], a_theta: &mut [f64]| {
///         a_h[0] = a[0] * theta[0];
///         a_theta[0] = a[0] * h[0];
///         0.0
///     },
/// );
/// let mut out = [0.0];
/// m.set_parameters(&[2.0]);
/// m.eval(&[3.0], 0.0, &mut out);
/// assert_eq!(out, [6.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Written<E, V, P> {
    value: V,
    products: P,
    outputs: usize,
    theta: Vec<E>,
    h: Vec<E>,
    t: E,
}

impl<E: Real, V, P> Written<E, V, P>
where
    V: FnMut(&[E], E, &[E], &mut [E]),
    P: FnMut(&[E], E, &[E], &[E], &mut [E], &mut [E]) -> E,
{
    /// The map with `outputs` components that these closures write.
    pub fn new(outputs: usize, value: V, products: P) -> Self {
        Self {
            value,
            products,
            outputs,
            theta: Vec::new(),
            h: Vec::new(),
            t: E::zero(),
        }
    }
}

impl<E, V, P> Map<E> for Written<E, V, P>
where
    E: Real + Send + Sync + 'static,
    V: FnMut(&[E], E, &[E], &mut [E]) + Clone + Send + Sync + 'static,
    P: FnMut(&[E], E, &[E], &[E], &mut [E], &mut [E]) -> E + Clone + Send + Sync + 'static,
{
    fn outputs(&self) -> usize {
        self.outputs
    }

    fn set_parameters(&mut self, theta: &[E]) {
        self.theta.clear();
        self.theta.extend_from_slice(theta);
    }

    fn eval(&mut self, h: &[E], t: E, out: &mut [E]) {
        self.h.clear();
        self.h.extend_from_slice(h);
        self.t = t;
        (self.value)(h, t, &self.theta, out);
    }

    fn products(&mut self, a: &[E], a_h: &mut [E], a_theta: &mut [E]) -> E {
        (self.products)(&self.h, self.t, &self.theta, a, a_h, a_theta)
    }

    fn boxed(&self) -> Box<dyn Map<E>> {
        Box::new(self.clone())
    }
}

/// A function g of the state with its derivatives at a point.
#[derive(Clone, Debug)]
pub(super) struct Level<E> {
    pub(super) value: E,
    /// ∂g/∂h.
    pub(super) by_state: Vec<E>,
    /// ∂g/∂θ.
    pub(super) by_theta: Vec<E>,
    /// ∂g/∂t.
    pub(super) by_time: E,
    /// What rounding makes of a zero.
    pub(super) noise: E,
}

impl<E: Real> Level<E> {
    pub(super) fn of(map: &mut dyn Map<E>, h: &[E], t: E, parameters: usize) -> Self {
        let mut value = [E::zero()];
        let (mut by_state, mut by_theta) = (vec![E::zero(); h.len()], vec![E::zero(); parameters]);
        map.eval(h, t, &mut value);
        let by_time = map.products(&[E::one()], &mut by_state, &mut by_theta);
        let sizes = by_state.iter().zip(h).map(|(g, h)| (*g * *h).abs());
        let size = sizes.fold((by_time * t).abs(), |sum, size| sum + size);
        Self {
            value: value[0],
            by_state,
            by_theta,
            by_time,
            noise: size * E::from_f64(64.0) * E::epsilon(),
        }
    }

    /// dg/dt along the solution, where its slope is `slope`.
    pub(super) fn rate(&self, slope: &[E]) -> E {
        dot(&self.by_state, slope) + self.by_time
    }
}
