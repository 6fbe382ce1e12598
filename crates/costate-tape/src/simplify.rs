//! Simplification: rules that replace an expression by a shorter one as nodes are made.
//!
//! Rules are data ([`Rule`]), each marked *exact* or *real*. Exact rules give the same bits for every input, signed zeros and
//! infinities included (a NaN stays a NaN, of any sign). Real rules hold over the real numbers only: 0·x ⇒ 0 is wrong where x is
//! infinite, x + 0 ⇒ x where x is −0. Recording applies [`Rule::RECORDING`]; the others are applied where asked for, by
//! [`Function::simplify_with`](crate::Function::simplify_with).
//!
//! # Adding one
//! Write a function of the form of [`Rule::apply`] in `exact` or `real` and add its row there. It must return fewer or cheaper nodes
//! than it was given, so that rewriting ends; the tests over [`Rule::ALL`] follow.

mod exact;
mod real;
#[cfg(test)]
mod tests;

use crate::graph::{Graph, NodeId};
use crate::op::Op;
use crate::scalar::Scalar;
use crate::shape::Shape;

/// A rule of simplification.
///
/// ```
/// use costate_tape::{Function, Rule, Scalar};
/// let f = Function::<f64>::record(&[("x", &[])], |v| vec![(v[0].exp().ln() + 0.0) * v[0]])?;
/// // x·ln eˣ + … : over the real numbers this is x·x.
/// let short = f.simplify_with(&Rule::ALL);
/// assert_eq!(short.to_string(), "f(x):\n  y = x*x\n");
/// // No exact rule applies: ln eˣ overflows, and −0 + 0 is +0.
/// assert_eq!(f.simplify_with(&Rule::exact()).graph().len(), f.graph().len());
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rule<T> {
    /// What it does.
    pub name: &'static str,
    /// Whether the value keeps its bits; else the rule holds over the real numbers only.
    pub exact: bool,
    apply: Apply<T>,
}

/// What an operation on these operands, with this shape, may be replaced by.
type Apply<T> = fn(&mut Builder<'_, T>, &Op, &[NodeId], &Shape) -> Option<NodeId>;

impl<T: Scalar> Rule<T> {
    /// The exact rules that recording applies.
    pub const RECORDING: [Rule<T>; exact::RECORDING] = exact::recording();

    /// All rules, in the order in which they are tried.
    pub const ALL: [Rule<T>; exact::RECORDING + exact::MORE + real::COUNT] = all();

    /// All exact rules.
    #[must_use]
    pub fn exact() -> Vec<Rule<T>> {
        Rule::ALL.into_iter().filter(|rule| rule.exact).collect()
    }
}

/// The three tables, one after another.
const fn all<T: Scalar>() -> [Rule<T>; exact::RECORDING + exact::MORE + real::COUNT] {
    let (recording, more, real) = (
        exact::recording::<T>(),
        exact::more::<T>(),
        real::rules::<T>(),
    );
    let mut all = [recording[0]; exact::RECORDING + exact::MORE + real::COUNT];
    let mut i = 0;
    while i < all.len() {
        all[i] = if i < exact::RECORDING {
            recording[i]
        } else if i < exact::RECORDING + exact::MORE {
            more[i - exact::RECORDING]
        } else {
            real[i - exact::RECORDING - exact::MORE]
        };
        i += 1;
    }
    all
}

/// A graph that is written through rules.
pub(crate) struct Builder<'g, T> {
    pub(crate) graph: &'g mut Graph<T>,
    pub(crate) rules: &'g [Rule<T>],
}

impl<T: Scalar> Builder<'_, T> {
    /// The node for this expression, after the rules.
    pub(crate) fn make(&mut self, op: Op, operands: &[NodeId], shape: &Shape) -> NodeId {
        let rules = self.rules;
        for rule in rules {
            if let Some(id) = (rule.apply)(self, &op, operands, shape) {
                return id;
            }
        }
        self.graph.push(op, operands, shape.clone())
    }

    /// The same number in every element.
    fn number(&mut self, value: T, shape: &Shape) -> NodeId {
        let constant = self.graph.constant(Shape::scalar(), &[value]);
        if shape.is_scalar() {
            constant
        } else {
            self.graph.push(Op::Broadcast, &[constant], shape.clone())
        }
    }

    /// Whether a node is this number in every element (zeros of either sign are equal).
    fn is(&self, id: NodeId, value: f64) -> bool {
        self.graph
            .constant_scalar(id)
            .is_some_and(|constant| constant == T::from_f64(value))
    }

    /// The operand of a node that is this operation.
    fn under(&self, id: NodeId, op: &Op) -> Option<NodeId> {
        let node = self.graph.node(id);
        (node.op == *op).then(|| node.operands[0])
    }
}
