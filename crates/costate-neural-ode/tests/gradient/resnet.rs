//! Where the derivation begins: a residual network is Euler's method with step 1.

use costate_neural_ode::layer::{Initializer, Layer, Mlp};
use costate_neural_ode::{Discrete, GradientMethod, Problem, Recorded, VectorField};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Unary};

const BLOCKS: usize = 6;
const SHAPE: [usize; 2] = [5, 3];

fn net() -> Mlp {
    Mlp::new(&[3, 8, 3], Unary::Tanh).initializer(Initializer::Normal { std: 0.4 })
}

fn images() -> Vec<f64> {
    (0..15).map(|i| (1.9 * f64::from(i)).sin()).collect()
}

#[test]
fn a_residual_stack_with_shared_weights_is_euler_with_step_one() {
    let (net, h0) = (net(), images());
    let theta: Vec<f64> = net.initial(5);
    let record = || {
        Recorded::record(&SHAPE, net.parameter_len(), |h, _, theta| {
            net.apply(h, theta)
        })
        .unwrap()
    };

    let mut block = record();
    block.set_parameters(&theta);
    let (mut h, mut change) = (vec![0.0; 15], vec![0.0; 15]);
    block.pack(&h0, &mut h);
    for _ in 0..BLOCKS {
        block.eval(0, 0.0, &h, &mut change);
        h.iter_mut()
            .zip(&change)
            .for_each(|(h, change)| *h += change);
    }
    let mut stack = vec![0.0; 15];
    block.unpack(&h, &mut stack);

    let euler = tableau::by_name("euler").unwrap();
    let options = Options::constant_step(1.0);
    let mut discrete = Discrete::new(record(), &vec![0.0; 15], euler, options).unwrap();
    let problem = Problem {
        h0: &h0,
        theta: &theta,
        t0: 0.0,
        t1: BLOCKS as f64,
        save_at: &[],
    };
    let found = discrete.gradient(&problem, &mut |saved, cotangents| {
        assert_eq!(saved.state(0), stack); // to the bit
        cotangents.values_mut().fill(1.0);
        saved.values().iter().sum()
    });
    let found = found.unwrap();

    // And its gradient is that of the stack, recorded block by block and differentiated as one graph.
    let inputs: [(&str, &[usize]); 2] = [("h", &SHAPE), ("theta", &[net.parameter_len()])];
    let whole = Function::<f64>::record(&inputs, |v| {
        let h = (0..BLOCKS).fold(v[0], |h, _| h + net.apply(h, v[1]));
        vec![h.sum()]
    });
    let out = whole
        .unwrap()
        .vjp(&[0, 1])
        .eval(&[&h0, &theta, &[1.0]])
        .unwrap();
    for (found, expected) in [(&found.h0, &out[1]), (&found.theta, &out[2])] {
        let size = expected.iter().fold(0.0_f64, |max, x| max.max(x.abs()));
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-13 * size,
                "{found} {expected}"
            );
        }
    }
}
