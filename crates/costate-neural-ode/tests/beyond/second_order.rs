//! Second derivatives against differences of gradients, symmetry, and Jacobians.

use super::field::{Forced, H0, N, P, THETA, close, function, loss, recorded};
use costate_neural_ode::second_order::{
    Along, HessianProduct, RecordedTangents, Tangent, gauss_newton_product, hessian_product,
};
use costate_neural_ode::{
    Discrete, Forward, Gradient, GradientMethod, Native, Problem, VectorField,
};
use costate_ode::{Options, tableau};

const SAVE: [f64; 3] = [0.31, 1.12, 1.9];

fn problem<'a>(h0: &'a [f64], theta: &'a [f64]) -> Problem<'a, f64, f64> {
    Problem {
        h0,
        theta,
        t0: 0.2,
        t1: 1.9,
        save_at: &SAVE,
    }
}

/// A direction from a seed: δh₀ and δθ.
fn direction(seed: f64) -> ([f64; N], [f64; P]) {
    let number = |i: usize| (seed + 1.9 * i as f64).cos();
    (
        std::array::from_fn(number),
        std::array::from_fn(|k| number(k + N)),
    )
}

fn product(name: &str, options: &Options<f64>, seed: f64) -> HessianProduct {
    let (tableau, (h0, theta)) = (tableau::by_name(name).unwrap(), direction(seed));
    let field = RecordedTangents::new(&function()).unwrap();
    let like = vec![Tangent::constant(0.0); N];
    let mut discrete = Discrete::new(field, &like, tableau, options.clone()).unwrap();
    let along = Along {
        h0: &h0,
        theta: &theta,
    };
    hessian_product(&mut discrete, &problem(&H0, &THETA), &along, &mut loss).unwrap()
}

fn entries(gradient: &Gradient<f64>) -> Vec<f64> {
    let ends = [gradient.t0, gradient.t1];
    [&gradient.h0[..], &gradient.theta, &gradient.save, &ends].concat()
}

#[test]
fn hessian_products_are_differences_of_gradients() {
    let options = Options::constant_step(0.11);
    for name in ["tsit5", "rk4", "dopri5", "heun"] {
        let tableau = tableau::by_name(name).unwrap();
        let mut discrete =
            Discrete::new(recorded(), &vec![0.0; N], tableau, options.clone()).unwrap();
        for seed in [0.3, 2.2] {
            let (dh, dtheta) = direction(seed);
            let mut at = |by: f64| {
                let h0: [f64; N] = std::array::from_fn(|i| H0[i] + by * dh[i]);
                let theta: [f64; P] = std::array::from_fn(|k| THETA[k] + by * dtheta[k]);
                entries(discrete.gradient(&problem(&h0, &theta), &mut loss).unwrap())
            };
            let mut central = |reach: f64| -> Vec<f64> {
                let (ahead, behind) = (at(reach), at(-reach));
                ahead
                    .iter()
                    .zip(&behind)
                    .map(|(a, b)| (a - b) / (2.0 * reach))
                    .collect()
            };
            let (wide, near) = (central(2e-3), central(1e-3));
            let found = product(name, &options, seed);
            for (i, value) in entries(&found.product).iter().enumerate() {
                let expected = near[i] + (near[i] - wide[i]) / 3.0;
                close(&format!("{name}, entry {i}"), *value, expected, 1e-7);
            }
            let plain = discrete.gradient(&problem(&H0, &THETA), &mut loss).unwrap();
            for (a, b) in entries(&found.gradient).iter().zip(entries(plain)) {
                close(name, *a, b, 1e-13);
            }
            let along = dh
                .iter()
                .zip(&plain.h0)
                .chain(dtheta.iter().zip(&plain.theta));
            let slope = along.map(|(v, g)| v * g).sum();
            close(name, found.product.loss, slope, 1e-12);
        }
    }
}

