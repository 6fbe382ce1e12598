//! Fits that begin with short solutions: segments that are to meet, and a time window that grows.

mod room;

use std::path::{Path, PathBuf};

use costate_model::{Fit, Found, Model, Save, Verdict};

use room::room;

/// A pendulum with little friction, seen for ten swings; the start is a faster one, which by the end is swings ahead.
const PENDULUM: &str = r#"
[states]
angle = "angle0"
speed = 0.0
[parameters]
stiffness = { value = STIFFNESS, lower = 0.01 }
friction = { value = FRICTION, lower = 0.0 }
angle0 = ANGLE
[equations]
angle = "speed"
speed = "-stiffness * sin(angle) - friction * speed"
[time]
start = 0.0
end = 32.0
[solver]
rtol = 1e-7
atol = 1e-9
[data]
file = "pendulum.csv"
time = "t"
"#;
const TRUTH: [(&str, f64); 3] = [("STIFFNESS", 4.0), ("FRICTION", 0.03), ("ANGLE", 1.0)];
const POOR: [(&str, f64); 3] = [("STIFFNESS", 6.0), ("FRICTION", 0.01), ("ANGLE", 0.5)];

fn with(values: [(&str, f64); 3]) -> String {
    let mut text = PENDULUM.to_owned();
    for (name, value) in values {
        text = text.replace(name, &value.to_string());
    }
    text
}

/// A folder with what the true pendulum does, by the columns given.
fn folder(columns: &[&str]) -> PathBuf {
    let folder = room(&[]);
    let truth = Model::parse(&with(TRUTH), folder.join("truth.toml")).unwrap();
    let times = (0..=80).map(|i| 0.4 * f64::from(i)).collect();
    let solution = truth.solve(&Save::At(times)).unwrap();
    let mut rows = format!("t,{}\n", columns.join(","));
    for (i, t) in solution.times.iter().enumerate() {
        rows += &t.to_string();
        for column in columns {
            let state = solution
                .names
                .iter()
                .position(|name| name == column)
                .unwrap();
            rows += &format!(",{}", solution.row(i)[state]);
        }
        rows += "\n";
    }
    std::fs::write(folder.join("pendulum.csv"), rows).unwrap();
    folder
}

fn model(folder: &Path, fit: &str) -> Model {
    let text = format!("{}[fit]\n{fit}\n", with(POOR));
    Model::parse(&text, folder.join("pendulum.toml")).unwrap()
}

fn run(fit: &mut Fit) -> (Found, Vec<String>) {
    let mut stages: Vec<String> = Vec::new();
    loop {
        let now = fit.stage_name();
        stages.extend(now.filter(|now| stages.last() != Some(now)));
        if !fit.advance().unwrap() {
            return (fit.found().unwrap(), stages);
        }
    }
}

fn assert_true(found: &Found) {
    for (parameter, (name, truth)) in found.parameters.iter().zip(TRUTH) {
        let error = (parameter.value / truth - 1.0).abs();
        assert!(error < 1e-4, "{name}: {} for {truth}", parameter.value);
    }
    assert!(matches!(
        found.verdict,
        Verdict::Converged(_) | Verdict::Stopped(_)
    ));
    assert!(found.loss < 1e-6, "{}", found.loss);
}

#[test]
fn segments_find_what_one_solution_does_not() {
    for columns in [&["angle", "speed"][..], &["angle"]] {
        let folder = folder(columns);
        let (found, stages) = run(&mut Fit::new(model(&folder, "")).unwrap());
        assert!(
            found.loss > 1.0,
            "one solution finds it too: {}",
            found.loss
        );
        assert!(stages.is_empty() && found.joints.is_empty());
        let mut fit = Fit::new(model(&folder, "segments = 20")).unwrap();
        let (found, stages) = run(&mut fit);
        assert_true(&found);
        assert_eq!(
            stages,
            [
                "stage 1 of 5: 20 segments",
                "stage 2 of 5: 20 segments, the penalty of gaps times 10",
                "stage 3 of 5: 20 segments, the penalty of gaps times 100",
                "stage 4 of 5: 20 segments, the penalty of gaps times 1000",
                "stage 5 of 5: all times in one piece",
            ]
        );
        // 80 times after the start, in twenties; what is fitted is a solution of the model from its own start, with its own loss.
        let times: Vec<f64> = found.joints.iter().map(|joint| joint.t).collect();
        assert_eq!((times.len(), times[0]), (19, 1.6));
        assert!(
            found.widest_gap().unwrap().relative.abs() < 1e-3,
            "{found:?}"
        );
        let gradient = fit.fitted().gradient().unwrap();
        assert_eq!(gradient.loss, found.loss);
    }
}

