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
