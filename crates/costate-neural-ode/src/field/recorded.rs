//! Vector fields recorded on the tape and compiled.

pub(super) mod curvature;
mod entries;

use crate::{Error, VectorField};
use costate_ode::{Matrix, Pattern, Structure};
use costate_tape::{Function, Lane, Program, Var, Workspace};
use curvature::Curvature;
use entries::{Entries, Room};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A vector field compiled from a recorded [`Function`] with the inputs h, t and θ, in this order, and one output of h's shape.
///
/// Evaluation and products come from the same record; there is no second implementation of a derivative. h may have any shape: with `[B, n]`
/// it is B states side by side, which the program may keep in an order of its own (see [`VectorField::pack`]).
///
/// Clones share the program and have a workspace each: one for every thread.
///
/// ```
/// use costate_neural_ode::{Recorded, VectorField};
///
/// // f = θ t h, for three states that share θ
/// let mut field = Recorded::record(&[3], 1, |h, t, theta| h * t * theta.index(0))?;
/// field.set_parameters(&[0.25_f64]);
/// let (mut dh, mut a_h, mut a_theta) = ([0.0; 3], [0.0; 3], [0.0]);
/// field.eval(0, 4.0, &[1.0, 2.0, 3.0], &mut dh);
/// let a_t = field.products(0, &[1.0, 0.0, 2.0], &mut a_h);
/// field.accumulate(&[(0, 1.0)]);
/// field.finish(&mut a_theta);
/// assert_eq!(dh, [1.0, 2.0, 3.0]);
/// assert_eq!((a_h, a_t, a_theta), ([1.0, 0.0, 2.0], 1.75, [28.0]));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Recorded<T = f64> {
    program: Arc<Program<T>>,
    function: Arc<Function<T>>,
    /// Made when they are first asked for.
    curvature: Option<Box<Curvature<T>>>,
    room: Option<Box<Room<T>>>,
    /// Shared by clones; nothing if there are too many.
    entries: Arc<OnceLock<Option<Entries<T>>>>,
    theta: Vec<T>,
    workspace: Workspace<T>,
    states: usize,
    /// How many evaluations are accumulated together.
    together: usize,
}

/// States from which on it is worth looking for zeros in ∂f/∂h.
const LONG: usize = 32;

impl<T: Lane> Recorded<T> {
    /// Compiles `function`.
    ///
    /// # Errors
    /// [`Error::Tape`] if it cannot be compiled.
    ///
    /// # Panics
    /// If its inputs are not h, t (one number) and θ, or its output has not the shape of h.
    #[track_caller]
    pub fn new(function: &Function<T>) -> Result<Self, Error> {
        let (inputs, outputs) = (function.inputs().len(), function.outputs().len());
        assert!(
            inputs == 3 && outputs == 1,
            "a vector field has the inputs h, t and theta and one output, but this function has {inputs} inputs and {outputs} outputs"
        );
        let (h, t, dh) = (
            function.input_shape(0),
            function.input_shape(1),
            function.output_shape(0),
        );
        assert!(
            t.len() == 1,
            "the second input of a vector field is t, one number, but this one has shape {t}"
        );
        assert!(
            dh == h,
            "dh/dt must have the shape {h} of h, but the function gives {dh}"
        );
        let program = Arc::new(Program::with_products(function, 2)?);
        Ok(Self {
            workspace: program.workspace(1),
            function: Arc::new(function.clone()),
            curvature: None,
            room: None,
            entries: Arc::default(),
            theta: vec![T::from_f64(0.0); program.parameter_len()],
            states: h.len(),
            together: program.accumulates_at_once(),
            program,
        })
    }

    /// Records f(h, t, θ) for h of the shape `state` and a θ of `parameters` numbers, and compiles it.
    ///
    /// # Errors
    /// [`Error::Tape`] if it cannot be compiled.
    ///
    /// # Panics
    /// If f branches on a recorded value, or dh/dt has not the shape of h.
    ///
    /// ```
    /// use costate_neural_ode::{Recorded, VectorField};
    /// use costate_tape::{Scalar, Var};
    ///
    /// // Lotka and Volterra, θ = (α, β, γ, δ)
    /// let mut field = Recorded::record(&[2], 4, |h, _t, theta| {
    ///     let ([x, y], [a, b, c, d]) = ([0, 1].map(|i| h.index(i)), [0, 1, 2, 3].map(|k| theta.index(k)));
    ///     Var::stack(&[a * x - b * x * y, d * x * y - c * y])
    /// })?;
    /// field.set_parameters(&[0.5, 0.1, 0.8, 0.05]);
    /// let mut dh = [0.0; 2];
    /// field.eval(0, 0.0, &[10.0, 4.0], &mut dh);
    /// assert!((dh[0] - 1.0_f64).abs() < 1e-15 && (dh[1] + 1.2).abs() < 1e-15);
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    #[track_caller]
    pub fn record<F>(state: &[usize], parameters: usize, f: F) -> Result<Self, Error>
    where
        F: for<'t> FnOnce(Var<'t, T>, Var<'t, T>, Var<'t, T>) -> Var<'t, T>,
    {
        let inputs: [(&str, &[usize]); 3] = [("h", state), ("t", &[]), ("theta", &[parameters])];
        Self::new(&Function::record(&inputs, |inputs| {
            vec![f(inputs[0], inputs[1], inputs[2])]
        })?)
    }

    /// What runs.
    #[must_use]
    pub fn program(&self) -> &Program<T> {
        &self.program
    }

    /// Whether every branch that f took while it was recorded would have been taken in the last evaluation too. Where one is not, that
    /// evaluation is NaN, and a solve stops there.
    ///
    /// # Errors
    /// [`Error::Tape`], naming the comparison and where it is written.
    ///
    /// ```
    /// use costate_neural_ode::{Recorded, VectorField};
    /// use costate_tape::Function;
    ///
    /// // Recorded at h = 1, where it grows.
    /// let f = Function::record_at(&[("h", &[1], &[1.0]), ("t", &[], &[0.0]), ("theta", &[1], &[2.0])], |v| {
    ///     vec![if v[0].sum() > v[1] { v[0] * v[2] } else { -v[0] * v[2] }]
    /// })?;
    /// let mut field = Recorded::<f64>::new(&f)?;
    /// field.set_parameters(&[2.0]);
    /// let mut dh = [0.0];
    /// field.eval(0, 0.0, &[3.0], &mut dh);
    /// assert!(dh == [6.0] && field.check_guards().is_ok());
    /// field.eval(0, 0.0, &[-3.0], &mut dh);
    /// assert!(dh[0].is_nan() && field.check_guards().unwrap_err().to_string().contains("the record does not hold"));
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    pub fn check_guards(&self) -> Result<(), Error> {
        Ok(self.program.check_guards(&self.workspace)?)
    }

    /// Makes frames up to `frame`: some more than asked for, since a solve asks for one after another.
    #[cold]
    fn make_frames(&mut self, frame: usize) {
        let frames = (frame + 1).max(self.workspace.frames() * 2);
        self.program.reserve(&mut self.workspace, frames);
    }
}

