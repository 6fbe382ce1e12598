//! Solutions and losses that come to no end.

use costate_model::Model;

use crate::room::room;

/// The message of a solve of dy/dt = `equation` from y(0) = 1 to t = 20.
fn solved(equation: &str) -> String {
    let text = format!(
        "[states]\ny = 1.0\n[definitions]\nroot = \"sqrt(y)\"\nfree = \"1 / (1 - y)\"\n[equations]\ny = \"{equation}\"\n[time]\nstart = 0.0\nend = 20.0\n"
    );
    let model = Model::parse(&text, "m.toml").unwrap();
    let failed = model.solve(&costate_model::Save::Steps);
    failed.expect_err("there is no solution").to_string()
}

#[test]
fn a_solution_that_ends_is_told_with_its_growth_or_the_operation_that_ends_it() {
    for (equation, told) in [
        ("y^2", "state y grows without bound ("),
        ("y^2", " and doubling every "),
        (
            "y^2",
            ", ever faster) and seems to be infinite near t = 1.0000",
        ),
        // e^(50 t) overflows near t = 14: ln 2 / 50 is the time in which it doubles.
        (
            "50 * y",
            " and doubling every 1.386e-2) until its equation overflows",
        ),
        ("-root - 0.1", "gives no finite number at t = 1.52"),
        ("-root - 0.1", ": sqrt of -"),
        ("-root - 0.1", " in 'sqrt(y)'"),
        ("free", "1 is divided by 0 in '1 / (1 - y)'"),
    ] {
        let message = solved(equation);
        assert!(message.contains(told), "{equation}: {message}");
    }
}

#[test]
fn a_start_that_is_no_number_and_a_zero_without_atol_are_told_by_name() {
    let told = |z: &str, atol: &str| {
        let text = format!(
            "[states]\ny = 1.0\nz = {z}\n[parameters]\na = -1.0\n[equations]\ny = \"-y\"\nz = \"-z\"\n\
             [time]\nstart = 0.0\nend = 1.0\n[solver]\natol = {{ z = {atol} }}\n"
        );
        let model = Model::parse(&text, "m.toml").unwrap();
        let failed = model.solve(&costate_model::Save::Steps);
        failed.expect_err("there is no solution").to_string()
    };
    assert_eq!(
        told("\"log(a)\"", "1e-9"),
        "m.toml: z is NaN at the start: log of -1 in 'log(a)'"
    );
    let zero = told("0.0", "0.0");
    assert!(
        zero.contains("at t = 0: z is zero there and so is its atol, which allows it no error at all; set an atol for z"),
        "{zero}"
    );
}

#[test]
fn a_loss_that_is_not_finite_is_told_with_the_operation_and_its_argument() {
    let folder = room(&[("d.csv", "t,total\n1.0,0.3\n2.0,0.1\n")]);
    for (is, told) in [
        ("log10(y - 1)", "observable total at t = 1: log10 of -0.632"),
        ("log10(y - 1)", " in 'log10(y - 1)'"),
        ("if(y > 5, sqrt(-y), less)", "t = 1: log of -0.0321"),
        (
            "y\", noise = \"0 * y - 0.25",
            "the noise of observable total at t = 1 is -0.25, and noise is positive",
        ),
        // −2e−7 is less than the atol of y.
        (
            "sqrt(low)",
            "low went below zero by less than its atol; a smaller atol for low",
        ),
    ] {
        let text = format!(
            "[states]\ny = 1.0\nlow = -2e-7\n[definitions]\nless = \"log(y - 0.4)\"\n[equations]\ny = \"-y\"\nlow = \"0\"\n[time]\nstart = 0.0\nend = 2.0\n\
             [solver]\natol = 1e-6\n[observables]\ntotal = {{ is = \"{is}\" }}\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n"
        );
        let model = Model::parse(&text, folder.join("m.toml")).unwrap();
        let message = model.gradient().unwrap_err();
        let message = message.to_string();
        assert!(message.contains(told), "{is}: {message}");
    }
    // Where the loss takes the logarithm, and not the observable.
    let text = "[states]\nlow = -2e-7\n[equations]\nlow = \"0\"\n[time]\nstart = 0.0\nend = 2.0\n[solver]\natol = 1e-6\n\
        [observables]\ntotal = { is = \"2 * low\", noise = 0.1, distribution = \"log-normal\" }\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
    let model = Model::parse(text, folder.join("m.toml")).unwrap();
    let message = model.gradient().unwrap_err().to_string();
    assert!(
        message.contains("observable total at t = 1 is -4e-7, and 3e-1 was measured; low went below zero by less than its atol"),
        "{message}"
    );
    let text = "[states]\ny = 1.0\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 2.0\n[data]\nfile = \"nowhere.csv\"\ntime = \"t\"\n";
    let model = Model::parse(text, folder.join("m.toml"));
    let message = model.and_then(|model| model.read_data().map(|_| model));
    let message = message.unwrap_err().to_string();
    assert!(message.contains("m.toml:9:8: cannot read '"), "{message}");
}

