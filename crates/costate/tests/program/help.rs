use crate::room::Room;

#[test]
fn every_command_explains_itself_with_an_example() {
    let room = Room::new();
    for command in [
        "", "solve", "fit", "gradient", "audit", "check", "explain", "methods", "new",
    ] {
        let run = room.run(&format!("{command} --help")).done();
        assert!(run.out.contains("Example"), "{}", run.out);
        assert!(
            run.out.contains(&format!("costate {command}")),
            "{}",
            run.out
        );
    }
    assert!(room.run("--version").done().out.starts_with("costate "));
}

#[test]
fn misuse_of_the_command_line_exits_with_2() {
    let room = Room::new();
    room.run("").failed(2, &["Usage"]);
    room.run("sovle model.toml").failed(2, &["solve"]);
    room.run("solve").failed(2, &["MODEL"]);
    room.run("solve lynx-hare.toml --save-at 0:-1:5")
        .failed(2, &["do not lead from 0 to 5"]);
    room.run("solve lynx-hare.toml --set alpha")
        .failed(2, &["NAME=VALUE"]);
    room.run("fit").failed(2, &["MODEL"]);
    room.run("fit --resume x --set a=1")
        .failed(2, &["--resume"]);
}
