//! One function, five ways to run it: the interpreter, a compiled program, points in lanes, machine code, the
//! printed source.

#[allow(dead_code, reason = "shared with the tests of the tape")]
#[path = "../tape/random.rs"]
mod random;
#[path = "../tape/source.rs"]
mod source;

use crate::random::{Numbers, for_all, instructions};
use crate::source::compiled_source_gives_the_same_bits;
use costate_tape::{Binary, Error, Function, Program, Scalar, Var};
use std::cell::{Cell, RefCell};

/// Inputs of so few elements that most functions of them are programs of single numbers.
const FEW: [(&str, &[usize]); 4] = [("x", &[2, 2]), ("s", &[]), ("v", &[3]), ("w", &[1, 2])];

/// Points side by side in lanes; the first is the one that is compared with the others.
const POINTS: usize = 19;

fn same(found: f64, expected: f64) -> bool {
    // Sums of padded arrays leave zeros out: 0 + (−0) is +0 for one and −0 for the other.
    found == expected || found.is_nan() && expected.is_nan()
}

fn assert_same(who: &str, found: &[f64], expected: &[f64], f: &Function<f64>) {
    assert_eq!(found.len(), expected.len());
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            same(found, expected),
            "{who} finds {found:e} for number {i}, not {expected:e}, in\n{f}"
        );
    }
}

fn eval(program: &Program<f64>, inputs: &[&[f64]]) -> Vec<f64> {
    let mut out = vec![0.0; program.output_len()];
    program.eval(&mut program.workspace(1), 0, inputs, &mut out);
    out
}

/// Registers round otherwise: sums in another order, functions of their own.
fn assert_close(who: &str, found: &[f64], expected: &[f64], f: &Function<f64>) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
    for (&found, &expected) in found.iter().zip(expected) {
        assert!(
            same(found, expected) || (found - expected).abs() <= 1e-11 * largest,
            "{who}: {found:e}, not {expected:e}, in\n{f}"
        );
    }
}

/// The values in lanes at a point among others, if the program is one of single numbers. All of them are compared with their own.
fn in_lanes(program: &Program<f64>, point: &[&[f64]], f: &Function<f64>) -> Option<Vec<f64>> {
    let mut numbers = Numbers(5);
    let mut points = vec![point.iter().map(|x| x.to_vec()).collect::<Vec<_>>()];
    points.resize_with(POINTS, || {
        point.iter().map(|x| numbers.many(x.len())).collect()
    });
    let inputs: Vec<Vec<f64>> = (0..point.len())
        .map(|input| {
            let elements = 0..point[input].len();
            elements
                .flat_map(|e| points.iter().map(move |point| point[input][e]))
                .collect()
        })
        .collect();
    let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
    let mut out = vec![0.0; program.output_len() * POINTS];
    match program.run_lanes(&mut program.workspace(1), POINTS, &inputs, &mut out) {
        Err(Error::NotScalar { .. }) => return None,
        done => done.unwrap(),
    }
    let of = |p: usize| {
        out.iter()
            .skip(p)
            .step_by(POINTS)
            .copied()
            .collect::<Vec<f64>>()
    };
    for (p, point) in points.iter().enumerate() {
        let alone: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
        assert_close("a lane", &of(p), &eval(program, &alone), f);
    }
    Some(of(0))
}

/// Compares all but the printed source; whether it is a program of single numbers.
fn everyone_agrees(f: &Function<f64>, point: &[Vec<f64>]) -> bool {
    let inputs: Vec<&[f64]> = point.iter().map(Vec::as_slice).collect();
    let expected = f.eval(&inputs).unwrap().concat();
    let program = Program::compile(f).unwrap();
    let compiled = eval(&program, &inputs);
    machine::assert_bits(
        &compiled,
        &eval(&program.clone().without_machine_code(), &inputs),
        f,
    );
    let Some(lanes) = in_lanes(&program, &inputs, f) else {
        assert_close("the program", &compiled, &expected, f);
        return false;
    };
    assert_same("the program", &compiled, &expected, f);
    assert_close("a lane among others", &lanes, &expected, f);
    true
}

/// Machine code against the interpreter of programs.
mod machine {
    use super::{FEW, Numbers};
    use costate_tape::{Function, Program};

