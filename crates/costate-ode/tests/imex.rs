//! Systems in two parts.

use costate_ode::{
    DirkTableau, Imex, Integrator, Ivp, Matrix, Method, Options, Split, WithJacobian,
};
use costate_problems::{
    DoubleDouble as Number, Rows, coloured_trees, elementary_weights, violation,
};
use num_traits::{Float, ToPrimitive};

/// The coefficients of Kennedy and Carpenter are fractions near to the true ones.
const TOLERANCE: f64 = 1e-23;

fn additive() -> impl Iterator<Item = &'static DirkTableau> {
    let all = DirkTableau::all().iter().copied();
    all.filter(|tableau| !tableau.explicit.is_empty())
}

/// a of the explicit and of the implicit method.
fn matrices(tableau: &DirkTableau) -> [Rows; 2] {
    let s = tableau.stages();
    let zero = || Number::new(0.0);
    let explicit = |i: usize, j: usize| tableau.explicit[i].get(j).map_or(zero(), |a| a.to());
    let implicit = |i: usize, j: usize| if j <= i { tableau.a(i, j).to() } else { zero() };
    let square = |a: &dyn Fn(usize, usize) -> Number| -> Rows {
        (0..s).map(|i| (0..s).map(|j| a(i, j)).collect()).collect()
    };
    [square(&explicit), square(&implicit)]
}

#[test]
fn there_are_three_additive_methods() {
    let names: Vec<&str> = additive().map(|tableau| tableau.name).collect();
    assert_eq!(names, ["kencarp3", "kencarp4", "kencarp5"]);
}

#[test]
fn both_parts_together_meet_the_order_conditions_of_trees_in_two_colours() {
    for tableau in additive() {
        let a = matrices(tableau);
        let b: Vec<Number> = (0..tableau.stages()).map(|i| tableau.b(i).to()).collect();
        let embedded: Vec<Number> = b
            .iter()
            .zip(tableau.b_err)
            .map(|(b, e)| *b - e.to())
            .collect();
        for (weights, claimed) in [
            (b, tableau.order),
            (embedded, tableau.embedded_order.unwrap()),
        ] {
            let trees = coloured_trees(claimed + 1, 2);
            let phi = elementary_weights(&trees, |_, colour| &a[colour]);
            for order in 1..=claimed {
                let off = violation(&weights, order, 1.0, &trees, &phi);
                assert!(
                    off < TOLERANCE,
                    "{}: order {order} is missed by {off:e}",
                    tableau.name
                );
            }
            let off = violation(&weights, claimed + 1, 1.0, &trees, &phi);
            assert!(off > 1e-6, "{} has a higher order: {off:e}", tableau.name);
        }
    }
}

type Part = fn(Number, &[Number; 2], &mut [Number; 2]);

