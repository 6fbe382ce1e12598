//! Array operations: their values, and both directions of their derivatives.

use crate::graph::Node;
use crate::op::{Op, Unary, linear, matmul};
use crate::scalar::{Scalar, whole_power};
use crate::shape::Shape;
use crate::var::Var;
use smallvec::{SmallVec, smallvec};

/// Appends the value of a node (not an input or a constant) to `out`, from the shapes and values of its operands.
///
/// This is the reference that every faster interpreter is compared with.
pub(crate) fn value<T: Scalar>(
    node: &Node,
    shapes: &[&Shape],
    operands: &[&[T]],
    out: &mut Vec<T>,
) {
    let zero = T::from_f64(0.0);
    let begin = out.len();
    let length = node.shape.len();
    match &node.op {
        Op::Input(_) | Op::Constant(_) => {
            unreachable!("inputs and constants have values of their own")
        }
        Op::Unary(op) => out.extend(operands[0].iter().map(|&x| x.unary(*op))),
        Op::Binary(op) => out.extend(
            operands[0]
                .iter()
                .zip(operands[1])
                .map(|(&a, &b)| a.binary(*op, b)),
        ),
        Op::Powi(n) => out.extend(operands[0].iter().map(|&x| whole_power(x, *n))),
        Op::Select => out
            .extend((0..length).map(|i| T::select(operands[0][i], operands[1][i], operands[2][i]))),
        Op::Broadcast => out.extend(
            node.shape
                .broadcast_positions(shapes[0])
                .map(|i| operands[0][i]),
        ),
        Op::Sum(axes) => {
            out.resize(begin + length, zero);
            for (i, &x) in summed_positions(shapes[0], *axes).zip(operands[0]) {
                out[begin + i] = out[begin + i] + x;
            }
        }
        Op::Reshape => out.extend_from_slice(operands[0]),
        Op::Transpose(permutation) => {
            let strides = shapes[0].strides();
            let steps = permutation
                .iter()
                .map(|&axis| strides[axis as usize])
                .collect();
            out.extend(node.shape.positions(steps).map(|i| operands[0][i]));
        }
        Op::Slice { axis, start } => {
            let (axis, start) = (*axis as usize, *start as usize);
            let inner: usize = shapes[0].to_vec()[axis + 1..].iter().product();
            let (from, keep) = (shapes[0].axis(axis) * inner, node.shape.axis(axis) * inner);
            if keep > 0 {
                for block in operands[0].chunks_exact(from) {
                    out.extend_from_slice(&block[start * inner..start * inner + keep]);
                }
            }
        }
        Op::Pad { axis, start } => {
            let (axis, start) = (*axis as usize, *start as usize);
            let inner: usize = shapes[0].to_vec()[axis + 1..].iter().product();
            let (have, whole) = (shapes[0].axis(axis) * inner, node.shape.axis(axis) * inner);
            out.resize(begin + length, zero);
            if have > 0 {
                for (target, block) in out[begin..]
                    .chunks_exact_mut(whole)
                    .zip(operands[0].chunks_exact(have))
                {
                    target[start * inner..start * inner + have].copy_from_slice(block);
                }
            }
        }
        Op::Concat(axis) => {
            let axis = *axis as usize;
            let inner: usize = node.shape.to_vec()[axis + 1..].iter().product();
            let outer: usize = node.shape.to_vec()[..axis].iter().product();
            for block in 0..outer {
                for (shape, values) in shapes.iter().zip(operands) {
                    let run = shape.axis(axis) * inner;
                    out.extend_from_slice(&values[block * run..(block + 1) * run]);
                }
            }
        }
        Op::Gather(table) => out.extend(table.iter().map(|&i| operands[0][i as usize])),
        Op::ScatterAdd(table) => {
            out.resize(begin + length, zero);
            for (&i, &x) in table.iter().zip(operands[0]) {
                out[begin + i as usize] = out[begin + i as usize] + x;
            }
        }
        Op::MatMul {
            transpose_a,
            transpose_b,
        } => {
            matmul::value(
                (shapes[0], operands[0], *transpose_a),
                (shapes[1], operands[1], *transpose_b),
                out,
            );
        }
        op @ (Op::Solve { .. } | Op::Det | Op::LogAbsDet) => {
            linear::value(op, shapes, operands, out);
        }
    }
}

/// For each element of an array of this shape, in order, where it goes in the sum over `axes`.
pub(crate) fn summed_positions(shape: &Shape, axes: u32) -> impl Iterator<Item = usize> + '_ {
    shape.positions(summed_steps(shape, axes))
}

