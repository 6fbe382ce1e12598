//! Matrix products of every tile, and layers over few samples with wide weights.

use super::*;

/// A·B, with either factor a transpose, against the interpreter, on every instruction set.
fn products<T: Lane + Float>([m, k, n]: [usize; 3], tolerance: f64) {
    for (turn_a, turn_b) in [(false, false), (false, true), (true, false), (true, true)] {
        let a = if turn_a { [k, m] } else { [m, k] };
        let b = if turn_b { [n, k] } else { [k, n] };
        let inputs: [(&str, &[usize]); 2] = [("a", &a), ("b", &b)];
        let f = Function::<T>::record(&inputs, |v| vec![v[0].matmul_with(v[1], turn_a, turn_b)]);
        let f = f.unwrap();
        let mut numbers = Numbers((m + 100 * k + 10_000 * n) as u64);
        let (a, b) = (numbers.many::<T>(m * k), numbers.many::<T>(k * n));
        let expected = f.eval(&[&a, &b]).unwrap().remove(0);
        for isa in Isa::available() {
            let program = Program::compile_for(&f, isa).unwrap();
            let mut out = vec![T::ZERO; m * n];
            program.eval(&mut program.workspace(1), 0, &[&a, &b], &mut out);
            let off = difference(&out, &expected);
            assert!(
                off <= tolerance,
                "{isa:?} {m}×{k}·{k}×{n} {turn_a} {turn_b}: {off:e}"
            );
        }
    }
}

#[test]
fn matrix_products_of_every_shape_equal_the_interpreter() {
    let columns = [1, 2, 5, 8, 9, 16, 17, 24, 31, 33, 50, 64, 65, 100];
    for (i, &n) in columns.iter().enumerate() {
        for (j, &m) in [1, 2, 3, 6, 7, 12, 15, 20, 29].iter().enumerate() {
            let k = [1, 3, 8, 17, 50][(i + j) % 5];
            products::<f64>([m, k, n], 1e-14);
            products::<f32>([m, k, n], 1e-5);
        }
    }
}

#[test]
fn matrix_products_that_are_packed_in_parts_equal_the_interpreter() {
    for shape in [
        [33, 128, 128],
        [32, 500, 70],
        [40, 401, 24],
        [20, 400, 33],
        [35, 97, 256],
        [33, 400, 70],
    ] {
        products::<f64>(shape, 1e-13);
        products::<f32>(shape, 1e-5);
    }
}

#[test]
fn products_with_few_columns_equal_the_interpreter() {
    for n in [2, 3, 4, 7, 8] {
        for m in [12, 13, 19, 24] {
            for k in [8, 16, 17, 22, 39, 127] {
                products::<f64>([m, k, n], 1e-14);
                products::<f32>([m, k, n], 1e-5);
            }
        }
    }
    products::<f64>([20, 1600, 2], 1e-13);
    products::<f32>([12, 1600, 4], 1e-5);
}

/// A row that fills no whole register is read with the next one's beginning, which must not count.
#[test]
fn no_row_of_a_product_with_few_columns_sees_its_neighbour() {
    fn neighbours<T: Lane + Float>() {
        let (m, k) = (15, 35);
        for (n, turned) in [(2, false), (2, true), (4, false), (4, true)] {
            let b = if turned { [n, k] } else { [k, n] };
            let inputs: [(&str, &[usize]); 2] = [("a", &[m, k]), ("b", &b)];
            let f = Function::<T>::record(&inputs, |v| vec![v[0].matmul_with(v[1], false, turned)]);
            let f = f.unwrap();
            let mut a = vec![T::ONE; m * k];
            a[7 * k..8 * k].fill(T::NAN);
            for isa in Isa::available() {
                let program = Program::compile_for(&f, isa).unwrap();
                let mut out = vec![T::ZERO; m * n];
                let b = vec![T::ONE; k * n];
                program.eval(&mut program.workspace(1), 0, &[&a, &b], &mut out);
                for (i, row) in out.chunks(n).enumerate() {
                    let expected = if i == 7 {
                        T::NAN
                    } else {
                        T::from_f64(k as f64)
                    };
                    assert!(
                        row.iter().all(|&x| x == expected || x.is_nan() && i == 7),
                        "{isa:?} row {i}"
                    );
                }
            }
        }
    }
    neighbours::<f64>();
    neighbours::<f32>();
}

