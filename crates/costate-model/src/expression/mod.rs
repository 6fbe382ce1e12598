//! The language of formulas: numbers, names, operators, comparisons, `if`, and the elementwise functions of
//! `costate-tape`.
//!
//! An [`Expression`] is a list of nodes in the order of their evaluation, so that nothing about it recurses: a sum of
//! ten thousand terms is as safe as one of two.

mod origin;
mod parse;
mod token;

pub(crate) use origin::Origin;

use std::collections::BTreeSet;
use std::ops::Range;

use costate_tape::Scalar;
use costate_tape::{Binary, Unary};

use crate::error::{Diagnostic, Place, Result};

/// One operation; operands are earlier nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Number(f64),
    /// An index into the expression's names.
    Name(u32),
    Negate(u32),
    Add(u32, u32),
    Subtract(u32, u32),
    Multiply(u32, u32),
    Divide(u32, u32),
    Power(u32, u32),
    Compare(Comparison, u32, u32),
    If(u32, u32, u32),
    Unary(Unary, u32),
    Binary(Binary, u32, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Debug, PartialEq)]
struct Name {
    text: String,
    span: Range<usize>,
}

/// Numbers up to this guard against a division by zero or a negative root, and are no level of their own.
const TINY: f64 = 1e-6;

/// A parsed formula whose names are not yet given a meaning. The last node is its value.
#[derive(Clone, Debug, Default, PartialEq)]
struct Expression {
    nodes: Vec<Node>,
    spans: Vec<Range<usize>>,
    names: Vec<Name>,
}

/// What is wrong with a formula, at a byte range of its own text.
#[derive(Clone, Debug, PartialEq)]
struct Slip {
    span: Range<usize>,
    message: String,
    help: Option<String>,
}

impl Slip {
    fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Slip {
            span,
            message: message.into(),
            help: None,
        }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn moved(mut self, by: usize) -> Self {
        self.span = self.span.start + by..self.span.end + by;
        self
    }
}

/// A comparison whose answer may change along a trajectory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compared {
    pub(crate) node: usize,
    /// The answer, if it is the same almost everywhere.
    pub(crate) always: Option<bool>,
    /// As it is written.
    pub(crate) text: String,
}

/// An expression and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Formula {
    expression: Expression,
    /// The value in the file that holds the formula.
    place: Place,
    /// The byte of the file at which the formula's text begins, if the file has it letter by letter.
    offset: Option<usize>,
}

impl Formula {
    pub(crate) fn parse(text: &str, place: Place, offset: Option<usize>) -> Result<Self> {
        match parse::parse(text) {
            Ok(expression) => Ok(Formula {
                expression,
                place,
                offset,
            }),
            Err(slip) => Err(within(&place, offset, &slip.span)
                .error(slip.message)
                .with_help(slip.help)
                .into()),
        }
    }

    /// A number in the file that stands for itself.
    pub(crate) fn number(value: f64, place: Place) -> Self {
        let expression = Expression {
            nodes: vec![Node::Number(value)],
            spans: vec![Range::default()],
            names: Vec::new(),
        };
        Formula {
            expression,
            place,
            offset: None,
        }
    }

    /// The value, if the formula is one number with or without a sign.
    pub(crate) fn literal(&self) -> Option<f64> {
        match *self.expression.nodes {
            [Node::Number(value)] => Some(value),
            [Node::Number(value), Node::Negate(0)] => Some(-value),
            _ => None,
        }
    }

    /// The same place with a number in it.
    pub(crate) fn with_literal(&self, value: f64) -> Self {
        Formula::number(value, self.place.clone())
    }

    /// Whether the formula is one name.
    pub(crate) fn is_name(&self) -> bool {
        matches!(*self.expression.nodes, [Node::Name(_)])
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The names in the order of their appearance, repeats included.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.expression.names.iter().map(|name| name.text.as_str())
    }

    /// A message about the `i`-th name.
    pub(crate) fn error_at_name(&self, i: usize, message: impl Into<String>) -> Diagnostic {
        within(&self.place, self.offset, &self.expression.names[i].span).error(message)
    }

