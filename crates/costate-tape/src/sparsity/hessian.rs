//! Hessians by as many products as a star colouring has colours.

use super::colouring::{Colouring, star_colouring};
use super::pattern::Pattern;
use crate::error::Error;
use crate::function::Function;
use crate::scalar::Scalar;

/// The Hessian of a function's one output, a single number, to one input, its entries found together by colours.
///
/// ```
/// use costate_tape::{Function, Scalar, SparseHessian};
/// // Every element meets the first one: two products, whatever the length.
/// let f = Function::<f64>::record(&[("x", &[40])], |v| vec![(v[0] * v[0]).sum() * 0.5 + v[0].index(0) * v[0].sin().sum()])?;
/// let hessian = SparseHessian::new(&f, 0);
/// assert_eq!(hessian.products(), 2);
/// let x = [0.0; 40];
/// let values = hessian.eval(&[&x])?;
/// // ∂²f/∂x₀² = 1 + 2 cos x₀, ∂²f/∂x₀∂x₁ = cos x₁
/// assert_eq!(values[..2], [3.0, 1.0]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SparseHessian<T> {
    pattern: Pattern,
    colouring: Colouring,
    product: Function<T>,
    /// For each entry, the product and the row that it is read from.
    places: Vec<(u32, u32)>,
}

impl<T: Scalar> SparseHessian<T> {
    /// The Hessian of `f` to the input with number `wrt`.
    ///
    /// # Panics
    /// As [`Function::gradient`].
    #[must_use]
    #[track_caller]
    pub fn new(f: &Function<T>, wrt: usize) -> Self {
        let pattern = f.hessian_pattern(wrt);
        let colouring = star_colouring(&pattern);
        let places = pattern
            .entries()
            .map(|(i, j)| place(&pattern, &colouring, i, j))
            .collect();
        SparseHessian {
            product: f.hvp(&[wrt]),
            pattern,
            colouring,
            places,
        }
    }

    /// Where the entries are: both halves and the diagonal.
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
            compressed.push(
                self.product
                    .eval(&[inputs, &[&seed]].concat())?
                    .swap_remove(0),
            );
        }
        Ok(self
            .places
            .iter()
            .map(|&(product, row)| compressed[product as usize][row as usize])
            .collect())
    }
}

/// Where H\[i, j\] stands alone: in row i of the product of j's colour, unless another column of that colour has an entry in row i;
/// then in row j of the product of i's colour. One of the two holds in a star colouring.
fn place(pattern: &Pattern, colouring: &Colouring, i: usize, j: usize) -> (u32, u32) {
    let alone = |row: usize, column: usize| {
        let colour = colouring.colours[column];
        pattern
            .row(row)
            .iter()
            .all(|&k| k as usize == column || colouring.colours[k as usize] != colour)
    };
    if alone(i, j) {
        (colouring.colours[j], i as u32)
    } else {
        debug_assert!(
            alone(j, i),
            "a star colouring separates each entry or its mirror image"
        );
        (colouring.colours[i], j as u32)
    }
}
