//! Programs against the plain interpreter, on every instruction set of this processor.

mod arrays;
mod chains;
mod frames;
mod in_place;
mod lanes;
mod loops;
mod machine;
mod random;

use super::*;
use crate::op::Unary;
use crate::scalar::Scalar;
use crate::var::Var;
use num_traits::Float;

/// Numbers between −1 and 1 from a fixed sequence.
struct Numbers(u64);

impl Numbers {
    fn next<T: Lane>(&mut self) -> T {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        T::from_f64((self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
    }

    fn many<T: Lane>(&mut self, len: usize) -> Vec<T> {
        (0..len).map(|_| self.next()).collect()
    }
}

/// The largest difference relative to the largest number.
fn difference<T: Lane + Float>(found: &[T], expected: &[T]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let (mut difference, mut largest) = (T::ZERO, T::from_f64(1e-30));
    for (&f, &e) in found.iter().zip(expected) {
        assert!(!f.is_nan(), "a result is not a number");
        difference = Float::max(difference, Float::abs(f - e));
        largest = Float::max(largest, Float::abs(e));
    }
    (difference / largest).to_f64().unwrap()
}

/// Compares values, products and parameter products, over several kept evaluations with weights.
fn agrees<T: Lane + Float>(
    f: &Function<T>,
    parameters: usize,
    isa: Isa,
    tolerance: f64,
    batch: Option<bool>,
) {
    let program = Program::with_products_for(f, parameters, isa).unwrap();
    if let Some(batch) = batch {
        assert_eq!(
            matches!(program.lowering, Lowering::Batch(_)),
            batch,
            "the lowering of {:?} over {isa:?} is the expected one",
            f.graph()
                .nodes()
                .iter()
                .filter(|n| n.op.name() == "input")
                .map(|n| &n.shape)
                .collect::<Vec<_>>()
        );
    }
    let mut numbers = Numbers(7);
    let wrt: Vec<usize> = (0..f.inputs().len()).collect();
    let reference = f.vjp(&wrt);
    let theta = numbers.many::<T>(program.parameter_len());
    let lens: Vec<usize> = program.varying_inputs().map(|(_, len)| len).collect();
    let mut workspace = program.workspace(2);
    program.set_params(&mut workspace, &theta);
    let weights = [T::ONE, T::from_f64(0.75), T::from_f64(-2.0)];
    program.reserve(&mut workspace, weights.len());
    for round in 0..2 {
        let mut expected = vec![T::ZERO; theta.len()];
        for (frame, &weight) in weights.iter().enumerate() {
            let weight = if round == 0 { T::ONE } else { weight };
            let natural: Vec<Vec<T>> = lens.iter().map(|&len| numbers.many(len)).collect();
            let a = numbers.many::<T>(program.output_len());
            let mut inputs: Vec<&[T]> = natural.iter().map(Vec::as_slice).collect();
            inputs.insert(parameters, &theta);
            inputs.push(&a);
            let out = reference.eval(&inputs).unwrap();

            let shape = f.output_shape(0);
            let like =
                (0..lens.len()).find(|&i| f.input_shape(i + usize::from(i >= parameters)) == shape);
            let pack = |input: Option<usize>, natural: &[T]| {
                let mut packed = natural.to_vec();
                if let Some(input) = input {
                    program.pack(input, natural, &mut packed);
                }
                packed
            };
            let packed: Vec<Vec<T>> = natural
                .iter()
                .enumerate()
                .map(|(i, x)| pack(Some(i), x))
                .collect();
            let packed: Vec<&[T]> = packed.iter().map(Vec::as_slice).collect();
            let mut value = vec![T::ZERO; program.output_len()];
            program.eval(&mut workspace, frame, &packed, &mut value);
            let mut unpacked = value.clone();
            if let Some(input) = like {
                program.unpack(input, &value, &mut unpacked);
            }
            assert!(
                difference(&unpacked, &out[0]) <= tolerance,
                "{isa:?}: value"
            );
            let mut cotangents: Vec<Vec<T>> = lens.iter().map(|&len| vec![T::ZERO; len]).collect();
            let mut slices: Vec<&mut [T]> = cotangents.iter_mut().map(Vec::as_mut_slice).collect();
            program.products(&mut workspace, frame, &pack(like, &a), &mut slices);
            for (i, cotangent) in cotangents.iter().enumerate() {
                let mut natural = cotangent.clone();
                program.unpack(i, cotangent, &mut natural);
                let output = 1 + i + usize::from(i >= parameters);
                let off = difference(&natural, &out[output]);
                assert!(off <= tolerance, "{isa:?}: product {i} is off by {off:e}");
            }
            for (sum, &term) in expected.iter_mut().zip(&out[1 + parameters]) {
                *sum = *sum + weight * term;
            }
        }
        let frames: Vec<(usize, T)> = weights
            .iter()
            .map(|&w| if round == 0 { T::ONE } else { w })
            .enumerate()
            .collect();
        program.accumulate(&mut workspace, &frames);
        let mut gradient = vec![T::ZERO; theta.len()];
        program.finish(&mut workspace, &mut gradient);
        assert!(
            difference(&gradient, &expected) <= 4.0 * tolerance,
            "{isa:?}: parameters"
        );
    }
}

fn every_isa<T: Lane + Float>(
    f: &Function<T>,
    parameters: usize,
    tolerance: f64,
    batch: Option<bool>,
) {
    for isa in Isa::available() {
        agrees(f, parameters, isa, tolerance, batch);
    }
}

/// A network over a batch whose first layer sees the cube of the state.
fn network<T: Lane + Float>(
    widths: &[usize],
    samples: usize,
    activation: Unary,
    cube: bool,
) -> Function<T> {
    let parameters: usize = widths.windows(2).map(|w| w[1] * (w[0] + 1)).sum();
    let inputs: [(&str, &[usize]); 3] = [
        ("h", &[samples, widths[0]]),
        ("t", &[]),
        ("theta", &[parameters]),
    ];
    Function::record(&inputs, |v| {
        let mut x = if cube { v[0].powi(3) } else { v[0] };
        let mut at = 0;
        for (i, w) in widths.windows(2).enumerate() {
            let weight = v[2].slice(0, at..at + w[0] * w[1]).reshape([w[1], w[0]]);
            at += w[0] * w[1];
            let bias = v[2].slice(0, at..at + w[1]);
            at += w[1];
            x = x.matmul_with(weight, false, true) + bias;
            if i + 2 < widths.len() {
                x = x.unary(activation);
            }
        }
        vec![x]
    })
    .unwrap()
}

#[test]
fn networks_over_every_batch_size_equal_the_interpreter() {
    for samples in (1..=36).chain([64, 100, 130]) {
        every_isa(
            &network::<f64>(&[2, 5, 2], samples, Unary::Tanh, true),
            2,
            1e-14,
            Some(true),
        );
        every_isa(
            &network::<f32>(&[2, 5, 2], samples, Unary::Tanh, true),
            2,
            1e-5,
            Some(true),
        );
    }
}

#[test]
fn networks_of_every_width_equal_the_interpreter() {
    for width in (1_usize..=34).chain([50, 64]) {
        for samples in [1, 3, 20] {
            let widths = [3, width, width.div_ceil(2), 3];
            every_isa(
                &network::<f64>(&widths, samples, Unary::Tanh, false),
                2,
                1e-13,
                Some(true),
            );
        }
    }
}

#[test]
fn networks_with_any_activation_equal_the_interpreter() {
    for &activation in Unary::ALL
        .iter()
        .filter(|op| ![Unary::Acos, Unary::Asin].contains(op))
    {
        // Logarithms and roots of what may be negative are not numbers anyway, and next to a pole no digits are left.
        if [
            "ln", "log2", "log10", "ln_1p", "sqrt", "tan", "cbrt", "lgamma", "digamma",
        ]
        .contains(&activation.name())
        {
            continue;
        }
        every_isa(
            &network::<f64>(&[2, 9, 3, 2], 11, activation, false),
            2,
            1e-12,
            Some(true),
        );
    }
}

#[test]
fn a_network_over_one_vector_is_a_batch_of_one() {
    for widths in [[3, 7, 3], [2, 50, 2], [1, 1, 1]] {
        let parameters: usize = widths.windows(2).map(|w| w[1] * (w[0] + 1)).sum();
        let inputs: [(&str, &[usize]); 3] =
            [("h", &[widths[0]]), ("t", &[]), ("theta", &[parameters])];
        let f = Function::<f64>::record(&inputs, |v| {
            let [_, hidden, _] = widths;
            let weights = hidden * widths[0];
            let first = v[2].slice(0, 0..weights).reshape([hidden, widths[0]]);
            let bias = v[2].slice(0, weights..weights + hidden);
            let rest = weights + hidden;
            let last = v[2]
                .slice(0, rest..rest + weights)
                .reshape([widths[0], hidden]);
            let x = (v[0] * v[0]).matmul(first.transpose()) + bias;
            let y = x.tanh().matmul(last.transpose()) + v[2].slice(0, rest + weights..parameters);
            vec![y * v[1].sin()]
        });
        every_isa(&f.unwrap(), 2, 1e-13, Some(true));
    }
}

#[test]
fn known_equations_beside_a_network_are_a_batch_too() {
    let net: usize = 5 * 3 + 2 * 6;
    for samples in [1, 3, 20] {
        let inputs: [(&str, &[usize]); 3] =
            [("h", &[samples, 2]), ("t", &[]), ("theta", &[4 + net])];
        let f = Function::<f64>::record(&inputs, |v| {
            let (x, y) = (v[0].slice(1, 0..1), v[0].slice(1, 1..2));
            let [a, b, c, d] = [0, 1, 2, 3].map(|i| v[2].index(i));
            let known = Var::concat(&[a * x - b * x * y, d * x * y - c * y], 1);
            let unknown = network::<f64>(&[2, 5, 2], samples, Unary::Tanh, false);
            vec![known + unknown.call(&[v[0], v[1], v[2].slice(0, 4..4 + net)])[0]]
        });
        every_isa(&f.unwrap(), 2, 1e-13, Some(true));
    }
}

#[test]
fn time_enters_a_batch_as_a_number_and_as_an_input_of_the_network() {
    for samples in [1, 5, 20] {
        let inputs: [(&str, &[usize]); 3] = [
            ("h", &[samples, 2]),
            ("t", &[]),
            ("theta", &[12 + 4 + 8 + 2]),
        ];
        let f = Function::<f64>::record(&inputs, |v| {
            let t = v[1].broadcast_to([samples, 1]);
            let x = Var::concat(&[v[0], t], 1);
            let hidden = x.matmul_with(v[2].slice(0, 0..12).reshape([4, 3]), false, true)
                + v[2].slice(0, 12..16);
            let out = hidden
                .tanh()
                .matmul_with(v[2].slice(0, 16..24).reshape([2, 4]), false, true);
            vec![(out + v[2].slice(0, 24..26)) * v[1].exp() - v[0]]
        });
        every_isa(&f.unwrap(), 2, 1e-13, Some(true));
    }
}

#[test]
fn samples_that_meet_each_other_are_no_batch() {
    let f = Function::<f64>::record(&[("h", &[4, 3]), ("theta", &[1])], |v| {
        let mean = v[0].sum_axis(0) * 0.25;
        vec![(v[0] - mean) * v[1].index(0)]
    });
    every_isa(&f.unwrap(), 1, 1e-14, Some(false));
}

#[test]
fn a_workspace_of_another_program_is_refused() {
    let small =
        Program::with_products(&network::<f64>(&[2, 5, 2], 3, Unary::Tanh, false), 2).unwrap();
    let large =
        Program::with_products(&network::<f64>(&[2, 9, 2], 3, Unary::Tanh, false), 2).unwrap();
    let mut workspace = small.workspace(1);
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        large.zero(&mut workspace);
    }));
    assert!(refused.is_err());
}

