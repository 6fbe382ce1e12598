use crate::room::Room;

#[test]
fn every_solver_and_gradient_method_is_listed() {
    let room = Room::new();
    let text = room.run("methods").done().out;
    let json: serde_json::Value =
        serde_json::from_str(&room.run("methods --format json").done().out).unwrap();
    let solvers = json["solvers"].as_array().unwrap();
    assert!(solvers.len() >= 7);
    for method in solvers.iter().chain(json["gradients"].as_array().unwrap()) {
        for key in ["name", "when", "reference"] {
            let value = method[key].as_str().unwrap();
            assert!(!value.is_empty());
            assert!(key != "name" || text.contains(value), "{value}");
        }
    }
    for name in ["discrete", "backsolve"] {
        assert!(
            json["gradients"]
                .as_array()
                .unwrap()
                .iter()
                .any(|method| method["name"] == name),
            "{name}"
        );
    }
}