#[test]
fn a_window_that_grows_finds_what_the_whole_does_not() {
    let folder = folder(&["angle"]);
    let mut fit = Fit::new(model(&folder, "curriculum = 8")).unwrap();
    let (found, stages) = run(&mut fit);
    assert_true(&found);
    assert_eq!(stages.len(), 8);
    assert_eq!(
        stages[1],
        "stage 2 of 8: the first 2/8 of the measured times"
    );
    assert_eq!(stages[7], "stage 8 of 8: all times in one piece");
}

/// Stopped early, late and between stages, a fit ends with what the uninterrupted one found.
fn goes_on_to_the_same_bits(settings: &str) {
    let folder = folder(&["angle"]);
    let model = model(&folder, settings);
    let mut whole = Fit::new(model.clone()).unwrap();
    let mut evaluations = 0;
    while whole.advance().unwrap() {
        evaluations += 1;
    }
    let expected = whole.save();
    let mut stages = Vec::new();
    for stop in [1, 8, 13, evaluations / 2, evaluations - 1] {
        let mut fit = Fit::new(model.clone()).unwrap();
        for _ in 0..stop {
            fit.advance().unwrap();
        }
        stages.push(fit.stage_name());
        let mut again = Fit::resume(model.clone(), &fit.save()).unwrap();
        while again.advance().unwrap() {}
        assert_eq!(again.save(), expected, "from {stop} of {evaluations}");
    }
    stages.dedup();
    assert!(stages.len() > 2, "{stages:?}");
}

#[test]
fn segments_go_on_to_the_same_bits_by_least_squares() {
    goes_on_to_the_same_bits("segments = 5");
}

#[test]
fn segments_go_on_to_the_same_bits_by_lbfgs() {
    goes_on_to_the_same_bits("segments = 5\noptimizer = \"lbfgs\"");
}

#[test]
fn segments_go_on_to_the_same_bits_by_adamw() {
    let settings = "segments = 5\noptimizer = \"adamw\"\niterations = 40";
    goes_on_to_the_same_bits(settings);
}

#[test]
fn a_window_that_grows_goes_on_to_the_same_bits_by_least_squares() {
    goes_on_to_the_same_bits("curriculum = 4");
}

#[test]
fn a_window_that_grows_goes_on_to_the_same_bits_by_adam() {
    let settings = "curriculum = 4\noptimizer = \"adam\"\niterations = 40";
    goes_on_to_the_same_bits(settings);
}

#[test]
fn experiments_are_cut_each_by_itself() {
    let folder = folder(&["angle"]);
    let rows = std::fs::read_to_string(folder.join("pendulum.csv")).unwrap();
    let mut both = String::from("t,angle,which\n");
    for (i, row) in rows.lines().skip(1).enumerate() {
        both += &format!("{row},long\n");
        // The other is seen three times, once at the start.
        if [0, 1, 2].contains(&i) {
            both += &format!("{row},short\n");
        }
    }
    let mut sorted: Vec<&str> = both.lines().skip(1).collect();
    sorted.sort_by_key(|row| row.ends_with("short"));
    std::fs::write(
        folder.join("pendulum.csv"),
        format!("t,angle,which\n{}\n", sorted.join("\n")),
    )
    .unwrap();
    let text = with(POOR).replace("time = \"t\"", "time = \"t\"\nexperiment = \"which\"");
    for (settings, joints) in [("segments = 16", 15 + 1), ("curriculum = 8", 0)] {
        let text = format!("{text}[fit]\n{settings}\n");
        let model = Model::parse(&text, folder.join("pendulum.toml")).unwrap();
        let (found, _) = run(&mut Fit::new(model).unwrap());
        assert_true(&found);
        assert_eq!(found.joints.len(), joints);
        let short = found
            .joints
            .iter()
            .find(|joint| joint.experiment.as_deref() == Some("short"));
        assert_eq!(short.map(|joint| joint.t), (joints > 0).then_some(0.4));
    }
}

