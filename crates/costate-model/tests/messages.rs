//! What a user reads when a model file is wrong, letter by letter.

use costate_model::Model;

const MODEL: &str = r#"format = 1
title = "Hares and lynxes"

[states]
hare = "hare0"
lynx = 5.9

[parameters]
alpha = 0.55
beta = { value = 0.028, lower = 0.0, upper = 1.0 }
gamma = { value = 0.80, fixed = true, unit = "1/yr" }
hare0 = 33.0

[definitions]
predation = "beta * hare * lynx"
birth = "alpha * hare"

[equations]
hare = "birth - predation"
lynx = "0.9 * predation - gamma * lynx"

[time]
start = 1900.0
end = 1920.0

[solver]
rtol = 1e-6
atol = 1e-9

[observables]
hare = { is = "hare" }

[fit]
loss = "log-squares"
"#;

fn message(old: &str, new: &str) -> String {
    assert!(MODEL.contains(old), "the model has no '{old}'");
    Model::parse(&MODEL.replacen(old, new, 1), "m.toml")
        .expect_err("the model is wrong")
        .to_string()
}

#[track_caller]
fn expect(old: &str, new: &str, wanted: &str) {
    assert_eq!(
        message(old, new),
        wanted.trim_start_matches('\n'),
        "for {new}"
    );
}

#[test]
fn the_model_itself_is_right() {
    let model = Model::parse(MODEL, "m.toml").unwrap();
    assert_eq!(model.title(), Some("Hares and lynxes"));
    assert_eq!(model.initial(), [33.0, 5.9]);
    assert_eq!(model.span(), (1900.0, 1920.0));
    assert!(model.parameters()[2].fixed && !model.parameters()[0].fixed);
}

#[test]
fn an_unknown_name_is_shown_with_the_nearest() {
    expect(
        "gamma * lynx\"",
        "gama * lynx\"",
        r#"
m.toml:20:26: nothing is called 'gama'
20 | lynx = "0.9 * predation - gama * lynx"
   |                          ^^^^
did you mean 'gamma' (parameter, line 11)?"#
            .replace("20:26", "20:27")
            .replace(
                "|                          ^",
                "|                           ^",
            )
            .as_str(),
    );
}

#[test]
fn definitions_in_a_circle_are_named_in_order() {
    expect(
        "birth = \"alpha * hare\"",
        "birth = \"alpha * death\"\ndeath = \"predation / birth\"",
        r#"
m.toml:16:1: definitions go in a circle: birth needs death needs birth
16 | birth = "alpha * death"
   | ^^^^^"#,
    );
    assert!(message("\"alpha * hare\"", "\"2 * birth\"").contains("'birth' is defined by itself"));
}

#[test]
fn a_state_without_an_equation_is_shown_with_what_to_write() {
    expect(
        "lynx = \"0.9 * predation - gamma * lynx\"\n",
        "",
        r#"
m.toml:6:1: the state 'lynx' has no equation
6 | lynx = 5.9
  | ^^^^
under [equations]: lynx = "…", its derivative dlynx/dt; or under [algebraic] what is zero"#,
    );
}

