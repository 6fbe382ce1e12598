//! Fewer, larger steps: multiplications join the operation that uses them, elementwise steps of one length join into chains.

use super::draft::{Draft, One};
use crate::kernel::straight::Code;

/// Elementwise operations that one chain may hold; its table of operands is bounded.
const LONGEST: usize = 12;

/// Fuses the steps of one phase. `uses[slot]` counts all readers of a slot, outputs and later phases among them.
pub(crate) fn fuse(steps: Vec<Draft>, uses: &[u32]) -> Vec<Draft> {
    chains(multiplications(steps, uses))
}

/// a·b with one reader becomes part of it: a·b + c, a·b − c, c − a·b, (a·b)·c. The value is the same to the bit.
fn multiplications(mut steps: Vec<Draft>, uses: &[u32]) -> Vec<Draft> {
    // For each slot made by a multiplication: its step.
    let mut made_by = vec![usize::MAX; uses.len()];
    let mut gone = vec![false; steps.len()];
    for i in 0..steps.len() {
        let Draft::One(one) = &steps[i] else { continue };
        if let Some((fused, source)) = joined(one, |slot| {
            let step = made_by[slot as usize];
            match steps.get(step) {
                Some(Draft::One(product)) if uses[slot as usize] == 1 => Some((*product, step)),
                _ => None,
            }
        }) {
            gone[source] = true;
            steps[i] = Draft::One(fused);
        } else if one.code == Code::Mul {
            made_by[one.to.slot as usize] = i;
        }
    }
    let mut kept = gone.iter().map(|gone| !gone);
    steps.retain(|_| kept.next().unwrap_or(true));
    steps
}

/// The compound operation for `one`, and the step whose product it takes in.
fn joined(one: &One, product: impl Fn(u32) -> Option<(One, usize)>) -> Option<(One, usize)> {
    let [a, b, _] = one.from;
    let ([left, right], other) = match one.code {
        Code::Add => ([Code::MulAdd, Code::MulAdd], [b, a]),
        Code::Sub => ([Code::MulSub, Code::SubMul], [b, a]),
        Code::Mul => ([Code::MulMul, Code::MulMul], [b, a]),
        _ => return None,
    };
    // Both operands the same: the count of uses would be 2 anyway.
    let (code, c, (product, step)) = match (product(a.slot), product(b.slot)) {
        (Some(found), _) => (left, other[0], found),
        (None, Some(found)) => (right, other[1], found),
        (None, None) => return None,
    };
    Some((
        One::new(code, one.to, &[product.from[0], product.from[1], c]),
        step,
    ))
}

/// Neighbouring elementwise steps of one length become one.
fn chains(steps: Vec<Draft>) -> Vec<Draft> {
    let mut joined: Vec<Draft> = Vec::with_capacity(steps.len());
    for step in steps {
        match (joined.last_mut(), step) {
            (
                Some(Draft::Chain { len, each }),
                Draft::Chain {
                    len: next,
                    each: more,
                },
            ) if *len == next && each.len() + more.len() <= LONGEST => {
                each.extend(more);
            }
            (_, step) => joined.push(step),
        }
    }
    joined
}
