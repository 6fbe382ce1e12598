//! What goes wrong is said with its place, its reason and what to do; what was computed is kept.

use costate_ode::{
    Cause, Diagnosis, Error, Event, Failure, Integrator, Ivp, Matrix, Method, Norm, Options,
    tableau,
};

fn decay(_t: f64, y: &[f64; 2], dy: &mut [f64; 2]) {
    *dy = [-y[0], -2.0 * y[1]];
}

type Field = fn(f64, &[f64; 2], &mut [f64; 2]);

fn problem() -> Ivp<f64, [f64; 2], Field> {
    Ivp::new(decay as Field, 0.0, [1.0, 1.0], 1.0)
}

fn diagnosis<T, Y>(failure: &Failure<T, Y>) -> &Diagnosis {
    match &failure.error {
        Error::Stopped(diagnosis) => diagnosis,
        other => panic!("{other}"),
    }
}

#[test]
fn options_that_make_no_sense_are_refused_with_their_name_and_value() {
    let cases = [
        (
            problem().rtol(-1e-6),
            "rtol = -1e-6 for component 0: it must be zero or positive",
        ),
        (
            problem().atol([1e-9, -2.0]),
            "atol = -2e0 for component 1: it must be zero or positive",
        ),
        (
            problem().atol(f64::NAN),
            "atol = NaN for component 0: it must be zero or positive",
        ),
        (
            problem().rtol([1e-6; 3]),
            "rtol has 3 entries, but the state has 2",
        ),
        (
            problem().rtol(1e-17),
            "rtol = 1e-17 for component 0: it is below the rounding error of the state's number type; take a larger one, or 0 to use atol alone",
        ),
        (problem().step(-0.1), "step = -0.1: it must be positive"),
        (
            problem().save_at([0.5, 0.25]),
            "the save time 0.25 is not between 0.5 and 1: save times lie within the integration, in its order",
        ),
        (
            problem().method(tableau::by_name("rk4").unwrap()),
            "rk4 has no error estimate to choose its steps by: give it a constant step, or take a pair such as dopri5 or tsit5",
        ),
        (
            problem().options(Options {
                h_max: 0.0,
                ..Options::default()
            }),
            "h_max = 0: it must be positive",
        ),
        (
            Ivp::new(decay as Field, 0.0, [1.0; 2], f64::INFINITY),
            "t1 = inf: it must be a finite number",
        ),
        (
            problem().stop_at([f64::NAN]),
            "a time to stop at = NaN: it must be a finite number",
        ),
    ];
    for (ivp, message) in cases {
        assert_eq!(ivp.solve().unwrap_err().to_string(), message);
    }
    let unknown = costate_ode::Method::by_name("dopri6")
        .unwrap_err()
        .to_string();
    assert!(
        unknown.starts_with("there is no method `dopri6`; choose one of: euler, "),
        "{unknown}"
    );
}

#[test]
fn a_single_precision_state_refuses_what_it_cannot_resolve() {
    let ivp = Ivp::new(
        |_t: f64, y: &[f32; 1], dy: &mut [f32; 1]| dy[0] = -y[0],
        0.0,
        [1.0],
        1.0,
    );
    let message = ivp.rtol(1e-9).solve().unwrap_err().to_string();
    assert!(
        message.starts_with("rtol = 1e-9 for component 0: it is below the rounding error"),
        "{message}"
    );
}

#[test]
#[should_panic(expected = "a state of 3 components given to an integration of 2")]
fn a_state_of_another_length_is_refused_with_both_lengths() {
    let field = |_t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| dy.copy_from_slice(y);
    let options = Options::tolerances(1e-6, 1e-6);
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let mut it = Integrator::new(tsit5, field, 0.0, &vec![1.0; 2], options).unwrap();
    it.set_y(&vec![1.0; 3]);
}

