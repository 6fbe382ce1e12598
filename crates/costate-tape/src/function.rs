//! A closed graph with named inputs and outputs: what is differentiated, printed and compiled.

mod compose;
mod finite;
mod verbs;

pub use finite::NonFinite;

use crate::error::Error;
use crate::graph::{Graph, NodeId};
use crate::interpret::Values;
use crate::op::Binary;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tape::Tape;
use crate::var::Var;
use std::panic::Location;
use std::sync::Arc;

/// A named input or output of a [`Function`].
///
/// ```
/// use costate_tape::Function;
/// let f = Function::<f64>::record(&[("h", &[2]), ("k", &[])], |v| vec![v[0] * v[1]])?;
/// let inputs: Vec<_> = f.inputs().iter().map(|port| (port.name.as_str(), f.graph().shape(port.node).len())).collect();
/// assert_eq!(inputs, [("h", 2), ("k", 1)]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The name in texts and messages.
    pub name: String,
    /// The node that is this input, or whose value is this output.
    pub node: NodeId,
}

/// A comparison that decided a branch while recording. The function holds where the comparison comes out the same.
///
/// ```
/// use costate_tape::Function;
///
/// let f = Function::<f64>::record_at(&[("x", &[], &[1.0])], |v| vec![if v[0] > v[0] * 0.0 { v[0] } else { -v[0] }])?;
/// let guard = f.guards()[0];
/// assert_eq!((guard.op.name(), guard.held), ("gt", true));
/// assert!(guard.location.line() > 0);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The comparison.
    pub op: Binary,
    /// Its left side.
    pub a: NodeId,
    /// Its right side.
    pub b: NodeId,
    /// What it was at the recorded point.
    pub held: bool,
    /// Where it is written.
    pub location: &'static Location<'static>,
}

/// A recorded function: a closed expression graph from named inputs to named outputs.
///
/// It is immutable and cheap to clone. Differentiating it gives another `Function`, so derivatives of any order, printing and
/// compilation work alike on all of them.
///
/// ```
/// use costate_tape::{Function, Scalar};
/// // f(x, y) = x·y + sin x, a tape classic [Griewank2008].
/// let f = Function::<f64>::record(&[("x", &[]), ("y", &[])], |v| vec![v[0] * v[1] + v[0].sin()])?;
/// let gradient = f.vjp(&[0, 1]);
/// let out = gradient.eval(&[&[2.0], &[3.0], &[1.0]])?; // the last input is the cotangent of the output
/// assert_eq!(out[1], [3.0 + 2.0f64.cos()]);
/// assert_eq!(out[2], [2.0]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Function<T> {
    graph: Arc<Graph<T>>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    guards: Vec<Guard>,
}

