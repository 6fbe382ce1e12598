//! Rules against what they replace: functions recorded without any rule, then rewritten.

use super::Rule;
use crate::function::Function;
use crate::op::{Binary, Unary};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::tape::Tape;
use crate::var::Var;

/// Whole numbers from a fixed sequence.
struct Choices(u64);

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

const NUMBERS: [f64; 9] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    0.5,
    -3.0,
    f64::INFINITY,
    f64::NAN,
];

/// A random function of two numbers and a vector, no rule applied: many expressions that rules know.
fn raw(seed: u64, numbers: &[f64]) -> Function<f64> {
    let mut choices = Choices(seed);
    let inputs = ["x", "y"].map(|name| (name.to_owned(), Shape::scalar()));
    let inputs = [&inputs[..], &[("v".to_owned(), Shape::new(&[3]))]].concat();
    Function::record_on(Tape::with_rules(&[]), &inputs, |_, v| {
        let tape = v[0].tape_of().expect("inputs are attached");
        let mut values = v.to_vec();
        for _ in 0..14 {
            let (a, b) = (
                values[choices.below(values.len())],
                values[choices.below(values.len())],
            );
            let number = tape.constant([], &[numbers[choices.below(numbers.len())]]);
            let value = match choices.below(18) {
                0 => a + b,
                1 => a - b,
                2 => a * b,
                3 => a / b,
                4 => a.unary(Unary::Neg),
                5 => a + number,
                6 => number - a,
                7 => a * number,
                8 => a / number,
                9 => a.powi(choices.below(4) as i32),
                10 => {
                    a.unary([Unary::Exp, Unary::Ln, Unary::Identity, Unary::Abs][choices.below(4)])
                }
                11 => a.binary(Binary::Pow, number),
                12 => Var::select(a, b, [a, b][choices.below(2)]),
                13 if a.shape().rank() == 1 => {
                    let start = choices.below(2);
                    a.slice(0, start..3).slice(0, 0..1).reshape([])
                }
                14 => a.reshape([1, a.shape().len()]).reshape(a.shape()),
                15 => number / a,
                16 => number,
                _ => {
                    a * tape
                        .constant([3], &[1.0, 2.0, 0.0])
                        .slice(0, 1..2)
                        .reshape([])
                }
            };
            if value.tape_of().is_some() {
                values.push(value);
            }
        }
        values.split_off(3)
    })
    .unwrap()
}

fn points() -> Vec<[Vec<f64>; 3]> {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        1e-310,
        1e300,
    ];
    let mut choices = Choices(3);
    let mut pick = || special[choices.below(special.len())];
    (0..12)
        .map(|_| [vec![pick()], vec![pick()], vec![pick(), pick(), pick()]])
        .collect()
}

fn values(f: &Function<f64>, point: &[Vec<f64>; 3]) -> Vec<f64> {
    let slices: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
    f.eval(&slices).unwrap().concat()
}

#[test]
fn exact_rules_keep_every_bit_at_zeros_infinities_and_not_a_number() {
    let rules = Rule::exact();
    for seed in 0..600 {
        let f = raw(seed, &NUMBERS);
        for set in [&Rule::RECORDING[..], &rules] {
            let simplified = f.simplify_with(set);
            for point in points() {
                for (a, b) in values(&f, &point).iter().zip(values(&simplified, &point)) {
                    assert!(
                        a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
                        "{a:?} became {b:?} at {point:?}\n{f}\n{simplified}"
                    );
                }
            }
        }
    }
}

#[test]
fn real_rules_keep_the_value_where_everything_is_an_ordinary_number() {
    let mut compared = 0;
    for seed in 0..600 {
        let f = raw(seed, &[0.0, 1.0, -1.0, 2.0, 0.5, 3.0]);
        let simplified = f.simplify_with(&Rule::ALL);
        let point = [vec![0.7], vec![1.3], vec![0.6, 1.1, 1.9]];
        // A power of a negative number, or what overflows, is not ordinary.
        if values(&f, &point)
            .iter()
            .all(|x| x.is_finite() && x.abs() < 1e6)
        {
            compared += 1;
            for (a, b) in values(&f, &point).iter().zip(values(&simplified, &point)) {
                assert!(
                    (a - b).abs() <= 1e-9 * a.abs().max(1.0),
                    "{a:?} became {b:?}\n{f}\n{simplified}"
                );
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn simplifying_twice_is_simplifying_once() {
    for seed in 0..600 {
        let f = raw(seed, &NUMBERS);
        for rules in [&Rule::RECORDING[..], &Rule::ALL] {
            let once = f.simplify_with(rules);
            let twice = once.simplify_with(rules);
            assert_eq!(once.to_string(), twice.to_string(), "{f}");
            assert_eq!(once.graph().len(), twice.graph().len());
        }
    }
}

#[test]
fn every_rule_finds_something_to_do() {
    for rule in Rule::ALL {
        let used = (0..600).any(|seed| {
            let f = raw(seed, &NUMBERS);
            f.simplify_with(&[rule]).graph().nodes() != f.graph().nodes()
        });
        assert!(used, "{}", rule.name);
    }
}
