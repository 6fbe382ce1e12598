//! The elementary kernels on every instruction set of this processor, against multiple precision and, densely, against f64.

use super::dispatch::Isa;
use crate::function::Function;
use crate::op::Unary;
use crate::program::{Lane, Program};
use crate::scalar::Scalar;

const KERNELS: [Unary; 11] = [
    Unary::Exp,
    Unary::Expm1,
    Unary::Elu,
    Unary::Tanh,
    Unary::Sigmoid,
    Unary::Silu,
    Unary::Softplus,
    Unary::Ln,
    Unary::Sin,
    Unary::Cos,
    Unary::Relu,
];

/// Values from multiple precision (see `tests/reference/make.py`): operation, type, x, value, derivative.
const TABLE: &str = include_str!("../../tests/reference/unary.csv");

/// Units in the last place that a kernel may be off.
const ALLOWED: f64 = 2.5;

fn compiled<T: Lane>(op: Unary, x: &[T], isa: Isa) -> Vec<T> {
    let shape = [x.len()];
    let f = Function::<T>::record(&[("x", &shape)], |v| vec![v[0].unary(op)]).unwrap();
    let program = Program::compile_for(&f, isa).unwrap();
    let mut y = vec![T::from_f64(0.0); x.len()];
    program.eval(&mut program.workspace(1), 0, &[x], &mut y);
    y
}

/// Units in the last place between a result and what it should be, which overflows where the result may.
fn ulps_f64(found: f64, exact: f64) -> f64 {
    if found.to_bits() == exact.to_bits() || found.is_nan() && exact.is_nan() {
        return 0.0;
    }
    let clip = |x: f64| x.clamp(-f64::MAX, f64::MAX);
    let (found, exact) = (clip(found), clip(exact));
    let size = exact.abs().min(f64::MAX.next_down());
    (found - exact).abs() / (size.next_up() - size)
}

fn ulps_f32(found: f32, exact: f64) -> f64 {
    if found.is_nan() && exact.is_nan() {
        return 0.0;
    }
    let most = f64::from(f32::MAX);
    let clip = |x: f64| x.clamp(-most, most);
    let size = (exact.abs() as f32).min(f32::MAX.next_down());
    let unit = f64::from(size.next_up()) - f64::from(size);
    (clip(found.into()) - clip(exact)).abs() / unit
}

#[test]
fn kernels_are_right_to_two_and_a_half_units_at_every_tabulated_argument() {
    let rows: Vec<[&str; 5]> = TABLE
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            fields.try_into().expect("five fields")
        })
        .collect();
    let number = |text: &str| text.parse::<f64>().unwrap();
    for isa in Isa::available() {
        for op in KERNELS {
            let of = |kind: &'static str| {
                let rows = rows
                    .iter()
                    .filter(move |row| row[0] == op.name() && row[1] == kind);
                rows.map(|row| (number(row[2]), number(row[3]))).unzip()
            };
            let (x, exact): (Vec<f64>, Vec<f64>) = of("f64");
            assert!(x.len() > 50);
            for ((&x, &exact), found) in x.iter().zip(&exact).zip(compiled(op, &x, isa)) {
                let off = ulps_f64(found, exact);
                assert!(
                    off <= ALLOWED,
                    "{isa:?} {op:?}({x:e}) = {found:e}: {off} ulp"
                );
                if x == 0.0 {
                    assert_eq!(found.is_sign_negative(), exact.is_sign_negative());
                }
            }
            let (x, exact): (Vec<f64>, Vec<f64>) = of("f32");
            let single: Vec<f32> = x.iter().map(|&x| x as f32).collect();
            for ((&x, &exact), found) in x.iter().zip(&exact).zip(compiled(op, &single, isa)) {
                let off = ulps_f32(found, exact);
                assert!(
                    off <= ALLOWED,
                    "{isa:?} {op:?}({x:e}) = {found:e}: {off} ulp"
                );
            }
        }
    }
}

