//! Fewer, larger steps: signs and first operations join the operation that uses them, elementwise steps of one length join into chains.

use std::collections::HashMap;

use super::draft::{Draft, Each, One, Operand};
use super::place::Place;
use super::schedule::schedule;
use crate::kernel::straight::Code;

/// Elementwise operations that one chain may hold; its table of operands is bounded.
const LONGEST: usize = 12;

/// Elements of arrays so short that chains over them are brought together from afar, until they have so many operations: what they make may
/// then wait for its readers.
const SHORT: usize = 128;
const MOST: usize = 256;

/// Fuses the steps of one phase. `uses[slot]` counts all readers of a slot, outputs and later phases among them.
pub(crate) fn fuse(steps: Vec<Draft>, uses: &[u32]) -> Vec<Draft> {
    let mut uses = uses.to_vec();
    let steps = signs(steps, &mut uses);
    let steps = pairs(steps, &uses);
    // Only now is a·b + c one operation, which takes in the sign of a factor.
    let mut steps = chains(signs(steps, &mut uses));
    schedule(&mut steps);
    steps
}

/// Signs become part of the operations that use them. The values are the same to the bit.
fn signs(mut steps: Vec<Draft>, uses: &mut [u32]) -> Vec<Draft> {
    // For each slot that is −x: where x is, and the step that changes the sign.
    let mut negated: Vec<Option<(Place, usize)>> = vec![None; uses.len()];
    let mut gone = vec![false; steps.len()];
    for i in 0..steps.len() {
        let Draft::One(mut one) = steps[i] else {
            continue;
        };
        let positive = |place: Place| Some(negated[place.slot as usize]?.0);
        while let Some((changed, slot)) = without_sign(&one, positive) {
            one = changed;
            let slot = slot as usize;
            if let Some((x, step)) = negated[slot] {
                uses[slot] -= 1;
                gone[step] = uses[slot] == 0;
                // Where others still read −x, there is a reader of x more.
                uses[x.slot as usize] += u32::from(!gone[step]);
            }
            steps[i] = Draft::One(one);
        }
        if one.code == Code::Neg {
            negated[one.to.slot as usize] = Some((one.from[0], i));
        }
    }
    kept(steps, &gone)
}

/// The same operation with one change of sign less, and the slot that it no longer reads.
fn without_sign(one: &One, positive: impl Fn(Place) -> Option<Place>) -> Option<(One, u32)> {
    let [a, b, c] = one.from;
    let of = |code, from: &[Place], gone: Place| Some((One::new(code, one.to, from), gone.slot));
    let [minus_a, minus_b, minus_c] = [a, b, c].map(positive);
    match (one.code, minus_a, minus_b, minus_c) {
        (Code::Add, _, Some(y), _) => of(Code::Sub, &[a, y], b),
        (Code::Add, Some(x), _, _) => of(Code::Sub, &[b, x], a),
        (Code::Sub, _, Some(y), _) => of(Code::Add, &[a, y], b),
        (Code::MulAdd, _, _, Some(z)) => of(Code::MulSub, &[a, b, z], c),
        (Code::MulAdd, Some(x), _, _) => of(Code::SubMul, &[x, b, c], a),
        (Code::MulAdd, _, Some(y), _) => of(Code::SubMul, &[a, y, c], b),
        (Code::MulSub, _, _, Some(z)) => of(Code::MulAdd, &[a, b, z], c),
        (Code::SubMul, Some(x), _, _) => of(Code::MulAdd, &[x, b, c], a),
        (Code::SubMul, _, Some(y), _) => of(Code::MulAdd, &[a, y, c], b),
        _ => None,
    }
}

/// An operation with one reader becomes part of that: a·b + c, (a − b)·c and others. The value is the same to the bit.
fn pairs(mut steps: Vec<Draft>, uses: &[u32]) -> Vec<Draft> {
    // For each slot made by an operation that may join another: its step.
    let mut made_by = vec![usize::MAX; uses.len()];
    let mut gone = vec![false; steps.len()];
    for i in 0..steps.len() {
        let Some(two) = Two::of(&steps[i]) else {
            continue;
        };
        let found = two.joined(|slot| {
            let first = steps.get(made_by[slot as usize])?;
            Two::of(first).filter(|_| uses[slot as usize] == 1)
        });
        let slot = two.to.slot as usize;
        if let Some((fused, source)) = found {
            gone[made_by[source as usize]] = true;
            steps[i] = fused;
        } else if matches!(two.code, Code::Mul | Code::Div | Code::Add | Code::Sub) {
            made_by[slot] = i;
        }
    }
    kept(steps, &gone)
}

/// An operation of two numbers, or of two arrays of a length in rows of another.
struct Two {
    code: Code,
    to: Place,
    from: [Operand; 2],
    len: Option<[usize; 2]>,
}

