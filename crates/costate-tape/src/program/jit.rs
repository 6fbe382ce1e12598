//! Scalar programs, and chains over arrays, as machine code.
//!
//! Every operation rounds as the interpreter's does, and what has no instruction of its own calls the operation's one rule: the bits are
//! the same. A phase that is one list, or an evaluation of nothing but chains that fill their registers, becomes one function, which reads
//! the caller's inputs and writes the caller's outputs; values stay in registers. Lists between kernels over arrays, and other chains, read
//! and write the file.

mod arrays;
mod assembler;
mod assign;
mod control;
mod function;
mod in_place;
mod operation;

use std::mem::MaybeUninit;
use std::ops::Range;
use std::ptr::{null, null_mut};
use std::sync::Arc;

use memmap2::{Mmap, MmapMut};

use super::blocks::{Group, Piece};
use super::plain::Plain;
use super::step::Step;
use crate::kernel::dispatch::{Isa, Memory, Registers};
use crate::kernel::straight::{Instruction, Straight};
use assembler::Form;

/// Inputs or outputs that a function can have, beside the one output or input that it has anyway.
const MOST: usize = 8;

/// Of all these, those whose addresses are handed over in registers.
const AT_HAND: usize = 3;

/// A list of instructions as a function; clones share the code.
#[derive(Clone)]
pub(crate) struct MachineCode<T> {
    run: Run<T>,
    /// The memory that `run` lies in.
    owner: Arc<Mmap>,
}

/// The file, the frame, what is at hand, a table of the rest.
type Run<T> = unsafe extern "sysv64" fn(*mut T, *mut T, *mut T, *mut T, *mut T, *const *mut T);

impl<T> std::fmt::Debug for MachineCode<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MachineCode")
    }
}

/// Inputs and output of a block of points, in rows that are so many numbers apart.
pub(super) struct Given<T> {
    apart: usize,
    count: usize,
    inputs: [*const T; MOST],
    out: *mut T,
}

impl<T> Given<T> {
    /// Inputs beyond those that code can have are left out.
    pub(super) fn new(apart: usize, inputs: impl Iterator<Item = *const T>, out: *mut T) -> Self {
        let mut given = Given {
            apart,
            count: 0,
            inputs: [null(); MOST],
            out,
        };
        for (place, input) in given.inputs.iter_mut().zip(inputs) {
            *place = input;
            given.count += 1;
        }
        given
    }
}

/// Memory that a function knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Port {
    /// Over arrays, it moves on with them.
    File,
    /// The file where it begins: numbers that stand for whole arrays.
    Number,
    /// What a row begins with, which moves on with arrays or is a number for all of it.
    Row(usize),
    RowNumber(usize),
    Frame,
    /// What the caller hands over: first the one output of an evaluation or the one cotangent of products, then the inputs or outputs.
    Given(usize),
    /// Of this what is at hand; it moves on with arrays.
    Array(usize),
}

impl Port {
    /// Whether what is there is one number for as many as a register holds.
    fn is_number(self) -> bool {
        matches!(self, Port::Number | Port::RowNumber(_))
    }
}

/// Where the places of a list are.
#[derive(Debug, Default)]
struct Ports {
    /// Runs of places that are not read from the file: instead from a port, beginning at a number of it.
    reads: Vec<(Range<usize>, Port, usize)>,
    /// Places whose last values are wanted, and where they go.
    writes: Vec<(u32, Port, usize)>,
    /// Places that are in no memory.
    inside: Range<u32>,
}

impl Ports {
    /// All in the file.
    fn file(list: &[Instruction]) -> Ports {
        let mut written: Vec<u32> = list.iter().map(|instruction| instruction.to).collect();
        written.sort_unstable();
        written.dedup();
        let stays = |at: u32| (at, Port::File, at as usize);
        Ports {
            writes: written.into_iter().map(stays).collect(),
            ..Ports::default()
        }
    }

