//! The order of scalar steps: what others wait for longest comes first, and two of which one waits for the other stand apart where they can.
//!
//! A processor looks ahead by no more than about two dozen interpreted steps, each of which reads what others have written to memory. No value
//! depends on the order.

use super::draft::{Draft, One};
use crate::kernel::straight::Code;
use crate::op::Unary;

/// So many steps are put in order together: about as far as a processor looks ahead, so that values live hardly longer than before.
const WINDOW: usize = 32;

/// Cycles from one step to the next.
const STEP: u32 = 4;

/// Cycles that a value takes through memory.
const MEMORY: u32 = 7;

/// Puts scalar steps that follow each other in order.
pub(crate) fn schedule(steps: &mut [Draft]) {
    let scalar = |a: &Draft, b: &Draft| matches!((a, b), (Draft::One(_), Draft::One(_)));
    for list in steps.chunk_by_mut(scalar) {
        list.chunks_mut(WINDOW).for_each(order);
    }
}

fn order(window: &mut [Draft]) {
    let ones: Vec<One> = window
        .iter()
        .filter_map(|step| match step {
            Draft::One(one) => Some(*one),
            _ => None,
        })
        .collect();
    if ones.len() < 3 {
        return;
    }
    let after = dependences(&ones);
    // How long it takes from each step to the end of all that wait for it.
    let mut longest: Vec<u32> = ones.iter().map(|one| latency(one.code)).collect();
    for i in (0..ones.len()).rev() {
        for j in (0..i).filter(|j| after[i] >> j & 1 == 1) {
            longest[j] = longest[j].max(latency(ones[j].code) + longest[i]);
        }
    }
    let (mut clock, mut done) = (0, 0_u32);
    let mut ready = vec![0; ones.len()];
    for step in window {
        let open = (0..ones.len()).filter(|&i| done >> i & 1 == 0 && after[i] & !done == 0);
        let first = open.min_by_key(|&i| (ready[i].max(clock), u32::MAX - longest[i]));
        let i = first.expect("a step waits for earlier ones alone");
        let begin = ready[i].max(clock);
        clock = begin + STEP;
        done |= 1 << i;
        for j in (i + 1..ones.len()).filter(|&j| after[j] >> i & 1 == 1) {
            ready[j] = ready[j].max(begin + latency(ones[i].code));
        }
        *step = Draft::One(ones[i]);
    }
}

/// For each step the earlier ones that it must come behind, as bits.
fn dependences(ones: &[One]) -> Vec<u32> {
    let reads = |one: &One, place| one.from[..one.operands].contains(&place);
    let behind = |later: &One, earlier: &One| {
        reads(later, earlier.to) || reads(earlier, later.to) || earlier.to == later.to
    };
    (0..ones.len())
        .map(|i| {
            let earlier = (0..i).filter(|&j| behind(&ones[i], &ones[j]));
            earlier.fold(0, |bits, j| bits | 1 << j)
        })
        .collect()
}

/// Cycles until another step can read the value.
fn latency(code: Code) -> u32 {
    MEMORY
        + match code {
            Code::Neg | Code::Select | Code::Binary(_) => 2,
            Code::Add | Code::Sub | Code::Mul | Code::Square => 4,
            Code::MulAdd | Code::MulSub | Code::SubMul | Code::MulMul => 8,
            Code::SumMul | Code::DiffMul => 8,
            Code::Div | Code::Unary(Unary::Sqrt) => 14,
            Code::MulDiv | Code::DivMul => 18,
            Code::Unary(Unary::Abs | Unary::Identity | Unary::Neg) => 2,
            Code::Unary(_) => 40,
        }
}

#[cfg(test)]
mod tests {
    use super::super::place::Place;
    use super::*;

    fn step(code: Code, to: u32, from: &[u32]) -> Draft {
        let from: Vec<Place> = from.iter().map(|&slot| Place::new(slot)).collect();
        Draft::One(One::new(code, Place::new(to), &from))
    }

    fn written(steps: &[Draft]) -> Vec<u32> {
        let mut all = Vec::new();
        steps
            .iter()
            .for_each(|step| step.writes(|slot| all.push(slot)));
        all
    }

    #[test]
    fn long_chains_begin_first_and_nothing_overtakes_what_it_reads() {
        // 10 → 11 → 12 is a chain with a division; 20, 21 and 22 are alone.
        let mut steps = vec![
            step(Code::Add, 20, &[1, 2]),
            step(Code::Add, 21, &[1, 3]),
            step(Code::Mul, 22, &[2, 3]),
            step(Code::Div, 10, &[1, 2]),
            step(Code::Mul, 11, &[10, 3]),
            step(Code::Add, 12, &[11, 3]),
        ];
        schedule(&mut steps);
        assert_eq!(written(&steps), [10, 20, 21, 22, 11, 12]);
    }

    #[test]
    fn a_place_that_is_written_again_keeps_its_readers_before() {
        let mut steps = vec![
            step(Code::Add, 20, &[1, 2]),
            step(Code::Div, 21, &[20, 2]),
            step(Code::Mul, 20, &[1, 2]),
            step(Code::Div, 22, &[20, 2]),
        ];
        schedule(&mut steps);
        assert_eq!(written(&steps), [20, 21, 20, 22]);
    }
}
