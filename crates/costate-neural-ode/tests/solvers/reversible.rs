//! Reversible solvers against dual numbers, and their memory.

use super::fields::loss_with_cotangents;
use super::memory::peak;
use super::oracle::{Engine, Sized, Solve, distance, entries};
use costate_neural_ode::{
    Discrete, Error, GradientMethod, Native, Problem, Reversible, RightHandSide, Saved,
};
use costate_ode::{Options, tableau};
use costate_tape::Scalar;

/// A pendulum, pushed.
#[derive(Clone)]
struct Pendulum;

impl RightHandSide<2, 2> for Pendulum {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [q, v]: [S; 2], t: S, [stiffness, push]: [S; 2]) -> [S; 2] {
        [v, push * t.cos() - stiffness * q.sin()]
    }
}

const PROBLEM: Problem<'_, f64, f64> = Problem {
    h0: &[0.4, -0.3],
    theta: &[2.0, 0.7],
    t0: 0.3,
    t1: 2.0,
    save_at: &[],
};

type Method = Reversible<f64, Vec<f64>, Native<Pendulum, f64, 2, 2>>;

fn method(engine: Engine, options: Options<f64>) -> Method {
    let (field, like) = (Native::new(Pendulum), vec![0.0; 2]);
    let made = match engine {
        Engine::Heun => Reversible::heun(field, &like, options),
        Engine::Coupled(tableau, coupling) => {
            Reversible::coupled(field, &like, tableau, coupling, options)
        }
        Engine::Method(method) => panic!("{} is not reversible", method.name),
    };
    made.unwrap()
}

fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Heun => "heun",
        Engine::Coupled(tableau, _) => tableau.name,
        Engine::Method(method) => method.name,
    }
}

fn engines() -> Vec<Engine> {
    let coupled = |name: &str, coupling| Engine::Coupled(tableau::by_name(name).unwrap(), coupling);
    vec![
        Engine::Heun,
        coupled("rk4", 0.999),
        coupled("tsit5", 0.99),
        coupled("euler", 1.0),
    ]
}

#[test]
fn reversible_gradients_are_dual_numbers_through_the_same_steps() {
    for engine in engines() {
        for options in [
            Options::constant_step(0.031),
            Options::tolerances(1e-5, 1e-5),
        ] {
            let adaptive = match engine {
                Engine::Coupled(tableau, _) => tableau.embedded_order.is_some(),
                _ => true,
            };
            if options.step.is_none() && !adaptive {
                continue;
            }
            for (t0, t1, save_at) in [
                (0.3, 2.0, &[][..]),
                (0.3, 2.0, &[0.3, 0.9, 0.91, 1.999, 2.0]),
                (0.7, -0.5, &[0.6, -0.49, -0.5]),
            ] {
                let problem = Problem {
                    t0,
                    t1,
                    save_at,
                    ..PROBLEM
                };
                let mut method = method(engine, options.clone());
                let gradient = method.gradient(&problem, &mut loss_with_cotangents);
                let found = entries(gradient.unwrap());
                let steps: Vec<f64> = method.steps().collect();
                let rebuilt = method.rebuilt_within();
                assert!(rebuilt < 1e-12, "{}: {rebuilt:e}", name(engine));
                assert!(steps.len() > 3, "{}: {}", name(engine), steps.len());
                let solve = Solve {
                    formula: &Sized(Pendulum),
                    engine,
                    options: &options,
                    problem,
                    steps: &steps,
                };
                let variables: Vec<_> = found.iter().map(|(variable, _)| *variable).collect();
                let expected = solve.derivatives(&variables);
                let (off, worst) = distance(&found, &expected);
                assert!(
                    off < 1e-11,
                    "{}, {} steps: {worst:?} off by {off:e}\n{found:?}\n{expected:?}",
                    name(engine),
                    steps.len()
                );
            }
        }
    }
}

#[test]
fn a_solve_of_no_length_still_has_all_gradients() {
    for engine in engines() {
        for save_at in [&[][..], &[0.3]] {
            let problem = Problem {
                t1: 0.3,
                save_at,
                ..PROBLEM
            };
            let mut method = method(engine, Options::constant_step(0.1));
            let found = method.gradient(&problem, &mut |saved, cotangents| {
                cotangents.state_mut(0)[0] = 1.0;
                saved.state(0)[0]
            });
            let found = found.unwrap();
            let rate = -0.3; // dq/dt = v
            assert!((found.h0[0] - 1.0).abs() < 1e-12 && found.h0[1].abs() < 1e-12);
            assert!((found.t0 + rate).abs() < 1e-12, "{found:?}");
            let by_end = found.t1 + found.save.iter().sum::<f64>();
            assert!((by_end - rate).abs() < 1e-12, "{found:?}");
        }
    }
}

#[test]
fn a_reversible_method_used_again_forgets_what_was_before() {
    let coupled = |name: &str| Engine::Coupled(tableau::by_name(name).unwrap(), 0.99);
    let constant = || Options::constant_step(0.05);
    for (engine, options) in [
        (Engine::Heun, constant()),
        (coupled("rk4"), constant()),
        (coupled("tsit5"), Options::tolerances(1e-6, 1e-6)),
    ] {
        let save_at = &[0.9, 1.5][..];
        let problem = Problem { save_at, ..PROBLEM };
        let shorter = Problem {
            t1: 0.8,
            save_at: &[0.5],
            ..PROBLEM
        };
        let run = |method: &mut Method, problem| {
            let found = method.gradient(&problem, &mut loss_with_cotangents);
            found.unwrap().clone()
        };
        let made = || method(engine, options.clone());
        let (mut used, mut fresh) = (made(), made());
        let first = run(&mut used, problem);
        assert_eq!(run(&mut used, shorter), run(&mut fresh, shorter));
        assert_eq!(run(&mut used, problem), first, "{}", name(engine));
    }
}

