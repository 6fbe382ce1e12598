//! Recorded fields over numbers with tangents.

use super::Tangent;
use crate::{Error, VectorField};
use costate_tape::{Function, Program, Workspace};
use std::sync::Arc;

/// A recorded field over [`Tangent`] numbers: f, its products and the tangents of both, from the second derivatives of the record.
///
/// States and rows are in their natural order. A product with ∂f/∂θ costs an evaluation for each accumulated frame, and keeps nothing of θ's length in
/// frames.
///
/// ```
/// use costate_neural_ode::VectorField;
/// use costate_neural_ode::second_order::{RecordedTangents, Tangent};
/// use costate_tape::Function;
///
/// // f = θ h², and how it moves with h alone: 2 θ h δh.
/// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
/// let mut field = RecordedTangents::new(&Function::record(&inputs, |v| vec![v[2] * v[0] * v[0]])?)?;
/// field.set_parameters(&[Tangent::constant(0.5)]);
/// let mut dh = [Tangent::constant(0.0)];
/// field.eval(0, Tangent::constant(0.0), &[Tangent { value: 3.0, tangent: 1.0 }], &mut dh);
/// assert_eq!((dh[0].value, dh[0].tangent), (4.5, 3.0));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecordedTangents {
    /// f.
    value: Compiled,
    /// a·∂f/∂h and a·∂f/∂t.
    products: Compiled,
    /// a·∂f/∂θ.
    parameters: Compiled,
    states: usize,
    theta: [Vec<f64>; 2],
    frames: Vec<Frame>,
    sum: Vec<Tangent>,
}

/// An evaluation and the row last given for it: values and tangents.
#[derive(Clone, Debug)]
struct Frame {
    t: Tangent,
    h: [Vec<f64>; 2],
    a: [Vec<f64>; 2],
}

/// A program with its memory. Its outputs are values, then tangents.
#[derive(Clone, Debug)]
struct Compiled {
    program: Arc<Program<f64>>,
    workspace: Workspace<f64>,
    out: Vec<f64>,
}

impl Compiled {
    fn new(function: &Function<f64>) -> Result<Self, Error> {
        let program = Arc::new(Program::compile(&function.simplify())?);
        Ok(Self {
            workspace: program.workspace(1),
            out: vec![0.0; program.output_len()],
            program,
        })
    }

    /// Runs it and returns values and tangents.
    fn run(&mut self, inputs: &[&[f64]]) -> (&[f64], &[f64]) {
        self.program
            .eval(&mut self.workspace, 0, inputs, &mut self.out);
        self.out.split_at(self.out.len() / 2)
    }
}

impl RecordedTangents {
    /// The field of `function`, recorded with the inputs h, t and θ, in this order.
    ///
    /// # Errors
    /// [`Error::Tape`] if its derivatives cannot be compiled.
    ///
    /// # Panics
    /// If its inputs are not h, t (one number) and θ, or its output has not the shape of h.
    #[track_caller]
    pub fn new(function: &Function<f64>) -> Result<Self, Error> {
        let (inputs, outputs) = (function.inputs().len(), function.outputs().len());
        assert!(
            inputs == 3 && outputs == 1 && function.input_shape(1).len() == 1,
            "a vector field has the inputs h, t (one number) and theta and one output, but this function has {inputs} inputs and {outputs} outputs"
        );
        let (h, dh) = (function.input_shape(0), function.output_shape(0));
        assert!(
            dh == h,
            "dh/dt must have the shape {h} of h, but the function gives {dh}"
        );
        let (states, parameters) = (h.len(), function.input_shape(2).len());
        Ok(Self {
            value: Compiled::new(&function.jvp(&[0, 1, 2]))?,
            products: Compiled::new(&function.vjp(&[0, 1]).jvp(&[0, 1, 2, 3]))?,
            parameters: Compiled::new(&function.vjp(&[2]).jvp(&[0, 1, 2, 3]))?,
            states,
            theta: [vec![0.0; parameters], vec![0.0; parameters]],
            frames: Vec::new(),
            sum: vec![Tangent::constant(0.0); parameters],
        })
    }
}

