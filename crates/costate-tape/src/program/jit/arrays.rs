//! Chains over arrays as machine code: loops over registers of elements, and over rows.

use std::ops::Range;

use super::assembler::{Base, Form};
use super::assign::{GIVEN, Writer};
use super::control::Counter;
use super::operation::{Operations, Selection};
use super::{MachineCode, Port, Ports};
use crate::kernel::dispatch::{Isa, Registers};
use crate::kernel::elementwise::{self, Chain, Rows, is_function};
use crate::kernel::registers::has_operation;
use crate::kernel::straight::{Code, Instruction};
use crate::program::fuse::common_row;

/// Operations that one function may hold: with each more, all that the others touch is looked through.
const MOST: usize = 512;

/// Beginnings of rows that one function may hold: a megabyte.
const STARTS: usize = 1 << 18;

/// Places from here on are numbers of the file that stand for whole arrays.
const NUMBERS: u32 = 1 << 30;

/// Places from here on are inside chains.
const INSIDE: u32 = 2 << 30;

/// Places from here on are rows.
const OF_ROWS: u32 = 3 << 30;

/// Where rows are.
pub(super) const ROWS: [Base; 4] = [Base::Cx, Base::R8, Base::R9, Base::R10];

/// Registers of each array that are worked on side by side, as long as there are so many: a processor looks ahead too little to begin with
/// others while it waits for one, and with eight most values would leave their registers.
const SIDE_BY_SIDE: [usize; 3] = [4, 2, 1];

/// Whether code is written for all that a chain does.
fn is_compiled(chain: &Chain) -> bool {
    let function = |code: Code| matches!(code, Code::Unary(op) if is_function(op));
    let mut codes = chain.code.iter().map(|instruction| instruction.code);
    codes.all(|code| function(code) || has_operation(code))
}

/// Chains that are done together, register by register.
pub(super) struct Together<'a> {
    chains: Vec<&'a Chain>,
    pub(super) lanes: usize,
    pub(super) len: usize,
    row: usize,
    /// All that they read in rows.
    pub(super) rows: Vec<Rows>,
    operations: usize,
    /// The single numbers and rows that they read again and again, and the arrays that they write.
    again: Vec<Range<usize>>,
    written: Vec<Range<usize>>,
}

/// Whether two ranges have places in common, one of these and one of those.
fn meet(some: &[Range<usize>], others: &[Range<usize>]) -> bool {
    let meets = |a: &Range<usize>| others.iter().any(|b| a.start < b.end && b.start < a.end);
    some.iter().any(meets)
}

impl<'a> Together<'a> {
    /// A first one, if code is written for it.
    pub(super) fn new(lanes: usize, first: &'a Chain) -> Option<Self> {
        let mut together = Together {
            chains: Vec::new(),
            lanes,
            len: first.len,
            row: first.len,
            rows: Vec::new(),
            operations: 0,
            again: Vec::new(),
            written: Vec::new(),
        };
        together.add(first)?;
        Some(together)
    }

    /// Adds a chain, unless it is of another length, in rows that do not fit, or reads single numbers or rows that others write, or writes
    /// such as they read.
    pub(super) fn add(&mut self, chain: &'a Chain) -> Option<()> {
        if chain.len != self.len || !is_compiled(chain) {
            return None;
        }
        let row = common_row(self.len, self.row, chain.row)?;
        let mut rows = self.rows.clone();
        rows.extend(chain.rows.iter().filter(|own| !self.rows.contains(*own)));
        let operations = self.operations + chain.code.len();
        let starts = rows.len() * (self.len / row);
        if rows.len() > ROWS.len() || starts > STARTS || operations > MOST {
            return None;
        }
        let numbers = chain.numbers.iter().map(|&number| number as usize);
        let numbers = numbers.map(|number| number..number + 1);
        let of_rows = chain.rows.iter().map(|rows| {
            let last = rows.at as usize + (rows.count as usize - 1) * rows.step as usize;
            rows.at as usize..last + if rows.along { row } else { 1 }
        });
        let arrays = chain
            .code
            .iter()
            .filter_map(|one| chain.arrays.get(usize::from(one.to)));
        let end = self.len.next_multiple_of(self.lanes);
        let written = arrays.map(|&at| at as usize..at as usize + end);
        let (again, written): (Vec<_>, Vec<_>) =
            (numbers.chain(of_rows).collect(), written.collect());
        if meet(&again, &written) || meet(&again, &self.written) || meet(&self.again, &written) {
            return None;
        }
        self.again.extend(again);
        self.written.extend(written);
        (self.row, self.rows, self.operations) = (row, rows, operations);
        self.chains.push(chain);
        Some(())
    }

    /// Whether they write over any of these places.
    pub(super) fn writes_over(&self, places: &[Range<usize>]) -> bool {
        meet(&self.written, places)
    }

    /// Whether code reaches all of the file that it works on.
    pub(super) fn reaches(&self, form: Form) -> Option<()> {
        let end = self.end();
        let bytes = i32::try_from(end * form.number);
        (end < NUMBERS as usize && bytes.is_ok()).then_some(())
    }

