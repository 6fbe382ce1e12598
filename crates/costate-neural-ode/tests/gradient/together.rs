//! Methods along the path evaluate a network at several points at once: the same as one after another, but for rounding.

use costate_neural_ode::layer::{Layer, Mlp};
use costate_neural_ode::{
    Discrete, Gauss, Gradient, GradientMethod, Interpolating, Problem, Recorded, VectorField,
};
use costate_ode::{Options, tableau};
use costate_tape::{Scalar, Unary, Var};

/// The same field, one point after another.
struct Single(Recorded);

impl VectorField<f64> for Single {
    fn state_len(&self) -> usize {
        self.0.state_len()
    }
    fn parameter_len(&self) -> usize {
        self.0.parameter_len()
    }
    fn set_parameters(&mut self, theta: &[f64]) {
        self.0.set_parameters(theta);
    }
    fn eval(&mut self, frame: usize, t: f64, h: &[f64], dh: &mut [f64]) {
        self.0.eval(frame, t, h, dh);
    }
    fn products(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
        self.0.products(frame, a, a_h)
    }
    fn accumulate(&mut self, frames: &[(usize, f64)]) {
        self.0.accumulate(frames);
    }
    fn finish(&mut self, a_theta: &mut [f64]) {
        self.0.finish(a_theta);
    }
}

/// Three numbers of every gradient, then all of ∂L/∂θ.
fn numbers(gradient: &Gradient<f64>) -> Vec<f64> {
    let times = [gradient.loss, gradient.t0, gradient.t1];
    let rest = gradient.save.iter().chain(&gradient.h0);
    times
        .iter()
        .chain(rest)
        .chain(&gradient.theta)
        .copied()
        .collect()
}

fn far(a: &[f64], b: &[f64]) -> f64 {
    let largest = a.iter().fold(0.0_f64, |most, a| most.max(a.abs()));
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, f64::max) / largest
}

#[test]
fn several_evaluations_at_once_are_those_one_after_another() {
    let net = Mlp::new(&[3, 20, 20, 2], Unary::Tanh);
    let theta: Vec<f64> = net.initial(3);
    let field = || {
        let shape = [1, 2];
        let field = Recorded::record(&shape, net.parameter_len(), |h, t, theta| {
            let t = t.sin().broadcast_to([1, 1]);
            net.apply(Var::concat(&[h, t], 1), theta)
        });
        field.unwrap()
    };
    assert!(field().evaluates_at_once() > 1 && Single(field()).evaluates_at_once() == 1);
    // The last stage is the next step's first, or is not; dense output has stages of its own.
    for name in ["tsit5", "verner6", "rk4", "dop853"] {
        let method = tableau::by_name(name).unwrap();
        let options = if method.b_err.is_empty() {
            Options::constant_step(0.05)
        } else {
            Options::tolerances(1e-9, 1e-9)
        };
        for save_at in [&[][..], &[0.9, 0.4, 0.4, 0.1]] {
            let problem = Problem {
                h0: &[0.7, -0.4],
                theta: &theta,
                t0: 1.0,
                t1: 0.0,
                save_at,
            };
            let run = |method: &mut dyn GradientMethod<f64, f64>| {
                let found = method.gradient(&problem, &mut |saved, cotangents| {
                    let halves = saved.values().iter().map(|h| 0.5 * h * h);
                    cotangents.values_mut().copy_from_slice(saved.values());
                    halves.sum()
                });
                let found = found.unwrap();
                (numbers(found), found.stats.products)
            };
            let like = vec![0.0; 2];
            let exact = run(&mut Discrete::new(field(), &like, method, options.clone()).unwrap()).0;
            let pairs: [[Box<dyn GradientMethod<f64, f64>>; 2]; 2] = [
                [
                    Box::new(Gauss::new(field(), &like, method, options.clone()).unwrap()),
                    Box::new(Gauss::new(Single(field()), &like, method, options.clone()).unwrap()),
                ],
                [
                    Box::new(Interpolating::new(field(), &like, method, options.clone()).unwrap()),
                    Box::new(
                        Interpolating::new(Single(field()), &like, method, options.clone())
                            .unwrap(),
                    ),
                ],
            ];
            for [mut several, mut one] in pairs {
                let (several, one) = (run(&mut *several), run(&mut *one));
                assert_eq!(several.1, one.1, "{name}: products");
                assert!(
                    far(&several.0, &one.0) < 1e-12,
                    "{name} {}",
                    far(&several.0, &one.0)
                );
                assert!(
                    far(&several.0, &exact) < 1e-6,
                    "{name} {}",
                    far(&several.0, &exact)
                );
            }
        }
    }
}