    /// The comparisons whose operands involve a name for which `moves` holds; sign(x) is one, of x with zero.
    pub(crate) fn comparisons(&self, moves: impl Fn(usize) -> bool) -> Vec<Compared> {
        let nodes = self.expression.nodes.iter();
        let moving = nodes.zip(self.moving(moves)).enumerate();
        let moving = moving.filter(|(_, (_, moves))| *moves);
        let found = moving.filter_map(|(node, (operation, _))| {
            // Almost everywhere, and that is all that an equation can tell.
            let always = match operation {
                Node::Compare(Comparison::Equal, ..) => Some(false),
                Node::Compare(Comparison::NotEqual, ..) => Some(true),
                Node::Compare(..) | Node::Unary(Unary::Sign, _) => None,
                _ => return None,
            };
            Some(Compared {
                node,
                always,
                text: self.text(&self.expression.spans[node]),
            })
        });
        found.collect()
    }

    /// Both sides as they are written, the smaller one first, if the formula is a comparison of which is smaller.
    pub(crate) fn compared(&self) -> Option<[String; 2]> {
        match self.expression.nodes.last()? {
            Node::Compare(Comparison::Less | Comparison::LessEqual, a, b) => {
                Some([a, b].map(|side| self.text(&self.expression.spans[*side as usize])))
            }
            _ => None,
        }
    }

    /// The operation at `node` as it is written.
    pub(crate) fn text_of(&self, node: usize) -> String {
        self.text(&self.expression.spans[node])
    }

    /// The floors, as they are written, of what involves a name for which `moves` holds.
    pub(crate) fn floors(&self, moves: impl Fn(usize) -> bool) -> Vec<String> {
        let nodes = self.expression.nodes.iter().zip(&self.expression.spans);
        let floors = nodes
            .zip(self.moving(moves))
            .filter(|((node, _), moves)| *moves && matches!(node, Node::Unary(Unary::Floor, _)));
        floors.map(|((_, span), _)| self.text(span)).collect()
    }

    /// Where the formula bends sharply on the way, as it is written, each with the `if` that says the same: abs, min and max of what involves a name for which
    /// `moves` holds. Not those that keep a name for which `is_state` holds from zero, as max(x, 0) does, nor x * abs(x), which has a slope everywhere.
    pub(crate) fn bends(
        &self,
        moves: impl Fn(usize) -> bool,
        is_state: impl Fn(usize) -> bool,
    ) -> Vec<[String; 2]> {
        let nodes = &self.expression.nodes;
        let written = |node: u32| self.text_of(node as usize);
        let is_name =
            |node: u32| matches!(nodes[node as usize], Node::Name(i) if is_state(i as usize));
        let is_tiny =
            |node: u32| matches!(nodes[node as usize], Node::Number(x) if x.abs() <= TINY);
        let is_guard = |a: u32, b: u32| is_name(a) && is_tiny(b) || is_name(b) && is_tiny(a);
        let negative = |x: u32| match nodes[x as usize] {
            Node::Name(_) => format!("-{}", written(x)),
            _ => format!("-({})", written(x)),
        };
        let bends = self.moving(moves).into_iter().enumerate();
        let bends = bends.filter(|(_, moves)| *moves).filter_map(|(node, _)| {
            let instead = match nodes[node] {
                Node::Unary(Unary::Abs, x) if !self.is_beside(node, x) => {
                    let (x, negative) = (written(x), negative(x));
                    format!("if({x} > 0, {x}, {negative})")
                }
                Node::Unary(Unary::Relu, x) if !is_name(x) => {
                    let x = written(x);
                    format!("if({x} > 0, {x}, 0)")
                }
                Node::Binary(Binary::Max, a, b) if !is_guard(a, b) => {
                    let (a, b) = (written(a), written(b));
                    format!("if({a} > {b}, {a}, {b})")
                }
                Node::Binary(Binary::Min, a, b) => {
                    let (a, b) = (written(a), written(b));
                    format!("if({a} < {b}, {a}, {b})")
                }
                _ => return None,
            };
            Some([self.text_of(node), instead])
        });
        bends.collect()
    }

