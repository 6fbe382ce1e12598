//! Members side by side: the loop of an integrator, in lanes.

use super::group::Group;
use super::riders::Riders;
use super::step::{GOES_ON, REACHED, decide, plan, step};
use super::{Ended, LaneField, Member};
use crate::Stats;

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
            if group.t0 == group.t1 {
                let (y, stats) = (member.y0, Stats::default());
                ended[index] = Some(Ended {
                    y,
                    stats,
                    error: None,
                });
                continue;
            }
            group.begin(member);
            let (size, slope) = group.single.prepare();
            (riders.member[lane], riders.taken[lane]) = (index, 1);
            riders.t.0[lane] = group.t0;
            riders.size.0[lane] = size.min(group.options.h_max);
            for i in 0..D {
                riders.y[i].0[lane] = member.y0[i];
                riders.k[0][i].0[lane] = slope[i];
            }
            for j in 0..P {
                riders.p[j].0[lane] = member.p[j];
            }
            riders.begun[lane] = *group.single.stats();
            (riders.steps[lane], riders.accepted[lane]) = (0, 0);
            riders.remember(lane, group.law.start());
        }
    }
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
    let error = group.alone(&members[index]);
    ended[index] = Some(riders.leave(lane, group.stages, error));
}