#[test]
fn a_time_outside_the_last_step_is_refused_and_extrapolation_goes_there() {
    let message = |it: &mut Integrator<f64, [f64; 2], Field>, t: f64| {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            it.interpolate(t, &mut [0.0; 2]);
        }));
        *caught.expect_err("it panics").downcast::<String>().unwrap()
    };
    for end in [1.0, -1.0] {
        let options = Options::tolerances(1e-9, 1e-9);
        let tsit5 = tableau::by_name("tsit5").unwrap();
        let mut it = Integrator::new(tsit5, decay as Field, 0.0, &[1.0, 1.0], options).unwrap();
        it.set_end(end);
        assert!(message(&mut it, 0.5 * end).contains("no step was taken yet"));
        it.step().unwrap();
        it.step().unwrap();
        let (begin, t, h) = (it.t_prev(), it.t(), it.h());
        for outside in [begin - 1e-6 * h, t + 1e-6 * h, begin - h, t + h, f64::NAN] {
            let found = message(&mut it, outside);
            let words = format!("t = {outside:?} lies outside the last step, {begin:?} to {t:?}");
            assert_eq!(found, words);
        }
        // What rounding makes of the ends is inside.
        let mut y = [0.0; 2];
        for inside in [
            begin,
            begin + 0.3 * h,
            begin + h,
            t,
            t * (1.0 + f64::EPSILON),
        ] {
            it.interpolate(inside, &mut y);
            assert!((y[0] - (-inside).exp()).abs() < 1e-8);
            let mut same = [0.0; 2];
            it.extrapolate(inside, &mut same);
            assert_eq!(y, same);
        }
        for ahead in [begin - 0.05 * h, t + 0.05 * h] {
            it.extrapolate(ahead, &mut y);
            assert!((y[0] - (-ahead).exp()).abs() < 1e-7, "{ahead}");
            assert!((y[1] - (-2.0 * ahead).exp()).abs() < 1e-6, "{ahead}");
        }
    }
}

#[test]
fn a_blow_up_is_named_with_its_time_and_component_and_keeps_the_way_there() {
    // The second component is harmless.
    let field = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-y[0], y[1] * y[1]];
    let failure = Ivp::new(field, 0.0, [1.0, 1.0], 2.0).solve().unwrap_err();
    let Cause::Unbounded { component, near } = diagnosis(&failure).cause else {
        panic!("{failure}");
    };
    assert_eq!(component, 1);
    assert!((near - 1.0).abs() < 1e-4, "{near}");
    let message = failure.to_string();
    assert!(
        message.contains(
            "on the way to 2: component 1 grows without bound and seems to be infinite near t = "
        ),
        "{message}"
    );
    assert!(message.contains("steps accepted"), "{message}");
    // 1/(1 − t), as far as it was computed.
    let partial = &failure.partial;
    assert!(partial.t.len() > 20 && *partial.t.last().unwrap() > 0.999);
    for (t, y) in partial.t.iter().zip(&partial.y).filter(|(t, _)| **t < 0.9) {
        assert!((y[1] * (1.0 - t) - 1.0).abs() < 1e-3, "{t}");
    }
    assert!(partial.stats.accepted + 1 >= partial.t.len());
}

#[test]
fn a_stage_that_is_not_finite_is_named_with_its_component() {
    // √ of a negative number beyond t = 1.
    let field = |t: f64, y: &[f64; 3], dy: &mut [f64; 3]| *dy = [y[1], -y[0], (1.0 - t).sqrt()];
    let failure = Ivp::new(field, 0.0, [1.0, 0.0, 0.0], 2.0)
        .solve()
        .unwrap_err();
    let Cause::NotFinite {
        stage,
        t,
        component,
    } = diagnosis(&failure).cause
    else {
        panic!("{failure}");
    };
    assert_eq!(component, 2);
    assert!(stage > 0 && (t - 1.0).abs() < 1e-3, "stage {stage} at {t}");
    assert!(
        failure
            .to_string()
            .contains("Look there for a division by zero, a root")
    );
    let end = failure.partial.last();
    assert!((end[0] - 1_f64.cos()).abs() < 1e-3);
    // From the start itself.
    let field = |_t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = f64::NAN;
    let failure = Ivp::new(field, 0.0, [1.0], 2.0).solve().unwrap_err();
    let expected = Cause::NotFinite {
        stage: 0,
        t: 0.0,
        component: 0,
    };
    assert_eq!(diagnosis(&failure).cause, expected);
    assert_eq!(failure.partial.t, [0.0]);
}

