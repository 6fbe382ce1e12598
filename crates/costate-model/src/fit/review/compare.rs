//! Predictions beside measurements.

use costate_neural_ode::train::loss::Loss;

use super::{Experiment, Found, Review};
use crate::data::Data;
use crate::error::Result;
use crate::field::{self, Map};
use crate::likelihood::Distribution;
use crate::model::{Model, Noise};
use crate::trajectory::Save;

/// One observable in one experiment: the curve of the fitted model.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let review = fit.review(&found)?;
/// let names: Vec<&str> = review.panels.iter().map(|panel| panel.observable.as_str()).collect();
/// assert_eq!((names.as_slice(), review.panels[1].comparisons.clone()), (&["hare", "lynx"][..], 21..42));
/// assert!(review.panels[0].curve.is_sorted_by(|earlier, later| earlier.0 <= later.0));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Panel {
    /// The observable.
    pub observable: String,
    /// The experiment, where there are several.
    pub experiment: Option<String>,
    /// Times, and the predictions at them.
    pub curve: Vec<(f64, f64)>,
    /// Its measurements, among the comparisons.
    pub comparisons: std::ops::Range<usize>,
}

/// A measurement and what the fitted model says of it.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let review = fit.review(&found)?;
/// // The worst surprise: more than two, less than five standard deviations away.
/// let worst = review.comparisons.iter().map(|at| at.standardised.abs()).fold(0.0, f64::max);
/// assert!(worst > 2.0 && worst < 5.0);
/// assert!(review.comparisons.iter().all(|at| at.fitted && at.bar.0 < at.observed && at.observed < at.bar.1));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Its time.
    pub t: f64,
    /// What was measured.
    pub observed: f64,
    /// What the model says.
    pub predicted: f64,
    /// One standard deviation below and above the measurement.
    pub bar: (f64, f64),
    /// (measured − predicted)/standard deviation, of logarithms where the loss compares those.
    pub standardised: f64,
    /// Whether it was fitted; validation data were not.
    pub fitted: bool,
}

/// The standardised residuals of the fitted measurements together.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let residuals = fit.review(&found)?.residuals.expect("42 measurements were fitted");
/// assert!(residuals.is_estimated && residuals.is_logarithmic && residuals.count == 42 && residuals.explained > 0.5);
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Residuals {
    /// Whether their standard deviation is that of the residuals themselves, since no noise is given.
    pub is_estimated: bool,
    /// Whether they compare logarithms, those of all observables.
    pub is_logarithmic: bool,
    /// How many there are.
    pub count: usize,
    /// The part beyond ±2; 0.05 for a normal distribution.
    pub beyond_two: f64,
    /// The mean correlation of neighbours in time; 0 where nothing is left to explain.
    pub neighbours: f64,
    /// The largest, by size: which of the comparisons.
    pub largest: usize,
    /// The part of the variance of the measurements that the predictions explain, at most 1.
    pub explained: f64,
}

impl Review {
    /// The root of the mean square of a panel's standardised residuals and the largest of them, of fitted measurements or of the others: one of the
    /// comparisons. `None` without any.
    pub fn deviation(&self, panel: &Panel, fitted: bool) -> Option<(f64, &Comparison)> {
        let own = self.comparisons[panel.comparisons.clone()].iter();
        let own: Vec<&Comparison> = own
            .filter(|c| c.fitted == fitted && c.standardised.is_finite())
            .collect();
        let size = |c: &Comparison| c.standardised.abs();
        let largest = own.iter().max_by(|a, b| size(a).total_cmp(&size(b)))?;
        let sum: f64 = own.iter().map(|c| c.standardised.powi(2)).sum();
        Some(((sum / own.len() as f64).sqrt(), largest))
    }

    /// How many standardised residuals of fitted measurements lie in each of so many bins of equal width from −`reach` to `reach`; those beyond
    /// count in the last ones.
    pub fn histogram(&self, reach: f64, bins: usize) -> Vec<usize> {
        let mut counts = vec![0; bins];
        for c in self
            .comparisons
            .iter()
            .filter(|c| c.fitted && c.standardised.is_finite())
        {
            let part = (c.standardised + reach) / (2.0 * reach);
            let bin = (part * bins as f64).floor().clamp(0.0, bins as f64 - 1.0);
            counts[bin as usize] += 1;
        }
        counts
    }

