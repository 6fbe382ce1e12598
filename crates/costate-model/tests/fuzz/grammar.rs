//! Model files, tables and inputs by a grammar of the format: mostly ones that mean something, and here and there a thing that does not.

mod scope;

use std::fmt::Write;

use crate::random::Random;
use scope::{ODD, PARAMETERS, STATES, Scope, number, positive, quoted, value};

/// A model file and what it refers to.
pub(crate) struct Case {
    pub(crate) model: String,
    pub(crate) data: String,
    pub(crate) input: String,
}

pub(crate) fn case(random: &mut Random) -> Case {
    let mut scope = Scope {
        states: STATES[..1 + random.below(STATES.len())].to_vec(),
        parameters: PARAMETERS[..random.below(PARAMETERS.len() + 1)].to_vec(),
        others: Vec::new(),
        time: true,
    };
    let mut text = String::new();
    let out = &mut text;
    let experiments = random.once_in(3);
    let noisy = random.once_in(2);
    if random.once_in(4) {
        writeln!(out, "format = {}", value(random, |_| "1".into())).unwrap();
    }
    states(out, &scope, random);
    parameters(out, &scope, (experiments, noisy), random);
    if random.once_in(4) {
        scope.others.push("u");
        let kind = random.one(&["linear", "cubic", "previous"]);
        writeln!(out, "[inputs]\nu = {{ file = \"u.csv\", time = \"t\", column = \"u\", interpolate = \"{kind}\" }}").unwrap();
    }
    if random.once_in(4) {
        network(out, &scope, random);
        scope.others.push("o");
    }
    if random.once_in(3) {
        writeln!(
            out,
            "[definitions]\nd = {}",
            quoted(&scope.formula(random, 3))
        )
        .unwrap();
        scope.others.push("d");
    }
    writeln!(out, "[equations]").unwrap();
    for state in &scope.states {
        writeln!(
            out,
            "{} = {}",
            key(state),
            quoted(&scope.formula(random, 4))
        )
        .unwrap();
    }
    for _ in 0..random.below(3) {
        if random.once_in(2) {
            event(out, &scope, experiments, random);
        }
    }
    let start = value(random, |random| {
        random.one(&["0", "0.0", "-1", "1.5"]).into()
    });
    let end = match random.below(5) {
        0 => quoted(&scope.constant(random)),
        1 => value(random, |_| "-2.5".into()),
        _ => value(random, |_| "3".into()),
    };
    writeln!(
        out,
        "[time]\nstart = {start}\nend = {end}\n[solver]\nmax_steps = 300"
    )
    .unwrap();
    if random.once_in(3) {
        let method = random.one(&[
            "auto", "tsit5", "rodas5p", "radau", "bdf", "kencarp4", "dop853",
        ]);
        writeln!(out, "method = \"{method}\"").unwrap();
    }
    if random.once_in(3) {
        writeln!(
            out,
            "rtol = {}",
            value(random, |random| random
                .one(&["1e-3", "1e-8", "1e-14", "0.5"])
                .into())
        )
        .unwrap();
    }
    let data = random.below(3) > 0;
    if data {
        observed(out, &scope, (experiments, noisy), random);
    }
    Case {
        model: text,
        data: table(&scope, experiments, random),
        input: input(random),
    }
}

/// A name as TOML has it.
fn key(name: &str) -> String {
    if name.is_ascii() {
        name.into()
    } else {
        quoted(name)
    }
}

fn states(out: &mut String, scope: &Scope, random: &mut Random) {
    writeln!(out, "[states]").unwrap();
    for state in &scope.states {
        let initial = match random.below(4) {
            0 => quoted(&scope.constant(random)),
            _ => number(random),
        };
        writeln!(out, "{} = {initial}", key(state)).unwrap();
    }
}

