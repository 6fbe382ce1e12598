//! Problems of the literature as model files, against values that another program computed from models of its own (`reference/make.py`).

use serde_json::{Map, Value};

use crate::room::{Room, columns};

/// A model file, and what is known of it.
struct Known {
    room: Room,
    file: &'static str,
    values: Value,
}

fn known(name: &str) -> Known {
    let room = Room::new();
    let (file, model, data) = match name {
        "pollution" => (
            "pollution.toml",
            include_str!("reference/pollution.toml"),
            include_str!("reference/pollution.csv"),
        ),
        _ => (
            "pleiades.toml",
            include_str!("reference/pleiades.toml"),
            include_str!("reference/pleiades.csv"),
        ),
    };
    room.write(file, model);
    room.write(&file.replace("toml", "csv"), data);
    let values: Value = serde_json::from_str(include_str!("reference/values.json")).unwrap();
    let values = values[name].clone();
    Known { room, file, values }
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

    /// Begun at the other parameters, a fit to the reference's own solution finds the parameters that it was made with.
    fn is_fitted(&self, wanted: &[(&str, f64)], within: f64) {
        let mut model = self.room.read(self.file);
        for (name, value) in wanted {
            let started = self.values["at"][name].as_f64().unwrap();
            let line = model
                .lines()
                .find(|line| line.starts_with(&format!("{name} = {{")));
            let line = line.unwrap().to_owned();
            let (_, rest) = line.split_once(',').unwrap();
            let new = format!("{name} = {{ value = {started:?},{rest}");
            assert!((started / value - 1.0).abs() < 0.6);
            model = model.replace(&line, &new);
        }
        self.room.write("other.toml", &model);
        self.room.run("fit other.toml --quiet").done();
        let fitted = self.room.read("other-fit/fitted.toml");
        for (name, value) in wanted {
            let (_, rest) = fitted
                .split_once(&format!("\n{name} = {{ value = "))
                .unwrap();
            let found: f64 = rest.split([',', ' ']).next().unwrap().parse().unwrap();
            assert!(
                (found / value - 1.0).abs() < within,
                "{name}: {found} {value}"
            );
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
fn rates_of_air_pollution_are_found_again() {
    let pollution = known("pollution");
    let rates = [
        ("k1", 0.35),
        ("k2", 26.6),
        ("k3", 1.23e4),
        ("k4", 8.6e-4),
        ("k14", 1.63e4),
        ("k20", 1.24e3),
    ];
    pollution.is_fitted(&rates, 1e-3);
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
fn masses_of_seven_bodies_are_found_again() {
    let pleiades = known("pleiades");
    let masses: Vec<(String, f64)> = (1..=7).map(|i| (format!("m{i}"), f64::from(i))).collect();
    let masses: Vec<(&str, f64)> = masses.iter().map(|(n, m)| (n.as_str(), *m)).collect();
    pleiades.is_fitted(&masses, 1e-6);
}

#[test]
fn the_gradients_of_both_are_right_by_every_method() {
    for name in ["pollution", "pleiades"] {
        let known = known(name);
        let run = known.room.run(&format!("audit {}", known.file)).done();
        assert!(run.out.contains("The gradient is right"), "{}", run.out);
    }
}
