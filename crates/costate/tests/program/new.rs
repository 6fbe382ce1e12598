use crate::room::Room;

#[test]
fn a_new_model_runs_as_it_is_by_every_command() {
    let room = Room::new();
    room.run("new pond").done();
    let check = room.run("check pond.toml").done();
    assert!(
        check.out.contains("in order") && !check.out.contains("warning"),
        "{}",
        check.out
    );
    for command in ["solve", "gradient", "audit", "fit"] {
        room.run(&format!("{command} pond.toml")).done();
    }
    assert!(
        room.read("pond-fit/fitted.toml")
            .contains("# A starter model")
    );
}

#[test]
fn a_new_model_takes_nobody_s_place() {
    let room = Room::new();
    room.run("new models/pond").failed(2, &["models/pond"]);
    room.write("pond.csv", "mine");
    room.run("new pond")
        .failed(2, &["pond.csv", "not overwritten"]);
    assert_eq!(room.read("pond.csv"), "mine");
    assert!(!room.path("pond.toml").exists());
    room.run("new lake.toml").done();
    assert!(room.read("lake.toml").contains("file = \"lake.csv\""));
    room.run("new ..").failed(2, &["not a name"]);
}
