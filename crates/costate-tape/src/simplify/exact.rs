//! Rules that keep every bit.

use super::{Builder, Rule};
use crate::graph::{Node, NodeId};
use crate::op::{Binary, Op, Unary, array};
use crate::scalar::Scalar;
use crate::shape::Shape;

pub(super) const RECORDING: usize = 8;
pub(super) const MORE: usize = 5;

const NEG: Op = Op::Unary(Unary::Neg);
const ADD: Op = Op::Binary(Binary::Add);
const SUB: Op = Op::Binary(Binary::Sub);
const MUL: Op = Op::Binary(Binary::Mul);
const DIV: Op = Op::Binary(Binary::Div);

/// Applied to every node that is recorded.
pub(super) const fn recording<T: Scalar>() -> [Rule<T>; RECORDING] {
    const fn rule<T>(name: &'static str, apply: super::Apply<T>) -> Rule<T> {
        Rule {
            name,
            exact: true,
            apply,
        }
    }
    [
        rule("operation on constants ⇒ constant", fold_constants),
        rule("elements of a constant ⇒ constant", fold_movement),
        rule("x·1 ⇒ x, x/1 ⇒ x, x − 0 ⇒ x", neutral),
        rule("x·(−1) ⇒ −x", minus_one),
        rule("−(−x) ⇒ x", double_negation),
        rule("identity(x) ⇒ x, x¹ ⇒ x", identity),
        rule("same shape, nothing moved ⇒ x", same_shape),
        rule("reshape of reshape ⇒ reshape", nested_reshape),
    ]
}

/// Exact too, but not always faster: they make formulas easier to read.
pub(super) const fn more<T: Scalar>() -> [Rule<T>; MORE] {
    const fn rule<T>(name: &'static str, apply: super::Apply<T>) -> Rule<T> {
        Rule {
            name,
            exact: true,
            apply,
        }
    }
    [
        rule("x + (−y) ⇒ x − y, x − (−y) ⇒ x + y", signed_terms),
        rule("(−x)·y ⇒ −(x·y), (−x)/y ⇒ −(x/y)", signed_factors),
        rule("y + x ⇒ x + y, y·x ⇒ x·y where that is known", commuted),
        rule("x² ⇒ x·x", small_power),
        rule("select(c, x, x) ⇒ x", same_sides),
    ]
}

/// The one number in every element of a constant.
fn fold_constants<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    if !op.is_elementwise() {
        return None;
    }
    let constants: Vec<T> = operands
        .iter()
        .map(|&operand| build.graph.constant_scalar(operand))
        .collect::<Option<_>>()?;
    let slices: Vec<&[T]> = constants.iter().map(std::slice::from_ref).collect();
    let node = Node {
        op: op.clone(),
        operands: operands.iter().copied().collect(),
        shape: Shape::scalar(),
    };
    let mut value = Vec::with_capacity(1);
    array::value(
        &node,
        &vec![&Shape::scalar(); operands.len()],
        &slices,
        &mut value,
    );
    Some(build.number(value[0], shape))
}

/// A part of a constant array, or the array in another order; never a larger one.
fn fold_movement<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    let moves = matches!(
        op,
        Op::Slice { .. } | Op::Reshape | Op::Transpose(_) | Op::Gather(_)
    );
    let &[operand] = operands else { return None };
    if !moves || shape.len() > build.graph.shape(operand).len() {
        return None;
    }
    if let Some(value) = build.graph.constant_scalar(operand) {
        return Some(build.number(value, shape));
    }
    let Op::Constant(index) = build.graph.node(operand).op else {
        return None;
    };
    let node = Node {
        op: op.clone(),
        operands: operands.iter().copied().collect(),
        shape: shape.clone(),
    };
    let mut value = Vec::with_capacity(shape.len());
    array::value(
        &node,
        &[build.graph.shape(operand)],
        &[build.graph.constant_values(index)],
        &mut value,
    );
    Some(build.graph.constant(shape.clone(), &value))
}