    /// Whether `node` is a factor beside one that is written as `x` is.
    fn is_beside(&self, node: usize, x: u32) -> bool {
        let nodes = &self.expression.nodes;
        let is_product = |node: &Node, of: usize| match *node {
            Node::Multiply(a, b) => a as usize == of || b as usize == of,
            Node::Divide(a, _) | Node::Negate(a) => a as usize == of,
            _ => false,
        };
        let mut root = node;
        for (above, operation) in nodes.iter().enumerate().skip(node + 1) {
            if is_product(operation, root) {
                root = above;
            }
        }
        let bare = |text: String| {
            let inner = text
                .strip_prefix('(')
                .and_then(|text| text.strip_suffix(')'));
            inner.map_or(text.clone(), str::to_owned)
        };
        let (mut open, own) = (vec![root as u32], bare(self.text_of(x as usize)));
        while let Some(factor) = open.pop() {
            match nodes[factor as usize] {
                Node::Multiply(a, b) => open.extend([a, b]),
                Node::Divide(a, _) | Node::Negate(a) => open.push(a),
                _ if bare(self.text_of(factor as usize)) == own => return true,
                _ => {}
            }
        }
        false
    }

    /// Whether each node involves a name for which `moves` holds.
    fn moving(&self, moves: impl Fn(usize) -> bool) -> Vec<bool> {
        let nodes = &self.expression.nodes;
        let mut moving: Vec<bool> = Vec::with_capacity(nodes.len());
        for node in nodes {
            moving.push(match *node {
                Node::Name(name) => moves(name as usize),
                _ => operands(node).any(|operand| moving[operand as usize]),
            });
        }
        moving
    }

    /// The operation at `node` as a formula of its own, with the number in this one of each of its names.
    ///
    /// What a comparison needs of a long formula is little, and all of it for each comparison would take the square of its length.
    pub(crate) fn part(&self, node: usize) -> (Self, Vec<usize>) {
        let own = &self.expression;
        let (mut open, mut seen) = (vec![node as u32], BTreeSet::from([node as u32]));
        while let Some(node) = open.pop() {
            let below = operands(&own.nodes[node as usize]);
            open.extend(below.filter(|operand| seen.insert(*operand)));
        }
        let nodes: Vec<u32> = seen.into_iter().collect();
        let place = |operand: u32| nodes.partition_point(|&node| node < operand) as u32;
        let (mut names, mut expression) = (Vec::new(), Expression::default());
        for &node in &nodes {
            let operation = match own.nodes[node as usize] {
                Node::Name(name) => {
                    names.push(name as usize);
                    expression.names.push(own.names[name as usize].clone());
                    Node::Name(names.len() as u32 - 1)
                }
                operation => operation.of(place),
            };
            expression.nodes.push(operation);
            expression.spans.push(own.spans[node as usize].clone());
        }
        let part = Formula {
            expression,
            place: self.place.clone(),
            offset: self.offset,
        };
        (part, names)
    }

