//! Problems of the literature as model files, against values that another program computed from models of its own (`reference/make.py`,
//! `reference/happenings.py`).

use serde_json::{Map, Value};

use crate::room::{Room, columns};

/// A model file, and what is known of it.
struct Known {
    room: Room,
    file: &'static str,
    values: Value,
}

/// The files of a model, its own first.
macro_rules! files {
    ($($file:literal),*) => { &[$(($file, include_str!(concat!("reference/", $file)))),*] };
}

fn known(name: &str) -> Known {
    let files: &[(&'static str, &str)] = match name {
        "pollution" => files!["pollution.toml", "pollution.csv"],
        "pleiades" => files!["pleiades.toml", "pleiades.csv"],
        "doses" => files!["doses.toml", "doses.csv", "doses-conditions.csv"],
        "epidemic" => files!["epidemic.toml", "epidemic.csv"],
        _ => files!["enzyme.toml", "enzyme.csv"],
    };
    let room = Room::new();
    files.iter().for_each(|(file, text)| room.write(file, text));
    let values = match name {
        "pollution" | "pleiades" => include_str!("reference/values.json"),
        _ => include_str!("reference/happenings.json"),
    };
    let values: Value = serde_json::from_str(values).unwrap();
    Known {
        room,
        file: files[0].0,
        values: values[name].clone(),
    }
}

impl Known {
    fn numbers(&self, key: &str) -> &Map<String, Value> {
        self.values[key].as_object().unwrap()
    }

    /// The largest error of the states at the end, relative beside `small`.
    fn error_at_the_end(&self, args: &str, small: f64) -> f64 {
        let run = self.room.run(&format!("solve {} {args}", self.file)).done();
        let (names, rows) = columns(&run.out);
        let last = rows.last().unwrap();
        assert_eq!(names.len(), self.numbers("end").len() + 1);
        let errors = names.iter().zip(last).skip(1).map(|(name, found)| {
            let wanted = self.values["end"][name].as_f64().unwrap();
            (found - wanted).abs() / (wanted.abs() + small)
        });
        errors.fold(0.0, f64::max)
    }

    /// At the other parameters of the reference, the loss and its gradient as they are there, to a part of `within`.
    #[track_caller]
    fn has_the_gradient(&self, args: &str, within: f64) {
        let set = self.numbers("at").iter();
        let set: Vec<String> = set.map(|(name, x)| format!("--set {name}={x}")).collect();
        let command = format!("gradient {} {} {args}", self.file, set.join(" "));
        let json: Value = serde_json::from_str(&self.room.run(&command).done().out).unwrap();
        let near = |found: &Value, wanted: &Value, what: &str| {
            let (found, wanted) = (found.as_f64().unwrap(), wanted.as_f64().unwrap());
            assert!(
                (found / wanted - 1.0).abs() < within,
                "{what}: {found} {wanted}"
            );
        };
        near(&json["loss"], &self.values["loss"], "loss");
        for (name, wanted) in self.numbers("gradient") {
            near(&json["gradient"]["parameters"][name], wanted, name);
        }
    }
}

#[test]
fn air_pollution_ends_where_the_reference_does() {
    let pollution = known("pollution");
    for method in ["auto", "rodas5p", "radau", "bdf", "kencarp4"] {
        let error = pollution.error_at_the_end(&format!("--method {method}"), 1e-13);
        assert!(error < 3e-5, "{method}: {error}");
    }
}

#[test]
fn the_gradient_through_air_pollution_is_that_of_sensitivities_elsewhere() {
    let pollution = known("pollution");
    pollution.has_the_gradient("", 1e-5);
    pollution.has_the_gradient("--method radau", 1e-5);
}

#[test]
fn seven_bodies_end_where_the_reference_does() {
    let pleiades = known("pleiades");
    assert!(pleiades.error_at_the_end("", 1.0) < 1e-6);
    for method in ["verner9", "tsit5"] {
        let error = pleiades.error_at_the_end(&format!("--method {method}"), 1.0);
        assert!(error < 1e-6, "{method}: {error}");
    }
}

#[test]
fn the_gradient_through_seven_bodies_is_that_of_sensitivities_elsewhere() {
    let pleiades = known("pleiades");
    for method in ["discrete", "forward"] {
        pleiades.has_the_gradient(&format!("--gradient {method}"), 1e-6);
    }
}

#[test]
fn doses_and_an_infusion_in_three_subjects_have_the_likelihood_and_gradient_of_another_program() {
    known("doses").has_the_gradient("", 1e-6);
}

#[test]
fn an_epidemic_with_a_lockdown_in_long_data_is_that_of_another_program() {
    let epidemic = known("epidemic");
    epidemic.has_the_gradient("", 1e-6);
    assert!(epidemic.error_at_the_end("--set lock=41.3", 1e-8) < 1e-6);
}

#[test]
fn algebraic_states_with_a_dose_are_those_of_another_program() {
    let enzyme = known("enzyme");
    assert!(enzyme.error_at_the_end("", 1e-8) < 1e-7);
    for method in ["discrete", "forward", "gauss"] {
        enzyme.has_the_gradient(&format!("--gradient {method}"), 1e-6);
    }
    enzyme.has_the_gradient("--method rodas5p", 1e-6);
    let end = enzyme.room.run("audit enzyme.toml").done();
    assert!(end.out.contains("The gradient is right"), "{}", end.out);
}
