//! Evaluations of several frames at once against one after another.

use super::*;

#[test]
fn a_workspace_serves_its_program_and_clones_of_it_alone() {
    let times = |k: f64| {
        let f = Function::record(&[("x", &[])], |v: &[Var<f64>]| vec![v[0] * k]).unwrap();
        Program::compile(&f).unwrap()
    };
    let (one, other) = (times(2.0), times(3.0));
    let (mut workspace, mut y) = (one.workspace(1), [0.0]);
    one.clone().eval(&mut workspace, 0, &[&[10.0]], &mut y);
    assert_eq!(y, [20.0]);
    // It needs as much memory, and has another constant there.
    let eval = || other.eval(&mut workspace, 0, &[&[10.0]], &mut y);
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(eval)).unwrap_err();
    let message = refused.downcast_ref::<&str>().unwrap();
    assert!(message.contains("another program's"), "{message}");
}

/// Values, products and sums of `count` frames behind frame 1, both ways.
fn agree(program: &Program<f64>, states: usize, count: usize) {
    let (parameters, mut numbers) = (program.parameter_len(), Numbers(count as u64));
    let theta: Vec<f64> = numbers.many(parameters);
    let (h, t): (Vec<f64>, Vec<f64>) = (numbers.many(count * states), numbers.many(count));
    let a: Vec<f64> = numbers.many(count * states);
    let found = [false, true].map(|together| {
        let mut workspace = program.workspace(1 + count);
        program.set_params(&mut workspace, &theta);
        let zeros = vec![0.0; count * states];
        let (mut dh, mut a_h, mut a_t) = (zeros.clone(), zeros, vec![0.0; count]);
        if together {
            program.eval_frames(&mut workspace, 1..1 + count, [&h, &t], &mut dh);
            let to = [a_h.as_mut_slice(), a_t.as_mut_slice()];
            program.products_frames(&mut workspace, 1..1 + count, &a, to);
        } else {
            for (k, t) in t.iter().enumerate() {
                let one = k * states..(k + 1) * states;
                let inputs = [&h[one.clone()], &[*t]];
                program.eval(&mut workspace, 1 + k, &inputs, &mut dh[one.clone()]);
            }
            for (k, a_t) in a_t.iter_mut().enumerate() {
                let one = k * states..(k + 1) * states;
                let to = &mut [&mut a_h[one.clone()], std::slice::from_mut(a_t)];
                program.products(&mut workspace, 1 + k, &a[one], to);
            }
        }
        let kept: Vec<(usize, f64)> = (0..count).map(|k| (1 + k, 0.5 + k as f64)).collect();
        program.accumulate(&mut workspace, &kept);
        let mut a_theta = vec![0.0; parameters];
        program.finish(&mut workspace, &mut a_theta);
        [dh, a_h, a_t, a_theta]
    });
    for (one, many) in found[0].iter().zip(&found[1]) {
        assert!(difference(many, one) < 1e-13, "{count} frames");
    }
}

#[test]
fn several_frames_at_once_equal_one_after_another() {
    let inputs: [(&str, &[usize]); 3] = [
        ("h", &[3]),
        ("t", &[]),
        ("theta", &[3 * 37 + 37 * 37 + 37 + 37 * 3 + 3]),
    ];
    let network = Function::record(&inputs, |v: &[Var<f64>]| {
        let (mut at, mut x) = (0, v[0].powi(3) + v[1]);
        for (from, to) in [(3, 37), (37, 37)] {
            let weights = v[2].slice(0, at..at + from * to).reshape([to, from]);
            x = (x
                .reshape([1, from])
                .matmul_with(weights, false, true)
                .reshape([to])
                + 0.1)
                .tanh();
            at += from * to;
        }
        let bias = v[2].slice(0, at..at + 37);
        let last = v[2].slice(0, at + 37..at + 37 + 111).reshape([3, 37]);
        let y = (x * bias).reshape([1, 37]).matmul_with(last, false, true);
        vec![y.reshape([3]) * v[1] + v[2].slice(0, at + 148..at + 151)]
    })
    .unwrap();
    let scalar = Function::record(
        &[("h", &[2]), ("t", &[]), ("theta", &[2])],
        |v: &[Var<f64>]| vec![v[0].sin() * v[2] + v[1]],
    )
    .unwrap();
    for isa in Isa::available() {
        let program = Program::with_products_for(&network, 2, isa).unwrap();
        assert_eq!(program.evaluates_at_once(), usize::MAX);
        let plain = Program::with_products_for(&scalar, 2, isa).unwrap();
        assert_eq!(plain.evaluates_at_once(), 1);
        for count in 1..=9 {
            agree(&program, 3, count);
            agree(&plain, 2, count);
        }
    }
}
