//! A model as a Rust source file.

use std::fmt::Write as _;

use costate_tape::{Binary, Function, Names, Unary};

use super::system::costate_names;
use crate::error::{Error, Result};
use crate::field::{self, Layout};
use crate::model::Model;

/// The whole file: constants, functions of arrays, and the formulas behind them.
pub(super) fn write(model: &Model, title: &str, happens: &str) -> Result<String> {
    let (n, theta) = (model.states.len(), model.phi());
    let p = theta.len();
    let f = field::right_side(model, Layout::Single)?;
    let vjp = f.vjp(&[0, 2, 1]);
    // Known functions of time follow the states in h.
    let width = f.input_shape(0).len();
    let products = record(
        &[("h", &[width]), ("t", &[]), ("theta", &[p]), ("a", &[n])],
        |inputs| vjp.call(inputs).split_off(1),
    )?;
    let boundary = field::boundary(model)?;
    let start = record(&[("theta", &[p])], |inputs| {
        let theta = inputs[0];
        boundary.call(&[theta.full(0.0, [width]), theta.full(0.0, []), theta])
    })?;
    let mut source = Source {
        names: element_names(model),
        is_apart: model.networks.is_empty(),
        text: String::new(),
    };
    source.head(model, title, happens, &theta);
    let (state, row) = (format!("[f64; {n}]"), format!("[f64; {width}]"));
    source.function(
        "start",
        match model.algebraic().is_empty() {
            true => "h at the start of time, then the start and the end of time.",
            false => "h at the start of time, of algebraic states a first guess, then the start and the end of time.",
        },
        &start,
        &[("theta", Some(p))],
        &format!("[f64; {}]", n + 2),
    )?;
    source.function(
        "rates",
        "dh/dt = f(h, t, θ).",
        &f,
        &[("h", Some(width)), ("t", None), ("theta", Some(p))],
        &state,
    )?;
    source.function(
        "products",
        "The products of a row a with the derivatives of f: a·∂f/∂h, a·∂f/∂θ, a·∂f/∂t.",
        &products,
        &[
            ("h", Some(width)),
            ("t", None),
            ("theta", Some(p)),
            ("a", Some(n)),
        ],
        &format!("({row}, [f64; {p}], f64)"),
    )?;
    source.main(model, n);
    Ok(source.text)
}

/// The names of components where h, a and θ are arrays, as Rust takes them.
fn element_names(model: &Model) -> Names {
    const KEYWORDS: &str = "Self abstract as async await become box break const continue crate do dyn else enum extern false final fn for \
                            gen if impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true \
                            try type typeof unsafe unsized use virtual where while yield mask powi";
    let unary = Unary::ALL.iter().map(|op| op.name());
    let functions: Vec<&str> = unary
        .chain(Binary::ALL.iter().map(|op| op.name()))
        .chain(KEYWORDS.split_whitespace())
        .collect();
    let free = |name: &str| match functions.contains(&name) {
        true => format!("x_{name}"),
        false => name.to_owned(),
    };
    let mut names = Names::new();
    for (i, input) in model.inputs.iter().enumerate() {
        names = names.element("h", model.states.len() + i, &free(&input.name));
    }
    let inputs = model.inputs.iter().map(|input| &input.name);
    let states = model.states.iter().map(|state| &state.name);
    let given: Vec<String> = inputs
        .chain(states)
        .chain(&model.symbols)
        .map(|name| free(name))
        .collect();
    let costates = costate_names(model, |name| given.iter().any(|own| own == name));
    for (i, (state, costate)) in model.states.iter().zip(&costates).enumerate() {
        names = names
            .element("h", i, &free(&state.name))
            .element("a", i, costate);
    }
    for (i, symbol) in model.symbols.iter().enumerate() {
        names = names.element("theta", i, &free(symbol));
    }
    names
}

fn record<F>(inputs: &[(&str, &[usize])], body: F) -> Result<Function<f64>>
where
    F: for<'t> FnOnce(&[costate_tape::Var<'t, f64>]) -> Vec<costate_tape::Var<'t, f64>>,
{
    Function::record(inputs, body).map_err(refused)
}

fn refused(error: costate_tape::Error) -> Error {
    Error::Argument(format!("no Rust source: {error}"))
}

/// A file under way.
struct Source {
    names: Names,
    /// Whether functions are written by single numbers in the names of the model.
    is_apart: bool,
    text: String,
}

