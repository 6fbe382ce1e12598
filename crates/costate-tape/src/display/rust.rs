//! Rust source: a function of its own, without dependencies, that computes the same bits as the interpreter.

mod arrays;
mod helpers;

use crate::error::Error;
use crate::function::Function;
use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::scalar::Scalar;
use helpers::Helper;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A number type that source can be written for: `f32` and `f64`.
///
/// ```
/// use costate_tape::Plain;
/// assert_eq!((f64::NAME, (-0.5_f64).literal(), f32::INFINITY.literal()), ("f64", "(-0.5f64)".into(), "f32::INFINITY".into()));
/// ```
pub trait Plain: Scalar {
    /// The type's name in Rust.
    const NAME: &'static str;

    /// The number as a literal of this type.
    #[must_use]
    fn literal(self) -> String;
}

macro_rules! plain {
    ($type:ident) => {
        impl Plain for $type {
            const NAME: &'static str = stringify!($type);

            fn literal(self) -> String {
                if self.is_nan() {
                    concat!(stringify!($type), "::NAN").to_owned()
                } else if self.is_infinite() {
                    let name = if self > 0.0 {
                        "INFINITY"
                    } else {
                        "NEG_INFINITY"
                    };
                    format!("{}::{name}", stringify!($type))
                } else if self.is_sign_negative() {
                    format!("(-{:?}{})", -self, stringify!($type))
                } else {
                    format!("{self:?}{}", stringify!($type))
                }
            }
        }
    };
}

plain!(f32);
plain!(f64);

impl<T: Plain> Function<T> {
    /// The function as Rust source: `pub fn name(…)` with the helpers it needs, and nothing else. A number is passed by value, an array
    /// as `&[f64; N]`, row by row; several outputs come as a tuple. It computes the same bits as [`eval`](Function::eval); a guard
    /// becomes an assertion.
    ///
    /// Arrays live on the stack, so this is for functions of moderate size. For formulas with names of elements, print
    /// [`elements`](Function::elements).
    ///
    /// Helpers give way to `name`; one that Rust does not take (a keyword, other signs than letters) is mended, as those of inputs
    /// are: `fn` becomes `x_fn`.
    ///
    /// # Errors
    /// [`Error::NoSource`] for an operation without a notation in Rust. All that there are have one: what the standard library lacks
    /// comes along as source.
    ///
    /// ```
    /// use costate_tape::{Function, Scalar};
    /// let f = Function::<f64>::record(&[("h", &[2]), ("t", &[])], |v| vec![(v[0] * v[1]).sum() - v[0].index(0).sin()])?;
    /// let source = f.rust("rate")?;
    /// assert!(source.starts_with("pub fn rate(h: &[f64; 2], t: f64) -> f64 {\n"), "{source}");
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    pub fn rust(&self, name: &str) -> Result<String, Error> {
        let name = &word(name.chars().map(letter).collect());
        let mut writer = Writer::new(self, name);
        // A broadcast is looked through.
        let may = |id| self.graph().node(id).op != Op::Broadcast;
        for id in super::depth::cuts(self.graph(), may) {
            // As if it were used again: it gets a name.
            writer.uses[id.index()] += 1;
            writer.whole(id)?;
        }
        for guard in self.guards() {
            let (a, b) = (writer.single(guard.a)?, writer.single(guard.b)?);
            let sign = guard.op.infix().map_or("==", |(sign, _)| sign);
            let not = if guard.held { "" } else { "!" };
            let _ = writeln!(
                writer.body,
                "    assert!({not}({a} {sign} {b}), \"the record does not hold here: `{}` at {}\");",
                guard.op.name(),
                guard.location
            );
        }
        let mut results = Vec::new();
        let mut types = Vec::new();
        for (number, port) in self.outputs().iter().enumerate() {
            let shape = self.output_shape(number);
            types.push(if shape.is_scalar() {
                T::NAME.to_owned()
            } else {
                format!("[{}; {}]", T::NAME, shape.len())
            });
            results.push(match (shape.is_scalar(), shape.len()) {
                (true, _) => writer.single(port.node)?,
                (false, 1) => format!("[{}]", writer.single(port.node)?),
                // An input is a reference, and a value may be returned twice.
                _ => format!("{}.to_owned()", writer.array(port.node)?),
            });
        }
        let one = |mut parts: Vec<String>| {
            if parts.len() == 1 {
                parts.swap_remove(0)
            } else {
                format!("({})", parts.join(", "))
            }
        };
        let parameters: Vec<String> = (0..self.inputs().len())
            .map(|number| {
                let shape = self.input_shape(number);
                let name = &writer.inputs[number];
                if shape.is_scalar() {
                    format!("{name}: {}", T::NAME)
                } else {
                    format!("{name}: &[{}; {}]", T::NAME, shape.len())
                }
            })
            .collect();
        let mut out = format!(
            "pub fn {name}({}) -> {} {{\n",
            parameters.join(", "),
            one(types)
        );
        out.push_str(&writer.body);
        let _ = writeln!(out, "    {}\n}}", one(results));
        for helper in writer.helpers {
            out.push('\n');
            out.push_str(&helper.source(name, T::NAME));
        }
        Ok(out)
    }
}

