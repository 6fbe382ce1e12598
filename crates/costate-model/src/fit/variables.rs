//! What a fit varies, as an optimiser sees it.

use costate_neural_ode::train::optimizer::Bounds;

use crate::model::Model;
use crate::settings::{Parameter, Scale};

/// The parameters that are not fixed and all weights, each by a coordinate of the order of 1.
#[derive(Clone, Debug)]
pub(crate) struct Variables {
    axes: Vec<Axis>,
    /// θ at the start: what is not varied keeps its value.
    theta: Vec<f64>,
    bounds: Bounds,
    /// Where the weights begin in θ.
    parameters: usize,
    /// Where they end.
    own: usize,
    /// The part of the largest influence that is none: what the solver's own error, or rounding, makes of nothing.
    noise: f64,
    /// Once it was asked: those that have an influence at the start, however small that is. Of them rounding alone is noise.
    pub(super) faint: Option<Vec<bool>>,
}

/// The least of it, by rounding, and what the solver's error leaves of a derivative that vanishes, in parts of rtol.
const ROUNDING: f64 = 1e-13;
const OF_RTOL: f64 = 3.0;
/// What tighter tolerances may change of a slope that is none of the solver's error.
const STAYS: f64 = 0.1;

/// One coordinate.
#[derive(Clone, Copy, Debug)]
struct Axis {
    /// Its component of θ.
    theta: usize,
    scale: Scale,
    /// The value at which a linear coordinate is 1.
    unit: f64,
    lower: f64,
    upper: f64,
}

impl Axis {
    fn of_parameter(theta: usize, parameter: &Parameter) -> Self {
        let width = parameter.upper - parameter.lower;
        let unit = match (parameter.value.abs(), width) {
            (size, _) if size > 0.0 => size,
            (_, width) if width.is_finite() => width,
            _ => 1.0,
        };
        Axis {
            theta,
            scale: parameter.scale,
            unit,
            lower: parameter.lower,
            upper: parameter.upper,
        }
    }

    fn of_weight(theta: usize) -> Self {
        Axis {
            theta,
            scale: Scale::Linear,
            unit: 1.0,
            lower: f64::NEG_INFINITY,
            upper: f64::INFINITY,
        }
    }

    fn coordinate(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value / self.unit,
            // No bound, or a bound at 0, is no bound of the logarithm.
            Scale::Log if value <= 0.0 => f64::NEG_INFINITY,
            Scale::Log => self.scale.coordinate(value),
        }
    }

    fn value(&self, coordinate: f64) -> f64 {
        // At a bound to the bit: exp(ln(bound)) need not be the bound.
        if coordinate <= self.coordinate(self.lower) {
            return self.lower;
        }
        if coordinate >= self.coordinate(self.upper) {
            return self.upper;
        }
        let value = match self.scale {
            Scale::Linear => coordinate * self.unit,
            Scale::Log => self.scale.value(coordinate),
        };
        value.clamp(self.lower, self.upper)
    }

    /// d value / d coordinate.
    fn slope(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => self.unit,
            Scale::Log => self.scale.slope(value),
        }
    }
}

impl Variables {
    pub(crate) fn new(model: &Model) -> Self {
        let theta = model.theta();
        let parameters = model.parameters.iter().enumerate();
        let free = parameters.filter(|(_, parameter)| !parameter.fixed);
        let axes: Vec<Axis> = free
            .map(|(i, parameter)| Axis::of_parameter(i, parameter))
            .chain((model.parameters.len()..theta.len()).map(Axis::of_weight))
            .collect();
        let bounds = bounds(&axes);
        Variables {
            own: theta.len(),
            axes,
            theta,
            bounds,
            parameters: model.parameters.len(),
            noise: (OF_RTOL * model.solver.rtol).max(ROUNDING),
            faint: None,
        }
    }

    /// These and, after θ, the states that segments begin with, each by a coordinate in units of its spread.
    pub(crate) fn with_states(&self, states: &[f64], spread: &[f64]) -> Self {
        let mut all = self.clone();
        all.theta.extend(states);
        let axes = spread.iter().cycle().take(states.len()).enumerate();
        all.axes.extend(axes.map(|(i, &unit)| Axis {
            unit,
            ..Axis::of_weight(self.theta.len() + i)
        }));
        all.bounds = bounds(&all.axes);
        all
    }

