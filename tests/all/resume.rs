//! Optimisers that are saved and loaded go on with the same bits.

use costate_neural_ode::train::optimizer::{
    Adam, Bounds, GaussNewton, Lbfgs, Optimizer, RmsProp, Sgd, Step,
};
use serde::{Serialize, de::DeserializeOwned};

fn saved_and_loaded<O: Serialize + DeserializeOwned>(optimizer: &O) -> O {
    toml::from_str(&toml::to_string(optimizer).unwrap()).unwrap()
}

/// Twenty calls in a row, and the same with the optimiser saved and loaded before each.
fn goes_on<O>(optimizer: O, step: impl Fn(&mut O, &mut [f64]) -> Step)
where
    O: Clone + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let (mut straight, mut x) = (optimizer.clone(), vec![-1.2, 1.0]);
    let (mut resumed, mut y) = (optimizer, x.clone());
    for _ in 0..20 {
        let taken = step(&mut straight, &mut x);
        resumed = saved_and_loaded(&resumed);
        assert_eq!(step(&mut resumed, &mut y), taken);
        assert_eq!(x, y);
        assert_eq!(straight, resumed);
    }
}

fn rosenbrock(x: &[f64]) -> (f64, [f64; 2]) {
    let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
    (
        a * a + 100.0 * b * b,
        [-2.0 * a - 400.0 * x[0] * b, 200.0 * b],
    )
}

fn by_gradient<O: Optimizer<f64>>(optimizer: &mut O, x: &mut [f64]) -> Step {
    let (loss, gradient) = rosenbrock(x);
    optimizer.step(x, loss, &gradient)
}

#[test]
fn every_optimizer_goes_on_with_the_same_bits() {
    goes_on(Adam::new(0.01), by_gradient);
    goes_on(RmsProp::new(0.01), by_gradient);
    goes_on(
        Sgd {
            momentum: 0.9,
            ..Sgd::new(1e-4)
        },
        by_gradient,
    );
    goes_on(Lbfgs::new(2), by_gradient);
    let mut bounded = Lbfgs::new(2);
    bounded.bounds = Bounds::new(vec![-2.0, -2.0], vec![0.5, 2.0]);
    goes_on(bounded, by_gradient);
    goes_on(GaussNewton::new(2), |optimizer, x| {
        let residuals = [10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]];
        optimizer.step(x, &residuals, &[-20.0 * x[0], 10.0, -1.0, 0.0])
    });
}
