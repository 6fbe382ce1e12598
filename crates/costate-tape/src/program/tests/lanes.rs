//! Points in lanes against the same points alone: to the bit, but for functions that registers have a way of their own for.

use super::plain::Plain;
use super::random::{Instruction, instructions, random_scalars};
use super::*;
use crate::kernel::elementwise::is_function;
use crate::kernel::straight;
use crate::op::Binary;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// How far a number in a lane may be from that of its point alone.
#[derive(Clone, Copy)]
enum Off {
    /// The same bits.
    Nothing,
    /// So much, in units of the number or of 1.
    Little(f64),
    Anything,
}

/// Evaluates at each point alone, then at all in lanes, and compares: with evaluation, and to the bit with lanes that hold nothing else.
fn lanes_equal_points<T: Lane + Float>(program: &Program<T>, theta: &[T], points: usize, off: Off) {
    let mut numbers = Numbers(points as u64 + 1);
    let mut workspace = program.workspace(1);
    if program.parameter_len() > 0 {
        program.set_params(&mut workspace, theta);
    }
    let lens: Vec<usize> = program.varying_inputs().map(|(_, len)| len).collect();
    let together: Vec<Vec<T>> = lens.iter().map(|len| numbers.many(len * points)).collect();
    let slices: Vec<&[T]> = together.iter().map(Vec::as_slice).collect();
    let outputs = program.output_len();
    let mut out = vec![T::ZERO; outputs * points];
    let result = program.run_lanes(&mut workspace, points, &slices, &mut out);
    let same = |found: T, expected: T| {
        let bits = |x: T| x.to_f64().unwrap().to_bits();
        bits(found) == bits(expected) || found.is_nan() && expected.is_nan()
    };
    let near = |found: T, expected: T| match off {
        Off::Nothing => same(found, expected),
        Off::Little(off) => {
            let [found, expected] = [found, expected].map(|x| x.to_f64().unwrap());
            found == expected
                || found.is_nan() && expected.is_nan()
                || (found - expected).abs() <= off * expected.abs().max(1.0)
        }
        Off::Anything => true,
    };
    let mut first = None;
    for point in 0..points {
        let of_point = |(all, &len): (&Vec<T>, &usize)| -> Vec<T> {
            (0..len).map(|e| all[e * points + point]).collect()
        };
        let alone: Vec<Vec<T>> = together.iter().zip(&lens).map(of_point).collect();
        let alone: Vec<&[T]> = alone.iter().map(Vec::as_slice).collect();
        let mut expected = vec![T::ZERO; outputs];
        program.eval(&mut workspace, 0, &alone, &mut expected);
        if let Err(Error::GuardFailed { location, .. }) = program.check_guards(&workspace) {
            first = first.or(Some((point, location)));
        }
        let mut in_lane = vec![T::ZERO; outputs];
        _ = program.run_lanes(&mut workspace, 1, &alone, &mut in_lane);
        for (e, (&expected, &in_lane)) in expected.iter().zip(&in_lane).enumerate() {
            let found = out[e * points + point];
            assert!(
                near(found, expected),
                "number {e} of point {point} of {points}: {found:?} instead of {expected:?}"
            );
            assert!(
                same(found, in_lane),
                "number {e} of point {point} of {points}: {found:?}, but {in_lane:?} without the others"
            );
        }
    }
    let broken = match result {
        Err(Error::GuardFailedAt {
            point, location, ..
        }) => Some((point, location)),
        other => {
            other.unwrap();
            None
        }
    };
    assert_eq!(broken, first);
}

/// How many of the programs have the bits of evaluation.
fn random_lanes<T: Lane + Float>(code: &[Instruction]) -> usize {
    let f = random_scalars::<T>(code);
    let theta = Numbers(3).many::<T>(2);
    let mut equal = 0;
    let mut compare = |program: &Program<T>, theta: &[T], points: usize| {
        let Lowering::Plain(plain) = &program.lowering else {
            panic!("it is of single numbers")
        };
        // Random functions make anything of a last place.
        let list = Plain::list(&plain.steps[0]).unwrap();
        let own = list.is_some_and(|list| list.iter().any(has_function));
        equal += usize::from(!own);
        let off = if own { Off::Anything } else { Off::Nothing };
        lanes_equal_points(program, theta, points, off);
    };
    for isa in Isa::available() {
        for points in [1, 67] {
            let program = Program::with_products_for(&f, 1, isa).unwrap();
            compare(&program, &theta, points);
        }
    }
    let products = Program::compile(&f.vjp(&[0, 1])).unwrap();
    compare(&products, &theta, 35);
    equal
}

