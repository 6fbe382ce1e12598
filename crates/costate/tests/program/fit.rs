use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::room::{BLOW_UP, HYBRID, Room, Run, columns};

/// The optimum of an independent least-squares fit.
const OPTIMUM: [(&str, f64); 6] = [
    ("alpha", 0.54016),
    ("beta", 0.027165),
    ("gamma", 0.79639),
    ("delta", 0.023695),
    ("hare0", 34.602),
    ("lynx0", 5.8445),
];

fn found(room: &Room, args: &str) -> Value {
    let run = room.run(&format!("fit {args} --format json")).done();
    serde_json::from_str(&run.out).unwrap_or_else(|e| panic!("{e}: {}", run.out))
}

#[test]
fn hares_and_lynxes_are_fitted_to_the_known_optimum_from_near_and_from_far() {
    let room = Room::new();
    let far = "--set alpha=0.8 --set beta=0.04 --set gamma=1.1 --set delta=0.04 --set hare0=25 --set lynx0=4";
    for start in ["", far] {
        let json = found(&room, &format!("lynx-hare.toml {start}"));
        let loss = json["loss"].as_f64().unwrap();
        assert!((loss / 2.01866 - 1.0).abs() < 1e-5, "{start}: {loss}");
        for (name, value) in OPTIMUM {
            let parameter = json["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .find(|p| p["name"] == name)
                .unwrap();
            let fitted = parameter["value"].as_f64().unwrap();
            assert!(
                (fitted / value - 1.0).abs() < 1e-4,
                "{start}: {name} {fitted}"
            );
            let error = parameter["standard_error"].as_f64().unwrap();
            assert!(error > 0.0 && error < 0.3 * value, "{name} ± {error}");
        }
    }
}

#[test]
fn a_fit_says_what_it_fits_what_it_found_and_what_it_wrote() {
    let room = Room::new();
    room.variant(
        "pond.toml",
        "gamma = 0.80",
        "gamma = { value = 0.80, fixed = true }",
    );
    let run = room.run("fit pond.toml").done();
    for text in ["alpha", "gamma", "fixed", "42"] {
        assert!(
            run.out.contains(text) || run.err.contains(text),
            "no '{text}' in:\n{}\n{}",
            run.err,
            run.out
        );
    }
    for text in ["loss", "alpha", "0.55", "pond-fit"] {
        assert!(run.out.contains(text), "no '{text}' in:\n{}", run.out);
    }
    assert_eq!(
        room.list("pond-fit"),
        [
            "checkpoint",
            "fit.svg",
            "fitted.toml",
            "history.csv",
            "history.svg",
            "report.html",
            "trajectory.csv"
        ]
    );
    let (header, rows) = columns(&room.read("pond-fit/history.csv"));
    assert_eq!(header, ["iteration", "loss", "gradient_norm"]);
    assert!(rows.last().unwrap()[1] < rows[0][1]);
    let (header, rows) = columns(&room.read("pond-fit/trajectory.csv"));
    assert_eq!(header, ["t", "hare", "lynx"]);
    assert_eq!(rows.last().unwrap()[0], 1920.0);
    let picture = room.read("pond-fit/fit.svg");
    assert!(picture.contains("hare, data") && picture.contains("Hares and lynxes"));
    assert!(room.run("fit pond.toml --quiet").done().err.is_empty());
}

#[test]
fn the_fitted_model_is_a_model_file_for_every_command() {
    let room = Room::new();
    let json = found(&room, "lynx-hare.toml");
    let again: Value =
        serde_json::from_str(&room.run("gradient lynx-hare-fit/fitted.toml").done().out).unwrap();
    assert_eq!(again["loss"], json["loss"]);
    let solved = room.run("solve lynx-hare-fit/fitted.toml").done();
    assert_eq!(columns(&solved.out).1.last().unwrap()[0], 1920.0);
    let (_, rows) = columns(&room.read("lynx-hare-fit/trajectory.csv"));
    assert_eq!(columns(&solved.out).1.last(), rows.last());
    room.run("fit lynx-hare-fit/fitted.toml --out again").done();
}

#[test]
fn a_network_is_trained_and_its_weights_go_with_the_fitted_model() {
    let room = Room::new();
    room.write("hybrid.toml", HYBRID);
    let json = found(&room, "hybrid.toml");
    assert!(
        room.list("hybrid-fit")
            .contains(&"weights.safetensors".to_owned())
    );
    let (_, history) = columns(&room.read("hybrid-fit/history.csv"));
    assert!(
        history.last().unwrap()[1] < 0.9 * history[0][1],
        "{history:?}"
    );
    let again: Value =
        serde_json::from_str(&room.run("gradient hybrid-fit/fitted.toml").done().out).unwrap();
    assert_eq!(again["loss"], json["loss"]);
    assert!(
        again["gradient"]["networks"]["rest"]["norm"]
            .as_f64()
            .unwrap()
            > 0.0
    );
}

#[test]
fn an_earlier_fit_is_replaced_and_anything_else_is_not() {
    let room = Room::new();
    room.run("fit lynx-hare.toml").done();
    let first = room.read("lynx-hare-fit/fitted.toml");
    room.run("fit lynx-hare.toml --set hare0=20 --set gamma=0.7")
        .done();
    assert_ne!(room.read("lynx-hare-fit/checkpoint"), "");
    assert!(!first.is_empty());

    fs::write(room.path("lynx-hare-fit/notes.txt"), "mine").unwrap();
    room.run("fit lynx-hare.toml")
        .failed(2, &["notes.txt", "--force"]);
    room.run("fit lynx-hare.toml --force").done();
    assert_eq!(room.read("lynx-hare-fit/notes.txt"), "mine");
    room.write("notes.txt", "mine");
    room.run("fit lynx-hare.toml --out notes.txt")
        .failed(2, &["notes.txt", "not a folder"]);
    room.run("fit lynx-hare.toml --out fits/a/b").done();
    assert!(room.list("fits/a/b").contains(&"fitted.toml".to_owned()));
    assert!(!room.list(".").iter().any(|name| name.contains("partial")));
}

#[test]
fn a_start_without_a_finite_loss_exits_with_1_and_leaves_nothing() {
    let room = Room::new();
    room.write(
        "blow-up.toml",
        &format!("{BLOW_UP}\n[parameters]\nk = 1.0\n[data]\nfile = \"y.csv\"\ntime = \"t\"\n")
            .replace("\"y^2\"", "\"k * y^2\""),
    );
    room.write("y.csv", "t,y\n0,1\n0.5,2\n1.5,3\n");
    room.run("fit blow-up.toml").failed(1, &["t = "]);
    assert_eq!(
        room.list("."),
        ["blow-up.toml", "lynx-hare.csv", "lynx-hare.toml", "y.csv"]
    );
}

/// A training long enough to be interrupted, and all that it writes when it is not.
fn long_training(room: &Room) -> Vec<(String, Vec<u8>)> {
    room.write(
        "hybrid.toml",
        &HYBRID.replace("iterations = 60", "iterations = 300"),
    );
    room.run("fit hybrid.toml --out whole").done();
    contents(room, "whole")
}

fn contents(room: &Room, folder: &str) -> Vec<(String, Vec<u8>)> {
    room.list(folder)
        .into_iter()
        .map(|name| {
            (
                name.clone(),
                fs::read(room.path(folder).join(name)).unwrap(),
            )
        })
        .collect()
}

#[track_caller]
fn assert_same(found: &[(String, Vec<u8>)], expected: &[(String, Vec<u8>)]) {
    let names = |files: &[(String, Vec<u8>)]| {
        files
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(found), names(expected));
    for ((name, found), (_, expected)) in found.iter().zip(expected) {
        assert!(found == expected, "{name} differs");
    }
}

fn start(room: &Room, args: &str) -> Child {
    let args = format!("fit {args} --checkpoint-every 0");
    room.command(args.split_whitespace())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for the first checkpoint and then for `delay`; whether the fit is still running.
fn wait_until_under_way(room: &Room, child: &mut Child, delay: Duration) -> bool {
    let patience = Instant::now() + Duration::from_secs(60);
    while !room.path("broken.partial/checkpoint").exists() && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < patience, "no checkpoint after a minute");
        sleep(Duration::from_millis(1));
    }
    sleep(delay);
    child.try_wait().unwrap().is_none()
}

