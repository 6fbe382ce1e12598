//! Values to begin a training with.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Normal};

/// How the weights W `[outputs, inputs]` and the bias of a layer are drawn.
///
/// | initialiser | W | bias | for |
/// |---|---|---|---|
/// | `Uniform` | between ∓1/√inputs | the same | what PyTorch does unless told otherwise |
/// | `Glorot` | between ∓√(6/(inputs + outputs)) | 0 | tanh, sigmoid |
/// | `He` | normal with variance 2/inputs | 0 | relu and its kind |
/// | `Normal` | normal with this standard deviation | 0 | small vector fields: h hardly moves at first |
/// | `Zeros` | 0 | 0 | a last layer that begins as nothing |
///
/// # References
/// \[Glorot2010\], \[He2015\]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Initializer {
    /// Uniform between ∓1/√inputs, the bias too.
    #[default]
    Uniform,
    /// Uniform between ∓√(6/(inputs + outputs)).
    Glorot,
    /// Normal with variance 2/inputs.
    He,
    /// Normal.
    Normal {
        /// The standard deviation.
        std: f64,
    },
    /// All zero.
    Zeros,
}

impl Initializer {
    /// Writes W, with as many rows as there are outputs, and the bias.
    pub(super) fn fill(self, random: &mut dyn Rng, weight: &mut [f64], bias: &mut [f64]) {
        let outputs = bias.len();
        let inputs = weight.len() / outputs.max(1);
        let (fan_in, fan_out) = (inputs.max(1) as f64, outputs as f64);
        bias.fill(0.0);
        match self {
            Self::Uniform => {
                uniform(random, fan_in.sqrt().recip(), weight);
                uniform(random, fan_in.sqrt().recip(), bias);
            }
            Self::Glorot => uniform(random, (6.0 / (fan_in + fan_out)).sqrt(), weight),
            Self::He => normal(random, (2.0 / fan_in).sqrt(), weight),
            Self::Normal { std } => normal(random, std, weight),
            Self::Zeros => weight.fill(0.0),
        }
    }
}

fn uniform(random: &mut dyn Rng, bound: f64, values: &mut [f64]) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

    #[test]
    fn weights_have_the_spread_that_is_promised() {
        let (inputs, outputs) = (50, 400);
        let cases: [(_, f64); 5] = [
            (Initializer::Uniform, 1.0 / 3.0 / 50.0),
            (Initializer::Glorot, 6.0 / 450.0 / 3.0),
            (Initializer::He, 2.0 / 50.0),
            (Initializer::Normal { std: 0.1 }, 0.01),
            (Initializer::Zeros, 0.0),
        ];
        for (initializer, variance) in cases {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
            let (mut weight, mut bias) = (vec![9.0; inputs * outputs], vec![9.0; outputs]);
            initializer.fill(&mut random, &mut weight, &mut bias);
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
}