/// What no variable and no function may be called: the keywords of all editions, those kept for later ones, and what the prelude's patterns mean.
const KEYWORDS: &str = "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod move \
    mut pub ref return self Self static struct super trait true type unsafe use where while \
    abstract become box do final gen macro override priv try typeof unsized virtual yield _ Some None Ok Err";

/// A letter, digit or `_` that an identifier may have.
fn letter(c: char) -> char {
    match c {
        '₀'..='₉' => char::from(b'0' + (c as u32 - '₀' as u32) as u8),
        // Letters in circles and squares are symbols, and some of Arabic are whole words.
        'Ⓐ'..='ⓩ' | '🄰'..='🆉' | '\u{37a}' | '\u{fb50}'..='\u{feff}' => '_',
        _ if c.is_ascii_digit() || c.is_alphabetic() => c,
        _ => '_',
    }
}

/// Letters as an identifier: no keyword, not empty, and not a number.
fn word(text: String) -> String {
    let is_keyword = KEYWORDS.split_whitespace().any(|word| word == text);
    if is_keyword || text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
        format!("x_{text}")
    } else {
        text
    }
}

/// A name that Rust takes, unlike the earlier ones: letters, digits and `_`.
fn identifier(name: &str, taken: &[String]) -> String {
    let mut text: String = name.chars().map(letter).collect();
    while text.len() > 1 && text.ends_with('_') {
        text.pop();
    }
    let generated = text
        .strip_prefix('n')
        .is_some_and(|rest| rest.parse::<u32>().is_ok());
    text = if helpers::is_function(&text) || generated || text == "i" {
        format!("x_{text}")
    } else {
        word(text)
    };
    while taken.contains(&text) {
        text.push('_');
    }
    text
}

/// Statements written so far, and what the nodes are called.
struct Writer<'a, T> {
    /// What the function is called.
    name: &'a str,
    graph: &'a Graph<T>,
    inputs: Vec<String>,
    uses: Vec<u32>,
    /// The expression or the name of each node that was written.
    known: Vec<Option<String>>,
    body: String,
    helpers: BTreeSet<Helper>,
}

impl<'a, T: Plain> Writer<'a, T> {
    fn new(f: &'a Function<T>, name: &'a str) -> Self {
        let graph = f.graph();
        let mut inputs: Vec<String> = Vec::new();
        for port in f.inputs() {
            inputs.push(identifier(&port.name, &inputs));
        }
        let mut uses = vec![0; graph.len()];
        f.outputs()
            .iter()
            .for_each(|port| uses[port.node.index()] += 1);
        f.guards()
            .iter()
            .flat_map(|guard| [guard.a, guard.b])
            .for_each(|id| uses[id.index()] += 1);
        for node in graph.nodes() {
            // An element of an array repeats an expression.
            let many = if node.shape.len() > 1 { 2 } else { 1 };
            node.operands
                .iter()
                .for_each(|operand| uses[operand.index()] += many);
        }
        Writer {
            name,
            graph,
            inputs,
            uses,
            known: vec![None; graph.len()],
            body: String::new(),
            helpers: BTreeSet::new(),
        }
    }