fn parameters(
    out: &mut String,
    scope: &Scope,
    (experiments, noisy): (bool, bool),
    random: &mut Random,
) {
    writeln!(out, "[parameters]\nsigma = {{ value = 0.3, lower = 1e-3 }}").unwrap();
    for parameter in &scope.parameters {
        if random.once_in(2) {
            writeln!(out, "{parameter} = {}", positive(random)).unwrap();
            continue;
        }
        write!(out, "{parameter} = {{ value = {}", positive(random)).unwrap();
        let mut extra = |text: String| write!(out, ", {text}").unwrap();
        if random.once_in(2) {
            extra(format!(
                "lower = {}",
                value(random, |random| random.one(&["0", "1e-3", "-5"]).into())
            ));
        }
        if random.once_in(2) {
            extra(format!(
                "upper = {}",
                value(random, |random| random.one(&["10", "1e3", "4"]).into())
            ));
        }
        match random.below(8) {
            0 => extra("fixed = true".into()),
            1 => extra("scale = \"log\"".into()),
            2 if noisy => {
                let kind = random.one(&["normal", "log-normal", "uniform", "laplace"]);
                extra(format!(
                    "prior = {{ {kind} = [-{}, {}] }}",
                    positive(random),
                    positive(random)
                ));
            }
            3 if experiments => extra("per = \"e\"".into()),
            4 => extra("unit = \"1/µs\", note = \"\\\"quoted\\\"\"".into()),
            _ => {}
        }
        writeln!(out, " }}").unwrap();
    }
}

fn network(out: &mut String, scope: &Scope, random: &mut Random) {
    let input = quoted(&scope.formula(random, 1));
    let hidden = value(random, |random| random.one(&["[3]", "[2, 2]", "[]"]).into());
    let activation = random.one(&[
        "tanh", "softplus", "sigmoid", "relu", "silu", "gelu", "sin", "identity",
    ]);
    writeln!(out, "[networks.net]\ninputs = [{input}, \"t\"]\noutputs = [\"o\"]\nhidden = {hidden}\nactivation = \"{activation}\"").unwrap();
    match random.below(5) {
        0 => writeln!(out, "l2 = {}", positive(random)).unwrap(),
        1 => {
            let kind = random.one(&["fourier", "legendre", "chebyshev"]);
            writeln!(
                out,
                "depth_basis = {{ kind = \"{kind}\", terms = {} }}",
                value(random, |_| "2".into())
            )
            .unwrap();
        }
        2 => writeln!(out, "seed = {}", value(random, |_| "7".into())).unwrap(),
        _ => {}
    }
}

fn event(out: &mut String, scope: &Scope, experiments: bool, random: &mut Random) {
    writeln!(out, "[[events]]").unwrap();
    let (first, last) = (scope.states[0], scope.states[scope.states.len() - 1]);
    let scheduled = random.once_in(2);
    if scheduled {
        let at = match random.below(3) {
            0 => format!(
                "[{}, {}]",
                positive(random),
                quoted(&scope.constant(random))
            ),
            1 => format!(
                "{{ every = {}, count = {} }}",
                positive(random),
                value(random, |_| "3".into())
            ),
            _ => format!("[{}]", number(random)),
        };
        writeln!(out, "at = {at}").unwrap();
    } else {
        writeln!(out, "when = {}", quoted(&scope.formula(random, 2))).unwrap();
        if random.once_in(2) {
            writeln!(
                out,
                "direction = \"{}\"",
                random.one(&["rising", "falling", "any"])
            )
            .unwrap();
        }
        if random.once_in(5) {
            writeln!(out, "terminal = true").unwrap();
        }
    }
    match random.below(3) {
        0 => writeln!(
            out,
            "set = {{ {} = {} }}",
            key(first),
            quoted(&scope.formula(random, 2))
        )
        .unwrap(),
        1 => {
            writeln!(
                out,
                "add = {{ {} = {} }}",
                key(last),
                quoted(&scope.constant(random))
            )
            .unwrap();
            if scheduled && random.once_in(2) {
                writeln!(out, "over = {}", positive(random)).unwrap();
            }
        }
        _ => writeln!(
            out,
            "set = {{ {} = 0.5 }}\nadd = {{ {} = 1 }}",
            key(first),
            key(last)
        )
        .unwrap(),
    }
    if experiments && random.once_in(3) {
        writeln!(
            out,
            "experiments = [\"{}\"]",
            random.one(&["a", "b", "nowhere"])
        )
        .unwrap();
    }
}