impl<T: Lane> VectorField<T> for Recorded<T> {
    fn state_len(&self) -> usize {
        self.states
    }

    fn parameter_len(&self) -> usize {
        self.program.parameter_len()
    }

    #[track_caller]
    fn set_parameters(&mut self, theta: &[T]) {
        self.program.set_params(&mut self.workspace, theta);
        self.program.zero(&mut self.workspace);
        self.theta.copy_from_slice(theta);
        if let Some(curvature) = &mut self.curvature {
            curvature.set_parameters(theta);
        }
    }

    #[inline]
    fn eval(&mut self, frame: usize, t: T, h: &[T], dh: &mut [T]) {
        if frame >= self.workspace.frames() {
            self.make_frames(frame);
        }
        self.program
            .eval(&mut self.workspace, frame, &[h, &[t]], dh);
    }

    #[inline]
    fn products(&mut self, frame: usize, a: &[T], a_h: &mut [T]) -> T {
        let mut a_t = [T::from_f64(0.0)];
        self.program
            .products(&mut self.workspace, frame, a, &mut [a_h, &mut a_t]);
        a_t[0]
    }

    #[inline]
    fn accumulate(&mut self, frames: &[(usize, T)]) {
        for frames in frames.chunks(self.together) {
            self.program.accumulate(&mut self.workspace, frames);
        }
    }

    #[track_caller]
    fn finish(&mut self, a_theta: &mut [T]) {
        self.program.finish(&mut self.workspace, a_theta);
        if let Some(curvature) = &mut self.curvature {
            curvature.finish(a_theta);
        }
    }

    /// From the graph: sparse if the state is long and most entries are zero.
    fn structure(&self) -> Structure {
        let n = self.states;
        if n < LONG {
            return Structure::Dense;
        }
        let pattern = self.function.jacobian_pattern(0);
        if 4 * pattern.len() > n * n {
            return Structure::Dense;
        }
        Structure::Sparse(Pattern::new(n, pattern.entries()))
    }

    fn is_autonomous(&self) -> bool {
        self.function.jacobian_pattern(1).is_empty()
    }

    /// From the graph, by a program of its own; not for long graphs, of which products give rows as fast.
    fn jacobian(&mut self, t: T, h: &[T], jacobian: &mut Matrix<T>, f_t: &mut [T]) -> bool {
        let made = self.entries.get_or_init(|| Entries::new(&self.function));
        let Some(entries) = made else {
            return false;
        };
        let room = self.room.get_or_insert_with(|| Box::new(entries.room()));
        entries.write(room, (t, h, &self.theta), jacobian, f_t);
        true
    }

    fn has_curvature(&mut self) -> bool {
        Curvature::made(&mut self.curvature, &self.function, &self.theta)
    }

    fn curvature(&mut self, t: T, h: &[T], along: (&[T], T), a: &[T], a_h: &mut [T]) -> Option<T> {
        if !self.has_curvature() {
            return None;
        }
        let curvature = self.curvature.as_mut()?;
        Some(curvature.products(t, h, along, a, a_h))
    }

    fn evaluates_at_once(&self) -> usize {
        self.program.evaluates_at_once()
    }

    fn eval_frames(&mut self, frames: Range<usize>, t: &[T], h: &[T], dh: &mut [T]) {
        if frames.end > self.workspace.frames() {
            self.make_frames(frames.end - 1);
        }
        let workspace = &mut self.workspace;
        self.program.eval_frames(workspace, frames, [h, t], dh);
    }

    fn products_frames(&mut self, frames: Range<usize>, a: &[T], a_h: &mut [T], a_t: &mut [T]) {
        let workspace = &mut self.workspace;
        self.program
            .products_frames(workspace, frames, a, [a_h, a_t]);
    }

    fn frame_bytes(&self) -> usize {
        self.program.cost().frame_bytes
    }

    #[track_caller]
    fn pack(&self, natural: &[T], packed: &mut [T]) {
        self.program.pack(0, natural, packed);
    }

    #[track_caller]
    fn unpack(&self, packed: &[T], natural: &mut [T]) {
        self.program.unpack(0, packed, natural);
    }
}
