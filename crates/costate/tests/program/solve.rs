use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::room::{BLOW_UP, Room, columns};

#[test]
fn a_trajectory_has_full_precision_and_ends_exactly_at_the_end() {
    let room = Room::new();
    let run = room.run("solve lynx-hare.toml").done();
    let (header, rows) = columns(&run.out);
    assert_eq!(header, ["t", "hare", "lynx"]);
    assert_eq!(rows[0], [1900.0, 33.0, 5.9]);
    assert_eq!(rows.last().unwrap()[0].to_bits(), 1920f64.to_bits());
    assert!(rows.is_sorted_by(|a, b| a[0] < b[0]));
    for cell in run.out.lines().skip(1).flat_map(|line| line.split(',')) {
        let x: f64 = cell.parse().unwrap();
        let shortest = format!("{x:?}");
        assert_eq!(cell, shortest.strip_suffix(".0").unwrap_or(&shortest));
    }
}

#[test]
fn constant_steps_can_be_asked_for() {
    let room = Room::new();
    let run = room.run("solve lynx-hare.toml --method rk4 --step 0.125");
    let (_, rows) = columns(&run.done().out);
    assert_eq!(rows.len(), 161);
    assert!(rows.windows(2).all(|pair| pair[1][0] - pair[0][0] == 0.125));
    room.run("solve lynx-hare.toml --method rk4")
        .failed(2, &["'rk4' has no error estimate", "step = 0.01"]);
    room.run("solve lynx-hare.toml --step 0.1")
        .failed(2, &["'auto' changes with the error of its steps"]);
    room.run("solve lynx-hare.toml --method verlet --step 0.1")
        .failed(
            2,
            &["the equation of hare depends on hare; verlet is for positions"],
        );
}

#[test]
fn the_numbers_read_back_bit_for_bit_through_json_too() {
    let room = Room::new();
    let (names, rows) = columns(&room.run("solve lynx-hare.toml").done().out);
    let json = room.run("solve lynx-hare.toml --format json").done().out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["columns"], serde_json::json!(names));
    assert_eq!(json["rows"], serde_json::json!(rows));
}

#[test]
fn states_are_saved_at_the_times_asked_for() {
    let room = Room::new();
    let (_, rows) = columns(
        &room
            .run("solve lynx-hare.toml --save-at 1900:0.5:1920")
            .done()
            .out,
    );
    let times: Vec<f64> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(
        times,
        (0..=40)
            .map(|i| 1900.0 + 0.5 * f64::from(i))
            .collect::<Vec<_>>()
    );
    let (_, few) = columns(
        &room
            .run("solve lynx-hare.toml --save-at 1900.5,1920")
            .done()
            .out,
    );
    assert_eq!(few, [rows[1].clone(), rows[40].clone()]);
    room.run("solve lynx-hare.toml --save-at 1890,1900")
        .failed(2, &["1890"]);
    room.run("solve lynx-hare.toml --save-at 1900,1921")
        .failed(2, &["1921"]);
}

#[test]
fn a_model_is_solved_with_other_values_methods_and_tolerances() {
    let room = Room::new();
    room.write("decay.toml", "[states]\ny = \"y0\"\n[parameters]\ny0 = 2.0\nk = 1.0\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0\nend = 1\n");
    for method in ["dopri5", "tsit5", "bosh3"] {
        let run = room
            .run(&format!(
                "solve decay.toml --method {method} --rtol 1e-9 --atol 1e-12 --set k=3 --set y0=5"
            ))
            .done();
        let (_, rows) = columns(&run.out);
        let end = rows.last().unwrap();
        assert!(
            (end[1] - 5.0 * (-3f64).exp()).abs() < 1e-7,
            "{method}: {end:?}"
        );
    }
    room.run("solve decay.toml --set kk=3").failed(2, &["kk"]);
    room.run("solve decay.toml --method dopri55")
        .failed(2, &["dopri55", "dopri5"]);
    room.run("solve decay.toml --rtol -1").failed(2, &["rtol"]);
}

