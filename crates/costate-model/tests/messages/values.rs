//! Values that make no sense.

use costate_model::Model;

use crate::{MODEL, expect, message};

#[test]
fn a_negative_tolerance_is_refused_where_it_stands() {
    expect(
        "rtol = 1e-6",
        "rtol = -1e-6",
        r#"
m.toml:27:8: 'rtol' must not be negative
27 | rtol = -1e-6
   |        ^^^^^"#,
    );
    assert!(
        message("atol = 1e-9", "atol = { hare = -1.0 }")
            .starts_with("m.toml:28:17: 'hare' must not be negative")
    );
}

#[test]
fn ways_of_keeping_solutions_short_must_make_sense() {
    let fit = |lines: &str| message("loss = \"log-squares\"", lines);
    expect(
        "loss = \"log-squares\"",
        "segments = 4\ncurriculum = 3",
        r#"
m.toml:35:14: 'segments' and 'curriculum' are two ways of beginning with short solutions: take one of them
35 | curriculum = 3
   |              ^"#,
    );
    let batch = "batch = { size = 2, length = 3 }";
    assert!(fit(&format!("segments = 4\n{batch}")).contains("'segments' and 'batch' are two ways"));
    assert!(
        fit(&format!("{batch}\ncurriculum = 2")).contains("'curriculum' and 'batch' are two ways")
    );
    for key in ["segments", "curriculum"] {
        assert!(fit(&format!("{key} = 0")).contains(&format!("'{key}' must be at least 1")));
        assert!(fit(&format!("{key} = 2.5")).contains("whole number"));
    }
    assert!(fit("segments = 4\ncontinuity = 0").contains("'continuity' must be positive"));
    let shown = fit("continuity = 2.0");
    assert!(
        shown.starts_with("m.toml:34:1: 'continuity' is the penalty of gaps between segments")
            && shown.ends_with("say how many: segments = 5"),
        "{shown}"
    );
    // One is no several: they go with anything.
    let text = MODEL.replace("loss =", "segments = 1\ncurriculum = 1\nloss =");
    Model::parse(&text, "m.toml").unwrap();
}

#[test]
fn a_basis_for_weights_must_make_sense() {
    let network = |basis: &str| {
        format!(
            "[networks.growth]\ninputs = [\"hare\"]\noutputs = [\"g\"]\ndepth_basis = {basis}\n[equations]"
        )
    };
    let basis = |basis: &str| message("[equations]", &network(basis));
    assert!(basis("{ kind = \"fourrier\", terms = 3 }").contains("did you mean 'fourier'?"));
    assert!(basis("{ kind = \"wavelet\", terms = 3 }").contains("fourier, legendre, chebyshev"));
    assert!(basis("{ kind = \"fourier\", terms = 0 }").contains("'terms' must be at least 1"));
    assert!(basis("{ kind = \"fourier\" }").contains("needs 'terms'"));
    assert!(basis("{ terms = 2 }").contains("needs 'kind'"));
    assert!(basis("{ kind = \"fourier\", term = 2 }").contains("did you mean 'terms'?"));
    assert!(basis("{ kind = \"legendre\", terms = 2, start = 1 }").contains("needs 'end'"));
    let empty = "{ kind = \"legendre\", terms = 2, start = 1, end = 1 }";
    assert!(basis(empty).contains("a basis needs an interval, but 1 to 1 is none"));
    let many = basis("{ kind = \"legendre\", terms = 9000000000 }");
    assert!(many.contains("the most is 1000000"), "{many}");
    // Time that depends on parameters would change what fitted weights mean.
    let text = MODEL.replace("end = 1920.0", "end = \"1900 + hare0\"");
    let with = |basis: &str| text.replace("[equations]", &network(basis));
    let shown = Model::parse(&with("{ kind = \"fourier\", terms = 3 }"), "m.toml");
    let shown = shown.unwrap_err().to_string();
    assert!(
        shown.contains("weights vary over the model's time, but [time] is no pair of numbers here")
            && shown.contains("start = 0.0, end = 10.0"),
        "{shown}"
    );
    let given = with("{ kind = \"fourier\", terms = 3, start = 0, end = 20 }");
    Model::parse(&given, "m.toml").unwrap();
    // Whether a comparison changes on the way: the network's output does, though its input does not.
    let initial = network("{ kind = \"fourier\", terms = 3 }").replace("hare", "hare0");
    let text = MODEL
        .replace("[equations]", &initial)
        .replace("lynx = 5.9", "lynx = \"g\"");
    assert!(Model::parse(&text, "m.toml").is_err());
}

