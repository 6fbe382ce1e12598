//! Equations that change where a comparison does.

use costate_model::{Error, Save};
use costate_neural_ode::audit::Verdict;

use crate::{METHODS, close, first, gradients_are_slopes, parse};

const SWITCHED: &str = r#"[states]
y = 0.2
z = 0.0
[parameters]
on = 0.7
off = 2.2
high = 1.5
width = 0.4
level = 1.0
[definitions]
light = "if(t < on, 0, high) * (1 - step(t, off)) + pulse(t, on + 1.1, width)"
[equations]
y = "light - 0.3 * y"
z = "if(y > level, 1 + 0.2 * z, -0.5 * y)"
[time]
start = 0.0
end = 4.0
[solver]
rtol = 1e-10
atol = 1e-12
[data]
file = "d.csv"
time = "t"
"#;

const SWITCHED_DATA: &str = "t,y,z\n0.5,0.3,0.1\n1.5,1.0,0.2\n2.5,2.0,0.5\n4.0,1.0,1.0\n";

#[test]
fn comparisons_are_stops_and_gradients_in_their_times_are_exact() {
    let model = parse(SWITCHED, &[("d.csv", SWITCHED_DATA)]);
    // y' = u − 0.3 y with u = 0, 1.5, 2.5, 1.5, 0 between 0.7, 1.8, 2.2, 2.2: the pulse ends where the light does.
    let step = |y: f64, u: f64, t: f64| u / 0.3 + (y - u / 0.3) * (-0.3 * t).exp();
    let at_18 = step(step(0.2, 0.0, 0.7), 1.5, 1.1);
    let end = step(step(at_18, 2.5, 0.4), 0.0, 1.8);
    close(&first(&model, &[1.8, 4.0]), &[at_18, end], 1e-9);
    // y passes the level on its way up.
    let crossings = model.solve(&Save::Steps).unwrap().events;
    assert_eq!(crossings.len(), 1);
    assert_eq!(crossings[0].0, "y > level");
    let model = parse(
        &SWITCHED.replace("off = 2.2", "off = 2.4"),
        &[("d.csv", SWITCHED_DATA)],
    );
    gradients_are_slopes(&model, METHODS, 1e-6);
}

#[test]
fn a_narrow_pulse_is_not_missed_and_a_periodic_switch_has_all_its_times() {
    let text = "[states]\ny = 0.0\n[equations]\ny = \"1e6 * pulse(t, 33.3, 1e-6) + if(sin(2 * pi * t) > 0.5, 1, 0)\"\n\
        [time]\nstart = 0.0\nend = 100.0\n";
    let model = parse(text, &[]);
    // sin > 1/2 for a third of each period.
    close(&first(&model, &[100.0]), &[1.0 + 100.0 / 3.0], 1e-8);
    let back = text.replace("start = 0.0\nend = 100.0", "start = 100.0\nend = 0.0");
    close(
        &first(&parse(&back, &[]), &[0.0]),
        &[-1.0 - 100.0 / 3.0],
        1e-8,
    );
}

#[test]
fn a_solution_that_begins_at_a_comparison_goes_the_way_it_takes() {
    let text = "[states]\ny = 1.0\n[equations]\ny = \"if(y > 1, 2, 3) + if(t > 0, 10, 20)\"\n[time]\nstart = 0.0\nend = 1.0\n";
    close(&first(&parse(text, &[]), &[1.0]), &[13.0], 1e-12);
}

#[test]
fn a_jump_of_the_state_turns_the_switches_it_jumps_over() {
    let text = "[states]\ny = 0.0\nx = 0.0\n[equations]\ny = \"if(x > 1, 1, 0)\"\nx = \"0\"\n[[events]]\nat = 1.0\nset = { x = 3 }\n\
        [[events]]\nat = 2.5\nset = { x = 0 }\n[time]\nstart = 0.0\nend = 4.0\n";
    close(&first(&parse(text, &[]), &[4.0]), &[1.5], 1e-12);
}