    /// How many a normal distribution would have there, for a curve over the same histogram: at so many places.
    pub fn normal_curve(&self, reach: f64, bins: usize, places: usize) -> Vec<(f64, f64)> {
        let count: usize = self.histogram(reach, bins).iter().sum();
        let width = 2.0 * reach / bins as f64;
        let height = count as f64 * width / (2.0 * std::f64::consts::PI).sqrt();
        (0..places)
            .map(|i| -reach + 2.0 * reach * i as f64 / (places - 1) as f64)
            .map(|z| (z, height * (-0.5 * z * z).exp()))
            .collect()
    }
}

pub(super) fn compare(
    fitted: &Model,
    data: &Data,
    found: &Found,
    experiments: &[Experiment],
) -> Result<(Vec<Panel>, Vec<Comparison>, Option<Residuals>)> {
    let (mut panels, mut comparisons) = (Vec::new(), Vec::new());
    for Experiment {
        name,
        model,
        solution,
    } in experiments
    {
        let curves = model.observe(solution)?;
        let measured = Measured::new(model, data, name.as_deref())?;
        for (i, observable) in model.observables.iter().enumerate() {
            let first = comparisons.len();
            comparisons.extend(measured.of(i));
            let rows = curves.times.iter().enumerate();
            panels.push(Panel {
                observable: observable.name.clone(),
                experiment: name.clone(),
                curve: rows.map(|(row, &t)| (t, curves.row(row)[i])).collect(),
                comparisons: first..comparisons.len(),
            });
        }
    }
    let is_estimated = !fitted.has_likelihood();
    if is_estimated {
        estimate(fitted, found, &mut comparisons);
    }
    let residuals = summary(fitted, &panels, &comparisons, is_estimated);
    Ok((panels, comparisons, residuals))
}

/// The predictions at the rows of an experiment.
struct Measured<'m> {
    model: &'m Model,
    data: &'m Data,
    /// Rows within the model's time, with the place of their time among the saved ones.
    rows: Vec<(usize, usize)>,
    /// Observables and widths of noise, at each of these times.
    values: Vec<Vec<f64>>,
}

impl<'m> Measured<'m> {
    fn new(model: &'m Model, data: &'m Data, experiment: Option<&str>) -> Result<Self> {
        let (start, end) = model.span();
        let mut times: Vec<f64> = Vec::new();
        let mut rows = Vec::new();
        for (row, &t) in data.times().iter().enumerate() {
            if data.experiment(row) != experiment || (t - start) * (end - t) < 0.0 {
                continue;
            }
            if times.last() != Some(&t) {
                times.push(t);
            }
            rows.push((row, times.len() - 1));
        }
        let mut values = Vec::new();
        if !times.is_empty() {
            let function = field::measured(model)?;
            let count = function.output_shape(0).len();
            let mut map = Map::new(model, &function)?;
            map.set_parameters(&model.phi());
            let wanted = times.len();
            let solution = model
                .solve_fitted(data, &Save::At(times))?
                .unwrap_or_default();
            for (i, &t) in solution.times.iter().enumerate() {
                let mut row = vec![0.0; count];
                map.eval(0, solution.row(i), t, &mut row);
                values.push(row);
            }
            // The solution may end before.
            values.resize(wanted, vec![f64::NAN; count]);
        }
        Ok(Measured {
            model,
            data,
            rows,
            values,
        })
    }

    /// The standard deviation of each measurement of an observable; NaN where no noise is given.
    fn width(&self, observable: usize, row: usize, values: &[f64]) -> f64 {
        match &self.model.observables[observable].noise {
            None => f64::NAN,
            Some(Noise::Column(_)) => {
                let mut bars = self.model.error_bars();
                let bar = bars.position(|(with, _)| with == observable);
                bar.and_then(|bar| self.data.bar(row, bar))
                    .unwrap_or(f64::NAN)
            }
            Some(Noise::Formula(_)) => {
                let before = self.model.observables[..observable].iter();
                let formulas =
                    before.filter(|other| matches!(other.noise, Some(Noise::Formula(_))));
                values[self.model.observables.len() + formulas.count()]
            }
        }
    }

    fn of(&self, observable: usize) -> impl Iterator<Item = Comparison> {
        let distribution = self.model.observables[observable].distribution;
        // The scale of an exponential distribution on both sides is not its standard deviation.
        let spread = match distribution {
            Distribution::Normal | Distribution::LogNormal => 1.0,
            Distribution::Laplace | Distribution::LogLaplace => std::f64::consts::SQRT_2,
        };
        let is_logarithmic = is_logarithmic(self.model, observable);
        self.rows.iter().filter_map(move |&(row, time)| {
            let observed = self.data.value(row, observable)?;
            let values = &self.values[time];
            let width = spread * self.width(observable, row, values);
            let mut comparison = Comparison {
                t: self.data.times()[row],
                observed,
                predicted: values[observable],
                bar: (f64::NAN, f64::NAN),
                standardised: f64::NAN,
                fitted: self.data.used(row),
            };
            comparison.scale(width, is_logarithmic);
            Some(comparison)
        })
    }
}