    /// Past all places of a list and all numbers of ports.
    fn end(&self, list: &[Instruction]) -> usize {
        let own = list.iter().flat_map(Instruction::places);
        let own = own.map(|place| place as usize);
        let read = self.reads.iter();
        let read = read.map(|(places, _, first)| first + places.len());
        let written = self.writes.iter();
        let written = written.map(|&(at, _, number)| number.max(at as usize));
        own.chain(read)
            .chain(written)
            .max()
            .map_or(0, |last| last + 1)
    }

    /// Where a place is read.
    fn read(&self, at: u32) -> (Port, usize) {
        let at = at as usize;
        let elsewhere = self.reads.iter().find(|(range, ..)| range.contains(&at));
        elsewhere.map_or((Port::File, at), |(range, port, first)| {
            (*port, first + at - range.start)
        })
    }
}

impl<T: Registers> MachineCode<T> {
    /// Compiles a list over single numbers; none where this processor is not one that code is written for, or memory is too far apart for it.
    fn new(list: &[Instruction], ports: &Ports, isa: Isa) -> Option<MachineCode<T>> {
        Self::of_form(list, ports, Form::new(isa, size_of::<T>(), 1)?, 1)
    }

    /// Compiles a list over the file.
    pub(super) fn of_file(list: &[Instruction], isa: Isa) -> Option<MachineCode<T>> {
        Self::new(list, &Ports::file(list), isa)
    }

    /// Whether lists over registers of points can be compiled, for so many inputs.
    pub(super) fn writes_lanes(isa: Isa, inputs: usize) -> bool {
        inputs <= MOST && Form::new(isa, size_of::<T>(), isa.lanes::<T>()).is_some()
    }

    /// Compiles a list over registers of points, of which each place has `apart`.
    pub(super) fn of_lanes(
        list: &[Instruction],
        group: &Group,
        isa: Isa,
        apart: usize,
    ) -> Option<MachineCode<T>> {
        let form = Form::new(isa, size_of::<T>(), isa.lanes::<T>())?;
        let read = |piece: &Piece| {
            (
                piece.places.clone(),
                Port::Given(1 + piece.input),
                piece.first,
            )
        };
        let stays = group.stays.iter();
        let stays = stays.map(|&at| (at, Port::File, at as usize));
        let leaves = group.leaves.iter();
        let leaves = leaves.map(|&(at, element)| (at, Port::Given(0), element));
        let ports = Ports {
            reads: group.reads.iter().map(read).collect(),
            writes: stays.chain(leaves).collect(),
            ..Ports::default()
        };
        Self::of_form(list, &ports, form, apart)
    }

    fn of_form(
        list: &[Instruction],
        ports: &Ports,
        form: Form,
        apart: usize,
    ) -> Option<MachineCode<T>> {
        let farthest = ports.end(list).checked_mul(apart * form.bytes)?;
        i32::try_from(farthest).ok()?;
        Self::of_code(&assign::code::<T>(list, ports, form, apart * form.bytes))
    }

    /// The function that these bytes are.
    fn of_code(code: &[u8]) -> Option<MachineCode<T>> {
        let mut memory = MmapMut::map_anon(code.len()).ok()?;
        memory.copy_from_slice(code);
        let memory = memory.make_exec().ok()?;
        // SAFETY: what was written is a function of this signature.
        let run = unsafe { std::mem::transmute::<*const u8, Run<T>>(memory.as_ptr()) };
        Some(MachineCode {
            run,
            owner: Arc::new(memory),
        })
    }

    /// How large it is.
    pub(crate) fn bytes(&self) -> usize {
        self.owner.len()
    }

    /// Runs a list, or chains, over the file.
    ///
    /// # Safety
    /// It was compiled by [`of_file`](MachineCode::of_file) or [`of_chains`](MachineCode::of_chains), all of whose places are inside the file.
    #[inline]
    pub(crate) unsafe fn run(&self, memory: &Memory<'_, T>) {
        let file = memory.frame;
        // SAFETY: the caller's; the code reads and writes the file alone.
        unsafe { (self.run)(file, file, null_mut(), null_mut(), null_mut(), null()) };
    }

