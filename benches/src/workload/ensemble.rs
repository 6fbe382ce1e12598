//! W4: many Lorenz trajectories, one after the other.

use super::{Counts, Outcome, Workload, options};
use crate::definition;
use costate_ode::{Integrator, System, tableau};

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

struct Ensemble {
    integrator: Integrator<f64, [f64; 3], Lorenz>,
    definition: definition::Ensemble,
}

pub(super) fn build(d: &definition::Ensemble) -> Box<dyn Workload> {
    let lorenz = Lorenz {
        sigma: d.sigma,
        rho: d.rho[0],
        beta: d.beta,
    };
    let integrator = Integrator::new(
        tableau::by_name("tsit5").expect("a known method"),
        lorenz,
        0.0,
        &d.h0,
        options(d.tolerances, d.first_step),
    );
    Box::new(Ensemble {
        integrator: integrator.expect("sensible options"),
        definition: d.clone(),
    })
}

impl Ensemble {
    fn solve(&mut self, mut end: impl FnMut(&[f64; 3])) -> Counts {
        let (d, it) = (&self.definition, &mut self.integrator);
        let spacing = (d.rho[1] - d.rho[0]) / (d.count - 1) as f64;
        let mut counts = Counts::default();
        for i in 0..d.count {
            it.system_mut().rho = d.rho[0] + spacing * i as f64;
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

impl Workload for Ensemble {
    fn check(&mut self) -> Outcome {
        let mut values = Vec::new();
        let counts = self.solve(|end| values.extend_from_slice(end));
        Outcome {
            values,
            counts,
            ..Outcome::default()
        }
    }

    fn sample(&mut self) -> f64 {
        let mut sum = 0.0;
        self.solve(|end| sum += end[0]);
        sum
    }
}