#[test]
fn kernels_are_right_between_the_tabulated_arguments_too() {
    // Every 20011th bit pattern: all exponents, both signs, infinities and NaNs.
    let x: Vec<f32> = (0..=u32::MAX / 20_011)
        .map(|i| f32::from_bits(i * 20_011))
        .collect();
    // Bit patterns of f64 whose results are neither 0 nor 1 throughout.
    let wide: Vec<f64> = (0..40_000_i32)
        .map(|i| f64::from(i - 20_000) * 0.0371 + 1e-7 * f64::from(i))
        .collect();
    let narrow: Vec<f64> = wide.iter().map(|x| x * 0.01).collect();
    for isa in Isa::available() {
        for op in KERNELS {
            for (&x, found) in x.iter().zip(compiled(op, &x, isa)) {
                let exact = op.value(f64::from(x));
                let off = ulps_f32(found, exact);
                assert!(
                    off <= ALLOWED,
                    "{isa:?} {op:?}({x:e}) = {found:e}: {off} ulp"
                );
            }
            for x in [&wide, &narrow] {
                for (&x, found) in x.iter().zip(compiled(op, x, isa)) {
                    // The library's own value is up to two units off.
                    let exact = op.value(x);
                    let off = ulps_f64(found, exact);
                    assert!(
                        off <= 2.0 + ALLOWED,
                        "{isa:?} {op:?}({x:e}) = {found:e}: {off} ulp"
                    );
                }
            }
        }
    }
}

#[test]
fn functions_of_singles_are_right_where_their_roundings_add_up() {
    use Unary::{Silu, Tanh};
    // Just below powers of two of the results.
    let ranges: [(Unary, f32, f32); 5] = [
        (Tanh, 0.058, 0.0626),
        (Tanh, 0.118, 0.1257),
        (Tanh, 0.24, 0.2555),
        (Silu, -3.22, -3.18),
        (Silu, -16.75, -16.65),
    ];
    for (op, from, to) in ranges {
        let (a, b) = (from.to_bits(), to.to_bits());
        let x: Vec<f32> = (a.min(b)..a.max(b))
            .step_by(3)
            .map(f32::from_bits)
            .collect();
        for isa in Isa::available() {
            for (&x, found) in x.iter().zip(compiled(op, &x, isa)) {
                let off = ulps_f32(found, op.value(f64::from(x)));
                assert!(
                    off <= ALLOWED,
                    "{isa:?} {op:?}({x:e}) = {found:e}: {off} ulp"
                );
            }
        }
    }
}

#[test]
fn silu_keeps_its_digits_down_to_the_smallest_results() {
    // Values from multiple precision (see `tests/reference/silu.py`): type, x, value.
    let rows = include_str!("../../tests/reference/silu.csv")
        .lines()
        .skip(1);
    let rows: Vec<(&str, f64, f64)> = rows
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            (
                fields[0],
                fields[1].parse().unwrap(),
                fields[2].parse().unwrap(),
            )
        })
        .collect();
    for isa in Isa::available() {
        let of = |kind| rows.iter().filter(move |row| row.0 == kind);
        let x: Vec<f64> = of("f64").map(|row| row.1).collect();
        for (row, found) in of("f64").zip(compiled(Unary::Silu, &x, isa)) {
            let off = ulps_f64(found, row.2);
            assert!(
                off <= ALLOWED,
                "{isa:?}: silu({:e}) = {found:e}: {off} ulp",
                row.1
            );
        }
        let x: Vec<f32> = of("f32").map(|row| row.1 as f32).collect();
        assert!(x.len() > 100);
        for (row, found) in of("f32").zip(compiled(Unary::Silu, &x, isa)) {
            let off = ulps_f32(found, row.2);
            assert!(
                off <= ALLOWED,
                "{isa:?}: silu({:e}) = {found:e}: {off} ulp",
                row.1
            );
        }
    }
}

/// 1 − y², the slope, is to be no less than 0.
#[test]
fn tanh_is_odd_and_at_most_one() {
    fn bounded<T: Lane>(one: T) {
        let x: Vec<T> = (0..100_000)
            .map(|i| T::from_f64(3e-4 * f64::from(i)))
            .collect();
        let mirrored: Vec<T> = x.iter().map(|&x| -x).collect();
        for isa in Isa::available() {
            let y = compiled(Unary::Tanh, &x, isa);
            assert!(y.iter().all(|&y| y <= one), "{isa:?}");
            let mirrored = compiled(Unary::Tanh, &mirrored, isa);
            assert!(y.iter().zip(&mirrored).all(|(&y, &m)| y == -m), "{isa:?}");
        }
    }
    bounded(1.0_f64);
    bounded(1.0_f32);
}
