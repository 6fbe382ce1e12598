//! A piece of an experiment's solution that is solved by itself.

use std::ops::Range;

use costate_neural_ode::{Problem, Saved};

use crate::problem::measurements::{Measurements, Point};
use crate::problem::observer::Observer;

/// Some of the measured times of an experiment, and where the solution through them begins and ends. One stretch is the whole solution; several of
/// them begin at states that are components of θ.
#[derive(Clone, Debug)]
pub(crate) struct Stretch {
    pub(super) times: Range<usize>,
    pub(super) points: Range<usize>,
    /// Where the state that it begins with stands in θ; with the experiment's own start, if it does not.
    pub(super) begins: Option<usize>,
    /// Where the state stands in θ that it is to meet at its end, with which the next one begins.
    pub(super) meets: Option<usize>,
    /// Whether it reaches the end of the model's time, if there is a measurement.
    pub(super) to_the_end: bool,
}

/// Where a solution begins and ends, and what its formulas see.
pub(super) struct Begin {
    pub(super) phi: Vec<f64>,
    pub(super) h0: Vec<f64>,
    pub(super) t0: f64,
    pub(super) t1: f64,
}

impl Begin {
    pub(super) fn problem<'a>(&'a self, times: &'a [f64]) -> Problem<'a, f64, f64> {
        Problem {
            h0: &self.h0,
            theta: &self.phi,
            t0: self.t0,
            t1: self.t1,
            save_at: times,
        }
    }
}

impl Stretch {
    /// The stretch of these times alone.
    pub(crate) fn new(measurements: &Measurements, times: Range<usize>) -> Self {
        let before = |time: usize| measurements.points.partition_point(|p| p.time < time);
        Stretch {
            points: before(times.start)..before(times.end),
            times,
            begins: None,
            meets: None,
            to_the_end: false,
        }
    }

    /// All of the measurements, one at the end of time among them or not.
    pub(crate) fn whole(measurements: &Measurements) -> Self {
        Stretch {
            to_the_end: true,
            ..Self::new(measurements, 0..measurements.times.len())
        }
    }

    /// From a state that stands in θ there.
    pub(crate) fn beginning(mut self, begins: Option<usize>) -> Self {
        self.begins = begins;
        self
    }

    /// To a state that stands in θ there.
    pub(crate) fn meeting(mut self, meets: Option<usize>) -> Self {
        self.meets = meets;
        self
    }

    /// The last of its times.
    pub(crate) fn end(&self) -> usize {
        self.times.end - 1
    }

    /// Where it begins and ends, given the whole solution's.
    pub(super) fn begin(&self, whole: &Begin, times: &[f64], theta: &[f64]) -> Begin {
        let n = whole.h0.len();
        let (h0, t0) = match self.begins {
            Some(at) => (theta[at..at + n].to_vec(), times[self.times.start - 1]),
            None => (whole.h0.clone(), whole.t0),
        };
        let last = times[self.times.end - 1];
        // Behind the last measurement no solution is needed, and there need not be one.
        let before = (last - t0) * (whole.t1 - last) > 0.0;
        Begin {
            phi: whole.phi.clone(),
            h0,
            t0,
            t1: match self.to_the_end && !before {
                true => whole.t1,
                false => last,
            },
        }
    }

    /// Whether it ends, as `begin` says, where time ends: then its end moves with that. Where it ends with a measurement, its end is no variable.
    pub(super) fn is_at_the_end(&self, begin: &Begin, whole: &Begin) -> bool {
        self.to_the_end && begin.t1 == whole.t1
    }

    /// Its times, each with its number among the saved states and what is measured there.
    pub(super) fn measured<'a>(
        &'a self,
        measurements: &'a Measurements,
    ) -> impl Iterator<Item = (usize, f64, &'a [Point])> {
        let mut from = self.points.start;
        let one = move |(i, time): (usize, usize)| {
            (
                i,
                measurements.times[time],
                measurements.at(time, &mut from),
            )
        };
        self.times.clone().enumerate().map(one)
    }

    /// The loss of its measurements at the saved states, with its derivatives by these and by the times.
    pub(super) fn score(
        &self,
        measurements: &Measurements,
        observer: &mut Observer,
        saved: &Saved<f64>,
        cotangents: &mut Saved<f64>,
        a_time: &mut [f64],
    ) -> f64 {
        let mut total = 0.0;
        for (i, t, points) in self.measured(measurements) {
            let (loss, a_t) =
                observer.score(points, 1.0, saved.state(i), t, cotangents.state_mut(i));
            total += loss;
            a_time[i] = a_t;
        }
        total
    }
}
