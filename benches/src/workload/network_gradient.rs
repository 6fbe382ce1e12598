//! W2: the gradient of a network with 24 864 parameters over a batch of 256.

use super::{Counts, Outcome, Workload, cast, options, widen};
use crate::{definition, network};
use costate_neural_ode::{Gradient, GradientMethod, Problem, gradient};
use costate_ode::{Real, tableau};
use costate_tape::Lane;

struct NetworkGradient<T> {
    method: Box<dyn GradientMethod<T, T>>,
    h0: Vec<T>,
    theta: Vec<T>,
}

pub(super) fn build<T: Real + Lane>(d: &definition::Network, method: &str) -> Box<dyn Workload> {
    let h0: Vec<T> = cast(d.h0.numbers(d.batch * d.widths[0]));
    let method = gradient::by_name(
        method,
        network::field::<T>(d.batch, &d.widths, |h| h),
        &h0,
        tableau::by_name("dopri5").expect("a known method"),
        options(d.tolerances, d.first_step),
    );
    Box::new(NetworkGradient {
        method: method.expect("a known method and sensible options"),
        h0,
        theta: cast(d.theta.numbers(&d.widths)),
    })
}

impl<T: Real> NetworkGradient<T> {
    fn gradient(&mut self) -> &Gradient<T> {
        let problem = Problem {
            h0: &self.h0,
            theta: &self.theta,
            t0: T::zero(),
            t1: T::one(),
            save_at: &[],
        };
        let gradient = self.method.gradient(&problem, &mut |saved, cotangents| {
            let mean = T::from_f64(1.0 / saved.width() as f64);
            let mut sum = T::zero();
            for (&h, cotangent) in saved.state(0).iter().zip(cotangents.state_mut(0)) {
                sum = sum + h * h;
                *cotangent = T::from_f64(2.0) * mean * h;
            }
            mean * sum
        });
        gradient.expect("the network can be solved")
    }
}

impl<T: Real> Workload for NetworkGradient<T> {
    fn check(&mut self) -> Outcome {
        let gradient = self.gradient();
        let mut counts = Counts::default();
        counts.add(&gradient.stats);
        Outcome {
            loss: Some(gradient.loss.as_f64()),
            gradient: widen(&gradient.theta).collect(),
            counts,
            ..Outcome::default()
        }
    }

    fn sample(&mut self) -> f64 {
        self.gradient().theta[0].as_f64()
    }
}