/// Whether measurements of an observable are compared by their logarithms.
fn is_logarithmic(model: &Model, observable: usize) -> bool {
    let observable = &model.observables[observable];
    match observable.noise {
        Some(_) => observable.distribution.is_logarithmic(),
        None => model.fit.loss == Loss::LogSquares,
    }
}

impl Comparison {
    /// Measured − predicted, or of their logarithms.
    fn distance(&self, is_logarithmic: bool) -> f64 {
        match is_logarithmic {
            true => self.observed.ln() - self.predicted.ln(),
            false => self.observed - self.predicted,
        }
    }

    fn scale(&mut self, width: f64, is_logarithmic: bool) {
        self.standardised = self.distance(is_logarithmic) / width;
        self.bar = match is_logarithmic {
            true => (self.observed * (-width).exp(), self.observed * width.exp()),
            false => (self.observed - width, self.observed + width),
        };
    }
}

/// Where no noise is given: one size for all residuals, from themselves and the number of parameters that were fitted.
fn estimate(fitted: &Model, found: &Found, comparisons: &mut [Comparison]) {
    let is_logarithmic = fitted.fit.loss == Loss::LogSquares;
    let distances: Vec<f64> = comparisons
        .iter()
        .filter(|comparison| comparison.fitted)
        .map(|comparison| comparison.distance(is_logarithmic))
        .filter(|distance| distance.is_finite())
        .collect();
    let estimated = found.parameters.iter().filter(|own| own.is_estimated());
    let spare = distances.len().saturating_sub(estimated.count()).max(1);
    let width = (distances.iter().map(|d| d * d).sum::<f64>() / spare as f64).sqrt();
    comparisons
        .iter_mut()
        .for_each(|comparison| comparison.scale(width, is_logarithmic));
}

fn summary(
    fitted: &Model,
    panels: &[Panel],
    comparisons: &[Comparison],
    is_estimated: bool,
) -> Option<Residuals> {
    let usable =
        |comparison: &&Comparison| comparison.fitted && comparison.standardised.is_finite();
    let used: Vec<&Comparison> = comparisons.iter().filter(usable).collect();
    let largest = (0..comparisons.len())
        .filter(|&i| usable(&&comparisons[i]))
        .max_by(|&a, &b| {
            let size = |i: usize| comparisons[i].standardised.abs();
            size(a).total_cmp(&size(b))
        })?;
    let beyond = used
        .iter()
        .filter(|comparison| comparison.standardised.abs() > 2.0)
        .count();
    let (mut products, mut squares) = (0.0, 0.0);
    for panel in panels {
        let own: Vec<f64> = comparisons[panel.comparisons.clone()]
            .iter()
            .filter(usable)
            .map(|comparison| comparison.standardised)
            .collect();
        products += own.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>();
        squares += own.iter().map(|z| z * z).sum::<f64>();
    }
    let (mut unexplained, mut total) = (0.0, 0.0);
    for (i, panel) in panels.iter().enumerate() {
        let is_log = is_logarithmic(fitted, i % fitted.observables.len().max(1));
        let value = |x: f64| if is_log { x.ln() } else { x };
        let own: Vec<&Comparison> = comparisons[panel.comparisons.clone()]
            .iter()
            .filter(usable)
            .collect();
        let mean = own.iter().map(|c| value(c.observed)).sum::<f64>() / own.len().max(1) as f64;
        // Each panel counts by its own scatter, so that units do not matter.
        let scatter: f64 = own.iter().map(|c| (value(c.observed) - mean).powi(2)).sum();
        if scatter > 0.0 {
            let left: f64 = own.iter().map(|c| c.distance(is_log).powi(2)).sum();
            unexplained += left / scatter * own.len() as f64;
            total += own.len() as f64;
        }
    }
    let logarithmic = (0..fitted.observables.len()).all(|i| is_logarithmic(fitted, i));
    Some(Residuals {
        is_estimated,
        is_logarithmic: logarithmic,
        count: used.len(),
        beyond_two: beyond as f64 / used.len() as f64,
        neighbours: if squares > 0.0 {
            products / squares
        } else {
            0.0
        },
        largest,
        explained: if total > 0.0 {
            1.0 - unexplained / total
        } else {
            0.0
        },
    })
}