/// How far a step along each axis moves in the sum over `axes`.
pub(crate) fn summed_steps(shape: &Shape, axes: u32) -> Vec<usize> {
    let mut steps = vec![0; shape.rank()];
    let mut stride = 1;
    for axis in (0..shape.rank()).rev() {
        if axes >> axis & 1 == 0 {
            steps[axis] = stride;
            stride *= shape.axis(axis);
        }
    }
    steps
}

/// The shape with the summed axes kept at length 1, so that a sum can be broadcast back.
pub(crate) fn kept(shape: &Shape, axes: u32) -> Shape {
    let lengths: Vec<usize> = (0..shape.rank())
        .map(|axis| {
            if axes >> axis & 1 == 1 {
                1
            } else {
                shape.axis(axis)
            }
        })
        .collect();
    Shape::new(&lengths)
}

/// Cotangents of the operands, given the operands, the result `y` and its cotangent `g`: g·∂y/∂operand.
/// `None` where the derivative is zero throughout.
///
/// `shielded`: the value may be left out by a [`Op::Select`] further on, and be no number there. Then a cotangent of zero passes on
/// zero whatever the derivative is.
///
/// `wanted`: the operands whose cotangents are asked for; others may be left out.
pub(crate) fn pull_back<'t, T: Scalar>(
    op: &Op,
    operands: &[Var<'t, T>],
    y: Var<'t, T>,
    g: Var<'t, T>,
    shielded: bool,
    wanted: impl Fn(usize) -> bool,
) -> SmallVec<[Option<Var<'t, T>>; 3]> {
    let times = |d: Var<'t, T>| {
        if shielded && d.tape_of().is_some() {
            Var::select(g, g * d, Var::from_f64(0.0))
        } else {
            g * d
        }
    };
    match op {
        Op::Input(_) | Op::Constant(_) => smallvec![],
        Op::Unary(op) => smallvec![slope(*op, operands[0], y).map(times)],
        Op::Binary(op) if op.is_comparison() => smallvec![None, None],
        Op::Binary(op) => {
            let (a, b) = (operands[0], operands[1]);
            smallvec![
                wanted(0).then(|| times(op.derivative_a(a, b, y))),
                wanted(1).then(|| times(op.derivative_b(a, b, y)))
            ]
        }
        Op::Powi(n) => smallvec![Some(times(powi_slope(operands[0], *n)))],
        Op::Select => {
            let zero = Var::from_f64(0.0);
            smallvec![
                None,
                Some(Var::select(operands[0], g, zero)),
                Some(Var::select(operands[0], zero, g))
            ]
        }
        Op::Broadcast => smallvec![Some(g.sum_to(&operands[0].shape()))],
        Op::Sum(axes) => {
            let shape = operands[0].shape();
            smallvec![Some(g.reshape(kept(&shape, *axes)).broadcast_to(shape))]
        }
        Op::Reshape => smallvec![Some(g.reshape(operands[0].shape()))],
        Op::Transpose(permutation) => {
            let mut back = vec![0; permutation.len()];
            for (i, &axis) in permutation.iter().enumerate() {
                back[axis as usize] = i;
            }
            smallvec![Some(g.permute(&back))]
        }
        Op::Slice { axis, start } => {
            let axis = *axis as usize;
            smallvec![Some(g.pad(
                axis,
                *start as usize,
                operands[0].shape().axis(axis)
            ))]
        }
        Op::Pad { axis, start } => {
            let (axis, start) = (*axis as usize, *start as usize);
            smallvec![Some(
                g.slice(axis, start..start + operands[0].shape().axis(axis))
            )]
        }
        Op::Concat(axis) => {
            let axis = *axis as usize;
            let mut start = 0;
            operands
                .iter()
                .map(|operand| {
                    let end = start + operand.shape().axis(axis);
                    let part = g.slice(axis, start..end);
                    start = end;
                    Some(part)
                })
                .collect()
        }
        Op::Gather(table) => smallvec![Some(g.scatter_add(table.clone(), operands[0].shape()))],
        Op::ScatterAdd(table) => smallvec![Some(g.gather(table.clone(), operands[0].shape()))],
        Op::MatMul {
            transpose_a,
            transpose_b,
        } => {
            let (da, db) =
                matmul::pull_back(operands[0], operands[1], *transpose_a, *transpose_b, g);
            smallvec![Some(da), Some(db)]
        }
        Op::Solve { transpose } => {
            let (da, db) = linear::pull_back_solve(operands[0], y, g, *transpose, shielded);
            smallvec![Some(da), Some(db)]
        }
        Op::Det | Op::LogAbsDet => smallvec![Some(times(linear::slope(op, operands[0], y)))],
    }
}

