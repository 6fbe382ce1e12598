//! Tokens to an expression, by binding powers (Pratt's method).

use std::f64::consts::PI;
use std::ops::Range;

use costate_tape::{Binary, Unary};

use super::nodes::{Comparison, Expression, Name, Node};
use super::slip::Slip;
use super::token::{AND, OR, Token, tokens};
use crate::error::nearest;

/// Parentheses, calls and signs within each other. Deep enough for any formula, small enough for any stack.
const NESTING: usize = 200;

/// Formulas longer than this are refused before anything is built.
const LENGTH: usize = 1 << 20;

pub(super) fn parse(text: &str) -> Result<Expression, Slip> {
    if text.len() > LENGTH {
        return Err(Slip::new(
            0..1,
            format!(
                "a formula of {} characters is too long; name its parts in [definitions]",
                text.len()
            ),
        ));
    }
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
        nodes: Vec::new(),
        spans: Vec::new(),
        names: Vec::new(),
    };
    if parser.peek() == Token::End {
        return Err(Slip::new(0..text.len(), "the formula is empty"));
    }
    parser.expression(0)?;
    match parser.peek() {
        Token::End => Ok(Expression {
            nodes: parser.nodes,
            spans: parser.spans,
            names: parser.names,
        }),
        Token::Symbol(")") => Err(parser.slip("this parenthesis closes nothing")),
        Token::Symbol(",") => {
            Err(parser.slip("a comma separates arguments; a decimal point is written '.'"))
        }
        _ => Err(parser.slip("an operator is missing before this")),
    }
}

struct Parser<'a> {
    tokens: Vec<(Token<'a>, Range<usize>)>,
    at: usize,
    depth: usize,
    nodes: Vec<Node>,
    spans: Vec<Range<usize>>,
    names: Vec<Name>,
}

/// A node of two operands.
type Make = fn(u32, u32) -> Node;

/// What an infix operator makes, how strongly it holds its left side, and the least strength allowed on its right.
fn infix(symbol: &str) -> Option<(Make, u8, u8)> {
    Some(match symbol {
        "<" => (|a, b| Node::Compare(Comparison::Less, a, b), COMPARES, 2),
        "<=" => (
            |a, b| Node::Compare(Comparison::LessEqual, a, b),
            COMPARES,
            2,
        ),
        ">" => (|a, b| Node::Compare(Comparison::Less, b, a), COMPARES, 2),
        ">=" => (
            |a, b| Node::Compare(Comparison::LessEqual, b, a),
            COMPARES,
            2,
        ),
        "==" => (|a, b| Node::Compare(Comparison::Equal, a, b), COMPARES, 2),
        "!=" => (
            |a, b| Node::Compare(Comparison::NotEqual, a, b),
            COMPARES,
            2,
        ),
        "+" => (Node::Add, 3, 4),
        "-" => (Node::Subtract, 3, 4),
        "*" => (Node::Multiply, 5, 6),
        "/" => (Node::Divide, 5, 6),
        // The right side may start with a sign: 2^-3.
        "^" => (Node::Power, 9, SIGN),
        _ => return None,
    })
}

/// Comparisons hold least.
const COMPARES: u8 = 1;

/// A sign holds more than a product and less than a power: -x^2 is -(x^2).
const SIGN: u8 = 7;

