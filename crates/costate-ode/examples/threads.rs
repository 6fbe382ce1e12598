//! What a second thread is worth: ten thousand Lorenz trajectories, one by one and in lanes.
//!
//!     cargo run --release -p costate-ode --features rayon --example threads
//!
//! Both must give the same bits on one thread and on two. Times are on the wall, the best of five that take turns: a machine that does something else, or that has one
//! core, shows less.

use costate_ode::{Ivp, Lane, LaneField, Member, Options, ensemble, lane_ensemble, tableau};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::time::Instant;

struct Lorenz;

impl LaneField<3, 1> for Lorenz {
    #[inline(always)]
    fn eval<V: Lane>(&self, _t: V, &[x, y, z]: &[V; 3], &[rho]: &[V; 1]) -> [V; 3] {
        let c = V::splat;
        [
            c(10.0) * (y - x),
            x * (rho - z) - y,
            x * y - c(8.0 / 3.0) * z,
        ]
    }
}

/// The ends of all trajectories, ϱ from 0 to 21, each alone.
fn one_by_one(rho: &[f64]) -> Vec<[f64; 3]> {
    let problem = |rho: &f64| {
        let rho = *rho;
        let field = move |_t: f64, &[x, y, z]: &[f64; 3], dy: &mut [f64; 3]| {
            *dy = [10.0 * (y - x), x * (rho - z) - y, x * y - 8.0 / 3.0 * z];
        };
        let ivp = Ivp::new(field, 0.0, [1.0, 0.0, 0.0], 10.0);
        ivp.rtol(1e-6).atol(1e-6).save_end()
    };
    let ends = ensemble(rho, problem);
    ends.into_iter()
        .map(|end| *end.expect("the Lorenz system can be solved").last())
        .collect()
}

/// The same, side by side in the lanes of wide registers.
fn in_lanes(rho: &[f64]) -> Vec<[f64; 3]> {
    let y0 = [1.0, 0.0, 0.0];
    let members: Vec<_> = rho.iter().map(|rho| Member { y0, p: [*rho] }).collect();
    let tsit5 = tableau::by_name("tsit5").expect("a known method");
    let options = Options::tolerances(1e-6, 1e-6);
    let ends = lane_ensemble(&Lorenz, tsit5, &members, 0.0, 10.0, &options);
    let ends = ends.expect("sensible options");
    ends.into_iter().map(|end| end.y).collect()
}

fn main() {
    let rho: Vec<f64> = (0..10_000).map(|i| 21.0 * f64::from(i) / 9999.0).collect();
    let pools: [ThreadPool; 2] = [1, 2].map(|threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started")
    });
    for (name, work) in [
        ("one by one", one_by_one as fn(&[f64]) -> Vec<[f64; 3]>),
        ("in lanes", in_lanes),
    ] {
        let mut best = [f64::INFINITY; 2];
        let mut ends: [Vec<[f64; 3]>; 2] = Default::default();
        for _ in 0..5 {
            for (k, pool) in pools.iter().enumerate() {
                let start = Instant::now();
                ends[k] = pool.install(|| work(&rho));
                best[k] = best[k].min(start.elapsed().as_secs_f64());
            }
        }
        assert_eq!(ends[0], ends[1], "{name}: threads must not change a bit");
        println!(
            "{name}: {:.1} ms on one thread, {:.1} ms on two: {:.2} times as fast",
            best[0] * 1e3,
            best[1] * 1e3,
            best[0] / best[1]
        );
    }
}
