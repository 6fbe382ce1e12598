//! Ctrl-C in the middle of something that takes longer than anyone waits: one evaluation of the loss, or the report.

use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::room::{Room, Run};

/// The frequency is what is measured, a thousand times that of the start for each evaluation or two: soon one of them takes minutes.
const FASTER: &str = r#"[states]
x = 1.0
y = 0.0
[parameters]
k = { value = 1.0, lower = 1e-3 }
[equations]
x = "k * y"
y = "-k * x"
[time]
start = 0.0
end = 10.0
[solver]
max_steps = 1000000000
[observables]
k = { is = "k + 0 * x" }
[data]
file = "k.csv"
time = "t"
[fit]
loss = "log-squares"
"#;

/// Waits until the fit has written checkpoints and then none for a while.
fn wait_for_something_long(room: &Room, child: &mut Child) {
    let checkpoint = room.path("slow.partial/checkpoint");
    let (begun, mut last, mut since) = (Instant::now(), None, Instant::now());
    loop {
        assert!(child.try_wait().unwrap().is_none(), "the fit has ended");
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "nothing takes long"
        );
        let now = std::fs::metadata(&checkpoint)
            .and_then(|it| it.modified())
            .ok();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        if last.is_some() && since.elapsed() > Duration::from_secs(3) {
            return;
        }
        sleep(Duration::from_millis(20));
    }
}

/// Starts a fit, asks it to stop once it is in the middle of something long, and waits for it to end.
fn interrupted(room: &Room, args: &str) -> Run {
    let mut child = room
        .command(args.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for_something_long(room, &mut child);
    let asked = Instant::now();
    let id = child.id().to_string();
    Command::new("kill").args(["-INT", &id]).status().unwrap();
    let run = Run::of(child.wait_with_output().unwrap());
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "{:?}",
        asked.elapsed()
    );
    run
}

#[test]
fn ctrl_c_does_not_wait_for_an_evaluation_that_takes_minutes() {
    let room = Room::new();
    room.write("faster.toml", FASTER);
    room.write("k.csv", "t,k\n10,1e12\n");
    let run = interrupted(&room, "fit faster.toml --out slow --checkpoint-every 0");
    let run = run.failed(130, &["in the middle of an evaluation", "--resume slow"]);
    assert_eq!(run.err.matches("slow.partial").count(), 1, "{}", run.err);
    // What was found before it is a model like any other, and the fit can go on.
    let fitted = room.read("slow.partial/fitted.toml");
    let value = fitted
        .split("k = { value = ")
        .nth(1)
        .unwrap()
        .split([',', ' '])
        .next();
    let value: f64 = value.unwrap().parse().unwrap();
    assert!(value > 2.0 && value < 1e12, "{value}");
    room.run("gradient slow.partial/fitted.toml --set k=1")
        .done();
    let mut again = room
        .command("fit --resume slow --checkpoint-every 0".split(' '))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    sleep(Duration::from_millis(500));
    assert!(
        again.try_wait().unwrap().is_none(),
        "it goes on where it was"
    );
    again.kill().unwrap();
    again.wait().unwrap();
}

#[test]
fn ctrl_c_does_not_wait_for_a_report_that_takes_minutes() {
    let room = Room::new();
    // The data end long before the model's time, to which the curves of a report go.
    let text = FASTER
        .replace("end = 10.0", "end = 1e10")
        .replace("[solver]", "[solver]\nmethod = \"tsit5\"");
    room.write("long.toml", &text);
    room.write("k.csv", "t,k\n1,1.5\n");
    let run = interrupted(&room, "fit long.toml --out slow --checkpoint-every 0");
    let run = run.failed(130, &["before the report was written", "--resume slow"]);
    assert!(!run.err.contains("evaluation"), "{}", run.err);
    assert!(room.read("slow.partial/fitted.toml").contains("1.5"));
}
