//! What the methods promise beside agreeing: of solves of no length, what they cost, other numbers, and what they refuse.

use super::agreement::distance;
use super::fields::loss_with_cotangents;
use super::tableaus::tableaus;
use costate_neural_ode::gradient::{METHODS, OTHERS, by_name};
use costate_neural_ode::{
    Backsolve, Error, FiniteDifference, Forward, GradientMethod, Problem, Saved, doc::House,
};
use costate_ode::{Options, tableau};

#[test]
fn a_solve_of_no_length_still_has_all_gradients() {
    for tableau in tableaus() {
        for save_at in [&[][..], &[3.0], &[3.0, 3.0]] {
            for about in METHODS {
                let options = Options {
                    step: tableau.embedded_order.is_none().then_some(0.1),
                    ..Options::tolerances(1e-8, 1e-8)
                };
                let field = House::default();
                let mut method = by_name(about.name, field, &[0.0], tableau, options).unwrap();
                // Something before, whose slopes must not be taken for those of the next solve.
                for t1 in [5.0, 3.0] {
                    let problem = Problem {
                        h0: &[3.0],
                        theta: &[0.25],
                        t0: 3.0,
                        t1,
                        save_at,
                    };
                    let found = method.gradient(&problem, &mut |saved, cotangents| {
                        cotangents.values_mut().fill(1.0);
                        saved.values().iter().sum()
                    });
                    if t1 == 3.0 && about.name == "finite-difference" {
                        let message = found.unwrap_err().to_string();
                        assert!(message.contains("discrete"), "{message}");
                        continue;
                    }
                    let found = found.unwrap();
                    if t1 == 5.0 {
                        continue;
                    }
                    let (name, count) = (about.name, save_at.len().max(1) as f64);
                    let rate = 0.25 * 3.0 * 3.0; // f
                    let close = |x: f64, y: f64| (x - y).abs() < 1e-7;
                    assert!(close(found.h0[0], count), "{name}: {found:?}");
                    assert!(close(found.theta[0], 0.0), "{name}: {found:?}");
                    assert!(close(found.t0, -rate * count), "{name}: {found:?}");
                    let ends = if save_at.is_empty() { rate } else { 0.0 };
                    assert!(close(found.t1, ends), "{name}, {}: {found:?}", tableau.name);
                    assert!(
                        found.save.iter().all(|save| close(*save, rate)),
                        "{name}: {found:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn exact_methods_take_one_product_for_each_evaluation_that_counts() {
    let problem = Problem {
        h0: &[3.0],
        theta: &[0.25],
        t0: 3.0,
        t1: 5.0,
        save_at: &[],
    };
    for tableau in tableaus() {
        let stats = |name: &str| {
            let options = Options {
                step: tableau.embedded_order.is_none().then_some(0.1),
                ..Options::tolerances(1e-6, 1e-6)
            };
            // A small state and one whose length is found out at run time.
            let (field, like) = (House::default(), vec![0.0]);
            let mut small = by_name(name, field.clone(), &[0.0], tableau, options.clone()).unwrap();
            let mut any = by_name(name, field, &like, tableau, options).unwrap();
            let mut loss = |_: &Saved<f64>, cotangents: &mut Saved<f64>| {
                cotangents.state_mut(0)[0] = 1.0;
                0.0
            };
            let small = small.gradient(&problem, &mut loss).unwrap().stats;
            assert_eq!(any.gradient(&problem, &mut loss).unwrap().stats, small);
            small
        };
        let stages = tableau.stages();
        let counts = |i: usize| {
            let weighs = |c: costate_ode::Coefficient| !c.is_zero();
            weighs(tableau.b[i]) || (i + 1..stages).any(|j| weighs(tableau.a(j, i)))
        };
        // The last stage of an FSAL method is the next step's first.
        let (discrete, used) = (
            stats("discrete"),
            (0..tableau.next()).filter(|i| counts(*i)),
        );
        let expected = used.count() * discrete.forward.accepted;
        assert_eq!(discrete.products, expected, "{}", tableau.name);

        let forward = stats("forward");
        let steps = forward.forward.accepted;
        let expected = tableau.next() * steps + usize::from(tableau.fsal);
        assert_eq!(forward.products, expected, "{}", tableau.name);
        assert_eq!(forward.forward, discrete.forward);

        // Along the path one for each evaluation of the costate, and with Gauss three for each step.
        let (along, gauss) = (stats("interpolating"), stats("gauss"));
        assert_eq!(along.products, along.backward.nfe, "{}", tableau.name);
        let expected = gauss.backward.nfe + 3 * gauss.backward.accepted;
        assert_eq!(gauss.products, expected, "{}", tableau.name);
    }
}

#[test]
fn backsolve_tells_how_well_it_rebuilt_the_past() {
    let options = Options::tolerances(1e-8, 1e-8);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let mut method = Backsolve::new(House::default(), &[0.0], tsit5, options).unwrap();
    let mut within = |theta: f64, save_at: &[f64]| {
        let problem = Problem {
            h0: &[3.0],
            theta: &[theta],
            t0: 3.0,
            t1: 5.0,
            save_at,
        };
        let found = method.gradient(&problem, &mut |_, cotangents| {
            cotangents.values_mut().fill(1.0);
            0.0
        });
        found.unwrap();
        method.rebuilt_within()
    };
    // h falls by e⁻²⁴ on the whole way: what was lost does not come back.
    let lost = within(-3.0, &[5.0]);
    assert!(lost > 1e-2, "{lost}");
    // Between the save times at the end it falls most; where it begins there is almost nothing left to lose.
    let lost = within(-3.0, &[3.001, 5.0]);
    assert!(lost > 1e-2, "{lost}");
    // The next gradient speaks of itself alone.
    let kept = within(0.25, &[4.0, 5.0]);
    assert!(kept > 0.0 && kept < 1e-6, "{kept}");
}

#[test]
fn single_precision_states_have_single_precision_gradients() {
    #[derive(Default)]
    struct House32 {
        theta: f32,
        frames: Vec<[f32; 3]>,
        sum: f32,
    }
    impl costate_neural_ode::VectorField<f32> for House32 {
        fn state_len(&self) -> usize {
            1
        }
        fn parameter_len(&self) -> usize {
            1
        }
        fn set_parameters(&mut self, theta: &[f32]) {
            (self.theta, self.sum) = (theta[0], 0.0);
        }
        fn eval(&mut self, frame: usize, t: f32, h: &[f32], dh: &mut [f32]) {
            self.frames
                .resize(self.frames.len().max(frame + 1), [0.0; 3]);
            self.frames[frame] = [t, h[0], 0.0];
            dh[0] = self.theta * t * h[0];
        }
        fn products(&mut self, frame: usize, a: &[f32], a_h: &mut [f32]) -> f32 {
            let [t, h, kept] = &mut self.frames[frame];
            *kept = a[0];
            a_h[0] = a[0] * self.theta * *t;
            a[0] * self.theta * *h
        }
        fn accumulate(&mut self, frames: &[(usize, f32)]) {
            for &(frame, weight) in frames {
                let [t, h, a] = self.frames[frame];
                self.sum += weight * a * t * h;
            }
        }
        fn finish(&mut self, a_theta: &mut [f32]) {
            a_theta[0] = std::mem::take(&mut self.sum);
        }
    }
    // Time and error norm in double precision, the state in single.
    let options = Options::<f64>::tolerances(1e-5, 1e-5);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    for about in METHODS
        .iter()
        .filter(|about| about.name != "finite-difference")
    {
        let mut method = by_name(
            about.name,
            House32::default(),
            &[0.0_f32],
            tsit5,
            options.clone(),
        )
        .unwrap();
        let problem = Problem {
            h0: &[3.0_f32],
            theta: &[0.25],
            t0: 3.0,
            t1: 5.0,
            save_at: &[],
        };
        let found = method.gradient(&problem, &mut |saved: &Saved<f32>, cotangents| {
            cotangents.state_mut(0)[0] = 1.0;
            saved.state(0)[0]
        });
        let found = found.unwrap();
        let e2 = 2.0_f32.exp();
        let pairs = [
            (found.h0[0], 1.0),
            (found.theta[0], 24.0),
            (found.t1, 3.75),
            (found.t0, -2.25),
        ];
        for (found, expected) in pairs {
            assert!(
                (found / e2 - expected).abs() < 2e-3 * expected.abs(),
                "{}: {found}",
                about.name
            );
        }
    }
}

#[test]
fn differences_count_all_their_solves() {
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let radau = costate_ode::Method::by_name("radau").unwrap();
    for (method, varying) in [tsit5.into(), radau].into_iter().zip([false, true]) {
        let options = Options::tolerances(1e-6, 1e-6);
        let mut by =
            FiniteDifference::new(House::default(), &[0.0], method, options.clone()).unwrap();
        if varying {
            by = by.with_varying_steps();
        }
        let problem = Problem {
            h0: &[3.0],
            theta: &[0.25],
            t0: 3.0,
            t1: 5.0,
            save_at: &[],
        };
        let mut losses = 0;
        let mut run = |by: &mut FiniteDifference<_, _, _>| {
            let found = by.gradient(&problem, &mut |saved, _| {
                losses += 1;
                saved.state(0)[0]
            });
            found.unwrap().stats
        };
        let stats = run(&mut by);
        assert_eq!(run(&mut by), stats, "of the last gradient alone");
        let discrete = by_name("discrete", House::default(), &[0.0], method, options);
        let once = discrete
            .unwrap()
            .gradient(&problem, &mut |_, _| 0.0)
            .unwrap()
            .stats
            .forward;
        // Each of four variables by eight pairs; a solve before all, and one by its steps, which stands between all pairs.
        let solves = losses / 2;
        assert_eq!(solves, 4 * 16 + 2);
        assert!(
            stats.forward.accepted.abs_diff(solves * once.accepted) <= solves / 2,
            "{stats:?}"
        );
        assert!(stats.forward.nfe > solves * once.nfe / 2, "{stats:?}");
        assert!(stats.forward.nfe < solves * once.nfe * 2, "{stats:?}");
    }
}

#[test]
fn save_times_out_of_place_are_named() {
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let problem = |save_at| Problem {
        h0: &[3.0],
        theta: &[0.25],
        t0: 3.0,
        t1: 5.0,
        save_at,
    };
    for about in METHODS {
        let options = Options::tolerances(1e-6, 1e-6);
        let mut method = by_name(about.name, House::default(), &[0.0], tsit5, options).unwrap();
        for (save_at, wrong) in [
            (&[4.0, 3.5][..], 1),
            (&[2.9], 0),
            (&[4.0, 5.1], 1),
            (&[f64::NAN], 0),
        ] {
            match method.gradient(&problem(save_at), &mut |_, _| 0.0) {
                Err(Error::SaveTime { index, .. }) => assert_eq!(index, wrong),
                other => panic!("{}: {other:?}", about.name),
            }
        }
    }
    let unknown = by_name(
        "discreet",
        House::default(),
        &[0.0],
        tsit5,
        Options::tolerances(1e-6, 1e-6),
    );
    let message = unwrap_err(unknown.map(|_| ())).to_string();
    assert!(
        message.contains("discreet") && message.contains("backsolve"),
        "{message}"
    );
}

fn unwrap_err(result: Result<(), Error>) -> Error {
    result.unwrap_err()
}

#[test]
fn differences_with_varying_steps_come_near_where_tolerances_are_tight() {
    let options = || Options::tolerances(1e-10, 1e-10);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let problem = Problem {
        h0: &[3.0],
        theta: &[0.25],
        t0: 3.0,
        t1: 5.0,
        save_at: &[3.7, 5.0],
    };
    let mut varying = FiniteDifference::new(House::default(), &[0.0], tsit5, options())
        .unwrap()
        .with_varying_steps();
    let mut forward = Forward::new(House::default(), &[0.0], tsit5, options()).unwrap();
    let varying = varying
        .gradient(&problem, &mut loss_with_cotangents)
        .unwrap();
    let forward = forward
        .gradient(&problem, &mut loss_with_cotangents)
        .unwrap();
    assert!(
        distance(varying, forward) < 1e-6,
        "{}",
        distance(varying, forward)
    );
}

#[test]
fn methods_that_have_no_name_of_a_solver_say_how_they_are_made() {
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let made = |name: &str| {
        let options = Options::tolerances(1e-6, 1e-6);
        by_name(name, House::default(), &[0.0], tsit5, options)
    };
    for about in &METHODS {
        assert!(made(about.name).is_ok(), "{}", about.name);
    }
    for about in &OTHERS {
        let Err(Error::Unavailable {
            method, instead, ..
        }) = made(about.name)
        else {
            panic!("{} is made without a word", about.name)
        };
        assert_eq!(method, about.name);
        assert!(instead.contains("SteadyState::new") && instead.contains("Reversible::coupled"));
    }
    let Err(Error::UnknownMethod { known, .. }) = made("adjoint") else {
        panic!("a method of this name is made")
    };
    assert!(METHODS.iter().all(|about| known.contains(about.name)));
}
