//! Experiments: overrides, copies of parameters, and the gradient of a loss over all of them.

mod room;

use std::path::{Path, PathBuf};

use costate_model::{Fit, Model, Save};

use room::room;

/// Decay from y0 with rate k, measured in three experiments with noise.
const MODEL: &str = r#"[states]
y = "y0"
z = 0.3

[parameters]
y0 = 2.0
k = 0.7
k_warm = 1.1
gain = { value = 1.5, lower = 0.1, per = "operator" }
sigma = { value = { cold = 0.1, warm = 0.2, mild = 0.3 }, lower = 1e-3, per = "experiment" }

[equations]
y = "-k * y"
z = "k * y - 0.1 * z^2"

[time]
start = 0.0
end = "2 * y0"

[solver]
rtol = 1e-10
atol = 1e-12

[observables]
y = { is = "gain * y", noise = "sigma * (1 + 0.1 * y)" }
z = { is = "z + 0.01 * t", noise = "2 * sigma" }

[data]
file = "d.csv"
time = "t"
experiment = "plot"

[experiments.warm]
k = "k_warm * k"
y0 = 3.0

[experiments.mild]
z = "0.5 * y0 * k"
"#;

const DATA: &str = "plot,operator,t,y,z\ncold,ann,0.5,2.1,0.9\nwarm,bob,0.5,2.9,1.4\ncold,ann,1.5,1.0,1.6\nwarm,bob,1.0,1.9,2.1\n\
    mild,ann,1.0,1.4,\nwarm,bob,3.0,0.4,2.2\nmild,ann,2.5,0.5,2.0\n";

fn place(data: &str) -> PathBuf {
    room(&[("d.csv", data)]).join("m.toml")
}

fn parse(text: &str, place: &Path) -> Model {
    Model::parse(text, place).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_experiment_has_its_own_values_and_solution() {
    let model = parse(MODEL, &place(DATA));
    assert_eq!(
        model.experiments().collect::<Vec<_>>(),
        ["warm", "mild", "cold"]
    );
    let warm = model.experiment("warm").unwrap();
    assert_eq!((warm.initial(), warm.span()), (vec![3.0, 0.3], (0.0, 6.0)));
    assert_eq!(model.experiment("mild").unwrap().initial(), [2.0, 0.7]);
    let end = warm.solve(&Save::At(vec![2.0])).unwrap();
    assert!((end.row(0)[0] - 3.0 * (-1.1_f64 * 0.7 * 2.0).exp()).abs() < 1e-9);
    let error = model.experiment("wram").unwrap_err().to_string();
    assert!(
        error.contains("no experiment is called 'wram'; did you mean 'warm'?"),
        "{error}"
    );
}

#[test]
fn a_parameter_has_a_copy_for_each_value_of_its_column() {
    let model = parse(MODEL, &place(DATA));
    let names: Vec<&str> = model.parameters().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "y0",
            "k",
            "k_warm",
            "gain[bob]",
            "gain[ann]",
            "sigma[warm]",
            "sigma[mild]",
            "sigma[cold]"
        ]
    );
    assert_eq!(model.parameters()[7].value, 0.1);
}

#[test]
fn the_gradient_over_all_experiments_is_the_slope_of_the_loss_by_every_method() {
    let model = parse(MODEL, &place(DATA));
    let loss = |name: &str, value: f64| {
        let mut model = model.clone();
        model.set(name, value).unwrap();
        model.gradient().unwrap().loss
    };
    for method in ["discrete", "forward", "backsolve"] {
        let mut model = model.clone();
        model.set_gradient(method).unwrap();
        let report = model.gradient().unwrap();
        assert_eq!((report.parameters.len(), report.save.len()), (8, 7));
        assert_eq!(report.initial[0].0, "z");
        for (name, gradient) in report.parameters.iter().chain(&report.initial) {
            let found = model.parameters().iter().find(|p| p.name == *name);
            let at = found.map_or(0.3, |parameter| parameter.value);
            let central = |h: f64| (loss(name, at + h) - loss(name, at - h)) / (2.0 * h);
            let expected = (4.0 * central(1e-3) - central(2e-3)) / 3.0;
            assert!(
                (gradient - expected).abs() < 1e-6 * (1.0 + expected.abs())
                    && expected.abs() > 1e-3,
                "by {method}: {name} {gradient} instead of {expected}"
            );
        }
    }
}

/// Measurements without noise, made by the model itself.
fn exact(model: &Model, experiments: &[&str]) -> String {
    let mut text = String::from("plot,t,y,z\n");
    for name in experiments {
        let solution = model
            .experiment(name)
            .unwrap()
            .solve(&Save::Grid(6))
            .unwrap();
        for (i, t) in solution.times.iter().enumerate() {
            text += &format!("{name},{t},{},{}\n", solution.row(i)[0], solution.row(i)[1]);
        }
    }
    text
}

