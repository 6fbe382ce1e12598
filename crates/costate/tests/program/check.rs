use serde_json::Value;

use crate::room::{HYBRID, Room};

#[test]
fn a_check_lists_what_would_be_fitted_without_solving() {
    let room = Room::new();
    room.variant(
        "pond.toml",
        "gamma = 0.80",
        "gamma = { value = 0.80, fixed = true }",
    );
    let run = room.run("check pond.toml").done();
    for text in [
        "alpha, beta, delta, hare0, lynx0",
        "fixed        gamma",
        "hare (21)",
        "42",
        "gauss-newton",
        "in order",
    ] {
        assert!(run.out.contains(text), "no '{text}' in:\n{}", run.out);
    }
    room.write("hybrid.toml", HYBRID);
    let json: Value =
        serde_json::from_str(&room.run("check hybrid.toml --format json").done().out).unwrap();
    assert_eq!(json["networks"][0]["weights"], 21);
    assert_eq!(json["optimizers"], serde_json::json!(["adam"]));
    assert_eq!(json["warnings"], serde_json::json!([]));
}

#[test]
fn what_has_no_influence_and_what_lies_outside_is_warned_of_with_its_line() {
    let room = Room::new();
    room.variant("idle.toml", "alpha = 0.55", "idle = 1.0\nalpha = 0.55");
    let run = room.run("check idle.toml").done();
    assert!(
        run.out
            .contains("idle.toml:8: parameter idle changes no measured observable"),
        "{}",
        run.out
    );
    room.variant("short.toml", "end   = 1920.0", "end   = 1918.0");
    let run = room.run("check short.toml").done();
    for told in [
        "short.toml can be solved, but not fitted, with one warning:",
        "lynx-hare.csv:21: 2 of the rows to fit lie outside",
        "a fit refuses them",
    ] {
        assert!(run.out.contains(told), "{}", run.out);
    }
    room.run("fit short.toml")
        .failed(2, &["lynx-hare.csv:21:1", "1919", "1918"]);
}

#[test]
fn a_parameter_without_influence_stays_where_it_is_and_is_named_by_the_fit() {
    let room = Room::new();
    room.variant("idle.toml", "alpha = 0.55", "idle = 1.25\nalpha = 0.55");
    let run = room.run("fit idle.toml").done();
    assert!(
        run.out
            .contains("parameter idle changes no measured observable (its gradient is 0, or no more than numerical noise)"),
        "{}",
        run.out
    );
    assert!(room.read("idle-fit/fitted.toml").contains("idle = 1.25\n"));
}
