//! Doses, infusions, bounces: what is set and added, and when.

use costate_model::{Fit, Model, Save};
use costate_neural_ode::audit::{Variable, Verdict};

use crate::{METHODS, close, first, gradients_are_slopes, message, parse, room};

const DOSES: &str = r#"[states]
y = 0.5
[parameters]
k = 0.4
dose = 2.0
t_dose = 1.3
factor = 0.7
[equations]
y = "-k * y"
[[events]]
at = [0.5, "t_dose", 9.0]
add = { y = "dose * (1 + 0.1 * t)" }
[[events]]
at = "t_dose + 1"
set = { y = "factor * y^2" }
add = { y = 0.25 }
[time]
start = 0.0
end = 4.0
[solver]
method = "METHOD"
rtol = 1e-10
atol = 1e-12
[data]
file = "d.csv"
time = "t"
"#;

const DOSES_DATA: &str = "t,y\n0.4,0.5\n0.5,0.6\n1.0,2.0\n2.0,3.0\n3.0,2.0\n4.0,1.0\n";

#[test]
fn doses_and_resets_at_known_times_follow_the_closed_form_and_have_exact_gradients() {
    let model = parse(&DOSES.replace("METHOD", "tsit5"), &[("d.csv", DOSES_DATA)]);
    let decay = |t: f64| (-0.4 * t).exp();
    let at_half = 0.5 * decay(0.5) + 2.0 * 1.05;
    let at_dose = at_half * decay(0.8) + 2.0 * 1.13;
    let before = at_dose * decay(1.0);
    let after = 0.7 * before * before + 0.25;
    // The state saved at the very time of an event is that before it.
    close(
        &first(&model, &[0.5, 1.3, 2.3, 4.0]),
        &[
            0.5 * decay(0.5),
            at_half * decay(0.8),
            before,
            after * decay(1.7),
        ],
        1e-9,
    );
    let every = model.solve(&Save::Steps).unwrap();
    assert_eq!(every.events.len(), 3);
    assert_eq!(every.events[1], ("event 1 (line 10)".to_owned(), 1.3));
    let row = every.times.iter().position(|&t| t == 0.5).unwrap();
    assert_eq!(every.times[row + 1], 0.5);
    close(&[every.row(row + 1)[0]], &[at_half], 1e-9);
    gradients_are_slopes(&model, METHODS, 1e-6);
}

#[test]
fn stiff_methods_and_auto_go_through_events_too() {
    for method in ["auto", "rodas5p", "radau", "kencarp4"] {
        let model = parse(&DOSES.replace("METHOD", method), &[("d.csv", DOSES_DATA)]);
        gradients_are_slopes(&model, &["discrete"], 1e-6);
    }
    // Nor is a loss said not to be smooth because the tolerance is loose.
    let loose = DOSES
        .replace("METHOD", "tsit5")
        .replace("rtol = 1e-10", "rtol = 1e-4");
    let (_, audit) = &parse(&loose, &[("d.csv", DOSES_DATA)]).audit().unwrap()[0];
    assert_eq!(audit.verdict(), Verdict::Right, "{audit}");
    let bdf = parse(&DOSES.replace("METHOD", "bdf"), &[("d.csv", DOSES_DATA)]);
    assert_eq!(bdf.solve(&Save::Steps).unwrap().events.len(), 3);
}

#[test]
fn the_derivatives_by_the_times_of_events_are_given_where_they_are_numbers() {
    let text = DOSES.replace("METHOD", "tsit5");
    let report = parse(&text, &[("d.csv", DOSES_DATA)]).gradient().unwrap();
    let times: Vec<f64> = report.events.iter().map(|(t, _)| *t).collect();
    assert_eq!(times, [0.5, 1.3, 2.3]);
    let loss = |t: f64| {
        let text = text.replace("[0.5, ", &format!("[{t}, "));
        // Away from the measurement at its time.
        let data = DOSES_DATA.replace("0.5,0.6\n", "");
        parse(&text, &[("d.csv", &data)]).gradient().unwrap()
    };
    let central = |h: f64| (loss(0.5 + h).loss - loss(0.5 - h).loss) / (2.0 * h);
    let expected = (4.0 * central(1e-3) - central(2e-3)) / 3.0;
    close(&[loss(0.5).events[0].1], &[expected], 1e-6);
}

