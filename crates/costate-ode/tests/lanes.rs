//! Members in lanes are to the bit what they are alone.

use costate_ode::{
    Cause, Ended, Error, Integrator, Lane, LaneField, Member, Options, lane_ensemble, tableau,
};

struct Lorenz;

impl LaneField<3, 1> for Lorenz {
    #[inline(always)]
    fn eval<V: Lane>(&self, _t: V, y: &[V; 3], p: &[V; 1]) -> [V; 3] {
        let c = V::splat;
        [
            c(10.0) * (y[1] - y[0]),
            y[0] * (p[0] - y[2]) - y[1],
            y[0] * y[1] - c(8.0 / 3.0) * y[2],
        ]
    }
}

/// y′ = y² p + cos t: some members run away.
struct RunsAway;

impl LaneField<1, 1> for RunsAway {
    #[inline(always)]
    fn eval<V: Lane>(&self, t: V, y: &[V; 1], p: &[V; 1]) -> [V; 1] {
        [y[0] * y[0] * p[0] + t.map(f64::cos)]
    }
}

/// What becomes of one member by the ordinary way.
fn alone<F: LaneField<D, P>, const D: usize, const P: usize>(
    field: &F,
    name: &str,
    member: &Member<D, P>,
    (t0, t1): (f64, f64),
    options: &Options<f64>,
) -> Ended<D> {
    let f = |t: f64, y: &[f64; D], dy: &mut [f64; D]| *dy = field.eval(t, y, &member.p);
    let tableau = tableau::by_name(name).unwrap();
    let mut it = Integrator::new(tableau, f, t0, &member.y0, options.clone()).unwrap();
    it.set_end(t1);
    let mut error = None;
    while !it.finished() && error.is_none() {
        error = it.step().err();
    }
    Ended {
        y: *it.y(),
        stats: *it.stats(),
        error,
    }
}

fn lorenz_members() -> Vec<Member<3, 1>> {
    let member = |i: i32| Member {
        y0: [1.0, 0.1 * f64::from(i % 7), 0.0],
        p: [0.3 * f64::from(i)],
    };
    (0..101).map(member).collect()
}

#[test]
fn every_lane_is_its_member_to_the_bit() {
    let members = lorenz_members();
    let options = Options::tolerances(1e-6, 1e-6);
    for name in ["bosh3", "dopri5", "tsit5"] {
        for times in [(0.0, 5.0), (1.0, 0.7)] {
            let tableau = tableau::by_name(name).unwrap();
            let ended = lane_ensemble(&Lorenz, tableau, &members, times.0, times.1, &options);
            for (member, found) in members.iter().zip(ended.unwrap()) {
                let one = alone(&Lorenz, name, member, times, &options);
                assert!(found.error.is_none());
                assert_eq!(
                    found.y.map(f64::to_bits),
                    one.y.map(f64::to_bits),
                    "{name} {member:?}"
                );
                assert_eq!(found.stats, one.stats, "{name} {member:?}");
            }
        }
    }
}

#[test]
fn the_company_a_member_keeps_changes_nothing() {
    let members = lorenz_members();
    let options = Options::tolerances(1e-6, 1e-6);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let solve = |members: &[Member<3, 1>]| {
        let ended = lane_ensemble(&Lorenz, tsit5, members, 0.0, 3.0, &options).unwrap();
        ended.into_iter().map(|ended| ended.y).collect::<Vec<_>>()
    };
    let all = solve(&members);
    let mut backwards: Vec<_> = members.iter().rev().copied().collect();
    let mut reversed = solve(&backwards);
    reversed.reverse();
    assert_eq!(all, reversed);
    backwards.truncate(3);
    assert_eq!(solve(&backwards)[2], all[98]);
    assert!(solve(&[]).is_empty());
}

#[test]
fn a_member_that_runs_away_says_so_and_the_others_arrive() {
    let member = |i: i32| Member {
        y0: [0.5],
        p: [0.2 * f64::from(i)],
    };
    let members: Vec<_> = (0..20).map(member).collect();
    let options = Options::tolerances(1e-7, 1e-7);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let ended = lane_ensemble(&RunsAway, tsit5, &members, 0.0, 1.5, &options).unwrap();
    let (mut well, mut lost) = (0, 0);
    for (member, found) in members.iter().zip(ended) {
        let one = alone(&RunsAway, "tsit5", member, (0.0, 1.5), &options);
        assert_eq!(found.y[0].to_bits(), one.y[0].to_bits(), "{member:?}");
        assert_eq!(
            found.error.map(|e| e.to_string()),
            one.error.clone().map(|e| e.to_string())
        );
        (well, lost) = if one.error.is_none() {
            (well + 1, lost)
        } else {
            (well, lost + 1)
        };
    }
    assert!(well > 2 && lost > 2, "{well} {lost}");
}

#[test]
fn a_member_without_a_start_says_so_and_an_end_that_is_no_time_is_refused() {
    let mut members = lorenz_members();
    members[3].y0[2] = f64::NAN;
    let (tsit5, options) = (
        tableau::by_name("tsit5").unwrap(),
        Options::tolerances(1e-6, 1e-6),
    );
    let ended = lane_ensemble(&Lorenz, tsit5, &members, 0.0, 1.0, &options).unwrap();
    for (i, ended) in ended.iter().enumerate() {
        match (&ended.error, i) {
            (Some(Error::Stopped(why)), 3) => assert_eq!(why.cause, Cause::State { component: 2 }),
            (error, _) => assert!(error.is_none() && i != 3, "{i}"),
        }
    }
    for (t0, t1, name) in [
        (0.0, f64::NAN, "t1"),
        (0.0, f64::INFINITY, "t1"),
        (f64::NAN, 1.0, "t0"),
    ] {
        let refused = lane_ensemble(&Lorenz, tsit5, &members, t0, t1, &options).unwrap_err();
        let told = refused.to_string();
        assert!(
            told.starts_with(name) && told.ends_with("it must be a finite number"),
            "{told}"
        );
    }
}

#[test]
fn what_lanes_cannot_do_is_refused() {
    let solve = |name: &str, options: Options<f64>| {
        let tableau = tableau::by_name(name).unwrap();
        lane_ensemble(&Lorenz, tableau, &lorenz_members(), 0.0, 1.0, &options).unwrap_err()
    };
    let tolerances = Options::tolerances(1e-6, 1e-6);
    for (name, options) in [
        ("dop853", tolerances.clone()),
        ("rk4", tolerances.clone()),
        ("tsit5", Options::constant_step(0.1)),
        ("tsit5", Options::tolerances(1e-6, [1e-6; 3])),
        (
            "tsit5",
            Options {
                h_max: -1.0,
                ..tolerances
            },
        ),
    ] {
        assert!(
            matches!(solve(name, options), Error::Option { .. }),
            "{name}"
        );
    }
}