    /// A variable of the source's own, which gives way to inputs.
    fn local(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.inputs.contains(&name) {
            name.push('_');
        }
        name
    }

    /// An expression for the one element of a node.
    fn single(&mut self, id: NodeId) -> Result<String, Error> {
        if let Some(known) = &self.known[id.index()] {
            return Ok(known.clone());
        }
        let graph = self.graph;
        let node = graph.node(id);
        let mut text = match &node.op {
            Op::Input(number) if node.shape.is_scalar() => self.inputs[*number as usize].clone(),
            Op::Input(number) => format!("{}[0]", self.inputs[*number as usize]),
            Op::Constant(index) => graph.constant_values(*index)[0].literal(),
            op if op.is_elementwise() => {
                let operands: Vec<String> = node
                    .operands
                    .iter()
                    .map(|&operand| self.single(operand))
                    .collect::<Result<_, _>>()?;
                self.apply(op, &operands)
            }
            Op::Slice { axis, start } => {
                let array = self.whole(node.operands[0])?;
                let step = graph.shape(node.operands[0]).strides()[*axis as usize];
                format!("{array}[{}]", *start as usize * step)
            }
            Op::Gather(table) => {
                let array = self.whole(node.operands[0])?;
                format!("{array}[{}]", table[0])
            }
            Op::Reshape | Op::Broadcast | Op::Transpose(_) | Op::Concat(_) | Op::Pad { .. }
                if graph.shape(node.operands[0]).len() == 1 =>
            {
                self.single(node.operands[0])?
            }
            _ => format!("{}[0]", self.statement(id)?),
        };
        let simple = text
            .chars()
            .all(|c| c.is_alphanumeric() || "_[].".contains(c));
        if self.uses[id.index()] > 1 && !simple || text.len() > 100 {
            let name = format!("n{}", id.index());
            let _ = writeln!(self.body, "    let {name} = {text};");
            text = name;
        }
        self.known[id.index()] = Some(text.clone());
        Ok(text)
    }

    /// The name of an array, also of one element.
    fn whole(&mut self, id: NodeId) -> Result<String, Error> {
        if self.graph.shape(id).len() == 1 {
            Ok(format!("[{}]", self.single(id)?))
        } else {
            self.array(id)
        }
    }

    /// The name of an array of several elements.
    fn array(&mut self, id: NodeId) -> Result<String, Error> {
        if let Some(known) = &self.known[id.index()] {
            return Ok(known.clone());
        }
        let node = self.graph.node(id);
        let name = match node.op {
            Op::Input(number) => self.inputs[number as usize].clone(),
            // The same elements in the same order.
            Op::Reshape => self.array(node.operands[0])?,
            _ => self.statement(id)?,
        };
        self.known[id.index()] = Some(name.clone());
        Ok(name)
    }

    /// An elementwise operation on expressions; the result stands in parentheses where it needs them.
    fn apply(&mut self, op: &Op, x: &[String]) -> String {
        let (text, helper) = match op {
            Op::Unary(op) => helpers::applied(op.name(), op.rust(), x, self.name, T::NAME),
            Op::Binary(op) => helpers::applied(op.name(), op.rust(), x, self.name, T::NAME),
            Op::Powi(n) => {
                let powi = helpers::beside("powi", self.name);
                (format!("{powi}({}, {n})", x[0]), Some(helpers::POWI))
            }
            Op::Select => {
                let [c, a, b] = x else {
                    unreachable!("a choice has three operands")
                };
                (format!("(if {c} != 0.0 {{ {a} }} else {{ {b} }})"), None)
            }
            _ => unreachable!("elementwise operations are these"),
        };
        self.helpers.extend(helper);
        text
    }
}
