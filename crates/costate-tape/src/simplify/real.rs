//! Rules that hold over the real numbers: they may change a rounding, the sign of a zero, or what comes of an infinity.

use super::{Builder, Rule};
use crate::graph::NodeId;
use crate::op::{Binary, Op, Unary};
use crate::scalar::Scalar;
use crate::shape::Shape;

pub(super) const COUNT: usize = 7;

const NEG: Op = Op::Unary(Unary::Neg);
const MUL: Op = Op::Binary(Binary::Mul);
const DIV: Op = Op::Binary(Binary::Div);

pub(super) const fn rules<T: Scalar>() -> [Rule<T>; COUNT] {
    const fn rule<T>(name: &'static str, apply: super::Apply<T>) -> Rule<T> {
        Rule {
            name,
            exact: false,
            apply,
        }
    }
    [
        rule("0·x ⇒ 0, 0/x ⇒ 0", annihilate),
        rule("x + 0 ⇒ x, 0 − x ⇒ −x", without_zero),
        rule("x − x ⇒ 0, x/x ⇒ 1", cancel),
        rule("x·(1/y) ⇒ x/y, 1/(1/x) ⇒ x", reciprocal),
        rule("c·(d·x) ⇒ (c·d)·x", gather_numbers),
        rule("ln eˣ ⇒ x, e^(ln x) ⇒ x", inverse),
        rule("x^n ⇒ xⁿ for a whole n, x^½ ⇒ √x", known_power),
    ]
}

fn annihilate<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    let zero = match (op, operands) {
        (Op::Binary(Binary::Mul), &[a, b]) => build.is(a, 0.0) || build.is(b, 0.0),
        (Op::Binary(Binary::Div), &[a, _]) => build.is(a, 0.0),
        (Op::Sum(_) | Op::Pad { .. } | Op::ScatterAdd(_), &[a]) => build.is(a, 0.0),
        (Op::MatMul { .. }, &[a, b]) => build.is(a, 0.0) || build.is(b, 0.0),
        _ => false,
    };
    zero.then(|| build.number(T::from_f64(0.0), shape))
}

fn without_zero<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    match (op, operands) {
        (Op::Binary(Binary::Add), &[x, zero] | &[zero, x]) if build.is(zero, 0.0) => Some(x),
        (Op::Binary(Binary::Sub), &[x, zero]) if build.is(zero, 0.0) => Some(x),
        (Op::Binary(Binary::Sub), &[zero, x]) if build.is(zero, 0.0) => {
            Some(build.make(NEG, &[x], shape))
        }
        _ => None,
    }
}

fn cancel<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    match (op, operands) {
        (Op::Binary(Binary::Sub), &[a, b]) if a == b => Some(build.number(T::from_f64(0.0), shape)),
        (Op::Binary(Binary::Div), &[a, b]) if a == b => Some(build.number(T::from_f64(1.0), shape)),
        _ => None,
    }
}

fn reciprocal<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    let of = |build: &Builder<'_, T>, id: NodeId| {
        let node = build.graph.node(id);
        (node.op == DIV && build.is(node.operands[0], 1.0)).then(|| node.operands[1])
    };
    match (op, operands) {
        (Op::Binary(Binary::Mul), &[a, b]) => match (of(build, a), of(build, b)) {
            (_, Some(y)) => Some(build.make(DIV, &[a, y], shape)),
            (Some(x), None) => Some(build.make(DIV, &[b, x], shape)),
            _ => None,
        },
        (Op::Binary(Binary::Div), &[one, a]) if build.is(one, 1.0) => of(build, a),
        _ => None,
    }
}

fn gather_numbers<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    let split = |build: &Builder<'_, T>, a: NodeId, b: NodeId| {
        let (x, y) = (
            build.graph.constant_scalar(a),
            build.graph.constant_scalar(b),
        );
        match (x, y) {
            (Some(c), None) => Some((c, b)),
            (None, Some(c)) => Some((c, a)),
            _ => None,
        }
    };
    let (Op::Binary(Binary::Mul), &[a, b]) = (op, operands) else {
        return None;
    };
    let (outer, rest) = split(build, a, b)?;
    let node = build.graph.node(rest);
    let (Op::Binary(Binary::Mul), &[a, b]) = (&node.op, node.operands.as_slice()) else {
        return None;
    };
    let (inner, x) = split(build, a, b)?;
    let number = build.number(outer * inner, shape);
    Some(build.make(MUL, &[number, x], shape))
}

fn inverse<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    _: &Shape,
) -> Option<NodeId> {
    match op {
        Op::Unary(Unary::Ln) => build.under(operands[0], &Op::Unary(Unary::Exp)),
        Op::Unary(Unary::Exp) => build.under(operands[0], &Op::Unary(Unary::Ln)),
        _ => None,
    }
}

fn known_power<T: Scalar>(
    build: &mut Builder<'_, T>,
    op: &Op,
    operands: &[NodeId],
    shape: &Shape,
) -> Option<NodeId> {
    let (Op::Binary(Binary::Pow), &[x, exponent]) = (op, operands) else {
        return None;
    };
    if build.is(exponent, 0.5) {
        return Some(build.make(Op::Unary(Unary::Sqrt), &[x], shape));
    }
    let whole = (-9..=9).find(|&n| build.is(exponent, f64::from(n)))?;
    Some(match whole {
        0 => build.number(T::from_f64(1.0), shape),
        n => build.make(Op::Powi(n), &[x], shape),
    })
}