    /// Runs a phase.
    ///
    /// # Safety
    /// File, frame and what is given are those that its ports were made for, one and at most [`MOST`] more, and none overlaps another.
    #[inline]
    pub(crate) unsafe fn call(
        &self,
        file: *mut T,
        frame: *mut T,
        one: *mut T,
        count: usize,
        mut more: impl FnMut(usize) -> *mut T,
    ) {
        let mut at_hand = |i| if i < count { more(i) } else { null_mut() };
        let (second, third) = (at_hand(0), at_hand(1));
        let mut rest = [const { MaybeUninit::uninit() }; MOST + 1 - AT_HAND];
        for (place, i) in rest.iter_mut().zip(AT_HAND - 1..count) {
            place.write(more(i));
        }
        // SAFETY: the caller's; the code reads only addresses that there are.
        unsafe { (self.run)(file, frame, one, second, third, rest.as_ptr().cast()) };
    }

    /// Runs a list over the registers that begin at point `first` of what is given, and at `file`.
    ///
    /// # Safety
    /// It was compiled by [`of_lanes`](MachineCode::of_lanes); the file has all its places, and what is given so many points.
    pub(super) unsafe fn run_lanes(&self, file: *mut T, given: &Given<T>, first: usize) {
        let apart = std::ptr::without_provenance_mut(given.apart * size_of::<T>());
        // SAFETY: the caller's; the code only reads the inputs, and knows the second argument as a number.
        unsafe {
            let input = |i: usize| given.inputs[i].add(first).cast_mut();
            self.call(file, apart, given.out.add(first), given.count, input);
        }
    }
}

impl<T: Registers> Plain<T> {
    /// A phase as a function, if it is one list, or an evaluation by chains that can be done together.
    pub(super) fn function(&self, phase: usize, isa: Isa) -> Option<MachineCode<T>> {
        let list = match &self.steps[phase][..] {
            [Step::Straight(Straight { list, .. })] => list,
            _ if phase == 0 => return self.in_place(isa),
            _ => return None,
        };
        if self.inputs.len() > MOST {
            return None;
        }
        let ports = if phase == 0 {
            self.evaluation(list)
        } else {
            self.of_products()
        };
        MachineCode::new(list, &ports, isa)
    }

    /// Inputs are read where the caller has them; what products need goes into the frame, what guards compare into the file.
    fn evaluation(&self, list: &[Instruction]) -> Ports {
        let mut ports = Ports::default();
        for (i, place) in self.inputs.iter().enumerate() {
            ports.reads.push((place.clone(), Port::Given(1 + i), 0));
        }
        for (i, at) in self.output.addresses().enumerate() {
            ports.writes.push((at, Port::Given(0), i));
        }
        let constant = |at: u32| (at as usize) < self.kept.start;
        for at in self.guards.addresses().filter(|&at| !constant(at)) {
            ports.writes.push((at, Port::File, at as usize));
        }
        let entered = self.inputs.iter().cloned().flatten().map(|at| at as u32);
        let mut kept: Vec<u32> = entered.chain(list.iter().map(|one| one.to)).collect();
        kept.sort_unstable();
        kept.dedup();
        kept.retain(|&at| self.kept.contains(&(at as usize)));
        let goes = |at: u32| (at, Port::Frame, at as usize - self.kept.start);
        ports.writes.extend(kept.into_iter().map(goes));
        ports
    }

    /// What evaluation kept is read in the frame.
    fn of_products(&self) -> Ports {
        let mut ports = Ports {
            reads: vec![
                (self.kept.clone(), Port::Frame, 0),
                (self.cotangent.clone(), Port::Given(0), 0),
            ],
            ..Ports::default()
        };
        for (output, export) in self.cotangents.iter().enumerate() {
            for (i, at) in export.addresses().enumerate() {
                ports.writes.push((at, Port::Given(1 + output), i));
            }
        }
        for (i, at) in self.parameter_cotangent.addresses().enumerate() {
            ports.writes.push((at, Port::Frame, self.kept.len() + i));
        }
        ports
    }
}
