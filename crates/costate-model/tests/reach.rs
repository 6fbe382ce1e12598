//! Solutions that end before the model's time does, and behind the data.

mod room;

use costate_model::{Fit, Model};

use room::room;

/// x = x0/(1 − k x0 t): at the start there is no solution from t = 2 on.
const RUNAWAY: &str = r#"
[states]
x = 1.0
[parameters]
k = 0.5
[equations]
x = "k * x^2"
[time]
start = 0.0
end = 10.0
[data]
file = "data.csv"
time = "t"
"#;

fn rows(k: f64) -> String {
    let row = |t: f64| format!("{t},{}\n", 1.0 / (1.0 - k * t));
    format!("t,x\n{}", [0.5, 1.0, 1.5].map(row).concat())
}

#[test]
fn a_fit_needs_no_solution_behind_its_last_measurement() {
    let folder = room(&[("data.csv", &rows(0.6))]);
    for method in ["auto", "tsit5", "radau"] {
        let text = format!("{RUNAWAY}[solver]\nmethod = \"{method}\"\n");
        let mut fit = Fit::new(Model::parse(&text, folder.join("m.toml")).unwrap()).unwrap();
        while fit.advance().unwrap() {}
        let found = fit.found().unwrap();
        assert!((found.parameters[0].value - 0.6).abs() < 1e-4, "{method}");
        // What a report shows goes as far.
        let review = fit.review(&found).unwrap();
        assert!(review.panels[0].curve.last().unwrap().0 <= 1.5);
        assert!(review.panels[0].curve.len() > 100 && review.comparisons.len() == 3);
        assert!(
            review
                .comparisons
                .iter()
                .all(|one| one.predicted.is_finite())
        );
    }
}

#[test]
fn what_is_not_reached_moves_nothing() {
    let folder = room(&[("data.csv", &rows(0.6))]);
    let with = |end: &str| {
        let text = RUNAWAY.replace("end = 10.0", end);
        Model::parse(&text, folder.join("m.toml")).unwrap()
    };
    let [short, long] = ["end = 1.5", "end = 10.0"].map(|end| with(end).gradient().unwrap());
    assert!((short.loss - long.loss).abs() < 1e-9 && short.loss > 0.1);
    assert!((short.parameters[0].1 / long.parameters[0].1 - 1.0).abs() < 1e-6);
    // Where something is measured at the end, that moves with it.
    assert!(
        short.end != Some(0.0) && long.end == Some(0.0),
        "{:?} {:?}",
        short.end,
        long.end
    );
}
