//! Chains as machine code against the interpreter of chains: to the bit, on every instruction set that code is written for.

use super::*;
use crate::op::Binary;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Arguments that functions treat apart, and some between; in turn, beginning with the `from`-th.
fn special<T: Lane + Float>(from: usize, len: usize) -> Vec<T> {
    let least = T::min_positive_value();
    let numbers = [
        T::ZERO,
        -T::ZERO,
        T::ONE,
        -T::ONE,
        T::INFINITY,
        T::neg_infinity(),
        T::NAN,
        least,
        -least / T::from_f64(8.0),
        T::max_value(),
        T::min_value(),
        T::from_f64(0.3),
        T::from_f64(-2.7),
        T::from_f64(19.5),
        T::from_f64(-41.0),
        T::from_f64(88.6),
        T::from_f64(-700.0),
        T::from_f64(709.5),
        T::from_f64(1e-9),
    ];
    let all = (from..).map(|i| numbers[i % numbers.len()]);
    all.take(len).collect()
}

/// Compares evaluation and products; how many functions there are that chains were made of, over all instruction sets.
fn same_bits<T: Lane + Float>(f: &Function<T>, inputs: &[Vec<T>], what: &str) -> usize {
    let mut functions = 0;
    let theta: Vec<T> = special(3, f.input_shape(inputs.len()).len());
    for isa in Isa::available() {
        let program = Program::with_products_for(f, inputs.len(), isa).unwrap();
        let all = |program: &Program<T>| {
            let mut workspace = program.workspace(1);
            program.set_params(&mut workspace, &theta);
            let mut out = vec![T::ZERO; program.output_len()];
            let slices: Vec<&[T]> = inputs.iter().map(Vec::as_slice).collect();
            program.eval(&mut workspace, 0, &slices, &mut out);
            let mut cotangents: Vec<Vec<T>> =
                inputs.iter().map(|x| vec![T::ZERO; x.len()]).collect();
            let mut to: Vec<&mut [T]> = cotangents.iter_mut().map(Vec::as_mut_slice).collect();
            let a: Vec<T> = (0..out.len())
                .map(|i| T::from_f64(0.5 + i as f64))
                .collect();
            program.products(&mut workspace, 0, &a, &mut to);
            let mut gradient = vec![T::ZERO; theta.len()];
            program.accumulate(&mut workspace, &[(0, T::HALF)]);
            program.finish(&mut workspace, &mut gradient);
            [out, cotangents.concat(), gradient].concat()
        };
        let (found, expected) = (all(&program), all(&program.clone().without_machine_code()));
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let same = Float::integer_decode(*found) == Float::integer_decode(*expected)
                && found.is_nan() == expected.is_nan()
                && (found.is_sign_negative() == expected.is_sign_negative() || found.is_nan());
            assert!(
                same || found.is_nan() && expected.is_nan(),
                "number {i} is {found:?}, not {expected:?}: {what}, {isa:?}, in\n{f}"
            );
        }
        let steps = match &program.lowering {
            Lowering::Plain(plain) => &plain.steps,
            Lowering::Batch(batch) => &batch.steps,
        };
        functions += steps
            .iter()
            .flatten()
            .filter(|step| matches!(step, step::Step::Machine(..)) && step.array().is_some())
            .count();
    }
    functions
}

fn every_operation<T: Lane + Float>() {
    let mut functions = 0;
    for len in [5, 14, 16, 33, 100] {
        let inputs: [(&str, &[usize]); 4] =
            [("x", &[len]), ("y", &[len]), ("s", &[]), ("theta", &[len])];
        let points = |from: usize| vec![special(from, len), special(from / 3, len), vec![T::HALF]];
        for &op in Unary::ALL {
            let f = Function::<T>::record(&inputs, |v| {
                vec![(v[0] * v[3]).unary(op) + v[1].unary(op) * v[2]]
            });
            let f = f.unwrap();
            for from in 0..4 {
                functions += same_bits(&f, &points(5 * from), op.name());
            }
        }
        for &op in Binary::ALL {
            let f = Function::<T>::record(&inputs, |v| {
                let both = v[0].binary(op, v[1]);
                vec![both * v[3] + v[1].binary(op, v[2]) - v[2].binary(op, v[0])]
            });
            let f = f.unwrap();
            for from in 0..4 {
                functions += same_bits(&f, &points(5 * from), op.name());
            }
        }
    }
    if cfg!(all(target_arch = "x86_64", feature = "jit")) && Isa::available().count() > 2 {
        assert!(functions > 1000, "{functions}");
    }
}

