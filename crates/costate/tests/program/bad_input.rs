//! Each mistake in a model or its data: a message with its place, and exit code 2.

use crate::room::{HYBRID, Room};

/// Every command that reads a model refuses a wrong one alike.
#[track_caller]
fn refused(room: &Room, model: &str, texts: &[&str]) {
    for command in ["solve", "fit", "gradient", "audit", "check"] {
        let run = room.run(&format!("{command} {model}")).failed(2, texts);
        assert_eq!(run.out, "");
    }
    assert!(!room.path("bad-fit").exists() && !room.path("bad-fit.partial").exists());
}

/// `lynx-hare.toml` with one thing changed is refused.
#[track_caller]
fn change_is_refused(from: &str, to: &str, texts: &[&str]) {
    let room = Room::new();
    room.variant("bad.toml", from, to);
    refused(&room, "bad.toml", texts);
}

#[test]
fn an_unknown_name_in_a_formula() {
    change_is_refused(
        "\"alpha * hare - predation\"",
        "\"alpha * hare - predaton\"",
        &["bad.toml:19:", "predaton", "predation"],
    );
}

#[test]
fn cyclic_definitions() {
    change_is_refused(
        "predation = \"beta * hare * lynx\"",
        "predation = \"beta * x\"\nx = \"hare + predation\"",
        &["bad.toml:", "predation", "x"],
    );
}

#[test]
fn a_missing_column() {
    let room = Room::new();
    room.variant("bad.toml", "time = \"year\"", "time = \"yaer\"");
    for command in ["fit", "gradient", "audit", "check"] {
        room.run(&format!("{command} bad.toml"))
            .failed(2, &["lynx-hare.csv:1:", "yaer", "year"]);
    }
}

#[test]
fn a_negative_tolerance() {
    change_is_refused("rtol = 1e-8", "rtol = -1e-8", &["bad.toml:27:", "rtol"]);
}

#[test]
fn a_state_without_an_equation() {
    change_is_refused(
        "lynx = \"delta * hare * lynx - gamma * lynx\"\n",
        "",
        &["bad.toml", "lynx", "equation"],
    );
}

#[test]
fn an_unknown_key() {
    change_is_refused("[fit]\nloss", "[fit]\nlos", &["bad.toml:", "los", "loss"]);
}

#[test]
fn a_file_newer_than_the_program() {
    change_is_refused(
        "title =",
        "format = 999\ntitle =",
        &["bad.toml:1:", "newer"],
    );
}

#[test]
fn text_that_is_not_toml() {
    change_is_refused("[time]", "[time", &["bad.toml:22:"]);
}

#[test]
fn a_model_that_is_not_there() {
    refused(&Room::new(), "nothing.toml", &["nothing.toml"]);
}

#[test]
fn text_in_a_numeric_cell() {
    let room = Room::new();
    room.variant("bad.toml", "lynx-hare.csv", "bad.csv");
    room.write(
        "bad.csv",
        &room.read("lynx-hare.csv").replacen("70.2", "seventy", 1),
    );
    for command in ["fit", "gradient", "audit", "check"] {
        room.run(&format!("{command} bad.toml"))
            .failed(2, &["bad.csv:4:2", "seventy"]);
    }
}

#[test]
fn times_that_do_not_increase() {
    let room = Room::new();
    room.variant("bad.toml", "lynx-hare.csv", "bad.csv");
    room.write(
        "bad.csv",
        &room.read("lynx-hare.csv").replacen("1903", "1901", 1),
    );
    for command in ["fit", "gradient", "audit", "check"] {
        room.run(&format!("{command} bad.toml"))
            .failed(2, &["bad.csv:5:", "1901"]);
    }
}

#[test]
fn wrong_shapes() {
    let room = Room::new();
    room.write(
        "bad.toml",
        &HYBRID.replace("outputs = [\"change\"]", "outputs = []"),
    );
    refused(&room, "bad.toml", &["bad.toml:", "outputs"]);
    room.write("bad.toml", &HYBRID.replace("hidden = [5]", "hidden = [0]"));
    refused(&room, "bad.toml", &["bad.toml:", "hidden"]);
}

#[test]
fn a_fit_without_data() {
    let room = Room::new();
    room.variant(
        "bad.toml",
        "[data]\nfile = \"lynx-hare.csv\"\ntime = \"year\"\n",
        "",
    );
    room.run("fit bad.toml").failed(2, &["data"]);
    room.run("gradient bad.toml").failed(2, &["data"]);
}

#[test]
fn an_event_at_a_comparison() {
    let room = Room::new();
    room.write(
        "bad.toml",
        "[states]\nx = 1.0\n[equations]\nx = \"-x\"\n[[events]]\nwhen = \"x < 0.5\"\nterminal = true\n[time]\nstart = 0\nend = 5\n",
    );
    refused(
        &room,
        "bad.toml",
        &[
            "bad.toml:6:",
            "crosses zero, and a comparison does not",
            "when = \"0.5 - x\", with direction = \"rising\"",
        ],
    );
}

#[test]
fn a_relative_tolerance_that_asks_for_no_digit() {
    change_is_refused(
        "rtol = 1e-8",
        "rtol = 10.0",
        &["bad.toml:27:", "below 1, or no digit would be right"],
    );
}