#[test]
fn a_row_of_a_product_has_the_same_bits_among_any_number_of_rows() {
    let (k, n) = (37, 41);
    let mut numbers = Numbers(11);
    let (a, b) = (numbers.many::<f64>(40 * k), numbers.many::<f64>(k * n));
    let product = |m: usize, isa| {
        let inputs: [(&str, &[usize]); 2] = [("a", &[m, k]), ("b", &[k, n])];
        let f = Function::<f64>::record(&inputs, |v| vec![v[0].matmul(v[1])]).unwrap();
        let program = Program::compile_for(&f, isa).unwrap();
        let mut out = vec![0.0; m * n];
        program.eval(&mut program.workspace(1), 0, &[&a[..m * k], &b], &mut out);
        out
    };
    for isa in Isa::available() {
        let all = product(40, isa);
        for m in [1, 2, 3, 7, 12, 19] {
            assert_eq!(product(m, isa), all[..m * n], "{isa:?}");
        }
    }
}

#[test]
fn few_samples_of_wide_networks_equal_the_interpreter() {
    let hidden = 65;
    for samples in [2, 3, 4, 5, 7, 9, 15, 20, 23, 35, 47] {
        let widths = [3, hidden, hidden, 2, 3];
        every_isa(
            &network::<f64>(&widths, samples, Unary::Tanh, true),
            2,
            1e-13,
            Some(true),
        );
        every_isa(
            &network::<f32>(&widths, samples, Unary::Tanh, false),
            2,
            2e-5,
            Some(true),
        );
    }
    // A sum over batch and units leaves out what fills the registers.
    let f = Function::<f64>::record(&[("h", &[3, 65]), ("theta", &[65 * 65])], |v| {
        let w = v[1].slice(0, 0..65 * 65).reshape([65, 65]);
        let y = v[0].matmul(w);
        vec![y * (y.sum() * 0.01)]
    });
    every_isa(&f.unwrap(), 1, 1e-12, None);
}

#[test]
fn many_panels_of_round_widths_equal_the_interpreter() {
    // Panels that would lie a round number apart have room between them: units by sixteens, and eight panels or more.
    for samples in [37, 261] {
        let widths = [3, 16, 32, 3];
        let f = network::<f64>(&widths, samples, Unary::Tanh, true);
        every_isa(&f, 2, 1e-13, Some(true));
    }
    let f = network::<f32>(&[16, 16, 16], 517, Unary::Tanh, false);
    every_isa(&f, 2, 2e-5, Some(true));
    // The whole state is summed, and what lies between panels is not.
    let f = Function::<f64>::record(&[("h", &[259, 16]), ("theta", &[256])], |v| {
        let y = v[0].matmul(v[1].reshape([16, 16]));
        vec![y * (y.sum() * 0.001)]
    });
    every_isa(&f.unwrap(), 1, 1e-12, None);
}

#[test]
fn products_over_nothing_are_zeros_that_go_on() {
    let inputs: [(&str, &[usize]); 4] = [("c", &[0]), ("m", &[5, 0]), ("k", &[]), ("y", &[3])];
    let f = Function::<f64>::record(&inputs, |v| {
        let (none, zeros) = (v[0].matmul(v[0]), v[1].matmul_with(v[1], false, true));
        vec![
            none.cos(),
            (none + 2.0) * v[2],
            Scalar::min(none, v[3]),
            zeros + v[2],
            v[1].matmul(v[0]),
            v[1].transpose().matmul(v[1]),
        ]
    })
    .unwrap();
    let at: [&[f64]; 4] = [&[], &[], &[3.0], &[-1.0, 0.5, 2.0]];
    let expected = f.eval(&at).unwrap().concat();
    for isa in Isa::available() {
        let program = Program::compile_for(&f, isa).unwrap();
        let mut out = vec![f64::NAN; expected.len()];
        program.eval(&mut program.workspace(1), 0, &at, &mut out);
        assert_eq!(out, expected, "{isa:?}");
    }
}

