//! Simplification: constants folded and identities applied as nodes are made.
//!
//! Rules are *exact*: they give the same bits for every input, NaN and signed zeros included. (x + 0 is not among them:
//! −0 + 0 is +0. Neither is 0·x, which is NaN where x is infinite.)

use crate::graph::{Graph, NodeId};
use crate::op::{Binary, Op, Unary, array};
use crate::scalar::Scalar;
use crate::shape::Shape;

/// A rule: what an operation on these operands may be replaced by.
type Rule<T> = fn(&mut Graph<T>, &Op, &[NodeId], &Shape) -> Option<NodeId>;

/// The exact rules, in the order in which they are tried.
fn rules<T: Scalar>() -> [(&'static str, Rule<T>); 7] {
    [
        ("operation on constants ⇒ constant", fold_constants),
        ("x·1 ⇒ x, x/1 ⇒ x, x − 0 ⇒ x", neutral),
        ("x·(−1) ⇒ −x", minus_one),
        ("−(−x) ⇒ x", double_negation),
        ("identity(x) ⇒ x, x¹ ⇒ x", identity),
        ("same shape, nothing moved ⇒ x", same_shape),
        ("reshape of reshape ⇒ reshape", nested_reshape),
    ]
}

/// The node that stands for this expression by the exact rules, if one applies.
pub(crate) fn exact<T: Scalar>(
    graph: &mut Graph<T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    rules()
        .into_iter()
        .find_map(|(_, rule)| rule(graph, op, operands, shape))
}

fn fold_constants<T: Scalar>(
    graph: &mut Graph<T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    if !op.is_elementwise() {
        return None;
    }
    let constants: Vec<T> = operands
        .iter()
        .map(|&operand| graph.constant_scalar(operand))
        .collect::<Option<_>>()?;
    let slices: Vec<&[T]> = constants.iter().map(std::slice::from_ref).collect();
    let node = crate::graph::Node {
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
    let constant = graph.constant(Shape::scalar(), &value);
    Some(if shape.is_scalar() {
        constant
    } else {
        graph.push(Op::Broadcast, &[constant], shape.clone())
    })
}

fn is_constant<T: Scalar>(graph: &Graph<T>, id: NodeId, value: f64) -> bool {
    graph
        .constant_scalar(id)
        .is_some_and(|constant| constant == T::from_f64(value))
}

fn neutral<T: Scalar>(
    graph: &mut Graph<T>,
    op: &Op,
    operands: &[NodeId],
    _: &Shape,
) -> Option<NodeId> {
    match (op, operands) {
        (Op::Binary(Binary::Mul), &[x, one]) | (Op::Binary(Binary::Div), &[x, one])
            if is_constant(graph, one, 1.0) =>
        {
            Some(x)
        }
        (Op::Binary(Binary::Mul), &[one, x]) if is_constant(graph, one, 1.0) => Some(x),
        // x − (+0) keeps the sign of a zero x; x − (−0) would not, and −0 == 0 here: ask for the sign by 1/0.
        (Op::Binary(Binary::Sub), &[x, zero]) => {
            let constant = graph.constant_scalar(zero)?;
            let plus_zero =
                constant == T::from_f64(0.0) && T::from_f64(1.0) / constant > T::from_f64(0.0);
            plus_zero.then_some(x)
        }
        _ => None,
    }
}

fn minus_one<T: Scalar>(
    graph: &mut Graph<T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    match (op, operands) {
        (Op::Binary(Binary::Mul), &[x, c] | &[c, x]) if is_constant(graph, c, -1.0) => {
            let negation = Op::Unary(Unary::Neg);
            Some(
                double_negation(graph, &negation, &[x], shape)
                    .unwrap_or_else(|| graph.push(negation, &[x], shape.clone())),
            )
        }
        _ => None,
    }
}

fn double_negation<T: Scalar>(
    graph: &mut Graph<T>,
    op: &Op,
    operands: &[NodeId],
    _: &Shape,
) -> Option<NodeId> {
    let inner = graph.nodes().get(operands.first()?.index())?;
    (*op == Op::Unary(Unary::Neg) && inner.op == Op::Unary(Unary::Neg)).then(|| inner.operands[0])
}

fn identity<T: Scalar>(
    _: &mut Graph<T>,
    op: &Op,
    operands: &[NodeId],
    _: &Shape,
) -> Option<NodeId> {
    matches!(op, Op::Unary(Unary::Identity) | Op::Powi(1)).then(|| operands[0])
}

fn same_shape<T: Scalar>(
    graph: &mut Graph<T>,
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
    (unmoved && graph.shape(operands[0]) == shape).then(|| operands[0])
}

fn nested_reshape<T: Scalar>(
    graph: &mut Graph<T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    let inner = graph.nodes().get(operands.first()?.index())?;
    if *op != Op::Reshape || inner.op != Op::Reshape {
        return None;
    }
    let source = inner.operands[0];
    Some(if graph.shape(source) == shape {
        source
    } else {
        graph.push(Op::Reshape, &[source], shape.clone())
    })
}
