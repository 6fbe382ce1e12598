use serde_json::Value;

use crate::room::Room;

fn gradient(room: &Room, args: &str) -> Value {
    let run = room.run(&format!("gradient lynx-hare.toml {args}")).done();
    serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}", run.out))
}

#[test]
fn the_gradient_is_that_of_an_independent_computation_by_every_method() {
    // From a variational solve at a tolerance of 1e-13, in an independent implementation.
    let expected = [
        ("alpha", 5.178796),
        ("beta", 49.292008),
        ("gamma", 5.051708),
        ("delta", 28.442014),
        ("hare0", 0.01576621),
        ("lynx0", 0.1205956),
    ];
    let room = Room::new();
    for method in ["discrete", "backsolve", "forward"] {
        let json = gradient(
            &room,
            &format!("--rtol 1e-10 --atol 1e-10 --gradient {method}"),
        );
        assert_eq!(json["method"], method);
        assert!(
            (json["loss"].as_f64().unwrap() / 2.0706708677 - 1.0).abs() < 1e-8,
            "{json}"
        );
        let parameters = json["gradient"]["parameters"].as_object().unwrap();
        assert_eq!(parameters.len(), expected.len());
        for (name, value) in expected {
            let found = parameters[name].as_f64().unwrap();
            assert!(
                (found / value - 1.0).abs() < 1e-6,
                "{method}: {name} {found} {value}"
            );
        }
    }
}

#[test]
fn the_json_has_the_documented_form() {
    let room = Room::new();
    room.variant("numbers.toml", "lynx = \"lynx0\"", "lynx = 5.9");
    room.variant("numbers.toml", "lynx0 = 5.9\n", "");
    let text = room
        .read("lynx-hare.toml")
        .replace("lynx = \"lynx0\"", "lynx = 5.9")
        .replace("lynx0 = 5.9\n", "");
    room.write("numbers.toml", &text);
    let run = room.run("gradient numbers.toml").done();
    assert_eq!(run.err, "");
    let asked = room.run("gradient numbers.toml --format json").done();
    assert_eq!(asked.out, run.out);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&json), ["loss", "method", "gradient", "statistics"]);
    assert_eq!(
        keys(&json["gradient"]),
        ["parameters", "initial", "networks", "time"]
    );
    assert_eq!(
        keys(&json["gradient"]["parameters"]),
        ["alpha", "beta", "gamma", "delta", "hare0"]
    );
    assert_eq!(keys(&json["gradient"]["initial"]), ["lynx"]);
    assert_eq!(keys(&json["gradient"]["time"]), ["start", "end"]);
    assert_eq!(
        keys(&json["statistics"]),
        ["steps", "rejected", "nfe", "vjps"]
    );
    assert!(json["statistics"]["steps"].as_u64().unwrap() > 10);
}

#[test]
fn derivatives_in_the_times_sum_to_zero_for_an_autonomous_model() {
    let room = Room::new();
    let json = gradient(&room, "--wrt-times --rtol 1e-9 --atol 1e-9");
    let time = &json["gradient"]["time"];
    let save: Vec<f64> = json["gradient"]["save"]
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect();
    let parts = [
        time["start"].as_f64().unwrap(),
        time["end"].as_f64().unwrap(),
    ];
    let total: f64 = parts.iter().chain(&save).sum();
    let size: f64 = parts.iter().chain(&save).map(|x| x.abs()).sum();
    assert!(size > 0.1 && total.abs() < 1e-9 * size, "{total} of {size}");
}

#[test]
fn an_unknown_gradient_method_is_refused_by_name() {
    Room::new()
        .run("gradient lynx-hare.toml --gradient diskrete")
        .failed(2, &["diskrete", "discrete"]);
}

#[test]
fn weights_of_no_network_are_not_written() {
    let room = Room::new();
    room.run("gradient lynx-hare.toml --wrt-weights g.safetensors")
        .failed(2, &["'g.safetensors'", "the model has no networks"]);
    assert!(!room.path("g.safetensors").exists());
}
