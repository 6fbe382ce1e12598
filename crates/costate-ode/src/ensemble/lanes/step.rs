//! A step of all lanes. Everything here is inlined into the loop, which is compiled for different instructions.

use super::group::Group;
use super::riders::Riders;
use super::{Lane, LaneField, Lanes};
use crate::controller::growth_from;

/// What a lane came to: nothing to speak of, the end, or a last step that is too small.
pub(super) const GOES_ON: u64 = 0;
pub(super) const REACHED: u64 = 1;
pub(super) const TOO_SMALL: u64 = 2;

/// Chooses every lane's step. Says which lanes can take none.
#[inline(always)]
pub(super) fn plan<F: LaneField<D, P>, const D: usize, const P: usize, const W: usize>(
    group: &Group<'_, F, D, P>,
    riders: &mut Riders<D, P, W>,
) -> [u64; W] {
    let (t1, way, max_steps) = (group.t1, group.way, group.options.max_steps);
    let resolution = group.single.resolution();
    let mut stuck = [0; W];
    for lane in 0..W {
        let (t, size) = (riders.t.0[lane], riders.size.0[lane]);
        let remaining = t1 - t;
        let last = size * 1.01 >= remaining * way;
        riders.h.0[lane] = if last { remaining } else { size * way };
        riders.t_next.0[lane] = if last { t1 } else { t + size * way };
        let too_small = !last & (size <= resolution.smallest_at(t));
        let none = (riders.steps[lane] >= max_steps) | too_small;
        stuck[lane] = u64::from(none) & riders.taken[lane];
    }
    stuck
}

/// Accepts or rejects every lane's step, and says which lanes are done.
#[inline(always)]
pub(super) fn decide<F: LaneField<D, P>, const D: usize, const P: usize, const W: usize>(
    group: &Group<'_, F, D, P>,
    riders: &mut Riders<D, P, W>,
    error2: &Lanes<W>,
) -> [u64; W] {
    let (t1, way, h_max) = (group.t1, group.way, group.options.h_max);
    let resolution = group.single.resolution();
    let mut over = [GOES_ON; W];
    let mut growth = [0.0; W];
    if group.law.sees_growth() {
        for lane in 0..W {
            growth[lane] = growth_from(riders.memory(lane).h_before, riders.h.0[lane] * way);
        }
    }
    for lane in 0..W {
        let (e2, size) = (error2.0[lane], riders.h.0[lane] * way);
        let (factor, memory) = group
            .law
            .factor(riders.memory(lane), e2, size, growth[lane]);
        riders.remember(lane, memory);
        let accepted = e2 <= 1.0;
        let (t, t_next, planned) = (riders.t.0[lane], riders.t_next.0[lane], riders.size.0[lane]);
        let last = t_next == t1;
        let proposed = size * factor;
        // A step that was cut short to land on the end says little against the size planned.
        let keep = accepted & last & (planned > proposed);
        let wanted = if keep { planned } else { proposed };
        riders.size.0[lane] = if wanted < h_max { wanted } else { h_max };
        riders.t.0[lane] = if accepted { t_next } else { t };
        let too_small = !accepted & last & (proposed <= resolution.smallest_at(t));
        let what = u64::from(accepted & last) * REACHED + u64::from(too_small) * TOO_SMALL;
        over[lane] = what * riders.taken[lane];
        riders.steps[lane] += 1;
        riders.accepted[lane] += usize::from(accepted);
    }
    for i in 0..D {
        riders.y[i] = accepted_or(error2, riders.at[i], riders.y[i]);
        riders.k[0][i] = accepted_or(error2, riders.k[group.stages - 1][i], riders.k[0][i]);
    }
    over
}

/// `new` in the lanes whose step is accepted, `old` in the others.
#[inline(always)]
fn accepted_or<const W: usize>(error2: &Lanes<W>, new: Lanes<W>, old: Lanes<W>) -> Lanes<W> {
    let mut out = old;
    for lane in 0..W {
        out.0[lane] = if error2.0[lane] <= 1.0 {
            new.0[lane]
        } else {
            old.0[lane]
        };
    }
    out
}

/// A step of all lanes: the new states and squared errors, operation for operation as one alone computes them. k\[0\] is known.
#[inline(always)]
pub(super) fn step<F: LaneField<D, P>, const D: usize, const P: usize, const W: usize>(
    group: &Group<'_, F, D, P>,
    riders: &mut Riders<D, P, W>,
) -> Lanes<W> {
    stage::<F, D, P, W, 1>(group, riders);
    if group.stages > 2 {
        stage::<F, D, P, W, 2>(group, riders);
    }
    if group.stages > 3 {
        stage::<F, D, P, W, 3>(group, riders);
    }
    if group.stages > 4 {
        stage::<F, D, P, W, 4>(group, riders);
    }
    if group.stages > 5 {
        stage::<F, D, P, W, 5>(group, riders);
    }
    if group.stages > 6 {
        stage::<F, D, P, W, 6>(group, riders);
    }
    let (Riders { h, y, at, k, .. }, splat) = (riders, Lanes::<W>::splat);
    let h = *h;
    let mut square = splat(0.0);
    for i in 0..D {
        let mut error = h * splat(group.b_err[0]) * k[0][i];
        for j in 1..7 {
            if j < group.stages {
                error = error + h * splat(group.b_err[j]) * k[j][i];
            }
        }
        let mut allowed = splat(0.0);
        for lane in 0..W {
            let (a, b) = (y[i].0[lane].abs(), at[i].0[lane].abs());
            allowed.0[lane] = group.atol + group.rtol * if a > b { a } else { b };
        }
        let ratio = error.map(f64::abs) / allowed;
        square = square + ratio * ratio;
    }
    square * splat(1.0 / D as f64)
}

/// Stage S: where it stands; its slope goes to k\[S\]. S is a constant so that its sums are straight-line code.
#[inline(always)]
fn stage<F: LaneField<D, P>, const D: usize, const P: usize, const W: usize, const S: usize>(
    group: &Group<'_, F, D, P>,
    riders: &mut Riders<D, P, W>,
) {
    let splat = Lanes::<W>::splat;
    let Riders {
        t,
        t_next,
        h,
        y,
        at,
        p,
        k,
        ..
    } = riders;
    let mut sum = [splat(0.0); D];
    for j in 0..S {
        let weight = *h * splat(group.a[S][j]);
        for i in 0..D {
            let term = weight * k[j][i];
            sum[i] = if j == 0 { term } else { sum[i] + term };
        }
    }
    for i in 0..D {
        at[i] = y[i] + sum[i];
    }
    let c = group.c[S];
    let time = if c == 1.0 {
        *t_next
    } else {
        *t + splat(c) * *h
    };
    k[S] = group.field.eval(time, at, p);
}