    /// Past all places of the file.
    fn end(&self) -> usize {
        let arrays = self.chains.iter().flat_map(|chain| &chain.arrays);
        let arrays = arrays.map(|&at| at as usize + self.len + self.lanes);
        let again = self.again.iter().map(|read| read.end);
        arrays.chain(again).max().unwrap_or(0)
    }

    /// The operations on the first register of each array.
    pub(super) fn list(&self) -> Vec<Instruction> {
        let mut list = Vec::new();
        for chain in &self.chains {
            let numbers = chain.arrays.len();
            let inside = numbers + chain.numbers.len();
            let behind = inside + chain.temporaries;
            let place = |entry: u16| {
                let entry = usize::from(entry);
                if entry < numbers {
                    chain.arrays[entry]
                } else if entry < inside {
                    NUMBERS + chain.numbers[entry - numbers]
                } else if entry < behind {
                    // A chain reads only its own.
                    INSIDE + (entry - inside) as u32
                } else {
                    let rows = &chain.rows[entry - behind];
                    let number = self.rows.iter().position(|own| own == rows);
                    OF_ROWS + number.expect("all were gathered") as u32
                }
            };
            let instructions = chain.code.iter();
            list.extend(
                instructions.map(|&elementwise::Instruction { code, to, from }| Instruction {
                    code,
                    to: place(to),
                    from: from.map(place),
                }),
            );
        }
        list
    }

    /// All of these operations in the file, but for what is inside.
    pub(super) fn ports(&self, list: &[Instruction]) -> Ports {
        let mut ports = Ports::file(list);
        ports.inside = INSIDE..OF_ROWS;
        ports.writes.retain(|(at, ..)| !ports.inside.contains(at));
        let numbers = NUMBERS as usize..INSIDE as usize;
        ports.reads = vec![(numbers, Port::Number, 0)];
        for (i, rows) in self.rows.iter().enumerate() {
            let port = if rows.along {
                Port::Row(i)
            } else {
                Port::RowNumber(i)
            };
            let place = OF_ROWS as usize + i;
            ports.reads.push((place..place + 1, port, 0));
        }
        ports
    }

    /// A loop over rows, in which there is one for each number of registers side by side.
    fn code<T: Registers>(&self, form: Form) -> Vec<u8> {
        let list = self.list();
        let operations = Selection::<T>::operations(&list, &self.ports(&list), form);
        let mut writer = Writer::new(form, form.number);
        let bases = &ROWS[..self.rows.len()];
        let along = bases.iter().zip(&self.rows);
        let along = along.filter_map(|(&base, rows)| rows.along.then_some(base));
        let moving: Vec<Base> = [GIVEN[0]].into_iter().chain(along).collect();
        let times = self.len / self.row;
        if times > 1 {
            writer.assembler.count(Counter::Rows, times as u32);
        }
        if !bases.is_empty() {
            let starts = (0..times).flat_map(|row| self.rows.iter().map(move |own| own.start(row)));
            let starts = starts.map(|start| (start * form.number) as u32);
            writer.assembler.starts(starts);
        }
        let begin = writer.assembler.here();
        writer.assembler.begin_row(GIVEN[1], bases);
        self.row(&mut writer, &operations, &moving);
        if times > 1 {
            writer.assembler.again(Counter::Rows, begin);
        }
        writer.finish()
    }

    /// Operations on all registers of a row, as many side by side as there are; each time `moving` moves on.
    pub(super) fn row(&self, writer: &mut Writer, operations: &Operations, moving: &[Base]) {
        let mut rest = self.row.div_ceil(self.lanes);
        for registers in SIDE_BY_SIDE {
            let times = rest / registers;
            rest %= registers;
            if times == 0 {
                continue;
            }
            if times > 1 {
                writer.assembler.count(Counter::Registers, times as u32);
            }
            let start = writer.assembler.here();
            writer.operations(operations.side_by_side(registers, self.lanes));
            for &base in moving {
                let bytes = registers * writer.assembler.form.bytes;
                writer.assembler.advance(base, bytes as i32);
            }
            if times > 1 {
                writer.assembler.again(Counter::Registers, start);
            }
        }
    }
}

impl<T: Registers> MachineCode<T> {
    /// The first of these chains, as many as one function can do, and their number; none where no code is written for the first.
    pub(crate) fn of_chains<'a>(
        mut chains: impl Iterator<Item = &'a Chain>,
        isa: Isa,
    ) -> Option<(MachineCode<T>, usize)> {
        let form = Form::new(isa, size_of::<T>(), isa.lanes::<T>())?;
        let mut together = Together::new(isa.lanes::<T>(), chains.next()?)?;
        while chains
            .next()
            .and_then(|chain| together.add(chain))
            .is_some()
        {}
        together.reaches(form)?;
        let code = Self::of_code(&together.code::<T>(form))?;
        Some((code, together.chains.len()))
    }
}