#[test]
fn random_scalar_programs_in_lanes_give_each_point_the_bits_it_has_alone() {
    let config = Config {
        cases: 60,
        failure_persistence: None,
        ..Config::default()
    };
    let equal = std::cell::Cell::new(0);
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
        .run(&instructions(), |code| {
            equal.set(equal.get() + random_lanes::<f64>(&code) + random_lanes::<f32>(&code));
            Ok(())
        })
        .unwrap();
    assert!(equal.get() > 200, "only {} have the bits", equal.get());
}

/// Every elementwise operation, of arguments inside and outside its domain, and a multiplication with each way to add.
fn all_operations<T: Lane>() -> Function<T> {
    Function::record(&[("x", &[2]), ("theta", &[1])], |v| {
        let (x, y) = (v[0].index(0), v[0].index(1));
        let scale = v[1].index(0);
        let mut all: Vec<Var<'_, T>> = Unary::ALL.iter().map(|&op| (x * scale).unary(op)).collect();
        for &op in Binary::ALL {
            // Ties too: sign(x) and sign(y) are often the same.
            all.push(x.binary(op, y));
            all.push(x.sign().binary(op, y.sign()));
            all.push((x.ln() * scale).binary(op, y));
            all.push(x.binary(op, y.ln() * scale));
        }
        all.extend([x * y + scale, x * y - scale, scale - x * y, x * y * scale]);
        all.extend([
            x * y / scale,
            x / y * scale,
            (x + y) * scale,
            (x - y) * scale,
        ]);
        all.extend([-(x * y), x * x, Var::select(x.sign() + y.sign(), x, y)]);
        // Signs that the operation takes in, and ones that others read too.
        let (minus_x, minus_y, minus_both) = (-x, -y, -(x * y));
        all.extend([
            x + -scale,
            -scale + x,
            x - -scale,
            minus_both,
            minus_both + x,
        ]);
        all.extend([
            x * y + -scale,
            x * y - -scale,
            minus_x * scale + y,
            scale * minus_y + x,
        ]);
        all.extend([
            y - minus_x * scale,
            x - scale * minus_y,
            minus_x,
            minus_x * minus_y + x,
        ]);
        vec![Var::stack(&all)]
    })
    .unwrap()
}

#[test]
fn every_operation_at_any_number_of_points_is_the_scalar_one_to_the_last_places() {
    let (double, single) = (all_operations::<f64>(), all_operations::<f32>());
    for isa in Isa::available() {
        let double = Program::with_products_for(&double, 1, isa).unwrap();
        let single = Program::with_products_for(&single, 1, isa).unwrap();
        for points in (0..40).chain([63, 64, 65, 128, 129, 200]) {
            lanes_equal_points(&double, &[1.5], points, Off::Little(1e-13));
            lanes_equal_points(&single, &[1.5], points, Off::Little(1e-5));
        }
    }
}

#[test]
fn a_program_too_large_for_the_first_cache_runs_in_small_blocks() {
    let f = Function::<f64>::record(&[("x", &[2])], |v| {
        let mut values = vec![v[0].index(0), v[0].index(1)];
        for i in 0..300 {
            let next = values[i] * values[i + 1] + (0.5 + i as f64);
            values.push(next / (1.0 + i as f64));
        }
        // All are alive until the end.
        let sum = values.iter().rev().fold(values[0], |sum, &v| sum * 0.5 + v);
        vec![sum]
    })
    .unwrap();
    for isa in Isa::available() {
        let program = Program::compile_for(&f, isa).unwrap();
        for points in [1, 15, 16, 17, 50] {
            lanes_equal_points(&program, &[], points, Off::Nothing);
        }
    }
}

