//! Members side by side: the loop of an integrator, in lanes.

use super::{Alone, Ended, Lane, LaneField, Lanes, Member, Single};
use crate::controller::{Law, Memory, growth_from};
use crate::{Error, Integrator, Norm, Options, Stats, Tableau, Tolerance};

/// What members side by side share.
pub(super) struct Group<'a, F, const D: usize, const P: usize> {
    field: &'a F,
    /// Starts each member, and diagnoses those that cannot go on: the same code as for one alone.
    single: Single<'a, F, D, P>,
    law: Law,
    options: &'a Options<f64>,
    /// a below its diagonal, row behind row; b is its last row.
    a: [[f64; 6]; 7],
    b_err: [f64; 7],
    c: [f64; 7],
    stages: usize,
    rtol: f64,
    atol: f64,
    t0: f64,
    t1: f64,
    /// 1 forwards in time, −1 backwards.
    way: f64,
}

/// The lanes: member by member what an integrator alone keeps, quantity by quantity so that all are handled by the same instructions.
struct Riders<const D: usize, const P: usize, const W: usize> {
    /// Which member rides, where one does.
    member: [usize; W],
    /// 1 where one does, 0 where none does.
    taken: [u64; W],
    /// What its start cost.
    begun: [Stats; W],
    t: Lanes<W>,
    t_next: Lanes<W>,
    h: Lanes<W>,
    /// |h| as the controller wants it.
    size: Lanes<W>,
    /// The controller's [`Memory`], field by field.
    past: [Lanes<W>; 2],
    h_before: Lanes<W>,
    ceiling: Lanes<W>,
    steps: [usize; W],
    accepted: [usize; W],
    y: [Lanes<W>; D],
    /// Where the latest stage stands; the last of a step is its end.
    at: [Lanes<W>; D],
    p: [Lanes<W>; P],
    k: [[Lanes<W>; D]; 7],
}

impl<const D: usize, const P: usize, const W: usize> Riders<D, P, W> {
    fn new() -> Self {
        let zero = Lanes([0.0; W]);
        Self {
            member: [0; W],
            taken: [0; W],
            begun: [Stats::default(); W],
            t: zero,
            t_next: zero,
            h: zero,
            size: zero,
            past: [zero; 2],
            h_before: zero,
            ceiling: zero,
            steps: [0; W],
            accepted: [0; W],
            y: [zero; D],
            at: [zero; D],
            p: [zero; P],
            k: [[zero; D]; 7],
        }
    }

    /// Takes the member out of the lane.
    #[inline(never)]
    fn leave(&mut self, lane: usize, stages: usize, error: Option<Error>) -> Ended<D> {
        self.taken[lane] = 0;
        let mut stats = self.begun[lane];
        stats.steps += self.steps[lane];
        stats.accepted += self.accepted[lane];
        stats.rejected += self.steps[lane] - self.accepted[lane];
        stats.nfe += self.steps[lane] * (stages - 1);
        let y = std::array::from_fn(|i| self.y[i].0[lane]);
        Ended { y, stats, error }
    }
}

impl<'a, F: LaneField<D, P>, const D: usize, const P: usize> Group<'a, F, D, P> {
    pub(super) fn new(
        field: &'a F,
        tableau: &'static Tableau,
        t0: f64,
        t1: f64,
        options: &'a Options<f64>,
    ) -> Result<Self, Error> {
        let refuse = |what: &'static str, value: f64, reason: &'static str| {
            Err(Error::Option {
                what,
                value,
                reason,
            })
        };
        let stages = tableau.stages();
        if !tableau.fsal || stages > 7 || tableau.embedded_order.is_none() {
            let reason = "ensembles in lanes take a pair that is FSAL with at most seven stages";
            return refuse("the number of stages", stages as f64, reason);
        }
        let (Tolerance::Scalar(rtol), Tolerance::Scalar(atol), Norm::Rms, None) =
            (&options.rtol, &options.atol, &options.norm, options.step)
        else {
            let reason =
                "ensembles in lanes take one rtol, one atol, the RMS norm and adaptive steps";
            return refuse("the options of lanes", D as f64, reason);
        };
        let system = Alone { field, p: [0.0; P] };
        let single = Integrator::new(tableau, system, t0, &[0.0; D], options.clone())?;
        let entry = |i: usize, j: usize| {
            if i < stages && j < i {
                tableau.a(i, j).to()
            } else {
                0.0
            }
        };
        let padded = |values: &[crate::Coefficient]| {
            std::array::from_fn(|i| values.get(i).map_or(0.0, |c| c.to()))
        };
        Ok(Self {
            field,
            law: Law::new(&options.controller, order(tableau)),
            single,
            options,
            a: std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j))),
            b_err: padded(tableau.b_err),
            c: padded(tableau.c),
            stages,
            rtol: *rtol,
            atol: *atol,
            t0,
            t1,
            way: if t1 < t0 { -1.0 } else { 1.0 },
        })
    }
}

