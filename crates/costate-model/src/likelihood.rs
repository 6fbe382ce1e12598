//! Distributions of measurements and of parameters, by their negative log-densities with all constants.

use std::f64::consts::{LN_2, PI};

/// How a measurement d scatters about its prediction m, with noise σ.
///
/// ```
/// use costate_model::Model;
///
/// // The loss is −ln p with all constants: ½ z² + ln σ + ½ ln 2π for one measurement that is z = 2 off.
/// let text = r#"
/// [states]
/// y = 3.0
/// [parameters]
/// k = 0.0
/// [equations]
/// y = "-k * y"
/// [observables]
/// seen = { is = "y", noise = 0.5, distribution = "normal" }
/// [time]
/// start = 0.0
/// end = 1.0
/// [data]
/// file = "noise.csv"
/// time = "t"
/// "#;
/// # let folder = std::env::temp_dir().join(format!("costate-noise-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// std::fs::write(folder.join("noise.csv"), "t,seen\n1,4\n")?;
/// let loss = Model::parse(text, folder.join("noise.toml"))?.gradient()?.loss;
/// let expected = 2.0 + 0.5_f64.ln() + 0.5 * std::f64::consts::TAU.ln();
/// assert!((loss - expected).abs() < 1e-9);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distribution {
    /// d = m + σ z, z normal: σ is the standard deviation.
    #[default]
    Normal,
    /// ln d = ln m + σ z, z normal: m is the median, σ about the relative error.
    LogNormal,
    /// Density exp(−|d − m|/σ)/(2σ): like the normal one with a few wild measurements.
    Laplace,
    /// The same of ln d and ln m.
    LogLaplace,
}

impl Distribution {
    pub(crate) const NAMES: [(&str, Distribution); 4] = [
        ("normal", Distribution::Normal),
        ("log-normal", Distribution::LogNormal),
        ("laplace", Distribution::Laplace),
        ("log-laplace", Distribution::LogLaplace),
    ];

    /// Whether predictions and measurements are compared by their logarithms, and so must be positive.
    ///
    /// ```
    /// use costate_model::Distribution;
    /// assert!(Distribution::LogNormal.is_logarithmic() && !Distribution::Laplace.is_logarithmic());
    /// ```
    pub fn is_logarithmic(self) -> bool {
        matches!(self, Distribution::LogNormal | Distribution::LogLaplace)
    }

    /// The expected curvature of −ln p(d | m, σ) by m and by σ, the Fisher information, which is never negative and has no mixed part.
    pub(crate) fn information(self, m: f64, sigma: f64) -> (f64, f64) {
        let by_m = if self.is_logarithmic() { 1.0 / m } else { 1.0 };
        let precision = sigma.powi(-2);
        let of_sigma = match self {
            Distribution::Normal | Distribution::LogNormal => 2.0,
            Distribution::Laplace | Distribution::LogLaplace => 1.0,
        };
        (precision * by_m * by_m, of_sigma * precision)
    }

    /// The curvatures that Gauss–Newton goes by: by m the expected one; for |d − m| that of the parabola above it that touches it, which leads to its minimum. By σ the expected one,
    /// times (3 + s)/4 with s = z² or |z|, which is 1 on average: far from the best fit, where s is large, the expected one alone would promise falls that grow as the square of the loss,
    /// and lead to the bounds.
    pub(crate) fn curvature(self, m: f64, sigma: f64, d: f64) -> (f64, f64) {
        let (of_m, of_sigma) = self.information(m, sigma);
        let (distance, scale) = match self.is_logarithmic() {
            true => (m.ln() - d.ln(), 1.0),
            false => (m - d, d),
        };
        let z = distance / sigma;
        match self.has_kink() {
            true => (
                of_m * sigma / apart(distance, scale),
                of_sigma * 0.25 * (3.0 + z.abs()),
            ),
            false => (of_m, of_sigma * 0.25 * (3.0 + z * z)),
        }
    }

    /// Whether its logarithm has a kink at each measurement, and so no curvature that tells anything.
    pub(crate) fn has_kink(self) -> bool {
        matches!(self, Distribution::Laplace | Distribution::LogLaplace)
    }

