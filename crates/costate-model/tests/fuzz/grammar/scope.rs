//! Names, numbers and formulas of them.

use crate::random::Random;

/// Once in so many values stands one that is out of place.
pub(super) const ODD: usize = 150;

const ODD_VALUES: [&str; 22] = [
    "nan",
    "inf",
    "-inf",
    "1e308",
    "-1e308",
    "5e-324",
    "-0.0",
    "9223372036854775807",
    "-1",
    "0",
    "true",
    "\"\"",
    "\"µ\"",
    "[]",
    "{}",
    "[1, \"a\"]",
    "{ value = {} }",
    "2026-01-01",
    "\"\"\"a\nb\"\"\"",
    "'y'",
    "0x10",
    "\"\\u0000\"",
];
const ODD_FORMULAS: [&str; 20] = [
    "",
    " ",
    "1e999",
    "0/0",
    "y +",
    "((",
    "))",
    "f(",
    "log(-1)",
    "t t",
    "y y",
    "1..2",
    "²",
    "если",
    "y[0]",
    "if(1,2)",
    "pulse(t)",
    "-",
    "a == b == c",
    "\\",
];
const UNARY: [&str; 17] = [
    "exp", "log", "log10", "log2", "sqrt", "sin", "cos", "tan", "tanh", "sigmoid", "softplus",
    "abs", "sinh", "cosh", "atan", "relu", "cbrt",
];
const BINARY: [&str; 3] = ["min", "max", "hypot"];
const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "2",
    "0.5",
    "3.25",
    "1e-3",
    "10",
    "0.1",
    "7",
    "1e3",
    "1e-12",
    "1e30",
    "-0.0",
    "00.5",
    "1.e2",
    "123456789.123456789",
];
const COMPARE: [&str; 6] = ["<", ">", "<=", ">=", "==", "!="];
pub(super) const STATES: [&str; 5] = ["y", "hare", "x_1", "Z", "très"];
pub(super) const PARAMETERS: [&str; 5] = ["k", "beta", "K_m", "theta2", "n0"];

/// What formulas may name.
#[derive(Clone, Default)]
pub(super) struct Scope {
    pub(super) states: Vec<&'static str>,
    pub(super) parameters: Vec<&'static str>,
    pub(super) others: Vec<&'static str>,
    pub(super) time: bool,
}

impl Scope {
    fn name(&self, random: &mut Random) -> String {
        if random.once_in(ODD) {
            return random
                .one(&["nothing", "y1", "T", "e", "e1", "t0", "µ", "log"])
                .into();
        }
        let all = [&self.states, &self.parameters, &self.others]
            .map(Vec::as_slice)
            .concat();
        match random.below(all.len() + 1) {
            i if i < all.len() => all[i].into(),
            _ if self.time => "t".into(),
            _ => "pi".into(),
        }
    }

    /// A formula nested at most so deep.
    pub(super) fn formula(&self, random: &mut Random, depth: usize) -> String {
        if random.once_in(4 * ODD) {
            return random.one(&ODD_FORMULAS).into();
        }
        if random.once_in(8 * ODD) {
            let many = [30, 300, 3000][random.below(3)];
            return format!(
                "{}{}{}",
                "(".repeat(many),
                self.name(random),
                ")".repeat(many)
            );
        }
        if depth == 0 {
            return match random.below(3) {
                0 => random.one(&NUMBERS).into(),
                _ => self.name(random),
            };
        }
        let part = |random: &mut Random| {
            let depth = random.below(depth);
            self.formula(random, depth)
        };
        match random.below(12) {
            0..=2 => format!(
                "{} {} {}",
                part(random),
                random.one(&["+", "-"]),
                part(random)
            ),
            3 | 4 => format!("({}) * ({})", part(random), part(random)),
            5 => format!("({}) / (1 + ({})^2)", part(random), part(random)),
            6 => format!(
                "({})^{}",
                part(random),
                random.one(&["2", "3", "0.5", "-1", "(1/3)", "0"])
            ),
            7 => format!("{}({})", random.one(&UNARY), part(random)),
            8 => format!(
                "{}({}, {})",
                random.one(&BINARY),
                part(random),
                part(random)
            ),
            9 => {
                let (a, b) = (part(random), part(random));
                format!(
                    "if({a} {} {b}, {}, {})",
                    random.one(&COMPARE),
                    part(random),
                    part(random)
                )
            }
            10 if self.time => match random.below(2) {
                0 => format!("step(t, {})", random.one(&NUMBERS)),
                _ => format!(
                    "pulse(t, {}, {})",
                    random.one(&NUMBERS),
                    random.one(&NUMBERS)
                ),
            },
            _ => format!("-{}", part(random)),
        }
    }

    /// A formula of parameters alone.
    pub(super) fn constant(&self, random: &mut Random) -> String {
        let only = Scope {
            parameters: self.parameters.clone(),
            ..Scope::default()
        };
        only.formula(random, 2)
    }
}

/// A value, or in its place an odd one.
pub(super) fn value(random: &mut Random, usual: impl FnOnce(&mut Random) -> String) -> String {
    if random.once_in(ODD) {
        random.one(&ODD_VALUES).into()
    } else {
        usual(random)
    }
}

pub(super) fn number(random: &mut Random) -> String {
    value(random, |random| {
        format!("{}", (random.below(4000) as f64 - 1000.0) / 256.0)
    })
}

pub(super) fn positive(random: &mut Random) -> String {
    value(random, |random| {
        format!("{}", (1 + random.below(1000)) as f64 / 256.0)
    })
}

pub(super) fn quoted(formula: &str) -> String {
    format!("\"{formula}\"")
}
