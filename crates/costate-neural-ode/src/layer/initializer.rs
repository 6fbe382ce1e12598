//! Values to begin a training with.

use nalgebra::DMatrix;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};

/// How the weights W `[outputs, inputs]` and the bias of a layer are drawn.
///
/// | initialiser | W | bias | for |
/// |---|---|---|---|
/// | `Uniform` | between ∓1/√inputs | the same | what PyTorch does unless told otherwise |
/// | `Glorot` | between ∓√(6/(inputs + outputs)) | 0 | tanh, sigmoid; also called Xavier |
/// | `GlorotNormal` | normal with variance 2/(inputs + outputs) | 0 | the same |
/// | `He` | normal with variance 2/inputs | 0 | relu and its kind; also called Kaiming |
/// | `HeUniform` | between ∓√(6/inputs) | 0 | the same |
/// | `Orthogonal` | gain times a matrix with orthonormal rows or columns, whichever are fewer; uniformly among them | 0 | deep and recurrent networks: lengths are kept |
/// | `Normal` | normal with this standard deviation | 0 | small vector fields: h hardly moves at first |
/// | `Zeros` | 0 | 0 | a last layer that begins as nothing |
///
/// For a convolution, inputs and outputs count every element of the kernel: inputs = channels · rows · columns.
///
/// # References
/// \[Glorot2010\], \[He2015\], \[Saxe2014\]
///
/// ```
/// use costate_neural_ode::layer::{Initializer, Layer, Linear};
///
/// let linear = Linear { initializer: Initializer::Orthogonal { gain: 2.0 }, ..Linear::new(5, 3) };
/// let theta: Vec<f64> = linear.initial(7); // W [3, 5] row by row, then the bias
/// let dot = |i: usize, j: usize| (0..5).map(|k| theta[5 * i + k] * theta[5 * j + k]).sum::<f64>();
/// assert!((dot(0, 0) - 4.0).abs() < 1e-12 && dot(0, 2).abs() < 1e-12);
/// assert_eq!(theta[15..], [0.0; 3]);
/// assert_eq!(theta, linear.initial::<f64>(7)); // a seed is a start
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Initializer {
    /// Uniform between ∓1/√inputs, the bias too.
    #[default]
    Uniform,
    /// Uniform between ∓√(6/(inputs + outputs)).
    Glorot,
    /// Normal with variance 2/(inputs + outputs).
    GlorotNormal,
    /// Normal with variance 2/inputs.
    He,
    /// Uniform between ∓√(6/inputs).
    HeUniform,
    /// Orthonormal rows or columns, times `gain`.
    Orthogonal {
        /// The size of all singular values.
        gain: f64,
    },
    /// Normal.
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// All zero.
    Zeros,
}

impl Initializer {
    /// Writes W, with as many rows as there are outputs, and the bias. `window` is the number of elements that a kernel has for each channel; 1 without one.
    pub(super) fn fill(
        self,
        random: &mut dyn Rng,
        window: usize,
        weight: &mut [f64],
        bias: &mut [f64],
    ) {
        let outputs = bias.len();
        let inputs = weight.len() / outputs.max(1);
        let (fan_in, fan_out) = (inputs.max(1) as f64, (outputs * window) as f64);
        bias.fill(0.0);
        match self {
            Self::Uniform => {
                uniform(random, fan_in.sqrt().recip(), weight);
                uniform(random, fan_in.sqrt().recip(), bias);
            }
            Self::Glorot => uniform(random, (6.0 / (fan_in + fan_out)).sqrt(), weight),
            Self::GlorotNormal => normal(random, (2.0 / (fan_in + fan_out)).sqrt(), weight),
            Self::He => normal(random, (2.0 / fan_in).sqrt(), weight),
            Self::HeUniform => uniform(random, (6.0 / fan_in).sqrt(), weight),
            Self::Orthogonal { gain } => orthogonal(random, gain, outputs, weight),
            Self::Normal { std } => normal(random, std, weight),
            Self::Zeros => weight.fill(0.0),
        }
    }
}

pub(super) fn uniform(random: &mut dyn Rng, bound: f64, values: &mut [f64]) {
    for value in values {
        *value = bound * (2.0 * random.random::<f64>() - 1.0);
    }
}

