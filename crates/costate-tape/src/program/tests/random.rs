//! Random functions against the interpreter.

use super::*;
use crate::op::Binary;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// One instruction of a random function: what to do with which earlier values.
#[derive(Clone, Debug)]
pub(super) struct Instruction {
    what: usize,
    from: [usize; 3],
}

pub(super) fn instructions() -> impl Strategy<Value = Vec<Instruction>> {
    let one = (0..60_usize, [0..64_usize, 0..64, 0..64])
        .prop_map(|(what, from)| Instruction { what, from });
    prop::collection::vec(one, 1..24)
}

/// A random function of x \[3, 4\], s \[\] and θ \[5\] over all kinds of operation; values stay moderate.
fn random_function(code: &[Instruction]) -> Function<f64> {
    let inputs: [(&str, &[usize]); 3] = [("x", &[3, 4]), ("s", &[]), ("theta", &[5])];
    Function::record(&inputs, |v| {
        let mut values: Vec<Var<'_, f64>> =
            vec![v[0], v[1], v[2], v[2].index(1), v[2].slice(0, 1..5)];
        for Instruction { what, from } in code {
            let pick = |i: usize| values[from[i] % values.len()];
            let (a, b, c) = (pick(0), pick(1), pick(2));
            let fits = |a: Var<'_, f64>, b: Var<'_, f64>| a.shape().broadcast(&b.shape()).is_some();
            let axis = from[1] % a.shape().rank().max(1);
            let value = match what {
                0..12 => {
                    let smooth = [
                        Unary::Neg,
                        Unary::Tanh,
                        Unary::Sin,
                        Unary::Cos,
                        Unary::Sigmoid,
                        Unary::Softplus,
                    ];
                    a.unary(smooth[what % smooth.len()])
                }
                12..15 => (a * a + 1.0)
                    .unary([Unary::Ln, Unary::Sqrt, Unary::Exp][what % 3])
                    .tanh(),
                15..30 if fits(a, b) => {
                    let smooth = [Binary::Add, Binary::Sub, Binary::Mul];
                    a.binary(smooth[what % 3], b).tanh()
                }
                30..33 if fits(a, b) => a / (b * b + 1.0),
                33 if fits(a, b) && fits(a + b, c) => Var::select(a.binary(Binary::Lt, b), c, a),
                34..37 => (a.powi(from[1] as i32 % 7 - 1) + v[1] * 0.0).tanh(),
                37 => a.sum(),
                38 if a.shape().rank() > 0 => a.sum_axis(axis),
                39 if a.shape().rank() == 2 => a.transpose(),
                40 if a.shape().rank() > 0 => {
                    let length = a.shape().axis(axis);
                    a.slice(axis, from[2] % length..length)
                }
                41 if a.shape().rank() > 0 && a.shape().len() < 40 => {
                    a.pad(axis, 1, a.shape().axis(axis) + 2)
                }
                42 if a.shape().rank() > 0 && a.shape().len() < 40 => {
                    Var::concat(&[a, a.tanh()], axis)
                }
                43 => a.reshape([a.shape().len()]),
                44..50 if a.shape().rank() == 2 && b.shape().rank() == 2 => {
                    let (ta, tb) = (from[2] & 1 == 1, from[2] & 2 == 2);
                    let inner = if ta {
                        a.shape().axis(0)
                    } else {
                        a.shape().axis(1)
                    };
                    let other = if tb {
                        b.shape().axis(1)
                    } else {
                        b.shape().axis(0)
                    };
                    if inner != other {
                        continue;
                    }
                    a.matmul_with(b, ta, tb).tanh()
                }
                50 if a.shape().len() < 40 => {
                    let len = a.shape().len() as u32;
                    let table: Vec<u32> = (0..6).map(|i| (i * 5 + from[1] as u32) % len).collect();
                    a.gather(table, [6])
                }
                51 => {
                    let len = a.shape().len() as u32;
                    let table: Vec<u32> = (0..len).map(|i| (i * 3 + from[1] as u32) % 4).collect();
                    a.scatter_add(table, [4]).tanh()
                }
                _ => continue,
            };
            if !value.shape().is_empty() {
                values.push(value);
            }
        }
        vec![*values.last().expect("there are inputs")]
    })
    .unwrap()
}

#[test]
fn random_functions_equal_the_interpreter() {
    let config = Config {
        cases: 600,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner
        .run(&instructions(), |code| {
            let f = random_function(&code);
            every_isa(&f, 2, 1e-11, None);
            Ok(())
        })
        .unwrap();
}

/// A random function of x \[3\] and θ \[2\], number by number, over every elementwise operation.
pub(super) fn random_scalars<T: Lane>(code: &[Instruction]) -> Function<T> {
    let inputs: [(&str, &[usize]); 2] = [("x", &[3]), ("theta", &[2])];
    Function::record(&inputs, |v| {
        let mut values: Vec<Var<'_, T>> = (0..3).map(|i| v[0].index(i)).collect();
        values.extend((0..2).map(|i| v[1].index(i)));
        for Instruction { what, from } in code {
            let [a, b, c] = from.map(|i| values[i % values.len()]);
            let value = match what % 4 {
                0 => a.unary(Unary::ALL[from[1] % Unary::ALL.len()]),
                1 => a.binary(Binary::ALL[from[2] % Binary::ALL.len()], b),
                2 => Var::select(a, b, c),
                _ => a.powi(from[1] as i32 % 9 - 4),
            };
            values.push(value + v[0].index(0));
        }
        vec![Var::stack(&values[values.len() - 3..])]
    })
    .unwrap()
}

fn scalars_equal_to_the_bit<T: Lane + Float>(code: &[Instruction]) {
    let f = random_scalars::<T>(code);
    let reference = f.vjp(&[0, 1]);
    let mut numbers = Numbers(code.len() as u64);
    let [x, theta, a] = [3, 2, 3].map(|len| numbers.many::<T>(len));
    let expected = reference.eval(&[&x, &theta, &a]).unwrap();
    let program = Program::with_products(&f, 1).unwrap();
    let mut workspace = program.workspace(1);
    program.set_params(&mut workspace, &theta);
    let (mut y, mut a_x, mut a_theta) = ([T::ZERO; 3], [T::ZERO; 3], [T::ZERO; 2]);
    program.eval(&mut workspace, 0, &[&x], &mut y);
    program.products(&mut workspace, 0, &a, &mut [&mut a_x]);
    program.accumulate(&mut workspace, &[(0, T::ONE)]);
    program.finish(&mut workspace, &mut a_theta);
    for (found, expected) in [&y[..], &a_x, &a_theta].into_iter().zip(&expected) {
        for (&f, &e) in found.iter().zip(expected) {
            assert!(f == e || f.is_nan() && e.is_nan(), "{f:?} instead of {e:?}");
        }
    }
}

#[test]
fn scalar_programs_equal_the_interpreter_to_the_bit() {
    let config = Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner
        .run(&instructions(), |code| {
            scalars_equal_to_the_bit::<f64>(&code);
            scalars_equal_to_the_bit::<f32>(&code);
            Ok(())
        })
        .unwrap();
}
