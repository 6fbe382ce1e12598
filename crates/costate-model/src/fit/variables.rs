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
}

/// The least of it, by rounding, and what the solver's error leaves of a derivative that vanishes, in parts of rtol.
const ROUNDING: f64 = 1e-13;
const OF_RTOL: f64 = 3.0;

/// One coordinate.
#[derive(Clone, Copy, Debug)]
struct Axis {
    /// Its component of θ.
    theta: usize,
    scale: Scale,
    /// The value at which a linear coordinate is 1.
    unit: f64,
    /// Whether nothing tells the unit: a parameter that starts at zero, without bounds.
    is_guessed: bool,
    lower: f64,
    upper: f64,
}

impl Axis {
    fn of_parameter(theta: usize, parameter: &Parameter) -> Self {
        let width = parameter.upper - parameter.lower;
        let unit = match (parameter.value.abs(), width) {
            (size, _) if size > 0.0 => Some(size),
            (_, width) if width.is_finite() => Some(width),
            _ => None,
        };
        Axis {
            theta,
            scale: parameter.scale,
            unit: unit.unwrap_or(1.0),
            is_guessed: unit.is_none(),
            lower: parameter.lower,
            upper: parameter.upper,
        }
    }

    fn of_weight(theta: usize) -> Self {
        Axis {
            theta,
            scale: Scale::Linear,
            unit: 1.0,
            is_guessed: false,
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
        let n = self.len();
        let mut sizes = vec![0.0; n];
        for row in rows.chunks_exact(n.max(1)) {
            for (size, entry) in sizes.iter_mut().zip(row) {
                *size += entry * entry;
            }
        }
        let noise = self.noise(theta, sizes.into_iter().map(f64::sqrt));
        for row in rows.chunks_exact_mut(n.max(1)) {
            for (entry, is_noise) in row.iter_mut().zip(&noise) {
                if *is_noise {
                    *entry = 0.0;
                }
            }
        }
        rows
    }

    /// Which of these slopes, one for each variable, are nothing but noise beside the largest. A slope counts for what the variable can be expected to move by: its own
    /// size, or 1. Where nobody knows that yet, as of an offset that starts at zero beside counts of millions, rounding alone is noise.
    pub(crate) fn noise(&self, theta: &[f64], slopes: impl Iterator<Item = f64>) -> Vec<bool> {
        let weighed = self.axes.iter().zip(slopes).map(|(axis, slope)| {
            let moved = axis.coordinate(theta[axis.theta]).abs();
            let noise = match axis.is_guessed && moved <= 1.0 {
                true => ROUNDING,
                false => self.noise,
            };
            (slope.abs() * moved.max(1.0), noise)
        });
        let weighed: Vec<(f64, f64)> = weighed.collect();
        let largest = weighed.iter().map(|(size, _)| *size).fold(0.0, f64::max);
        weighed
            .iter()
            .map(|(size, noise)| *size <= noise * largest)
            .collect()
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