#[test]
fn an_infusion_adds_its_amount_at_a_constant_rate_and_infusions_may_overlap() {
    let text = r#"[states]
y = 0.0
[parameters]
k = 0.4
dose = 3.0
long = 1.5
gap = 1.0
[equations]
y = "-k * y"
[[events]]
at = { every = "gap", count = 3, start = 0.5 }
add = { y = "dose" }
over = "long"
[time]
start = 0.0
end = 5.0
[solver]
rtol = 1e-10
atol = 1e-12
[data]
file = "d.csv"
time = "t"
"#;
    let model = parse(text, &[("d.csv", "t,y\n1.2,1.0\n2.2,3.0\n3.3,4.0\n5,2\n")]);
    // Each infusion alone: r/k (1 − e^(−k s)) up to s = 1.5, and its decay behind.
    let one = |s: f64| {
        let rate = 3.0 / 1.5 / 0.4;
        match s {
            _ if s <= 0.0 => 0.0,
            _ if s <= 1.5 => rate * (1.0 - (-0.4 * s).exp()),
            _ => rate * (1.0 - (-0.6_f64).exp()) * (-0.4 * (s - 1.5)).exp(),
        }
    };
    let all = |t: f64| one(t - 0.5) + one(t - 1.5) + one(t - 2.5);
    let times = [0.4, 1.0, 1.8, 2.2, 3.0, 4.0, 5.0];
    close(&first(&model, &times), &times.map(all), 1e-9);
    gradients_are_slopes(&model, METHODS, 1e-6);
}

#[test]
fn a_ball_bounces_where_the_closed_form_says_and_its_gradient_goes_through() {
    let text = r#"[states]
height = "drop"
speed = 0.0
[parameters]
drop = 1.0
g = 9.81
kept = 0.8
[equations]
height = "speed"
speed = "-g"
[[events]]
when = "height"
direction = "falling"
set = { speed = "-kept * speed" }
[time]
start = 0.0
end = 1.0
[solver]
rtol = 1e-10
atol = 1e-12
[data]
file = "d.csv"
time = "t"
"#;
    let model = parse(
        text,
        &[(
            "d.csv",
            "t,height,speed\n0.3,0.5,\n0.8,0.6,0.1\n1.0,0.3,-1.0\n",
        )],
    );
    let bounce = (2.0_f64 / 9.81).sqrt();
    let up = 0.8 * 9.81 * bounce;
    let height = |t: f64| up * (t - bounce) - 0.5 * 9.81 * (t - bounce) * (t - bounce);
    close(
        &first(&model, &[0.6, 1.0]),
        &[height(0.6), height(1.0)],
        1e-10,
    );
    let events = model.solve(&Save::Steps).unwrap().events;
    close(&[events[0].1], &[bounce], 1e-12);
    gradients_are_slopes(&model, METHODS, 1e-6);
}

#[test]
fn a_terminal_event_ends_the_solution_and_measurements_behind_it_are_told() {
    let text = "[states]\ny = 1.0\n[parameters]\nk = 1.0\n[equations]\ny = \"k\"\n[[events]]\nwhen = \"y - 3\"\nterminal = true\n\
        [time]\nstart = 0.0\nend = 5.0\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
    let model = parse(text, &[("d.csv", "t,y\n1,2.5\n")]);
    let solution = model.solve(&Save::Steps).unwrap();
    close(&[*solution.times.last().unwrap()], &[2.0], 1e-12);
    gradients_are_slopes(&model, METHODS, 1e-6);
    let late = parse(text, &[("d.csv", "t,y\n1,2.5\n4,1\n")]);
    let error = late.gradient().unwrap_err();
    assert!(error.is_numerical());
    let error = error.to_string();
    assert!(
        error.contains(
            "something is measured at t = 4, but event 1 (line 7) ends the solution at t = 2"
        ),
        "{error}"
    );
}