    /// −ln p(d | m, σ) with its derivatives by m and σ; infinite where there is no density.
    pub(crate) fn surprise(self, m: f64, sigma: f64, d: f64) -> (f64, f64, f64) {
        let logarithmic = self.is_logarithmic();
        let positive = |x: f64| x > 0.0;
        if !positive(sigma) || (logarithmic && !(positive(m) && positive(d))) {
            return (f64::INFINITY, 0.0, 0.0);
        }
        let (distance, by_m, constant) = match logarithmic {
            true => (m.ln() - d.ln(), 1.0 / m, d.ln()),
            false => (m - d, 1.0, 0.0),
        };
        let z = distance / sigma;
        match self {
            Distribution::Normal | Distribution::LogNormal => {
                let value = 0.5 * z * z + sigma.ln() + 0.5 * (2.0 * PI).ln() + constant;
                (value, z / sigma * by_m, (1.0 - z * z) / sigma)
            }
            Distribution::Laplace | Distribution::LogLaplace => {
                let sign = if z == 0.0 { 0.0 } else { z.signum() };
                let value = z.abs() + sigma.ln() + LN_2 + constant;
                (value, sign / sigma * by_m, (1.0 - z.abs()) / sigma)
            }
        }
    }
}

/// The residual r and the slope ∂r/∂x by which Gauss–Newton knows a loss ℓ(x) of derivative ℓ' and curvature c > 0: 2 r ∂r/∂x = ℓ' and 2 (∂r/∂x)² = c.
pub(crate) fn scored(derivative: f64, curvature: f64) -> (f64, f64) {
    let slope = (0.5 * curvature).sqrt();
    (0.5 * derivative / slope, slope)
}

/// |x|, but not so near zero that a parabola which touches there has no finite curvature.
pub(crate) fn apart(x: f64, scale: f64) -> f64 {
    const NEAR: f64 = 1e-9;
    x.abs()
        .max(NEAR * scale.abs())
        .max(f64::MIN_POSITIVE.sqrt())
}

/// What is known of a parameter before the data, in its own units.
///
/// ```
/// use costate_model::{Model, Prior};
///
/// let text = "[states]\ny = 4.0\n[parameters]\nk = { value = 2.0, prior = { normal = [2.5, 0.5] } }\n[equations]\ny = \"-k * y\"\n\
///     [observables]\nseen = { is = \"y\", noise = 0.1 }\n[time]\nstart = 0.0\nend = 1.0";
/// let model = Model::parse(text, "decay.toml")?;
/// assert_eq!(model.parameters()[0].prior, Some(Prior::Normal(2.5, 0.5)));
/// assert!(model.has_likelihood());
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Prior {
    /// Mean and standard deviation.
    Normal(f64, f64),
    /// Mean and standard deviation of the logarithm.
    LogNormal(f64, f64),
    /// From, to.
    Uniform(f64, f64),
    /// Centre and scale.
    Laplace(f64, f64),
}

/// A prior from its two numbers.
type MakePrior = fn(f64, f64) -> Prior;

impl Prior {
    /// The names in model files, each with what its two numbers make.
    pub(crate) const NAMES: [(&str, MakePrior); 4] = [
        ("normal", Prior::Normal),
        ("log-normal", Prior::LogNormal),
        ("uniform", Prior::Uniform),
        ("laplace", Prior::Laplace),
    ];

    /// What `x` is outside of, if the density there is zero: nothing can be fitted from it.
    pub(crate) fn outside(self, x: f64) -> Option<String> {
        match self {
            Prior::Uniform(from, to) if x < from || x > to => {
                Some(format!("its uniform prior, {from} to {to}"))
            }
            Prior::LogNormal(..) if x <= 0.0 => {
                Some("its log-normal prior, which is of positive values".into())
            }
            _ => None,
        }
    }