#[test]
fn the_hessian_is_symmetric() {
    for options in [
        Options::constant_step(0.11),
        Options::tolerances(1e-5, 1e-5),
    ] {
        for name in ["tsit5", "dopri5", "bosh3"] {
            let dot = |(h0, theta): ([f64; N], [f64; P]), by: &Gradient<f64>| -> f64 {
                let pairs = h0.iter().zip(&by.h0).chain(theta.iter().zip(&by.theta));
                pairs.map(|(a, b)| a * b).sum()
            };
            let [u, v] = [0.3, 2.2].map(|seed| product(name, &options, seed).product);
            let (vu, uv) = (dot(direction(2.2), &u), dot(direction(0.3), &v));
            close(name, vu, uv, 1e-12);
        }
    }
}

#[test]
fn tangents_do_not_change_a_step() {
    let options = Options::tolerances(1e-6, 1e-8);
    let dopri5 = tableau::by_name("dopri5").unwrap();
    let native: Native<_, f64, N, P> = Native::new(Forced);
    let mut plain = Discrete::new(native, &[0.0; N], dopri5, options.clone()).unwrap();
    let native: Native<_, Tangent, N, P> = Native::new(Forced);
    let like = [Tangent::constant(0.0); N];
    let mut with = Discrete::new(native, &like, dopri5, options).unwrap();
    let (h0, theta) = direction(1.0);
    let along = Along {
        h0: &h0,
        theta: &theta,
    };
    let found = hessian_product(&mut with, &problem(&H0, &THETA), &along, &mut loss).unwrap();
    let plain_gradient = plain
        .gradient(&problem(&H0, &THETA), &mut loss)
        .unwrap()
        .clone();
    assert_eq!(found.gradient.stats.forward, plain_gradient.stats.forward);
    assert!(plain.steps().eq(with.steps()));
    assert_eq!(found.gradient.loss, plain_gradient.loss);
    let recorded = product("dopri5", &Options::tolerances(1e-6, 1e-8), 1.0);
    for (a, b) in entries(&found.product)
        .iter()
        .zip(entries(&recorded.product))
    {
        close("native, recorded", *a, b, 1e-12);
    }
}

#[test]
fn forward_over_forward_is_forward_over_reverse() {
    let options = Options::constant_step(0.17);
    for name in ["tsit5", "rk4"] {
        let tableau = tableau::by_name(name).unwrap();
        let field = RecordedTangents::new(&function()).unwrap();
        let like = vec![Tangent::constant(0.0); N];
        let mut forward = Forward::new(field, &like, tableau, options.clone()).unwrap();
        let (h0, theta) = direction(0.7);
        let along = Along {
            h0: &h0,
            theta: &theta,
        };
        let found =
            hessian_product(&mut forward, &problem(&H0, &THETA), &along, &mut loss).unwrap();
        let expected = product(name, &options, 0.7);
        for (a, b) in entries(&found.product)
            .iter()
            .zip(entries(&expected.product))
        {
            close(name, *a, b, 1e-12);
        }
    }
}