/// The derivative of an operation of one argument; `None` where it is zero throughout.
fn slope<'t, T: Scalar>(op: Unary, x: Var<'t, T>, y: Var<'t, T>) -> Option<Var<'t, T>> {
    Some(op.derivative(x, y)).filter(|slope| !slope.is_zero())
}

/// The tangent of the result, given the operands, the result `y` and the operands' tangents (`None` is zero).
pub(crate) fn push_forward<'t, T: Scalar>(
    op: &Op,
    operands: &[Var<'t, T>],
    y: Var<'t, T>,
    tangents: &[Option<Var<'t, T>>],
) -> Option<Var<'t, T>> {
    let both = |a: Option<Var<'t, T>>, b: Option<Var<'t, T>>| match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    };
    if tangents.iter().all(Option::is_none) {
        return None;
    }
    match op {
        Op::Input(_) | Op::Constant(_) => None,
        Op::Unary(op) => {
            let slope = slope(*op, operands[0], y);
            tangents[0].and_then(|d| Some(slope? * d))
        }
        Op::Binary(op) if op.is_comparison() => None,
        Op::Binary(op) => {
            let (a, b) = (operands[0], operands[1]);
            both(
                tangents[0].map(|d| op.derivative_a(a, b, y) * d),
                tangents[1].map(|d| op.derivative_b(a, b, y) * d),
            )
        }
        Op::Powi(n) => tangents[0].map(|d| powi_slope(operands[0], *n) * d),
        Op::Select => {
            let zero = Var::from_f64(0.0);
            let (a, b) = (tangents[1], tangents[2]);
            (a.is_some() || b.is_some()).then(|| {
                Var::select(operands[0], a.unwrap_or(zero), b.unwrap_or(zero))
                    .broadcast_to(y.shape())
            })
        }
        Op::Concat(axis) => {
            let parts: Vec<_> = operands
                .iter()
                .zip(tangents)
                .map(|(x, d)| d.unwrap_or_else(|| x.zeros_like()))
                .collect();
            Some(Var::concat(&parts, *axis as usize))
        }
        Op::MatMul {
            transpose_a,
            transpose_b,
        } => {
            let product = |a: Var<'t, T>, b| a.matmul_with(b, *transpose_a, *transpose_b);
            both(
                tangents[0].map(|d| product(d, operands[1])),
                tangents[1].map(|d| product(operands[0], d)),
            )
        }
        Op::Solve { transpose } => {
            linear::push_forward_solve(operands[0], y, tangents[0], tangents[1], *transpose)
        }
        Op::Det | Op::LogAbsDet => {
            tangents[0].map(|d| (linear::slope(op, operands[0], y) * d).sum())
        }
        // The rest only move or add elements: the tangent moves the same way.
        Op::Broadcast => tangents[0].map(|d| d.broadcast_to(y.shape())),
        Op::Sum(axes) => tangents[0].map(|d| d.sum_axes(*axes)),
        Op::Reshape => tangents[0].map(|d| d.reshape(y.shape())),
        Op::Transpose(permutation) => {
            let permutation: Vec<usize> = permutation.iter().map(|&axis| axis as usize).collect();
            tangents[0].map(|d| d.permute(&permutation))
        }
        Op::Slice { axis, start } => {
            let (axis, start) = (*axis as usize, *start as usize);
            tangents[0].map(|d| d.slice(axis, start..start + y.shape().axis(axis)))
        }
        Op::Pad { axis, start } => tangents[0].map(|d| {
            d.pad(
                *axis as usize,
                *start as usize,
                y.shape().axis(*axis as usize),
            )
        }),
        Op::Gather(table) => tangents[0].map(|d| d.gather(table.clone(), y.shape())),
        Op::ScatterAdd(table) => tangents[0].map(|d| d.scatter_add(table.clone(), y.shape())),
    }
}

/// n·xⁿ⁻¹, and 0 for n = 0.
fn powi_slope<'t, T: Scalar>(x: Var<'t, T>, n: i32) -> Var<'t, T> {
    match n {
        0 => Var::from_f64(0.0),
        1 => Var::from_f64(1.0),
        _ => Var::<T>::from_f64(f64::from(n)) * x.powi(n - 1),
    }
}
