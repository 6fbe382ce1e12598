//! The three functions' data: ADBench's sizes, numbers from a fixed sequence.

use std::path::Path;

/// Gaussian mixture: the log-likelihood of its parameters α \[K\], means \[K, d\] and, for each component, the logarithms of the
/// diagonal and then the columns of the strictly lower part of the root of its inverse covariance.
pub struct Gmm {
    pub theta: Vec<f64>,
    /// \[n, d\]
    pub x: Vec<f64>,
}

impl Gmm {
    /// Dimensions.
    pub const D: usize = 10;
    /// Components.
    pub const K: usize = 25;
    /// Points.
    pub const N: usize = 1000;
    /// Numbers of a root.
    pub const ROOT: usize = Self::D * (Self::D + 1) / 2;
    pub const MEANS: usize = Self::K;
    pub const ROOTS: usize = Self::K * (1 + Self::D);
    pub const PARAMETERS: usize = Self::K * (1 + Self::D + Self::ROOT);

    /// What the value has beside the mixture and the squares of the prior: −n·d/2·ln 2π − K·C with the constant C of a Wishart
    /// prior with γ = 1, m = 0.
    pub fn constant() -> f64 {
        let (d, degrees) = (Self::D as f64, Self::D as f64 + 1.0);
        // ln Γ of half a whole number above ½.
        let ln_gamma = |x: f64| {
            let (mut product, mut at) = (0.0, x);
            while at > 1.0 {
                at -= 1.0;
                product += at.ln();
            }
            product
                + if at < 1.0 {
                    0.5 * std::f64::consts::PI.ln()
                } else {
                    0.0
                }
        };
        let pi = std::f64::consts::PI;
        let of_degrees = 0.25 * d * (d - 1.0) * pi.ln()
            + (1..=Self::D)
                .map(|j| ln_gamma(0.5 * (degrees + 1.0 - j as f64)))
                .sum::<f64>();
        let wishart = -0.5 * degrees * d * 2f64.ln() - of_degrees;
        -0.5 * (Self::N * Self::D) as f64 * (2.0 * pi).ln() - Self::K as f64 * wishart
    }

    fn new(numbers: &mut Numbers) -> Self {
        let mut theta = numbers.many(Self::PARAMETERS, 0.5);
        // Means over the range of the points, so that every component has some.
        theta[Self::MEANS..Self::ROOTS]
            .iter_mut()
            .for_each(|mean| *mean *= 2.0);
        Gmm {
            theta,
            x: numbers.many(Self::N * Self::D, 1.0),
        }
    }
}

/// Bundle adjustment: reprojection errors of points seen by cameras, and their Jacobian.
pub struct Bundle {
    /// \[cameras, 11\]: rotation, centre, focal length, principal point, radial distortion.
    pub cameras: Vec<f64>,
    /// \[points, 3\]
    pub points: Vec<f64>,
    /// \[observations\]
    pub weights: Vec<f64>,
    /// \[observations, 2\]
    pub features: Vec<f64>,
    /// \[observations, 2\]: camera and point.
    pub seen: Vec<[u32; 2]>,
}

impl Bundle {
    /// Of its file `ba1`.
    pub const CAMERAS: usize = 49;
    pub const POINTS: usize = 7776;
    pub const OBSERVATIONS: usize = 31_843;
    /// Numbers that a residual depends on: camera, point, weight.
    pub const INPUTS: usize = 15;

    fn new(numbers: &mut Numbers) -> Self {
        let scales = [0.3, 0.3, 0.3, 0.5, 0.5, 0.5, 0.0, 0.2, 0.2, 0.1, 0.05];
        let mut cameras = Vec::new();
        for _ in 0..Self::CAMERAS {
            let own = scales.map(|scale| scale * numbers.next());
            cameras.extend(own);
            let at = cameras.len() - 11;
            cameras[at + 5] -= 4.0;
            cameras[at + 6] = 1.5 + 0.2 * numbers.next();
        }
        let seen = (0..Self::OBSERVATIONS)
            .map(|i| [i % Self::CAMERAS, i % Self::POINTS].map(|i| i as u32));
        Bundle {
            cameras,
            points: numbers.many(3 * Self::POINTS, 1.0),
            weights: numbers
                .many(Self::OBSERVATIONS, 0.5)
                .into_iter()
                .map(|w| 1.0 + w)
                .collect(),
            features: numbers.many(2 * Self::OBSERVATIONS, 1.0),
            seen: seen.collect(),
        }
    }