fn observed(
    out: &mut String,
    scope: &Scope,
    (experiments, noisy): (bool, bool),
    random: &mut Random,
) {
    if noisy || random.once_in(2) {
        writeln!(out, "[observables]").unwrap();
        for state in &scope.states {
            let name = key(state);
            let is = if random.once_in(3) {
                scope.formula(random, 2)
            } else {
                (*state).into()
            };
            write!(out, "{name} = {{ is = {}", quoted(&is)).unwrap();
            if noisy {
                let noise = match random.below(3) {
                    0 => "{ column = \"sd\" }".into(),
                    1 => quoted(&format!("0.1 + abs({})", scope.formula(random, 1))),
                    _ => "\"sigma\"".into(),
                };
                let distribution = random.one(&["normal", "log-normal", "laplace", "log-laplace"]);
                write!(out, ", noise = {noise}, distribution = \"{distribution}\"").unwrap();
            }
            writeln!(out, " }}").unwrap();
        }
    }
    writeln!(out, "[data]\nfile = \"d.csv\"\ntime = \"t\"").unwrap();
    if experiments {
        writeln!(out, "experiment = \"e\"").unwrap();
    }
    if random.once_in(4) {
        writeln!(out, "use = \"t <= {}\"", positive(random)).unwrap();
    }
    if experiments && random.once_in(2) {
        let overridden = scope.parameters.first().copied().unwrap_or(scope.states[0]);
        writeln!(
            out,
            "[experiments.a]\n{} = {}",
            key(overridden),
            quoted(&scope.constant(random))
        )
        .unwrap();
    }
    writeln!(out, "[fit]\niterations = {}", value(random, |_| "3".into())).unwrap();
    match random.below(8) {
        0 => writeln!(
            out,
            "loss = \"{}\"",
            random.one(&["squares", "absolute", "huber", "log-squares"])
        )
        .unwrap(),
        1 => writeln!(
            out,
            "optimizer = \"{}\"",
            random.one(&[
                "auto",
                "gauss-newton",
                "lbfgs",
                "adam",
                "adamw",
                "rmsprop",
                "sgd"
            ])
        )
        .unwrap(),
        2 => writeln!(out, "segments = {}", value(random, |_| "2".into())).unwrap(),
        3 => writeln!(out, "curriculum = {}", value(random, |_| "2".into())).unwrap(),
        4 => writeln!(
            out,
            "batch = {{ size = 2, length = {} }}",
            value(random, |_| "2".into())
        )
        .unwrap(),
        5 => writeln!(
            out,
            "gradient = \"{}\"",
            random.one(&[
                "discrete",
                "forward",
                "backsolve",
                "interpolating",
                "gauss",
                "reversible"
            ])
        )
        .unwrap(),
        6 => writeln!(
            out,
            "time_limit = \"{}\"",
            random.one(&["1 s", "10 min", "0", "µ"])
        )
        .unwrap(),
        _ => {}
    }
}

fn table(scope: &Scope, experiments: bool, random: &mut Random) -> String {
    let end = if random.once_in(8) { "\r\n" } else { "\n" };
    let mut text = if random.once_in(20) {
        "\u{feff}t".to_owned()
    } else {
        "t".into()
    };
    for state in &scope.states {
        write!(text, ",{state}").unwrap();
    }
    text += if experiments { ",sd,e" } else { ",sd" };
    text += end;
    for name in ["a", "b"] {
        for row in 1..5 {
            let t = if random.once_in(ODD) {
                random.one(&["", "nan", "1e9", "x", "1,5"]).into()
            } else {
                format!("{}", f64::from(row) * 0.5)
            };
            text += &t;
            for _ in &scope.states {
                let cell = match random.below(3 * ODD) {
                    0 => "inf".into(),
                    1 => "\"1,5\"".into(),
                    2 => "-1e308".into(),
                    3 => "µ".into(),
                    n if n % 7 == 0 => String::new(),
                    n => format!("{}", n as f64 / 100.0 + 0.1),
                };
                write!(text, ",{cell}").unwrap();
            }
            text += ",0.2";
            if experiments {
                write!(text, ",{name}").unwrap();
            }
            text += end;
        }
        if !experiments {
            break;
        }
    }
    text
}

fn input(random: &mut Random) -> String {
    let mut text = String::from("t,u\n");
    let rows = 4 + random.below(4);
    for row in 0..rows {
        let t = 8.0 * row as f64 / (rows - 1) as f64 - 3.0;
        let late = f64::from(u8::from(random.once_in(3 * ODD)));
        writeln!(text, "{},{}", t + 3.0 * late, number(random)).unwrap();
    }
    text
}