    /// The curvature of −ln p(x) that Gauss–Newton goes by; 0 where the density is flat.
    pub(crate) fn curvature(self, x: f64) -> f64 {
        match self {
            Prior::Normal(mean, width) => Distribution::Normal.curvature(x, width, mean).0,
            Prior::Laplace(centre, width) => Distribution::Laplace.curvature(x, width, centre).0,
            Prior::LogNormal(_, width) => (width * x).powi(-2),
            Prior::Uniform(..) => 0.0,
        }
    }

    /// What the prior itself tells of the parameter: its curvature, or where that jumps what it is for all that the centre may be.
    pub(crate) fn information(self, x: f64) -> f64 {
        match self {
            Prior::Laplace(centre, width) => Distribution::Laplace.information(centre, width).0,
            smooth => smooth.curvature(x),
        }
    }

    /// Where its density has a kink.
    pub(crate) fn kink(self) -> Option<f64> {
        match self {
            Prior::Laplace(centre, _) => Some(centre),
            _ => None,
        }
    }

    /// −ln p(x) and its derivative; infinite where there is no density.
    pub(crate) fn surprise(self, x: f64) -> (f64, f64) {
        match self {
            // A parameter is what a measurement of it would be: the density is symmetric in both.
            Prior::Normal(mean, width) => {
                let (value, slope, _) = Distribution::Normal.surprise(x, width, mean);
                (value, slope)
            }
            Prior::Laplace(centre, width) => {
                let (value, slope, _) = Distribution::Laplace.surprise(x, width, centre);
                (value, slope)
            }
            prior if prior.outside(x).is_some() => (f64::INFINITY, 0.0),
            Prior::LogNormal(mean, width) => {
                let (value, slope, _) = Distribution::Normal.surprise(x.ln(), width, mean);
                (value + x.ln(), (slope + 1.0) / x)
            }
            Prior::Uniform(from, to) => ((to - from).ln(), 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slope(f: impl Fn(f64) -> f64, x: f64) -> f64 {
        let central = |h: f64| (f(x + h) - f(x - h)) / (2.0 * h);
        (4.0 * central(1e-4) - central(2e-4)) / 3.0
    }

    #[test]
    fn every_density_integrates_to_one_over_measurements() {
        for (name, distribution) in Distribution::NAMES {
            let (m, sigma, n) = (1.3, 0.4, 400_000);
            let (from, to) = if distribution.is_logarithmic() {
                (1e-9, 60.0)
            } else {
                (-12.0, 14.0)
            };
            let step = (to - from) / f64::from(n);
            let density = |i: i32| {
                (-distribution
                    .surprise(m, sigma, from + (f64::from(i) + 0.5) * step)
                    .0)
                    .exp()
            };
            let total: f64 = (0..n).map(density).sum::<f64>() * step;
            assert!((total - 1.0).abs() < 1e-3, "{name}: {total}");
        }
    }

    #[test]
    fn every_prior_integrates_to_one() {
        for (name, make) in Prior::NAMES {
            let prior = make(0.5, 0.8);
            let (from, to, n) = (-12.0, 60.0, 720_000);
            let step = (to - from) / f64::from(n);
            let density = |i: i32| (-prior.surprise(from + (f64::from(i) + 0.5) * step).0).exp();
            let total: f64 = (0..n).map(density).sum::<f64>() * step;
            assert!((total - 1.0).abs() < 1e-3, "{name}: {total}");
        }
    }

    #[test]
    fn curvatures_are_those_expected_or_of_a_parabola_that_touches_from_above() {
        let (m, sigma, n) = (1.3, 0.4, 40_000);
        for (name, distribution) in Distribution::NAMES {
            let smooth = matches!(distribution, Distribution::Normal | Distribution::LogNormal);
            let (mut by_m, mut by_sigma, mut gone_by) = (0.0, 0.0, 0.0);
            let (from, to) = if distribution.is_logarithmic() {
                (1e-9, 60.0)
            } else {
                (-12.0, 14.0)
            };
            let step = (to - from) / f64::from(n);
            for i in 0..n {
                let d = from + (f64::from(i) + 0.5) * step;
                let weight = step * (-distribution.surprise(m, sigma, d).0).exp();
                if weight > 1e-20 {
                    by_m += weight * slope(|m| distribution.surprise(m, sigma, d).1, m);
                    by_sigma += weight * slope(|sigma| distribution.surprise(m, sigma, d).2, sigma);
                    gone_by += weight * distribution.curvature(m, sigma, d).1;
                }
            }
            for of_sigma in [gone_by, distribution.information(m, sigma).1] {
                assert!(
                    (of_sigma / by_sigma - 1.0).abs() < 1e-2,
                    "{name}: {of_sigma} {by_sigma}"
                );
            }
            let (of_m, _) = distribution.curvature(m, sigma, 0.9);
            if smooth {
                assert!((of_m / by_m - 1.0).abs() < 1e-2, "{name}: {of_m} {by_m}");
                continue;
            }
            // In the coordinate in which it is |x|: m itself, or its logarithm.
            let (x, by_x) = if distribution.is_logarithmic() {
                (m.ln(), m)
            } else {
                (m, 1.0)
            };
            let (value, derivative, _) = distribution.surprise(m, sigma, 0.9);
            for other in [-0.9, -0.3, 0.1, 0.8] {
                let parabola =
                    value + derivative * by_x * other + 0.5 * of_m * by_x * by_x * other * other;
                let at = if distribution.is_logarithmic() {
                    (x + other).exp()
                } else {
                    x + other
                };
                assert!(
                    distribution.surprise(at, sigma, 0.9).0 <= parabola + 1e-12,
                    "{name}: {other}"
                );
            }
        }
        for (name, make) in Prior::NAMES {
            let (prior, x) = (make(0.2, 1.7), 1.5_f64.exp());
            // Where the log-normal density has its expected curvature in ln x, and Laplace's parabola touches.
            let expected = match prior {
                Prior::Normal(..) => 1.7_f64.powi(-2),
                Prior::LogNormal(..) => (1.7 * x).powi(-2),
                Prior::Laplace(..) => 1.0 / (1.7 * (x - 0.2)),
                Prior::Uniform(..) => 0.0,
            };
            assert!((prior.curvature(x) - expected).abs() < 1e-12, "{name}");
            let information = match prior {
                Prior::Laplace(..) => 1.7_f64.powi(-2),
                _ => expected,
            };
            assert!((prior.information(x) - information).abs() < 1e-12, "{name}");
        }
    }

    #[test]
    fn what_gauss_newton_sees_of_a_width_is_no_more_than_the_loss_has() {
        for (name, distribution) in Distribution::NAMES {
            for sigma in [1e-1, 1e-2, 1e-4] {
                let (m, d) = (1.3, 0.9);
                let (loss, by_m, by_sigma) = distribution.surprise(m, sigma, d);
                let (of_m, of_sigma) = distribution.curvature(m, sigma, d);
                let seen = [(by_m, of_m), (by_sigma, of_sigma)].map(|(by, of)| scored(by, of).0);
                for r in seen {
                    assert!(
                        r * r < 3.0 * loss.abs() + 5.0,
                        "{name} at {sigma}: {r} {loss}"
                    );
                }
            }
        }
    }

    #[test]
    fn derivatives_are_slopes() {
        for (name, distribution) in Distribution::NAMES {
            for (m, sigma, d) in [(1.3, 0.4, 0.7), (0.6, 1.5, 2.2)] {
                let (_, by_m, by_sigma) = distribution.surprise(m, sigma, d);
                let expected = slope(|m| distribution.surprise(m, sigma, d).0, m);
                assert!(
                    (by_m - expected).abs() < 1e-8,
                    "{name} by m: {by_m} {expected}"
                );
                let expected = slope(|sigma| distribution.surprise(m, sigma, d).0, sigma);
                assert!(
                    (by_sigma - expected).abs() < 1e-8,
                    "{name} by sigma: {by_sigma} {expected}"
                );
            }
        }
        for (name, make) in Prior::NAMES {
            let prior = make(0.2, 1.7);
            let expected = slope(|x| prior.surprise(x).0, 0.9);
            assert!((prior.surprise(0.9).1 - expected).abs() < 1e-8, "{name}");
        }
    }
}