    pub(crate) fn len(&self) -> usize {
        self.axes.len()
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The variables that are weights of networks.
    pub(crate) fn weights(&self) -> std::ops::Range<usize> {
        let before = |end: usize| self.axes.partition_point(|axis| axis.theta < end);
        before(self.parameters)..before(self.own)
    }

    /// The coordinate of each variable at the start.
    pub(crate) fn start(&self) -> Vec<f64> {
        self.axes
            .iter()
            .map(|axis| axis.coordinate(self.theta[axis.theta]))
            .collect()
    }

    /// θ at coordinates x.
    pub(crate) fn theta(&self, x: &[f64]) -> Vec<f64> {
        let mut theta = self.theta.clone();
        self.axes
            .iter()
            .zip(x)
            .for_each(|(axis, &x)| theta[axis.theta] = axis.value(x));
        theta
    }

    /// The coordinate of component `k` of θ, if it is varied.
    pub(crate) fn of(&self, k: usize) -> Option<usize> {
        self.axes.iter().position(|axis| axis.theta == k)
    }

    /// d θ / d x for each coordinate.
    pub(crate) fn slopes(&self, theta: &[f64]) -> Vec<f64> {
        self.axes
            .iter()
            .map(|axis| axis.slope(theta[axis.theta]))
            .collect()
    }

    /// ∂r/∂x from ∂r/∂θ, row by row. What a variable changes by no more than rounding or the solver's error it does not change: whoever divided by that would follow noise.
    pub(crate) fn jacobian(&self, theta: &[f64], by_theta: &[f64]) -> Vec<f64> {
        let mut rows = self.gradient(theta, by_theta);
        let noise = self.noise(theta, self.sizes(&rows).into_iter());
        for row in rows.chunks_exact_mut(self.len().max(1)) {
            for (entry, is_noise) in row.iter_mut().zip(&noise) {
                if *is_noise {
                    *entry = 0.0;
                }
            }
        }
        rows
    }

    /// The size of each column of ∂r/∂x.
    fn sizes(&self, rows: &[f64]) -> Vec<f64> {
        let mut squares = vec![0.0; self.len()];
        for row in rows.chunks_exact(self.len().max(1)) {
            for (square, entry) in squares.iter_mut().zip(row) {
                *square += entry * entry;
            }
        }
        squares.into_iter().map(f64::sqrt).collect()
    }

    /// Which of these slopes, one for each variable, are nothing but noise beside the largest. A slope counts for what the variable can be expected to move by: its own
    /// size, or 1.
    pub(crate) fn noise(&self, theta: &[f64], slopes: impl Iterator<Item = f64>) -> Vec<bool> {
        let (weighed, largest) = self.weighed(theta, slopes);
        let faint = self.faint.as_deref().unwrap_or_default();
        let noise = |i: usize| match faint.get(i) {
            Some(true) => ROUNDING,
            _ => self.noise,
        };
        (0..self.len())
            .map(|i| weighed[i] <= noise(i) * largest)
            .collect()
    }

    /// Whether some of these columns of ∂r/∂θ are above rounding and may yet be the solver's error, and nobody has asked what they are.
    pub(crate) fn is_in_doubt(&self, theta: &[f64], by_theta: &[f64]) -> bool {
        let sizes = self.sizes(&self.gradient(theta, by_theta));
        self.faint.is_none() && self.doubtful(theta, &sizes).contains(&true)
    }

    fn doubtful(&self, theta: &[f64], sizes: &[f64]) -> Vec<bool> {
        let (weighed, largest) = self.weighed(theta, sizes.iter().copied());
        let between = |size: &f64| *size > ROUNDING * largest && *size <= self.noise * largest;
        weighed.iter().map(between).collect()
    }

    /// Tells variables that start far too small, as an offset of 1 beside counts of 10¹⁰, from those without influence: by ∂r/∂θ at the start, and
    /// by the same where the solver's error is much smaller. What that leaves as it is is none of the solver's error. `None` where nobody can tell.
    pub(crate) fn ask(&mut self, theta: &[f64], both: Option<[Vec<f64>; 2]>) {
        let faint = both.map(|both| {
            let [rows, finer] = both.map(|rows| self.gradient(theta, &rows));
            let moved: Vec<f64> = rows.iter().zip(&finer).map(|(a, b)| a - b).collect();
            let (sizes, moved) = (self.sizes(&rows), self.sizes(&moved));
            let doubtful = self.doubtful(theta, &sizes);
            (0..self.len())
                .map(|i| doubtful[i] && moved[i] <= STAYS * sizes[i])
                .collect()
        });
        self.faint = Some(faint.unwrap_or_else(|| vec![false; self.len()]));
    }

    /// Slopes, each weighed by what its variable can be expected to move by, and the largest.
    fn weighed(&self, theta: &[f64], slopes: impl Iterator<Item = f64>) -> (Vec<f64>, f64) {
        let weighed =
            self.axes.iter().zip(slopes).map(|(axis, slope)| {
                slope.abs() * axis.coordinate(theta[axis.theta]).abs().max(1.0)
            });
        let weighed: Vec<f64> = weighed.collect();
        let largest = weighed.iter().copied().fold(0.0, f64::max);
        (weighed, largest)
    }

    /// ∂L/∂x from ∂L/∂θ; or each row of a Jacobian.
    pub(crate) fn gradient(&self, theta: &[f64], a_theta: &[f64]) -> Vec<f64> {
        let rows = a_theta.chunks_exact(theta.len().max(1));
        let of_row = |row: &[f64]| -> Vec<f64> {
            self.axes
                .iter()
                .map(|axis| row[axis.theta] * axis.slope(theta[axis.theta]))
                .collect()
        };
        rows.flat_map(of_row).collect()
    }

    /// The norm of a gradient, without what the bounds hold.
    pub(crate) fn norm(&self, x: &[f64], gradient: &[f64]) -> f64 {
        let free = gradient
            .iter()
            .enumerate()
            .filter(|&(i, &g)| !self.bounds.blocks(i, x[i], g));
        free.map(|(_, g)| g * g).sum::<f64>().sqrt()
    }
}

/// The bounds of the coordinates.
fn bounds(axes: &[Axis]) -> Bounds {
    let ends = |end: fn(&Axis) -> f64| axes.iter().map(|axis| axis.coordinate(end(axis))).collect();
    Bounds::new(ends(|axis| axis.lower), ends(|axis| axis.upper))
}