/// The exponent of the pair's error estimate.
fn order(tableau: &Tableau) -> usize {
    let embedded = tableau.embedded_order.unwrap_or(tableau.order);
    embedded.min(tableau.order) + 1
}

/// Solves for all members, with the widest instructions there are. Two registers go side by side, one to be worked on while the other waits for a result.
pub(super) fn run<F: LaneField<D, P>, const D: usize, const P: usize>(
    group: &mut Group<'_, F, D, P>,
    members: &[Member<D, P>],
) -> Vec<Ended<D>> {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: the features that the function is compiled for were just found.
            #[allow(unsafe_code)]
            return unsafe { run_avx512(group, members) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            #[allow(unsafe_code)]
            return unsafe { run_avx2(group, members) };
        }
    }
    run_here::<F, D, P, 4>(group, members)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn run_avx512<F: LaneField<D, P>, const D: usize, const P: usize>(
    group: &mut Group<'_, F, D, P>,
    members: &[Member<D, P>],
) -> Vec<Ended<D>> {
    run_here::<F, D, P, 16>(group, members)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2<F: LaneField<D, P>, const D: usize, const P: usize>(
    group: &mut Group<'_, F, D, P>,
    members: &[Member<D, P>],
) -> Vec<Ended<D>> {
    run_here::<F, D, P, 8>(group, members)
}

/// The loop, to be compiled for different instructions: everything in it that is done in every step must be inlined.
#[inline(always)]
fn run_here<F: LaneField<D, P>, const D: usize, const P: usize, const W: usize>(
    group: &mut Group<'_, F, D, P>,
    members: &[Member<D, P>],
) -> Vec<Ended<D>> {
    let mut ended: Vec<Option<Ended<D>>> = vec![None; members.len()];
    let mut riders = Riders::<D, P, W>::new();
    let mut next = 0;
    fill(group, members, &mut riders, &mut next, &mut ended);
    while any(&riders.taken) {
        // Most steps end no member's ride: then no lane is looked at alone.
        let stuck = plan(group, &mut riders);
        if any(&stuck) {
            for lane in (0..W).filter(|lane| stuck[*lane] != 0) {
                stop(group, members, &mut riders, lane, &mut ended);
            }
            fill(group, members, &mut riders, &mut next, &mut ended);
            continue;
        }
        let error2 = step(group, &mut riders);
        let over = decide(group, &mut riders, &error2);
        if any(&over) {
            for lane in (0..W).filter(|lane| over[*lane] != GOES_ON) {
                if over[lane] == REACHED {
                    let end = riders.leave(lane, group.stages, None);
                    ended[riders.member[lane]] = Some(end);
                } else {
                    stop(group, members, &mut riders, lane, &mut ended);
                }
            }
            fill(group, members, &mut riders, &mut next, &mut ended);
        }
    }
    ended
        .into_iter()
        .map(|ended| ended.expect("every member rides once"))
        .collect()
}

/// What a lane came to: nothing to speak of, the end, or a last step that is too small.
const GOES_ON: u64 = 0;
const REACHED: u64 = 1;
const TOO_SMALL: u64 = 2;

#[inline(always)]
fn any<const W: usize>(flags: &[u64; W]) -> bool {
    flags.iter().fold(0, |all, flag| all | flag) != 0
}

/// Empty lanes take the next members.
#[inline(never)]
fn fill<F: LaneField<D, P>, const D: usize, const P: usize, const W: usize>(
    group: &mut Group<'_, F, D, P>,
    members: &[Member<D, P>],
    riders: &mut Riders<D, P, W>,
    next: &mut usize,
    ended: &mut [Option<Ended<D>>],
) {
    for lane in 0..W {
        while riders.taken[lane] == 0 && *next < members.len() {
            let (member, index) = (&members[*next], *next);
            *next += 1;
            let single = &mut group.single;
            single.system_mut().p = member.p;
            single.reset(group.t0, &member.y0);
            single.set_end(group.t1);
            if group.t0 == group.t1 {
                let (y, stats) = (member.y0, Stats::default());
                ended[index] = Some(Ended {
                    y,
                    stats,
                    error: None,
                });
                continue;
            }
            let (size, slope) = single.prepare();
            (riders.member[lane], riders.taken[lane]) = (index, 1);
            riders.t.0[lane] = group.t0;
            riders.size.0[lane] = size;
            for i in 0..D {
                riders.y[i].0[lane] = member.y0[i];
                riders.k[0][i].0[lane] = slope[i];
            }
            for j in 0..P {
                riders.p[j].0[lane] = member.p[j];
            }
            riders.begun[lane] = *single.stats();
            (riders.steps[lane], riders.accepted[lane]) = (0, 0);
            let start = group.law.start();
            riders.past[0].0[lane] = start.past[0];
            riders.past[1].0[lane] = start.past[1];
            riders.h_before.0[lane] = start.h_before;
            riders.ceiling.0[lane] = start.ceiling;
        }
    }
}

/// Chooses every lane's step. Says which lanes can take none.
#[inline(always)]
fn plan<F: LaneField<D, P>, const D: usize, const P: usize, const W: usize>(
    group: &Group<'_, F, D, P>,
    riders: &mut Riders<D, P, W>,
) -> [u64; W] {
    let (t1, way, h_max) = (group.t1, group.way, group.options.h_max);
    let max_steps = group.options.max_steps;
    let (resolution, floor) = group.single.resolution();
    let mut stuck = [0; W];
    for lane in 0..W {
        let (t, wanted) = (riders.t.0[lane], riders.size.0[lane]);
        let size = if wanted < h_max { wanted } else { h_max };
        let remaining = t1 - t;
        let last = size * 1.01 >= remaining * way;
        riders.h.0[lane] = if last { remaining } else { size * way };
        riders.t_next.0[lane] = if last { t1 } else { t + size * way };
        let relative = t.abs() * resolution;
        let smallest = if relative > floor { relative } else { floor };
        let none = (riders.steps[lane] >= max_steps) | (!last & (size <= smallest));
        stuck[lane] = u64::from(none) & riders.taken[lane];
    }
    stuck
}

/// Accepts or rejects every lane's step, and says which lanes are done.
#[inline(always)]
fn decide<F: LaneField<D, P>, const D: usize, const P: usize, const W: usize>(
    group: &Group<'_, F, D, P>,
    riders: &mut Riders<D, P, W>,
    error2: &Lanes<W>,
) -> [u64; W] {
    let (t1, way, h_max) = (group.t1, group.way, group.options.h_max);
    let (resolution, floor) = group.single.resolution();
    let mut over = [GOES_ON; W];
    let mut growth = [0.0; W];
    if group.law.sees_growth() {
        for lane in 0..W {
            growth[lane] = growth_from(riders.h_before.0[lane], riders.h.0[lane] * way);
        }
    }
    for lane in 0..W {
        let (e2, size) = (error2.0[lane], riders.h.0[lane] * way);
        let memory = Memory {
            past: [riders.past[0].0[lane], riders.past[1].0[lane]],
            h_before: riders.h_before.0[lane],
            ceiling: riders.ceiling.0[lane],
        };
        let (factor, memory) = group.law.factor(memory, e2, size, growth[lane]);
        riders.past[0].0[lane] = memory.past[0];
        riders.past[1].0[lane] = memory.past[1];
        riders.h_before.0[lane] = memory.h_before;
        riders.ceiling.0[lane] = memory.ceiling;
        let accepted = e2 <= 1.0;
        let (t, t_next, wanted) = (riders.t.0[lane], riders.t_next.0[lane], riders.size.0[lane]);
        let last = t_next == t1;
        let planned = if wanted < h_max { wanted } else { h_max };
        let proposed = size * factor;
        // A step that was cut short to land on the end says little against the size planned.
        let keep = accepted & last & (planned > proposed);
        riders.size.0[lane] = if keep { planned } else { proposed };
        riders.t.0[lane] = if accepted { t_next } else { t };
        let relative = t.abs() * resolution;
        let smallest = if relative > floor { relative } else { floor };
        let too_small = !accepted & last & (proposed <= smallest);
        let what = u64::from(accepted & last) * REACHED + u64::from(too_small) * TOO_SMALL;
        over[lane] = what * riders.taken[lane];
        riders.steps[lane] += 1;
        riders.accepted[lane] += usize::from(accepted);
    }
    for i in 0..D {
        riders.y[i] = taken_or(error2, riders.at[i], riders.y[i]);
        riders.k[0][i] = taken_or(error2, riders.k[group.stages - 1][i], riders.k[0][i]);
    }
    over
}

/// `new` in the lanes whose step is accepted, `old` in the others.
#[inline(always)]
fn taken_or<const W: usize>(error2: &Lanes<W>, new: Lanes<W>, old: Lanes<W>) -> Lanes<W> {
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

/// Takes a member that cannot go on out of its lane. Alone it stops there, too, and says why.
#[cold]
#[inline(never)]
fn stop<F: LaneField<D, P>, const D: usize, const P: usize, const W: usize>(
    group: &mut Group<'_, F, D, P>,
    members: &[Member<D, P>],
    riders: &mut Riders<D, P, W>,
    lane: usize,
    ended: &mut [Option<Ended<D>>],
) {
    let index = riders.member[lane];
    let error = alone(group, &members[index]);
    ended[index] = Some(riders.leave(lane, group.stages, error));
}

/// Why a member cannot go on: from an integration of it alone.
#[cold]
#[inline(never)]
fn alone<F: LaneField<D, P>, const D: usize, const P: usize>(
    group: &mut Group<'_, F, D, P>,
    member: &Member<D, P>,
) -> Option<Error> {
    let single = &mut group.single;
    single.system_mut().p = member.p;
    single.reset(group.t0, &member.y0);
    single.set_end(group.t1);
    while !single.finished() {
        if let Err(error) = single.step() {
            return Some(error);
        }
    }
    None
}

/// A step of all lanes: the new states and squared errors, operation for operation as one alone computes them. k\[0\] is known.
#[inline(always)]
fn step<F: LaneField<D, P>, const D: usize, const P: usize, const W: usize>(
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
