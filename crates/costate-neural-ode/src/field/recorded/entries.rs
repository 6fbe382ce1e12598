//! The entries of ∂f/∂h and ∂f/∂t of a recorded field, all by one program.

use costate_ode::Matrix;
use costate_tape::{Function, Lane, Program, Rule, Var, Workspace, column_colouring};

/// The derivatives of f as formulas of their own: the tangents along the directions of a colouring, put in and simplified, of which an evaluation
/// computes what is not zero and nothing twice.
///
/// # References
/// \[Griewank2008\] 8
#[derive(Debug)]
pub(super) struct Entries<T> {
    /// Inputs h, t and θ; the entries of ∂f/∂h one after another and then those of ∂f/∂t.
    program: Program<T>,
    /// Row and column of each entry of ∂f/∂h.
    places: Vec<(usize, usize)>,
    /// The row of each entry of ∂f/∂t.
    rows: Vec<usize>,
}

/// What one thread evaluates them in.
#[derive(Clone, Debug)]
pub(super) struct Room<T> {
    workspace: Workspace<T>,
    values: Vec<T>,
}

/// The most numbers that may be recorded for it. Beyond, products with rows at run time do the same work, and need no time to be compiled.
const MOST: usize = 100_000;

impl<T: Lane> Entries<T> {
    /// Records them from f(h, t, θ); nothing if that is too long.
    pub(super) fn new(function: &Function<T>) -> Option<Self> {
        let pattern = function.jacobian_pattern(0);
        let colouring = column_colouring(&pattern);
        let nodes = function.graph().nodes();
        let length: usize = nodes.iter().map(|node| node.shape.len()).sum();
        if length * (colouring.count + 1) > MOST {
            return None;
        }
        let places: Vec<(usize, usize)> = pattern.entries().collect();
        let in_time = function.jacobian_pattern(1);
        let rows: Vec<usize> = in_time.entries().map(|(row, _)| row).collect();
        if places.is_empty() && rows.is_empty() {
            return None;
        }
        let shapes = [0, 1, 2].map(|input| function.input_shape(input).to_vec());
        let inputs: Vec<(&str, &[usize])> = ["h", "t", "theta"]
            .into_iter()
            .zip(shapes.iter().map(Vec::as_slice))
            .collect();
        let (along_h, along_t) = (function.jvp(&[0]), function.jvp(&[1]));
        let record = Function::record(&inputs, |v| {
            let (h, t, theta) = (v[0], v[1], v[2]);
            let states = h.shape().len();
            let products: Vec<Var<'_, T>> = (0..colouring.count as u32)
                .map(|colour| {
                    let own = colouring.colours.iter().map(|&c| u8::from(c == colour));
                    let direction: Vec<T> = own.map(|c| T::from_f64(c.into())).collect();
                    let direction = h.array(h.shape(), &direction);
                    along_h.call(&[h, t, theta, direction])[1].reshape([states])
                })
                .collect();
            let mut entries: Vec<Var<'_, T>> = places
                .iter()
                .map(|&(i, j)| products[colouring.colours[j] as usize].index(i))
                .collect();
            if !rows.is_empty() {
                let one = t.full(T::from_f64(1.0), []);
                let rate = along_t.call(&[h, t, theta, one])[1].reshape([states]);
                entries.extend(rows.iter().map(|&row| rate.index(row)));
            }
            vec![Var::stack(&entries)]
        });
        let record = record.ok()?.simplify_with(&Rule::ALL);
        Some(Self {
            program: Program::compile(&record).ok()?,
            places,
            rows,
        })
    }

    pub(super) fn room(&self) -> Room<T> {
        Room {
            workspace: self.program.workspace(1),
            values: vec![T::from_f64(0.0); self.places.len() + self.rows.len()],
        }
    }

    /// Sets the entries of `jacobian` that can be other than zero, and all of `f_t`.
    pub(super) fn write(
        &self,
        room: &mut Room<T>,
        (t, h, theta): (T, &[T], &[T]),
        jacobian: &mut Matrix<T>,
        f_t: &mut [T],
    ) {
        self.program
            .eval(&mut room.workspace, 0, &[h, &[t], theta], &mut room.values);
        let (by_state, by_time) = room.values.split_at(self.places.len());
        for (&(i, j), &value) in self.places.iter().zip(by_state) {
            jacobian.set(i, j, value);
        }
        f_t.fill(T::from_f64(0.0));
        for (&row, &value) in self.rows.iter().zip(by_time) {
            f_t[row] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Recorded, VectorField};
    use costate_ode::{Matrix, Structure};
    use costate_tape::{Scalar, Var};

    /// A chain of `n` cells with a rate of their own, driven at one end.
    fn chain(n: usize) -> Recorded {
        Recorded::record(&[n], 2, |h, t, theta| {
            let (k, c) = (theta.index(0), theta.index(1));
            let cell = |i: usize| match i {
                0 => (t * k).sin() - h.index(0) * h.index(1),
                i => c * h.index(i - 1) * h.index(i) - k * h.index(i).exp() / h.index(i - 1),
            };
            Var::stack(&(0..n).map(cell).collect::<Vec<_>>())
        })
        .unwrap()
    }

    #[test]
    fn entries_are_those_of_the_products_in_dense_and_sparse_matrices() {
        for n in [5, 50] {
            let mut field = chain(n);
            field.set_parameters(&[0.7, 1.3]);
            let h: Vec<f64> = (0..n).map(|i| 1.0 + 0.1 * (i as f64).cos()).collect();
            let structure = field.structure();
            assert_eq!(matches!(structure, Structure::Sparse(_)), n == 50);
            let mut jacobian = Matrix::new::<f64>(n, structure);
            let mut f_t = vec![f64::NAN; n];
            assert!(field.jacobian(0.4, &h, &mut jacobian, &mut f_t));
            let (mut dh, mut row) = (vec![0.0; n], vec![0.0; n]);
            field.eval(0, 0.4, &h, &mut dh);
            for i in 0..n {
                let unit: Vec<f64> = (0..n).map(|j| f64::from(u8::from(i == j))).collect();
                let rate = field.products(0, &unit, &mut row);
                assert!((f_t[i] - rate).abs() <= 1e-15, "{i}: {} {rate}", f_t[i]);
                for j in 0..n {
                    let (entry, product) = (jacobian.get(i, j), row[j]);
                    let near = (entry - product).abs() <= 1e-14 * product.abs();
                    assert!(near, "{n}: ({i}, {j}): {entry} {product}");
                }
            }
            // Clones share the formulas and follow their own parameters.
            let mut other = field.clone();
            other.set_parameters(&[0.7, 2.6]);
            let before = jacobian.get(2, 1);
            jacobian.as_mut_slice().fill(0.0);
            assert!(other.jacobian(0.4, &h, &mut jacobian, &mut f_t));
            assert!((jacobian.get(2, 1) - before - 1.3 * h[2]).abs() < 1e-14);
        }
    }

    #[test]
    fn a_field_of_long_arrays_leaves_its_entries_to_products() {
        let mut field = Recorded::<f64>::record(&[400], 1, |h, _t, theta| {
            (h * h.sum()).sin() * theta.index(0)
        })
        .unwrap();
        field.set_parameters(&[1.0]);
        let mut jacobian = Matrix::new::<f64>(400, Structure::Dense);
        assert!(!field.jacobian(0.0, &[0.1; 400], &mut jacobian, &mut [0.0; 400]));
    }
}
