//! From data to a start, through a solve, to a loss: one gradient of it all.

use crate::gradient::Stats;
use crate::{Discrete, Error, GradientMethod, Problem, Recorded, Saved, VectorField};
use costate_ode::{Method, Options, Real};
use costate_tape::{Function, Lane, Program, Var, Workspace};

/// The sizes of a [`Pipeline`].
///
/// ```
/// use costate_neural_ode::train::pipeline::Sizes;
/// // Images of 28 × 28 and ten classes, a state of 64, looked at once.
/// let sizes = Sizes::new(28 * 28 + 10, 5000, 64, 1);
/// assert_eq!((sizes.data, sizes.states), (794, 64));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Numbers of data: whatever changes from batch to batch, inputs, targets, noise, one after another.
    pub data: usize,
    /// Numbers of θ, of all parts together: the field takes the same θ and looks at its own piece.
    pub parameters: usize,
    /// Components of the state.
    pub states: usize,
    /// States that are saved.
    pub saves: usize,
}

impl Sizes {
    /// So many numbers of data and of θ, components of the state, and saved states, in this order.
    #[must_use]
    pub fn new(data: usize, parameters: usize, states: usize, saves: usize) -> Self {
        Self {
            data,
            parameters,
            states,
            saves,
        }
    }
}

/// A loss of a model around a differential equation, as a function of θ:
///
/// ```text
/// h₀ = start(data, θ)      dh/dt = f(h, t, θ)      L = loss((h at the save times), data, θ)
/// ```
///
/// `start` and `loss` are recorded: an encoder and a readout, with parameters of their own in θ, or a few lines. `start` gives h₀, as many numbers as there are states; one number more is a
/// term of the loss, such as the divergence of a variational encoder. Their derivatives are the tape's, that of the solve is the gradient method's, and the chain rule joins them:
///
/// ```text
/// ∂L/∂θ = (loss itself) + (the field) + ∂L/∂h₀ · ∂start/∂θ
/// ```
///
/// ```
/// use costate_neural_ode::Recorded;
/// use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
/// use costate_ode::{Options, tableau};
///
/// // θ = (start, rate, factor): L = (factor · start · e^(rate) − datum)²
/// let field = Recorded::record(&[1], 3, |h, _t, theta| h * theta.index(1))?;
/// let method = discrete(field, tableau::by_name("tsit5")?, Options::tolerances(1e-10, 1e-10))?;
/// let sizes = Sizes { data: 1, parameters: 3, states: 1, saves: 1 };
/// let mut pipeline = Pipeline::record(method, sizes, |_data, theta| theta.slice(0, 0..1), |saved, data, theta| {
///     let off = saved.reshape([]) * theta.index(2) - data.index(0);
///     off * off
/// })?;
/// let mut gradient = [0.0; 3];
/// let loss = pipeline.gradient((0.0, 1.0, &[]), &[1.0], &[2.0, 0.5, 3.0], &mut gradient)?;
/// let end = 6.0 * 0.5_f64.exp();
/// let slope = 2.0 * (end - 1.0);
/// assert!(pipeline.stats().forward.nfe > 0);
/// assert!((loss - (end - 1.0).powi(2)).abs() < 1e-8);
/// for (found, exact) in gradient.iter().zip([slope * end / 2.0, slope * end, slope * end / 3.0]) {
///     assert!((found - exact).abs() < 1e-7);
/// }
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
pub struct Pipeline<'m, T> {
    method: Box<dyn GradientMethod<T, T> + 'm>,
    sizes: Sizes,
    /// Whether `start` gives a term of the loss too.
    term: bool,
    start: Part<T>,
    start_products: Part<T>,
    loss: Part<T>,
    cotangent: Vec<T>,
    stats: Stats,
}

/// A compiled function that writes its outputs one after another.
struct Part<T> {
    program: Program<T>,
    workspace: Workspace<T>,
    out: Vec<T>,
}

