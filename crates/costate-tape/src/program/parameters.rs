//! What a·∂f/∂θ of a batch is made of: sums over samples, each for a matrix inside θ, and single numbers.

use std::collections::BTreeMap;

use super::lower::{Lower, Virtual};
use super::packing::Matrix;
use super::place::{Place, Value};
use crate::kernel::dispatch::Registers;

/// One part of it.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// leftᵀ·right, into `to`.
    Outer { left: u32, right: u32, to: Matrix },
    /// The sum of `of`, into the row `to`.
    Sum { of: u32, to: Matrix },
    /// Numbers as they are, each into an element of θ.
    Numbers(Vec<(Place, u32)>),
}

impl Part {
    /// The slots that it reads.
    pub(super) fn reads(&self) -> Vec<u32> {
        match self {
            Part::Outer { left, right, .. } => vec![*left, *right],
            Part::Sum { of, .. } => vec![*of],
            Part::Numbers(numbers) => numbers.iter().map(|(place, _)| place.slot).collect(),
        }
    }
}

/// The parts of the parameters' cotangent; none if they do not lie in θ as matrices do.
pub(super) fn parts<T: Registers>(lower: &Lower<'_, T>, value: &Value) -> Option<Vec<Part>> {
    if let Value::Total(terms) = value {
        let parts: Option<Vec<_>> = terms.iter().map(|term| parts_of(lower, term)).collect();
        return Some(parts?.into_iter().flatten().collect());
    }
    parts_of(lower, value)
}

fn parts_of<T: Registers>(lower: &Lower<'_, T>, term: &Value) -> Option<Vec<Part>> {
    if let Value::Total(_) = term {
        return parts(lower, term);
    }
    // For each sum: where in θ its elements go.
    let mut targets: BTreeMap<u32, Vec<(u32, usize)>> = BTreeMap::new();
    for (target, Place { slot, at }) in lower.elements(term).into_iter().enumerate() {
        if !(Place { slot, at }).is_zero() {
            targets.entry(slot).or_default().push((at, target));
        }
    }
    let part = |(slot, mut targets): (u32, Vec<(u32, usize)>)| {
        targets.sort_unstable();
        let Some(&whole) = lower.virtuals.get(&slot) else {
            let numbers = targets.into_iter();
            let numbers = numbers.map(|(at, target)| (Place { slot, at }, target as u32));
            return Some(Part::Numbers(numbers.collect()));
        };
        Some(match whole {
            Virtual::Outer {
                left,
                right,
                rows,
                columns,
            } => Part::Outer {
                left,
                right,
                to: matrix(&targets, rows, columns)?,
            },
            Virtual::BatchSum { of, units } => Part::Sum {
                of,
                to: matrix(&targets, 1, units)?,
            },
            Virtual::Parameters => return None,
        })
    };
    targets.into_iter().map(part).collect()
}

/// The matrix inside θ to which all elements of a sum, in order, go.
fn matrix(targets: &[(u32, usize)], rows: usize, columns: usize) -> Option<Matrix> {
    if targets.len() != rows * columns {
        return None;
    }
    let start = targets[0].1;
    let stride = |i: usize| {
        targets
            .get(i)
            .map_or(Some(0), |target| target.1.checked_sub(start))
    };
    let row = if rows > 1 { stride(columns)? } else { 0 };
    let column = if columns > 1 { stride(1)? } else { 0 };
    let matrix = Matrix {
        start,
        rows,
        columns,
        strides: [row, column],
    };
    let even = targets.iter().enumerate().all(|(i, &(at, target))| {
        at as usize == i && target == matrix.at(i / columns, i % columns)
    });
    even.then_some(matrix)
}
