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
            arrays.push(match what % 14 {
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
                _ => a.abs().sqrt(),
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