#[test]
fn an_event_may_happen_in_some_experiments_alone() {
    let text = "[states]\ny = 0.0\n[parameters]\nrate = 1.0\ndose = 2.0\n[equations]\ny = \"rate\"\n[[events]]\nat = 1.0\nadd = { y = \"dose\" }\n\
        experiments = [\"treated\"]\n[time]\nstart = 0.0\nend = 2.0\n[data]\nfile = \"d.csv\"\ntime = \"t\"\nexperiment = \"group\"\n";
    let data = (
        "d.csv",
        "group,t,y\ncontrol,2,2.5\ntreated,0.5,0.1\ntreated,2,4.5\n",
    );
    let model = parse(text, &[data]);
    for (name, expected) in [("control", 2.0), ("treated", 4.0)] {
        close(
            &first(&model.experiment(name).unwrap(), &[2.0]),
            &[expected],
            1e-12,
        );
    }
    gradients_are_slopes(&model, METHODS, 1e-6);
    let text = message(&text.replace("[\"treated\"]", "[\"treatd\"]"), &[data]);
    assert!(
        text.contains("m.toml:11:16: no experiment is called 'treatd'"),
        "{text}"
    );
}

#[test]
fn a_fit_finds_the_dose_and_its_time() {
    let text = DOSES.replace("METHOD", "auto");
    let place = room(&[("d.csv", DOSES_DATA)]);
    let truth = Model::parse(&text, &place).unwrap();
    let times: Vec<f64> = (1..=16).map(|i| 0.25 * f64::from(i)).collect();
    let rows = times.iter().zip(first(&truth, &times));
    let rows: String = rows.map(|(t, y)| format!("{t},{y}\n")).collect();
    std::fs::write(place.with_file_name("d.csv"), format!("t,y\n{rows}")).unwrap();
    let mut start = Model::parse(&text, &place).unwrap();
    for (name, value) in [
        ("k", 0.45),
        ("dose", 1.8),
        ("t_dose", 1.35),
        ("factor", 0.6),
    ] {
        start.set(name, value).unwrap();
    }
    let mut fit = Fit::new(start).unwrap();
    assert_eq!(fit.optimizers(), ["gauss-newton"]);
    while fit.advance().unwrap() {}
    for (parameter, value) in fit
        .found()
        .unwrap()
        .parameters
        .iter()
        .zip([0.4, 2.0, 1.3, 0.7])
    {
        assert!((parameter.value - value).abs() < 1e-6, "{parameter:?}");
    }
}

#[test]
fn a_dose_at_rest_is_audited_by_every_kind_of_solver() {
    // The derivative by the start is that of the way to the dose, of which an implicit step makes what its stability function makes of it. Below c = 0 nothing is defined: differences
    // are from one side, and by steps of their own.
    let text = |solver: &str| {
        format!(
            "[states]\ne = 1.0\nc = 0.0\n[parameters]\nkin = 0.2\n[equations]\ne = \"kin * (1 - e) - c^1.5\"\nc = \"-c\"\n[[events]]\nat = 20\nset = {{ e = \"0.5 * e\" }}\n\
             [time]\nstart = 0.0\nend = 25.0\n[solver]\nmethod = \"{solver}\"\nrtol = 1e-8\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n"
        )
    };
    // The last one's order is too low for its steps at rest, which are not as short as that would need.
    let solvers = ["auto", "tsit5", "kvaerno5", "radau", "trbdf2"];
    for solver in solvers {
        let model = parse(&text(solver), &[("d.csv", "t,e\n21.0,0.6\n24.0,0.9\n")]);
        let audits = model.audit().unwrap();
        let audit = &audits[0].1;
        let verdict = audit.verdict();
        if solver != "trbdf2" {
            assert_eq!(verdict, Verdict::Right, "{solver}: {audit}");
            continue;
        }
        let (method, worst) = ("discrete", Variable::H0(0));
        let expected = Verdict::Inaccurate { method, worst };
        assert_eq!(verdict, expected, "{solver}: {audit}");
        assert_eq!(
            (audit.inaccurate(), audit.recommended()),
            (vec![method], None)
        );
        assert!(
            audit
                .off_by_all()
                .is_some_and(|off| 1e-6 < off && off < 1e-2)
        );
    }
}

