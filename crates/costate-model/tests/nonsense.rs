//! Fits of data and settings that say little or nothing: each has an answer.

mod room;

use costate_model::{Bound, Fit, FittedParameter, Found, Model};

use room::room;

const MODEL: &str = r#"
[states]
x = "x0"
y = 1.0
[parameters]
x0 = 2.0
k = { value = 0.5, lower = 0.01, upper = 3.0 }
spare = 1.0
[equations]
x = "-k * x"
y = "x - y"
[time]
start = 0.0
end = 4.0
[data]
file = "data.csv"
time = "t"
"#;

/// The fit of a model to these rows, or why there is none.
fn fit(text: &str, rows: &str) -> Result<Found, String> {
    let folder = room(&[("data.csv", &format!("t,x,y\n{rows}"))]);
    let run = || -> costate_model::Result<Found> {
        let mut fit = Fit::new(Model::parse(text, folder.join("m.toml"))?)?;
        while fit.advance()? {}
        let found = fit.found()?;
        fit.review(&found)?;
        Ok(found)
    };
    run().map_err(|error| error.to_string())
}

fn parameter<'a>(found: &'a Found, name: &str) -> &'a FittedParameter {
    found.parameters.iter().find(|p| p.name == name).unwrap()
}

#[test]
fn data_that_say_nothing_are_refused() {
    let told = fit(MODEL, "1,,\n2,,\n").unwrap_err();
    assert!(
        told.contains("no row of") && told.contains("has a measurement"),
        "{told}"
    );
    let told = fit(MODEL, "").unwrap_err();
    assert!(
        told.contains("there are no rows under the header"),
        "{told}"
    );
}

#[test]
fn a_column_without_a_measurement_leaves_the_others_to_be_fitted() {
    let found = fit(MODEL, "1,,0.9\n2,,0.8\n3,,0.7\n").unwrap();
    assert_eq!(found.measurements, 3);
    assert!(found.loss < 1e-4 && parameter(&found, "k").standard_error.is_some());
    assert!(parameter(&found, "spare").without_influence);
}

#[test]
fn one_row_is_fitted_and_its_parameters_are_not_without_influence() {
    let text = MODEL
        .replace("spare = 1.0", "")
        .replace("y = 1.0", "y = 0.0");
    let found = fit(&text, "1,1.2,\n").unwrap();
    assert!(found.loss < 1e-20, "{}", found.loss);
    // Everything fits to the last bit, and the gradient is zero.
    for parameter in &found.parameters {
        assert!(!parameter.without_influence && parameter.standard_error.is_none());
    }
    let found = fit(&text, "0,1.0,\n").unwrap();
    assert!(parameter(&found, "k").without_influence);
    assert!(!parameter(&found, "x0").without_influence);
}

#[test]
fn a_bound_of_a_logarithmic_parameter_is_met_to_the_bit() {
    for noise in [
        "",
        "[observables]\nx = { is = \"x\", noise = 0.1 }\ny = { is = \"y\", noise = 0.1 }\n",
    ] {
        let found = fit(&format!("{MODEL}{noise}"), "1,1,1\n2,1,1\n3,1,1\n").unwrap();
        let k = parameter(&found, "k");
        assert_eq!(
            (k.value, k.bound, k.standard_error),
            (0.01, Some(Bound::Lower), None)
        );
    }
}

#[test]
fn bounds_that_leave_no_room_are_refused_at_their_place() {
    let with = |k: &str| fit(&MODEL.replace("value = 0.5, lower = 0.01", k), "1,1,1\n");
    let equal = with("value = 3.0, lower = 3.0").unwrap_err();
    assert!(
        equal.contains("m.toml:7:28: lower = 3 is not below upper = 3"),
        "{equal}"
    );
    let outside = with("value = 5.0, lower = 0.01").unwrap_err();
    assert!(
        outside.contains("the value 5 of 'k' is outside its bounds, 0.01 to 3"),
        "{outside}"
    );
}

#[test]
fn validation_rows_without_a_loss_say_why() {
    let text = format!("{MODEL}use = \"t < 3\"\n[fit]\nloss = \"log-squares\"\n");
    let rows = "1,1.2,0.9\n2,0.8,0.8\n3,0.5,0.6\n";
    let found = fit(&text, rows).unwrap();
    assert!(found.validation.is_some() && found.about_validation.is_none());
    let found = fit(&text, &format!("{rows}4,0,0.4\n")).unwrap();
    let why = found.about_validation.unwrap();
    assert!(
        why.starts_with("no validation loss: ")
            && why.contains("data.csv:5:2: the loss log-squares needs positive measurements"),
        "{why}"
    );
}

#[test]
fn a_row_filter_that_is_no_number_is_refused_with_its_row() {
    let folder = room(&[("data.csv", "t,x,y,train\n1,1,1,1\n2,1,1,\n")]);
    let told = |filter: &str| {
        let text = format!("{MODEL}use = \"{filter}\"\n");
        let model = Model::parse(&text, folder.join("m.toml")).unwrap();
        model.read_data().map_err(|error| error.to_string())
    };
    let message = told("train").unwrap_err();
    assert!(
        message.contains(
            "data.csv:3:4: 'use' under [data] is neither true nor false of this row: train is no number"
        ) && message.ends_with("write 1 or 0 into each of its cells"),
        "{message}"
    );
    // Nothing compares with what is not there.
    let data = told("train > 0").unwrap().unwrap();
    assert!(data.used(0) && !data.used(1));
    // What does not look at the cell there needs nothing in it.
    let data = told("if(t < 2, train, 0)").unwrap().unwrap();
    assert!(data.used(0) && !data.used(1));
}

