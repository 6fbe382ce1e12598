//! Integral costs.

use super::recorded::curvature::Curvature;
use crate::{Error, VectorField};
use costate_tape::{Function, Lane, Program, Workspace};
use std::sync::Arc;

/// A vector field with one more state q for an integral along the solution,
///
/// ```text
/// dh/dt = f(h, t, θ)    dq/dt = g(h, t, θ)    q(t₀) = 0    so    q(t) = ∫ g dt
/// ```
///
/// For L = q(t₁), where q's own costate is 1 throughout, the costate of h is
#[cfg_attr(doc, doc = include_str!("../../formulas/running-cost.html"))]
///
/// q is the last component of the state. A loss that is a function of it (and of h) has its gradient by any method, exact with
/// [`Discrete`](crate::Discrete), since the quadrature has the weights of the method. q steers the steps like any other component, unless the options' norm
/// leaves it out (`Norm::RmsOf(0..n)`).
///
/// ```
/// use costate_neural_ode::{Discrete, GradientMethod, Integral, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
/// use costate_tape::Function;
///
/// // ∫ θ t h dt = h(t₁) − h(t₀), with θ of the field
/// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
/// let g = Function::record(&inputs, |v| vec![(v[0] * v[1] * v[2]).sum()])?;
/// let field = Integral::new(House::default(), &g)?;
///
/// let options = Options::tolerances(1e-10, 1e-10);
/// let mut discrete = Discrete::new(field, &[0.0; 2], tableau::by_name("tsit5")?, options)?;
/// let problem = Problem { h0: &[3.0, 0.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = discrete.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[1] = 1.0;
///     saved.state(0)[1] // L = q(5)
/// })?;
/// let e2 = 2.0_f64.exp();
/// assert!((gradient.loss - 3.0 * (e2 - 1.0)).abs() < 1e-7);
/// assert!((gradient.h0[0] - (e2 - 1.0)).abs() < 1e-7);
/// assert!((gradient.theta[0] - 24.0 * e2).abs() < 1e-6);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Integral<F, T = f64> {
    field: F,
    program: Arc<Program<T>>,
    function: Arc<Function<T>>,
    workspace: Workspace<T>,
    /// Of g, made when it is first asked for.
    curvature: Option<Box<Curvature<T>>>,
    theta: Vec<T>,
    states: usize,
    /// h in its natural order, and in that of g.
    natural: Vec<T>,
    packed: Vec<T>,
    /// a·∂g/∂h in both orders, and a·∂g/∂θ.
    packed_cotangent: Vec<T>,
    cotangent: Vec<T>,
    a_theta: Vec<T>,
}

impl<F: VectorField<T>, T: Lane + num_traits::Float> Integral<F, T> {
    /// `field` with the integral of `g`, recorded with the inputs h, t and θ, in this order, and one number as its output.
    ///
    /// # Errors
    /// [`Error::Tape`] if it cannot be compiled.
    ///
    /// # Panics
    /// If g has other inputs than the field, or not one number as its output.
    #[track_caller]
    pub fn new(field: F, g: &Function<T>) -> Result<Self, Error> {
        let lengths: Vec<usize> = (0..g.inputs().len())
            .map(|i| g.input_shape(i).len())
            .collect();
        let (states, parameters) = (field.state_len(), field.parameter_len());
        assert!(
            lengths == [states, 1, parameters],
            "the field has {states} states, t and {parameters} parameters, but what is integrated has inputs of {lengths:?} elements"
        );
        assert!(
            g.outputs().len() == 1 && g.output_shape(0).len() == 1,
            "what is integrated must be one number"
        );
        let program = Arc::new(Program::with_products(g, 2)?);
        let zeros = |len| vec![T::zero(); len];
        Ok(Self {
            workspace: program.workspace(1),
            program,
            function: Arc::new(g.clone()),
            curvature: None,
            theta: zeros(parameters),
            states,
            natural: zeros(states),
            packed: zeros(states),
            packed_cotangent: zeros(states),
            cotangent: zeros(states),
            a_theta: zeros(parameters),
            field,
        })
    }

    /// The field without the integral.
    #[must_use]
    pub fn field(&self) -> &F {
        &self.field
    }
}

impl<F: VectorField<T>, T: Lane + num_traits::Float> VectorField<T> for Integral<F, T> {
    fn state_len(&self) -> usize {
        self.states + 1
    }

