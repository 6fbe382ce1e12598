//! What a formula is made of: operations in the order of their evaluation.

use std::ops::Range;

use costate_tape::{Binary, Unary};

/// One operation; operands are earlier nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Node {
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
pub(super) enum Comparison {
    Less,
    LessEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// A parsed formula whose names are not yet given a meaning. The last node is its value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Expression {
    pub(super) nodes: Vec<Node>,
    pub(super) spans: Vec<Range<usize>>,
    pub(super) names: Vec<Name>,
}

impl Node {
    /// The same operation with other operands.
    pub(super) fn with_operands(self, other: impl Fn(u32) -> u32) -> Self {
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

    /// The nodes that its value is computed from.
    pub(super) fn operands(&self) -> impl Iterator<Item = u32> {
        let list = match *self {
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
}

impl Expression {
    /// Whether each node involves a name for which `moves` holds.
    pub(super) fn moving(&self, moves: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut moving: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            moving.push(match *node {
                Node::Name(name) => moves(name as usize),
                _ => node.operands().any(|operand| moving[operand as usize]),
            });
        }
        moving
    }
}