    /// Whether the margin of a formula that is a comparison is of first degree in the names for which `moves` holds.
    pub(crate) fn is_affine(&self, moves: impl Fn(usize) -> bool) -> bool {
        const MORE: u8 = 2;
        let Some((comparison, nodes)) = self.expression.nodes.split_last() else {
            return false;
        };
        let mut degrees: Vec<u8> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let of = |operand: u32| degrees[operand as usize];
            let degree = match *node {
                Node::Number(_) => 0,
                Node::Name(name) => u8::from(moves(name as usize)),
                Node::Negate(x) => of(x),
                Node::Add(a, b) | Node::Subtract(a, b) => of(a).max(of(b)),
                Node::Multiply(a, b) => (of(a) + of(b)).min(MORE),
                Node::Divide(a, b) if of(b) == 0 => of(a),
                _ if operands(node).all(|operand| of(operand) == 0) => 0,
                _ => MORE,
            };
            degrees.push(degree);
        }
        match *comparison {
            Node::Compare(_, a, b) => degrees[a as usize].max(degrees[b as usize]) <= 1,
            Node::Unary(Unary::Sign, x) => degrees[x as usize] <= 1,
            _ => false,
        }
    }

    /// The formula as it is written; a number that was set stands for itself.
    pub(crate) fn written(&self) -> String {
        match (self.literal(), self.expression.spans.last()) {
            (Some(value), _) => value.to_string(),
            (None, Some(span)) => self.text(span),
            (None, None) => String::new(),
        }
    }

    /// A part of the formula as it is written, for messages.
    fn text(&self, span: &Range<usize>) -> String {
        let place = within(&self.place, self.offset, span);
        let text = &place.source.text[place.span.clone()];
        text.trim_matches('"').to_owned()
    }

    /// The value with the `i`-th name standing for `name(i)`.
    ///
    /// Generic in the scalar: natively for plain numbers, recording for variables of a tape. Both branches of an `if`
    /// are evaluated; the one not chosen has no influence on value or derivative.
    pub(crate) fn eval<S: Scalar>(&self, name: impl FnMut(usize) -> S) -> S {
        let values = self.values(self.expression.nodes.len(), name, |_| None);
        values[values.len() - 1]
    }

    /// The same with `answer(node)` in the place of a comparison's own answer, where there is one.
    pub(crate) fn eval_with<S: Scalar>(
        &self,
        name: impl FnMut(usize) -> S,
        answer: impl FnMut(usize) -> Option<S>,
    ) -> S {
        let values = self.values(self.expression.nodes.len(), name, answer);
        values[values.len() - 1]
    }

    /// By how much a formula that is a comparison holds: b − a for a < b, x for sign(x).
    pub(crate) fn margin<S: Scalar>(&self, name: impl FnMut(usize) -> S) -> S {
        let values = self.values(self.expression.nodes.len() - 1, name, |_| None);
        match self.expression.nodes.last() {
            Some(&Node::Compare(_, a, b)) => values[b as usize] - values[a as usize],
            Some(&Node::Unary(Unary::Sign, x)) => values[x as usize],
            _ => unreachable!("a comparison's margin is asked for"),
        }
    }

    /// The values of the first `count` nodes.
    fn values<S: Scalar>(
        &self,
        count: usize,
        mut name: impl FnMut(usize) -> S,
        mut answer: impl FnMut(usize) -> Option<S>,
    ) -> Vec<S> {
        let mut values: Vec<S> = Vec::with_capacity(count);
        for (i, node) in self.expression.nodes[..count].iter().enumerate() {
            let of = |operand: u32| values[operand as usize];
            let value = match *node {
                Node::Number(value) => S::from_f64(value),
                Node::Name(index) => name(index as usize),
                Node::Negate(x) => -of(x),
                Node::Add(a, b) => of(a) + of(b),
                Node::Subtract(a, b) => of(a) - of(b),
                Node::Multiply(a, b) => of(a) * of(b),
                Node::Divide(a, b) => of(a) / of(b),
                Node::Power(x, exponent) => self.power(of(x), exponent, of(exponent)),
                Node::Compare(comparison, a, b) => {
                    answer(i).unwrap_or_else(|| compare(comparison, of(a), of(b)))
                }
                Node::If(condition, a, b) => S::select(of(condition), of(a), of(b)),
                Node::Unary(Unary::Sign, x) => match answer(i) {
                    Some(positive) => positive * S::from_f64(2.0) - S::from_f64(1.0),
                    None => of(x).unary(Unary::Sign),
                },
                Node::Unary(op, x) => of(x).unary(op),
                Node::Binary(op, a, b) => of(a).binary(op, of(b)),
            };
            values.push(value);
        }
        values
    }

    /// A whole exponent multiplies, so that negative bases have powers and exact derivatives.
    fn power<S: Scalar>(&self, x: S, exponent: u32, value: S) -> S {
        let nodes = &self.expression.nodes;
        let constant = match nodes[exponent as usize] {
            Node::Number(n) => Some(n),
            Node::Negate(inner) => match nodes[inner as usize] {
                Node::Number(n) => Some(-n),
                _ => None,
            },
            _ => None,
        };
        match constant {
            Some(n) if n.fract() == 0.0 && n.abs() <= 64.0 => x.powi(n as i32),
            _ => x.powf(value),
        }
    }
}

