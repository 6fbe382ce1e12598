//! Second derivatives of a recorded function of h, t and θ.

use crate::Error;
use costate_tape::{Function, Lane, Program, Workspace};
use std::sync::Arc;

/// The tangent ∂f/∂h u + ∂f/∂t s of a field, or of a number, as a program of its own, whose products are second derivatives of f.
///
/// # References
/// \[Griewank2008\] 5
#[derive(Clone, Debug)]
pub(in crate::field) struct Curvature<T> {
    /// Inputs h, t, u and s; parameters θ.
    program: Arc<Program<T>>,
    workspace: Workspace<T>,
    /// h, u, the tangent or its cotangent, and the cotangents of h and u, in the program's order.
    packed: [Vec<T>; 5],
    a_theta: Vec<T>,
    /// f is a state, in the order of states.
    is_field: bool,
}

impl<T: Lane> Curvature<T> {
    /// Records it from f(h, t, θ).
    fn new(function: &Function<T>) -> Result<Self, Error> {
        let tangent = function.jvp(&[0, 1]);
        let shapes = [0, 1, 0, 1, 2].map(|input| function.input_shape(input).to_vec());
        let names = ["h", "t", "dot_h", "dot_t", "theta"];
        let inputs: Vec<(&str, &[usize])> = names
            .into_iter()
            .zip(shapes.iter().map(Vec::as_slice))
            .collect();
        let record = Function::record(&inputs, |v| {
            vec![tangent.call(&[v[0], v[1], v[4], v[2], v[3]])[1]]
        })?;
        let program = Arc::new(Program::with_products(&record, 4)?);
        let zero = T::from_f64(0.0);
        let is_field = function.output_shape(0) == function.input_shape(0);
        let states = vec![zero; function.input_shape(0).len()];
        let mut packed = std::array::from_fn(|_| states.clone());
        packed[2] = vec![zero; function.output_shape(0).len()];
        Ok(Self {
            workspace: program.workspace(1),
            packed,
            is_field,
            a_theta: vec![zero; program.parameter_len()],
            program,
        })
    }

    /// Makes it in `place`, unless it is there; false if it cannot be made.
    pub(in crate::field) fn made(
        place: &mut Option<Box<Self>>,
        function: &Function<T>,
        theta: &[T],
    ) -> bool {
        if place.is_none()
            && let Ok(mut made) = Self::new(function)
        {
            made.set_parameters(theta);
            *place = Some(Box::new(made));
        }
        place.is_some()
    }

    pub(in crate::field) fn set_parameters(&mut self, theta: &[T]) {
        self.program.set_params(&mut self.workspace, theta);
        self.program.zero(&mut self.workspace);
    }

    /// As [`VectorField::curvature`](crate::VectorField::curvature).
    pub(in crate::field) fn products(
        &mut self,
        t: T,
        natural_h: &[T],
        (along, s): (&[T], T),
        row: &[T],
        a_h: &mut [T],
    ) -> T {
        let [h, u, out, bar_h, bar_u] = &mut self.packed;
        let (program, workspace) = (&self.program, &mut self.workspace);
        program.pack(0, natural_h, h);
        program.pack(2, along, u);
        program.eval(workspace, 0, &[h, &[t], u, &[s]], out);
        if self.is_field {
            program.pack(0, row, out);
        } else {
            out.copy_from_slice(row);
        }
        let (mut bar_t, mut bar_s) = ([t], [s]);
        program.products(
            workspace,
            0,
            out,
            &mut [bar_h, &mut bar_t, bar_u, &mut bar_s],
        );
        program.accumulate(workspace, &[(0, T::from_f64(1.0))]);
        program.unpack(0, bar_h, a_h);
        bar_t[0]
    }

    /// Adds what was accumulated to `a_theta`.
    pub(in crate::field) fn finish(&mut self, a_theta: &mut [T]) {
        self.program.finish(&mut self.workspace, &mut self.a_theta);
        for (sum, more) in a_theta.iter_mut().zip(&self.a_theta) {
            *sum += *more;
        }
    }
}