#[test]
fn a_fit_killed_at_any_moment_resumes_to_the_same_bits() {
    let room = Room::new();
    let whole = long_training(&room);
    let mut killed = 0;
    for delay in [0, 3, 11, 40] {
        let mut args = "hybrid.toml --out broken".to_owned();
        for further in [0, 17] {
            let mut child = start(&room, &args);
            killed += usize::from(wait_until_under_way(
                &room,
                &mut child,
                Duration::from_millis(delay + further),
            ));
            child.kill().unwrap();
            child.wait().unwrap();
            args = "--resume broken".to_owned();
        }
        room.run("fit --resume broken").done();
        assert_same(&contents(&room, "broken"), &whole);
        assert!(!room.path("broken.partial").exists());
        fs::remove_dir_all(room.path("broken")).unwrap();
    }
    assert!(killed > 0, "every fit had ended before it was killed");
}

#[test]
fn ctrl_c_ends_a_fit_with_everything_saved_and_it_resumes_to_the_same_bits() {
    let room = Room::new();
    let whole = long_training(&room);
    let mut interrupted = 0;
    for delay in [0, 20] {
        let mut child = start(&room, "hybrid.toml --out broken");
        wait_until_under_way(&room, &mut child, Duration::from_millis(delay));
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        let run = Run::of(child.wait_with_output().unwrap());
        if run.code == 130 {
            interrupted += 1;
            assert!(
                run.out.contains("--resume") || run.err.contains("--resume"),
                "{run:?}"
            );
            assert_eq!(
                room.list("broken"),
                whole
                    .iter()
                    .map(|(name, _)| name.clone())
                    .collect::<Vec<_>>()
            );
            let (_, history) = columns(&room.read("broken/history.csv"));
            assert!(history.len() < columns(&room.read("whole/history.csv")).1.len());
        }
        room.run("fit hybrid.toml --resume broken").done();
        assert_same(&contents(&room, "broken"), &whole);
        fs::remove_dir_all(room.path("broken")).unwrap();
    }
    assert!(interrupted > 0, "every fit had ended before Ctrl-C");
}

