//! Inner products as weighted sums.

use std::f64::consts::PI;

/// An inner product ⟨f, g⟩ = Σᵢ wᵢ f(tᵢ) g(tᵢ).
///
/// | made by | approximates | exact for polynomials f·g |
/// |---|---|---|
/// | [`samples`](Quadrature::samples) | nothing: ℓ², the inner product of vectors | |
/// | [`legendre`](Quadrature::legendre) | L²: ∫ f g dt | of degree up to 2n − 1 |
/// | [`legendre_panels`](Quadrature::legendre_panels) | the same, for functions with kinks or jumps between panels | of degree up to 2n − 1 on each |
/// | [`chebyshev`](Quadrature::chebyshev) | ∫ f g / √(1 − s²) ds, in which Chebyshev's polynomials are orthogonal | of degree up to 2n − 1 |
///
/// ```
/// use costate_neural_ode::function_space::Quadrature;
///
/// let gauss = Quadrature::legendre(5, 0.0, std::f64::consts::PI);
/// assert!((gauss.integral(f64::sin) - 2.0).abs() < 2e-7);
/// assert_eq!(Quadrature::samples(&[0.0, 1.0, 2.0]).inner(|t| t, |t| t + 1.0), 8.0);
/// ```
///
/// # References
/// \[Trefethen2019\] 19
#[derive(Clone, Debug, PartialEq)]
pub struct Quadrature {
    nodes: Vec<f64>,
    weights: Vec<f64>,
}

impl Quadrature {
    /// The nodes with these weights.
    ///
    /// # Panics
    /// If there are not as many weights as nodes, or a weight is negative or not finite.
    #[must_use]
    #[track_caller]
    pub fn new(nodes: Vec<f64>, weights: Vec<f64>) -> Self {
        assert!(
            nodes.len() == weights.len(),
            "{} nodes, but {} weights",
            nodes.len(),
            weights.len()
        );
        assert!(
            weights.iter().all(|w| *w >= 0.0 && w.is_finite()),
            "a weight is negative or not finite: {weights:?} gives no inner product"
        );
        Self { nodes, weights }
    }

    /// Samples at these times, each with the weight 1.
    #[must_use]
    pub fn samples(times: &[f64]) -> Self {
        Self::new(times.to_vec(), vec![1.0; times.len()])
    }

    /// Gauss–Legendre with `n` nodes on [`start`, `end`]. The nodes are the zeros of P_n, by Newton's method.
    #[must_use]
    pub fn legendre(n: usize, start: f64, end: f64) -> Self {
        Self::legendre_panels(n, 1, start, end)
    }

    /// The same with `n` nodes on each of so many panels of equal length.
    ///
    /// ```
    /// use costate_neural_ode::function_space::Quadrature;
    ///
    /// // A jump on the edge of two panels does no harm.
    /// let step = |t: f64| if t < 1.0 { 0.0 } else { t };
    /// assert!((Quadrature::legendre_panels(3, 2, 0.0, 2.0).integral(step) - 1.5).abs() < 1e-14);
    /// assert!((Quadrature::legendre(6, 0.0, 2.0).integral(step) - 1.5).abs() > 1e-3);
    /// ```
    #[must_use]
    pub fn legendre_panels(n: usize, panels: usize, start: f64, end: f64) -> Self {
        let reference: Vec<(f64, f64)> = (0..n).map(|i| legendre_node(n, i)).collect();
        let half = (end - start) / (2 * panels) as f64;
        let (mut nodes, mut weights) = (Vec::new(), Vec::new());
        for panel in 0..panels {
            let middle = start + half * (2 * panel + 1) as f64;
            nodes.extend(reference.iter().map(|(s, _)| middle + half * s));
            weights.extend(reference.iter().map(|(_, w)| half * w));
        }
        Self::new(nodes, weights)
    }

    /// Gauss–Chebyshev with `n` nodes on [`start`, `end`]: sᵢ = cos((i + ½)π/n), all with the weight π/n.
    #[must_use]
    pub fn chebyshev(n: usize, start: f64, end: f64) -> Self {
        let (middle, half) = (0.5 * (start + end), 0.5 * (end - start));
        let angle = |i: usize| (i as f64 + 0.5) * PI / n as f64;
        Self::new(
            (0..n).map(|i| middle - half * angle(i).cos()).collect(),
            vec![PI / n as f64; n],
        )
    }

    /// The nodes tᵢ.
    #[must_use]
    pub fn nodes(&self) -> &[f64] {
        &self.nodes
    }

    /// The weights wᵢ.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Σ wᵢ f(tᵢ).
    pub fn integral(&self, mut f: impl FnMut(f64) -> f64) -> f64 {
        let terms = self.nodes.iter().zip(&self.weights);
        terms.map(|(t, w)| w * f(*t)).sum()
    }

    /// ⟨f, g⟩.
    pub fn inner(&self, mut f: impl FnMut(f64) -> f64, mut g: impl FnMut(f64) -> f64) -> f64 {
        self.integral(|t| f(t) * g(t)) // book: (inner-product)
    }

    /// ‖f‖ = √⟨f, f⟩.
    pub fn norm(&self, mut f: impl FnMut(f64) -> f64) -> f64 {
        self.integral(|t| f(t).powi(2)).sqrt()
    }

    /// The cosine of the angle between f and g, ⟨f, g⟩/(‖f‖ ‖g‖): 0 for orthogonal functions.
    ///
    /// ```
    /// use costate_neural_ode::function_space::Quadrature;
    ///
    /// let inner = Quadrature::legendre(12, -1.0, 1.0);
    /// assert!(inner.cosine(|_| 1.0, |t| t).abs() < 1e-15);
    /// assert!((inner.cosine(|t| t, |t| t.powi(3)) - 21.0_f64.sqrt() / 5.0).abs() < 1e-14);
    /// ```
    pub fn cosine(&self, mut f: impl FnMut(f64) -> f64, mut g: impl FnMut(f64) -> f64) -> f64 {
        self.inner(&mut f, &mut g) / (self.norm(f) * self.norm(g))
    }
}

/// Zero i of P_n, in rising order, and its weight 2/((1 − s²) P_n′(s)²).
fn legendre_node(n: usize, i: usize) -> (f64, f64) {
    let mut s = -((i as f64 + 0.75) * PI / (n as f64 + 0.5)).cos();
    let mut slope = 1.0;
    // Newton's method doubles the digits of a start that has two.
    for _ in 0..6 {
        let (mut before, mut value) = (1.0, s);
        for k in 1..n {
            let k = k as f64;
            (before, value) = (
                value,
                ((2.0 * k + 1.0) * s * value - k * before) / (k + 1.0),
            );
        }
        slope = n as f64 * (s * value - before) / (s * s - 1.0);
        s -= value / slope;
    }
    (s, 2.0 / ((1.0 - s * s) * slope * slope))
}
