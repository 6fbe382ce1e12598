//! Long states, whose Jacobians are sparse: found from the graph, taken by colours, factorised as such.

use super::duals::agrees;
use super::fields::loss_with_cotangents;
use super::oracle::Sized;
use costate_neural_ode::{
    Discrete, GradientMethod, Native, Problem, Recorded, RightHandSide, VectorField,
};
use costate_ode::{Method, Options, Structure};
use costate_tape::Scalar;

const CELLS: usize = 40;

/// Diffusion along a line of cells, with a reaction that the clock drives.
struct Line;

impl RightHandSide<CELLS, 2> for Line {
    fn eval<S: Scalar>(&self, h: [S; CELLS], t: S, [spread, rate]: [S; 2]) -> [S; CELLS] {
        let two = S::from_f64(2.0);
        std::array::from_fn(|i| {
            let left = if i > 0 { h[i - 1] } else { h[i] };
            let right = if i + 1 < CELLS { h[i + 1] } else { h[i] };
            spread * (left + right - two * h[i]) - rate * h[i] * h[i] * t
        })
    }
}

fn line() -> Recorded {
    Recorded::new(&Native::<_, f64, CELLS, 2>::new(Line).function()).unwrap()
}

#[test]
fn sparse_jacobians_lead_to_the_same_gradients() {
    let Structure::Sparse(pattern) = line().structure() else {
        panic!("three diagonals of forty")
    };
    assert_eq!(pattern.entries(), 3 * CELLS - 2);
    let h0: Vec<f64> = (0..CELLS).map(|i| (0.3 * i as f64).sin()).collect();
    for name in ["trapezoid", "kvaerno3", "ros3p", "radau", "gauss4"] {
        let method = Method::by_name(name).unwrap();
        let options = if method.adaptive {
            Options::tolerances(1e-4, 1e-4)
        } else {
            Options::constant_step(0.1)
        };
        let problem = Problem {
            h0: &h0,
            theta: &[5.0, 0.7],
            t0: 0.2,
            t1: 1.0,
            save_at: &[0.55, 1.0],
        };
        agrees((&Sized(Line), line()), method, &options, problem, 1e-12).unwrap();
    }
}

/// A product with several rows at once serves for all of them: three for each Jacobian, and not forty.
#[test]
fn rows_without_a_common_column_share_a_product() {
    /// Counts products.
    struct Counted(Recorded, usize);
    impl VectorField<f64> for Counted {
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
            self.1 += 1;
            self.0.products(frame, a, a_h)
        }
        fn accumulate(&mut self, frames: &[(usize, f64)]) {
            self.0.accumulate(frames);
        }
        fn finish(&mut self, a_theta: &mut [f64]) {
            self.0.finish(a_theta);
        }
        fn structure(&self) -> Structure {
            self.0.structure()
        }
    }
    let trapezoid = Method::by_name("trapezoid").unwrap();
    let options = Options::constant_step(0.1);
    let like = vec![0.0; CELLS];
    let mut method = Discrete::new(Counted(line(), 0), &like, trapezoid, options).unwrap();
    let problem = Problem {
        h0: &[0.5; CELLS],
        theta: &[5.0, 0.7],
        t0: 0.2,
        t1: 1.0,
        save_at: &[],
    };
    let stats = method.gradient(&problem, &mut loss_with_cotangents);
    let (stats, steps) = (stats.unwrap().stats, method.steps().count());
    // One for each stage that counts and, in each of these and of the solve's Jacobians, three.
    assert_eq!(stats.products, steps + 1);
    let jacobians = stats.forward.jacobians + steps;
    assert_eq!(method.field().1, stats.products + 3 * jacobians);
}