impl Node {
    /// The same operation with other operands.
    fn of(self, other: impl Fn(u32) -> u32) -> Self {
        match self {
            Node::Number(_) | Node::Name(_) => self,
            Node::Negate(x) => Node::Negate(other(x)),
            Node::Add(a, b) => Node::Add(other(a), other(b)),
            Node::Subtract(a, b) => Node::Subtract(other(a), other(b)),
            Node::Multiply(a, b) => Node::Multiply(other(a), other(b)),
            Node::Divide(a, b) => Node::Divide(other(a), other(b)),
            Node::Power(a, b) => Node::Power(other(a), other(b)),
            Node::Compare(comparison, a, b) => Node::Compare(comparison, other(a), other(b)),
            Node::If(c, a, b) => Node::If(other(c), other(a), other(b)),
            Node::Unary(op, x) => Node::Unary(op, other(x)),
            Node::Binary(op, a, b) => Node::Binary(op, other(a), other(b)),
        }
    }
}

fn operands(node: &Node) -> impl Iterator<Item = u32> {
    let list = match *node {
        Node::Number(_) | Node::Name(_) => [None; 3],
        Node::Negate(x) | Node::Unary(_, x) => [Some(x), None, None],
        Node::Add(a, b)
        | Node::Subtract(a, b)
        | Node::Multiply(a, b)
        | Node::Divide(a, b)
        | Node::Power(a, b)
        | Node::Compare(_, a, b)
        | Node::Binary(_, a, b) => [Some(a), Some(b), None],
        Node::If(c, a, b) => [Some(c), Some(a), Some(b)],
    };
    list.into_iter().flatten()
}

/// The part `span` of a formula's text in its file, or the whole value where the text cannot be found letter by letter.
fn within(place: &Place, offset: Option<usize>, span: &Range<usize>) -> Place {
    match offset {
        Some(offset) => Place {
            source: place.source.clone(),
            span: offset + span.start..offset + span.end,
        },
        None => place.clone(),
    }
}