#[test]
fn a_start_that_is_not_finite_is_refused_before_f_is_asked() {
    let field = |_t: f64, _y: &[f64; 2], _dy: &mut [f64; 2]| panic!("f was asked");
    for method in Method::all() {
        let refused = |second: f64| {
            let ivp = Ivp::new(field, 0.0, [1.0, second], 1.0).method(method);
            ivp.step(0.1).solve().unwrap_err()
        };
        assert_eq!(
            refused(f64::NAN).to_string(),
            "component 1 of the start is NaN: a start is of finite numbers"
        );
        let infinite = refused(f64::NEG_INFINITY);
        assert!(
            matches!(infinite.error, Error::Start { component: 1, .. })
                && infinite.partial.t.is_empty()
        );
    }
    let constrained = Ivp::new(field, 0.0, [1.0, f64::NAN], 1.0)
        .method(Method::by_name("radau").unwrap())
        .mass(Matrix::diagonal::<f64>([1.0, 0.0]));
    let refused = constrained.solve().unwrap_err().error;
    assert!(matches!(refused, Error::Start { component: 1, .. }));
}

#[test]
fn a_reset_to_no_number_is_not_blamed_on_f() {
    for name in ["tsit5", "radau", "bdf", "adams", "verlet"] {
        let reset = Event::at([0.5]).reset(|_t, y: &mut [f64; 2]| y[1] = f64::NAN);
        let mut ivp = problem()
            .method(Method::by_name(name).unwrap())
            .event(reset);
        if name == "verlet" {
            ivp = ivp.step(0.1);
        }
        let failure = ivp.solve().unwrap_err();
        let found = diagnosis(&failure);
        assert_eq!((found.cause, found.t), (Cause::State { component: 1 }, 0.5));
        assert!(
            failure.to_string().contains(
                "component 1 of the state is not a finite number there. Look at what set it"
            ),
            "{failure}"
        );
    }
}

#[test]
fn a_zero_without_absolute_tolerance_is_named_with_what_it_lacks() {
    // Zero stays zero: its error of zero is compared with an allowance of zero.
    for method in Method::all().into_iter().filter(|method| method.adaptive) {
        let ivp = Ivp::new(decay as Field, 0.0, [1.0, 0.0], 1.0).method(method);
        let failure = ivp.clone().atol(0.0).solve().unwrap_err();
        assert_eq!(
            diagnosis(&failure).cause,
            Cause::NothingAllowed { component: 1 },
            "{failure}"
        );
        assert!(
            failure.to_string().contains("Give it a positive atol"),
            "{failure}"
        );
        assert!(ivp.clone().atol([0.0, 1e-9]).solve().is_ok());
        // Nor does it matter where it does not steer.
        assert!(ivp.atol(0.0).norm(Norm::MaxOf(0..1)).solve().is_ok());
    }
}

#[test]
#[should_panic(expected = "the end of an integration is a time, not NaN")]
fn an_end_that_is_no_number_is_refused() {
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let options = Options::tolerances(1e-6, 1e-6);
    let mut it = Integrator::new(tsit5, decay as Field, 0.0, &[1.0; 2], options).unwrap();
    it.set_end(f64::NAN);
}

#[test]
fn a_mass_matrix_of_another_size_is_refused_with_both_sizes() {
    for method in Method::all().into_iter().filter(|method| method.mass) {
        let ivp = problem()
            .method(method)
            .mass(Matrix::diagonal::<f64>([1.0, 1.0, 0.0]));
        let refused = ivp.step(0.1).solve().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a row of the mass matrix has 3 entries, but the state has 2"
        );
    }
}