#[test]
fn an_equation_of_something_else_is_refused() {
    expect(
        "[time]",
        "lnyx = \"1\"\n\n[time]",
        r#"
m.toml:22:1: no state is called 'lnyx'
22 | lnyx = "1"
   | ^^^^
did you mean 'lynx' (state, line 6)?"#,
    );
    assert!(
        message("[time]", "alpha = \"1\"\n\n[time]")
            .contains("'alpha' is a parameter, not a state")
    );
}

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
fn an_unknown_key_suggests_the_nearest_known_one() {
    expect(
        "loss =",
        "los =",
        r#"
m.toml:34:1: [fit] has no key 'los'
34 | los = "log-squares"
   | ^^^
did you mean 'loss'?"#,
    );
    assert!(message("upper =", "uper =").contains("[parameters.beta] has no key 'uper'"));
    assert!(message("[fit]", "[fitt]").contains("m.toml:33:2: a model file has no key 'fitt'"));
    assert!(message("[fit]", "[colour]").contains("known keys: format, title, states"));
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
fn a_newer_format_is_refused_before_anything_else() {
    expect(
        "format = 1\n",
        "format = 2\nunheard_of = true\n",
        r#"
m.toml:1:10: this file is newer than this program: it has format 2, and this release reads up to 1
1 | format = 2
  |          ^"#,
    );
}

#[test]
fn a_formula_that_does_not_parse_shows_where() {
    for (formula, place, what) in [
        (
            "birth - predation)",
            "19:26",
            "this parenthesis closes nothing",
        ),
        (
            "(birth - predation",
            "19:9",
            "this parenthesis is never closed",
        ),
        (
            "birth -",
            "19:16",
            "the formula ends where a value should follow",
        ),
        ("birth * / 2", "19:17", "a value is missing before '/'"),
        (
            "birth predation",
            "19:15",
            "an operator is missing before this",
        ),
        ("2hare", "19:9", "'2hare' is not a number"),
        ("1.2.3", "19:9", "'1.2.3' is not a number"),
        ("1e999", "19:9", "1e999 is beyond the range of numbers"),
        ("hare ** 2", "19:14", "'**' is not an operator of formulas"),
        ("hare = 2", "19:14", "'=' is not an operator of formulas"),
        ("1 < hare < 2", "19:18", "comparisons do not chain"),
        ("3,5 * hare", "19:10", "a comma separates arguments"),
        ("exp(hare, 2)", "19:9", "'exp' takes 1 argument; here are 2"),
        ("if(hare)", "19:9", "'if' takes 3 arguments"),
        ("epx(hare)", "19:9", "no function is called 'epx'"),
        ("hare # 2", "19:14", "'#' has no meaning in a formula"),
        ("", "19:8", "the formula is empty"),
    ] {
        let shown = message("birth - predation", formula);
        assert!(
            shown.starts_with(&format!("m.toml:{place}: {what}")),
            "{formula}: {shown}"
        );
    }
    assert!(
        message("birth - predation", "ln(hare)").ends_with("the natural logarithm is written log")
    );
    assert!(message("birth - predation", "2hare").ends_with("a product is written 2 * hare"));
    let deep = format!("{}hare{}", "(".repeat(5000), ")".repeat(5000));
    assert!(message("birth - predation", &deep).contains("more than 200 levels of nesting"));
}

#[test]
fn a_place_inside_an_escaped_string_falls_back_to_the_whole_string() {
    let shown = message("\"birth - predation\"", "\"birth\\u0020- predatio\"");
    assert!(
        shown.starts_with("m.toml:19:8: nothing is called 'predatio'"),
        "{shown}"
    );
    let shown = message("\"birth - predation\"", "'''\nbirth\n - predatio'''");
    assert!(
        shown.starts_with("m.toml:21:4: nothing is called 'predatio'"),
        "{shown}"
    );
}

#[test]
fn toml_that_does_not_parse_shows_where() {
    let shown = message("rtol = 1e-6", "rtol = ");
    assert!(shown.starts_with("m.toml:27:"), "{shown}");
    assert!(shown.contains("27 | rtol = "), "{shown}");
    assert!(message("title =", "format =").contains("duplicate key"));
}

#[test]
fn names_have_one_meaning() {
    assert!(
        message("birth =", "lynx =").contains("'lynx' is already the name of a state (line 6)")
    );
    assert!(
        message("hare0 = 33.0", "t = 33.0").contains("'t' is the time and cannot be another name")
    );
    assert!(
        message("hare0 = 33.0", "pi = 33.0")
            .contains("'pi' is the number and cannot be another name")
    );
    assert!(message("hare0 = 33.0", "'hare 0' = 33.0").contains("'hare 0' cannot be a name"));
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
for example: alpha = 1.0"#,
    );
    assert!(
        message("fixed = true", "fixed = 1")
            .contains("'fixed' must be true or false, not a number")
    );
    assert!(
        message("\"hare0\"", "[1.0]").contains("'hare' must be a number or a formula, not a list")
    );
    assert!(message("alpha = 0.55", "alpha = nan").contains("'alpha' must be a finite number"));
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
fn methods_are_found_by_name() {
    let shown = message("rtol = 1e-6", "method = \"dopri55\"");
    assert!(
        shown.starts_with("m.toml:27:10: no method is called 'dopri55'")
            && shown.ends_with("did you mean 'dopri5'?"),
        "{shown}"
    );
    let shown = message("rtol = 1e-6", "method = \"rk4\"");
    assert!(
        shown.contains("the method 'rk4' has no error estimate to choose its steps by"),
        "{shown}"
    );
}

#[test]
fn what_is_missing_is_named() {
    let without = |block: &str| {
        let text: String = MODEL
            .split("\n\n")
            .filter(|part| !part.starts_with(block))
            .collect::<Vec<_>>()
            .join("\n\n");
        Model::parse(&text, "m.toml").unwrap_err().to_string()
    };
    assert!(
        without("[states]").contains("a model needs [states]: each state with its initial value")
    );
    assert!(without("[equations]").contains("a model needs [equations]"));
    assert!(without("[time]").contains("a model needs [time]: start and end"));
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
    assert!(prior("{ gamma = [1.0, 0.0] }").contains("has no key 'gamma'"));
    assert!(prior("{}").contains("a prior is one distribution with its two numbers"));
}

/// The message of a solve of dy/dt = `equation` from y(0) = 1 to t = 20.
fn solved(equation: &str) -> String {
    let text = format!(
        "[states]\ny = 1.0\n[definitions]\nroot = \"sqrt(y)\"\nfree = \"1 / (1 - y)\"\n[equations]\ny = \"{equation}\"\n[time]\nstart = 0.0\nend = 20.0\n"
    );
    let model = Model::parse(&text, "m.toml").unwrap();
    let failed = model.solve(&costate_model::Save::Steps);
    failed.expect_err("there is no solution").to_string()
}

#[test]
fn a_solution_that_ends_is_told_with_its_growth_or_the_operation_that_ends_it() {
    for (equation, told) in [
        ("y^2", "state y grows without bound ("),
        ("y^2", " and doubling every "),
        (
            "y^2",
            ", ever faster) and seems to be infinite near t = 1.0000",
        ),
        // e^(50 t) overflows near t = 14: ln 2 / 50 is the time in which it doubles.
        (
            "50 * y",
            " and doubling every 1.386e-2) until its equation overflows",
        ),
        ("-root - 0.1", "gives no finite number at t = 1.52"),
        ("-root - 0.1", ": sqrt of -"),
        ("-root - 0.1", " in 'sqrt(y)'"),
        ("free", "1 is divided by 0 in '1 / (1 - y)'"),
    ] {
        let message = solved(equation);
        assert!(message.contains(told), "{equation}: {message}");
    }
}

#[test]
fn a_loss_that_is_not_finite_is_told_with_the_operation_and_its_argument() {
    let folder = std::env::temp_dir().join(format!("costate-messages-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("d.csv"), "t,total\n1.0,0.3\n2.0,0.1\n").unwrap();
    for (is, told) in [
        ("log10(y - 1)", "observable total at t = 1: log10 of -0.632"),
        ("log10(y - 1)", " in 'log10(y - 1)'"),
        ("if(y > 5, sqrt(-y), less)", "t = 1: log of -0.0321"),
        (
            "y\", noise = \"0 * y - 0.25",
            "the noise of observable total at t = 1 is -0.25, and noise is positive",
        ),
        // −2e−7 is less than the atol of y.
        (
            "sqrt(low)",
            "low went below zero by less than its atol; a smaller atol for low",
        ),
    ] {
        let text = format!(
            "[states]\ny = 1.0\nlow = -2e-7\n[definitions]\nless = \"log(y - 0.4)\"\n[equations]\ny = \"-y\"\nlow = \"0\"\n[time]\nstart = 0.0\nend = 2.0\n\
             [solver]\natol = 1e-6\n[observables]\ntotal = {{ is = \"{is}\" }}\n[data]\nfile = \"d.csv\"\ntime = \"t\"\n"
        );
        let model = Model::parse(&text, folder.join("m.toml")).unwrap();
        let message = model.gradient().unwrap_err();
        let message = message.to_string();
        assert!(message.contains(told), "{is}: {message}");
    }
    let text = "[states]\ny = 1.0\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 2.0\n[data]\nfile = \"nowhere.csv\"\ntime = \"t\"\n";
    let model = Model::parse(text, folder.join("m.toml"));
    let message = model.and_then(|model| model.read_data().map(|_| model));
    let message = message.unwrap_err().to_string();
    assert!(message.contains("m.toml:9:8: cannot read '"), "{message}");
}
