//! Formulas, and TOML itself, that do not parse.

use crate::{expect, message};

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
        ("1 < exp(hare) < 2", "19:23", "comparisons do not chain"),
        ("1 < (hare) < 2", "19:20", "comparisons do not chain"),
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
    // As papers print them.
    for (sign, help) in [
        ("−", "a difference is written with the hyphen, -"),
        ("·", "a product is written with *"),
        ("×", "a product is written with *"),
        ("≤", "at most is written <="),
    ] {
        let shown = message("birth - predation", &format!("hare {sign} 2"));
        let told = format!("m.toml:19:14: '{sign}' is not an operator of formulas");
        assert!(shown.starts_with(&told) && shown.ends_with(help), "{shown}");
    }
    for (word, sign, help) in [
        ("and", "&&", "write if(a, b, 0) for 'a and b'"),
        ("or", "||", "write max(a, b) for 'a or b'"),
    ] {
        for operator in [word, sign] {
            let formula = format!("if(hare > 1 {operator} t > 1, 1, 2)");
            let shown = message("birth - predation", &formula);
            assert!(
                shown.starts_with("m.toml:19:21: ") && shown.ends_with(help),
                "{shown}"
            );
        }
    }
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
