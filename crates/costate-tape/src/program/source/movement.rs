//! Operations that only move elements: where each comes from.

use crate::op::Op;
use crate::shape::Shape;

/// Where the elements of a node come from, counted through its operands one after another.
#[derive(Debug)]
pub(crate) enum Movement {
    /// All, in order.
    Same,
    /// A run.
    Run { start: usize, len: usize },
    /// One by one; [`Movement::NOTHING`] is zero.
    Table(Box<[u32]>),
}

impl Movement {
    const NOTHING: u32 = u32::MAX;

    /// The element that becomes element `i`, or none for zero.
    pub(crate) fn source(&self, i: usize) -> Option<usize> {
        match self {
            Movement::Same => Some(i),
            Movement::Run { start, .. } => Some(start + i),
            Movement::Table(table) => (table[i] != Movement::NOTHING).then(|| table[i] as usize),
        }
    }

    /// The shortest form of a movement.
    pub(super) fn of(table: Vec<u32>, operand: usize) -> Movement {
        let start = table.first().copied().unwrap_or(0);
        let run = table
            .iter()
            .enumerate()
            .all(|(i, &at)| at != Movement::NOTHING && at as usize == start as usize + i);
        match (run, start) {
            (true, 0) if table.len() == operand => Movement::Same,
            (true, start) => Movement::Run {
                start: start as usize,
                len: table.len(),
            },
            _ => Movement::Table(table.into()),
        }
    }
}

pub(super) fn distinct(table: &[u32], len: usize) -> bool {
    let mut seen = vec![false; len];
    table
        .iter()
        .all(|&at| !std::mem::replace(&mut seen[at as usize], true))
}

/// The movement that an operation is.
pub(super) fn movement(op: &Op, shapes: &[&Shape], to: &Shape) -> Movement {
    let positions: Vec<u32> = match op {
        Op::Reshape => return Movement::Same,
        Op::Broadcast => to
            .broadcast_positions(shapes[0])
            .map(|i| i as u32)
            .collect(),
        Op::Transpose(permutation) => {
            let strides = shapes[0].strides();
            let steps = permutation.iter().map(|&axis| strides[axis as usize]);
            to.positions(steps.collect()).map(|i| i as u32).collect()
        }
        Op::Slice { axis, start } => {
            let strides = shapes[0].strides();
            let first = *start as usize * strides[*axis as usize];
            if (0..*axis as usize).all(|axis| to.axis(axis) == 1) {
                return Movement::Run {
                    start: first,
                    len: to.len(),
                };
            }
            to.positions(strides).map(|i| (first + i) as u32).collect()
        }
        Op::Pad { axis, start } => {
            let strides = to.strides();
            let first = *start as usize * strides[*axis as usize];
            let mut table = vec![Movement::NOTHING; to.len()];
            for (from, at) in shapes[0].positions(strides).enumerate() {
                table[first + at] = from as u32;
            }
            table
        }
        Op::Concat(axis) => {
            let strides = to.strides();
            let mut table = vec![Movement::NOTHING; to.len()];
            let (mut start, mut from) = (0, 0);
            for shape in shapes {
                let first = start * strides[*axis as usize];
                for at in shape.positions(strides.clone()) {
                    table[first + at] = from;
                    from += 1;
                }
                start += shape.axis(*axis as usize);
            }
            table
        }
        Op::Gather(table) => table.to_vec(),
        Op::ScatterAdd(table) => {
            let mut back = vec![Movement::NOTHING; to.len()];
            for (from, &at) in table.iter().enumerate() {
                back[at as usize] = from as u32;
            }
            back
        }
        _ => unreachable!("{} moves no elements", op.name()),
    };
    Movement::of(positions, shapes.iter().map(|shape| shape.len()).sum())
}
