//! Algebraic equations: consistent starts, jumps, gradients, and what does not go beside them.

mod room;

use costate_model::{Model, Save};

use room::room;

/// Robertson's problem with the conservation of mass in the place of the third equation, and a first guess that does not meet it.
const ROBERTSON: &str = r#"[states]
a = 1.0
b = 0.0
c = 0.7

[parameters]
total = 1.0

[equations]
a = "-0.04 * a + 1e4 * b * c"
b = "0.04 * a - 1e4 * b * c - 3e7 * b^2"

[algebraic]
c = "a + b + c - total"

[time]
start = 0.0
end = 40.0

[solver]
method = "rodas5p"
rtol = 1e-9
atol = { a = 1e-12, b = 1e-15, c = 1e-12 }
"#;

/// x falls off to zero, z is the root of a cubic equation of it, and both jump.
const CUBIC: &str = r#"[states]
x = "x0"
z = 1.0

[parameters]
x0 = 2.0
k = 0.5
dose = 0.8

[equations]
x = "-k * x"

[algebraic]
z = "z^3 + z - x - 0.1 * t * k"

[[events]]
at = ["2 * k"]
add = { x = "dose + 0.1 * z" }

[time]
start = 0.0
end = 2.0

[solver]
rtol = 1e-10
atol = 1e-12

[data]
file = "cubic.csv"
time = "t"

[fit]
loss = "squares"
"#;

fn parse(text: &str) -> costate_model::Result<Model> {
    let rows = "t,x,z\n0,1.9,0.8\n0.5,1.5,1\n1.5,2,1.2\n2,1.4,0.9\n";
    Model::parse(text, room(&[("cubic.csv", rows)]).join("m.toml"))
}

#[track_caller]
fn refused(from: &str, to: &str, with: &str) {
    assert!(CUBIC.contains(from), "{from}");
    let error = parse(&CUBIC.replacen(from, to, 1)).unwrap_err().to_string();
    assert!(error.contains(with), "{error}");
}

#[test]
fn a_first_guess_becomes_what_the_equations_say_and_mass_is_kept() {
    let model = parse(ROBERTSON).unwrap();
    assert_eq!(model.initial(), [1.0, 0.0, 0.0]);
    let solution = model.solve(&Save::At(vec![0.4, 40.0])).unwrap();
    // Hairer and Wanner's values, the third one from the first two.
    let [a, b, c] = solution.row(1) else { panic!() };
    assert!((a - 0.715_827_068_8).abs() < 1e-8, "{a}");
    assert!((b / 9.185_534_764e-6 - 1.0).abs() < 1e-6, "{b}");
    for row in 0..2 {
        let sum: f64 = solution.row(row).iter().sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }
    assert!((c - 0.284_163_745_8).abs() < 1e-8, "{c}");
}

#[test]
fn behind_a_jump_the_equations_are_met_again() {
    let model = parse(CUBIC).unwrap();
    let solution = model
        .solve(&Save::At(vec![0.0, 0.5, 1.0, 1.001, 2.0]))
        .unwrap();
    for i in 0..solution.len() {
        let (t, row) = (solution.times[i], solution.row(i));
        let g = row[1].powi(3) + row[1] - row[0] - 0.05 * t;
        assert!(g.abs() < 1e-8, "{t}: {g}");
    }
    // x alone: 2 exp(-t/2), and at t = 1 the dose with a tenth of z.
    let z = solution.row(2)[1];
    let behind = (2.0 * (-0.5_f64).exp() + 0.8 + 0.1 * z) * (-0.5_f64).exp();
    assert!((solution.row(4)[0] - behind).abs() < 1e-8);
}

#[test]
fn gradients_go_through_starts_jumps_and_the_equations_by_every_method() {
    let at = |name: &str, h: f64| {
        let mut model = parse(CUBIC).unwrap();
        let parameters = model.parameters().iter();
        let value = parameters.clone().find(|p| p.name == name).unwrap().value;
        model.set(name, value + h).unwrap();
        model.gradient().unwrap().loss
    };
    let difference = |name: &str, h: f64| (at(name, h) - at(name, -h)) / (2.0 * h);
    for method in ["discrete", "forward", "backsolve", "interpolating", "gauss"] {
        let text = CUBIC.replace("[fit]", &format!("[fit]\ngradient = \"{method}\""));
        let report = parse(&text).unwrap().gradient().unwrap();
        for (name, found) in &report.parameters {
            let h = 2e-3;
            let expected = (4.0 * difference(name, h / 2.0) - difference(name, h)) / 3.0;
            assert!(
                (found - expected).abs() < 2e-6 * expected.abs(),
                "{method} {name}: {found} {expected}"
            );
        }
        // A first guess changes nothing, so it has no derivative to show.
        assert!(report.initial.iter().all(|(name, _)| name != "z"));
    }
}

#[test]
fn what_cannot_be_is_told_where_it_stands() {
    refused(
        "x = \"-k * x\"",
        "x = \"-k * x\"\nz = \"0\"",
        "'z' has an equation under [equations] already",
    );
    refused(
        "- 0.1 * t * k",
        "- if(x > 1, x, 1)",
        "depends on a comparison",
    );
    refused(
        "z^3 + z - x - 0.1 * t * k",
        "z^2 + 1",
        "no start meets the algebraic equations",
    );
    refused(
        "z^3 + z - x - 0.1 * t * k",
        "x - 2",
        "no start meets the algebraic equations",
    );
    refused(
        "[fit]",
        "[fit]\nsegments = 2",
        "windows and segments do not go beside algebraic equations",
    );
    refused(
        "at = [\"2 * k\"]",
        "at = [\"2 * k\"]\nover = 0.2",
        "no infusion ('over') goes beside algebraic equations",
    );
    let missing = CUBIC.replace("[algebraic]\nz = \"z^3 + z - x - 0.1 * t * k\"\n", "");
    let error = parse(&missing).unwrap_err().to_string();
    assert!(
        error.contains("or under [algebraic] what is zero"),
        "{error}"
    );
}

#[test]
fn the_derivation_shows_what_is_zero() {
    let explanation = parse(CUBIC).unwrap().explain().unwrap();
    let text = explanation.text(&str::to_owned);
    assert!(
        text.contains("The algebraic equations: zero_x is zero"),
        "{text}"
    );
    assert!(text.contains("\n  zero_z = "), "{text}");
    assert!(
        explanation.latex().contains("\n0 &= "),
        "{}",
        explanation.latex()
    );
}
