//! Chains over arrays as machine code: registers of elements, one or two at a time.

use std::ops::Range;

use super::assembler::Form;
use super::assign::{Loop, loops};
use super::{MachineCode, Port, Ports, is_traced};
use crate::kernel::dispatch::{Isa, Registers};
use crate::kernel::elementwise::{self, Chain, is_function};
use crate::kernel::registers::has_operation;
use crate::kernel::straight::{Code, Instruction};

/// Operations that one function may hold, so that it stays in the cache of decoded instructions.
const MOST: usize = 1024;

/// Places from here on are numbers of the file that stand for whole arrays.
const NUMBERS: u32 = 1 << 30;

/// Places from here on are inside chains.
const INSIDE: u32 = 1 << 31;

/// Whether code is written for all that a chain does.
fn is_compiled(chain: &Chain) -> bool {
    let compiled = |code: Code| match code {
        Code::Unary(op) if is_function(op) => is_traced(op),
        code => has_operation(code),
    };
    chain
        .code
        .iter()
        .all(|instruction| compiled(instruction.code))
}

/// Whether a chain can be done with earlier ones, register by register: as long, and no single number that they read is one that
/// the others write.
fn joins(earlier: &[&Chain], chain: &Chain, lanes: usize) -> bool {
    let together = || earlier.iter().copied().chain([chain]);
    let operations: usize = together().map(|chain| chain.code.len()).sum();
    let written = || {
        together().flat_map(|chain| {
            let written = chain
                .code
                .iter()
                .filter_map(|one| chain.arrays.get(usize::from(one.to)));
            written.map(|&at| at as usize..at as usize + chain.len.next_multiple_of(lanes))
        })
    };
    let mut numbers = together().flat_map(|chain| &chain.numbers);
    earlier.iter().all(|other| other.len == chain.len)
        && operations <= MOST
        && numbers.all(|&number| !written().any(|written| written.contains(&(number as usize))))
}

impl<T: Registers> MachineCode<T> {
    /// How many of these chains, from the first on, one function can do.
    pub(crate) fn joined(chains: &[&Chain], isa: Isa) -> usize {
        let lanes = isa.lanes::<T>();
        if Form::new(isa, size_of::<T>(), lanes).is_none() {
            return 0;
        }
        let fits = |&n: &usize| is_compiled(chains[n]) && joins(&chains[..n], chains[n], lanes);
        (0..chains.len()).take_while(fits).count()
    }

    /// Compiles chains that can be [`joined`](MachineCode::joined).
    pub(crate) fn of_chains(chains: &[&Chain], isa: Isa) -> Option<MachineCode<T>> {
        let lanes = isa.lanes::<T>();
        let form = Form::new(isa, size_of::<T>(), lanes)?;
        let places = chains
            .iter()
            .flat_map(|chain| chain.arrays.iter().chain(&chain.numbers));
        let farthest = places.max().map_or(0, |&at| at as usize) + chains[0].len + lanes;
        if farthest >= NUMBERS as usize || i32::try_from(farthest * form.number).is_err() {
            return None;
        }
        let registers = chains[0].len.div_ceil(lanes);
        let part = |side_by_side: usize, times: usize| {
            let list = list(chains, side_by_side, lanes);
            Loop {
                ports: ports(&list),
                list,
                times,
                bytes: side_by_side * form.bytes,
            }
        };
        let two = SIDE_BY_SIDE;
        let parts = [part(two, registers / two), part(1, registers % two)];
        let parts: Vec<Loop> = parts.into_iter().filter(|part| part.times > 0).collect();
        Self::of_code(&loops::<T>(&parts, form))
    }
}

/// Registers of each array that are worked on side by side.
const SIDE_BY_SIDE: usize = 2;

/// The operations of chains on so many registers of each array.
fn list(chains: &[&Chain], registers: usize, lanes: usize) -> Vec<Instruction> {
    let mut list = Vec::new();
    let mut temporaries = 0;
    for chain in chains {
        let numbers = chain.arrays.len();
        let inside = numbers + chain.numbers.len();
        let place = |entry: u16, register: usize| {
            let entry = usize::from(entry);
            if entry < numbers {
                chain.arrays[entry] + (register * lanes) as u32
            } else if entry < inside {
                NUMBERS + chain.numbers[entry - numbers]
            } else {
                let own = temporaries + entry - inside;
                INSIDE + (own * registers + register) as u32
            }
        };
        for &elementwise::Instruction { code, to, from } in &chain.code {
            list.extend((0..registers).map(|register| Instruction {
                code,
                to: place(to, register),
                from: from.map(|from| place(from, register)),
            }));
        }
        temporaries += chain.temporaries;
    }
    list
}

/// All in the file, but for what is inside.
fn ports(list: &[Instruction]) -> Ports {
    let inside: Range<u32> = INSIDE..u32::MAX;
    let mut ports = Ports::file(list);
    ports.writes.retain(|(at, ..)| !inside.contains(at));
    let numbers = NUMBERS as usize..INSIDE as usize;
    ports.reads = vec![(numbers, Port::Number, 0)];
    ports.inside = inside;
    ports
}
