//! The table of a chain: which operands are arrays, which single numbers, which live only inside it.

use std::collections::HashMap;

use super::allocate::Layout;
use super::draft::{Each, Operand};
use super::place::Place;
use crate::kernel::elementwise::{self, Chain, Instruction, Rows};

/// The chain of these operations, with the addresses of `layout`.
pub(crate) fn chain(len: usize, row: usize, each: &[Each], layout: &Layout) -> Chain {
    let (mut arrays, mut numbers, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    let mut inside = HashMap::new();
    for operation in each {
        for &operand in &operation.from {
            match operand {
                Operand::Number(place) => note(&mut numbers, layout.at(place)),
                Operand::Array(place) if layout.address[place.slot as usize].is_some() => {
                    note(&mut arrays, layout.at(place))
                }
                Operand::Array(_) => {}
                Operand::Rows(slot, own) => note(&mut rows, placed(slot, own, layout)),
            }
        }
        match layout.address[operation.to.slot as usize] {
            Some(at) => note(&mut arrays, at),
            None => {
                let next = inside.len();
                inside.insert(operation.to.slot, next);
            }
        }
    }
    let array = |place: Place| match inside.get(&place.slot) {
        Some(temporary) => arrays.len() + numbers.len() + temporary,
        None => position(&arrays, layout.at(place)),
    };
    let behind = arrays.len() + numbers.len() + inside.len();
    let code = each
        .iter()
        .map(|operation| {
            let mut from = [0; 3];
            for (entry, &operand) in from.iter_mut().zip(&operation.from) {
                *entry = match operand {
                    Operand::Number(place) => {
                        (arrays.len() + position(&numbers, layout.at(place))) as u16
                    }
                    Operand::Array(place) => array(place) as u16,
                    Operand::Rows(slot, own) => {
                        (behind + position(&rows, placed(slot, own, layout))) as u16
                    }
                };
            }
            Instruction {
                code: operation.code,
                to: array(operation.to) as u16,
                from,
            }
        })
        .collect();
    assert!(
        behind + rows.len() <= elementwise::TABLE,
        "a chain's table is bounded"
    );
    assert!(
        numbers.len() + inside.len() + rows.len() <= elementwise::SCRATCH,
        "a chain's scratch is bounded"
    );
    Chain {
        temporaries: inside.len(),
        arrays: arrays.into(),
        numbers: numbers.into(),
        rows: rows.into(),
        code,
        len,
        row,
    }
}

/// Rows of a slot where it lies.
fn placed(slot: u32, rows: Rows, layout: &Layout) -> Rows {
    let at = layout.at(Place { slot, at: rows.at });
    Rows { at, ..rows }
}

fn note<T: PartialEq>(list: &mut Vec<T>, entry: T) {
    if !list.contains(&entry) {
        list.push(entry);
    }
}

fn position<T: PartialEq>(list: &[T], entry: T) -> usize {
    list.iter()
        .position(|own| *own == entry)
        .expect("every operand was noted")
}