#[test]
fn what_happens_at_the_start_does_so_backwards_too() {
    for (start, end, sign) in [(5.0, 1.0, -1.0), (1.0, 5.0, 1.0)] {
        let text = format!(
            "[states]\ny = 1.0\n[parameters]\nk = {}\ndose = 1.0\n[equations]\ny = \"k * y + 0 * step(t, {start})\"\n[[events]]\nat = {start}\nadd = {{ y = \"dose\" }}\n\
             [time]\nstart = {start}\nend = {end}\n[solver]\nrtol = 1e-10\natol = 1e-12\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n",
            0.5 * sign
        );
        // y = 2 exp(0.5 |t - start|).
        let rows = if sign < 0.0 {
            "4,0.5\n2,0.2\n"
        } else {
            "2,0.5\n4,0.2\n"
        };
        let model = parse(&text, &[("d.csv", &format!("t,y\n{rows}"))]);
        let times = if sign < 0.0 { [4.0, 2.0] } else { [2.0, 4.0] };
        let expected = times.map(|t: f64| 2.0 * (0.5 * (t - start).abs()).exp());
        close(&first(&model, &times), &expected, 1e-8);
        let loss = (expected[0] - 0.5).powi(2) + (expected[1] - 0.2).powi(2);
        assert!((model.gradient().unwrap().loss - loss).abs() < 1e-7 * loss);
        gradients_are_slopes(&model, METHODS, 1e-5);
    }
}

#[test]
fn a_fit_leaves_a_measurement_that_a_dose_coincides_with() {
    // To one side of td = 2 the measurement there sees the dose, to the other it does not.
    let text = "[states]\ny = 1.0\n[parameters]\ntd = 2.0\n[equations]\ny = \"-0.5 * y\"\n[[events]]\nat = [\"td\"]\nadd = { y = 1 }\n\
        [time]\nstart = 0\nend = 4\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
    let data = [("d.csv", "t,y\n1,0.6\n2,1.2\n3,0.8\n")];
    for start in [2.0, 1.99999, 2.00001, 1.9] {
        let mut model = parse(text, &data);
        model.set("td", start).unwrap();
        let mut fit = Fit::new(model).unwrap();
        while fit.advance().unwrap() {}
        let found = fit.found().unwrap();
        let (td, error) = (
            found.parameters[0].value,
            found.parameters[0].standard_error,
        );
        // The sum of squares of y(2) = e^-1 + e^(-0.5 (2 - td)) and y(3), at its minimum.
        assert!(
            (td - 1.70791).abs() < 1e-4,
            "from {start}: {td}: {}",
            found.verdict
        );
        assert!(
            (error.unwrap() - 0.087).abs() < 1e-2,
            "from {start}: {error:?}"
        );
    }
}

#[test]
fn steps_that_events_use_up_are_told_with_their_count() {
    let text = "[states]\ny = 1.0\n[equations]\ny = \"-y\"\n[[events]]\nwhen = \"sin(1e3 * t)\"\nadd = { y = 0 }\n[time]\nstart = 0\nend = 10\n[solver]\nmax_steps = 500\n";
    let error = parse(text, &[])
        .solve(&Save::Steps)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(
            "events until there end most of them: raise it, or look at the events (500 steps"
        ),
        "{error}"
    );
}