#[test]
fn comparisons_that_say_the_same_turn_together() {
    let text = "[states]\ny = 0.0\n[definitions]\nover = \"1 < y\"\n[equations]\ny = \"if(y > 1, 1, 2) + if(y - 1 > 0, 10, 20) + if(over, 100, 200) + if(2 * y < 2, 1000, 2000)\"\n\
        [time]\nstart = 0.0\nend = \"END\"\n";
    let first_part = 1.0 / 1222.0;
    let model = parse(&text.replace("END", "0.5"), &[]);
    close(
        &first(&model, &[0.5]),
        &[1.0 + 2111.0 * (0.5 - first_part)],
        1e-12,
    );
    for method in ["auto", "rodas5p", "bdf", "dop853"] {
        let text = text.replace("END", "0.5") + &format!("[solver]\nmethod = \"{method}\"\n");
        close(
            &first(&parse(&text, &[]), &[0.5]),
            &[1.0 + 2111.0 * (0.5 - first_part)],
            1e-6,
        );
    }
}

#[test]
fn sliding_along_a_comparison_is_told() {
    let text = "[states]\ny = 1.0\n[equations]\ny = \"if(y > 0, -1, 1)\"\n[time]\nstart = 0.0\nend = 3.0\n";
    let stopped = parse(text, &[]).solve(&Save::Steps).unwrap_err();
    let error = stopped.to_string();
    assert!(
        error.contains("the answer of 'y > 0' changes without end at t = 1"),
        "{error}"
    );
    let Error::Solve { partial, .. } = stopped else {
        panic!("{error}");
    };
    assert!(partial.len() > 1 && partial.values.iter().all(|y| (-1e-9..=1.0).contains(y)));
    let text = text.to_owned() + "[parameters]\nk = 1.0\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
    let model = parse(
        &text.replace("-1, 1)", "-k, k)"),
        &[("d.csv", "t,y\n2,0.0\n")],
    );
    let error = model.gradient().unwrap_err().to_string();
    assert!(error.contains("changes without end at t = 1"), "{error}");
}

/// A swing through zero, seen by y. RISES and SINKS are what x loses on either side, SIZE is |x|.
const SWING: &str = r#"[states]
x = 1.0
y = 0.0
[parameters]
a = 1.5
om = 1.1
k = 0.6
[definitions]
is_low = "if(x < 0, 1, 0)"
[equations]
x = "a * sin(om * t) - k * RISES - 0.2 * SINKS"
y = "if(x < 0, 0.3, 0.1) + 0.5 * SIZE - 0.3 * y"
[time]
start = 0.0
end = 12.0
[solver]
rtol = RTOL
atol = ATOL
[data]
file = "d.csv"
time = "t"
"#;

const SWING_DATA: &str = "t,x,y\n2,1.5,1.0\n5,-1.0,1.2\n8,1.0,1.5\n11,-1.2,1.1\n";

fn swing(rises: &str, sinks: &str, size: &str, rtol: f64) -> costate_model::Model {
    let text = SWING.replace("RISES", rises).replace("SINKS", sinks);
    let text = text
        .replace("SIZE", size)
        .replace("ATOL", &format!("{:e}", 1e-2 * rtol));
    parse(
        &text.replace("RTOL", &format!("{rtol:e}")),
        &[("d.csv", SWING_DATA)],
    )
}

#[test]
fn comparisons_that_turn_at_one_zero_turn_together_however_tight_the_tolerances() {
    for exponent in 10..=24 {
        let rtol = 10_f64.powf(-0.5 * f64::from(exponent));
        let one = swing(
            "(1 - is_low) * x",
            "is_low * x",
            "(1 - 2 * is_low) * x",
            rtol,
        );
        let four = swing(
            "if(x < 0, 0, x)",
            "if(x < 0, x, 0)",
            "if(x < 0, -x, x)",
            rtol,
        );
        // Functions with kinks at the very zero; by their own derivatives there.
        let beside = swing("max(x, 0)", "min(x, 0)", "abs(x)", rtol);
        let solved = one.gradient().unwrap();
        for model in [four, beside] {
            let found = model.gradient().unwrap();
            close(&[found.loss], &[solved.loss], 1e-6_f64.min(1e3 * rtol));
            let all = found.parameters.iter().zip(&solved.parameters);
            all.for_each(|(a, b)| close(&[a.1], &[b.1], 1e-4_f64.min(1e4 * rtol)));
        }
    }
    gradients_are_slopes(
        &swing(
            "if(x < 0, 0, x)",
            "if(x < 0, x, 0)",
            "if(x < 0, -x, x)",
            1e-9,
        ),
        METHODS,
        1e-6,
    );
}