#[test]
fn evaluations_and_products_of_the_way_back_are_counted() {
    let rk4 = Engine::Coupled(tableau::by_name("rk4").unwrap(), 0.99);
    let mut method = method(rk4, Options::constant_step(0.1));
    let found = method
        .gradient(&PROBLEM, &mut loss_with_cotangents)
        .unwrap();
    let stats = found.stats;
    assert_eq!(stats.forward.steps, 17);
    // Two increments of four stages in a step, there and back; each evaluation of the way back has its product.
    assert_eq!(stats.forward.nfe, 17 * 8);
    assert_eq!(stats.backward.nfe, 17 * 8);
    assert_eq!(stats.products, 17 * 8);
}

/// dh/dt = −h/2: the states are as large as h₀.
#[derive(Clone)]
struct Decay;

impl RightHandSide<1, 1> for Decay {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h]: [S; 1], _t: S, [rate]: [S; 1]) -> [S; 1] {
        [-(rate * h)]
    }
}

#[test]
fn how_well_the_start_is_rebuilt_is_a_part_of_its_size() {
    let within = |size: f64| {
        let field = Native::<_, f64, 1, 1>::new(Decay);
        let options = Options::constant_step(0.01);
        let mut method = Reversible::heun(field, &[0.0], options).unwrap();
        let problem = Problem {
            h0: &[size],
            theta: &[0.5],
            t0: 0.0,
            t1: 8.0,
            save_at: &[],
        };
        method
            .gradient(&problem, &mut loss_with_cotangents)
            .unwrap();
        method.rebuilt_within()
    };
    let (one, large) = (within(1.0), within(2_f64.powi(40)));
    assert!(one > 0.0 && one < 1e-11, "{one:e}");
    assert_eq!(one, large);
}

#[test]
fn reversible_methods_refuse_what_makes_no_sense() {
    let mut method = method(Engine::Heun, Options::constant_step(0.1));
    let problem = Problem {
        save_at: &[0.7, 2.5],
        ..PROBLEM
    };
    let found = method.gradient(&problem, &mut loss_with_cotangents);
    assert!(
        matches!(found, Err(Error::SaveTime { index: 1, .. })),
        "{found:?}"
    );
}

#[test]
#[should_panic(expected = "h0 has 1 components and the field 2, but the method was made for 2")]
fn reversible_methods_refuse_a_state_of_another_length() {
    let mut method = method(Engine::Heun, Options::constant_step(0.1));
    let problem = Problem {
        h0: &[0.4],
        ..PROBLEM
    };
    let _ = method.gradient(&problem, &mut loss_with_cotangents);
}

#[test]
fn a_budget_holds_for_implicit_solvers() {
    let kvaerno3 = costate_ode::Method::by_name("kvaerno3").unwrap();
    let run = |budget: Option<usize>| {
        let mut found = Vec::new();
        let bytes = peak(|| {
            let options = Options::constant_step(1e-4);
            let field = Native::new(Pendulum);
            let mut method = Discrete::new(field, &[0.0; 2], kvaerno3, options).unwrap();
            if let Some(budget) = budget {
                method = method.with_budget(budget);
            }
            let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
                cotangents.state_mut(0)[0] = 1.0;
                saved.state(0)[0]
            };
            let gradient = method.gradient(&PROBLEM, &mut loss).unwrap();
            found.extend_from_slice(&gradient.theta);
        });
        (bytes, found)
    };
    let (all, expected) = run(None);
    for budget in [200_000, 400_000] {
        let (bytes, found) = run(Some(budget));
        assert!(bytes <= budget as isize * 11 / 10, "{bytes} of {budget}");
        assert!(all > 2_000_000, "{all} without a budget");
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-11, "{found} {expected}");
        }
    }
}

#[test]
fn memory_does_not_grow_with_the_number_of_steps() {
    let coupled = Engine::Coupled(tableau::by_name("rk4").unwrap(), 1.0);
    for (engine, most) in [(Engine::Heun, 1_000_000), (coupled, 100_000)] {
        let mut peaks = Vec::new();
        for steps in [100, 10_000, most] {
            let bytes = peak(|| {
                let options = Options {
                    max_steps: usize::MAX,
                    ..Options::constant_step(1e-4)
                };
                let mut method = method(engine, options);
                let problem = Problem {
                    t0: 0.0,
                    t1: 1e-4 * f64::from(steps),
                    ..PROBLEM
                };
                let mut loss = |saved: &Saved<f64>, cotangents: &mut Saved<f64>| {
                    cotangents.state_mut(0)[0] = 1.0;
                    saved.state(0)[0]
                };
                let gradient = method.gradient(&problem, &mut loss).unwrap();
                assert!(gradient.h0.iter().all(|h| h.is_finite()));
                assert!(method.steps().count().abs_diff(steps as usize) <= 1);
            });
            println!("{}: {steps:>8} steps, {bytes} bytes", name(engine));
            peaks.push(bytes);
        }
        assert!(peaks[2] <= peaks[0] + 64, "{peaks:?}");
    }
}