#[test]
fn gauss_newton_products_are_those_of_the_jacobian() {
    let options = Options::constant_step(0.11);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let (h0, theta) = direction(0.9);
    let along = Along {
        h0: &h0,
        theta: &theta,
    };
    // J by columns, from sensitivities.
    let mut forward = Forward::new(recorded(), &vec![0.0; N], tsit5, options.clone()).unwrap();
    let (states, columns) = forward.solve(&problem(&H0, &THETA)).unwrap();
    let states = states.values().to_vec();
    let column = |k: usize| -> Vec<f64> {
        let of = |save: usize| {
            if k < N {
                columns.h0(save, k)
            } else {
                columns.theta(save, k - N)
            }
        };
        (0..SAVE.len()).flat_map(|save| of(save).to_vec()).collect()
    };
    let columns: Vec<Vec<f64>> = (0..N + P).map(column).collect();
    let weight = |i: usize| 0.5 + (i as f64).sin().abs();
    let direction = [&h0[..], &theta].concat();
    let moved: Vec<f64> = (0..N * SAVE.len())
        .map(|i| columns.iter().zip(&direction).map(|(c, v)| c[i] * v).sum())
        .collect();
    let expected: Vec<f64> = columns
        .iter()
        .map(|c| (0..moved.len()).map(|i| c[i] * weight(i) * moved[i]).sum())
        .collect();

    let field = RecordedTangents::new(&function()).unwrap();
    let like = vec![Tangent::constant(0.0); N];
    let mut discrete = Discrete::new(field.clone(), &like, tsit5, options.clone()).unwrap();
    let mut forward = Forward::new(field, &like, tsit5, options).unwrap();
    let methods: [&mut dyn GradientMethod<f64, Tangent>; 2] = [&mut discrete, &mut forward];
    for method in methods {
        let mut seen = Vec::new();
        let found = gauss_newton_product(
            method,
            &problem(&H0, &THETA),
            &along,
            &mut |saved, moved, out| {
                assert_eq!(saved.len(), SAVE.len());
                let pairs = saved.values().iter().zip(&states);
                pairs.for_each(|(a, b)| close("h", *a, *b, 1e-13));
                seen = moved.values().to_vec();
                for (i, (out, moved)) in out.values_mut().iter_mut().zip(moved.values()).enumerate()
                {
                    *out = weight(i) * moved;
                }
            },
        );
        let found = found.unwrap();
        seen.iter()
            .zip(&moved)
            .for_each(|(a, b)| close("J v", *a, *b, 1e-12));
        let product = [&found.h0[..], &found.theta].concat();
        product
            .iter()
            .zip(&expected)
            .for_each(|(a, b)| close("JᵀWJv", *a, *b, 1e-12));
        let curvature: f64 = (0..moved.len())
            .map(|i| weight(i) * moved[i] * moved[i])
            .sum();
        close("vᵀJᵀWJv", found.loss, curvature, 1e-12);
    }
}

#[test]
fn a_field_used_again_forgets_what_was_accumulated() {
    let mut field = RecordedTangents::new(&function()).unwrap();
    let theta = THETA.map(Tangent::constant);
    field.set_parameters(&theta);
    let (h, mut dh) = (H0.map(Tangent::constant), [Tangent::constant(0.0); N]);
    let one = Tangent::constant(1.0);
    field.eval(0, one, &h, &mut dh);
    field.products(0, &[one; N], &mut dh);
    let mut sums = [[Tangent::constant(0.0); P]; 2];
    for sum in &mut sums {
        field.accumulate(&[(0, one)]);
        field.finish(sum);
    }
    assert_eq!(sums[0], sums[1]);
    assert!(sums[0].iter().any(|sum| sum.value != 0.0));
    field.accumulate(&[(0, one)]);
    field.set_parameters(&theta);
    field.finish(&mut sums[0]);
    assert!(sums[0].iter().all(|sum| sum.value == 0.0));
    // What a frame takes: state, row, time, and the tangents of all.
    assert!(field.frame_bytes() >= (4 * N + 2) * size_of::<f64>());
}

#[test]
fn a_tangent_multiplied_and_added_is_the_product_and_the_sum() {
    use num_traits::Float;
    let number = |value, tangent| Tangent { value, tangent };
    let found = number(3.0, 0.5).mul_add(number(-2.0, 4.0), number(7.0, 0.25));
    assert_eq!((found.value, found.tangent), (1.0, 11.25));
}

#[test]
fn a_tangent_that_is_assigned_to_has_the_derivative_of_what_is_written_out() {
    let (x, y) = (
        Tangent {
            value: 3.0,
            tangent: 1.0,
        },
        Tangent::constant(2.0),
    );
    let mut z = x;
    z *= x; // x²
    z += x * y; // x² + 2x
    z /= y; // x²/2 + x
    z -= x * x * x; // x²/2 + x − x³
    assert_eq!((z.value, z.tangent), (-19.5, -23.0));
}