#[test]
fn values_of_the_wrong_kind_are_told_with_an_example() {
    expect(
        "alpha = 0.55",
        "alpha = \"0.55\"",
        r#"
m.toml:9:9: 'alpha' must be a number, not text
9 | alpha = "0.55"
  |         ^^^^^^
for example: alpha = 0.55"#,
    );
    assert!(
        message("fixed = true", "fixed = 1")
            .contains("'fixed' must be true or false, not a number")
    );
    assert!(
        message("\"hare0\"", "[1.0]").contains("'hare' must be a number or a formula, not a list")
    );
    for end in ["nan", "-inf"] {
        let shown = message("end = 1920.0", &format!("end = {end}"));
        assert!(
            shown.starts_with("m.toml:24:7: 'end' must be a finite number\n"),
            "{shown}"
        );
    }
    assert!(
        message("end = 1920.0", "end = true")
            .ends_with("for example: end = \"2 * a\", with a parameter a")
    );
    assert!(message("alpha = 0.55", "alpha = nan").contains("'alpha' must be a finite number"));
}

#[test]
fn an_observable_that_is_no_table_is_shown_as_one() {
    expect(
        "{ is = \"hare\" }",
        "\"2 * hare\"",
        r#"
m.toml:31:8: 'hare' must be a table, not text
31 | hare = "2 * hare"
   |        ^^^^^^^^^^
for example: hare = { is = "2 * hare" }"#,
    );
}

#[test]
fn bounds_and_values_must_fit() {
    assert!(
        message("upper = 1.0", "upper = 0.01")
            .contains("the value 0.028 of 'beta' is outside its bounds, 0 to 0.01")
    );
    assert!(message("upper = 1.0", "upper = -1.0").contains("lower = 0 is not below upper = -1"));
    assert!(
        message("upper = 1.0", "scale = \"log\"")
            .contains("a parameter on a log scale is positive, and so is its lower bound")
    );
    assert!(message("upper = 1.0", "scale = \"lgo\"").ends_with("did you mean 'log'?"));
}

#[test]
fn initial_values_and_times_depend_on_parameters_alone() {
    expect(
        "\"hare0\"",
        "\"hare0 * lynx\"",
        r#"
m.toml:5:17: an initial value is an expression of parameters, but 'lynx' changes with states, time or a network
5 | hare = "hare0 * lynx"
  |                 ^^^^"#,
    );
    assert!(
        message("end = 1920.0", "end = \"2 * t\"")
            .contains("the end of time is an expression of parameters, but 't' changes")
    );
    assert!(message("end = 1920.0", "end = 1900.0").contains("time runs from 1900 to 1900"));
    assert!(message("end = 1920.0\n", "").contains("[time] needs 'end'"));
}

#[test]
fn an_event_is_told_what_it_lacks() {
    for (event, place, what) in [
        (
            "add = { hare = 1 }",
            "22:1",
            "an event needs 'when' or 'at'",
        ),
        (
            "when = \"hare - 1\"\nat = 2",
            "24:1",
            "an event has either 'when'",
        ),
        (
            "at = 2\ndirection = \"rising\"",
            "24:1",
            "only an event with 'when' has a direction",
        ),
        (
            "when = \"hare - 1\"\nover = 2",
            "24:1",
            "an infusion begins at a known time",
        ),
        ("at = 2\nover = 2", "24:1", "'over' is how long 'add' takes"),
        (
            "at = 1905\nadd = { hare = 1 }\nover = 0",
            "25:8",
            "an infusion takes longer than no time",
        ),
        (
            "at = \"hare\"",
            "23:7",
            "the time of an event is an expression of parameters",
        ),
        ("at = { every = 1 }", "23:6", "needs 'count'"),
        (
            "at = { every = 1, count = 1000000 }",
            "23:27",
            "1000000 events are too many",
        ),
        (
            "at = [1, true]",
            "23:10",
            "'at' must be a list of numbers or formulas",
        ),
        (
            "at = 2\nset = { haer = 1 }",
            "24:9",
            "no state is called 'haer'",
        ),
        (
            "at = 2\nset = { alpha = 1 }",
            "24:9",
            "'alpha' is a parameter, not a state",
        ),
        (
            "every = 6.0\nadd = { hare = \"1\" }",
            "23:1",
            "'every' stands within 'at'",
        ),
        (
            "at = 2\nsets = { hare = 1 }",
            "24:1",
            "[[events]] has no key 'sets'",
        ),
        (
            "at = 2\nexperiments = [\"north\"]",
            "24:16",
            "no experiment is called 'north'",
        ),
    ] {
        let shown = message("[time]", &format!("[[events]]\n{event}\n\n[time]"));
        assert!(shown.contains(what), "{event}: {shown}");
        assert!(
            shown.starts_with(&format!("m.toml:{place}: ")),
            "{event}: {shown}"
        );
    }
}