#[test]
fn more_pieces_than_the_data_fill_are_refused() {
    let folder = folder(&["angle"]);
    let told = |settings: &str| match Fit::new(model(&folder, settings)) {
        Ok(_) => panic!("{settings} is accepted"),
        Err(error) => error.to_string(),
    };
    let segments = told("segments = 81");
    assert!(
        segments.contains("pendulum.toml:22:12: 81 segments are asked for, but there are 80 measured times after the start, and each segment needs one: take at most 80"),
        "{segments}"
    );
    let curriculum = told("curriculum = 100");
    assert!(
        curriculum.contains("the window is to grow in 100 stages, but there are 80 measured times after the start for it to grow by: take at most 80"),
        "{curriculum}"
    );
    Fit::new(model(&folder, "segments = 80")).unwrap();
    Fit::new(model(&folder, "curriculum = 80")).unwrap();
    let infused = with(POOR)
        + "[fit]\nsegments = 4\n[[events]]\nat = [1.0]\nadd = { speed = 0.1 }\nover = 2.0\n";
    let infused = Model::parse(&infused, folder.join("pendulum.toml")).unwrap();
    let told = Fit::new(infused).err().unwrap().to_string();
    assert!(
        told.contains("a segment cannot begin while an infusion runs"),
        "{told}"
    );
}

/// Two doses of something that is eliminated, with measurements whose scatter is to be estimated; DISTRIBUTION and OPTIMIZER are the test's.
const NOISY: &str = r#"
[states]
y = "y0"
[parameters]
y0 = 3.0
k = { value = 0.9, lower = 0.01 }
sigma = { value = 0.5, lower = 1e-3, prior = { log-normal = [-1.5, 1.0] } }
[equations]
y = "0.3 - k * y"
[time]
start = 0.0
end = 4.0
[solver]
rtol = 1e-9
atol = 1e-11
[observables]
y = { is = "y", noise = "sigma * (0.3 + y)", distribution = "DISTRIBUTION" }
[data]
file = "noisy.csv"
time = "t"
[fit]
optimizer = "OPTIMIZER"
"#;

#[test]
fn likelihoods_and_absolute_losses_are_fitted_by_gauss_newton_to_the_same_end_sooner() {
    let mut rows = String::from("t,y\n");
    for i in 1..=24 {
        let t = f64::from(i) / 6.0;
        // 2 e^(-t/2) + 0.6 with an error that no rule foresees.
        let y = (2.0 * (-0.5 * t).exp() + 0.6) * (1.0 + 0.1 * (12.9898 * f64::from(i)).sin());
        rows += &format!("{t},{y}\n");
    }
    let folder = room(&[("noisy.csv", &rows)]);
    let noise = "noise = \"sigma * (0.3 + y)\", distribution = \"DISTRIBUTION\" }";
    let prior = ", prior = { log-normal = [-1.5, 1.0] }";
    for what in [
        "normal",
        "log-normal",
        "laplace",
        "log-laplace",
        "absolute",
        "huber",
    ] {
        let text = match what {
            "absolute" | "huber" => {
                let plain = NOISY
                    .replace(&format!(", {noise}"), " }")
                    .replace(prior, ", fixed = true");
                format!("{plain}loss = \"{what}\"\n")
            }
            _ => NOISY.replace("DISTRIBUTION", what),
        };
        let [by_default, by_lbfgs] = ["auto", "lbfgs"].map(|optimizer| {
            let text = text.replace("OPTIMIZER", optimizer);
            let mut fit =
                Fit::new(Model::parse(&text, folder.join("noisy.toml")).unwrap()).unwrap();
            let names = fit.optimizers();
            (run(&mut fit).0, names)
        });
        assert_eq!(
            (by_default.1, by_lbfgs.1),
            (vec!["gauss-newton"], vec!["lbfgs"])
        );
        let (found, other) = (by_default.0, by_lbfgs.0);
        // Where the loss has edges, L-BFGS may stop at one.
        let least = other.loss + 1e-7 * other.loss.abs();
        assert!(found.loss <= least, "{what}: {} {}", found.loss, other.loss);
        let smooth = !what.ends_with("laplace") && what != "absolute";
        // What is known of a rate does not depend much on which density is thought of.
        let rate = found.parameters.iter().find(|it| it.name == "k").unwrap();
        let error = rate.standard_error.unwrap_or(0.0);
        let is_likelihood = what != "absolute" && what != "huber";
        assert!(
            !is_likelihood || 0.005 < error && error < 0.1,
            "{what}: {rate:?}"
        );
        assert!(
            !smooth || found.evaluations < other.evaluations && other.loss <= found.loss + 1e-6,
            "{what}: {} evaluations and {}",
            found.evaluations,
            other.evaluations
        );
    }
}