#[test]
fn an_interrupted_fit_does_not_take_the_place_of_a_finished_one() {
    let room = Room::new();
    let whole = long_training(&room);
    fs::rename(room.path("whole"), room.path("broken")).unwrap();
    let mut child = start(&room, "hybrid.toml --out broken");
    wait_until_under_way(&room, &mut child, Duration::ZERO);
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let run = Run::of(child.wait_with_output().unwrap());
    assert_same(&contents(&room, "broken"), &whole);
    if run.code == 130 {
        assert!(
            room.list("broken.partial")
                .contains(&"fitted.toml".to_owned())
        );
        room.run("fit --resume broken").done();
        assert_same(&contents(&room, "broken"), &whole);
    }
}

#[test]
fn resuming_a_finished_fit_changes_nothing() {
    let room = Room::new();
    room.run("fit lynx-hare.toml --out done").done();
    let before = contents(&room, "done");
    room.run("fit --resume done").done();
    assert_same(&contents(&room, "done"), &before);
}

#[test]
fn a_checkpoint_is_refused_where_it_does_not_belong() {
    let room = Room::new();
    room.run("fit --resume nowhere")
        .failed(2, &["nowhere", "no fit to resume"]);
    room.run("fit lynx-hare.toml --out done").done();
    room.variant("other.toml", "alpha * hare", "2 * alpha * hare");
    room.run("fit other.toml --resume done")
        .failed(2, &["other.toml"]);
    fs::write(room.path("done/checkpoint"), "nonsense").unwrap();
    room.run("fit lynx-hare.toml --resume done")
        .failed(2, &["checkpoint"]);
}