impl Two {
    fn of(step: &Draft) -> Option<Two> {
        let (code, to, from, len) = match step {
            Draft::One(one) if one.operands == 2 => {
                let [a, b, _] = one.from.map(Operand::Number);
                (one.code, one.to, [a, b], None)
            }
            Draft::Chain { len, row, each } => {
                let [each] = each.as_slice() else { return None };
                let from = each.from.as_slice().try_into().ok()?;
                (each.code, each.to, from, Some([*len, *row]))
            }
            _ => return None,
        };
        Some(Two {
            code,
            to,
            from,
            len,
        })
    }

    /// The compound operation, and the slot of the operand whose operation it takes in, which `first` tells.
    fn joined(&self, first: impl Fn(u32) -> Option<Two>) -> Option<(Draft, u32)> {
        let [a, b] = self.from;
        // Both operands the same: the count of uses would be 2 anyway.
        [(a, b, false), (b, a, true)]
            .into_iter()
            .find_map(|(operand, other, second)| {
                let place = match operand {
                    Operand::Number(_) if self.len.is_some() => return None,
                    Operand::Rows(..) => return None,
                    operand => operand.place(),
                };
                let first = first(place.slot)?;
                let len = match (first.len, self.len) {
                    (None, None) => None,
                    (Some([one, first]), Some([len, own])) if one == len => {
                        Some([len, common_row(len, first, own)?])
                    }
                    _ => return None,
                };
                // Of an array all elements, not some.
                if place != first.to {
                    return None;
                }
                let code = match (first.code, self.code) {
                    (Code::Mul, Code::Add) => Code::MulAdd,
                    (Code::Mul, Code::Sub) if second => Code::SubMul,
                    (Code::Mul, Code::Sub) => Code::MulSub,
                    (Code::Mul, Code::Mul) => Code::MulMul,
                    (Code::Mul, Code::Div) if !second => Code::MulDiv,
                    (Code::Div, Code::Mul) => Code::DivMul,
                    (Code::Add, Code::Mul) => Code::SumMul,
                    (Code::Sub, Code::Mul) => Code::DiffMul,
                    _ => return None,
                };
                let [x, y] = first.from;
                let (to, from) = (self.to, [x, y, other]);
                let fused = match len {
                    None => Draft::One(One::new(code, to, &from.map(Operand::place))),
                    Some([len, row]) => Draft::Chain {
                        len,
                        row,
                        each: vec![Each {
                            code,
                            to,
                            from: from.to_vec(),
                        }],
                    },
                };
                Some((fused, place.slot))
            })
    }
}

fn kept(mut steps: Vec<Draft>, gone: &[bool]) -> Vec<Draft> {
    let mut gone = gone.iter();
    steps.retain(|_| gone.next() != Some(&true));
    steps
}

/// Elementwise steps of one length come together where nothing in between is read, and become one; single numbers are read before a
/// chain begins, so that it makes none of its own.
fn chains(steps: Vec<Draft>) -> Vec<Draft> {
    // Runs of chains of one length, and steps between them.
    let mut runs: Vec<Vec<Draft>> = Vec::with_capacity(steps.len());
    // The run that each slot is written in, and the last one of each length with its operations.
    let mut written = HashMap::new();
    let mut last: HashMap<usize, (usize, usize)> = HashMap::new();
    for step in steps {
        let mut after = 0;
        step.reads(|slot| after = after.max(written.get(&slot).copied().unwrap_or(0)));
        let run = runs.len();
        let to = match &step {
            Draft::Chain { len, each, .. } => {
                let (to, operations) = last.get(len).copied().unwrap_or((run, 0));
                let neighbour = to + 1 == run;
                let near = *len <= SHORT && operations < MOST;
                let to = if after <= to && (neighbour || near) {
                    to
                } else {
                    run
                };
                let before = if to == run { 0 } else { operations };
                last.insert(*len, (to, before + each.len()));
                to
            }
            _ => run,
        };
        step.writes(|slot| {
            written.insert(slot, to);
        });
        if to == run {
            runs.push(Vec::new());
        }
        match (runs[to].last_mut(), step) {
            (
                Some(Draft::Chain { len, row, each }),
                Draft::Chain {
                    row: own,
                    each: more,
                    ..
                },
            ) if each.len() + more.len() <= LONGEST
                && !feeds(each, &more)
                && common_row(*len, *row, own).is_some() =>
            {
                *row = (*row).min(own);
                each.extend(more);
            }
            (_, step) => runs[to].push(step),
        }
    }
    runs.into_iter().flatten().collect()
}

/// The rows that operations on arrays of this length can have together.
pub(super) fn common_row(len: usize, one: usize, other: usize) -> Option<usize> {
    (one == other || one == len || other == len).then_some(one.min(other))
}

/// Whether operations read single numbers, or rows, of arrays that others write.
fn feeds(each: &[Each], more: &[Each]) -> bool {
    let mut read = more.iter().flat_map(|operation| &operation.from);
    read.any(|&operand| match operand {
        Operand::Number(Place { slot, .. }) | Operand::Rows(slot, _) => {
            each.iter().any(|earlier| earlier.to.slot == slot)
        }
        Operand::Array(_) => false,
    })
}
