//! Derivatives of a function as functions: gradient, Jacobian, Hessian, and Hessian times vector.

use crate::differentiate::{cotangents_of, tangents_of};
use crate::function::Function;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::var::Var;

impl<T: Scalar> Function<T> {
    /// The gradient ∂y/∂x of the one output y, a single number, as a function of the same inputs: one output `grad_<input>`, in the
    /// input's shape, for each input named by number in `wrt`.
    ///
    /// # Panics
    /// If the function has not one output of one element, or `wrt` names an input that does not exist.
    ///
    /// ```
    /// use costate_tape::{Function, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[2]), ("s", &[])], |v| vec![(v[0] * v[0]).sum() * v[1]])?;
    /// let out = f.gradient(&[0, 1]).eval(&[&[1.0, 2.0], &[3.0]])?;
    /// assert_eq!(out, [vec![6.0, 12.0], vec![5.0]]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn gradient(&self, wrt: &[usize]) -> Function<T> {
        self.with_gradient(wrt, false)
    }

    /// The value and the [`gradient`](Function::gradient) in one function, which share their work.
    ///
    /// # Panics
    /// As [`gradient`](Function::gradient).
    ///
    /// ```
    /// use costate_tape::Function;
    /// let f = Function::<f64>::record(&[("x", &[2])], |v| vec![(v[0] * v[0]).sum()])?;
    /// assert_eq!(f.value_and_gradient(&[0]).eval(&[&[1.0, 2.0]])?, [vec![5.0], vec![2.0, 4.0]]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn value_and_gradient(&self, wrt: &[usize]) -> Function<T> {
        self.with_gradient(wrt, true)
    }

    #[track_caller]
    fn with_gradient(&self, wrt: &[usize], value: bool) -> Function<T> {
        assert!(
            self.outputs().len() == 1 && self.output_shape(0).len() == 1,
            "a gradient is that of one number; this function has {} outputs, the first of shape {}: take `jacobian`, or `vjp` with \
             a cotangent",
            self.outputs().len(),
            self.output_shape(0)
        );
        let products = self.vjp(wrt);
        let mut names = Vec::new();
        if value {
            names.push(self.outputs()[0].name.clone());
        }
        names.extend(
            wrt.iter()
                .map(|&i| format!("grad_{}", self.inputs()[i].name)),
        );
        self.extend(Vec::new(), names, |nodes, variables, _| {
            let y = nodes[self.outputs()[0].node.index()];
            let one = y.full(T::from_f64(1.0), y.shape());
            let out = products.call(&[variables, &[one]].concat());
            out[usize::from(!value)..].to_vec()
        })
    }

    /// The Hessian of the one output y, a single number, times a vector: H u, as a function of the inputs and one direction
    /// `dot_<input>` for each input named in `wrt`; one output `hvp_<input>` for each. Costs a few evaluations, whatever the size.
    ///
    /// # Panics
    /// As [`gradient`](Function::gradient).
    ///
    /// ```
    /// use costate_tape::Function;
    /// let f = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0].index(0) * v[0].index(1) * v[0].index(1)])?;
    /// // H = [[0, 2y], [2y, 2x]]
    /// assert_eq!(f.hvp(&[0]).eval(&[&[3.0, 5.0], &[1.0, -1.0]])?[0], [-10.0, 4.0]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn hvp(&self, wrt: &[usize]) -> Function<T> {
        let tangents = self.gradient(wrt).jvp(wrt);
        let own = wrt.len();
        let (inputs, outputs) = (tangents.inputs(), tangents.outputs());
        let more = (self.inputs().len()..inputs.len())
            .map(|i| (inputs[i].name.clone(), tangents.input_shape(i).clone()))
            .collect();
        debug_assert_eq!(outputs.len(), 2 * own);
        let names = wrt
            .iter()
            .map(|&i| format!("hvp_{}", self.inputs()[i].name));
        self.extend(more, names.collect(), |_, variables, directions| {
            tangents.call(&[variables, directions].concat())[own..].to_vec()
        })
    }

    /// The Jacobians ∂y/∂x of all outputs y to each input x named by number in `wrt`, as functions of the same inputs: one output
    /// `jac_<output>_<input>` for each pair, of the shape of y followed by that of x.
    ///
    /// Forward mode is used where x has fewer elements than all outputs together, else reverse mode; the graph grows with the
    /// smaller number. For large sparse Jacobians take [`SparseJacobian`](crate::SparseJacobian).
    ///
    /// # Panics
    /// If `wrt` names an input that does not exist.
    ///
    /// ```
    /// use costate_tape::{Function, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0].index(0) * v[0]])?;
    /// let jacobian = f.jacobian(&[0]);
    /// assert_eq!(jacobian.output_shape(0).to_vec(), [2, 2]);
    /// assert_eq!(jacobian.eval(&[&[3.0, 5.0]])?[0], [6.0, 0.0, 5.0, 3.0]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn jacobian(&self, wrt: &[usize]) -> Function<T> {
        self.must_have_inputs(wrt);
        let rows: usize = (0..self.outputs().len())
            .map(|i| self.output_shape(i).len())
            .sum();
        let names = self.outputs().iter().flat_map(|output| {
            wrt.iter()
                .map(|&input| format!("jac_{}_{}", output.name, self.inputs()[input].name))
        });
        self.extend(Vec::new(), names.collect(), |nodes, variables, _| {
            let by_input: Vec<Vec<Var<'_, T>>> = wrt
                .iter()
                .map(|&input| {
                    if self.input_shape(input).len() < rows {
                        self.columns(input, nodes, variables)
                    } else {
                        self.rows(input, nodes, variables)
                    }
                })
                .collect();
            (0..self.outputs().len())
                .flat_map(|output| by_input.iter().map(move |jacobians| jacobians[output]))
                .collect()
        })
    }

    /// The Jacobian of each output to one input, a column for each of its elements.
    fn columns<'t>(
        &self,
        input: usize,
        nodes: &[Var<'t, T>],
        variables: &[Var<'t, T>],
    ) -> Vec<Var<'t, T>> {
        let x = variables[input];
        let outputs = self.outputs().len();
        let columns: Vec<Vec<Var<'t, T>>> = units(x)
            .map(|unit| tangents_of(self, nodes, &[unit], &[input]))
            .collect();
        (0..outputs)
            .map(|output| {
                let shape = self.output_shape(output);
                let parts: Vec<Var<'t, T>> = columns
                    .iter()
                    .map(|column| column[output].reshape([shape.len(), 1]))
                    .collect();
                matrix(x, &parts, 1, shape, &x.shape())
            })
            .collect()
    }

    /// The Jacobian of each output to one input, a row for each element of the output.
    fn rows<'t>(
        &self,
        input: usize,
        nodes: &[Var<'t, T>],
        variables: &[Var<'t, T>],
    ) -> Vec<Var<'t, T>> {
        let x = variables[input];
        let values: Vec<Var<'t, T>> = self
            .outputs()
            .iter()
            .map(|output| nodes[output.node.index()])
            .collect();
        let zeros: Vec<Var<'t, T>> = values
            .iter()
            .map(|y| y.full(T::from_f64(0.0), y.shape()))
            .collect();
        (0..values.len())
            .map(|output| {
                let parts: Vec<Var<'t, T>> = units(values[output])
                    .map(|unit| {
                        let mut seeds = zeros.clone();
                        seeds[output] = unit;
                        let bars = cotangents_of(self, nodes, variables, &seeds, &[input]);
                        bars[0].reshape([1, x.shape().len()])
                    })
                    .collect();
                matrix(x, &parts, 0, &values[output].shape(), &x.shape())
            })
            .collect()
    }

    /// The Hessian of the one output, a single number, to one input x, as a function of the same inputs: one output `hess_<input>` of
    /// x's shape twice.
    ///
    /// # Panics
    /// As [`gradient`](Function::gradient).
    ///
    /// ```
    /// use costate_tape::{Function, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0].index(0) * v[0].index(1).exp()])?;
    /// let e = 1f64.exp();
    /// assert_eq!(f.hessian(0).eval(&[&[3.0, 1.0]])?[0], [0.0, e, e, 3.0 * e]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn hessian(&self, wrt: usize) -> Function<T> {
        let hessian = self.gradient(&[wrt]).jacobian(&[wrt]);
        let name = format!("hess_{}", self.inputs()[wrt].name);
        hessian.with_output_names(&[&name])
    }
}

/// The unit arrays of a variable's shape: 1 in one element, 0 in the others.
fn units<'t, T: Scalar>(like: Var<'t, T>) -> impl Iterator<Item = Var<'t, T>> {
    let shape = like.shape();
    (0..shape.len()).map(move |i| {
        let mut unit = vec![T::from_f64(0.0); shape.len()];
        unit[i] = T::from_f64(1.0);
        match like.tape_of() {
            Some(tape) => tape.constant(shape.clone(), &unit),
            None => Var::detached(unit[0]),
        }
    })
}

/// Rows or columns beside each other, in the shape of an output followed by that of an input.
fn matrix<'t, T: Scalar>(
    x: Var<'t, T>,
    parts: &[Var<'t, T>],
    axis: usize,
    output: &Shape,
    input: &Shape,
) -> Var<'t, T> {
    let shape = Shape::new(&[output.to_vec(), input.to_vec()].concat());
    if parts.is_empty() {
        return x.full(T::from_f64(0.0), shape);
    }
    Var::concat(parts, axis).reshape(shape)
}
