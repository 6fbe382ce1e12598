//! What nothing or too much is called so.

use costate_model::Model;

use crate::{MODEL, expect, message};

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
