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