fn neutral<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    _: &Shape,
) -> Option<NodeId> {
    match (op, operands) {
        (Op::Binary(Binary::Mul | Binary::Div), &[x, one]) if build.is(one, 1.0) => Some(x),
        (Op::Binary(Binary::Mul), &[one, x]) if build.is(one, 1.0) => Some(x),
        // x − (+0) keeps the sign of a zero x; x − (−0) would not, and −0 == 0 here: ask for the sign by 1/0.
        (Op::Binary(Binary::Sub), &[x, zero]) => {
            let constant = build.graph.constant_scalar(zero)?;
            let plus_zero =
                constant == T::from_f64(0.0) && T::from_f64(1.0) / constant > T::from_f64(0.0);
            plus_zero.then_some(x)
        }
        _ => None,
    }
}

fn minus_one<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    match (op, operands) {
        (Op::Binary(Binary::Mul), &[x, c] | &[c, x]) if build.is(c, -1.0) => {
            Some(build.make(NEG, &[x], shape))
        }
        _ => None,
    }
}

fn double_negation<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    _: &Shape,
) -> Option<NodeId> {
    (*op == NEG)
        .then(|| build.under(operands[0], &NEG))
        .flatten()
}

fn identity<T: Scalar>(
    _: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    _: &Shape,
) -> Option<NodeId> {
    matches!(op, Op::Unary(Unary::Identity) | Op::Powi(1)).then(|| operands[0])
}

fn same_shape<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    let unmoved = match op {
        Op::Reshape | Op::Broadcast | Op::Slice { .. } | Op::Pad { .. } => true,
        Op::Sum(axes) => *axes == 0,
        Op::Concat(_) => operands.len() == 1,
        Op::Transpose(permutation) => permutation
            .iter()
            .enumerate()
            .all(|(i, &axis)| i == axis as usize),
        _ => false,
    };
    (unmoved && build.graph.shape(operands[0]) == shape).then(|| operands[0])
}

fn nested_reshape<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    if *op != Op::Reshape {
        return None;
    }
    let source = build.under(operands[0], &Op::Reshape)?;
    Some(build.make(Op::Reshape, &[source], shape))
}

fn signed_terms<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    let &[a, b] = operands else { return None };
    let (left, right) = (build.under(a, &NEG), build.under(b, &NEG));
    match (op, left, right) {
        (Op::Binary(Binary::Add), _, Some(y)) => Some(build.make(SUB, &[a, y], shape)),
        (Op::Binary(Binary::Add), Some(x), None) => Some(build.make(SUB, &[b, x], shape)),
        (Op::Binary(Binary::Sub), _, Some(y)) => Some(build.make(ADD, &[a, y], shape)),
        _ => None,
    }
}

fn signed_factors<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    if ![MUL, DIV].contains(op) {
        return None;
    }
    let &[a, b] = operands else { return None };
    let (left, right) = (build.under(a, &NEG), build.under(b, &NEG));
    if left.is_none() && right.is_none() {
        return None;
    }
    let product = build.make(op.clone(), &[left.unwrap_or(a), right.unwrap_or(b)], shape);
    Some(match (left, right) {
        (Some(_), Some(_)) => product,
        _ => build.make(NEG, &[product], shape),
    })
}

fn commuted<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    let &[a, b] = operands else { return None };
    ([ADD, MUL].contains(op) && a != b)
        .then(|| build.graph.find(op, &[b, a], shape))
        .flatten()
}

fn small_power<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    (*op == Op::Powi(2)).then(|| build.make(MUL, &[operands[0], operands[0]], shape))
}

fn same_sides<T: Scalar>(
    _: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    _: &Shape,
) -> Option<NodeId> {
    (*op == Op::Select && operands[1] == operands[2]).then(|| operands[1])
}