#[test]
fn a_likelihood_of_unknown_noise_has_its_maximum_where_least_squares_have_their_minimum() {
    let room = Room::new();
    room.variant("pond.toml", "[data]", "[observables]\nhare = { is = \"hare\", noise = \"sigma\", distribution = \"log-normal\" }\nlynx = { is = \"lynx\", noise = \"sigma\", distribution = \"log-normal\" }\n\n[data]");
    let text = room.read("pond.toml").replace(
        "[parameters]",
        "[parameters]\nsigma = { value = 0.5, lower = 1e-3 }",
    );
    room.write("pond.toml", &text);
    let json = found(&room, "pond.toml");
    let value = |name: &str| {
        let mut parameters = json["parameters"].as_array().unwrap().iter();
        parameters
            .find(|parameter| parameter["name"] == name)
            .unwrap()["value"]
            .as_f64()
            .unwrap()
    };
    for (name, expected) in OPTIMUM {
        assert!(
            (value(name) / expected - 1.0).abs() < 1e-3,
            "{name} {}",
            value(name)
        );
    }
    // Of normal errors of ln d: sigma² = RSS/n, and −ln L = n/2 (ln(2π sigma²) + 1) + Σ ln d.
    let (rss, n) = (2.01866_f64, 42.0);
    let sigma = (rss / n).sqrt();
    assert!(
        (value("sigma") / sigma - 1.0).abs() < 1e-4,
        "{}",
        value("sigma")
    );
    let (_, rows) = columns(&room.read("lynx-hare.csv"));
    let logarithms: f64 = rows.iter().flat_map(|row| &row[1..]).map(|d| d.ln()).sum();
    let expected = 0.5 * n * ((std::f64::consts::TAU * sigma * sigma).ln() + 1.0) + logarithms;
    assert!(
        (json["loss"].as_f64().unwrap() / expected - 1.0).abs() < 1e-6,
        "{} {expected}",
        json["loss"]
    );
}

#[test]
fn several_starts_find_the_best_whatever_the_jobs_and_a_failed_one_is_listed() {
    let room = Room::new();
    // Two minima of the loss, at a = 2 (the lower) and near -2; from b > 1 on there is no solution.
    room.write(
        "m.toml",
        "[states]\ny = 1.0\n[parameters]\na = { value = -2.5, lower = -3.0, upper = 3.0 }\nb = { value = 0.5, lower = 0.0, upper = 4.0 }\n\
         [equations]\ny = \"a^2 + 0.1 * a - y + if(b > 1, y^2 * 1e3, 0)\"\n[time]\nstart = 0.0\nend = 1.0\n\
         [observables]\ny = { is = \"y\" }\nshift = { is = \"0.3 * a + 0 * b\" }\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n[fit]\nstarts = 8\nseed = 2\n",
    );
    room.write("d.csv", "t,y,shift\n0.5,2.2592444,0.6\n1.0,3.0224841,0.6\n");
    let one = room.run("fit m.toml --jobs 1 --out one").done();
    assert!(one.out.contains("of 8 starts ended"), "{}", one.out);
    assert!(one.out.contains("failed: "), "{}", one.out);
    room.run("fit m.toml --starts 8 --jobs 3 --out three")
        .done();
    // The page shows where each start led.
    let page = room.read("one/report.html");
    let (_, waterfall) = page.split_once("<h2>Starts</h2>").unwrap();
    let (figure, rest) = waterfall.split_once("</figure>").unwrap();
    let sentence = one
        .out
        .lines()
        .find(|line| line.contains("of 8 starts ended"));
    assert!(figure.contains(sentence.unwrap()), "{figure}");
    let (table, _) = rest.split_once("</table>").unwrap();
    assert!(table.contains("Starts that failed") && table.matches("<td>").count() >= 1);
    let (verdict, _) = page.split_once("<h2>").unwrap();
    assert!(verdict.contains("of 8 starts ended"), "{verdict}");
    // The page has the words that make the fit again; the number of jobs does not matter for that.
    assert!(
        room.read("three/report.html")
            .contains("<pre>costate fit m.toml --starts 8</pre>")
    );
    assert_eq!(room.read("one/fitted.toml"), room.read("three/fitted.toml"));
    let fitted = room.read("one/fitted.toml");
    let line = fitted
        .lines()
        .find(|line| line.starts_with("a = "))
        .unwrap();
    let value = line.split("value = ").nth(1).unwrap();
    let a: f64 = value.split(',').next().unwrap().trim().parse().unwrap();
    assert!((a - 2.0).abs() < 0.01, "{a}");
    room.run("fit --resume one").done();
}