/// q dies out at a rate `kd` from 1, or stands below zero from the start, and drives p by a power of it.
fn hill(q: &str, n: &str, equation: &str) -> Model {
    let folder = room(&[("d.csv", "t,p\n1.0,0.3\n2.0,0.1\n")]);
    let text = format!(
        "[states]\nq = {q}\np = 0.1\n[parameters]\nn = {n}\nK = 0.5\n[definitions]\nlift = \"(q / K)^n\"\n[equations]\nq = \"0\"\np = \"{equation}\"\n\
         [time]\nstart = 0.0\nend = 2.0\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n"
    );
    std::fs::write(folder.join("m.toml"), &text).unwrap();
    let model = Model::parse(&text, folder.join("m.toml")).unwrap();
    let read = model.read_data().unwrap();
    assert!(read.is_some());
    model
}

#[test]
fn a_gradient_that_is_not_finite_is_an_error_with_the_parameter_the_operation_and_the_state() {
    let model = hill("-1e-65", "2.0", "lift / (1 + lift) - 0.1 * p + 1");
    let told = ": the loss is finite, and its gradient by n is not at t = 0: -2e-65 to the power 2 in '(q / K)^n' has no derivative by its exponent; \
        q went below zero by less than its atol; a smaller atol for q, or max(q, 1e-9) in its place, avoids it";
    let messages = [
        model.gradient().unwrap_err().to_string(),
        model.audit().unwrap_err().to_string(),
        costate_model::Fit::new(model).err().unwrap().to_string(),
    ];
    for message in messages {
        assert!(message.ends_with(told), "{message}");
    }
    // A side that an `if` does not choose does not count, nor does what is fixed.
    let unchosen = hill("-1e-65", "2.0", "if(q > 0, lift, 1 - p)");
    assert!(unchosen.gradient().is_ok());
    let fixed = hill(
        "-1e-65",
        "{ value = 2.0, fixed = true }",
        "lift - p * K + 1",
    );
    assert!(fixed.gradient().is_ok());
    let audits = fixed.audit().unwrap();
    let (_, audit) = &audits[0];
    assert_eq!(audit.verdict(), costate_neural_ode::audit::Verdict::Right);
    let report = audit
        .report(&|variable| fixed.variable_name(variable))
        .to_string();
    assert!(report.contains("Not checked by differences"), "{report}");
}

#[test]
fn a_fit_that_comes_to_a_gradient_that_is_not_finite_names_the_parameter() {
    // Adam's first step takes n beyond its bound at 0, where its root has no derivative.
    let mut model = hill(
        "1.0",
        "{ value = 0.5, lower = 0.0, upper = 2.0 }",
        "sqrt(n) - p",
    );
    let settings = model.fit_settings_mut();
    settings.optimizer = costate_model::Optimizer::Adam;
    settings.learning_rate = Some(5.0);
    let mut fit = costate_model::Fit::new(model).unwrap();
    while fit.advance().unwrap() {}
    let verdict = fit.found().unwrap().verdict.to_string();
    assert!(
        verdict.starts_with("failed (")
            && verdict.contains("the loss is finite, and its gradient by n is not at t = 0: 'sqrt(n)' at 0 has no derivative;")
            && verdict.ends_with("a smaller learning_rate, or bounds on the parameters, may help)"),
        "{verdict}"
    );
}

#[test]
fn second_derivatives_that_are_missing_are_told_with_solvers_that_do_without() {
    // q leaves zero, where q^1.5 has a first derivative alone.
    let beside = hill("0.0", "1.5", "lift - p");
    let text = std::fs::read_to_string(beside.path()).unwrap();
    let text = text.replace("q = \"0\"", "q = \"1 - q\"");
    let mut model = Model::parse(&text, beside.path()).unwrap();
    model.read_data().unwrap();
    model.set_method("rodas5p").unwrap();
    let message = model.gradient().unwrap_err().to_string();
    assert!(
        message.ends_with(
            "which a power below 2 does not have at zero: kvaerno5 and radau do without them"
        ),
        "{message}"
    );
    model.set_method("kvaerno5").unwrap();
    assert!(model.gradient().is_ok());
}
