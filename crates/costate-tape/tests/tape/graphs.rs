//! Random graphs of all operations: the ways of differentiating agree, and so does the compiled program.

use crate::random::{self, Numbers, for_all, instructions};
use costate_tape::{Function, Program, check};

fn slices(point: &[Vec<f64>]) -> Vec<&[f64]> {
    point.iter().map(Vec::as_slice).collect()
}

#[test]
fn reverse_forward_and_duals_agree_to_twelve_digits_and_differences_to_seven() {
    for_all(300, &instructions(), |code| {
        let f = random::function(&code);
        let point = random::point(5);
        for report in check::function(&f, &slices(&point)).unwrap() {
            assert!(report.holds(), "{report}\n{code:?}");
        }
    });
}

#[test]
fn the_gradient_of_code_that_reads_elements_one_by_one_is_as_long_as_the_code() {
    let rosenbrock = |n: usize, step: usize| {
        let f = Function::<f64>::record(&[("x", &[n])], |v| {
            let x: Vec<_> = (0..n).step_by(step).map(|i| v[0].index(i)).collect();
            let valleys = x.windows(2).map(|x| {
                let (slope, across) = (x[1] - x[0] * x[0], x[0] * -1.0 + 1.0);
                slope * slope * 100.0 + across * across
            });
            vec![valleys.reduce(|sum, more| sum + more).unwrap()]
        });
        f.unwrap()
    };
    // All elements, and only some of them.
    for step in [1, 3] {
        let (n, mut numbers) = (600, Numbers(21));
        let (x, f) = (numbers.many(n), rosenbrock(n, step));
        let gradient = f.gradient(&[0]);
        let nodes = gradient.graph().nodes().iter();
        let elements: usize = nodes.map(|node| node.shape.len()).sum();
        assert!(elements < 60 * n, "{elements}");
        let found = gradient.eval(&[&x]).unwrap().swap_remove(0);
        let read: Vec<f64> = x.iter().copied().step_by(step).collect();
        let last = read.len() - 1;
        for (i, found) in found.iter().enumerate() {
            let (k, mut expected) = (i / step, 0.0);
            if i % step == 0 && k < last {
                expected -=
                    400.0 * read[k] * (read[k + 1] - read[k] * read[k]) + 2.0 * (1.0 - read[k]);
            }
            if i % step == 0 && k > 0 {
                expected += 200.0 * (read[k] - read[k - 1] * read[k - 1]);
            }
            assert!(
                (found - expected).abs() < 1e-12 * (1.0 + expected.abs()),
                "{i}: {found}, {expected}"
            );
        }
        // The second derivative goes through the cotangents that were put together.
        let (u, h) = (numbers.many(n), f.hvp(&[0]));
        let product = h.eval(&[&x, &u]).unwrap().swap_remove(0);
        let along = gradient.jvp(&[0]).eval(&[&x, &u]).unwrap().swap_remove(1);
        assert_eq!(product, along);
        let back = gradient.vjp(&[0]).eval(&[&x, &u]).unwrap().swap_remove(1);
        for (a, b) in product.iter().zip(back) {
            assert!((a - b).abs() < 1e-10 * (1.0 + b.abs()), "{a}, {b}");
        }
        let program = Program::compile(&gradient).unwrap();
        let mut out = vec![0.0; n];
        program.eval(&mut program.workspace(1), 0, &[&x], &mut out);
        assert_eq!(out, found);
    }
}

#[test]
fn so_do_their_second_derivatives() {
    for_all(60, &instructions(), |code| {
        let f = random::function(&code);
        let reverse = f.vjp(&[0, 1, 2, 3]);
        let mut point = random::point(6);
        point.push(Numbers(7).many(f.output_shape(0).len()));
        let reports = [
            check::by_duals(&reverse, &slices(&point))
                .unwrap()
                .within(1e-11),
            check::by_dot_products(&reverse, &slices(&point)).unwrap(),
        ];
        for report in reports {
            assert!(report.holds(), "{report}\n{code:?}");
        }
    });
}