impl<T: Lane + Real> Part<T> {
    fn new(function: &Function<T>) -> Result<Self, Error> {
        let program = Program::compile(function)?;
        Ok(Self {
            workspace: program.workspace(1),
            out: vec![T::zero(); program.output_len()],
            program,
        })
    }

    fn run(&mut self, inputs: &[&[T]]) -> &[T] {
        self.program
            .eval(&mut self.workspace, 0, inputs, &mut self.out);
        &self.out
    }
}

impl<T> std::fmt::Debug for Pipeline<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline")
            .field("sizes", &self.sizes)
            .finish_non_exhaustive()
    }
}

impl<'m, T: Lane + Real> Pipeline<'m, T> {
    /// Records `start(data, θ)` and `loss(saved, data, θ)`, where `saved` has the shape `[saves, states]`, and compiles both.
    ///
    /// # Errors
    /// [`Error::Tape`] if one cannot be compiled.
    ///
    /// # Panics
    /// If `start` gives neither as many numbers as there are states nor one more, or the loss is not one number.
    #[track_caller]
    pub fn record(
        method: Box<dyn GradientMethod<T, T> + 'm>,
        sizes: Sizes,
        start: impl for<'t> FnOnce(Var<'t, T>, Var<'t, T>) -> Var<'t, T>,
        loss: impl for<'t> FnOnce(Var<'t, T>, Var<'t, T>, Var<'t, T>) -> Var<'t, T>,
    ) -> Result<Self, Error> {
        let (data, theta) = ([sizes.data], [sizes.parameters]);
        let saved = [sizes.saves, sizes.states];
        let inputs: [(&str, &[usize]); 2] = [("data", &data), ("theta", &theta)];
        let start = Function::record(&inputs, |v| vec![start(v[0], v[1])])?;
        let given = start.output_shape(0).len();
        assert!(
            given == sizes.states || given == sizes.states + 1,
            "a start of {given} numbers for {} states",
            sizes.states
        );
        let inputs: [(&str, &[usize]); 3] = [("saved", &saved), ("data", &data), ("theta", &theta)];
        let loss = Function::record(&inputs, |v| vec![loss(v[0], v[1], v[2])])?;
        assert!(
            loss.output_shape(0).len() == 1,
            "a loss is one number, but this one has shape {}",
            loss.output_shape(0)
        );
        Ok(Self {
            method,
            sizes,
            term: given > sizes.states,
            start_products: Part::new(&start.vjp(&[1]))?,
            start: Part::new(&start)?,
            loss: Part::new(&loss.value_and_gradient(&[0, 2]))?,
            cotangent: vec![T::one(); given],
            stats: Stats::default(),
        })
    }

    /// The loss for the data and θ, and its gradient by θ. The span is (t₀, t₁, save times), with as many save times as the pipeline was recorded for; none for the end alone.
    ///
    /// # Errors
    /// As [`GradientMethod::gradient`].
    ///
    /// # Panics
    /// If a length differs from what was recorded.
    #[track_caller]
    pub fn gradient(
        &mut self,
        (t0, t1, save_at): (T, T, &[T]),
        data: &[T],
        theta: &[T],
        gradient: &mut [T],
    ) -> Result<T, Error> {
        let states = self.sizes.states;
        let start = self.start.run(&[data, theta]);
        let term = if self.term { start[states] } else { T::zero() };
        let problem = Problem {
            h0: &start[..states],
            theta,
            t0,
            t1,
            save_at,
        };
        let loss = &mut self.loss;
        let solved = self.method.gradient(&problem, &mut |saved, cotangents| {
            let out = loss.run(&[saved.values(), data, theta]);
            let len = saved.values().len();
            cotangents.values_mut().copy_from_slice(&out[1..1 + len]);
            out[0]
        })?;
        self.stats = solved.stats;
        let by_saved = self.sizes.saves * states;
        self.cotangent[..states].copy_from_slice(&solved.h0);
        let by_start = self.start_products.run(&[data, theta, &self.cotangent]);
        let by_start = &by_start[self.cotangent.len()..];
        let by_loss = &self.loss.out[1 + by_saved..];
        for (i, gradient) in gradient.iter_mut().enumerate() {
            *gradient = solved.theta[i] + by_loss[i] + by_start[i];
        }
        Ok(solved.loss + term)
    }

    /// The saved states.
    ///
    /// # Errors
    /// As [`gradient`](Pipeline::gradient).
    ///
    /// # Panics
    /// If the lengths of data or θ differ from what was recorded.
    #[track_caller]
    pub fn states(
        &mut self,
        (t0, t1, save_at): (T, T, &[T]),
        data: &[T],
        theta: &[T],
    ) -> Result<Saved<T>, Error> {
        let start = self.start.run(&[data, theta]);
        let problem = Problem {
            h0: &start[..self.sizes.states],
            theta,
            t0,
            t1,
            save_at,
        };
        states(self.method.as_mut(), &problem)
    }

    /// What the last gradient cost: a field that a training makes steeper shows in evaluations that grow.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }
}

