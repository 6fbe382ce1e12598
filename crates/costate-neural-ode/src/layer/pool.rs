//! Images made smaller.

use super::{Layer, Parameter};
use costate_tape::{Scalar, Var};
use rand::Rng;

/// Means over squares of `size` × `size` pixels: x `[B, channels, height, width]` gives `[B, channels, height/size, width/size]`; no parameters.
///
/// ```
/// use costate_neural_ode::layer::{Layer, MeanPool};
/// use costate_tape::Function;
///
/// let pool = MeanPool { size: 2 };
/// let f = Function::<f64>::record(&[("x", &[1, 1, 2, 4]), ("theta", &[0])], |v| vec![pool.apply(v[0], v[1])])?;
/// assert_eq!(f.eval(&[&[1.0, 3.0, 5.0, 5.0, 0.0, 0.0, 6.0, 4.0], &[]])?[0], [1.0, 5.0]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
///
/// # Panics
/// When it is applied, if `size` does not divide height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeanPool {
    /// The side of a square.
    pub size: usize,
}

impl Layer for MeanPool {
    fn parameters(&self) -> Vec<Parameter> {
        Vec::new()
    }

    #[track_caller]
    fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, _theta: Var<'t, T>) -> Var<'t, T> {
        let (shape, size) = (x.shape(), self.size);
        assert!(
            shape.rank() == 4
                && shape.axis(2).is_multiple_of(size)
                && shape.axis(3).is_multiple_of(size),
            "squares of {size} × {size} do not fill [batch, channels, height, width] of {shape}"
        );
        let (maps, down, across) = (
            shape.axis(0) * shape.axis(1),
            shape.axis(2) / size,
            shape.axis(3) / size,
        );
        let squares = x.reshape([maps * down, size, across, size]);
        let means = squares.mean_axis(3).mean_axis(1);
        means.reshape([shape.axis(0), shape.axis(1), down, across])
    }

    fn initialize(&self, _random: &mut dyn Rng, _theta: &mut [f64]) {}
}