const PLAIN: &str = "[states]\ny = \"y0\"\nz = 0.3\n[parameters]\ny0 = { value = { a = 2.0, b = 1.2 }, per = \"plot\" }\nk = 0.7\nfaster = 2.0\n\
    [equations]\ny = \"-k * y\"\nz = \"k * y - 0.1 * z^2\"\n[time]\nstart = 0.0\nend = 2.0\n[solver]\nrtol = 1e-9\natol = 1e-9\n\
    [data]\nfile = \"d.csv\"\ntime = \"t\"\nexperiment = \"plot\"\n[experiments.b]\nk = \"faster * k\"\n";

#[test]
fn a_fit_over_experiments_finds_what_made_the_data_and_writes_it_back() {
    let place = place("plot,t,y,z\na,0,1,1\nb,0,1,1\n");
    let truth = parse(PLAIN, &place);
    std::fs::write(place.with_file_name("d.csv"), exact(&truth, &["a", "b"])).unwrap();
    let mut start = parse(PLAIN, &place);
    for (name, value) in [("y0[a]", 1.5), ("y0[b]", 1.5), ("k", 0.5), ("faster", 1.5)] {
        start.set(name, value).unwrap();
    }
    let mut fit = Fit::new(start).unwrap();
    while fit.advance().unwrap() {}
    let found = fit.found().unwrap();
    assert_eq!(found.measurements, 24);
    for (parameter, value) in found.parameters.iter().zip([1.2, 2.0, 0.7, 2.0]) {
        assert!((parameter.value - value).abs() < 1e-6, "{parameter:?}");
    }
    let written = fit.fitted().to_file(place.parent().unwrap(), "weights");
    let read = parse(&written, &place);
    assert_eq!(read.parameters(), fit.fitted().parameters());
}

#[test]
fn expressions_beyond_the_bounds_of_what_they_stand_for_are_warned_of() {
    let place = place(DATA);
    let bounded = "y0 = { value = 2.0, lower = 0.1, upper = 2.5 }";
    let text = MODEL
        .replace("y0 = 2.0", bounded)
        .replace("y0 = 3.0", "y0 = \"1.5 * y0\"");
    let told = |model: &Model| -> Vec<String> {
        let warnings = model.beyond_bounds();
        warnings.iter().map(ToString::to_string).collect()
    };
    let mut model = parse(&text, &place);
    let expected = "m.toml:35: in experiment warm y0 = 3 is outside its bounds, 0.1 to 2.5; a fit does not hold an expression to that";
    let found = told(&model);
    assert!(
        found.len() == 1 && found[0].ends_with(expected),
        "{found:?}"
    );
    assert!(
        model
            .check()
            .unwrap()
            .warnings
            .contains(&model.beyond_bounds()[0])
    );
    assert_eq!(told(&model.experiment("mild").unwrap()).len(), 0);
    assert_eq!(told(&model.experiment("warm").unwrap()), found);
    model.set("y0", 1.5).unwrap();
    assert!(told(&model).is_empty());
    let fixed = text.replace("value = 2.0", "value = 2.0, fixed = true");
    assert!(told(&parse(&fixed, &place)).is_empty());
}

#[test]
fn conditions_may_stand_in_a_table() {
    let place = place("plot,t,y,z\na,0,1,1\nb,0,1,1\n");
    let text = PLAIN
        .replace(
            "[experiments.b]\nk = \"faster * k\"",
            "[experiments]\nfile = \"conditions.csv\"",
        )
        .replace("{ a = 2.0, b = 1.2 }", "{ a = 2.0, b = 1.2, c = 1.0 }");
    let write =
        |table: &str| std::fs::write(place.with_file_name("conditions.csv"), table).unwrap();
    let missing = text.replace("conditions.csv", "missing.csv");
    let message = Model::parse(&missing, &place).unwrap_err().to_string();
    assert!(
        message.contains("m.toml:22:8: cannot read '")
            && message.contains("22 | file = \"missing.csv\"\n   |        ^^^^^^^^^^^^^"),
        "{message}"
    );
    write("plot,k,z\na,,0.1\nb,\"faster * k\",\nc,3,\n");
    let model = parse(&text, &place);
    let rate = |name: &str| {
        let model = model.experiment(name).unwrap();
        let y = model.solve(&Save::At(vec![1.0])).unwrap();
        (y.row(0)[0] / model.initial()[0]).ln() / -1.0
    };
    for (name, expected) in [("a", 0.7), ("b", 1.4), ("c", 3.0)] {
        assert!((rate(name) - expected).abs() < 1e-7, "{name}");
    }
    // No copy takes another's value, unless an experiment has its own.
    let two = text.replace(", c = 1.0 }", " }");
    let message = Model::parse(&two, &place).unwrap_err().to_string();
    assert!(
        message.contains("'y0' has no value for its copy 'c'"),
        "{message}"
    );
    write("plot,k,z,y0\na,,0.1,\nb,\"faster * k\",,\nc,3,,0.4\n");
    let model = Model::parse(&two, &place).unwrap();
    assert_eq!(model.experiment("c").unwrap().initial()[0], 0.4);
    assert_eq!(model.experiment("a").unwrap().initial()[1], 0.1);
    write("plot,k\na,\nb,\"fast * k\"\n");
    let message = Model::parse(&two, &place).unwrap_err().to_string();
    assert!(
        message.contains("conditions.csv:3:4: nothing is called 'fast'"),
        "{message}"
    );
    write("plot,kk\na,1\n");
    let message = Model::parse(&two, &place).unwrap_err().to_string();
    assert!(
        message.contains("conditions.csv:1:6: no parameter or state is called 'kk'"),
        "{message}"
    );
}