/// The discrete adjoint of a recorded field, ready for a [`Pipeline`]: what [`Discrete::new`] makes, compiled with this crate, so that programs which use it compile fast.
///
/// # Errors
/// As [`Discrete::new`].
///
/// ```
/// use costate_neural_ode::train::pipeline::discrete;
/// use costate_neural_ode::{Problem, Recorded};
/// use costate_ode::{Options, tableau};
///
/// let growth = Recorded::record(&[1], 1, |h, _t, theta| h * theta.index(0))?;
/// let mut method = discrete(growth, tableau::by_name("tsit5")?, Options::tolerances(1e-9, 1e-9))?;
/// let problem = Problem { h0: &[1.0], theta: &[0.5], t0: 0.0, t1: 2.0, save_at: &[] };
/// let gradient = method.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0]
/// })?;
/// assert!((gradient.theta[0] - 2.0 * 1.0_f64.exp()).abs() < 1e-7);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
pub fn discrete(
    field: Recorded<f64>,
    solver: impl Into<Method>,
    options: Options<f64>,
) -> Result<Box<dyn GradientMethod<f64, f64>>, Error> {
    boxed(field, solver.into(), options)
}

fn boxed(
    field: Recorded<f64>,
    solver: Method,
    options: Options<f64>,
) -> Result<Box<dyn GradientMethod<f64, f64>>, Error> {
    let like = vec![0.0; field.state_len()];
    Ok(Box::new(Discrete::new(field, &like, solver, options)?))
}

/// The saved states of a problem.
///
/// # Errors
/// As [`GradientMethod::gradient`].
///
/// ```
/// use costate_neural_ode::train::pipeline::{discrete, states};
/// use costate_neural_ode::{Problem, Recorded};
/// use costate_ode::{Options, tableau};
///
/// let growth = Recorded::record(&[1], 1, |h, _t, theta| h * theta.index(0))?;
/// let mut method = discrete(growth, tableau::by_name("tsit5")?, Options::tolerances(1e-9, 1e-9))?;
/// let problem = Problem { h0: &[1.0], theta: &[0.5], t0: 0.0, t1: 2.0, save_at: &[1.0, 2.0] };
/// let states = states(method.as_mut(), &problem)?;
/// assert!((states.state(0)[0] - 0.5_f64.exp()).abs() < 1e-7 && (states.state(1)[0] - 1.0_f64.exp()).abs() < 1e-7);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
pub fn states<T: Real>(
    method: &mut dyn GradientMethod<T, T>,
    problem: &Problem<'_, T, T>,
) -> Result<Saved<T>, Error> {
    let mut states = Saved::new(problem.h0.len());
    method.gradient(problem, &mut |saved: &Saved<T>, _: &mut Saved<T>| {
        states.clone_from(saved);
        T::zero()
    })?;
    Ok(states)
}