    pub(super) fn assert_bits(found: &[f64], expected: &[f64], f: &Function<f64>) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            let equal =
                found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            assert!(equal, "machine code: {found:e}, not {expected:e}, in\n{f}");
        }
    }

    /// Two evaluations in two frames, their products in the other order, the sum of those of the parameters `v`.
    pub(super) fn products_have_the_bits(f: &Function<f64>, numbers: &mut Numbers) {
        let program = Program::with_products(f, 2).unwrap();
        let varying = [0, 1, 3].map(|i| FEW[i].1.iter().product::<usize>());
        let theta = numbers.many(3);
        let points = [0, 1].map(|_| varying.map(|len| numbers.many(len)));
        let a = numbers.many(program.output_len());
        let all = |program: &Program<f64>| {
            let mut workspace = program.workspace(2);
            program.set_params(&mut workspace, &theta);
            let mut found = Vec::new();
            for (frame, point) in points.iter().enumerate() {
                let mut out = vec![0.0; program.output_len()];
                let inputs = [0, 1, 2].map(|i| &point[i][..]);
                program.eval(&mut workspace, frame, &inputs, &mut out);
                found.extend(out);
            }
            for frame in [1, 0] {
                let mut cotangents = varying.map(|len| vec![0.0; len]);
                let mut slices = cotangents.each_mut().map(|x| &mut x[..]);
                program.products(&mut workspace, frame, &a, &mut slices);
                found.extend(cotangents.concat());
            }
            program.accumulate(&mut workspace, &[(0, 1.0), (1, 0.5)]);
            let mut gradient = vec![0.0; program.parameter_len()];
            program.finish(&mut workspace, &mut gradient);
            found.extend(gradient);
            found
        };
        let found = all(&program);
        assert_bits(&found, &all(&program.without_machine_code()), f);
    }
}

#[test]
fn interpreter_program_lanes_machine_code_and_printed_source_agree() {
    let functions = RefCell::new(Vec::new());
    let scalar = Cell::new(0);
    for_all(160, &instructions(), |code| {
        let f = Function::record(&FEW, |v| vec![random::run(&code, v)]).unwrap();
        let mut point: Vec<Vec<f64>> = Vec::new();
        let mut numbers = Numbers(code.len() as u64);
        point.extend(
            FEW.iter()
                .map(|(_, shape)| numbers.many(shape.iter().product())),
        );
        machine::products_have_the_bits(&f, &mut numbers);
        let products = f.vjp(&[0, 2]);
        let mut with_cotangent = point.clone();
        with_cotangent.push(numbers.many(f.output_shape(0).len()));
        for (f, point) in [(f, point), (products.simplify(), with_cotangent)] {
            scalar.set(scalar.get() + usize::from(everyone_agrees(&f, &point)));
            functions.borrow_mut().push((f, point));
        }
    });
    assert!(
        scalar.get() > 100,
        "only {} programs of single numbers",
        scalar.get()
    );
    compiled_source_gives_the_same_bits("agreement", &functions.into_inner(), |x: f64| {
        if x.is_nan() { 0 } else { x.to_bits() }
    });
}

#[test]
fn operations_that_become_one_instruction_have_the_bits_of_each_alone() {
    type Numbers3<'t> = [Var<'t, f64>; 3];
    // Each in a function of its own: what others read too is not joined.
    let formulas: [for<'t> fn(Numbers3<'t>) -> Var<'t, f64>; 10] = [
        |[x, y, z]| x * y + z,
        |[x, y, z]| x * y - z,
        |[x, y, z]| z - x * y,
        |[x, y, z]| x * y * z,
        |[x, y, z]| x * y / z,
        |[x, y, z]| x / y * z,
        |[x, y, z]| (x + y) * z,
        |[x, y, z]| (x - y) * z,
        |[x, y, _]| -(x * y),
        |[x, _, z]| x * x - -z,
    ];
    let mut numbers = Numbers(11);
    for formula in formulas {
        let f = of_three_numbers(formula);
        for _ in 0..20 {
            number_by_number(&f, &numbers.many(3));
        }
    }
}

#[test]
fn comparisons_and_selections_are_those_of_the_interpreter_at_ties_zeros_and_nan() {
    let special = [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NAN];
    let comparisons = Binary::ALL.iter().filter(|op| op.is_comparison());
    let mut functions: Vec<_> = comparisons
        .map(|&op| of_three_numbers(|[x, y, _]| x.binary(op, y)))
        .collect();
    assert_eq!(functions.len(), 6);
    functions.push(of_three_numbers(|[x, y, z]| Var::select(x, y, z)));
    for f in functions {
        for x in special {
            for y in special {
                number_by_number(&f, &[x, y, 3.0]);
            }
        }
    }
}

fn of_three_numbers(formula: impl for<'t> Fn([Var<'t, f64>; 3]) -> Var<'t, f64>) -> Function<f64> {
    let f = Function::record(&[("v", &[3])], |v| {
        vec![formula([0, 1, 2].map(|i| v[0].index(i)))]
    });
    f.unwrap()
}

