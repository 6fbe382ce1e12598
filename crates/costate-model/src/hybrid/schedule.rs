//! Times that are known before a solution begins, as functions of what formulas see.

use std::sync::{Arc, Mutex};

use costate_tape::Function;

use crate::field::Map;

/// Start and end of time of the solution that is under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Span(Arc<Mutex<(f64, f64)>>);

impl Span {
    pub(crate) fn set(&self, start: f64, end: f64) {
        *self.0.lock().expect("nothing panics with it") = (start, end);
    }

    pub(crate) fn get(&self) -> (f64, f64) {
        *self.0.lock().expect("nothing panics with it")
    }

    /// +1 or −1: the direction of time.
    pub(crate) fn direction(&self) -> f64 {
        let (start, end) = self.get();
        if end < start { -1.0 } else { 1.0 }
    }
}

/// Scheduled times.
#[derive(Clone, Debug)]
pub(crate) enum Schedule {
    Constant(Vec<f64>),
    /// A recorded function of θ alone.
    Function(Arc<Function<f64>>),
    /// Where the margin of a comparison of the time and parameters vanishes.
    Margin(Arc<Margin>),
}

/// The zeros of a function of t and θ.
#[derive(Debug)]
pub(crate) struct Margin {
    map: Mutex<Map>,
    states: usize,
    is_affine: bool,
    span: Span,
}

/// Points between which one zero is looked for: a comparison that is no straight line in t changes its answer less often than this.
const POINTS: usize = 10_000;

impl Margin {
    pub(crate) fn new(map: Map, states: usize, is_affine: bool, span: Span) -> Self {
        Margin {
            map: Mutex::new(map),
            states,
            is_affine,
            span,
        }
    }

    fn times(&self, theta: &[f64]) -> Vec<f64> {
        let mut map = self.map.lock().expect("nothing panics with it");
        map.set_parameters(theta);
        let h = vec![0.0; self.states];
        let mut value = |t: f64| {
            let mut out = [0.0];
            Map::eval(&mut map, 0, &h, t, &mut out);
            out[0]
        };
        let (start, end) = self.span.get();
        if self.is_affine {
            // Through two points well apart, so that a zero far from 0 keeps its digits; then one step of correction.
            let (at_start, at_end) = (value(start), value(end));
            let slope = (at_end - at_start) / (end - start);
            let mut zero = start - at_start / slope;
            zero -= value(zero) / slope;
            return match zero.is_finite() {
                true => vec![zero],
                false => Vec::new(),
            };
        }
        let at = |i: usize| start + (end - start) * (i as f64 / POINTS as f64);
        let (mut zeros, mut before) = (Vec::new(), value(start));
        for i in 1..=POINTS {
            let now = value(at(i));
            if (before < 0.0) != (now < 0.0) && before != 0.0 {
                zeros.push(bisect(&mut value, at(i - 1), at(i)));
            }
            before = now;
        }
        zeros
    }

    /// Σ c_i dt_i/dθ with dt/dθ = −(∂g/∂θ)/(∂g/∂t).
    fn back(&self, theta: &[f64], cotangents: &[f64]) -> Vec<f64> {
        let times = self.times(theta);
        let mut map = self.map.lock().expect("nothing panics with it");
        map.set_parameters(theta);
        let h = vec![0.0; self.states];
        let mut total = vec![0.0; theta.len()];
        for (t, cotangent) in times.iter().zip(cotangents) {
            let (mut out, mut by_state, mut by_theta) =
                ([0.0], vec![0.0; self.states], vec![0.0; theta.len()]);
            Map::eval(&mut map, 0, &h, *t, &mut out);
            let by_time = costate_neural_ode::hybrid::Map::products(
                &mut *map,
                &[1.0],
                &mut by_state,
                &mut by_theta,
            );
            let parts = total.iter_mut().zip(&by_theta);
            parts.for_each(|(total, by)| *total -= cotangent * by / by_time);
        }
        total
    }
}

fn bisect(value: &mut impl FnMut(f64) -> f64, mut a: f64, mut b: f64) -> f64 {
    let negative = value(a) < 0.0;
    loop {
        let middle = a + 0.5 * (b - a);
        if middle == a || middle == b {
            return b;
        }
        match (value(middle) < 0.0) == negative {
            true => a = middle,
            false => b = middle,
        }
    }
}

impl Schedule {
    pub(crate) fn times(&self, theta: &[f64]) -> Vec<f64> {
        match self {
            Schedule::Constant(times) => times.clone(),
            Schedule::Function(function) => function
                .eval(&[theta])
                .map_or_else(|_| Vec::new(), |values| values.concat()),
            Schedule::Margin(margin) => margin.times(theta),
        }
    }

    /// The event at these times, for gradients.
    pub(crate) fn event(&self) -> costate_neural_ode::hybrid::Event<f64, f64> {
        use costate_neural_ode::hybrid::Event;
        match self {
            Schedule::Constant(times) => Event::at(times.clone()),
            Schedule::Function(function) => Event::scheduled(function),
            Schedule::Margin(margin) => {
                let (forward, back) = (margin.clone(), margin.clone());
                Event::scheduled_by(
                    move |theta| forward.times(theta),
                    move |theta, cotangents| back.back(theta, cotangents),
                )
            }
        }
    }
}