impl Source {
    fn head(&mut self, model: &Model, title: &str, happens: &str, theta: &[f64]) {
        let quoted = |names: Vec<&str>| -> String {
            let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            names.join(", ")
        };
        let states: Vec<&str> = model
            .states
            .iter()
            .map(|state| state.name.as_str())
            .collect();
        let parameters: Vec<&str> = model.symbols.iter().map(String::as_str).collect();
        let inputs: Vec<&str> = model
            .inputs
            .iter()
            .map(|input| input.name.as_str())
            .collect();
        let driven = match inputs.as_slice() {
            [] => String::new(),
            names => format!("; after them the values at t of {}", names.join(", ")),
        };
        let numbers: Vec<String> = theta.iter().map(|x| format!("{x:?}")).collect();
        let networks: Vec<String> = model
            .networks
            .iter()
            .map(|network| {
                format!(
                    ", {} weights of {}",
                    network.parameter_count(),
                    network.name()
                )
            })
            .collect();
        let _ = write!(
            self.text,
            "//! {}\n//!\n//! The equations dh/dt = f(h, t, θ) and the products of a row a with their derivatives, without dependencies:\n\
             //! the functions `start`, `rates` and `products`. Run as a program it prints them at the start of time.\n{}\n\
             #![allow(unused, non_snake_case, clippy::all)]\n\n\
             /// The first components of h{}.\npub const STATES: [&str; {}] = [{}];\n\n\
             /// The first components of θ.\npub const PARAMETERS: [&str; {}] = [{}];\n\n\
             /// θ as the model has it: the parameters{}.\npub const THETA: [f64; {}] = [{}];\n",
            title.replace(['\n', '\r'], " "),
            match happens {
                "" => String::new(),
                lines => format!("//!\n{lines}"),
            },
            driven,
            states.len(),
            quoted(states),
            parameters.len(),
            quoted(parameters),
            networks.concat(),
            theta.len(),
            numbers.join(", "),
        );
    }

    /// A public function of arrays; the formulas are behind it, in one of single numbers where these have names.
    fn function(
        &mut self,
        name: &str,
        what: &str,
        function: &Function<f64>,
        inputs: &[(&str, Option<usize>)],
        result: &str,
    ) -> Result<()> {
        let elements = match self.is_apart {
            true => function.elements(&self.names).map_err(refused)?,
            false => function.clone(),
        };
        let source = elements.rust("formulas").map_err(refused)?;

        let kind = |length: Option<usize>| match length {
            None => "f64".to_owned(),
            Some(length) => format!("&[f64; {length}]"),
        };
        let parameters: Vec<String> = inputs
            .iter()
            .map(|&(name, length)| format!("{name}: {}", kind(length)))
            .collect();
        let arguments = inputs.iter().flat_map(|&(name, length)| match length {
            None => vec![name.to_owned()],
            _ if !self.is_apart => vec![name.to_owned()],
            Some(length) => (0..length).map(|i| format!("{name}[{i}]")).collect(),
        });
        let arguments: Vec<String> = arguments.collect();
        let call = format!("{name}::formulas({})", arguments.join(", "));
        let body = if self.is_apart {
            gathered(&call, function)
        } else {
            format!("    {call}\n")
        };
        let _ = write!(
            self.text,
            "\n/// {what}\npub fn {name}({}) -> {result} {{\n{body}}}\n\nmod {name} {{\n{source}}}\n",
            parameters.join(", "),
        );
        Ok(())
    }

    fn main(&mut self, model: &Model, states: usize) {
        let (at, width) = (model.span().0, states + model.inputs.len());
        let inputs = model.inputs.iter();
        let inputs = inputs.map(|input| format!("{:?}", input.value_on(input.piece(at), at).0));
        let inputs: Vec<String> = inputs.collect();
        if !inputs.is_empty() {
            let _ = write!(
                self.text,
                "\n/// What the known functions of time are at t = {at:?}; at other times they have other values.\npub const INPUTS: [f64; {}] = [{}];\n",
                inputs.len(),
                inputs.join(", "),
            );
        }
        let rest = match inputs.is_empty() {
            true => "0.0".to_owned(),
            false => format!("INPUTS[i - {states}]"),
        };
        let _ = write!(
            self.text,
            "\nfn main() {{\n    let start = start(&THETA);\n    let h: [f64; {width}] = std::array::from_fn(|i| if i < {states} {{ start[i] }} else {{ {rest} }});\n    let t = start[{states}];\n    \
             println!(\"h     {{h:?}}\\nt     {{t:?}}\\ndh/dt {{:?}}\", rates(&h, t, &THETA));\n    \
             let (by_h, by_theta, by_t) = products(&h, t, &THETA, &[1.0; {states}]);\n    \
             println!(\"with a = 1: a·∂f/∂h {{by_h:?}}\\na·∂f/∂θ {{by_theta:?}}\\na·∂f/∂t {{by_t:?}}\");\n}}\n"
        );
    }
}

