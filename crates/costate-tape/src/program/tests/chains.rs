//! Chains of elementwise operations over arrays.

use super::*;
use crate::kernel::straight::Code;

type Three = for<'t> fn(Var<'t, f64>, Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>;

/// Operations of which one takes the other in.
const COMPOUND: [(Code, Three); 9] = [
    (Code::MulAdd, |a, b, c| a * b + c),
    (Code::MulAdd, |a, b, c| c + a * b),
    (Code::MulSub, |a, b, c| a * b - c),
    (Code::SubMul, |a, b, c| c - a * b),
    (Code::MulMul, |a, b, c| a * b * c),
    (Code::MulDiv, |a, b, c| a * b / c),
    (Code::DivMul, |a, b, c| a / b * c),
    (Code::SumMul, |a, b, c| (a + b) * c),
    (Code::DiffMul, |a, b, c| (a - b) * c),
];

/// The codes of the chains that evaluation is made of; also the bits of the interpreter, on every instruction set.
fn codes(f: &Function<f64>) -> Vec<Code> {
    let mut numbers = Numbers(3);
    let inputs: Vec<Vec<f64>> = (0..f.inputs().len())
        .map(|i| numbers.many(f.input_shape(i).len()))
        .collect();
    let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
    let expected = f.eval(&inputs).unwrap().concat();
    let mut codes = Vec::new();
    for isa in Isa::available() {
        let program = Program::compile_for(f, isa).unwrap();
        let mut found = vec![0.0; expected.len()];
        program.eval(&mut program.workspace(1), 0, &inputs, &mut found);
        assert_eq!(found, expected, "{isa:?}");
        let Lowering::Plain(plain) = &program.lowering else {
            unreachable!("no parameters, no batch")
        };
        let chains = plain.steps[0].iter().filter_map(|step| match step {
            step::Step::Chain(_, chain) => Some(chain),
            _ => None,
        });
        codes = chains
            .flat_map(|chain| chain.code.iter().map(|one| one.code))
            .collect();
    }
    codes
}

#[test]
fn an_operation_on_arrays_that_takes_another_in_has_the_bits_of_both() {
    for len in [5, 14, 33, 100] {
        for (code, of) in COMPOUND {
            let inputs: [(&str, &[usize]); 3] = [("a", &[len]), ("b", &[len]), ("c", &[len])];
            let f = Function::record(&inputs, |v| vec![of(v[0], v[1], v[2])]).unwrap();
            assert_eq!(codes(&f), [code]);
            // A number stands for all elements.
            for number in 0..3 {
                let mut inputs = inputs;
                inputs[number].1 = &[];
                let f = Function::record(&inputs, |v| vec![of(v[0], v[1], v[2])]).unwrap();
                assert!(codes(&f).len() <= 2);
            }
        }
    }
}

#[test]
fn an_operation_on_arrays_that_others_read_too_stays_by_itself() {
    let inputs: [(&str, &[usize]); 3] = [("a", &[20]), ("b", &[20]), ("c", &[10])];
    let twice = Function::<f64>::record(&inputs, |v| {
        let product = v[0] * v[1];
        vec![product + v[0], product - v[1]]
    });
    assert_eq!(codes(&twice.unwrap()), [Code::Mul, Code::Add, Code::Sub]);
    // Half of a product, from its beginning or not, is not the product.
    for half in [0..10, 10..20] {
        let part = Function::<f64>::record(&inputs, |v| {
            let product = v[0] * v[1];
            vec![product.slice(0, half.clone()) + v[2]]
        });
        codes(&part.unwrap());
    }
    // Nor is one of its elements.
    let element = Function::<f64>::record(&inputs, |v| vec![(v[0] * v[1]).index(0) + v[2]]);
    codes(&element.unwrap());
}

#[test]
fn a_number_of_an_array_that_was_just_made_is_read_behind_it() {
    let inputs: [(&str, &[usize]); 2] = [("a", &[14]), ("b", &[14])];
    // The array lives on or not.
    let lives = Function::<f64>::record(&inputs, |v| {
        let doubled = v[0] + v[0];
        vec![(v[1] - doubled.index(3)) / doubled]
    });
    assert_eq!(codes(&lives.unwrap()), [Code::Add, Code::Sub, Code::Div]);
    let dies = Function::<f64>::record(&inputs, |v| vec![v[1] / (v[0] + v[0]).index(3) - v[1]]);
    assert_eq!(codes(&dies.unwrap()), [Code::Add, Code::Div, Code::Sub]);
}