/// 1 or 0.
fn compare<S: Scalar>(comparison: Comparison, a: S, b: S) -> S {
    let op = match comparison {
        Comparison::Less => Binary::Lt,
        Comparison::LessEqual => Binary::Le,
        Comparison::Equal => Binary::Eq,
        Comparison::NotEqual => Binary::Ne,
    };
    a.binary(op, b)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::Source;

    fn formula(text: &str) -> Formula {
        let source = Arc::new(Source {
            path: "m.toml".into(),
            text: text.into(),
        });
        Formula::parse(
            text,
            Place {
                source,
                span: 0..text.len(),
            },
            Some(0),
        )
        .unwrap_or_else(|error| panic!("{error}"))
    }

    fn value(text: &str) -> f64 {
        let formula = formula(text);
        let names: Vec<&str> = formula.names().collect();
        formula.eval::<f64>(|i| match names[i] {
            "x" => 3.0,
            "y" => -2.0,
            name => panic!("{name}"),
        })
    }

    #[test]
    fn powers_bind_tighter_than_signs_and_to_the_right() {
        assert_eq!(value("-x^2"), -9.0);
        assert_eq!(value("2^3^2"), 512.0);
        assert_eq!(value("2^-1"), 0.5);
        assert_eq!(value("-2^-2"), -0.25);
        assert_eq!(value("(-x)^2"), 9.0);
        assert_eq!(value("y^3"), -8.0);
        assert_eq!(value("x^0.5"), 3.0_f64.powf(0.5));
        assert_eq!(value("2*-x"), -6.0);
    }

    #[test]
    fn sums_and_products_go_from_left_to_right() {
        assert_eq!(value("1 - 2 - 3"), -4.0);
        assert_eq!(value("8 / 4 / 2"), 1.0);
        assert_eq!(value("1 + 2 * x - y / 4"), 7.5);
        assert_eq!(value("+x - -y"), 1.0);
        assert_eq!(value(".5 + 1. + 1e-1 + 2E+1"), 21.6);
        assert_eq!(value("2 * pi"), std::f64::consts::TAU);
    }

    #[test]
    fn comparisons_are_one_or_zero() {
        for (text, expected) in [
            ("x < 3", 0.0),
            ("x <= 3", 1.0),
            ("x > y", 1.0),
            ("x >= 4", 0.0),
            ("x == 3", 1.0),
            ("x != 3", 0.0),
            ("(x < 4) + (y < 0)", 2.0),
            ("x + 1 < 2 * x", 1.0),
            ("if(x < 0, 1 / 0, y)", -2.0),
            ("step(x, 3)", 1.0),
            ("step(x, 3.5)", 0.0),
            ("pulse(x, 2, 1)", 0.0),
            ("pulse(x, 2, 1.5)", 1.0),
            ("pulse(x, 3, 1)", 1.0),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn functions_are_those_of_the_tape() {
        assert_eq!(value("exp(log(x))"), 3.0_f64.ln().exp());
        assert_eq!(value("max(x, y) + min(x, y) + hypot(x, 4)"), 6.0);
        assert_eq!(value("abs(y)"), 2.0);
    }

    #[test]
    fn long_sums_are_no_deeper_than_short_ones() {
        let text = vec!["x"; 100_000].join(" + ");
        assert_eq!(value(&text), 300_000.0);
        // Nor is what they depend on kept for each of their parts, which would be tens of gigabytes.
        let compared = formula(&format!("{text} < 1"));
        let node = compared.comparisons(|_| true)[0].node;
        assert_eq!(compared.part(node).1.len(), 100_000);
        assert!(formula(&text).floors(|_| true).is_empty());
    }

    #[test]
    fn a_literal_is_a_number_with_or_without_sign() {
        assert_eq!(formula("-5.9").literal(), Some(-5.9));
        assert_eq!(formula("5.9").literal(), Some(5.9));
        assert_eq!(formula("2 * 3").literal(), None);
        assert!(formula("x").is_name() && !formula("-x").is_name());
    }

    #[test]
    fn only_comparisons_of_what_moves_are_found() {
        let moving = |text: &str| {
            let found = formula(text).comparisons(|_| true);
            found
                .into_iter()
                .map(|found| found.text)
                .collect::<Vec<_>>()
        };
        assert_eq!(moving("1 + if(x < 2, 1, 2)"), ["x < 2"]);
        assert_eq!(moving("if(1 < 2, x, y)"), [""; 0]);
        assert_eq!(moving("pulse(x, 1, 2)"), ["pulse(x, 1, 2)"; 2]);
        assert_eq!(
            formula("x == y").comparisons(|_| true)[0].always,
            Some(false)
        );
    }

    #[test]
    fn a_margin_is_positive_where_the_comparison_holds() {
        let margin = |text: &str| {
            let formula = formula(text);
            let (part, _) = formula.part(formula.comparisons(|_| true)[0].node);
            let affine = part.is_affine(|_| true);
            let names: Vec<&str> = part.names().collect();
            (
                part.margin::<f64>(|i| if names[i] == "x" { 3.0 } else { -2.0 }),
                affine,
            )
        };
        assert_eq!(margin("x > y"), (5.0, true));
        assert_eq!(margin("2 * x / 4 + 1 <= 3 - y"), (2.5, true));
        assert_eq!(margin("x * y < 1"), (7.0, false));
        assert!(!margin("sin(x) < 1").1);
        assert_eq!(margin("y + x * if(y < x^2, 1, 2)"), (11.0, false));
    }

    #[test]
    fn a_part_of_a_formula_has_what_it_needs_alone() {
        let whole = formula("y * exp(x) + pulse(x, y + 1, 2) + if(x < y, 1, x)");
        let parts = whole.comparisons(|_| true).into_iter().map(|found| {
            let (part, names) = whole.part(found.node);
            (part.written(), part.expression.nodes.len(), names)
        });
        let pulse = "pulse(x, y + 1, 2)".to_owned();
        assert_eq!(
            parts.collect::<Vec<_>>(),
            [
                (pulse.clone(), 5, vec![2, 3]),
                (pulse, 7, vec![2, 3]),
                ("x < y".to_owned(), 3, vec![4, 5]),
            ]
        );
    }
}