#[test]
fn a_report_has_the_standard_errors_of_the_fit_where_a_parameter_is_at_its_bound() {
    let folder = room(&[(
        "data.csv",
        "t,x,y\n0.5,1.9,1.1\n1,1.1,1.1\n2,0.4,0.9\n3,0.3,0.6\n",
    )]);
    let text = MODEL.replace("upper = 3.0", "upper = 0.6");
    let mut fit = Fit::new(Model::parse(&text, folder.join("m.toml")).unwrap()).unwrap();
    while fit.advance().unwrap() {}
    let found = fit.found().unwrap();
    assert_eq!(parameter(&found, "k").bound, Some(Bound::Upper));
    let review = fit.review(&found).unwrap();
    // Two of three parameters are not estimated: x0 alone is, from eight measurements.
    let all = review.comparisons.iter();
    let squares: f64 = all.map(|at| at.standardised * at.standardised).sum();
    assert!((squares - 7.0).abs() < 1e-9, "{squares}");
    let known = review.knowledge.unwrap();
    let x0 = known.parameters[0].unwrap().error;
    let error = parameter(&found, "x0").standard_error.unwrap();
    assert!((x0 / error - 1.0).abs() < 1e-6, "{x0} {error}");
}

#[test]
fn a_fit_does_not_go_on_with_other_error_bars_inputs_or_rows_to_fit() {
    let data = "t,x,sd,train\n1,1.2,0.1,1\n2,0.8,0.1,1\n3,0.5,0.1,1\n";
    let input = "t,u\n0,1\n4,1\n";
    let text = MODEL
        .replace("x = \"-k * x\"", "x = \"-k * x * u\"")
        .replace("[data]", "[inputs]\nu = { file = \"u.csv\", time = \"t\" }\n[observables]\nx = { is = \"x\", noise = { column = \"sd\" } }\n[data]")
        + "use = \"train\"\n";
    let folder = room(&[("data.csv", data), ("u.csv", input)]);
    let model = || Model::parse(&text, folder.join("m.toml")).unwrap();
    let saved = Fit::new(model()).unwrap().save();
    assert!(Fit::resume(model(), &saved).is_ok());
    for (file, old, new) in [
        ("data.csv", "0.8,0.1", "0.8,0.2"),
        ("data.csv", "0.5,0.1,1", "0.5,0.1,0"),
        ("u.csv", "4,1", "4,2"),
    ] {
        let path = folder.join(file);
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, whole.replace(old, new)).unwrap();
        let told = Fit::resume(model(), &saved).err().unwrap().to_string();
        assert!(told.contains("have changed since"), "{new}: {told}");
        std::fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_measurement_under_a_quoted_heading_is_told_with_its_place() {
    let folder = room(&[("data.csv", "\u{feff}\"t\",\"x\",\"y\"\n1,1,1\n2,1,0\n")]);
    let text = format!("{MODEL}[fit]\nloss = \"log-squares\"\n");
    let model = Model::parse(&text, folder.join("m.toml")).unwrap();
    let told = model.gradient().unwrap_err().to_string();
    assert!(
        told.contains("data.csv:3:3: the loss log-squares needs positive"),
        "{told}"
    );
}

#[test]
fn an_offset_that_starts_at_zero_beside_counts_of_millions_is_fitted() {
    let text = MODEL
        .replace("spare = 1.0", "spare = 0.0")
        .replace("x0 = 2.0", "x0 = 3e6")
        + "[observables]\nx = { is = \"x + spare\" }\n";
    let row = |t: i32| {
        let t = 0.5 * f64::from(t);
        format!("{t},{},\n", 5e6 * (-0.7 * t).exp() + 4e4)
    };
    let rows: String = (0..9).map(row).collect();
    let found = fit(&text, &rows).unwrap();
    let spare = parameter(&found, "spare");
    assert!(
        (spare.value - 4e4).abs() < 1e2 && !spare.without_influence,
        "{spare:?}"
    );
}

#[test]
fn what_starts_far_too_small_beside_large_counts_is_fitted() {
    let text = MODEL.replace("x0 = 2.0", "x0 = 1e10");
    let row = |t: i32| {
        let t = 0.5 * f64::from(t);
        format!("{t},{},\n", 1e10 * (-0.7 * t).exp() + 2.5e9)
    };
    let rows: String = (0..9).map(row).collect();
    let spare = |text: &str| parameter(&fit(text, &rows).unwrap(), "spare").clone();
    let offset = spare(&format!(
        "{text}[observables]\nx = {{ is = \"x + spare\" }}\n"
    ));
    assert!((offset.value / 2.5e9 - 1.0).abs() < 1e-3, "{offset:?}");
    // The same as a rate of supply, on a logarithmic scale too.
    let text = text.replace("-k * x", "spare - k * x");
    for start in ["1.0", "{ value = 1.0, lower = 1e-3 }"] {
        let supply = spare(&text.replace("spare = 1.0", &format!("spare = {start}")));
        assert!((supply.value / 1.75e9 - 1.0).abs() < 1e-3, "{supply:?}");
    }
}
