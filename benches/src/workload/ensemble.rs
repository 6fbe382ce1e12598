//! W4: many Lorenz trajectories, side by side in the lanes of wide registers or one after the other.

use super::{Counts, Outcome, Workload, options};
use crate::definition;
use costate_ode::{Integrator, Lane, LaneField, Member, System, lane_ensemble, tableau};

/// The Lorenz system.
#[derive(Clone, Copy, Debug)]
pub struct Lorenz {
    /// σ.
    pub sigma: f64,
    /// ϱ.
    pub rho: f64,
    /// β.
    pub beta: f64,
}

impl System<f64, [f64; 3]> for Lorenz {
    #[inline(always)]
    fn eval(&mut self, _t: f64, &[x, y, z]: &[f64; 3], dy: &mut [f64; 3]) {
        *dy = [
            self.sigma * (y - x),
            x * (self.rho - z) - y,
            x * y - self.beta * z,
        ];
    }
}

/// Their parameter is ϱ.
impl LaneField<3, 1> for Lorenz {
    #[inline(always)]
    fn eval<V: Lane>(&self, _t: V, &[x, y, z]: &[V; 3], &[rho]: &[V; 1]) -> [V; 3] {
        let c = V::splat;
        [
            c(self.sigma) * (y - x),
            x * (rho - z) - y,
            x * y - c(self.beta) * z,
        ]
    }
}

/// All ϱ.
fn parameters(d: &definition::Ensemble) -> impl Iterator<Item = f64> + '_ {
    let spacing = (d.rho[1] - d.rho[0]) / (d.count - 1) as f64;
    (0..d.count).map(move |i| d.rho[0] + spacing * i as f64)
}

struct Lanes {
    field: Lorenz,
    members: Vec<Member<3, 1>>,
    definition: definition::Ensemble,
}

impl Lanes {
    fn solve(&mut self, end: &mut dyn FnMut(&[f64; 3])) -> Counts {
        let d = &self.definition;
        let tsit5 = tableau::by_name("tsit5").expect("a known method");
        let options = options(d.tolerances, d.first_step);
        let ended = lane_ensemble(&self.field, tsit5, &self.members, 0.0, d.t1, &options);
        let mut counts = Counts::default();
        for member in ended.expect("sensible options") {
            assert!(member.error.is_none(), "the Lorenz system can be solved");
            end(&member.y);
            counts.accepted += member.stats.accepted;
            counts.rejected += member.stats.rejected;
        }
        counts
    }
}

struct OneByOne {
    integrator: Integrator<f64, [f64; 3], Lorenz>,
    definition: definition::Ensemble,
}

pub(super) fn build(d: &definition::Ensemble, way: &str) -> Box<dyn Workload> {
    let lorenz = Lorenz {
        sigma: d.sigma,
        rho: d.rho[0],
        beta: d.beta,
    };
    let definition = d.clone();
    if way.is_empty() {
        let members = parameters(d).map(|rho| Member { y0: d.h0, p: [rho] });
        return Box::new(Lanes {
            field: lorenz,
            members: members.collect(),
            definition,
        });
    }
    let integrator = Integrator::new(
        tableau::by_name("tsit5").expect("a known method"),
        lorenz,
        0.0,
        &d.h0,
        options(d.tolerances, d.first_step),
    );
    Box::new(OneByOne {
        integrator: integrator.expect("sensible options"),
        definition,
    })
}

impl OneByOne {
    fn solve(&mut self, end: &mut dyn FnMut(&[f64; 3])) -> Counts {
        let (d, it) = (&self.definition, &mut self.integrator);
        let mut counts = Counts::default();
        for rho in parameters(d) {
            it.system_mut().rho = rho;
            it.reset(0.0, &d.h0);
            it.set_end(d.t1);
            while !it.finished() {
                it.step().expect("the Lorenz system can be solved");
            }
            end(it.y());
            counts.accepted += it.stats().accepted;
            counts.rejected += it.stats().rejected;
        }
        counts
    }
}

impl Workload for Lanes {
    fn check(&mut self) -> Outcome {
        outcome(|end| self.solve(end))
    }

    fn sample(&mut self) -> f64 {
        sum(|end| self.solve(end))
    }
}

impl Workload for OneByOne {
    fn check(&mut self) -> Outcome {
        outcome(|end| self.solve(end))
    }

    fn sample(&mut self) -> f64 {
        sum(|end| self.solve(end))
    }
}

/// What comes out of a solve that hands each end to its argument.
fn outcome(solve: impl FnOnce(&mut dyn FnMut(&[f64; 3])) -> Counts) -> Outcome {
    let mut values = Vec::new();
    let counts = solve(&mut |end| values.extend_from_slice(end));
    Outcome {
        values,
        counts,
        ..Outcome::default()
    }
}

/// The sum of the first components of all ends.
fn sum(solve: impl FnOnce(&mut dyn FnMut(&[f64; 3])) -> Counts) -> f64 {
    let mut sum = 0.0;
    solve(&mut |end| sum += end[0]);
    sum
}