    /// What observation `i` depends on: camera, point, weight.
    #[inline(always)]
    pub fn inputs(&self, i: usize) -> [f64; Self::INPUTS] {
        let [camera, point] = self.seen[i].map(|i| i as usize);
        let mut inputs = [0.0; Self::INPUTS];
        inputs[..11].copy_from_slice(&self.cameras[11 * camera..][..11]);
        inputs[11..14].copy_from_slice(&self.points[3 * point..][..3]);
        inputs[14] = self.weights[i];
        inputs
    }

    #[inline(always)]
    pub fn feature(&self, i: usize) -> [f64; 2] {
        [self.features[2 * i], self.features[2 * i + 1]]
    }
}

/// A network of long short-term memories that predicts the next of a row of characters.
pub struct Lstm {
    /// For each layer the weights of its four gates and their biases, \[2, 8, 14\]; then the scale of the input, the scale and the
    /// bias of the output, \[3, 14\].
    pub theta: Vec<f64>,
    /// For each layer what is hidden and its cell, \[4, 14\].
    pub state: Vec<f64>,
    /// \[characters, 14\]: bits.
    pub sequence: Vec<f64>,
}

impl Lstm {
    pub const LAYERS: usize = 2;
    /// Bits of a character.
    pub const B: usize = 14;
    /// Characters.
    pub const C: usize = 1024;
    pub const EXTRA: usize = Self::LAYERS * 8 * Self::B;
    pub const PARAMETERS: usize = Self::EXTRA + 3 * Self::B;
    pub const STATE: usize = 2 * Self::LAYERS * Self::B;

    fn new(numbers: &mut Numbers) -> Self {
        Lstm {
            theta: numbers.many(Self::PARAMETERS, 1.0),
            state: numbers.many(Self::STATE, 0.5),
            sequence: (0..Self::C * Self::B)
                .map(|_| f64::from(numbers.next() > 0.0))
                .collect(),
        }
    }
}

pub struct Problems {
    pub gmm: Gmm,
    pub bundle: Bundle,
    pub lstm: Lstm,
}

impl Problems {
    pub fn new() -> Self {
        let mut numbers = Numbers(1);
        Problems {
            gmm: Gmm::new(&mut numbers),
            bundle: Bundle::new(&mut numbers),
            lstm: Lstm::new(&mut numbers),
        }
    }

    /// One file of little-endian f64 for each array, for the peers in other languages.
    pub fn write(&self, folder: &Path) -> std::io::Result<()> {
        let seen: Vec<f64> = self
            .bundle
            .seen
            .iter()
            .flatten()
            .map(|&i| f64::from(i))
            .collect();
        for (name, numbers) in [
            ("gmm_theta", &self.gmm.theta),
            ("gmm_x", &self.gmm.x),
            ("gmm_constant", &vec![Gmm::constant()]),
            ("bundle_cameras", &self.bundle.cameras),
            ("bundle_points", &self.bundle.points),
            ("bundle_weights", &self.bundle.weights),
            ("bundle_features", &self.bundle.features),
            ("bundle_seen", &seen),
            ("lstm_theta", &self.lstm.theta),
            ("lstm_state", &self.lstm.state),
            ("lstm_sequence", &self.lstm.sequence),
        ] {
            write(folder, name, numbers)?;
        }
        Ok(())
    }
}

/// Writes an array for the peers in other languages.
pub fn write(folder: &Path, name: &str, numbers: &[f64]) -> std::io::Result<()> {
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(folder.join(name), bytes)
}

/// Numbers between −1 and 1 from a fixed sequence.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn many(&mut self, count: usize, scale: f64) -> Vec<f64> {
        (0..count).map(|_| scale * self.next()).collect()
    }
}