#[test]
fn a_blow_up_exits_with_1_says_where_and_why_and_leaves_the_trajectory_until_then() {
    let room = Room::new();
    room.write("blow-up.toml", BLOW_UP);
    let run = room.run("solve blow-up.toml").failed(1, &["y", "t = "]);
    let (header, rows) = columns(&run.out);
    assert_eq!(header, ["t", "y"]);
    let last = rows.last().unwrap();
    assert!(
        rows.len() > 10 && last[0] > 0.99 && last[0] < 1.0 + 1e-5 && last[1] > 100.0,
        "{last:?}"
    );
    room.run("solve blow-up.toml --out partial.csv --plot partial.svg")
        .failed(1, &[]);
    assert_eq!(room.read("partial.csv"), run.out);
    assert!(room.read("partial.svg").contains("</svg>"));
}

#[test]
fn a_picture_and_statistics_come_beside_the_trajectory() {
    let room = Room::new();
    let run = room
        .run("solve lynx-hare.toml --out t.csv --plot t.svg --stats")
        .done();
    assert_eq!(run.out, "");
    for text in ["steps", "rejected", "evaluations"] {
        assert!(run.err.contains(text), "{}", run.err);
    }
    let (_, rows) = columns(&room.read("t.csv"));
    assert!(rows.len() > 10);
    let svg = room.read("t.svg");
    assert!(svg.contains("hare") && svg.contains("Hares and lynxes"));
    room.run("solve lynx-hare.toml --out nowhere/t.csv")
        .failed(2, &["nowhere"]);
}