#[test]
fn too_many_steps_say_how_many_the_worst_component_and_whether_it_looks_stiff() {
    let failure = problem()
        .rtol(1e-12)
        .atol([1e-12, 1e-15])
        .max_steps(10)
        .solve()
        .unwrap_err();
    let found = diagnosis(&failure);
    assert_eq!(
        (
            found.cause,
            found.stats.steps,
            found.worst.unwrap().component
        ),
        (Cause::TooManySteps, 10, 1)
    );
    assert!(!found.looks_stiff());
    let message = failure.to_string();
    assert!(message.contains("10 steps were not enough. Raise max_steps or the tolerances, or take a method of higher order."), "{message}");
    assert_eq!(failure.partial.t.len(), 11 - found.stats.rejected);

    let stiff = costate_problems::van_der_pol::<f64>();
    let failure = Ivp::new(stiff.field, stiff.t0, stiff.y0, stiff.t1)
        .max_steps(3000)
        .solve()
        .unwrap_err();
    assert!(diagnosis(&failure).looks_stiff());
    assert!(
        failure
            .to_string()
            .contains("a method for stiff problems will take far fewer steps"),
        "{failure}"
    );
}

#[test]
fn a_start_that_is_zero_but_for_rounding_has_a_first_step_that_t_can_tell() {
    // As behind a crossing that was located: by its size in units of a small atol the state would ask for a step below the resolution of t.
    let field = |t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = t.cos();
    for y0 in [1e-16, 4e-16, -5e-16] {
        for method in Method::all().into_iter().filter(|method| method.adaptive) {
            let ivp = Ivp::new(field, 3.5, [y0], 4.0).method(method);
            let solution = ivp.rtol(1e-6).atol(1e-12).solve();
            let end = solution.unwrap_or_else(|e| panic!("{e}")).last()[0];
            assert!(
                (end - (4_f64.sin() - 3.5_f64.sin())).abs() < 1e-4,
                "{}: {end}",
                method.name
            );
        }
    }
}

#[test]
fn a_jump_of_the_right_hand_side_below_h_min_is_a_step_too_small() {
    let field = |t: f64, _y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = if t < 0.5 { 1.0 } else { 1e6 };
    let options = Options {
        h_min: 1e-3,
        ..Options::tolerances(1e-10, 1e-10)
    };
    let failure = Ivp::new(field, 0.0, [0.0], 1.0)
        .options(options)
        .solve()
        .unwrap_err();
    assert_eq!(diagnosis(&failure).cause, Cause::StepTooSmall);
    assert!(
        failure
            .to_string()
            .contains("A jump or a singularity of f lies near"),
        "{failure}"
    );
    assert!((failure.partial.last()[0] - failure.partial.t.last().unwrap()).abs() < 1e-9);
}

#[test]
fn a_panic_in_f_leaves_the_integration_as_it_was() {
    let field = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| {
        assert!(!(0.5..0.6).contains(&t), "not there");
        dy[0] = -y[0];
    };
    let tsit5 = tableau::by_name("tsit5").unwrap();
    let mut it =
        Integrator::new(tsit5, field, 0.0, &[1.0], Options::tolerances(1e-6, 1e-6)).unwrap();
    it.set_end(1.0);
    let caught =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| while it.step().is_ok() {}));
    assert!(caught.is_err() && it.t() < 0.6);
    assert!((it.y()[0] - (-it.t()).exp()).abs() < 1e-5);
    // And it can go on from anywhere else.
    it.reset(0.6, &[(-0.6_f64).exp()]);
    it.set_end(1.0);
    while !it.finished() {
        it.step().unwrap();
    }
    assert!((it.y()[0] - (-1_f64).exp()).abs() < 1e-5);
}

#[test]
fn a_diagnosis_tells_steps_that_were_forced() {
    let options = Options {
        max_steps: 3,
        ..Options::tolerances(1e-6, 1e-9)
    };
    let method = tableau::by_name("tsit5").unwrap();
    let mut it = Integrator::new(method, decay as Field, 0.0, &[1.0, 1.0], options).unwrap();
    it.set_end(1.0);
    for h in [0.125, 0.25, 0.0625] {
        it.force_step(h);
    }
    let Err(Error::Stopped(diagnosis)) = it.step() else {
        panic!("three steps were all that were allowed")
    };
    let told: Vec<(f64, f64)> = diagnosis
        .recent
        .iter()
        .map(|step| (step.t, step.h))
        .collect();
    assert_eq!(told, [(0.0, 0.125), (0.125, 0.25), (0.375, 0.0625)]);
}