#[test]
fn overrides_are_checked_like_the_file() {
    let mut model = Model::parse(MODEL, "m.toml").unwrap();
    model.set("alpha", 0.8).unwrap();
    model.set("lynx", 4.0).unwrap();
    assert_eq!(
        (model.parameters()[0].value, model.initial()[1]),
        (0.8, 4.0)
    );
    let mut refused = |name: &str, value: f64| model.set(name, value).unwrap_err().to_string();
    assert_eq!(
        refused("alfa", 1.0),
        "no parameter or state is called 'alfa'; did you mean 'alpha'?"
    );
    assert_eq!(
        refused("beta", 2.0),
        "beta = 2 is outside its bounds, 0 to 1"
    );
    assert_eq!(
        refused("birth", 2.0),
        "birth is a definition: set the parameters that it is made of, or change the file"
    );
    assert_eq!(
        refused("hare", 2.0),
        "the initial value of hare is an expression of parameters: set those"
    );
    assert_eq!(
        refused("alpha", f64::NAN),
        "alpha = NaN: a value must be a finite number"
    );
    assert!(
        model
            .set_rtol(-1.0)
            .unwrap_err()
            .to_string()
            .contains("must not be negative")
    );
    assert!(
        model
            .set_method("tsit")
            .unwrap_err()
            .to_string()
            .contains("no method is called 'tsit'")
    );
}

#[test]
fn noise_and_priors_belong_together_and_must_make_sense() {
    assert!(
        message("is = \"hare\"", "is = \"hare\", noise = \"sigma1\"")
            .contains("nothing is called 'sigma1'")
    );
    for width in ["0", "-0.1", "\"1 - 1\""] {
        let shown = message("is = \"hare\"", &format!("is = \"hare\", noise = {width}"));
        assert!(
            shown.starts_with(
                "m.toml:31:31: 'noise' is how far measurements scatter and is positive, and this is"
            ),
            "{shown}"
        );
    }
    assert!(
        message(
            "is = \"hare\"",
            "is = \"hare\", noise = { colunm = \"sd\" }"
        )
        .contains("did you mean 'column'?")
    );
    expect(
        "is = \"hare\"",
        "is = \"hare\", distribution = \"laplace\"",
        r#"
m.toml:31:24: a distribution needs a width: give 'noise' too
31 | hare = { is = "hare", distribution = "laplace" }
   |                       ^^^^^^^^^^^^
for example: noise = "sigma""#
            .replace("31:24", "31:23")
            .as_str(),
    );
    let shown = message(
        "is = \"hare\" }",
        "is = \"hare\", noise = 0.1 }\nlynx = { is = \"lynx\" }",
    );
    assert!(
        shown.starts_with("m.toml:32:1: 'lynx' has no 'noise'"),
        "{shown}"
    );
    let prior = |text: &str| message("upper = 1.0", &format!("prior = {text}"));
    assert!(
        prior("{ normal = [0.0, 1.0] }")
            .contains("a prior is weighed against the noise of measurements")
    );
    assert!(prior("{ normal = [0.0] }").contains("'normal' takes two numbers"));
    assert!(
        prior("{ normal = [0.0, -1.0] }")
            .contains("the width of a prior is positive, and this is -1")
    );
    assert!(prior("{ uniform = [1.0, 0.0] }").contains("1 is not below 0"));
    assert!(
        prior("{ uniform = [0.5, 2.0] }")
            .contains("the value 0.028 of 'beta' is outside its uniform prior, 0.5 to 2")
    );
    assert!(
        message(
            "value = 0.028, lower = 0.0",
            "value = -1.0, prior = { log-normal = [0.0, 1.0] }"
        )
        .contains(
            "the value -1 of 'beta' is outside its log-normal prior, which is of positive values"
        )
    );
    assert!(prior("{ gamma = [1.0, 0.0] }").contains("has no key 'gamma'"));
    assert!(prior("{}").contains("a prior is one distribution with its two numbers"));
}

#[test]
fn what_repeats_does_so_along_the_direction_of_time() {
    let event = |every: &str| {
        format!(
            "[[events]]\nat = {{ every = {every}, count = 4, start = 1901 }}\nadd = {{ hare = 1.0 }}\n\n[time]\nstart"
        )
    };
    let told = message("[time]\nstart", &event("-6"));
    assert!(
        told.contains("m.toml:23:16: 'every' is positive, and this is -6"),
        "{told}"
    );
    let backwards = super::MODEL
        .replacen("[time]\nstart", &event("6"), 1)
        .replacen("1900.0", "1930.0", 1);
    let told = Model::parse(&backwards, "m.toml").unwrap_err().to_string();
    assert!(
        told.contains("where time runs backwards 'every' is negative, and this is 6"),
        "{told}"
    );
    assert!(Model::parse(&backwards.replace("every = 6", "every = -6"), "m.toml").is_ok());
}

#[test]
fn an_event_outside_the_time_is_warned_of_with_its_line() {
    let event = "[[events]]\nat = [1905, 1950]\nadd = { hare = 1.0 }\n[[events]]\nat = { every = 1, count = 40 }\nadd = { hare = 1.0 }\n[time]";
    let model = Model::parse(&super::MODEL.replacen("[time]", event, 1), "m.toml").unwrap();
    let warnings = model.check().unwrap().warnings;
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "m.toml:22: event 1 at t = 1950 lies outside the time span 1900 to 1920 and does not happen"
        ]
    );
}
