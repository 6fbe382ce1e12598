//! Model files and tables by a grammar, most of them then changed at random: whatever is in them, there is an answer, soon, and no panic.

mod grammar;
mod mutate;
mod random;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use costate_model::{Fit, Model, Save};

use grammar::Case;
use random::Random;

/// How many cases are tried: more by this variable of the environment.
const CASES: u64 = 400;
const VARIABLE: &str = "COSTATE_FUZZ_CASES";
/// The first case, by this variable: to look at one that failed.
const FIRST: &str = "COSTATE_FUZZ_FIRST";
/// What no case takes, however busy the machine.
const LONG: Duration = Duration::from_secs(120);

/// How far a case came.
#[derive(Default)]
struct Reached {
    parsed: bool,
    solved: bool,
    scored: bool,
    fitted: bool,
}

fn of(seed: u64) -> Case {
    let mut random = Random(seed);
    let mut case = grammar::case(&mut random);
    // A third stays as the grammar made it.
    if !seed.is_multiple_of(3) {
        let text = match random.below(8) {
            0 => &mut case.data,
            1 => &mut case.input,
            _ => &mut case.model,
        };
        *text = mutate::mutated(text, &mut random);
    }
    case
}

fn attempt(seed: u64, case: &Case, place: &Path) -> Reached {
    let mut reached = Reached::default();
    std::fs::write(place.join("d.csv"), &case.data).unwrap();
    std::fs::write(place.join("u.csv"), &case.input).unwrap();
    let model = match Model::parse(&case.model, place.join("m.toml")) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return reached;
        }
    };
    reached.parsed = true;
    let _ = model.check();
    // What is written of a model is a model.
    if model.networks().is_empty() {
        let again = model.to_file(place, "w.safetensors");
        if let Err(error) = Model::parse(&again, place.join("m.toml")) {
            panic!("written anew it is refused: {error}\n{again}");
        }
    }
    let (start, end) = model.span();
    reached.solved = model.solve(&Save::At(vec![start, end])).is_ok();
    reached.scored = model.gradient().is_ok();
    if seed.is_multiple_of(4) {
        let _ = model.explain();
    }
    if seed.is_multiple_of(2)
        && let Ok(mut fit) = Fit::new(model)
    {
        for _ in 0..4 {
            match fit.advance() {
                Ok(true) => {}
                _ => break,
            }
        }
        let saved = fit.save();
        assert!(Fit::resume(fit.start().clone(), &saved).is_ok());
        reached.fitted = fit.found().is_ok();
    }
    reached
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

#[test]
fn no_file_makes_a_panic_or_takes_long_or_leaves_another() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let cases: u64 = number(VARIABLE).unwrap_or(CASES);
    let first: u64 = number(FIRST).unwrap_or(0);
    let room = tempfile::tempdir().unwrap();
    let place = room.path();
    let (sender, receiver) = mpsc::channel();
    let own = place.to_owned();
    let worker = move || {
        for seed in first..first + cases {
            let case = of(seed);
            let result = catch_unwind(AssertUnwindSafe(|| attempt(seed, &case, &own)));
            if sender.send(result.map_err(|panic| said(&*panic))).is_err() {
                break;
            }
        }
    };
    // The stack that a program's main thread has.
    let worker = std::thread::Builder::new()
        .stack_size(8 << 20)
        .spawn(worker)
        .unwrap();
    let (mut parsed, mut solved, mut scored, mut fitted) = (0, 0, 0, 0);
    let mut failed: Vec<(String, String)> = Vec::new();
    for seed in first..first + cases {
        let told = |what: &str| {
            let Case { model, data, input } = of(seed);
            format!("case {seed} {what}\n{model}\n--- d.csv\n{data}\n--- u.csv\n{input}")
        };
        let reached = match receiver.recv_timeout(LONG) {
            Ok(Ok(reached)) => reached,
            Ok(Err(panic)) => {
                failed.push((panic.clone(), told(&format!("panicked: {panic}"))));
                continue;
            }
            Err(_) => panic!("{}", told("does not end")),
        };
        parsed += u64::from(reached.parsed);
        solved += u64::from(reached.solved);
        scored += u64::from(reached.scored);
        fitted += u64::from(reached.fitted);
    }
    worker.join().unwrap();
    // One of each kind.
    let count = failed.len();
    failed.dedup_by(|a, b| a.0 == b.0);
    let told: Vec<String> = failed.into_iter().take(8).map(|(_, told)| told).collect();
    assert!(count == 0, "{count} cases panicked\n{}", told.join("\n"));
    let counts =
        format!("of {cases}: {parsed} parsed, {solved} solved, {scored} scored, {fitted} fitted");
    println!("{counts}");
    // Files that are always refused at once would try nothing else.
    let enough = parsed > cases / 4 && solved > cases / 6 && scored > cases / 40;
    assert!(cases < CASES || enough && fitted > cases / 80, "{counts}");
    let left = std::fs::read_dir(place).unwrap();
    let mut left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["d.csv", "u.csv"]);
}