/// Writes values and tangents apart.
fn part(numbers: &[Tangent], [values, tangents]: &mut [Vec<f64>; 2]) {
    for (number, (value, tangent)) in numbers.iter().zip(values.iter_mut().zip(tangents)) {
        (*value, *tangent) = (number.value, number.tangent);
    }
}

/// Writes them together.
fn join(values: &[f64], tangents: &[f64], numbers: &mut [Tangent]) {
    for (number, (value, tangent)) in numbers.iter_mut().zip(values.iter().zip(tangents)) {
        *number = Tangent {
            value: *value,
            tangent: *tangent,
        };
    }
}

impl VectorField<Tangent> for RecordedTangents {
    fn state_len(&self) -> usize {
        self.states
    }

    fn parameter_len(&self) -> usize {
        self.sum.len()
    }

    #[track_caller]
    fn set_parameters(&mut self, theta: &[Tangent]) {
        assert!(
            theta.len() == self.sum.len(),
            "{} parameters given, but {} expected",
            theta.len(),
            self.sum.len()
        );
        part(theta, &mut self.theta);
        self.sum.fill(Tangent::constant(0.0));
    }

    fn eval(&mut self, frame: usize, t: Tangent, h: &[Tangent], dh: &mut [Tangent]) {
        let n = self.states;
        if frame >= self.frames.len() {
            let pair = || [vec![0.0; n], vec![0.0; n]];
            let empty = || Frame {
                t: Tangent::constant(0.0),
                h: pair(),
                a: pair(),
            };
            self.frames.resize_with(frame + 1, empty);
        }
        let kept = &mut self.frames[frame];
        kept.t = t;
        part(h, &mut kept.h);
        let [h, dot_h] = &kept.h;
        let [theta, dot_theta] = &self.theta;
        let inputs: [&[f64]; 6] = [h, &[t.value], theta, dot_h, &[t.tangent], dot_theta];
        let (values, tangents) = self.value.run(&inputs);
        join(values, tangents, dh);
    }

    fn products(&mut self, frame: usize, a: &[Tangent], a_h: &mut [Tangent]) -> Tangent {
        let n = self.states;
        let kept = &mut self.frames[frame];
        part(a, &mut kept.a);
        let (values, tangents) = run(&mut self.products, kept, &self.theta);
        // Outputs: f, a·∂f/∂h, a·∂f/∂t.
        join(&values[n..2 * n], &tangents[n..2 * n], a_h);
        Tangent {
            value: values[2 * n],
            tangent: tangents[2 * n],
        }
    }

    fn accumulate(&mut self, frames: &[(usize, Tangent)]) {
        for (frame, weight) in frames {
            let (values, tangents) = run(&mut self.parameters, &self.frames[*frame], &self.theta);
            let pairs = values[self.states..].iter().zip(&tangents[self.states..]);
            for (sum, (value, tangent)) in self.sum.iter_mut().zip(pairs) {
                let number = Tangent {
                    value: *value,
                    tangent: *tangent,
                };
                *sum += *weight * number;
            }
        }
    }

    #[track_caller]
    fn finish(&mut self, a_theta: &mut [Tangent]) {
        a_theta.copy_from_slice(&self.sum);
        self.sum.fill(Tangent::constant(0.0));
    }

    fn frame_bytes(&self) -> usize {
        4 * self.states * size_of::<f64>() + size_of::<Frame>()
    }
}

/// Runs a program of products at a kept evaluation.
fn run<'a>(
    compiled: &'a mut Compiled,
    kept: &Frame,
    [theta, dot_theta]: &[Vec<f64>; 2],
) -> (&'a [f64], &'a [f64]) {
    let ([h, dot_h], [a, dot_a]) = (&kept.h, &kept.a);
    let (t, dot_t) = ([kept.t.value], [kept.t.tangent]);
    compiled.run(&[h, &t, theta, a, dot_h, &dot_t, dot_theta, dot_a])
}
