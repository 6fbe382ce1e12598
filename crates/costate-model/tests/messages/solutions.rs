//! Solutions and losses that come to no end.

use costate_model::Model;

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
fn a_loss_that_is_not_finite_is_told_with_the_operation_and_its_argument() {
    let folder = std::env::temp_dir().join(format!("costate-messages-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("d.csv"), "t,total\n1.0,0.3\n2.0,0.1\n").unwrap();
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
    let text = "[states]\ny = 1.0\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 2.0\n[data]\nfile = \"nowhere.csv\"\ntime = \"t\"\n";
    let model = Model::parse(text, folder.join("m.toml"));
    let message = model.and_then(|model| model.read_data().map(|_| model));
    let message = message.unwrap_err().to_string();
    assert!(message.contains("m.toml:9:8: cannot read '"), "{message}");
}