#[test]
fn an_argument_too_large_for_registers_is_right_and_changes_no_other() {
    let f = Function::<f64>::record(&[("x", &[2])], |v| {
        let (x, y) = (v[0].index(0), v[0].index(1));
        vec![x.sin(), y.cos()]
    })
    .unwrap();
    let large = [3e5, 1e22, f64::INFINITY, -4e9];
    for isa in Isa::available() {
        let program = Program::compile_for(&f, isa).unwrap();
        let mut workspace = program.workspace(1);
        let (mut x, mut small, mut mixed) = (vec![0.75; 60], vec![0.0; 60], vec![0.0; 60]);
        let all = |x: &[f64], out: &mut [f64], workspace: &mut _| {
            program.run_lanes(workspace, 30, &[x], out).unwrap();
        };
        all(&x, &mut small, &mut workspace);
        for (i, large) in large.into_iter().enumerate() {
            (x[7 * i], x[30 + 7 * i]) = (large, large);
        }
        all(&x, &mut mixed, &mut workspace);
        for i in 0..60 {
            let own = if i < 30 { x[i].sin() } else { x[i].cos() };
            let expected = if x[i] == 0.75 { small[i] } else { own };
            assert!(mixed[i].to_bits() == expected.to_bits() || own.is_nan() && mixed[i].is_nan());
            assert!(own.is_nan() || (mixed[i] - own).abs() < 1e-15);
        }
    }
}

#[test]
fn a_broken_guard_names_its_point_and_spoils_no_other() {
    let f = Function::record_at(&[("x", &[2], &[1.0, 3.0])], |v| {
        let (x, y) = (v[0].index(0), v[0].index(1));
        vec![if x < y { y * y } else { x }]
    })
    .unwrap();
    for isa in Isa::available() {
        let program = Program::compile_for(&f, isa).unwrap();
        for points in [1, 3, 20, 70] {
            lanes_equal_points(&program, &[], points, Off::Nothing);
        }
        let mut workspace = program.workspace(1);
        let (mut x, mut out) = (vec![0.0; 60], vec![0.0; 30]);
        x[30..].fill(2.0);
        (x[17], x[23]) = (5.0, 5.0);
        let error = program
            .run_lanes(&mut workspace, 30, &[&x], &mut out)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("point 17") && error.contains("`lt`") && error.contains("lanes.rs"),
            "{error}"
        );
        for (point, out) in out.iter().enumerate() {
            assert_eq!(out.is_nan(), point == 17 || point == 23);
            assert!(out.is_nan() || *out == 4.0);
        }
    }
}

#[test]
fn programs_of_arrays_say_why_they_have_no_lanes() {
    let chain = Function::<f64>::record(&[("x", &[6])], |v| vec![v[0].exp()]).unwrap();
    let program = Program::compile(&chain).unwrap();
    let mut workspace = program.workspace(1);
    let error = program.run_lanes(&mut workspace, 1, &[&[0.0; 6]], &mut [0.0; 6]);
    assert_eq!(
        error,
        Err(Error::NotScalar {
            step: "an elementwise operation on an array"
        })
    );
    let net = network::<f64>(&[2, 5, 2], 1, Unary::Tanh, false);
    let program = Program::with_products(&net, 2).unwrap();
    let mut workspace = program.workspace(1);
    let error = program.run_lanes(&mut workspace, 1, &[&[0.0; 2], &[0.0]], &mut [0.0; 2]);
    assert_eq!(error, Err(Error::NotScalar { step: "a layer" }));
}

#[test]
#[should_panic(expected = "x: 5 given, 6 expected")]
fn an_input_of_another_length_is_refused() {
    let f = Function::<f64>::record(&[("x", &[2])], |v| vec![v[0].index(0)]).unwrap();
    let program = Program::compile(&f).unwrap();
    let mut workspace = program.workspace(1);
    let _ = program.run_lanes(&mut workspace, 3, &[&[0.0; 5]], &mut [0.0; 3]);
}

/// Whether registers have a way of their own for it.
fn has_function(instruction: &straight::Instruction) -> bool {
    matches!(instruction.code, straight::Code::Unary(op) if is_function(op))
}