/// The results of a call, one number each, as the arrays of a function's outputs.
fn gathered(call: &str, function: &Function<f64>) -> String {
    let mut at = 0;
    let mut names = Vec::new();
    let outputs = (0..function.outputs().len()).map(|number| {
        let shape = function.output_shape(number);
        let own: Vec<String> = (at..at + shape.len()).map(|i| format!("y{i}")).collect();
        at += shape.len();
        names.extend(own.iter().cloned());
        match shape.is_scalar() {
            true => own.concat(),
            false => format!("[{}]", own.join(", ")),
        }
    });
    let outputs: Vec<String> = outputs.collect();
    let one = |parts: &[String]| match parts {
        [one] => one.clone(),
        parts => format!("({})", parts.join(", ")),
    };
    format!("    let {} = {call};\n    {}\n", one(&names), one(&outputs))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::field::Map;
    use crate::room::room;

    /// Every kind of thing that an equation is made of, and names that Rust keeps for itself.
    const MODEL: &str = r#"
[states]
yield = "2 * match"
y = 0.7
[parameters]
match = 0.8
k = { value = 1.5, lower = 0.1 }
max = 0.3
[definitions]
flow = "k * yield / (max + yield)"
[equations]
yield = "-flow + tanh(y) * sin(t) - softplus(y - 1)"
y = "flow - match * y^3 + exp(-y) * log(2 + yield^2) + if(k < 2, y, 2 * y)"
[time]
start = "0.5 * k"
end = 4.0
"#;
    /// A known function of time, which follows the states in h.
    const DRIVEN: &str = r#"
[states]
x = 1.0
y = 0.2
[parameters]
k = 0.7
[inputs.light]
file = "light.csv"
time = "t"
column = "lux"
[equations]
x = "-k * x * light"
y = "k * x * light - y * sqrt(light)"
[time]
start = 0.0
end = 2.0
"#;
    const NETWORK: &str = r#"
[states]
x = 1.3
y = 0.4
[parameters]
k = 0.7
[networks.rest]
inputs = ["x * y", "log(x)", "t"]
outputs = ["u", "v"]
hidden = [4, 3]
activation = "silu"
[equations]
x = "-k * x + u"
y = "k * x - y * v"
[time]
start = 0.0
end = 3.0
"#;

    /// Nothing to be fitted, and a name that Rust writes otherwise.
    const BARE: &str = r#"
[states]
Lambda = 1.0
y = 2.0
[equations]
Lambda = "-y"
y = "Lambda - 2^-y^2 + t"
[time]
start = 0.0
end = 1.0
"#;

    /// Numbers that are neither round nor special.
    fn numbers(count: usize, from: f64) -> Vec<f64> {
        (0..count)
            .map(|i| 0.9 + 0.5 * (from + 1.7 * i as f64).sin())
            .collect()
    }

    /// h, t, θ and a.
    type Point = (Vec<f64>, f64, Vec<f64>, Vec<f64>);

    /// The bits that the source gives for f and the products at some points, from a program that rustc makes of it alone.
    fn bits(source: &str, points: &[Point]) -> Vec<u64> {
        let folder = room(&[]);
        std::fs::write(folder.join("model.rs"), source).unwrap();
        let mut main = String::from(
            "#[path = \"model.rs\"]\nmod model;\nfn show(x: &f64) { println!(\"{}\", x.to_bits()); }\nfn main() {\n",
        );
        for (h, t, theta, a) in points {
            let _ = write!(
                main,
                "    model::rates(&{h:?}, {t:?}, &{theta:?}).iter().for_each(show);\n    \
                 let (h, theta, t) = model::products(&{h:?}, {t:?}, &{theta:?}, &{a:?});\n    \
                 h.iter().for_each(show);\n    theta.iter().for_each(show);\n    show(&t);\n"
            );
        }
        main.push_str("}\n");
        std::fs::write(folder.join("main.rs"), main).unwrap();
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        for (file, target) in [("model.rs", "model"), ("main.rs", "main")] {
            let built = Command::new(&rustc)
                .args(["--edition", "2021", "-Dwarnings", "-Cdebuginfo=0", "-o"])
                .args([folder.join(target), folder.join(file)])
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&built.stderr);
            assert!(built.status.success(), "{said}\n{source}");
        }
        let ran = Command::new(folder.join("main")).output().unwrap();
        let lines = String::from_utf8(ran.stdout).unwrap();
        lines.lines().map(|line| line.parse().unwrap()).collect()
    }

    /// Whether the source gives the program's bits: f and its three products at points and parameters that differ.
    fn agrees(text: &str, name: &str, equal: impl Fn(f64, u64) -> bool) {
        let model = Model::parse(text, format!("{name}.toml")).unwrap();
        let (n, p) = (model.states.len(), model.phi().len());
        let source = model.explain().unwrap().rust().unwrap();
        let point = |i: usize| {
            let from = i as f64;
            (
                numbers(n, from),
                0.3 + from,
                numbers(p, 2.0 + from),
                numbers(n, 4.0 + from),
            )
        };
        let points: Vec<Point> = (0..4).map(point).collect();
        let mut found = bits(&source, &points).into_iter();
        let mut map =
            Map::new(&model, &field::right_side(&model, Layout::Single).unwrap()).unwrap();
        for (h, t, theta, a) in &points {
            let (mut rates, mut a_h, mut a_theta) = (vec![0.0; n], vec![0.0; n], vec![0.0; p]);
            map.set_parameters(theta);
            map.eval(0, h, *t, &mut rates);
            let a_t = map.products(0, a, &mut a_h);
            map.finish(&mut a_theta);
            for expected in [rates, a_h, a_theta, vec![a_t]].concat() {
                let bits = found.next().unwrap();
                assert!(
                    equal(expected, bits),
                    "{expected:e} {:e}\n{source}",
                    f64::from_bits(bits)
                );
            }
        }
        assert_eq!(found.next(), None);
    }

    #[test]
    fn the_source_compiles_alone_and_gives_the_bits_of_the_program() {
        // A sum that is +0 in one may be −0 in the other.
        agrees(MODEL, "numbers", |x, bits| {
            x.to_bits() == bits || x == 0.0 && f64::from_bits(bits) == 0.0
        });
    }

    #[test]
    fn a_model_without_parameters_has_a_source_that_compiles_too() {
        agrees(BARE, "bare", |x, bits| {
            x.to_bits() == bits || x == 0.0 && f64::from_bits(bits) == 0.0
        });
    }

    #[test]
    fn known_functions_of_time_follow_the_states() {
        let folder = room(&[("light.csv", "t,lux\n0,1\n1,3\n2,2\n")]);
        let model = Model::parse(DRIVEN, folder.join("driven.toml")).unwrap();
        let explanation = model.explain().unwrap();
        let source = explanation.rust().unwrap();
        assert!(
            source.contains("pub fn rates(h: &[f64; 3], t: f64, theta: &[f64; 1]) -> [f64; 2]"),
            "{source}"
        );
        assert!(
            source.contains("after them the values at t of light"),
            "{source}"
        );
        // The light is 1 at the start.
        assert!(source.contains("INPUTS: [f64; 1] = [1.0];"), "{source}");
        assert!(source.contains("else { INPUTS[i - 2] }"), "{source}");
        // f changes with time by the light alone, and the light is no parameter.
        let text = explanation.text(&str::to_owned);
        let by_t = text
            .lines()
            .find(|line| line.trim_start().starts_with("by_t"))
            .unwrap();
        assert!(
            by_t.contains("light_slope") && !text.contains("by_light"),
            "{text}"
        );
        assert_eq!(text.matches("d_a_t = -").count(), 1, "{text}");
    }

    #[test]
    fn networks_are_within_the_rounding_of_their_kernels() {
        // The program multiplies and adds in one rounding where the processor can.
        agrees(NETWORK, "network", |x, bits| {
            let y = f64::from_bits(bits);
            (x - y).abs() <= 1e-14 * x.abs().max(0.1)
        });
    }
}
