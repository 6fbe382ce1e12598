//! Systems with what implicit methods may know of them.

use costate_ode::{Matrix, Pattern, Structure, System};

/// Van der Pol's oscillator with μ = 1000, and nothing else known.
#[derive(Clone)]
pub(crate) struct VanDerPol;

impl System<f64, Vec<f64>> for VanDerPol {
    fn eval(&mut self, _t: f64, y: &Vec<f64>, dy: &mut Vec<f64>) {
        dy[0] = y[1];
        dy[1] = 1000.0 * (1.0 - y[0] * y[0]) * y[1] - y[0];
    }
}

/// A reaction wanders along a rod: u_i′ = n² (u_{i−1} − 2u_i + u_{i+1}) + 50 u_i (1 − u_i) (u_i − cos²(30 t)), with insulated ends.
#[derive(Clone)]
pub(crate) struct Chain {
    n: usize,
    structure: Structure,
    exact: bool,
}

impl Chain {
    /// The same chain in every structure that its Jacobian fits, by differences and exactly.
    pub(crate) fn all(n: usize) -> Vec<Self> {
        let neighbours = (1..n).flat_map(|i| [(i - 1, i), (i, i - 1)]);
        let structures = [
            Structure::Dense,
            Structure::Banded { lower: 1, upper: 1 },
            Structure::Sparse(Pattern::new(n, neighbours)),
        ];
        let both = |structure: Structure| {
            [false, true].map(|exact| Self {
                n,
                structure: structure.clone(),
                exact,
            })
        };
        structures.into_iter().flat_map(both).collect()
    }

    pub(crate) fn start(&self) -> Vec<f64> {
        (0..self.n).map(|i| 1.0 / (1.0 + i as f64)).collect()
    }

    /// What one Jacobian costs in evaluations.
    pub(crate) fn evaluations(&self) -> usize {
        match (&self.structure, self.exact) {
            (_, true) => 0,
            (Structure::Dense, _) => self.n,
            _ => 3,
        }
    }

    fn diffusion(&self) -> f64 {
        (self.n * self.n) as f64
    }
}

impl System<f64, Vec<f64>> for Chain {
    fn eval(&mut self, t: f64, u: &Vec<f64>, du: &mut Vec<f64>) {
        let (n, d, threshold) = (self.n, self.diffusion(), (30.0 * t).cos().powi(2));
        for i in 0..n {
            let (left, right) = (u[i.saturating_sub(1)], u[(i + 1).min(n - 1)]);
            du[i] =
                d * (left - 2.0 * u[i] + right) + 50.0 * u[i] * (1.0 - u[i]) * (u[i] - threshold);
        }
    }
    fn structure(&self) -> Structure {
        self.structure.clone()
    }
    fn jacobian(&mut self, t: f64, u: &Vec<f64>, jacobian: &mut Matrix<f64>) -> bool {
        let (n, d, c) = (self.n, self.diffusion(), (30.0 * t).cos().powi(2));
        for i in 0..n {
            let ends = usize::from(i == 0) + usize::from(i == n - 1);
            let reaction = 50.0 * (2.0 * (1.0 + c) * u[i] - 3.0 * u[i] * u[i] - c);
            jacobian.set(i, i, d * (ends as f64 - 2.0) + reaction);
            if i > 0 {
                jacobian.set(i, i - 1, d);
                jacobian.set(i - 1, i, d);
            }
        }
        self.exact
    }
}
