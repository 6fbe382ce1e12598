//! What the workloads are, read from the file that every side of the comparison reads.

use serde::Deserialize;
use std::collections::BTreeMap;

/// The definitions of all workloads.
#[derive(Clone, Debug, Deserialize)]
pub struct Definitions {
    /// A training iteration of the spiral.
    pub w1: Spiral,
    /// The gradient of a larger network.
    pub w2: Network,
    /// The gradient of a mechanistic fit.
    pub w3: Fit,
    /// Many trajectories.
    pub w4: Ensemble,
}

impl Definitions {
    /// The definitions as they were when this was compiled.
    ///
    /// # Panics
    /// If `workloads.json` is not what this module says.
    #[must_use]
    pub fn load() -> Self {
        serde_json::from_str(include_str!("../peers/workloads.json"))
            .expect("workloads.json has the form of Definitions")
    }
}

/// W1.
#[derive(Clone, Debug, Deserialize)]
pub struct Spiral {
    /// Units of each layer, the input included.
    pub widths: Vec<usize>,
    /// Where its parameters come from.
    pub theta: Layers,
    /// Save times.
    pub times: Vec<f64>,
    /// The states to be met, `[time][window][component]`; the first are the initial states.
    pub windows: Vec<Vec<[f64; 2]>>,
    /// Iterations from the same initial parameters.
    pub iterations: usize,
    /// RMSprop's.
    pub learning_rate: f64,
    /// (rtol, atol) by number type.
    pub tolerances: BTreeMap<String, [f64; 2]>,
    /// The size of a first step, by gradient method.
    pub first_step: BTreeMap<String, f64>,
}

/// W2.
#[derive(Clone, Debug, Deserialize)]
pub struct Network {
    /// Units of each layer, the input included.
    pub widths: Vec<usize>,
    /// Where its parameters come from.
    pub theta: Layers,
    /// Where the initial states come from.
    pub h0: Uniform,
    /// States side by side.
    pub batch: usize,
    /// (rtol, atol).
    pub tolerances: [f64; 2],
    /// The size of the first step.
    pub first_step: f64,
}

/// W3.
#[derive(Clone, Debug, Deserialize)]
pub struct Fit {
    /// θ.
    pub parameters: [f64; 4],
    /// Hares and lynxes at the start.
    pub h0: [f64; 2],
    /// Save times.
    pub times: Vec<f64>,
    /// Hares and lynxes counted at these times.
    pub data: Vec<[f64; 2]>,
    /// (rtol, atol).
    pub tolerances: [f64; 2],
    /// The size of the first step.
    pub first_step: f64,
}

/// W4.
#[derive(Clone, Debug, Deserialize)]
pub struct Ensemble {
    /// Trajectories.
    pub count: usize,
    /// σ.
    pub sigma: f64,
    /// β.
    pub beta: f64,
    /// The first and the last ϱ; the others lie evenly between.
    pub rho: [f64; 2],
    /// Every trajectory's start.
    pub h0: [f64; 3],
    /// The end.
    pub t1: f64,
    /// (rtol, atol).
    pub tolerances: [f64; 2],
    /// The size of the first step.
    pub first_step: f64,
}

/// Uniform numbers in ±scale.
#[derive(Clone, Debug, Deserialize)]
pub struct Uniform {
    /// Of the generator.
    pub seed: u64,
    /// The largest.
    pub scale: f64,
}

impl Uniform {
    /// The first `count` of them.
    #[must_use]
    pub fn numbers(&self, count: usize) -> Vec<f64> {
        let numbers = uniform(self.seed).take(count);
        numbers.map(|u| self.scale * u).collect()
    }
}

/// The parameters of a network: layer by layer, W as `[out, in]`, then b.
#[derive(Clone, Debug, Deserialize)]
pub struct Layers {
    /// Of the generator.
    pub seed: u64,
    /// The weights of layer l are uniform in ±weight\[l\],
    pub weight: Vec<f64>,
    /// its biases in ±bias\[l\].
    pub bias: Vec<f64>,
}

impl Layers {
    /// All parameters of a network of these widths.
    #[must_use]
    pub fn numbers(&self, widths: &[usize]) -> Vec<f64> {
        let (mut stream, mut all) = (uniform(self.seed), Vec::new());
        for (l, pair) in widths.windows(2).enumerate() {
            let scaled = |scale: f64| move |u: f64| scale * u;
            let weights = stream.by_ref().take(pair[0] * pair[1]);
            all.extend(weights.map(scaled(self.weight[l])));
            let biases = stream.by_ref().take(pair[1]);
            all.extend(biases.map(scaled(self.bias[l])));
        }
        all
    }
}

/// Numbers in [−1, 1) from SplitMix64, as in `benches/peers/workloads.py`.
pub fn uniform(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 * (2.0_f64).powi(-52) - 1.0
    })
}