#[test]
fn every_operation_on_arrays_has_the_bits_of_the_interpreter() {
    every_operation::<f64>();
    every_operation::<f32>();
}

/// What to do with which earlier arrays.
type Random = Vec<(usize, usize, usize, usize)>;

/// Arrays of one length that come from earlier ones, of which some are numbers for all elements, and many are wanted to the end.
fn random_chains<T: Lane + Float>(code: &Random, len: usize) -> Function<T> {
    let inputs: [(&str, &[usize]); 3] = [("x", &[len]), ("y", &[len]), ("theta", &[len])];
    let f = Function::<T>::record(&inputs, |v| {
        let mut arrays = vec![v[0], v[1], v[2]];
        for &(what, a, b, c) in code {
            let [a, b, c] = [a, b, c].map(|i| arrays[i % arrays.len()]);
            arrays.push(match what % 16 {
                0 => a + b,
                1 => a - b,
                2 => a * b,
                3 => a * b + c,
                4 => a / (b * b + T::ONE),
                5 => a.tanh(),
                6 => b.sigmoid(),
                7 => (a * T::from_f64(0.125)).exp(),
                8 => a.softplus() - b,
                9 => a.max(b),
                10 => Var::select(a.binary(Binary::Lt, b), c, a),
                // A number of an array that may have been made just before.
                11 => a * b.index(what % len),
                12 => c - b.slice(0, 1..2).reshape([]) * T::HALF,
                13 => a.abs().sqrt(),
                // Some too large for registers.
                14 => (a * T::from_f64(3e5)).sin(),
                _ => b.cos(),
            });
        }
        let rest = arrays.split_off(3);
        let sum = rest.iter().copied().reduce(|a, b| a + b).unwrap_or(v[0]);
        let last = rest.last().copied().unwrap_or(v[1]);
        vec![Var::concat(&[sum, last], 0)]
    });
    f.unwrap()
}

#[test]
fn random_chains_have_the_bits_of_the_interpreter() {
    let config = Config {
        cases: 80,
        failure_persistence: None,
        ..Config::default()
    };
    let instruction = (0..200_usize, 0..60_usize, 0..60_usize, 0..60_usize);
    let code = (prop::collection::vec(instruction, 1..60), 5..40_usize);
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
        .run(&code, |(code, len)| {
            let mut numbers = Numbers(len as u64);
            let f = random_chains::<f64>(&code, len);
            same_bits(&f, &[numbers.many(len), numbers.many(len)], "f64");
            let f = random_chains::<f32>(&code, len);
            same_bits(&f, &[numbers.many(len), numbers.many(len)], "f32");
            Ok(())
        })
        .unwrap();
}

/// Inputs of these shapes, one after another added to and multiplied with an array of `shape`; whether all are read where they are.
fn broadcast<T: Lane + Float>(shape: &[usize], others: &[&[usize]]) -> bool {
    let names: Vec<String> = (0..others.len()).map(|i| format!("b{i}")).collect();
    let mut inputs: Vec<(&str, &[usize])> = vec![("x", shape)];
    inputs.extend(
        names
            .iter()
            .zip(others)
            .map(|(name, shape)| (&name[..], *shape)),
    );
    let f = Function::<T>::record(&inputs, |v| {
        let mut sum = v[0];
        for (i, &other) in v[1..].iter().enumerate() {
            sum = match i % 3 {
                0 => sum * other + other,
                1 => other - sum,
                _ => sum.max(other) * (other + other),
            };
        }
        vec![sum]
    });
    let f = f.unwrap();
    let mut numbers = Numbers(shape.len() as u64 + 9);
    let points: Vec<Vec<T>> = inputs
        .iter()
        .map(|(_, shape)| numbers.many(shape.iter().product()))
        .collect();
    let slices: Vec<&[T]> = points.iter().map(Vec::as_slice).collect();
    let expected = f.eval(&slices).unwrap().remove(0);
    let mut in_place = true;
    for isa in Isa::available() {
        let program = Program::compile_for(&f, isa).unwrap();
        for program in [&program, &program.clone().without_machine_code()] {
            let mut out = vec![T::ZERO; expected.len()];
            program.eval(&mut program.workspace(1), 0, &slices, &mut out);
            assert_eq!(out, expected, "{shape:?} with {others:?}, {isa:?}");
        }
        let Lowering::Plain(plain) = &program.lowering else {
            unreachable!("no parameters, no batch")
        };
        let chain = |step: &step::Step<T>| match step {
            step::Step::Machine(_, of) => {
                of.iter().all(|step| matches!(step, step::Step::Chain(..)))
            }
            step => matches!(step, step::Step::Chain(..)),
        };
        in_place &= plain.steps[0].iter().all(chain);
    }
    in_place
}

