//! The same problem many times.

use crate::house::{House, THETA};
use crate::text::{Table, fixed};
use costate_neural_ode::batch::{Batch, Sample};
use costate_neural_ode::{Discrete, Error};
use costate_ode::{Lane, LaneField, Member, Options, lane_ensemble, tableau};

// ANCHOR: lanes
struct Lorenz;

impl LaneField<3, 1> for Lorenz {
    #[inline(always)]
    fn eval<V: Lane>(&self, _t: V, y: &[V; 3], [rho]: &[V; 1]) -> [V; 3] {
        let [sigma, beta] = [10.0, 8.0 / 3.0].map(V::splat);
        [
            sigma * (y[1] - y[0]),
            y[0] * (*rho - y[2]) - y[1],
            y[0] * y[1] - beta * y[2],
        ]
    }
}

/// Where Lorenz' equations are at t = 10, for many ρ: eight or sixteen at a time, each with its own steps.
pub fn ends(rhos: &[f64]) -> Result<Vec<[f64; 3]>, costate_ode::Error> {
    let member = |rho: &f64| Member {
        y0: [1.0, 0.0, 0.0],
        p: [*rho],
    };
    let members: Vec<_> = rhos.iter().map(member).collect();
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-6, 1e-6));
    let ended = lane_ensemble(&Lorenz, tsit5, &members, 0.0, 10.0, &options)?;
    Ok(ended.iter().map(|member| member.y).collect())
}
// ANCHOR_END: lanes

// ANCHOR: batch
/// Σ h(end) of several starts that share θ, each with an end of its own, and its gradient in θ.
pub fn shared(starts: &[f64], ends: &[f64]) -> Result<f64, Error> {
    let make = |_kind: usize| {
        let options = Options::tolerances(1e-10, 1e-10);
        Discrete::new(
            House::default(),
            &[0.0],
            tableau::by_name("tsit5")?,
            options,
        )
    };
    let samples: Vec<_> = (0..starts.len())
        .map(|i| Sample {
            id: i as u64,
            kind: 0,
            h0: &starts[i..=i],
            t0: 3.0,
            t1: ends[i],
            save_at: &[],
        })
        .collect();
    let found = Batch::new(make).gradient(&[THETA], &samples, &|_, saved, cotangents| {
        cotangents.state_mut(0)[0] = 1.0;
        saved.state(0)[0]
    })?;
    Ok(found.theta[0])
}
// ANCHOR_END: batch

pub(super) fn table() -> String {
    let rhos = [0.5, 5.0, 10.0];
    let ends = ends(&rhos).expect("the options make sense");
    let mut table = Table::new(&["ρ", "$\\lvert x\\rvert$ at $t = 10$", "rests at"]);
    for (rho, end) in rhos.iter().zip(ends) {
        let rest = (8.0 / 3.0 * (rho - 1.0)).max(0.0).sqrt();
        table.row(&[fixed(*rho, 1), fixed(end[0].abs(), 4), fixed(rest, 4)]);
    }
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_what_it_is_alone() {
        let rhos: Vec<f64> = (0..40).map(|i| 0.5 * f64::from(i)).collect();
        let all = ends(&rhos).unwrap();
        for i in [0, 17, 39] {
            assert_eq!(ends(&rhos[i..=i]).unwrap()[0], all[i]);
        }
    }

    #[test]
    fn a_batch_adds_up_closed_forms() {
        let (starts, ends) = ([3.0, 1.0, 2.0], [5.0, 4.0, 4.5]);
        let by_theta = |h: f64, t: f64| crate::house::flow(h, THETA, 3.0, t) * (t * t - 9.0) / 2.0;
        let exact: f64 = starts.iter().zip(ends).map(|(h, t)| by_theta(*h, t)).sum();
        assert!((shared(&starts, &ends).unwrap() / exact - 1.0).abs() < 1e-8);
    }
}