#[test]
fn neither_the_model_nor_its_data_are_overwritten() {
    let room = Room::new();
    let before = (room.read("lynx-hare.toml"), room.read("lynx-hare.csv"));
    room.run("solve lynx-hare.toml --out lynx-hare.csv")
        .failed(2, &["lynx-hare.csv"]);
    room.run("solve lynx-hare.toml --out ./lynx-hare.toml")
        .failed(2, &["lynx-hare.toml"]);
    room.run("solve lynx-hare.toml --plot lynx-hare.csv")
        .failed(2, &["lynx-hare.csv"]);
    for name in ["lynx-hare.csv", "lynx-hare.toml"] {
        room.run(&format!("fit lynx-hare.toml --out {name} --force"))
            .failed(2, &[name, "belongs to the model and is not overwritten"]);
    }
    assert_eq!(
        before,
        (room.read("lynx-hare.toml"), room.read("lynx-hare.csv"))
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let room = Room::new();
    let mut child = room
        .command(["solve", "lynx-hare.toml", "--save-at", "1900:0.0001:1920"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (first.as_str(), output.status.code()),
        ("t,hare,lynx\n", Some(0))
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn an_experiment_is_solved_under_its_conditions_and_observables_follow_the_states() {
    let room = Room::new();
    room.write(
        "m.toml",
        "[states]\ny = \"y0\"\n[parameters]\ny0 = 1.0\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 1.0\n\
         [observables]\ny = { is = \"y\" }\ntwice = { is = \"2 * y + t\" }\n[experiments.high]\ny0 = 5.0\n",
    );
    let run = room
        .run("solve m.toml --experiment high --observables --save-at 0,1")
        .done();
    let (header, rows) = columns(&run.out);
    assert_eq!(header, ["t", "y", "twice"]);
    assert_eq!(rows[0], [0.0, 5.0, 10.0]);
    assert_eq!(rows[1][2], 2.0 * rows[1][1] + 1.0);
    let set = room
        .run("solve m.toml --experiment high --set y0=7 --save-at 0")
        .done();
    assert_eq!(columns(&set.out).1[0][1], 7.0);
    room.run("solve m.toml --experiment hihg")
        .failed(2, &["no experiment is called 'hihg'; did you mean 'high'?"]);
}

#[test]
fn the_times_of_events_stand_in_the_statistics() {
    let room = Room::new();
    room.write(
        "m.toml",
        "[states]\ny = 1.0\n[equations]\ny = \"if(y > 2, 3, 1)\"\n[[events]]\nat = 2.0\nadd = { y = 1 }\n[time]\nstart = 0.0\nend = 3.0\n",
    );
    let run = room.run("solve m.toml --stats --save-at 3").done();
    assert!(
        run.err.contains("y > 2 at t = 1.") && run.err.contains("event 1 (line 5) at t = 2"),
        "{}",
        run.err
    );
    assert!((columns(&run.out).1[0][1] - 9.0).abs() < 1e-12);
}

#[test]
fn the_ending_of_the_file_asks_for_the_form_of_a_trajectory() {
    let room = Room::new();
    let solve = "solve lynx-hare.toml --save-at 1900:5:1920";
    let (header, rows) = columns(&room.run(solve).done().out);
    assert_eq!((header.len(), rows.len()), (3, 5));
    room.run(&format!("{solve} --out t.npy")).done();
    let bytes = std::fs::read(room.path("t.npy")).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + length) % 64, 0);
    let described = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(
        described.contains("'shape': (5, 3)")
            && described.contains("'<f8'")
            && described.ends_with('\n')
    );
    let numbers: Vec<f64> = bytes[10 + length..]
        .as_chunks()
        .0
        .iter()
        .map(|&x| f64::from_le_bytes(x))
        .collect();
    assert_eq!(numbers, rows.concat());
    room.run(&format!("{solve} --out t.json")).done();
    let json: serde_json::Value = serde_json::from_str(&room.read("t.json")).unwrap();
    assert_eq!(json["columns"], serde_json::json!(["t", "hare", "lynx"]));
    assert_eq!(json["rows"], serde_json::json!(rows));
    // What --format says stands over the ending.
    room.run(&format!("{solve} --out u.npy --format csv"))
        .done();
    assert!(room.read("u.npy").starts_with("t,hare,lynx\n"));
}

#[test]
fn times_to_save_behind_the_event_that_ends_the_solution_are_told_of() {
    let room = Room::new();
    room.write(
        "fall.toml",
        "[states]\ny = 1.0\n[equations]\ny = \"-1\"\n[[events]]\nwhen = \"y\"\nterminal = true\n[[events]]\nat = 50\nset = { y = 2.0 }\n[time]\nstart = 0.0\nend = 9.0\n",
    );
    let run = room.run("solve fall.toml --save-at 0.5,2,3").done();
    assert_eq!(run.out.lines().count(), 2, "{}", run.out);
    for told in [
        "event 1 (line 5) ended the solution at t = 1",
        ": the last 2 of the times to save lie behind it\n",
        "event 2 at t = 50 lies outside the time span 0 to 9 and does not happen\n",
    ] {
        assert!(run.err.contains(told), "{}", run.err);
    }
    let run = room.run("solve fall.toml --save-at 0.5,1 --quiet").done();
    assert_eq!(run.err, "");
}

#[test]
fn between_a_few_saved_rows_the_steps_say_whose_error_is_not_controlled() {
    let room = Room::new();
    room.write(
        "decay.toml",
        "[states]\ny = 1.0\nsmall = 1e-9\n[equations]\ny = \"-100 * y\"\nsmall = \"-small\"\n[time]\nstart = 0.0\nend = 5.0\n[solver]\natol = 1e-9\n",
    );
    for times in ["5", "1:0.1:5"] {
        let told = room.run(&format!("solve decay.toml --save-at {times}"));
        let told = told.done().err;
        assert!(
            told.starts_with("small stays below 100") && !told.contains("y stays"),
            "{told}"
        );
    }
}

#[test]
fn a_state_below_zero_in_a_power_is_named_where_no_step_is_possible() {
    let room = Room::new();
    // Stage by stage x falls below zero, where its power has no value.
    room.write(
        "hill.toml",
        "[states]\nx = -1e-12\ny = 0.0\n[parameters]\nn = 1.5\n[equations]\nx = \"0\"\ny = \"x^n\"\n[time]\nstart = 0.0\nend = 1.0\n",
    );
    room.run("solve hill.toml").failed(
        1,
        &[
            "the equation of y gives no finite number",
            "-1e-12 to the power 1.5 in 'x^n'; x went below zero by less than its atol",
        ],
    );
}

#[test]
fn a_table_has_a_form_that_its_name_can_stand_for_and_a_name_of_its_own() {
    let room = Room::new();
    room.run("solve lynx-hare.toml --out x.xlsx")
        .failed(2, &["'.xlsx'", ".csv, .json or .npy"]);
    room.run("solve lynx-hare.toml --out x.xlsx --format csv")
        .done();
    room.run("solve lynx-hare.toml --out a.svg --format csv --plot a.svg")
        .failed(2, &["--out and --plot name the same file"]);
}

#[test]
fn an_event_that_gives_a_state_no_number_is_named_with_its_line() {
    let room = Room::new();
    room.write(
        "m.toml",
        "[states]\nx = 1.0\n[equations]\nx = \"-0.5 * x\"\n[[events]]\nat = 1\nset = { x = \"log(-x)\" }\n[time]\nstart = 0\nend = 5\n",
    );
    room.run("solve m.toml")
        .failed(1, &["event 1 (line 5) gives x no finite number", "t = 1"]);
}

#[test]
fn jumps_that_nothing_looks_for_are_told() {
    let room = Room::new();
    room.write(
        "days.toml",
        "[states]\nx = 1.0\n[parameters]\nday = 24.0\n[equations]\nx = \"-floor(t / day) * x\"\n[time]\nstart = 0\nend = 48\n",
    );
    let run = room.run("solve days.toml").done();
    let told = "days.toml:6: floor(t / day) jumps on the way";
    assert!(run.err.contains(told), "{}", run.err);
    let check = room.run("check days.toml").done();
    assert!(check.out.contains(told), "{}", check.out);
}

#[test]
fn experiments_that_leave_the_bounds_of_a_parameter_are_told() {
    let room = Room::new();
    room.write(
        "warm.toml",
        "[states]\nx = 1.0\n[parameters]\nk = { value = 1.0, lower = 0.0, upper = 3.0 }\nfaster = 2.0\n[equations]\nx = \"-k * x\"\n\
         [time]\nstart = 0\nend = 1\n[experiments.warm]\nk = \"faster * k\"\n",
    );
    let told = "warm.toml:12: in experiment warm k = 4 is outside its bounds, 0 to 3";
    for (arguments, is_told) in [
        ("", false),
        ("--set faster=4", true),
        ("--experiment warm --set faster=4", true),
        // What the command line sets stands over the expression.
        ("--experiment warm --set faster=4 --set k=1", false),
    ] {
        let run = room.run(&format!("solve warm.toml {arguments}")).done();
        assert_eq!(run.err.contains(told), is_told, "{arguments}: {}", run.err);
    }
}

#[test]
fn states_that_no_tolerance_controls_are_told_by_every_command_that_solves() {
    let room = Room::new();
    room.write(
        "traces.toml",
        "[states]\nx = \"x0\"\n[parameters]\nx0 = { value = 1e-20, fixed = true }\nk = { value = 0.4, lower = 0.1, upper = 1.0 }\n\
         [equations]\nx = \"-k * x\"\n[time]\nstart = 0\nend = 5\n[observables]\ny = { is = \"1e20 * x\" }\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
    );
    room.write("d.csv", "t,y\n1,0.6\n2,0.37\n4,0.14\n");
    let told = "x stays below 100 × atol for the whole run";
    for command in ["solve", "solve --save-at 2,5", "gradient", "fit"] {
        let (name, more) = command.split_once(' ').unwrap_or((command, ""));
        let run = room.run(format!("{name} traces.toml {more}").trim()).done();
        assert_eq!(run.err.matches(told).count(), 1, "{command}: {}", run.err);
    }
}
