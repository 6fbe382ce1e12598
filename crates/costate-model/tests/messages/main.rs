//! What a user reads when a model file is wrong, letter by letter.

mod formulas;
mod names;
#[path = "../room/mod.rs"]
mod room;
mod solutions;
mod values;

use costate_model::Model;

const MODEL: &str = r#"format = 1
title = "Hares and lynxes"

[states]
hare = "hare0"
lynx = 5.9

[parameters]
alpha = 0.55
beta = { value = 0.028, lower = 0.0, upper = 1.0 }
gamma = { value = 0.80, fixed = true, unit = "1/yr" }
hare0 = 33.0

[definitions]
predation = "beta * hare * lynx"
birth = "alpha * hare"

[equations]
hare = "birth - predation"
lynx = "0.9 * predation - gamma * lynx"

[time]
start = 1900.0
end = 1920.0

[solver]
rtol = 1e-6
atol = 1e-9

[observables]
hare = { is = "hare" }

[fit]
loss = "log-squares"
"#;

fn message(old: &str, new: &str) -> String {
    assert!(MODEL.contains(old), "the model has no '{old}'");
    Model::parse(&MODEL.replacen(old, new, 1), "m.toml")
        .expect_err("the model is wrong")
        .to_string()
}

#[track_caller]
fn expect(old: &str, new: &str, wanted: &str) {
    assert_eq!(
        message(old, new),
        wanted.trim_start_matches('\n'),
        "for {new}"
    );
}

#[test]
fn the_model_itself_is_right() {
    let model = Model::parse(MODEL, "m.toml").unwrap();
    assert_eq!(model.title(), Some("Hares and lynxes"));
    assert_eq!(model.initial(), [33.0, 5.9]);
    assert_eq!(model.span(), (1900.0, 1920.0));
    assert!(model.parameters()[2].fixed && !model.parameters()[0].fixed);
}
