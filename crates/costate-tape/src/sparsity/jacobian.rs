//! Jacobians by as many products as there are colours.

use super::colouring::{Colouring, column_colouring, row_colouring};
use super::pattern::Pattern;
use crate::error::Error;
use crate::function::Function;
use crate::scalar::Scalar;

/// The Jacobian of a function's outputs to one input, its entries found together by colours.
///
/// Made once; evaluated at any point. Forward or reverse products, whichever need fewer colours.
///
/// ```
/// use costate_tape::{Function, Scalar, SparseJacobian};
/// // Diffusion along a line of 50 cells: three products instead of fifty.
/// let f = Function::<f64>::record(&[("u", &[50])], |v| {
///     let left = v[0].slice(0, 0..49).pad(0, 1, 50);
///     let right = v[0].slice(0, 1..50).pad(0, 0, 50);
///     vec![(left + right - v[0] * 2.0) * v[0]]
/// })?;
/// let jacobian = SparseJacobian::new(&f, 0);
/// assert_eq!((jacobian.products(), jacobian.pattern().len()), (3, 148));
/// let values = jacobian.eval(&[&[0.5; 50]])?;
/// assert_eq!(values[..2], [-1.5, 0.5]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SparseJacobian<T> {
    pattern: Pattern,
    colouring: Colouring,
    /// Whether colours are those of columns, and the products forward ones.
    forward: bool,
    product: Function<T>,
    /// Outputs of the function, which a product repeats before the derivatives.
    outputs: usize,
    input: usize,
}

impl<T: Scalar> SparseJacobian<T> {
    /// The Jacobian of all outputs of `f`, one after another, to the input with number `wrt`.
    ///
    /// # Panics
    /// If there is no such input.
    #[must_use]
    #[track_caller]
    pub fn new(f: &Function<T>, wrt: usize) -> Self {
        let pattern = f.jacobian_pattern(wrt);
        let (columns, rows) = (column_colouring(&pattern), row_colouring(&pattern));
        let forward = columns.count <= rows.count;
        SparseJacobian {
            product: if forward {
                f.jvp(&[wrt])
            } else {
                f.vjp(&[wrt])
            },
            colouring: if forward { columns } else { rows },
            forward,
            outputs: f.outputs().len(),
            input: wrt,
            pattern,
        }
    }

    /// Where the entries are.
    #[must_use]
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// How many products an evaluation takes.
    #[must_use]
    pub fn products(&self) -> usize {
        self.colouring.count
    }

    /// The entries at a point, in the order of [`Pattern::entries`].
    ///
    /// # Errors
    /// Those of [`Function::eval`].
    pub fn eval(&self, inputs: &[&[T]]) -> Result<Vec<T>, Error> {
        let mut compressed = Vec::with_capacity(self.colouring.count);
        for colour in 0..self.colouring.count as u32 {
            let seed = self
                .colouring
                .colours
                .iter()
                .map(|&own| T::from_f64(f64::from(u8::from(own == colour))));
            let seed: Vec<T> = seed.collect();
            compressed.push(if self.forward {
                let out = self.product.eval(&[inputs, &[&seed]].concat())?;
                out[self.outputs..].concat()
            } else {
                let mut seeds = Vec::with_capacity(self.outputs);
                let mut rest = seed.as_slice();
                for output in 0..self.outputs {
                    let (own, after) = rest.split_at(self.product.output_shape(output).len());
                    seeds.push(own);
                    rest = after;
                }
                let out = self.product.eval(&[inputs, &seeds].concat())?;
                out[self.outputs..].concat()
            });
        }
        let colours = &self.colouring.colours;
        let entry = |(i, j): (usize, usize)| {
            if self.forward {
                compressed[colours[j] as usize][i]
            } else {
                compressed[colours[i] as usize][j]
            }
        };
        Ok(self.pattern.entries().map(entry).collect())
    }

    /// The number of the input that the Jacobian is taken to.
    #[must_use]
    pub fn input(&self) -> usize {
        self.input
    }
}
