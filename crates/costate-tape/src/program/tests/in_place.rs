//! Evaluations that read and write arrays where the caller has them: which do, that they have the bits of those in the file, and that they
//! touch nothing else.

use super::*;
use crate::op::Binary;
use crate::program::jit::MachineCode;

/// Over all instruction sets: whether code that works in place was written, after comparing it with the interpreter of chains. Inputs begin
/// where no register does, and beside the output lie other numbers.
fn in_place<T: Lane + Float>(f: &Function<T>, parameters: bool, what: &str) -> bool {
    let mut written = 0;
    let mut sets = 0;
    for isa in Isa::available() {
        let program = if parameters {
            Program::with_products_for(f, 1, isa)
        } else {
            Program::compile_for(f, isa)
        };
        let program = program.unwrap();
        let inputs: Vec<Vec<T>> = program
            .varying_inputs()
            .enumerate()
            .map(|(i, (_, len))| Numbers(i as u64 + 3).many(1 + len))
            .collect();
        let slices: Vec<&[T]> = inputs.iter().map(|x| &x[1..]).collect();
        let theta = Numbers(17).many(program.parameter_len());
        let [found, expected] =
            [program.clone(), program.clone().without_machine_code()].map(|program| {
                let mut workspace = program.workspace(1);
                program.set_params(&mut workspace, &theta);
                let len = program.output_len();
                let mut out = vec![T::from_f64(777.0); len + 40];
                // Twice: what the first leaves behind is not read by the second.
                for _ in 0..2 {
                    program.eval(&mut workspace, 0, &slices, &mut out[3..3 + len]);
                }
                let bits = out.iter().map(|x| x.to_f64().unwrap().to_bits());
                bits.collect::<Vec<u64>>()
            });
        assert_eq!(found, expected, "{what}, {isa:?}, in\n{f}");
        let Lowering::Plain(plain) = &program.lowering else {
            unreachable!("no layers, no batch")
        };
        written += usize::from(plain.machine[0].is_some());
        sets += usize::from(MachineCode::<T>::writes_lanes(isa, 1));
    }
    assert!(
        written == 0 || written == sets,
        "{what}: {written} of {sets}"
    );
    written > 0 || sets == 0
}

/// Of functions of two arrays and parameters, and of whether they write to where the caller wants it.
fn both<T: Lane + Float>() {
    type Outputs<T> = for<'t> fn(&[Var<'t, T>]) -> Vec<Var<'t, T>>;
    let two: [(&str, &[usize]); 2] = [("x", &[96]), ("y", &[96])];
    let cases: [(&str, Outputs<T>, bool); 9] = [
        ("two arrays", |v| vec![v[0] * v[1] + v[0].tanh()], true),
        (
            "several outputs",
            |v| vec![v[0] - v[1], (v[0] - v[1]) * v[0].exp()],
            true,
        ),
        (
            "parts of inputs",
            |v| vec![v[0].slice(0, 0..32) / v[1].slice(0, 64..96)],
            true,
        ),
        (
            "a matrix",
            |v| vec![(v[0] * T::HALF).reshape([6, 16]) - v[1].reshape([6, 16])],
            true,
        ),
        (
            "another order of outputs",
            |v| vec![v[1].sin(), v[0] * v[0], v[1].sin() * v[0]],
            true,
        ),
        ("an input that leaves", |v| vec![v[0] + v[1], v[0]], true),
        ("an output twice", |v| vec![v[0] + v[1], v[0] + v[1]], true),
        (
            "a number of an input",
            |v| vec![v[0] * v[1].index(5)],
            false,
        ),
        (
            "no whole registers",
            |v| vec![v[0].slice(0, 0..33) + v[1].slice(0, 3..36)],
            false,
        ),
    ];
    for (what, outputs, expected) in cases {
        let f = Function::<T>::record(&two, outputs).unwrap();
        let found = in_place(&f, false, what);
        assert!(found == expected || !has_code(), "{what}: {found}");
    }
    let three: [(&str, &[usize]); 3] = [("x", &[96]), ("y", &[96]), ("z", &[96])];
    let f = Function::<T>::record(&three, |v| vec![v[0] * v[1] + v[2]]).unwrap();
    assert!(!in_place(&f, false, "more than are at hand") || !has_code());
    // What products need goes into the frame, in steps; a sum needs nothing.
    let theta: [(&str, &[usize]); 2] = [("x", &[96]), ("theta", &[96])];
    let f = Function::<T>::record(&theta, |v| vec![v[0] + v[1]]).unwrap();
    assert!(in_place(&f, true, "parameters"));
    let f = Function::<T>::record(&theta, |v| vec![v[0] * v[1]]).unwrap();
    assert!(!in_place(&f, true, "factors") || !has_code());
    let f = Function::<T>::record(&theta, |v| vec![v[0] - v[1].index(7)]).unwrap();
    assert!(in_place(&f, true, "a parameter"));
}

/// Whether any of this processor's instruction sets is one that code is written for.
fn has_code() -> bool {
    Isa::available().any(|isa| MachineCode::<f64>::writes_lanes(isa, 1))
}

#[test]
fn chains_are_read_and_written_where_the_caller_has_them() {
    both::<f64>();
    both::<f32>();
}

fn every_operation<T: Lane + Float>() {
    let inputs: [(&str, &[usize]); 2] = [("x", &[16 * 7]), ("y", &[16 * 7])];
    let mut written = 0;
    for &op in Unary::ALL {
        let f = Function::<T>::record(&inputs, |v| vec![v[0].unary(op) + v[1]]).unwrap();
        written += usize::from(in_place(&f, false, op.name()));
    }
    for &op in Binary::ALL {
        let f = Function::<T>::record(&inputs, |v| vec![v[0].binary(op, v[1])]).unwrap();
        written += usize::from(in_place(&f, false, op.name()));
    }
    assert!(written > 20, "{written}");
}

#[test]
fn every_operation_in_place_has_the_bits_of_the_interpreter() {
    every_operation::<f64>();
    every_operation::<f32>();
}

#[test]
fn more_values_than_registers_are_kept_in_the_file_meanwhile() {
    let inputs: [(&str, &[usize]); 2] = [("x", &[160]), ("y", &[160])];
    let f = Function::<f64>::record(&inputs, |v| {
        let all: Vec<_> = (1..40)
            .map(|i| (v[0] * (0.1 * f64::from(i))).tanh())
            .collect();
        let forwards = all.iter().fold(v[1], |sum, &one| sum * v[0] + one);
        vec![
            all.iter()
                .rev()
                .fold(forwards, |sum, &one| sum * v[1] + one),
            all[3],
        ]
    });
    assert!(in_place(&f.unwrap(), false, "much waits"));
}