#[test]
fn forward_over_reverse_is_reverse_over_forward() {
    for_all(60, &instructions(), |code| {
        let f = Function::<f64>::record(&random::INPUTS, |v| vec![random::run(&code, v).sum()])
            .unwrap();
        let point = random::point(8);
        let mut numbers = Numbers(9);
        let u: Vec<Vec<f64>> = point.iter().map(|x| numbers.many(x.len())).collect();
        let one = [1.0];
        // Hessian times u: the tangent of the gradient, and the gradient of the tangent.
        let all = [0, 1, 2, 3];
        let mut inputs = slices(&point);
        inputs.push(&one);
        inputs.extend(slices(&u));
        let over = f.vjp(&all).jvp(&all).eval(&inputs).unwrap();
        let mut inputs = slices(&point);
        inputs.extend(slices(&u));
        inputs.extend([&[0.0][..], &one]);
        let under = f.jvp(&all).vjp(&all).eval(&inputs).unwrap();
        for (a, b) in over[6..].concat().iter().zip(under[2..].concat()) {
            assert!(
                (a - b).abs() <= 1e-10 * a.abs().max(1.0),
                "{a}, {b}\n{code:?}"
            );
        }
    });
}

#[test]
fn programs_equal_the_interpreter() {
    for_all(300, &instructions(), |code| {
        let f = random::function(&code).vjp(&[0, 1, 2, 3]);
        let mut point = random::point(10);
        point.push(Numbers(11).many(f.output_shape(0).len()));
        let expected = f.eval(&slices(&point)).unwrap().concat();
        let program = Program::compile(&f).unwrap();
        let mut out = vec![0.0; program.output_len()];
        program.eval(&mut program.workspace(1), 0, &slices(&point), &mut out);
        let largest = expected.iter().fold(1e-30_f64, |m, x| m.max(x.abs()));
        for (found, expected) in out.iter().zip(&expected) {
            assert!(
                (found - expected).abs() <= 1e-12 * largest,
                "{found}, {expected}\n{code:?}"
            );
        }
    });
}

#[test]
fn simplifying_again_changes_no_bit_and_adds_no_node() {
    for_all(200, &instructions(), |code| {
        let f = random::function(&code).vjp(&[0, 1, 2, 3]);
        let simplified = f.simplify();
        assert!(simplified.graph().len() <= f.graph().len());
        assert_eq!(
            simplified.simplify().graph().len(),
            simplified.graph().len(),
            "{code:?}"
        );
        let mut point = random::point(12);
        point.push(Numbers(13).many(f.output_shape(0).len()));
        let bits = |f: &Function<f64>| -> Vec<u64> {
            f.eval(&slices(&point))
                .unwrap()
                .concat()
                .iter()
                .map(|x| x.to_bits())
                .collect()
        };
        assert_eq!(bits(&f), bits(&simplified), "{code:?}");
    });
}

#[test]
fn a_function_called_in_another_record_is_the_same_function() {
    for_all(100, &instructions(), |code| {
        let f = random::function(&code);
        let outer = Function::<f64>::record(&random::INPUTS, |v| f.call(v)).unwrap();
        assert_eq!(outer.graph().len(), f.graph().len());
        let point = random::point(14);
        assert_eq!(
            outer.eval(&slices(&point)).unwrap(),
            f.eval(&slices(&point)).unwrap()
        );
    });
}

#[test]
fn single_precision_graphs_follow_double_precision() {
    for_all(100, &instructions(), |code| {
        let f = random::function(&code);
        let single = f.over(|x| x as f32).vjp(&[0, 1, 2, 3]);
        let mut point = random::point(15);
        point.push(Numbers(16).many(f.output_shape(0).len()));
        let rounded: Vec<Vec<f32>> = point
            .iter()
            .map(|v| v.iter().map(|&x| x as f32).collect())
            .collect();
        let double: Vec<Vec<f64>> = rounded
            .iter()
            .map(|v| v.iter().map(|&x| f64::from(x)).collect())
            .collect();
        let expected = f
            .vjp(&[0, 1, 2, 3])
            .eval(&slices(&double))
            .unwrap()
            .concat();
        let inputs: Vec<&[f32]> = rounded.iter().map(Vec::as_slice).collect();
        let found = single.eval(&inputs).unwrap().concat();
        let largest = expected.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(
                (f64::from(*found) - expected).abs() <= 2e-4 * largest,
                "{found}, {expected}\n{code:?}"
            );
        }
    });
}
