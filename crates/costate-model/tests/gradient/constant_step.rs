//! Models solved in steps of one size.

use costate_model::{Fit, Model, Save};
use costate_ode::Method;

use crate::slope;

/// A spring without friction: positions that velocities move, velocities that positions change.
const SPRING: &str = r#"
[states]
x = 1.0
v = "push"

[parameters]
push = { value = 0.1, lower = -1.0, upper = 1.0 }
k = 1.3

[equations]
x = "v"
v = "-k * x - 0.1 * x^3"

[time]
start = 0.0
end = 3.0

[solver]
method = "rk4"
step = 0.1

[data]
file = "spring.csv"
time = "when"
"#;

fn parse(text: &str) -> Result<Model, String> {
    Model::parse(text, "tests/data/spring.toml").map_err(|error| error.to_string())
}

#[test]
fn rk4_takes_the_steps_of_its_formula() {
    let text = "[states]\ny = 1.0\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 1.0\n[solver]\nmethod = \"rk4\"\nstep = 0.25";
    let solution = parse(text).unwrap().solve(&Save::Steps).unwrap();
    assert_eq!(solution.times, [0.0, 0.25, 0.5, 0.75, 1.0]);
    let h = -0.25_f64;
    let growth = 1.0 + h + h.powi(2) / 2.0 + h.powi(3) / 6.0 + h.powi(4) / 24.0;
    for i in 0..5 {
        assert!((solution.row(i)[0] - growth.powi(i as i32)).abs() < 1e-15);
    }
}

#[test]
fn every_method_of_one_order_has_the_slopes_of_what_it_computes() {
    let mut tried = 0;
    for method in Method::all() {
        let mut model = parse(SPRING).unwrap();
        let taken = model.set_constant_step(method.name, 0.05);
        if method.variable_order || method.name == "auto" {
            let told = taken.unwrap_err().to_string();
            assert!(told.contains("takes none that are constant"), "{told}");
            continue;
        }
        taken.unwrap();
        let solution = model.solve(&Save::Steps).unwrap();
        assert_eq!(solution.stats.rejected, 0, "{}", method.name);
        assert!(
            (59..=61).contains(&solution.stats.accepted),
            "{}",
            method.name
        );
        // The tolerance of implicit stages, whose error differences divide by their step.
        model.set_rtol(1e-12).unwrap();
        model.set_atol(1e-12).unwrap();
        let report = match model.gradient() {
            Ok(report) => report,
            // Stabilised methods have no exact gradient, and say which have.
            Err(error) => {
                assert!(method.name.starts_with("rock"), "{}: {error}", method.name);
                continue;
            }
        };
        for (name, gradient) in &report.parameters {
            let value = model
                .parameters()
                .iter()
                .find(|p| p.name == *name)
                .unwrap()
                .value;
            let expected = slope(&model, name, value);
            assert!(
                (gradient - expected).abs() < 1e-7 * (1.0 + expected.abs()),
                "{}: {name} {gradient} instead of {expected}",
                method.name
            );
        }
        tried += 1;
    }
    assert!(tried > 25, "{tried}");
}

#[test]
fn what_a_symplectic_method_would_do_wrong_is_refused() {
    let verlet = SPRING.replace("rk4", "verlet");
    assert!(parse(&verlet).unwrap().solve(&Save::Steps).is_ok());
    let told = |text: &str| {
        let model = parse(text).unwrap();
        let told = model.solve(&Save::Steps).unwrap_err().to_string();
        assert_eq!(model.check().unwrap_err().to_string(), told);
        told
    };
    let friction = told(&verlet.replace("- 0.1 * x^3", "- 0.1 * v"));
    assert!(
        friction.contains("the equation of v depends on v; verlet is for"),
        "{friction}"
    );
    let odd = told(
        &verlet
            .replace("v = \"push\"", "v = 0.0\nw = 0.0")
            .replace("x = \"v\"", "x = \"v\"\nw = \"1\""),
    );
    assert!(odd.contains("the number of states, 3, is odd"), "{odd}");
    let event = "[[events]]\nat = 1.0\nset = { x = 0.5 }\n\n[time]";
    let events = told(&verlet.replace("[time]", event));
    assert!(events.contains("the model has events"), "{events}");
}

#[test]
fn steps_are_constant_between_events() {
    let event = "[[events]]\nat = 1.03\nset = { x = 0.5 }\n\n[time]";
    let model = parse(&SPRING.replace("[time]", event)).unwrap();
    let solution = model.solve(&Save::Steps).unwrap();
    let sizes: Vec<f64> = solution.times.windows(2).map(|t| t[1] - t[0]).collect();
    let other = sizes
        .iter()
        .filter(|size| (*size - 0.1).abs() > 1e-12 && **size > 0.0);
    assert!(other.count() <= 2, "{sizes:?}");
    assert!(solution.times.contains(&1.03));
}

#[test]
fn a_fit_tells_the_error_of_its_steps_and_keeps_those_asked_for() {
    let mut model = parse(SPRING).unwrap();
    model.set_constant_step("midpoint", 0.2).unwrap();
    let mut fit = Fit::new(model).unwrap();
    while fit.advance().unwrap() {}
    let found = fit.found().unwrap();
    assert!(
        found.solver_error.unwrap().abs() > 1e-6,
        "{:?}",
        found.solver_error
    );
    let fitted = fit.fitted();
    let text = fitted.to_file("tests/data".as_ref(), "w.safetensors");
    assert!(text.contains("method = \"midpoint\"\nstep = 0.2"), "{text}");
}

#[test]
fn a_method_without_error_estimate_asks_for_a_step_and_one_that_changes_its_order_for_none() {
    let told = parse(&SPRING.replace("step = 0.1\n", "")).unwrap_err();
    assert!(
        told.contains(
            "spring.toml:19:10: the method 'rk4' has no error estimate to choose its steps by"
        ) && told.contains("give it constant steps, such as step = 0.01 beside it"),
        "{told}"
    );
    let told = parse(&SPRING.replace("rk4", "bdf")).unwrap_err();
    assert!(
        told.contains(":19:10: the method 'bdf' changes with the error of its steps"),
        "{told}"
    );
    let told = parse(&SPRING.replace("method = \"rk4\"\n", "")).unwrap_err();
    assert!(
        told.contains(":19:8: the method 'auto' changes with the error of its steps"),
        "{told}"
    );
    let told = parse(&SPRING.replace("step = 0.1", "step = 0")).unwrap_err();
    assert!(told.contains("'step' must be positive"), "{told}");
    let mut model = parse(SPRING).unwrap();
    let told = model
        .set_constant_step("rk4", -1.0)
        .unwrap_err()
        .to_string();
    assert_eq!(told, "step = -1: a step must be a positive number");
    let mut model = parse(&SPRING.replace("step = 0.1", "step = 1e-9")).unwrap();
    model.set("k", 1.0).unwrap();
    let told = model.solve(&Save::Grid(2)).unwrap_err().to_string();
    assert!(
        told.contains("is used up") && told.contains("raise it, or the step"),
        "{told}"
    );
}