    fn parameter_len(&self) -> usize {
        self.field.parameter_len()
    }

    #[track_caller]
    fn set_parameters(&mut self, theta: &[T]) {
        self.field.set_parameters(theta);
        self.program.set_params(&mut self.workspace, theta);
        self.program.zero(&mut self.workspace);
        self.theta.copy_from_slice(theta);
        if let Some(curvature) = &mut self.curvature {
            curvature.set_parameters(theta);
        }
    }

    fn eval(&mut self, frame: usize, t: T, h: &[T], dh: &mut [T]) {
        if frame >= self.workspace.frames() {
            let frames = (frame + 1).max(2 * self.workspace.frames());
            self.program.reserve(&mut self.workspace, frames);
        }
        let (h, _) = h.split_at(self.states);
        let (dh, dq) = dh.split_at_mut(self.states);
        self.field.eval(frame, t, h, dh);
        self.field.unpack(h, &mut self.natural);
        self.program.pack(0, &self.natural, &mut self.packed);
        self.program
            .eval(&mut self.workspace, frame, &[&self.packed, &[t]], dq);
    }

    fn products(&mut self, frame: usize, a: &[T], a_h: &mut [T]) -> T {
        let (a, a_q) = a.split_at(self.states);
        let (a_h, nothing) = a_h.split_at_mut(self.states);
        nothing[0] = T::zero();
        let by_field = self.field.products(frame, a, a_h);
        let mut by_integral = [T::zero()];
        self.program.products(
            &mut self.workspace,
            frame,
            a_q,
            &mut [&mut self.packed_cotangent, &mut by_integral],
        );
        self.program
            .unpack(0, &self.packed_cotangent, &mut self.natural);
        self.field.pack(&self.natural, &mut self.cotangent);
        // book: (running-cost); its minus is that of the costate
        for (a_h, more) in a_h.iter_mut().zip(&self.cotangent) {
            *a_h += *more;
        }
        by_field + by_integral[0]
    }

    fn accumulate(&mut self, frames: &[(usize, T)]) {
        self.field.accumulate(frames);
        self.program.accumulate(&mut self.workspace, frames);
    }

    #[track_caller]
    fn finish(&mut self, a_theta: &mut [T]) {
        self.field.finish(a_theta);
        self.program.finish(&mut self.workspace, &mut self.a_theta);
        for (a_theta, more) in a_theta.iter_mut().zip(&self.a_theta) {
            *a_theta += *more;
        }
        if let Some(curvature) = &mut self.curvature {
            curvature.finish(a_theta);
        }
    }

    fn is_autonomous(&self) -> bool {
        self.field.is_autonomous() && self.function.jacobian_pattern(1).is_empty()
    }

    fn has_curvature(&mut self) -> bool {
        Curvature::made(&mut self.curvature, &self.function, &self.theta)
            && self.field.has_curvature()
    }

    fn curvature(&mut self, t: T, h: &[T], along: (&[T], T), a: &[T], a_h: &mut [T]) -> Option<T> {
        if !self.has_curvature() {
            return None;
        }
        let (n, (u, s)) = (self.states, along);
        let ((h, u), (a_h, nothing)) = ((&h[..n], &u[..n]), a_h.split_at_mut(n));
        nothing[0] = T::zero();
        let by_field = self.field.curvature(t, h, (u, s), &a[..n], a_h)?;
        let curvature = self.curvature.as_mut()?;
        let by_integral = curvature.products(t, h, (u, s), &a[n..], &mut self.natural);
        for (a_h, more) in a_h.iter_mut().zip(&self.natural) {
            *a_h += *more;
        }
        Some(by_field + by_integral)
    }

    fn frame_bytes(&self) -> usize {
        self.field.frame_bytes() + 2 * (2 * self.states + 1) * size_of::<T>()
    }

    fn pack(&self, natural: &[T], packed: &mut [T]) {
        let n = self.states;
        self.field.pack(&natural[..n], &mut packed[..n]);
        packed[n] = natural[n];
    }

    fn unpack(&self, packed: &[T], natural: &mut [T]) {
        let n = self.states;
        self.field.unpack(&packed[..n], &mut natural[..n]);
        natural[n] = packed[n];
    }
}