#[test]
fn an_audit_agrees_where_a_kink_lies_on_a_crossing() {
    let model = swing("max(x, 0)", "min(x, 0)", "abs(x)", 1e-9);
    let (_, audit) = &model.audit().unwrap()[0];
    assert_eq!(audit.verdict(), Verdict::Right, "{audit}");
    assert!(audit.own_steps && audit.unchecked.is_empty());
}

#[test]
fn the_sign_of_what_moves_is_a_comparison_with_zero() {
    let text = |dose: &str, fall: &str| {
        format!(
            "[states]\nx = 0.5\ny = 1.0\n[parameters]\na = 3.0\nend_of_dose = 2.3\nlevel = 0.8\n\
             [equations]\nx = \"{dose} - 0.1 * x\"\ny = \"{fall}\"\n[time]\nstart = 0.0\nend = 4.0\n\
             [solver]\nrtol = 1e-10\natol = 1e-12\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n"
        )
    };
    let data = [("d.csv", "t,x,y\n1.0,3.0,0.8\n3.0,6.0,0.4\n4.0,5.0,-0.1\n")];
    // Comes to its level and would stay there: on both sides the equation leads back.
    let sliding = parse(&text("a", "-0.3 * sign(y - level)"), &data);
    let failed = sliding.solve(&Save::Steps).unwrap_err().to_string();
    assert!(
        failed.contains("the answer of 'sign(y - level)' changes without end at t = 0.66"),
        "{failed}"
    );
    let by_sign = text(
        "a * (1 - sign(t - end_of_dose)) / 2",
        "-0.3 + 0.2 * sign(y - level)",
    );
    let by_if = text("a * if(t < end_of_dose, 1, 0)", "if(y > level, -0.1, -0.5)");
    let (by_sign, by_if) = (parse(&by_sign, &data), parse(&by_if, &data));
    close(
        &first(&by_sign, &[2.3, 4.0]),
        &first(&by_if, &[2.3, 4.0]),
        1e-12,
    );
    let events = by_sign.solve(&Save::Steps).unwrap().events;
    assert_eq!(events[0].0, "sign(y - level)");
    assert!((events[0].1 - 2.0).abs() < 1e-9, "{events:?}");
    gradients_are_slopes(&by_sign, METHODS, 1e-6);
}

#[test]
fn an_audit_blames_no_method_where_a_measurement_is_at_the_time_of_a_switch() {
    // Growth that begins at the time of a measurement: later it does not see it, sooner it does.
    let text = "[states]\nn = 0.1\n[parameters]\nmu = 0.9\nlag = 2.0\n[equations]\nn = \"if(t > lag, mu * n, 0)\"\n\
        [time]\nstart = 0\nend = 4\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
    let data = [("d.csv", "t,n\n1,0.12\n2,0.05\n3,0.2\n4,0.5\n")];
    let mut model = parse(text, &data);
    let (_, audit) = &model.audit().unwrap()[0];
    assert_eq!(audit.verdict(), Verdict::Right, "{audit}");
    assert_eq!(audit.unchecked.len(), 1, "{audit}");
    model.set("lag", 2.1).unwrap();
    let (_, audit) = &model.audit().unwrap()[0];
    assert_eq!(audit.verdict(), Verdict::Right, "{audit}");
    assert!(audit.unchecked.is_empty(), "{audit}");
}