impl Parser<'_> {
    fn peek(&self) -> Token<'_> {
        self.tokens[self.at].0
    }

    fn slip(&self, message: impl Into<String>) -> Slip {
        let slip = Slip::new(self.tokens[self.at].1.clone(), message);
        match self.peek() {
            Token::Name("and") => slip.help(AND),
            Token::Name("or") => slip.help(OR),
            _ => slip,
        }
    }

    fn accept(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(s) if s == symbol);
        self.at += usize::from(found);
        found
    }

    fn push(&mut self, node: Node, span: Range<usize>) -> u32 {
        self.nodes.push(node);
        self.spans.push(span);
        self.nodes.len() as u32 - 1
    }

    fn span(&self, node: u32) -> Range<usize> {
        self.spans[node as usize].clone()
    }

    fn expression(&mut self, least: u8) -> Result<u32, Slip> {
        self.depth += 1;
        if self.depth > NESTING {
            return Err(self.slip(format!(
                "more than {NESTING} levels of nesting; name the inner parts in [definitions]"
            )));
        }
        let mut left = self.operand()?;
        // One in parentheses, or made by a function, came as an operand: it is a value like any other.
        let mut is_comparison = false;
        while let Token::Symbol(symbol) = self.peek() {
            let Some((make, strength, right)) = infix(symbol) else {
                break;
            };
            if strength < least {
                break;
            }
            if is_comparison && strength == COMPARES {
                return Err(self
                    .slip("comparisons do not chain; for 'a < b < c' write if(a < b, b < c, 0)"));
            }
            self.at += 1;
            let operand = self.expression(right)?;
            let span = self.span(left).start..self.span(operand).end;
            left = self.push(make(left, operand), span);
            is_comparison = strength == COMPARES;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<u32, Slip> {
        let (token, span) = self.tokens[self.at].clone();
        match token {
            Token::Number(value) => {
                self.at += 1;
                Ok(self.push(Node::Number(value), span))
            }
            Token::Name(name) => {
                self.at += 1;
                if self.accept("(") {
                    self.call(name, span)
                } else {
                    Ok(self.name(name, span))
                }
            }
            Token::Symbol("(") => {
                self.at += 1;
                let inner = self.expression(0)?;
                self.close(&span)?;
                // The parentheses belong to what they hold, so that a message shows both.
                self.spans[inner as usize] = span.start..self.tokens[self.at - 1].1.end;
                Ok(inner)
            }
            Token::Symbol("-") => {
                self.at += 1;
                let operand = self.expression(SIGN)?;
                let span = span.start..self.span(operand).end;
                Ok(self.push(Node::Negate(operand), span))
            }
            Token::Symbol("+") => {
                self.at += 1;
                self.expression(SIGN)
            }
            Token::Symbol(symbol) => {
                Err(self.slip(format!("a value is missing before '{symbol}'")))
            }
            Token::End => Err(self.slip("the formula ends where a value should follow")),
        }
    }

    fn name(&mut self, name: &str, span: Range<usize>) -> u32 {
        if name == "pi" {
            return self.push(Node::Number(PI), span);
        }
        self.names.push(Name {
            text: name.to_owned(),
            span: span.clone(),
        });
        self.push(Node::Name(self.names.len() as u32 - 1), span)
    }

    fn close(&mut self, opening: &Range<usize>) -> Result<(), Slip> {
        if self.accept(")") {
            return Ok(());
        }
        match self.peek() {
            Token::End => Err(Slip::new(
                opening.clone(),
                "this parenthesis is never closed",
            )),
            Token::Symbol(",") => Err(self
                .slip("a comma separates arguments of a function; a decimal point is written '.'")),
            _ => Err(self.slip("an operator or a closing parenthesis is missing before this")),
        }
    }

    /// The arguments of a call, after its opening parenthesis.
    fn arguments(&mut self, opening: &Range<usize>) -> Result<Vec<u32>, Slip> {
        let mut arguments = Vec::new();
        if self.accept(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression(0)?);
            if !self.accept(",") {
                self.close(opening)?;
                return Ok(arguments);
            }
        }
    }

    fn call(&mut self, function: &str, span: Range<usize>) -> Result<u32, Slip> {
        let opening = self.tokens[self.at - 1].1.clone();
        let arguments = self.arguments(&opening)?;
        let whole = span.start..self.tokens[self.at - 1].1.end;
        let (unary, binary) = (unary(function), binary(function));
        let node = match (function, unary, binary, arguments.as_slice()) {
            ("if", _, _, &[condition, a, b]) => Node::If(condition, a, b),
            ("step", _, _, &[t, start]) => Node::Compare(Comparison::LessEqual, start, t),
            ("pulse", _, _, &[t, start, width]) => {
                let end = self.push(Node::Add(start, width), whole.clone());
                let begun = self.push(
                    Node::Compare(Comparison::LessEqual, start, t),
                    whole.clone(),
                );
                let ended = self.push(Node::Compare(Comparison::LessEqual, end, t), whole.clone());
                Node::Subtract(begun, ended)
            }
            (_, Some(unary), _, &[x]) => Node::Unary(unary, x),
            (_, _, Some(binary), &[a, b]) => Node::Binary(binary, a, b),
            _ => return Err(unusable(function, span, arguments.len())),
        };
        Ok(self.push(node, whole))
    }
}

/// Why a call means nothing: the wrong number of arguments, or no such function.
fn unusable(function: &str, span: Range<usize>, given: usize) -> Slip {
    let wanted = match function {
        "if" => Some("3 arguments: if(condition, then, otherwise)"),
        "step" => Some("2 arguments: step(t, start)"),
        "pulse" => Some("3 arguments: pulse(t, start, width)"),
        _ if unary(function).is_some() => Some("1 argument"),
        _ if binary(function).is_some() => Some("2 arguments"),
        _ => None,
    };
    if let Some(wanted) = wanted {
        return Slip::new(
            span,
            format!("'{function}' takes {wanted}; here are {given}"),
        );
    }
    let slip = Slip::new(span, format!("no function is called '{function}'"));
    let known = functions();
    match (
        function,
        nearest(function, known.iter().map(String::as_str)),
    ) {
        ("ln", _) => slip.help("the natural logarithm is written log"),
        ("pow", _) => slip.help("a power is written with ^"),
        (_, Some(near)) => slip.help(format!("did you mean '{near}'?")),
        (_, None) => slip.help(format!("functions: {}", known.join(" "))),
    }
}

/// The elementwise functions of one argument under their names in formulas.
fn unaries() -> impl Iterator<Item = (&'static str, Unary)> {
    let written = Unary::ALL
        .iter()
        .filter(|op| !matches!(op, Unary::Neg | Unary::Identity));
    written.map(|&op| match op {
        Unary::Ln => ("log", op),
        Unary::Ln1p => ("log1p", op),
        _ => (op.name(), op),
    })
}

/// Those of two arguments; the others are written with signs.
fn binaries() -> impl Iterator<Item = (&'static str, Binary)> {
    Binary::ALL
        .iter()
        .filter(|op| op.infix().is_none())
        .map(|&op| (op.name(), op))
}

fn unary(name: &str) -> Option<Unary> {
    unaries()
        .find(|(known, _)| *known == name)
        .map(|(_, op)| op)
}

fn binary(name: &str) -> Option<Binary> {
    binaries()
        .find(|(known, _)| *known == name)
        .map(|(_, op)| op)
}

/// The names of all functions.
fn functions() -> Vec<String> {
    let special = ["if", "step", "pulse"].into_iter();
    let elementwise = unaries()
        .map(|(name, _)| name)
        .chain(binaries().map(|(name, _)| name));
    special.chain(elementwise).map(str::to_owned).collect()
}