#[test]
fn a_broken_guard_gives_no_number_and_names_its_line() {
    let f = Function::record_at(&[("x", &[2], &[1.0, 3.0])], |v| {
        let (x, y) = (v[0].index(0), v[0].index(1));
        vec![if x < y { y * y } else { x }]
    });
    let program = Program::compile(&f.unwrap()).unwrap();
    let mut workspace = program.workspace(1);
    let mut out = [0.0];
    program.eval(&mut workspace, 0, &[&[2.0, 4.0]], &mut out);
    assert_eq!(out, [16.0]);
    program.check_guards(&workspace).unwrap();
    program.eval(&mut workspace, 0, &[&[4.0, 2.0]], &mut out);
    assert!(out[0].is_nan());
    let error = program.check_guards(&workspace).unwrap_err().to_string();
    assert!(
        error.contains("`lt`") && error.contains("tests.rs"),
        "{error}"
    );
}

#[test]
fn several_outputs_are_written_one_after_another() {
    let f = Function::<f64>::record(&[("x", &[6]), ("y", &[])], |v| {
        vec![v[0].exp(), v[0].sum() * v[1], v[0].slice(0, 1..3)]
    })
    .unwrap();
    let program = Program::compile(&f).unwrap();
    let mut workspace = program.workspace(1);
    let x = [0.5, -1.0, 2.0, 0.25, 0.0, 1.0];
    let mut out = vec![0.0; program.output_len()];
    program.eval(&mut workspace, 0, &[&x, &[3.0]], &mut out);
    let expected = f.eval(&[&x, &[3.0]]).unwrap().concat();
    assert!(difference(&out, &expected) < 1e-15);
}
