//! W3: the gradient of the Lotka–Volterra fit to the hare and lynx counts.

use super::{Counts, Outcome, Workload, options};
use crate::definition;
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::{
    Gradient, GradientMethod, Native, Problem, Recorded, RightHandSide, VectorField, gradient,
};
use costate_ode::tableau;
use costate_tape::Scalar;

/// Hares h₀ and lynxes h₁: dh₀/dt = α h₀ − β h₀ h₁, dh₁/dt = δ h₀ h₁ − γ h₁ with θ = (α, β, γ, δ).
#[derive(Clone, Copy, Debug)]
pub struct LotkaVolterra;

impl RightHandSide<2, 4> for LotkaVolterra {
    #[inline(always)]
    fn eval<S: Scalar>(
        &self,
        [hare, lynx]: [S; 2],
        _t: S,
        [alpha, beta, gamma, delta]: [S; 4],
    ) -> [S; 2] {
        [hare * (alpha - beta * lynx), lynx * (delta * hare - gamma)]
    }
}

struct Fit {
    method: Box<dyn GradientMethod<f64, f64>>,
    definition: definition::Fit,
}

pub(super) fn build(d: &definition::Fit, method: &str, way: &str) -> Box<dyn Workload> {
    let native = Native::<_, f64, 2, 4>::new(LotkaVolterra);
    let method = match way {
        "recorded" => {
            let recorded = Recorded::new(&native.function());
            of(
                d,
                method,
                recorded.expect("polynomials can be differentiated"),
            )
        }
        _ => of(d, method, native),
    };
    Box::new(Fit {
        method,
        definition: d.clone(),
    })
}

fn of(
    d: &definition::Fit,
    method: &str,
    field: impl VectorField<f64> + 'static,
) -> Box<dyn GradientMethod<f64, f64>> {
    let tableau = tableau::by_name("tsit5").expect("a known method");
    gradient::by_name(
        method,
        field,
        &d.h0,
        tableau,
        options(d.tolerances, d.first_step),
    )
    .expect("a known method and sensible options")
}

impl Fit {
    fn gradient(&mut self) -> &Gradient<f64> {
        let d = &self.definition;
        let problem = Problem {
            h0: &d.h0,
            theta: &d.parameters,
            t0: d.times[0],
            t1: d.times[d.times.len() - 1],
            save_at: &d.times,
        };
        let gradient = self.method.gradient(&problem, &mut |saved, cotangents| {
            let mut sum = 0.0;
            let all = saved.values().iter().zip(d.data.as_flattened());
            for ((&h, &counted), cotangent) in all.zip(cotangents.values_mut()) {
                let (residual, slope) = Loss::LogSquares.residual(h, counted).expect("a square");
                sum += residual * residual;
                *cotangent = 2.0 * residual * slope;
            }
            sum
        });
        gradient.expect("the fit can be solved")
    }
}

impl Workload for Fit {
    fn check(&mut self) -> Outcome {
        let gradient = self.gradient();
        let mut counts = Counts::default();
        counts.add(&gradient.stats);
        Outcome {
            loss: Some(gradient.loss),
            gradient: [&gradient.theta[..], &gradient.h0].concat(),
            counts,
            ..Outcome::default()
        }
    }

    fn sample(&mut self) -> f64 {
        self.gradient().theta[0]
    }
}
