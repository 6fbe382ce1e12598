//! Machine code against the interpreter where it has more values than registers, calls in between, and many inputs: to the bit.

use super::*;

/// The numbers of an evaluation and of its products, and of the same points in lanes.
fn all<T: Lane + Float>(program: &Program<T>, inputs: &[Vec<T>], points: usize) -> Vec<u64> {
    let mut workspace = program.workspace(1);
    program.set_params(&mut workspace, &[T::ONE + T::ONE, T::HALF]);
    let of_point = |p: usize| -> Vec<Vec<T>> {
        let shift = T::from(p).unwrap() / T::from(64.0).unwrap();
        let shifted = |input: &Vec<T>| input.iter().map(|&x| x + shift).collect();
        inputs.iter().map(shifted).collect()
    };
    let mut found = Vec::new();
    let first = of_point(0);
    let first: Vec<&[T]> = first.iter().map(Vec::as_slice).collect();
    let mut out = vec![T::ZERO; program.output_len()];
    program.eval(&mut workspace, 0, &first, &mut out);
    found.extend(out.iter().copied());
    let mut cotangents: Vec<Vec<T>> = inputs.iter().map(|x| vec![T::ZERO; x.len()]).collect();
    let mut slices: Vec<&mut [T]> = cotangents.iter_mut().map(Vec::as_mut_slice).collect();
    program.products(&mut workspace, 0, &out, &mut slices);
    found.extend(cotangents.concat());
    let mut gradient = [T::ZERO; 2];
    program.accumulate(&mut workspace, &[(0, T::HALF)]);
    program.finish(&mut workspace, &mut gradient);
    found.extend(gradient);
    let together: Vec<Vec<T>> = (0..inputs.len())
        .map(|i| {
            let elements = 0..inputs[i].len();
            let points = |e: usize| (0..points).map(move |p| (p, e));
            elements
                .flat_map(points)
                .map(|(p, e)| of_point(p)[i][e])
                .collect()
        })
        .collect();
    let together: Vec<&[T]> = together.iter().map(Vec::as_slice).collect();
    let mut lanes = vec![T::ZERO; program.output_len() * points];
    program
        .run_lanes(&mut workspace, points, &together, &mut lanes)
        .unwrap();
    found.extend(lanes);
    found
        .iter()
        .map(|x| x.to_f64().unwrap().to_bits())
        .collect()
}

/// `count` inputs of some numbers; all sums of two are kept until all products with what comes of them are known.
fn many_values<T: Lane + Float>(count: usize, per_input: usize) -> Function<T> {
    let names: Vec<String> = (0..count).map(|i| format!("x{i}")).collect();
    let shapes = [per_input];
    let mut inputs: Vec<(&str, &[usize])> =
        names.iter().map(|name| (&name[..], &shapes[..])).collect();
    inputs.push(("theta", &[2]));
    Function::record(&inputs, |v| {
        let theta = v[count];
        let x: Vec<_> = v[..count]
            .iter()
            .flat_map(|input| (0..per_input).map(|e| input.index(e)))
            .collect();
        let sums: Vec<_> = (0..x.len()).map(|i| x[i] + x[(i + 1) % x.len()]).collect();
        // Rules that are called, and a function of registers, in between.
        let middle =
            sums[0].atan2(sums[1]) * sums[2].sqrt() + sums[3].powf(sums[4]) * theta.index(0);
        let mut out: Vec<_> = sums
            .iter()
            .rev()
            .zip(&x)
            .map(|(&sum, &x)| (sum - x * middle) / sum.max(x))
            .collect();
        // What enters and leaves as it is, and twice.
        out.extend([x[0], x[1], out[0], out[0], theta.index(1)]);
        vec![Var::stack(&out)]
    })
    .unwrap()
}

fn agrees<T: Lane + Float>() {
    for (count, per_input) in [(1, 50), (3, 3), (4, 20), (8, 5), (9, 5)] {
        let f = many_values::<T>(count, per_input);
        let inputs: Vec<Vec<T>> = (0..count)
            .map(|i| Numbers(i as u64 + 7).many::<T>(per_input))
            .map(|x| x.iter().map(|&x| Float::abs(x) + T::ONE).collect())
            .collect();
        for isa in Isa::available() {
            let program = Program::with_products_for(&f, count, isa).unwrap();
            for points in [1, 16, 67] {
                let interpreted = program.clone().without_machine_code();
                assert_eq!(
                    all(&program, &inputs, points),
                    all(&interpreted, &inputs, points),
                    "{count} inputs of {per_input}, {points} points, {isa:?}"
                );
            }
        }
    }
}

#[test]
fn more_values_than_registers_and_calls_between_them_keep_the_bits() {
    agrees::<f64>();
    agrees::<f32>();
}

#[test]
fn a_clone_outlives_the_program_whose_code_it_shares() {
    let f = many_values::<f64>(1, 50);
    let clone = Program::with_products(&f, 1).unwrap().clone();
    let inputs = Numbers(3).many::<f64>(50);
    let mut out = vec![0.0; clone.output_len()];
    clone.eval(&mut clone.workspace(1), 0, &[&inputs], &mut out);
    assert_eq!(out[50], inputs[0]);
}