fn normal(random: &mut dyn Rng, std: f64, values: &mut [f64]) {
    let normal = Normal::new(0.0, std).expect("a finite standard deviation");
    for value in values {
        *value = normal.sample(random);
    }
}

/// The Q of a normal matrix whose R has a positive diagonal: uniform among all matrices with orthonormal columns.
fn orthogonal(random: &mut dyn Rng, gain: f64, rows: usize, weight: &mut [f64]) {
    normal(random, 1.0, weight);
    let columns = weight.len() / rows.max(1);
    let matrix = DMatrix::from_row_slice(rows, columns, weight);
    let wide = rows < columns;
    let qr = if wide { matrix.transpose() } else { matrix }.qr();
    let (q, r) = (qr.q(), qr.r());
    for (place, value) in weight.iter_mut().enumerate() {
        let (i, j) = (place / columns, place % columns);
        let (along, column) = if wide { (j, i) } else { (i, j) };
        *value = gain * r[(column, column)].signum() * q[(along, column)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

    #[test]
    fn weights_have_the_spread_that_is_promised() {
        let (inputs, outputs) = (50, 400);
        let cases: [(_, f64); 8] = [
            (Initializer::Uniform, 1.0 / 3.0 / 50.0),
            (Initializer::Glorot, 6.0 / 450.0 / 3.0),
            (Initializer::GlorotNormal, 2.0 / 450.0),
            (Initializer::He, 2.0 / 50.0),
            (Initializer::HeUniform, 2.0 / 50.0),
            (Initializer::Orthogonal { gain: 2.0 }, 4.0 / 400.0),
            (Initializer::Normal { std: 0.1 }, 0.01),
            (Initializer::Zeros, 0.0),
        ];
        for (initializer, variance) in cases {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
            let (mut weight, mut bias) = (vec![9.0; inputs * outputs], vec![9.0; outputs]);
            initializer.fill(&mut random, 1, &mut weight, &mut bias);
            let mean = weight.iter().sum::<f64>() / weight.len() as f64;
            let found = weight.iter().map(|w| w * w).sum::<f64>() / weight.len() as f64;
            assert!(
                mean.abs() < 0.03 * variance.sqrt() + 1e-300,
                "{initializer:?}: {mean}"
            );
            assert!(
                (found - variance).abs() <= 0.03 * variance,
                "{initializer:?}: {found} instead of {variance}"
            );
            let has_bias = bias.iter().any(|b| *b != 0.0);
            assert_eq!(has_bias, initializer == Initializer::Uniform);
            assert!(bias.iter().all(|b| b.abs() <= 1.0 / 50.0_f64.sqrt()));
        }
    }

    #[test]
    fn orthogonal_weights_have_orthonormal_rows_or_columns() {
        for (rows, columns) in [(3, 7), (7, 3), (4, 4)] {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
            let mut weight = vec![0.0; rows * columns];
            let initializer = Initializer::Orthogonal { gain: 3.0 };
            initializer.fill(&mut random, 1, &mut weight, &mut vec![0.0; rows]);
            let w = DMatrix::from_row_slice(rows, columns, &weight);
            let gram = if rows < columns {
                &w * w.transpose()
            } else {
                w.transpose() * &w
            };
            let unit: DMatrix<f64> = DMatrix::identity(gram.nrows(), gram.nrows());
            let off = (&gram - 9.0 * unit).norm();
            assert!(off < 1e-13, "{gram}");
        }
    }

    #[test]
    fn a_kernel_counts_all_its_elements() {
        // 4 channels in, 8 out, windows of 9: inputs 36, outputs 72.
        let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
        let mut weight = vec![0.0; 8 * 4 * 9 * 100];
        for part in weight.chunks_mut(8 * 4 * 9) {
            Initializer::Glorot.fill(&mut random, 9, part, &mut [0.0; 8]);
        }
        let bound = (6.0_f64 / 108.0).sqrt();
        let largest = weight.iter().fold(0.0_f64, |max, w| max.max(w.abs()));
        assert!(largest <= bound && largest > 0.99 * bound, "{largest}");
    }
}
