//! Compiling a [`Function`]: recorded once, then run again and again without allocation.
//!
//! A [`Program`] is immutable and shared; a [`Workspace`] belongs to one thread and holds its parameters, its accumulators and
//! its frames, each the memory of one evaluation. Parameters are set once; every evaluation keeps in its frame what the
//! products need; a·∂f/∂θ is summed over many evaluations before it is written.

#![allow(unsafe_code)]

mod algebra;
mod allocate;
mod batch;
mod blocks;
mod buffer;
mod chain;
mod compile;
mod cost;
mod draft;
mod epilogue;
mod frames;
mod fuse;
mod geometry;
#[cfg(all(feature = "jit", target_arch = "x86_64"))]
mod jit;
#[cfg(not(all(feature = "jit", target_arch = "x86_64")))]
#[path = "jit/none.rs"]
mod jit;
mod lanes;
mod layers;
mod lower;
mod lowered;
mod packing;
mod parameters;
mod place;
mod plain;
mod schedule;
mod source;
mod step;
#[cfg(test)]
mod tests;
mod workspace;

pub use cost::{Cost, Work};

use batch::Batch;
use plain::Plain;
pub use workspace::Workspace;
use workspace::{Needs, frame_exists};

use crate::error::Error;
use crate::function::{Function, Guard};
use crate::kernel::dispatch::{Isa, Registers};
use crate::op::holds;
use std::sync::Arc;

/// The numbers that registers hold: `f32` and `f64`.
///
/// ```
/// use costate_tape::{Error, Function, Lane, Program, Scalar};
/// /// e² in the precision that a caller chooses.
/// fn compiled<T: Lane + Scalar + Into<f64>>() -> Result<f64, Error> {
///     let f = Function::<T>::record(&[("x", &[])], |v| vec![v[0].exp()])?;
///     let (program, mut out) = (Program::compile(&f)?, [T::from_f64(0.0)]);
///     program.eval(&mut program.workspace(1), 0, &[&[T::from_f64(2.0)]], &mut out);
///     Ok(out[0].into())
/// }
/// assert!((compiled::<f64>()? - 2.0_f64.exp()).abs() < 1e-14);
/// assert!((compiled::<f32>()? - 2.0_f64.exp()).abs() < 1e-6);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[expect(
    private_bounds,
    reason = "closed: a lane is what the kernels were written for"
)]
pub trait Lane: Registers {}

impl Lane for f32 {}
impl Lane for f64 {}

/// A compiled function f(inputs, θ).
///
/// Compiled with [`with_products`](Program::with_products), it also gives, of every kept evaluation and for a cotangent a of its
/// output, a·∂f/∂(input) for each input, and Σ w·a·∂f/∂θ over any number of evaluations.
///
/// Functions of states \[B, n\] in which samples meet only parameters are compiled to batch panels: weights are packed once,
/// samples fill registers, and the state has an order of its own (see [`pack`](Program::pack)). All others run over plain
/// row-major memory.
///
/// Operations on single numbers and elementwise ones on arrays become machine code on x86-64 processors with AVX2 (feature `jit`, on by
/// default), in memory that is no longer writable once it is executable. Elsewhere, and where the system gives no such memory, they are interpreted, with the same
/// bits; so they are [without machine code](Program::without_machine_code).
///
/// # Example
///
/// ```
/// use costate_tape::{Function, Program, Var};
///
/// // Lotka–Volterra: two states, four parameters.
/// let f = Function::record(&[("h", &[2]), ("theta", &[4])], |v: &[Var<f64>]| {
///     let (x, y) = (v[0].index(0), v[0].index(1));
///     let [a, b, c, d] = [0, 1, 2, 3].map(|i| v[1].index(i));
///     vec![Var::stack(&[a * x - b * x * y, d * x * y - c * y])]
/// })?;
/// let program = Program::with_products(&f, 1)?;
/// let mut workspace = program.workspace(1);
/// program.set_params(&mut workspace, &[0.5, 0.25, 1.0, 0.125]);
///
/// let mut dh = [0.0; 2];
/// program.eval(&mut workspace, 0, &[&[4.0, 2.0]], &mut dh);
/// assert_eq!(dh, [0.0, -1.0]);
///
/// let (mut a_h, mut a_theta) = ([0.0; 2], [0.0; 4]);
/// program.products(&mut workspace, 0, &[1.0, 0.0], &mut [&mut a_h]);
/// program.accumulate(&mut workspace, &[(0, 1.0)]);
/// program.finish(&mut workspace, &mut a_theta);
/// assert_eq!(a_h, [0.0, -1.0]);
/// assert_eq!(a_theta, [4.0, -8.0, 0.0, 0.0]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Program<T> {
    /// Names and lengths of the varying inputs.
    inputs: Vec<(String, usize)>,
    parameters: usize,
    output: usize,
    products: bool,
    guards: Vec<Guard>,
    /// What clones share, and no other program.
    identity: Arc<()>,
    memory: Needs,
    cost: Cost,
    lowering: Lowering<T>,
}