#[test]
fn what_broadcasting_repeats_is_read_where_it_is() {
    let shapes: [(&[usize], &[&[usize]]); 8] = [
        (&[6, 16], &[&[6, 1]]),
        (&[6, 16], &[&[16], &[1, 16], &[6, 1], &[1, 1]]),
        (&[6, 48], &[&[6, 1], &[48], &[6, 1], &[6, 48]]),
        (&[3, 5, 16], &[&[3, 1, 16], &[5, 16], &[5, 1]]),
        (&[3, 5, 16], &[&[3, 1, 1], &[3, 5, 1], &[1, 5, 16], &[16]]),
        (&[2, 3, 32, 1], &[&[2, 1, 32, 1], &[3, 1, 1]]),
        // More rows than there are registers for.
        (&[6, 16], &[&[16], &[16], &[6, 1], &[6, 1], &[16], &[6, 1]]),
        (&[130, 16], &[&[130, 1], &[16]]),
    ];
    for (shape, others) in shapes {
        assert!(broadcast::<f64>(shape, others), "{shape:?} with {others:?}");
        assert!(broadcast::<f32>(shape, others), "{shape:?} with {others:?}");
    }
    // Two axes that are not side by side; rows that are no whole registers.
    broadcast::<f64>(
        &[3, 2, 4, 16],
        &[&[3, 1, 4, 1], &[1, 2, 1, 16], &[3, 1, 4, 16]],
    );
    broadcast::<f64>(&[6, 13], &[&[6, 1], &[13]]);
    broadcast::<f32>(&[6, 20], &[&[6, 1], &[20]]);
}

#[test]
fn rows_of_an_array_that_was_just_made_are_read_behind_it() {
    let inputs: [(&str, &[usize]); 2] = [("x", &[16, 16]), ("theta", &[16, 16])];
    let f = Function::<f64>::record(&inputs, |v| {
        let y = v[0] * v[1] + v[0];
        let column = y.slice(1, 3..4);
        let row = y.slice(0, 2..3);
        let z = (y - column) * row + y.tanh();
        vec![z - z.slice(0, 15..16)]
    });
    let f = f.unwrap();
    let mut numbers = Numbers(4);
    let x = numbers.many::<f64>(256);
    same_bits(&f, &[x], "rows");
    for isa in Isa::available() {
        agrees(&f, 1, isa, 1e-13, Some(false));
    }
}

#[test]
fn more_values_than_registers_keep_their_bits() {
    let mut numbers = Numbers(1);
    let mut below = |n: usize| ((numbers.next::<f64>() + 1.0) * 0.5 * n as f64) as usize;
    for case in 0..60 {
        // Functions of what was just made, with much waiting meanwhile.
        let code: Random = (0..24)
            .map(|i| {
                let what = [5, 6, 8, 14, 3, 15, 2, 13][below(8)];
                let recent = |back: usize| (i + 3_usize).saturating_sub(back);
                (
                    what,
                    recent(1 + below(4)),
                    recent(1 + below(8)),
                    recent(1 + below(12)),
                )
            })
            .collect();
        let f = random_chains::<f64>(&code, 40);
        let mut numbers = Numbers(case);
        same_bits(&f, &[numbers.many(40), numbers.many(40)], "much waits");
    }
}

#[test]
fn a_number_is_there_until_all_registers_have_read_it() {
    for row in [false, true] {
        let inputs: [(&str, &[usize]); 3] =
            [("x", &[4, 48]), ("w", &[48, 48]), ("theta", &[4, 48])];
        let f = Function::<f64>::record(&inputs, |v| {
            // Nothing else reads the product, also not for derivatives: its place is free for what comes behind.
            let product = v[0].matmul(v[1]);
            let own = if row {
                product.slice(0, 0..1)
            } else {
                product.slice(0, 0..1).slice(1, 1..2).reshape([])
            };
            let mut all = vec![v[2] - own];
            for _ in 0..30 {
                let last = all[all.len() - 1];
                all.push(last + v[0]);
            }
            vec![Var::concat(&all, 0)]
        });
        let mut numbers = Numbers(8);
        let points = [numbers.many(4 * 48), numbers.many(48 * 48)];
        same_bits(&f.unwrap(), &points, "a place that is taken");
    }
}
