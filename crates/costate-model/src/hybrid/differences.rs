//! The gradient along arcs by differences of whole solutions: to check the others.

use costate_neural_ode::gradient::Gradient;
use costate_neural_ode::{Error as SolverError, GradientMethod, Problem, Saved};

use super::arcs::Arcs;
use crate::problem::Why;

/// What the first step of a difference is, as a part of its variable's size.
const STEP: f64 = 1e-3;
/// How often it is halved at most: within a step an event may pass a measurement.
const LEVELS: usize = 8;
/// By how much the solver's own error may exceed its tolerance in an entry.
pub(crate) const SOLVER: f64 = 90.0;
/// Differences that are sure of their slope to this part of it are not halved any more.
const ENOUGH: f64 = 1e-5;
/// Differences from one side that are surer than this of their slope are counted.
const UNSURE: f64 = 1e-4;
/// Parts of a loss by which other steps of the solver may change it: a bend as small is none.
const OTHER_STEPS: f64 = 1e-9;

/// Arcs as a gradient method among others.
impl GradientMethod<f64, f64> for Arcs {
    fn gradient(
        &mut self,
        problem: &Problem<'_, f64, f64>,
        loss: &mut costate_neural_ode::gradient::LossFn<'_, f64>,
    ) -> Result<&Gradient<f64>, SolverError> {
        match Arcs::gradient(self, problem, loss) {
            Ok(found) => Ok(found),
            Err(Why::Solver(error)) => Err(error),
            Err(_) => Err(SolverError::Unavailable {
                method: "an audit",
                what: "the gradient of a solution that ends or slides before its last measurement",
                instead: "values at which it goes on",
            }),
        }
    }
}

/// The loss and its gradient by differences, each solution with steps of its own; and how unsure each entry is. The ends of time are left out:
/// what happens there, and inputs that end there, have no derivative from both sides.
pub(crate) fn differences(
    arcs: &mut Arcs,
    problem: &Problem<'_, f64, f64>,
    loss: &mut dyn FnMut(&Saved<f64>, &mut Saved<f64>) -> f64,
) -> Result<(Gradient<f64>, Gradient<f64>), Why> {
    let (n, p) = (problem.h0.len(), problem.theta.len());
    let point = [problem.h0, problem.theta, problem.save_at].concat();
    let mut value = |i: usize, step: f64| {
        let mut shifted = point.clone();
        if step != 0.0 {
            shifted[i] += step;
        }
        let moved = Problem {
            h0: &shifted[..n],
            theta: &shifted[n..n + p],
            save_at: &shifted[n + p..],
            ..*problem
        };
        arcs.loss(&moved, loss)
    };
    let mut found = Gradient {
        loss: value(0, 0.0)?,
        t0: f64::NAN,
        t1: f64::NAN,
        ..Gradient::default()
    };
    let mut unsure = Gradient::default();
    for i in 0..n + p {
        let step = STEP * if point[i] == 0.0 { 1.0 } else { point[i].abs() };
        let here = found.loss;
        // A shift to one side may lead out of what f is defined for, as one below zero does in x^1.7.
        let mut one_sided = false;
        // By how much the slopes to the two sides differ, with the step before and with the last, and the loss at the last from a straight line.
        let (mut turns, mut bent) = ([f64::NAN; 2], 0.0_f64);
        let mut both = |h: f64| {
            let mut try_at = |step: f64| value(i, step).ok().filter(|loss| loss.is_finite());
            let tried = (try_at(h), try_at(-h));
            one_sided |= tried.0.is_none() || tried.1.is_none();
            let slope = match tried {
                (Some(up), Some(down)) => {
                    bent = (up - here) - (here - down);
                    turns = [turns[1], bent / h];
                    (up - down) / (2.0 * h)
                }
                (Some(near), None) => match try_at(2.0 * h) {
                    Some(far) => (4.0 * near - far - 3.0 * here) / (2.0 * h),
                    None => f64::NAN,
                },
                (None, Some(near)) => match try_at(-2.0 * h) {
                    Some(far) => (3.0 * here - 4.0 * near + far) / (2.0 * h),
                    None => f64::NAN,
                },
                (None, None) => f64::NAN,
            };
            Ok::<_, Why>(slope)
        };
        let (mut slope, mut error) = settled(step, &mut both)?;
        if one_sided {
            // At the border of its domain a function may bend without bound, and halving the step gains less than it is counted for.
            error *= 1e3;
            if error > UNSURE * slope.abs() {
                slope = f64::NAN;
            }
        }
        // A bend that does not get less with the step is a kink just here, as where something is measured at the very time of an event: neither side's slope is the
        // mean that differences have. One that grows is a jump, at which there is no slope.
        let [before, last] = turns;
        let is_kink = (2.0 * last - before).abs() > UNSURE * slope.abs()
            && bent.abs() > OTHER_STEPS * here.abs();
        if is_kink && last.abs() < 1.5 * before.abs() {
            slope = f64::NAN;
        }
        let list = match i < n {
            true => (&mut found.h0, &mut unsure.h0),
            false => (&mut found.theta, &mut unsure.theta),
        };
        list.0.push(slope);
        list.1.push(error);
    }
    // A state saved at an event is that before it: looking back is always right, but for the first.
    let saves = problem.save_at;
    for (i, &t) in saves.iter().enumerate() {
        let before = if i == 0 { problem.t0 } else { saves[i - 1] };
        let gap = t - before;
        let step = (STEP * (problem.t1 - problem.t0).abs()).min(0.2 * gap.abs()) * gap.signum();
        if gap == 0.0 {
            found.save.push(f64::NAN);
            unsure.save.push(f64::NAN);
            continue;
        }
        let (here, index) = (found.loss, n + p + i);
        let mut back = |h: f64| {
            let (near, far) = (value(index, -h)?, value(index, -2.0 * h)?);
            Ok::<_, Why>((3.0 * here - 4.0 * near + far) / (2.0 * h))
        };
        let (slope, error) = settled(step, &mut back)?;
        found.save.push(slope);
        unsure.save.push(error);
    }
    Ok((found, unsure))
}

/// The slope that differences of second order, given for a step, tend to, and how unsure it is: from the two steps that agree best.
fn settled(
    mut step: f64,
    difference: &mut dyn FnMut(f64) -> Result<f64, Why>,
) -> Result<(f64, f64), Why> {
    let mut best = (f64::NAN, f64::INFINITY);
    let mut coarse = difference(2.0 * step)?;
    for _ in 0..LEVELS {
        let fine = difference(step)?;
        let slope = (4.0 * fine - coarse) / 3.0;
        let apart = 0.01 * (slope - fine).abs();
        if apart < best.1 {
            best = (slope, apart);
        }
        if apart <= ENOUGH * slope.abs() {
            break;
        }
        (coarse, step) = (fine, 0.5 * step);
    }
    Ok(best)
}