#[derive(Clone, Debug)]
enum Lowering<T> {
    Plain(Plain<T>),
    Batch(Batch<T>),
}

impl<T: Lane> Program<T> {
    /// Compiles the outputs of `f` alone. All inputs vary from run to run; [`eval`](Program::eval) writes the outputs one after
    /// another.
    ///
    /// # Errors
    /// As [`with_products`](Program::with_products).
    pub fn compile(f: &Function<T>) -> Result<Program<T>, Error> {
        Program::compile_for(f, Isa::detect())
    }

    /// Compiles `f`, which has one output, with its products. The input at index `parameters` is θ, set once by
    /// [`set_params`](Program::set_params); all others vary from run to run.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if the function's arrays have more elements than 32 bits can count.
    ///
    /// # Panics
    /// If `f` has not exactly one output, or no input at `parameters`.
    #[track_caller]
    pub fn with_products(f: &Function<T>, parameters: usize) -> Result<Program<T>, Error> {
        Program::with_products_for(f, parameters, Isa::detect())
    }

    /// Sets θ, given in its natural order, for all evaluations that follow.
    ///
    /// # Panics
    /// If `theta` has not the parameters' length, or the workspace is another program's (as everywhere below).
    #[track_caller]
    pub fn set_params(&self, workspace: &mut Workspace<T>, theta: &[T]) {
        self.check(workspace);
        same_len("parameters", theta.len(), self.parameters);
        let shared = workspace.shared.as_mut_slice();
        match &self.lowering {
            Lowering::Plain(plain) => plain.set_params(shared, theta),
            Lowering::Batch(batch) => batch.set_params(shared, theta),
        }
    }

    /// Evaluates f at the varying inputs, in their order without θ, and keeps what the products need in `frame`.
    ///
    /// Inputs and output are in packed order. Where a branch that was taken while recording would not be taken here, every number of
    /// the output is NaN, and [`check_guards`](Program::check_guards) says which branch.
    ///
    /// # Panics
    /// If a length is not the function's, or there is no such frame.
    #[inline]
    #[track_caller]
    pub fn eval(&self, workspace: &mut Workspace<T>, frame: usize, inputs: &[&[T]], out: &mut [T]) {
        let fit = self.fit(inputs.len(), |i| inputs[i].len());
        if !(fit && out.len() == self.output) {
            let lens = inputs.iter().map(|x| x.len());
            self.refuse("inputs", lens, "output", out.len());
        }
        let (shared, frame) = self.parts(workspace, frame);
        match &self.lowering {
            Lowering::Batch(batch) => batch.eval(shared, frame, inputs, out),
            Lowering::Plain(plain) => {
                // SAFETY: all lengths were compared above.
                unsafe { plain.eval(shared, frame, inputs, out) };
                if !self.guards.is_empty() {
                    self.look_at_guards(plain, workspace, out);
                }
            }
        }
    }

    /// Whether there are as many as varying inputs, and as long. Few are compared without a loop: a small state is evaluated in
    /// nanoseconds.
    #[inline(always)]
    fn fit(&self, count: usize, len: impl Fn(usize) -> usize) -> bool {
        match &self.inputs[..] {
            [a] => count == 1 && len(0) == a.1,
            [a, b] => count == 2 && len(0) == a.1 && len(1) == b.1,
            [a, b, c] => count == 3 && len(0) == a.1 && len(1) == b.1 && len(2) == c.1,
            all => count == all.len() && (0..count).all(|i| len(i) == all[i].1),
        }
    }