/// Name, explicit and implicit part, solution.
type Problem = (&'static str, Part, Part, fn(Number) -> [Number; 2]);

/// Problems in two parts, with solutions.
fn problems() -> [Problem; 2] {
    [
        (
            "rotation",
            |_, y, dy| *dy = [y[1], Number::new(0.0)],
            |_, y, dy| *dy = [Number::new(0.0), -y[0]],
            |t| [t.cos(), -t.sin()],
        ),
        (
            // y₀ = e^{sin t}, y₁ = 1/(1 + t/2).
            "products",
            |t, y, dy| *dy = [y[0] * t.cos() * Number::new(0.25), -y[1] * y[1]],
            |t, y, dy| {
                *dy = [
                    y[0] * t.cos() * Number::new(0.75),
                    Number::new(0.5) * y[1] * y[1],
                ]
            },
            |t| {
                [
                    t.sin().exp(),
                    Number::new(1.0) / (Number::new(1.0) + t * Number::new(0.5)),
                ]
            },
        ),
    ]
}

fn distance(a: &[Number; 2], b: &[Number; 2]) -> f64 {
    let off = a.iter().zip(b).map(|(a, b)| (*a - *b).abs());
    off.fold(Number::new(0.0), Float::max).to_f64().unwrap()
}

/// Errors at the end, and of dense output in the first step.
fn errors(tableau: &'static DirkTableau, which: usize, steps: usize, sign: f64) -> (f64, f64) {
    let (_, explicit, implicit, exact) = problems()[which];
    let t1 = Number::new(sign);
    let h = t1 / Number::new(steps as f64);
    let (t0, y0) = (Number::new(0.0), exact(Number::new(0.0)));
    let options = Options {
        step: Some(h.abs()),
        ..Options::tolerances(Number::new(1e-13), Number::new(1e-13))
    };
    let inside = t0 + h * Number::new(0.3);
    let solution = Ivp::with_system(Split::new(explicit, implicit), t0, y0, t1)
        .method(Method::from(tableau))
        .options(options)
        .save_at([inside, t1])
        .solve()
        .unwrap();
    (
        distance(&solution.y[1], &exact(t1)),
        distance(&solution.y[0], &exact(inside)),
    )
}

#[test]
fn the_observed_order_is_the_claimed_one_forward_and_backward() {
    for tableau in additive() {
        for (which, (name, ..)) in problems().iter().enumerate() {
            let observed = [1.0, -1.0].map(|sign| {
                let (coarse, fine) = (
                    errors(tableau, which, 40, sign),
                    errors(tableau, which, 80, sign),
                );
                ((coarse.0 / fine.0).log2(), (coarse.1 / fine.1).log2() - 1.0)
            });
            let order = (observed[0].0 + observed[1].0) / 2.0;
            let dense = (observed[0].1 + observed[1].1) / 2.0;
            println!("{} on {name}: {order:.2} {dense:.2}", tableau.name);
            assert!(
                (order - tableau.order as f64).abs() < 0.2,
                "{} on {name}: {order}",
                tableau.name
            );
            assert!(dense > 2.8, "{} on {name}: {dense}", tableau.name);
        }
    }
}

/// Advection taken explicitly, diffusion implicitly, on a ring of n points.
fn advection(n: usize) -> impl Fn(f64, &Vec<f64>, &mut Vec<f64>) + Clone {
    move |_, u, du| {
        for i in 0..n {
            du[i] = -0.5 * n as f64 * (u[(i + 1) % n] - u[(i + n - 1) % n]);
        }
    }
}

fn diffusion(n: usize) -> impl Fn(f64, &Vec<f64>, &mut Vec<f64>) + Clone {
    move |_, u, du| {
        for i in 0..n {
            du[i] = (n * n) as f64 * (u[(i + 1) % n] - 2.0 * u[i] + u[(i + n - 1) % n]);
        }
    }
}

#[test]
fn advection_and_diffusion_end_where_their_modes_say() {
    let n = 60;
    let pi = std::f64::consts::PI;
    let angle = 2.0 * pi / n as f64;
    let u0: Vec<f64> = (0..n).map(|i| (angle * i as f64).sin()).collect();
    let (rate, speed) = (
        4.0 * (n * n) as f64 * (0.5 * angle).sin().powi(2),
        n as f64 * angle.sin(),
    );
    let end = 0.05;
    for tableau in additive() {
        for tolerance in [1e-4, 1e-7] {
            let solution =
                Ivp::with_system(Split::new(advection(n), diffusion(n)), 0.0, u0.clone(), end)
                    .method(Method::from(tableau))
                    .rtol(tolerance)
                    .atol(tolerance)
                    .save_end()
                    .solve()
                    .unwrap();
            let mut largest = 0.0_f64;
            for (i, u) in solution.last().iter().enumerate() {
                let exact = (-rate * end).exp() * (angle * i as f64 - speed * end).sin();
                largest = largest.max((u - exact).abs());
            }
            println!(
                "{} {tolerance:e}: {largest:e} {:?}",
                tableau.name, solution.stats
            );
            assert!(largest < 50.0 * tolerance, "{}: {largest:e}", tableau.name);
            assert!(
                solution.stats.jacobians < 1 + solution.stats.steps / 2,
                "{:?}",
                solution.stats
            );
        }
    }
}

#[test]
fn the_jacobian_is_that_of_the_implicit_part() {
    let explicit = |t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -t.sin();
    let implicit = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e4 * (y[0] - t.cos());
    let jacobian = |_t: f64, _y: &[f64; 1], j: &mut Matrix<f64>| j.set(0, 0, -1e4);
    let solve = |system| -> (f64, costate_ode::Stats) {
        let ivp =
            Ivp::with_system(system, 0.0, [1.0], 2.0).method(Method::by_name("kencarp5").unwrap());
        let solution = ivp.save_end().solve().unwrap();
        (solution.last()[0], solution.stats)
    };
    let (y, stats) = solve(Split::new(explicit, WithJacobian::new(implicit, jacobian)));
    assert!((y - 2.0_f64.cos()).abs() < 1e-5);
    assert!(stats.jacobians > 0 && stats.steps < 200, "{stats:?}");
}

#[test]
fn methods_without_a_companion_see_the_sum() {
    let explicit = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], 0.0];
    let implicit = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [0.0, -y[0]];
    let whole = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
    for name in ["tsit5", "kvaerno5", "radau"] {
        let method = Method::by_name(name).unwrap();
        let split = Ivp::with_system(Split::new(explicit, implicit), 0.0, [1.0, 0.0], 5.0);
        let split = split.method(method).solve().unwrap();
        let plain = Ivp::new(whole, 0.0, [1.0, 0.0], 5.0)
            .method(method)
            .solve()
            .unwrap();
        assert_eq!(split.y, plain.y, "{name}");
    }
}