#[test]
fn copies_that_nothing_tells_apart_are_refused() {
    let message = |text: &str, data: &str| {
        let told = Model::parse(text, place(data)).unwrap_err().to_string();
        told.replace('\n', " ")
    };
    // An experiment without its operator took the first one's gain.
    let unnamed = DATA.replace("mild,ann", "mild,");
    let told = message(MODEL, &unnamed);
    assert!(
        told.contains("d.csv:6:2: experiment 'mild' has no 'operator'"),
        "{told}"
    );
    // Where there is no experiment at all, there is no copy.
    let (plain, _) = MODEL.split_once("[experiments.warm]").unwrap();
    let plain = plain.replace("{ cold = 0.1, warm = 0.2, mild = 0.3 }", "0.1");
    for text in [
        &plain,
        &plain.replace("per = \"operator\"", "scale = \"log\""),
    ] {
        let told = message(text, "plot,operator,t,y,z\n");
        assert!(told.contains("has no copies: "), "{told}");
    }
}

#[test]
fn a_copy_that_no_experiment_has_and_a_column_that_changes_are_told() {
    let place = place(DATA);
    let message = |text: &str| Model::parse(text, &place).unwrap_err().to_string();
    let text = message(&MODEL.replace("mild = 0.3 }", "milt = 0.3 }"));
    assert!(
        text.contains("m.toml:10:45: 'sigma' has no copy 'milt'")
            && text.ends_with("did you mean 'mild'?"),
        "{text}"
    );
    let text = message(&MODEL.replace("per = \"operator\"", "per = \"t\""));
    assert!(
        text.contains("d.csv:4:3: '1.5' follows '0.5' in experiment 'cold'"),
        "{text}"
    );
    let text = message(&MODEL.replace("per = \"operator\"", "per = \"operatr\""));
    assert!(
        text.contains("the data have no column 'operatr'") && text.contains("'operator'"),
        "{text}"
    );
    let bounded = MODEL.replace("y0 = 2.0", "y0 = { value = 2.0, lower = 0.1, upper = 2.5 }");
    let text = message(&bounded);
    assert!(
        text.contains("m.toml:35:6: the value 3 of 'y0' is outside its bounds, 0.1 to 2.5"),
        "{text}"
    );
    // An expression that no fit changes is as good as a number.
    let held = bounded.replace("k = 0.7", "k = 0.7\nhalf = { value = 1.5, fixed = true }");
    let held = format!("{held}[definitions]\ndouble = \"2 * half\"\n");
    let text = message(&held.replace("y0 = 3.0", "y0 = \"double\""));
    assert!(
        text.contains("m.toml:36:6: the value 3 of 'y0' is outside its bounds, 0.1 to 2.5"),
        "{text}"
    );
    parse(&held.replace("y0 = 3.0", "y0 = \"0.5 * double\""), &place);
    let text = message(&MODEL.replace("y0 = 3.0", "y0 = \"log(-1)\""));
    assert!(
        text.contains("m.toml:35:6: the value NaN of 'y0' is no finite number"),
        "{text}"
    );
    // Of what is held these are no bounds of a fit.
    parse(
        &bounded.replace("value = 2.0", "value = 2.0, fixed = true"),
        &place,
    );
    let text = message(&MODEL.replace("y0 = 3.0", "yo = 3.0"));
    assert!(
        text.contains("no parameter or state is called 'yo'"),
        "{text}"
    );
    let text = message(&MODEL.replace("y0 = 3.0", "y0 = \"3 * t\""));
    assert!(
        text.contains("a value of an experiment is an expression of parameters, but 't' changes"),
        "{text}"
    );
    let text = message(&MODEL.replace("experiment = \"plot\"\n", ""));
    assert!(text.contains("'per' needs experiments"), "{text}");
    let text = message(&MODEL.replace("experiment = \"plot\"", "experiment = \"plott\""));
    assert!(
        text.contains("d.csv:1:1: there is no column 'plott'"),
        "{text}"
    );
}
