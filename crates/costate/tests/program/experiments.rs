use serde_json::Value;

use crate::room::Room;

const MODEL: &str = "[states]\ny = \"y0\"\n[parameters]\ny0 = { value = 1.5, per = \"plot\" }\nk = 0.5\n[equations]\ny = \"-k * y\"\n\
    [time]\nstart = 0.0\nend = 2.0\n[data]\nfile = \"d.csv\"\ntime = \"t\"\nexperiment = \"plot\"\n[experiments.b]\nk = \"2 * k\"\n";

/// y0 = 2 in a, 1 in b, k = 0.7.
const DATA: &str = "plot,t,y\na,0,2\na,1,0.9931706075828190\nb,0,1\na,2,0.4931939278832130\nb,1,0.2465969639416065\n";

#[test]
fn a_fit_over_experiments_reports_each_copy_and_writes_every_trajectory() {
    let room = Room::new();
    room.write("m.toml", MODEL);
    room.write("d.csv", DATA);
    let check = room.run("check m.toml").done();
    assert!(
        check.out.contains("experiments  b (2), a (3)"),
        "{}",
        check.out
    );
    let run = room.run("fit m.toml").done();
    for text in ["y0[a]", "y0[b]", "5 measurements"] {
        assert!(run.out.contains(text), "no '{text}' in:\n{}", run.out);
    }
    assert!(run.err.contains("2 experiments"), "{}", run.err);
    let trajectory = room.read("m-fit/trajectory.csv");
    assert!(
        trajectory.starts_with("experiment,t,y\nb,0,"),
        "{trajectory}"
    );
    assert!(trajectory.contains("\na,2,"), "{trajectory}");
    let gradient = room.run("gradient m-fit/fitted.toml").done().out;
    let gradient: Value = serde_json::from_str(&gradient).unwrap();
    assert!(gradient["loss"].as_f64().unwrap() < 1e-12, "{gradient}");
    assert_eq!(
        gradient["gradient"]["parameters"]
            .as_object()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn a_copy_of_validation_rows_alone_is_told_by_check_and_fit() {
    let room = Room::new();
    room.write(
        "m.toml",
        &MODEL.replace("\"plot\"\n[exp", "\"plot\"\nuse = \"train\"\n[exp"),
    );
    let rows = DATA
        .lines()
        .enumerate()
        .map(|(i, row)| match row.split(',').next() {
            _ if i == 0 => format!("{row},train\n"),
            Some("a") => format!("{row},1\n"),
            _ => format!("{row},0\n"),
        });
    room.write("d.csv", &rows.collect::<String>());
    let told = "m.toml:4: no row to fit depends on y0[b]";
    let check = room.run("check m.toml").done();
    assert!(check.out.contains(told), "{}", check.out);
    let fit = room.run("fit m.toml").done();
    assert!(fit.err.contains(told), "{}", fit.err);
}

#[test]
fn every_experiment_is_audited_under_its_name() {
    let room = Room::new();
    room.write(
        "m.toml",
        &MODEL.replace("[data]", "[solver]\nrtol = 1e-9\natol = 1e-9\n[data]"),
    );
    room.write("d.csv", DATA);
    let run = room.run("audit m.toml").done();
    assert!(
        run.out.contains("experiment a") && run.out.contains("experiment b"),
        "{}",
        run.out
    );
    let json = room.run("audit m.toml --format json").done().out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["verdict"], &json["experiments"]["b"]["verdict"]),
        (&"right".into(), &"right".into())
    );
}

#[test]
fn measurements_in_the_long_layout_are_fitted_alike() {
    let room = Room::new();
    let long = "layout = \"long\"\nobservable = \"what\"\nvalue = \"number\"\nuse = \"t <= 1\"\n[experiments.b]";
    room.write("m.toml", &MODEL.replace("[experiments.b]", long));
    room.write(
        "d.csv",
        "plot,t,what,number\na,0,y,2\na,1,y,0.9931706075828190\na,2,y,0.4931939278832130\nb,0,y,1\nb,1,y,0.2465969639416065\nb,1,rain,3\n",
    );
    let check = room.run("check m.toml").done();
    assert!(
        check.out.contains("measures rain, which is no observable"),
        "{}",
        check.out
    );
    let run = room.run("fit m.toml").done();
    assert!(
        run.out.contains("4 measurements") && run.out.contains("validation loss"),
        "{}",
        run.out
    );
    room.write("d.csv", "plot,t,what,number\na,0,y,2\na,1,y,\"0,99\"\n");
    room.run("fit m.toml")
        .failed(2, &["d.csv:3:4: '0,99' is not a number (a decimal comma?)"]);
}

#[test]
fn copies_have_values_of_their_own_each_and_a_solution_says_whose_it_is() {
    let room = Room::new();
    room.write("d.csv", DATA);
    let with = |values: &str| MODEL.replace("value = 1.5", &format!("value = {{ {values} }}"));
    room.write("m.toml", &with("a = 2.0"));
    room.run("check m.toml").failed(
        2,
        &[
            "m.toml:4:",
            "'y0' has no value for its copy 'b'",
            "value = { b = …, a = … }",
        ],
    );
    room.write("m.toml", &with("a = 2.0, b = 1.0"));
    let run = room.run("solve m.toml").done();
    let told = "no experiment is chosen: this solution is that of y0[b]; --experiment NAME solves";
    assert!(run.err.contains(told), "{}", run.err);
    let run = room.run("solve m.toml --experiment a").done();
    assert_eq!(run.err, "");
    room.run("solve m.toml --set yy0=2")
        .failed(2, &["'yy0'; did you mean 'y0'?"]);
}

#[test]
fn an_experiment_that_cannot_be_solved_and_is_not_fitted_takes_nothing_from_the_fit() {
    let room = Room::new();
    room.write(
        "m.toml",
        "[states]\ny = 1\n[parameters]\nk = 0.5\np = { value = 1, fixed = true }\n[equations]\ny = \"-k * y + p * y^2 / 10\"\n\
         [time]\nstart = 0\nend = 6\n[data]\nfile = \"d.csv\"\ntime = \"t\"\nexperiment = \"e\"\nuse = \"t > 0\"\n[experiments.hot]\np = 100\n",
    );
    let rows = "t,y,e\n1,0.6,cold\n2,0.37,cold\n3,0.25,cold\n";
    // Without data, and with validation data alone.
    for more in ["", "0,1,hot\n"] {
        room.write("d.csv", &format!("{rows}{more}"));
        let run = room.run("fit m.toml").done();
        let told = "left out of trajectory.csv: m.toml: no step is possible at t = 0.10";
        assert!(run.err.contains(told), "{}", run.err);
        assert!(run.out.contains("Converged"), "{}", run.out);
        let files = room.list("m-fit");
        assert!(files.contains(&"report.html".to_owned()), "{files:?}");
        let trajectory = room.read("m-fit/trajectory.csv");
        assert!(trajectory.contains("\ncold,6,") && !trajectory.contains("\nhot,"));
    }
}
