//! Known functions of time, from tables.

use costate_model::Save;

use crate::{METHODS, close, first, gradients_are_slopes, message, parse};

const INPUT: &str = r#"[states]
y = "y0"
[parameters]
y0 = 0.3
k = 0.6
gain = 1.4
[inputs]
food = { file = "food.csv", time = "day", column = "grams", interpolate = "KIND" }
[equations]
y = "gain * food * y - k * y * food^2"
[observables]
y = { is = "y + 0.1 * gain * food" }
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

const FOOD: &str = "day,grams\n0,1\n1,2\n2.5,0.5\n4,1.5\n";

#[test]
fn inputs_drive_the_equations_and_gradients_go_through_them() {
    for kind in ["linear", "cubic", "previous"] {
        let text = INPUT.replace("KIND", kind);
        let model = parse(
            &text,
            &[
                ("food.csv", FOOD),
                ("d.csv", "t,y\n0.6,0.5\n2.0,0.8\n3.7,0.6\n"),
            ],
        );
        gradients_are_slopes(&model, METHODS, 1e-6);
        let stiff = parse(
            &text.replace("[solver]", "[solver]\nmethod = \"rodas5p\""),
            &[
                ("food.csv", FOOD),
                ("d.csv", "t,y\n0.6,0.5\n2.0,0.8\n3.7,0.6\n"),
            ],
        );
        gradients_are_slopes(&stiff, &["discrete"], 1e-6);
    }
}

#[test]
fn the_integral_of_an_input_is_that_of_its_pieces() {
    let text = "[states]\ny = 0.0\n[inputs]\nu = { file = \"u.csv\", time = \"t\", interpolate = \"KIND\" }\n[equations]\ny = \"u\"\n\
        [time]\nstart = 0.0\nend = 4.0\n";
    let table = ("u.csv", "t,u\n0,1\n1,2\n2.5,0.5\n4,1.5\n");
    for (kind, expected) in [
        ("linear", 1.5 + 1.875 + 1.5),
        ("previous", 1.0 + 3.0 + 0.75),
    ] {
        let model = parse(&text.replace("KIND", kind), &[table]);
        let solution = model.solve(&Save::Steps).unwrap();
        close(solution.row(solution.len() - 1), &[expected], 1e-12);
        assert!(solution.times.contains(&1.0) && solution.times.contains(&2.5));
        assert_eq!(solution.stats.rejected, 0);
        let back = text
            .replace("KIND", kind)
            .replace("start = 0.0\nend = 4.0", "start = 4.0\nend = 0.0");
        close(&first(&parse(&back, &[table]), &[0.0]), &[-expected], 1e-12);
    }
}

#[test]
fn an_input_that_ends_too_early_is_told_with_its_line() {
    let text = message(
        &INPUT
            .replace("KIND", "linear")
            .replace("end = 4.0", "end = 5.0"),
        &[("food.csv", FOOD), ("d.csv", "t,y\n1,1\n")],
    );
    assert!(
        text.contains("m.toml:8:1: the input 'food' is known from t = 0 to 4, but the model's time runs from 0 to 5"),
        "{text}"
    );
    let text = message(
        &INPUT.replace("KIND", "linear"),
        &[
            ("food.csv", "day,grams\n0,1\n2,2\n1,3\n"),
            ("d.csv", "t,y\n1,1\n"),
        ],
    );
    assert!(
        text.contains("food.csv:4:1: times are not increasing: 1 follows 2"),
        "{text}"
    );
    let text = message(
        &INPUT.replace("KIND", "quadratic"),
        &[("food.csv", FOOD), ("d.csv", "t,y\n1,1\n")],
    );
    assert!(
        text.contains("m.toml:8:68: 'quadratic' is not a interpolate")
            || text.contains("'quadratic'"),
        "{text}"
    );
}