/// The program's value, and that of the program without machine code, against the function's own.
fn number_by_number(f: &Function<f64>, point: &[f64]) {
    let expected = f.eval(&[point]).unwrap().concat();
    let program = Program::compile(f).unwrap();
    assert_same("the program", &eval(&program, &[point]), &expected, f);
    assert_same(
        "the program without machine code",
        &eval(&program.without_machine_code(), &[point]),
        &expected,
        f,
    );
}

#[test]
fn a_program_of_numbers_notices_a_broken_guard() {
    let f = Function::record_at(&[("x", &[2], &[1.0, 3.0])], |v| {
        let (x, y) = (v[0].index(0), v[0].index(1));
        vec![if x < y { y * y } else { x }]
    })
    .unwrap();
    let program = Program::compile(&f).unwrap();
    let (mut workspace, mut out) = (program.workspace(1), [0.0]);
    for (x, value) in [
        ([1.0, 3.0], 9.0),
        ([3.0, 1.0], f64::NAN),
        ([2.0, 4.0], 16.0),
    ] {
        program.eval(&mut workspace, 0, &[&x], &mut out);
        assert!(same(out[0], value), "{} at {x:?}", out[0]);
        assert_eq!(program.check_guards(&workspace).is_err(), value.is_nan());
    }
}

/// A discrete gradient as a solver takes it, with all evaluations kept: 20 steps of the midpoint rule, back through them, one sum of a·∂f/∂θ a step.
#[test]
fn gradients_through_a_solve_have_the_same_bits_with_and_without_machine_code() {
    type Field = for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>;
    let fields: [(&[usize], Field); 2] = [
        (&[2], |v| {
            let (x, y) = (v[0].index(0), v[0].index(1));
            let [a, b, c, d] = [0, 1, 2, 3].map(|i| v[2].index(i));
            Var::stack(&[a * x - b * x * y, d * x * y - c * y * (v[1] + x).sin()])
        }),
        // Known equations beside a layer: a batch.
        (&[1, 2], |v| {
            let (x, y) = (v[0].slice(1, 0..1), v[0].slice(1, 1..2));
            let (a, c) = (v[2].index(0), v[2].index(2));
            let known = Var::concat(&[a * y * y.exp(), x * (c * x + v[1]).cos()], 1);
            let weights = v[2].reshape([2, 2]);
            known + v[0].matmul_with(weights, false, true).tanh()
        }),
    ];
    let (states, parameters) = (2, 4);
    for (shape, field) in fields {
        let inputs: [(&str, &[usize]); 3] = [("h", shape), ("t", &[]), ("theta", &[parameters])];
        let f = Function::record(&inputs, |v| vec![field(v)]).unwrap();
        let program = Program::with_products(&f, 2).unwrap();
        let gradient = |program: &Program<f64>| {
            const STEPS: usize = 20;
            let (dt, mut workspace) = (0.05, program.workspace(2 * STEPS));
            program.set_params(&mut workspace, &[0.7, -0.4, 0.9, 0.3]);
            let (mut h, mut k) = (vec![0.6, -0.2], vec![0.0; states]);
            for n in 0..STEPS {
                let t = n as f64 * dt;
                program.eval(&mut workspace, 2 * n, &[&h, &[t]], &mut k);
                let middle: Vec<f64> = h.iter().zip(&k).map(|(h, k)| h + 0.5 * dt * k).collect();
                program.eval(
                    &mut workspace,
                    2 * n + 1,
                    &[&middle, &[t + 0.5 * dt]],
                    &mut k,
                );
                h.iter_mut().zip(&k).for_each(|(h, k)| *h += dt * k);
            }
            let (mut a, mut by_t) = (h.clone(), 0.0);
            for n in (0..STEPS).rev() {
                let mut row: Vec<f64> = a.iter().map(|a| dt * a).collect();
                for (frame, weight) in [(2 * n + 1, 0.5 * dt), (2 * n, 1.0)] {
                    let (mut a_h, mut a_t) = (vec![0.0; states], [0.0]);
                    let to = &mut [&mut a_h[..], &mut a_t[..]];
                    program.products(&mut workspace, frame, &row, to);
                    a.iter_mut().zip(&a_h).for_each(|(a, v)| *a += v);
                    row = a_h.iter().map(|v| weight * v).collect();
                    by_t += a_t[0];
                }
                program.accumulate(&mut workspace, &[(2 * n + 1, 1.0), (2 * n, 1.0)]);
            }
            let mut by_theta = vec![0.0; parameters];
            program.finish(&mut workspace, &mut by_theta);
            [h, a, by_theta, vec![by_t]].concat()
        };
        let found = gradient(&program);
        assert!(
            found
                .iter()
                .all(|number| number.is_finite() && *number != 0.0)
        );
        machine::assert_bits(&found, &gradient(&program.without_machine_code()), &f);
    }
}