/// Runs of elements, repeated ones and single ones, of every length around that of a register and with nothing behind the last.
fn movements<T: Lane + Float>() {
    for width in 1..40 {
        let inputs: [(&str, &[usize]); 2] = [("a", &[3, width]), ("b", &[4, 1])];
        let f = Function::<T>::record(&inputs, |v| {
            let rows = v[0].slice(0, 1..3);
            let spread = v[1].broadcast_to([4, width]);
            let ends = v[0].slice(1, width - 1..width).broadcast_to([3, width]);
            let all = Var::concat(
                &[spread, rows, ends, v[0].gather(vec![0; width], [1, width])],
                0,
            );
            vec![all.sum_axis(1), all.reshape([width, 10]).sum_axis(0)]
        });
        let f = f.unwrap();
        let mut numbers = Numbers(width as u64);
        let (a, b) = (numbers.many::<T>(3 * width), numbers.many::<T>(4));
        let expected = f.eval(&[&a, &b]).unwrap().concat();
        for isa in Isa::available() {
            let program = Program::compile_for(&f, isa).unwrap();
            let mut out = vec![T::ZERO; 20];
            program.eval(&mut program.workspace(1), 0, &[&a, &b], &mut out);
            let off = difference(&out, &expected);
            assert!(
                off <= 50.0 * T::epsilon().to_f64().unwrap(),
                "{isa:?} {width}: {off:e}"
            );
        }
    }
}

#[test]
fn movements_of_runs_equal_the_interpreter() {
    movements::<f64>();
    movements::<f32>();
}

/// Gated steps over arrays of `len`, most of whose numbers the products need.
fn gated<T: Lane + Float>(len: usize, branch: bool) -> Function<T> {
    let point = vec![T::HALF; len];
    let inputs: [(&str, &[usize], &[T]); 2] = [("x", &[len], &point), ("theta", &[len], &point)];
    let f = Function::record_at(&inputs, |v: &[Var<'_, T>]| {
        let mut state = v[0];
        for _ in 0..8 {
            let gate = (state * v[1]).sigmoid();
            state = gate * state + (state - gate).tanh() * v[1];
        }
        let total = state.sum();
        let scale = if branch && total < T::from_f64(1e3) {
            total.sin()
        } else {
            total
        };
        vec![state * scale]
    });
    f.unwrap()
}

#[test]
fn frames_that_are_files_keep_apart_what_they_hold() {
    for isa in Isa::available() {
        let f = gated::<f64>(20, true);
        let program = Program::with_products_for(&f, 1, isa).unwrap();
        let Lowering::Plain(plain) = &program.lowering else {
            unreachable!("a vector of products is no layer")
        };
        assert_eq!(plain.frame_len(), plain.file + 20);
        agrees(&f, 1, isa, 1e-13, Some(false));
        agrees(&gated::<f32>(33, false), 1, isa, 1e-5, Some(false));

        let mut workspace = program.workspace(1);
        program.set_params(&mut workspace, &[0.1; 20]);
        let mut out = [0.0; 20];
        program.eval(&mut workspace, 0, &[&[0.2; 20]], &mut out);
        program.check_guards(&workspace).unwrap();
        program.eval(&mut workspace, 0, &[&[1e6; 20]], &mut out);
        assert!(program.check_guards(&workspace).is_err() && out[3].is_nan());
        program.eval(&mut workspace, 0, &[&[0.2; 20]], &mut out);
        program.check_guards(&workspace).unwrap();
    }
}

#[test]
fn an_operation_is_written_over_the_array_that_nothing_else_reads() {
    let inputs: [(&str, &[usize]); 2] = [("a", &[24, 16]), ("b", &[16, 32])];
    let compiled = |f: fn(Var<'_, f64>) -> Vec<Var<'_, f64>>| {
        let f = Function::record(&inputs, |v| f(v[0].matmul(v[1]))).unwrap();
        let program = Program::compile_for(&f, Isa::Sse2).unwrap();
        let mut numbers = Numbers(7);
        let (a, b) = (numbers.many::<f64>(24 * 16), numbers.many::<f64>(16 * 32));
        let mut out = vec![0.0; program.output_len()];
        program.eval(&mut program.workspace(1), 0, &[&a, &b], &mut out);
        let expected = f.eval(&[&a, &b]).unwrap().concat();
        assert!(difference(&out, &expected) <= 1e-13);
        program.cost().bytes(1)
    };
    let array = 24 * 32 * size_of::<f64>();
    let product = compiled(|p| vec![p]);
    assert!(compiled(|p| vec![p.tanh()]) < product + array);
    // Here the product is an output too, there its first row is read for all rows.
    assert!(compiled(|p| vec![p.tanh(), p]) >= product + array);
    assert!(
        compiled(|p| {
            let row = p.slice(0, 0..1).broadcast_to([24, 32]);
            vec![p * row]
        }) >= product + array
    );
}