    /// Says which length is not the function's.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn refuse(&self, ends: &str, lens: impl Iterator<Item = usize>, value: &str, len: usize) -> ! {
        let lens: Vec<usize> = lens.collect();
        same_len(value, len, self.output);
        same_len(ends, lens.len(), self.inputs.len());
        for (len, (name, expected)) in lens.into_iter().zip(&self.inputs) {
            same_len(name, len, *expected);
        }
        unreachable!("a length is not the function's")
    }

    /// Whether each came out as it did while recording.
    #[inline(never)]
    fn look_at_guards(&self, plain: &Plain<T>, workspace: &mut Workspace<T>, out: &mut [T]) {
        let shared = workspace.shared.as_slice();
        let broken = self.guards.iter().enumerate().position(|(i, guard)| {
            let [a, b] = plain.guard(shared, i);
            holds(guard.op, a, b) != guard.held
        });
        if broken.is_some() {
            out.fill(T::NAN);
        }
        workspace.broken = broken;
    }

    /// Whether every branch that was taken while recording would have been taken in the last evaluation too.
    ///
    /// # Errors
    /// [`Error::GuardFailed`], which names the comparison and where it is written.
    pub fn check_guards(&self, workspace: &Workspace<T>) -> Result<(), Error> {
        match workspace.broken {
            Some(broken) => Err(Error::guard_failed(&self.guards[broken])),
            None => Ok(()),
        }
    }

    /// Writes a·∂f/∂(input) for each varying input, of the evaluation kept in `frame`, and leaves there what
    /// [`accumulate`](Program::accumulate) needs.
    ///
    /// # Panics
    /// If a length is not the function's, there is no such frame, or the program was compiled without products.
    #[inline]
    #[track_caller]
    pub fn products(
        &self,
        workspace: &mut Workspace<T>,
        frame: usize,
        a: &[T],
        cotangents: &mut [&mut [T]],
    ) {
        self.check_products();
        let fit = self.fit(cotangents.len(), |i| cotangents[i].len());
        if !(fit && a.len() == self.output) {
            let lens = cotangents.iter().map(|x| x.len());
            self.refuse("cotangents", lens, "cotangent of the output", a.len());
        }
        let (shared, frame) = self.parts(workspace, frame);
        match &self.lowering {
            // SAFETY: all lengths were compared above.
            Lowering::Plain(plain) => unsafe { plain.products(shared, frame, a, cotangents) },
            Lowering::Batch(batch) => batch.products(shared, frame, a, cotangents),
        }
    }

    #[inline]
    #[track_caller]
    fn check_products(&self) {
        assert!(
            self.products,
            "this program was compiled without products: use Program::with_products"
        );
    }

    /// Adds Σ weight · a·∂f/∂θ over `frames`, each with the a of its last [`products`](Program::products), to the sums that
    /// [`finish`](Program::finish) writes.
    ///
    /// # Panics
    /// If there is no such frame, or the program was compiled without products.
    #[inline]
    #[track_caller]
    pub fn accumulate(&self, workspace: &mut Workspace<T>, frames: &[(usize, T)]) {
        self.check(workspace);
        self.check_products();
        for &(frame, _) in frames {
            frame_exists(frame, workspace.count);
        }
        let (stride, shared) = (self.memory.stride, workspace.shared.as_mut_slice());
        match &self.lowering {
            Lowering::Plain(plain) => {
                plain.accumulate(shared, workspace.frames.as_slice(), stride, frames);
            }
            Lowering::Batch(batch) => {
                workspace.kept.clear();
                let kept = frames
                    .iter()
                    .map(|&(frame, weight)| (frame * stride, weight));
                workspace.kept.extend(kept);
                batch.accumulate(shared, workspace.frames.as_mut_slice(), &workspace.kept);
            }
        }
    }

    /// How many evaluations [`accumulate`](Program::accumulate) likes at once: any number of plain ones, those of a step where a batch is
    /// small, one where its memory would leave the cache.
    pub fn accumulates_at_once(&self) -> usize {
        match &self.lowering {
            Lowering::Plain(_) => usize::MAX,
            Lowering::Batch(batch) => batch.accumulates_at_once(),
        }
    }

    /// Writes the sum of all accumulated products in θ's natural order, and begins a new one.
    ///
    /// # Panics
    /// If `gradient` has not the parameters' length.
    #[track_caller]
    pub fn finish(&self, workspace: &mut Workspace<T>, gradient: &mut [T]) {
        self.check(workspace);
        same_len("gradient", gradient.len(), self.parameters);
        let shared = workspace.shared.as_mut_slice();
        match &self.lowering {
            Lowering::Plain(plain) => plain.finish(shared, gradient),
            Lowering::Batch(batch) => batch.finish(shared, gradient),
        }
    }

    /// Forgets the sum of accumulated products.
    #[track_caller]
    pub fn zero(&self, workspace: &mut Workspace<T>) {
        self.check(workspace);
        let shared = workspace.shared.as_mut_slice();
        match &self.lowering {
            Lowering::Plain(plain) => plain.zero(shared),
            Lowering::Batch(batch) => batch.zero(shared),
        }
    }

    /// Brings a varying input (or the output, which has the order of the input of its shape) from its natural row-major order
    /// into the program's: a permutation, so norms and sums may ignore it.
    ///
    /// # Panics
    /// If a length is not that of the input.
    #[track_caller]
    pub fn pack(&self, input: usize, natural: &[T], packed: &mut [T]) {
        let (name, len) = &self.inputs[input];
        same_len(name, natural.len(), *len);
        same_len(name, packed.len(), *len);
        match self.order(input) {
            Some(order) => order
                .iter()
                .zip(packed)
                .for_each(|(&from, to)| *to = natural[from]),
            None => packed.copy_from_slice(natural),
        }
    }

    /// Brings a varying input back into its natural order: the inverse of [`pack`](Program::pack).
    ///
    /// # Panics
    /// If a length is not that of the input.
    #[track_caller]
    pub fn unpack(&self, input: usize, packed: &[T], natural: &mut [T]) {
        let (name, len) = &self.inputs[input];
        same_len(name, natural.len(), *len);
        same_len(name, packed.len(), *len);
        match self.order(input) {
            Some(order) => order
                .iter()
                .zip(packed)
                .for_each(|(&to, &from)| natural[to] = from),
            None => natural.copy_from_slice(packed),
        }
    }

    /// The same program with all operations interpreted that are machine code: the same bits, slower. For measuring what machine code (feature `jit`)
    /// gains, and for finding out whether it is to blame.
    ///
    /// ```
    /// use costate_tape::{Function, Program};
    ///
    /// let f = Function::<f64>::record(&[("x", &[])], |v| vec![v[0] * v[0] / 3.0])?;
    /// let program = Program::compile(&f)?;
    /// let interpreted = program.clone().without_machine_code();
    /// let [mut y, mut z] = [[0.0]; 2];
    /// program.eval(&mut program.workspace(1), 0, &[&[1.1]], &mut y);
    /// interpreted.eval(&mut interpreted.workspace(1), 0, &[&[1.1]], &mut z);
    /// assert_eq!(y, z);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    pub fn without_machine_code(mut self) -> Self {
        match &mut self.lowering {
            Lowering::Plain(plain) => plain.interpret(),
            Lowering::Batch(batch) => batch.steps.iter_mut().for_each(step::interpret),
        }
        self
    }

    /// Length of θ.
    pub fn parameter_len(&self) -> usize {
        self.parameters
    }

    /// Length of the output, or of all outputs together.
    pub fn output_len(&self) -> usize {
        self.output
    }

    /// Names and lengths of the varying inputs, in the order of [`eval`](Program::eval).
    pub fn varying_inputs(&self) -> impl Iterator<Item = (&str, usize)> {
        self.inputs.iter().map(|(name, len)| (name.as_str(), *len))
    }

    fn order(&self, input: usize) -> Option<&[usize]> {
        match &self.lowering {
            Lowering::Plain(_) => None,
            Lowering::Batch(batch) => batch.order(input),
        }
    }
}

#[inline]
#[track_caller]
fn same_len(what: &str, given: usize, expected: usize) {
    assert!(
        given == expected,
        "{what}: {given} given, {expected} expected"
    );
}