#[test]
fn a_parameter_that_cancels_but_for_rounding_stays_and_leaves_the_others_their_errors() {
    let room = Room::new();
    room.write(
        "d.csv",
        "t,y\n0,2.1\n1,1.25\n2,0.76\n3,0.42\n4,0.3\n5,0.17\n",
    );
    let model = |p: &str| {
        format!(
            "[states]\nz = \"y0 / p\"\n[parameters]\np = {{ value = 5.0, {p} }}\nk = {{ value = 0.5, lower = 0.01, upper = 5.0 }}\n\
             y0 = {{ value = 2.0, lower = 0.1, upper = 10.0 }}\ns = {{ value = 0.1, lower = 0.001, upper = 2.0 }}\n\
             [equations]\nz = \"-k * z\"\n[time]\nstart = 0\nend = 5\n[observables]\ny = {{ is = \"p * z\", noise = \"s\" }}\n\
             [data]\nfile = \"d.csv\"\ntime = \"t\"\n"
        )
    };
    room.write("fixed.toml", &model("fixed = true"));
    let fixed = found(&room, "fixed.toml --out of_fixed");
    for p in ["scale = \"log\"", "lower = 0.1, upper = 100"] {
        room.write("free.toml", &model(p));
        let free = found(&room, "free.toml --force");
        assert_eq!(free["parameters"][0]["without_influence"], true, "{free}");
        let value = free["parameters"][0]["value"].as_f64().unwrap();
        assert!((value - 5.0).abs() < 1e-12, "{free}");
        let loss = |found: &Value| found["loss"].as_f64().unwrap();
        assert!((loss(&free) - loss(&fixed)).abs() < 1e-6, "{free}");
        for k in 1..4 {
            let error = |found: &Value| found["parameters"][k]["standard_error"].as_f64().unwrap();
            let ratio = error(&free) / error(&fixed);
            assert!((ratio - 1.0).abs() < 1e-3, "{k}: {ratio}");
        }
    }
}

#[test]
fn a_parameter_that_only_the_solvers_error_gives_a_slope_stays() {
    let room = Room::new();
    let data = [
        (8, 1.5602),
        (13, 1.7859),
        (17, 2.0582),
        (24, 1.2915),
        (33, 1.7464),
        (38, 1.9694),
        (46, 1.2758),
        (55, 1.6429),
        (60, 1.9581),
        (69, 1.3425),
        (79, 1.8449),
        (95, 1.4706),
    ];
    let rows: Vec<String> = data.iter().map(|(t, v)| format!("{t},{v}\n")).collect();
    room.write("d.csv", &format!("t,v\n{}", rows.concat()));
    // Between the jumps of the loss, the size at which cells divide in two changes nothing: what is halved later is halved all the same.
    room.write(
        "cells.toml",
        "[states]\nv = \"v0\"\n[parameters]\nv0 = { value = 1.1, lower = 0.5, upper = 1.9 }\nmu = { value = 0.03, lower = 0.001, upper = 0.1 }\n\
         vdiv = { value = 2.0, lower = 1.8, upper = 3.0 }\n[equations]\nv = \"mu * v\"\n\
         [[events]]\nwhen = \"v - vdiv\"\ndirection = \"rising\"\nset = { v = \"0.5 * v\" }\n\
         [time]\nstart = 0\nend = 100\n[solver]\nrtol = 1e-9\natol = 1e-10\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
    );
    let found = found(&room, "cells.toml");
    let vdiv = &found["parameters"][2];
    assert_eq!(vdiv["without_influence"], true, "{found}");
    assert_eq!(vdiv["value"], 2.0, "{found}");
}

#[test]
fn a_perfect_fit_has_no_error_of_a_billion_percent() {
    let room = Room::new();
    let text = "[states]\ny = 1.0\n[parameters]\nk = 0.5\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0\nend = 2\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
    room.write("m.toml", text);
    room.write("d.csv", "t,y\n1,0.6\n");
    let run = room.run("fit m.toml").done();
    assert!(
        run.out
            .contains("the solver's own error is more than the loss: lower rtol"),
        "{}",
        run.out
    );
    assert!(!run.out.contains("%"), "{}", run.out);
    assert!(
        room.read("m-fit/report.html")
            .contains("The solver's own error is more than the loss: lower rtol")
    );
}