#[test]
fn a_step_can_be_taken_again_and_costs_what_it_says() {
    let explicit = |t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [t.cos(), -y[0]];
    let implicit = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-50.0 * y[0], 0.0];
    let mut system = Split::new(explicit, implicit);
    let engine = Imex::new(
        DirkTableau::by_name("kencarp4").unwrap(),
        &mut system,
        &[1.0, 0.0],
    );
    let options = Options::tolerances(1e-6, 1e-6);
    let mut it = Integrator::with_engine(engine, system, 0.0, &[1.0, 0.0], options).unwrap();
    it.set_end(2.0);
    (0..4).for_each(|_| it.step().unwrap());
    let (h, end) = (it.h(), *it.y());
    assert!(it.retake(0.5 * h) && it.retake(h));
    for (a, b) in it.y().iter().zip(end) {
        assert!((a - b).abs() < 1e-7, "{a} {b}");
    }
}

/// Steps, rejected ones, evaluations, Jacobians, factorisations and solutions at a tolerance of 1e-6.
const COUNTS: &[(&str, [usize; 6])] = &[
    ("kencarp3", [77, 0, 774, 4, 26, 385]),
    ("kencarp4", [27, 1, 429, 3, 21, 208]),
    ("kencarp5", [17, 2, 345, 2, 16, 172]),
];

#[test]
fn counts_are_as_they_were() {
    let count = |tableau: &'static DirkTableau| {
        let n = 20;
        let u0: Vec<f64> = (0..n).map(|i| if i < 10 { 1.0 } else { 0.0 }).collect();
        let ivp = Ivp::with_system(Split::new(advection(n), diffusion(n)), 0.0, u0, 0.1);
        let ivp = ivp.method(Method::from(tableau)).rtol(1e-6).atol(1e-6);
        let stats = ivp.save_end().solve().unwrap().stats;
        (
            tableau.name,
            [
                stats.steps,
                stats.rejected,
                stats.nfe,
                stats.jacobians,
                stats.factorisations,
                stats.solves,
            ],
        )
    };
    let counts: Vec<_> = additive().map(count).collect();
    assert_eq!(counts, COUNTS, "\n{counts:?}");
}