impl<T: Scalar> Function<T> {
    /// Records `body` as a formula. Inputs are given by name and shape; outputs are named `y` (or `y0`, `y1`, …).
    ///
    /// # Errors
    /// [`Error::DuplicateName`] if two inputs share a name.
    ///
    /// # Panics
    /// If `body` branches on a recorded value: there is none. Use [`Function::record_at`] or [`Scalar::select`].
    ///
    /// ```
    /// use costate_tape::{Error, Function, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[2]), ("k", &[])], |v| vec![v[1] * v[0].sin()])?;
    /// assert_eq!(f.to_string(), "f(x[2], k):\n  y = k*sin(x)\n");
    /// let twice = Function::<f64>::record(&[("x", &[]), ("x", &[])], |v| vec![v[0] * v[1]]);
    /// assert!(matches!(twice, Err(Error::DuplicateName { name }) if name == "x"));
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    pub fn record<F>(inputs: &[(&str, &[usize])], body: F) -> Result<Self, Error>
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        let ports: Vec<(String, Shape)> = inputs
            .iter()
            .map(|(name, shape)| ((*name).to_owned(), Shape::new(shape)))
            .collect();
        Self::record_on(Tape::new(), &ports, |_, v| body(v))
    }

    /// Records `body` at a point: inputs are given by name, shape and values. Branches on recorded values follow the point and
    /// become guards.
    ///
    /// # Errors
    /// [`Error::DuplicateName`] if two inputs share a name, [`Error::InputLength`] if values do not fill their shape.
    ///
    /// ```
    /// use costate_tape::{Error, Function};
    /// let f = Function::<f64>::record_at(&[("x", &[], &[2.0])], |v| {
    ///     vec![if v[0] > v[0] * 0.0 { v[0] * 3.0 } else { v[0] }]
    /// })?;
    /// assert_eq!(f.eval(&[&[5.0]])?[0], [15.0]);
    /// assert!(matches!(f.eval(&[&[-5.0]]), Err(Error::GuardFailed { held: true, .. })));
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    pub fn record_at<F>(inputs: &[(&str, &[usize], &[T])], body: F) -> Result<Self, Error>
    where
        F: for<'t> FnOnce(&[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        let ports: Vec<(String, Shape)> = inputs
            .iter()
            .map(|(name, shape, _)| ((*name).to_owned(), Shape::new(shape)))
            .collect();
        for ((name, shape), (_, _, values)) in ports.iter().zip(inputs) {
            check_length(name, shape, values.len())?;
        }
        Self::record_on(
            Tape::at(
                inputs
                    .iter()
                    .map(|(_, _, values)| values.to_vec())
                    .collect(),
            ),
            &ports,
            |_, v| body(v),
        )
    }

    pub(crate) fn record_on<F>(
        tape: Tape<T>,
        inputs: &[(String, Shape)],
        body: F,
    ) -> Result<Self, Error>
    where
        F: for<'t> FnOnce(&'t Tape<T>, &[Var<'t, T>]) -> Vec<Var<'t, T>>,
    {
        for (i, (name, _)) in inputs.iter().enumerate() {
            if inputs[..i].iter().any(|(other, _)| other == name) {
                return Err(Error::DuplicateName { name: name.clone() });
            }
        }
        let (ports, outputs) = {
            let variables: Vec<Var<'_, T>> = inputs
                .iter()
                .enumerate()
                .map(|(number, (_, shape))| tape.input(number, shape.clone()))
                .collect();
            let ports: Vec<Port> = inputs
                .iter()
                .zip(&variables)
                .map(|((name, _), variable)| Port {
                    name: name.clone(),
                    node: variable.on(&tape),
                })
                .collect();
            let results = body(&tape, &variables);
            let single = results.len() == 1;
            let outputs: Vec<Port> = results
                .iter()
                .enumerate()
                .map(|(i, result)| Port {
                    name: if single {
                        "y".to_owned()
                    } else {
                        format!("y{i}")
                    },
                    node: result.on(&tape),
                })
                .collect();
            (ports, outputs)
        };
        let (graph, guards) = tape.close();
        Ok(Self::closed(graph, ports, outputs, guards))
    }

    /// The same function with other names for its outputs, in order.
    ///
    /// # Panics
    /// If the number of names is not the number of outputs.
    ///
    /// ```
    /// use costate_tape::Function;
    /// let f = Function::<f64>::record(&[("h", &[]), ("k", &[])], |v| vec![v[1] * v[0]])?.with_output_names(&["dh"]);
    /// assert_eq!(f.to_string(), "f(h, k):\n  dh = k*h\n");
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_output_names(mut self, names: &[&str]) -> Self {
        assert!(
            names.len() == self.outputs.len(),
            "{} names for {} outputs",
            names.len(),
            self.outputs.len()
        );
        for (port, name) in self.outputs.iter_mut().zip(names) {
            port.name = (*name).to_owned();
        }
        self
    }

    /// The expression graph.
    #[must_use]
    pub fn graph(&self) -> &Graph<T> {
        &self.graph
    }

    /// The inputs, in order.
    #[must_use]
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// The outputs, in order.
    #[must_use]
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// The comparisons under which this record holds.
    #[must_use]
    pub fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// The shape of input `number`.
    ///
    /// # Panics
    /// If there is no such input.
    #[must_use]
    #[track_caller]
    pub fn input_shape(&self, number: usize) -> &Shape {
        self.graph.shape(self.inputs[number].node)
    }

    /// The shape of output `number`.
    ///
    /// # Panics
    /// If there is no such output.
    #[must_use]
    #[track_caller]
    pub fn output_shape(&self, number: usize) -> &Shape {
        self.graph.shape(self.outputs[number].node)
    }

    /// The outputs at a point, by the plain interpreter: the reference for every faster way.
    ///
    /// # Errors
    /// [`Error::InputCount`] or [`Error::InputLength`] if the inputs do not fit, [`Error::GuardFailed`] if a branch that was
    /// taken while recording would not be taken here.
    ///
    /// ```
    /// use costate_tape::{Error, Function};
    /// let f = Function::<f64>::record(&[("x", &[2]), ("k", &[])], |v| vec![v[0] * v[1], v[0].sum()])?;
    /// assert_eq!(f.eval(&[&[1.0, 2.0], &[10.0]])?, [vec![10.0, 20.0], vec![3.0]]);
    /// let short = f.eval(&[&[1.0], &[10.0]]).unwrap_err();
    /// assert_eq!(short.to_string(), "input 'x' of shape [2] has 2 elements, but 1 were given");
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    pub fn eval(&self, inputs: &[&[T]]) -> Result<Vec<Vec<T>>, Error> {
        let values = self.values(inputs)?;
        for guard in &self.guards {
            let holds = crate::op::holds(guard.op, values.of(guard.a)[0], values.of(guard.b)[0]);
            if holds != guard.held {
                return Err(Error::guard_failed(guard));
            }
        }
        Ok(self
            .outputs
            .iter()
            .map(|output| values.of(output.node).to_vec())
            .collect())
    }

    /// The value of every node at a point.
    fn values(&self, inputs: &[&[T]]) -> Result<Values<T>, Error> {
        if inputs.len() != self.inputs.len() {
            return Err(Error::InputCount {
                expected: self.inputs.len(),
                given: inputs.len(),
            });
        }
        for (port, values) in self.inputs.iter().zip(inputs) {
            check_length(&port.name, self.graph.shape(port.node), values.len())?;
        }
        let mut values = Values::new();
        values.extend(&self.graph, |number| inputs[number]);
        Ok(values)
    }

    /// The reverse-mode derivative, as a function: its inputs are these inputs and one cotangent `bar_<output>` for each output;
    /// its outputs are these outputs and, for each input named by number in `wrt`, the cotangent `bar_<input>` =
    /// Σ bar_output · ∂output/∂input, in the input's shape.
    ///
    /// Node by node it is the reverse sweep, the chain rule from the outputs back: with φ_i the operation of node i,
    #[cfg_attr(doc, doc = include_str!("../formulas/reverse-sweep.html"))]
    ///
    /// No two names of a derivative are equal: a new name that an input or an output has already gets an underscore. Where an input and
    /// an output are both called `y`, `bar_y` is the new input, the cotangent of the output, and `bar_y_` the new output, the cotangent
    /// of the input; in the derivative of a derivative, `bar_y` stays what it was and `bar_y_` is new.
    ///
    /// ```
    /// use costate_tape::Function;
    /// let f = Function::<f64>::record(&[("y", &[])], |v| vec![v[0] * v[0]])?;
    /// let products = f.vjp(&[0]);
    /// assert_eq!((products.inputs()[1].name.as_str(), products.outputs()[1].name.as_str()), ("bar_y", "bar_y_"));
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    ///
    /// # Panics
    /// If `wrt` names an input that does not exist.
    #[must_use]
    #[track_caller]
    pub fn vjp(&self, wrt: &[usize]) -> Function<T> {
        crate::differentiate::reverse(self, wrt)
    }

    /// The forward-mode derivative, as a function: its inputs are these inputs and one tangent `dot_<input>` for each input named by
    /// number in `wrt`; its outputs are these outputs and their tangents `dot_<output>` = Σ ∂output/∂input · dot_input. Names that are
    /// taken get an underscore, as in [`vjp`](Function::vjp).
    ///
    /// # Panics
    /// If `wrt` names an input that does not exist.
    ///
    /// ```
    /// use costate_tape::{Function, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0].index(0) * v[0].index(1)])?;
    /// let along = f.jvp(&[0]); // inputs x and dot_x
    /// assert_eq!(along.eval(&[&[2.0, 3.0], &[1.0, 10.0]])?, [vec![6.0], vec![23.0]]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn jvp(&self, wrt: &[usize]) -> Function<T> {
        crate::differentiate::forward(self, wrt)
    }
}

impl<T> Function<T> {
    /// Refuses numbers of inputs that there are not.
    #[track_caller]
    pub(crate) fn must_have_inputs(&self, wrt: &[usize]) {
        let inputs = self.inputs.len();
        assert!(
            wrt.iter().all(|&number| number < inputs),
            "the function has {inputs} inputs; {wrt:?} names another"
        );
    }
}

fn check_length(name: &str, shape: &Shape, given: usize) -> Result<(), Error> {
    if given == shape.len() {
        return Ok(());
    }
    Err(Error::InputLength {
        name: name.to_owned(),
        shape: shape.clone(),
        expected: shape.len(),
        given,
    })
}
