//! Eight members at a time.

use super::{Alone, Ended, Lane, LaneField, Lanes, Member, Single, WIDTH};
use crate::controller::Control;
use crate::{Error, Integrator, Norm, Options, Stats, Tableau, Tolerance};

type Wide = Lanes<WIDTH>;

/// Members side by side and what they share.
pub(super) struct Group<'a, F, const D: usize, const P: usize> {
    field: &'a F,
    /// Starts each member, and diagnoses those that cannot go on: the same code as for one alone.
    single: Single<'a, F, D, P>,
    control: Control,
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
}

/// One lane's own affairs.
struct Rider {
    member: usize,
    control: Control,
    size: f64,
    stats: Stats,
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
            control: Control::new(&options.controller, order(tableau)),
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
        })
    }
}

/// The exponent of the pair's error estimate.
fn order(tableau: &Tableau) -> usize {
    let embedded = tableau.embedded_order.unwrap_or(tableau.order);
    embedded.min(tableau.order) + 1
}

/// Solves for all members, with the widest instructions there are.
pub(super) fn run<F: LaneField<D, P>, const D: usize, const P: usize>(
    group: &mut Group<'_, F, D, P>,
    members: &[Member<D, P>],
) -> Vec<Ended<D>> {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
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
    run_here(group, members)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn run_avx512<F: LaneField<D, P>, const D: usize, const P: usize>(
    group: &mut Group<'_, F, D, P>,
    members: &[Member<D, P>],
) -> Vec<Ended<D>> {
    run_here(group, members)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2<F: LaneField<D, P>, const D: usize, const P: usize>(
    group: &mut Group<'_, F, D, P>,
    members: &[Member<D, P>],
) -> Vec<Ended<D>> {
    run_here(group, members)
}

/// The loop, to be compiled for different instructions: everything in it must be inlined.
#[inline(always)]
fn run_here<F: LaneField<D, P>, const D: usize, const P: usize>(
    group: &mut Group<'_, F, D, P>,
    members: &[Member<D, P>],
) -> Vec<Ended<D>> {
    let mut ended: Vec<Option<Ended<D>>> = vec![None; members.len()];
    let zero = Wide::splat(0.0);
    let (mut t, mut h, mut t_next) = (zero, zero, zero);
    let (mut y, mut p, mut k) = ([zero; D], [zero; P], [[zero; D]; 7]);
    let mut riders: [Option<Rider>; WIDTH] = std::array::from_fn(|_| None);
    let mut next = 0;
    let way = if group.t1 < group.t0 { -1.0 } else { 1.0 };
    loop {
        // Empty lanes take the next members; lanes that ride plan their step.
        let mut riding = false;
        for lane in 0..WIDTH {
            while riders[lane].is_none() && next < members.len() {
                let (member, index) = (&members[next], next);
                next += 1;
                let single = &mut group.single;
                single.system_mut().p = member.p;
                single.reset(group.t0, &member.y0);
                single.set_end(group.t1);
                if group.t0 == group.t1 {
                    ended[index] = Some(end(member.y0, Stats::default(), None));
                    continue;
                }
                let (size, slope) = single.prepare();
                t.0[lane] = group.t0;
                for i in 0..D {
                    y[i].0[lane] = member.y0[i];
                    k[0][i].0[lane] = slope[i];
                }
                for j in 0..P {
                    p[j].0[lane] = member.p[j];
                }
                riders[lane] = Some(Rider {
                    member: index,
                    control: group.control.clone(),
                    size,
                    stats: *single.stats(),
                });
            }
            let Some(rider) = &riders[lane] else {
                h.0[lane] = 0.0;
                continue;
            };
            let size = rider.size.min(group.options.h_max);
            let remaining = group.t1 - t.0[lane];
            let last = size * 1.01 >= remaining * way;
            let smallest = group.single.smallest_at(t.0[lane]);
            if rider.stats.steps >= group.options.max_steps || (!last && size <= smallest) {
                // Alone it stops here, too, and says why.
                let (index, stats) = (rider.member, rider.stats);
                let error = alone(group, &members[index]);
                ended[index] = Some(end(std::array::from_fn(|i| y[i].0[lane]), stats, error));
                riders[lane] = None;
                h.0[lane] = 0.0;
                riding = true;
                continue;
            }
            riding = true;
            (h.0[lane], t_next.0[lane]) = if last {
                (remaining, group.t1)
            } else {
                (size * way, t.0[lane] + size * way)
            };
        }
        if !riding {
            break;
        }
        let (y1, error2) = step(group, (t, t_next, h), &y, &p, &mut k);
        for lane in 0..WIDTH {
            let Some(rider) = &mut riders[lane] else {
                continue;
            };
            rider.stats.steps += 1;
            rider.stats.nfe += group.stages - 1;
            let (e2, size) = (error2.0[lane], h.0[lane] * way);
            let last = t_next.0[lane] == group.t1;
            if e2 <= 1.0 {
                let factor = rider.control.accepted(e2, size);
                let planned = rider.size.min(group.options.h_max);
                rider.size = size * factor;
                if last {
                    rider.size = rider.size.max(planned);
                }
                rider.stats.accepted += 1;
                t.0[lane] = t_next.0[lane];
                for i in 0..D {
                    y[i].0[lane] = y1[i].0[lane];
                    k[0][i].0[lane] = k[group.stages - 1][i].0[lane];
                }
                if last {
                    let state = std::array::from_fn(|i| y[i].0[lane]);
                    ended[rider.member] = Some(end(state, rider.stats, None));
                    riders[lane] = None;
                }
            } else {
                rider.size = size * rider.control.rejected(e2);
                rider.stats.rejected += 1;
                if last && rider.size <= group.single.smallest_at(t.0[lane]) {
                    let (index, stats) = (rider.member, rider.stats);
                    let error = alone(group, &members[index]);
                    ended[index] = Some(end(std::array::from_fn(|i| y[i].0[lane]), stats, error));
                    riders[lane] = None;
                }
            }
        }
    }
    ended
        .into_iter()
        .map(|ended| ended.expect("every member rides once"))
        .collect()
}

fn end<const D: usize>(y: [f64; D], stats: Stats, error: Option<Error>) -> Ended<D> {
    Ended { y, stats, error }
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
fn step<F: LaneField<D, P>, const D: usize, const P: usize>(
    group: &Group<'_, F, D, P>,
    (t, t_next, h): (Wide, Wide, Wide),
    y: &[Wide; D],
    p: &[Wide; P],
    k: &mut [[Wide; D]; 7],
) -> ([Wide; D], Wide) {
    let mut y1 = *y;
    for s in 1..7 {
        if s >= group.stages {
            break;
        }
        for i in 0..D {
            let mut sum = Wide::splat(0.0) + h * Wide::splat(group.a[s][0]) * k[0][i];
            for j in 1..6 {
                if j < s {
                    sum = sum + h * Wide::splat(group.a[s][j]) * k[j][i];
                }
            }
            y1[i] = y[i] + sum;
        }
        let c = group.c[s];
        let time = if c == 1.0 {
            t_next
        } else {
            t + Wide::splat(c) * h
        };
        k[s] = group.field.eval(time, &y1, p);
    }
    let mut square = Wide::splat(0.0);
    for i in 0..D {
        let mut error = Wide::splat(0.0) + h * Wide::splat(group.b_err[0]) * k[0][i];
        for j in 1..7 {
            if j < group.stages {
                error = error + h * Wide::splat(group.b_err[j]) * k[j][i];
            }
        }
        let mut allowed = Wide::splat(0.0);
        for lane in 0..WIDTH {
            let (a, b) = (y[i].0[lane].abs(), y1[i].0[lane].abs());
            allowed.0[lane] = group.atol + group.rtol * if a > b { a } else { b };
        }
        let ratio = error.map(f64::abs) / allowed;
        square = square + ratio * ratio;
    }
    (y1, square * Wide::splat(1.0 / D as f64))
}
