use crate::room::Room;

#[test]
fn every_command_explains_itself_with_an_example() {
    let room = Room::new();
    for command in [
        "",
        "solve",
        "fit",
        "gradient",
        "audit",
        "check",
        "explain",
        "methods",
        "new",
        "schema",
        "completions",
        "man",
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
    room.run("fit lynx-hare.toml --iterations 0")
        .failed(2, &["--iterations", "at least 1"]);
    room.run("fit lynx-hare.toml --starts 0")
        .failed(2, &["--starts", "at least 1"]);
    room.run("fit lynx-hare.toml --iterations -3")
        .failed(2, &["-3"]);
    for seconds in ["nan", "-1", "soon"] {
        room.run(&format!("fit lynx-hare.toml --checkpoint-every={seconds}"))
            .failed(2, &["a number of seconds from 0 on"]);
    }
    room.run("solve lynx-hare.toml --rtol abc").failed(
        2,
        &["--rtol", "'abc' is not a number such as 0.001 or 1e-3"],
    );
    room.run("solve lynx-hare.toml --atol hare=1e-3")
        .failed(2, &["one number for all states", "atol = { hare = 1e-3 }"]);
    room.run("fit --resume x --set a=1")
        .failed(2, &["--resume"]);
}

#[test]
fn shells_man_and_editors_know_every_command() {
    let room = Room::new();
    let commands = [
        "solve", "fit", "gradient", "audit", "check", "explain", "methods", "new",
    ];
    for (shell, mark) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef costate"),
        ("fish", "complete -c costate"),
    ] {
        let text = room.run(&format!("completions {shell}")).done().out;
        assert!(text.contains(mark), "{shell}");
        commands
            .iter()
            .for_each(|command| assert!(text.contains(command), "{shell}: {command}"));
        assert!(text.contains("save-at"), "{shell}");
    }
    let page = room.run("man").done().out;
    assert!(page.contains(".TH costate 1"), "{page}");
    commands
        .iter()
        .for_each(|command| assert!(page.contains(command), "{command}"));
    let page = room.run("man fit").done().out;
    assert!(
        page.contains(".TH costate-fit 1") && page.contains("resume"),
        "{page}"
    );
    room.run("man fits")
        .failed(2, &["no command is called 'fits'", "fit"]);
    let schema: serde_json::Value = serde_json::from_str(&room.run("schema").done().out).unwrap();
    assert_eq!(schema["title"], "costate model file");
}

#[test]
fn nothing_is_coloured_where_no_color_is_set_or_nobody_looks() {
    let room = Room::new();
    for (variable, value) in [
        ("NO_COLOR", "1"),
        ("TERM", "dumb"),
        ("TERM", "xterm-256color"),
    ] {
        let run = room
            .command(["explain", "lynx-hare.toml"])
            .env(variable, value)
            .output()
            .unwrap();
        assert!(!String::from_utf8_lossy(&run.stdout).contains('\u{1b}'));
        let run = room
            .command(["solve", "none.toml"])
            .env(variable, value)
            .output()
            .unwrap();
        assert!(!String::from_utf8_lossy(&run.stderr).contains('\u{1b}'));
    }
}
