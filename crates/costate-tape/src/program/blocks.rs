//! How a scalar program runs over points: its list in parts, for blocks of several sizes.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::jit::{Given, MachineCode};
use super::plain::Export;
use crate::kernel::dispatch::{Isa, Memory, Registers, Run, select};
use crate::kernel::elementwise::{self, Chain, Elementwise};
use crate::kernel::lanes::{Copy, Lanes, Lines, Rows};
use crate::kernel::registers::has_operation;
use crate::kernel::straight::{Code, Instruction, List};

/// Bytes of a first cache that the blocks of a program may take.
const CACHE: usize = 28 * 1024;

/// How a scalar program runs over points.
#[derive(Clone, Debug)]
pub(crate) struct Blocks<T> {
    /// Most points first.
    pub(super) sizes: Vec<Size<T>>,
    /// Places of the file that evaluation touches.
    pub(super) places: usize,
    /// Elements of inputs that are read in the file.
    pub(super) enter: Vec<Piece>,
    /// Elements of the output that are written in the file, and their places.
    pub(super) leave: Vec<(usize, usize)>,
    /// Whether there is machine code, which reads all others where the caller has them and writes them where the caller wants them.
    pub(super) direct: bool,
    isa: Isa,
}

/// A program for blocks of one size.
#[derive(Clone, Debug)]
pub(super) struct Size<T> {
    /// Points of a block.
    pub(super) width: usize,
    parts: Vec<Part<T>>,
    pub(super) copy: Run<T, Rows>,
}

#[derive(Clone, Debug)]
enum Part<T> {
    Lines(Run<T, Lines>, Lines),
    /// Functions that registers have a way of their own for.
    Functions(Run<T, Chain>, Chain),
    /// For one register of each place at a time.
    Machine(MachineCode<T>),
}

/// Elements of an input, from `first` on, and their places in the file.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) input: usize,
    pub(super) first: usize,
    pub(super) places: Range<usize>,
}

/// Where the inputs of an evaluation are and what leaves it.
#[derive(Clone, Copy)]
pub(super) struct Ends<'a> {
    /// Past the constants and parameters.
    pub(super) constants: usize,
    pub(super) inputs: &'a [Range<usize>],
    pub(super) output: &'a Export,
    pub(super) guards: &'a Export,
}

impl Ends<'_> {
    /// All inputs.
    fn pieces(&self) -> Vec<Piece> {
        let inputs = self.inputs.iter().cloned().enumerate();
        let piece = |(input, places)| Piece {
            input,
            first: 0,
            places,
        };
        inputs.map(piece).collect()
    }

    /// Past all places of these.
    fn places(&self) -> usize {
        let inputs = self.inputs.iter().map(|place| place.end);
        let all = inputs.chain([self.constants, self.output.end(), self.guards.end()]);
        all.max().unwrap_or(0)
    }
}

/// Functions in one chain, whose table holds two arrays for each.
const FUNCTIONS: usize = elementwise::TABLE / 2;

impl<T: Registers> Blocks<T> {
    /// For an evaluation by `list` between `ends`; with machine code, if it is wanted and can be had.
    pub(super) fn new(list: Option<&List>, ends: &Ends<'_>, isa: Isa, machine: bool) -> Blocks<T> {
        let empty: List = [].into();
        let list = list.unwrap_or(&empty);
        let machine = machine && MachineCode::<T>::writes_lanes(isa, ends.inputs.len());
        let direct = machine
            .then(|| Self::of_way(list, ends, isa, true))
            .flatten();
        direct
            .or_else(|| Self::of_way(list, ends, isa, false))
            .expect("there are kernels for all")
    }

    /// None if machine code cannot be had.
    fn of_way(list: &List, ends: &Ends<'_>, isa: Isa, direct: bool) -> Option<Blocks<T>> {
        let touched = list.iter().flat_map(Instruction::places);
        let touched = touched.map(|place| place as usize + 1);
        let places = touched.fold(ends.places(), usize::max);
        let traffic = Traffic::new(list, ends, direct);
        let distinct = traffic.places(list, ends, direct);
        let mut blocks = Blocks {
            sizes: Vec::new(),
            places,
            enter: traffic.enter,
            leave: traffic.leave,
            direct,
            isa,
        };
        let fits =
            |registers: usize| distinct * registers * isa.lanes::<T>() * size_of::<T>() <= CACHE;
        if fits(8) {
            blocks.add::<8>(list, &traffic.groups, isa)?;
        }
        if fits(4) {
            blocks.add::<4>(list, &traffic.groups, isa)?;
        }
        blocks.add::<2>(list, &traffic.groups, isa)?;
        Some(blocks)
    }

    fn add<const G: usize>(&mut self, list: &List, groups: &[Group], isa: Isa) -> Option<()> {
        let width = G * isa.lanes::<T>();
        let mut parts = Vec::new();
        for group in groups {
            let own = &list[group.range.clone()];
            if group.way == Way::Function {
                for functions in own.chunks(FUNCTIONS) {
                    let chain = functions_of_blocks(functions, width);
                    parts.push(Part::Functions(select::<T, Elementwise>(isa), chain));
                }
                continue;
            }
            if self.direct && group.way == Way::Registers {
                let code = MachineCode::of_lanes(own, group, isa, G)?;
                parts.push(Part::Machine(code));
                continue;
            }
            let (list, range) = (List::clone(list), group.range.clone());
            let lines = Lines { list, range };
            parts.push(Part::Lines(select::<T, Lanes<G>>(isa), lines));
        }
        self.sizes.push(Size {
            width,
            parts,
            copy: select::<T, Copy<G>>(isa),
        });
        Some(())
    }

    /// The size of block that suits this many points.
    pub(super) fn fitting(&self, points: usize) -> usize {
        let holds = |&size: &usize| self.sizes[size].width >= points;
        (0..self.sizes.len()).rev().find(holds).unwrap_or(0)
    }

    /// Runs all parts over a block.
    ///
    /// # Safety
    /// What is given covers a block of points from where it begins, or nothing if there is no machine code.
    pub(super) unsafe fn run(&self, size: usize, file: &mut [T], given: &Given<T>) {
        let size = &self.sizes[size];
        assert!(file.len() >= self.places * size.width);
        let file = file.as_mut_ptr();
        let memory = Memory {
            constants: file,
            frame: file,
            kept: &[],
        };
        for part in &size.parts {
            // SAFETY: `places` is past every place of the list, whose blocks are inside a file of this length that nobody else sees;
            // the kernels were chosen for this processor, and what is given is the caller's promise.
            unsafe {
                match part {
                    Part::Lines(run, lines) => run(&memory, lines),
                    Part::Functions(run, chain) => run(&memory, chain),
                    Part::Machine(code) => {
                        for first in (0..size.width).step_by(self.isa.lanes::<T>()) {
                            code.run_lanes(file.add(first), given, first);
                        }
                    }
                }
            }
        }
    }
}

/// A chain of functions over blocks of this many points.
fn functions_of_blocks(functions: &[Instruction], width: usize) -> Chain {
    let (mut arrays, mut code) = (Vec::new(), Vec::new());
    let mut entry = |place: u32| {
        let at = place * width as u32;
        let known = arrays.iter().position(|&array| array == at);
        known.unwrap_or_else(|| {
            arrays.push(at);
            arrays.len() - 1
        }) as u16
    };
    for function in functions {
        code.push(elementwise::Instruction {
            code: function.code,
            from: [entry(function.from[0]), 0, 0],
            to: entry(function.to),
        });
    }
    Chain {
        arrays: arrays.into(),
        numbers: Box::default(),
        temporaries: 0,
        rows: Box::default(),
        code: code.into(),
        len: width,
        row: width,
    }
}

/// What does an instruction over registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A function of their own.
    Function,
    /// Their operations.
    Registers,
    /// The operation's rule, number by number.
    Rule,
}

/// As machine code, functions are their operations.
fn way(instruction: &Instruction, machine: bool) -> Way {
    match instruction.code {
        Code::Unary(op) if elementwise::is_function(op) && machine => Way::Registers,
        Code::Unary(op) if elementwise::is_function(op) => Way::Function,
        code if has_operation(code) => Way::Registers,
        _ => Way::Rule,
    }
}

/// Neighbours that are done the same way.
#[derive(Debug)]
pub(super) struct Group {
    way: Way,
    range: Range<usize>,
    /// What of the inputs is still at its places.
    pub(super) reads: Vec<Piece>,
    /// Places whose last values others read in the file.
    pub(super) stays: Vec<u32>,
    /// Places whose last values are elements of the output: which ones.
    pub(super) leaves: Vec<(u32, usize)>,
}

/// Which numbers pass through the file on their way in and out.
struct Traffic {
    groups: Vec<Group>,
    enter: Vec<Piece>,
    leave: Vec<(usize, usize)>,
}

impl Traffic {
    fn new(list: &[Instruction], ends: &Ends<'_>, direct: bool) -> Traffic {
        let mut first = 0;
        let chunks = list.chunk_by(|a, b| way(a, direct) == way(b, direct));
        let group = |own: &[Instruction]| {
            let range = first..first + own.len();
            first = range.end;
            Group {
                way: way(&own[0], direct),
                range,
                reads: Vec::new(),
                stays: Vec::new(),
                leaves: Vec::new(),
            }
        };
        let outputs = (0..ends.output.len()).map(|e| (e, ends.output.address(e)));
        let mut traffic = Traffic {
            groups: chunks.map(group).collect(),
            enter: Vec::new(),
            leave: outputs.collect(),
        };
        if direct {
            traffic.leave(list, ends);
            traffic.enter(list, ends);
        } else {
            traffic.enter = ends.pieces();
        }
        traffic
    }

    /// How many places of the file are touched, but for values that have to leave their registers in between.
    fn places(&self, list: &[Instruction], ends: &Ends<'_>, direct: bool) -> usize {
        let mut touched = HashSet::new();
        for group in &self.groups {
            let machine = direct && group.way == Way::Registers;
            touched.extend(&group.stays);
            for instruction in &list[group.range.clone()] {
                let from = instruction.from.into_iter();
                touched.extend(from.filter(|&at| !machine || (at as usize) < ends.constants));
                if !machine {
                    touched.insert(instruction.to);
                }
            }
        }
        touched.len()
    }

    /// Machine code writes elements of the output where they are wanted, and into the file only what others read there.
    fn leave(&mut self, list: &[Instruction], ends: &Ends<'_>) {
        let mut outputs: HashMap<u32, Vec<usize>> = HashMap::new();
        for &(e, place) in &self.leave {
            outputs.entry(place as u32).or_default().push(e);
        }
        // The last group that reads what is at a place by now.
        let guards = ends.guards.addresses();
        let mut readers: HashMap<u32, usize> = guards.map(|at| (at, usize::MAX)).collect();
        for (number, group) in self.groups.iter_mut().enumerate().rev() {
            for instruction in list[group.range.clone()].iter().rev() {
                let to = instruction.to;
                if readers.remove(&to).is_some_and(|reader| reader > number) {
                    group.stays.push(to);
                }
                // What others write last, they write to the file.
                let own = outputs.remove(&to).unwrap_or_default();
                if group.way == Way::Registers {
                    group.leaves.extend(own.into_iter().map(|e| (to, e)));
                }
                for from in instruction.from {
                    readers.entry(from).or_insert(number);
                }
            }
        }
        let direct: HashSet<usize> = self
            .groups
            .iter()
            .flat_map(|group| group.leaves.iter().map(|&(_, e)| e))
            .collect();
        self.leave.retain(|(e, _)| !direct.contains(e));
    }

    /// Machine code reads elements of inputs where the caller has them, as long as nothing else is at their places; others, and what
    /// leaves from the file, read them there.
    fn enter(&mut self, list: &[Instruction], ends: &Ends<'_>) {
        let input = |place: u32| {
            let place = place as usize;
            let found = ends
                .inputs
                .iter()
                .position(|places| places.contains(&place));
            found.map(|input| (input, place - ends.inputs[input].start))
        };
        let mut gone = HashSet::new();
        let mut entering = HashSet::new();
        let mut reads = ends.pieces();
        for group in &mut self.groups {
            if group.way == Way::Registers {
                group.reads.clone_from(&reads);
            }
            for instruction in &list[group.range.clone()] {
                if group.way != Way::Registers {
                    let from = instruction.from.into_iter();
                    entering.extend(from.filter(|at| !gone.contains(at)).filter_map(input));
                }
                if input(instruction.to).is_some() && gone.insert(instruction.to) {
                    reads = without(&reads, instruction.to as usize);
                }
            }
        }
        let leaving = self.leave.iter().map(|&(_, place)| place as u32);
        let leaving = leaving.chain(ends.guards.addresses());
        entering.extend(leaving.filter(|at| !gone.contains(at)).filter_map(input));
        let mut entering: Vec<_> = entering.into_iter().collect();
        entering.sort_unstable();
        let neighbours = entering.chunk_by(|a, b| a.0 == b.0 && a.1 + 1 == b.1);
        let run = |run: &[(usize, usize)]| {
            let (input, first) = run[0];
            let start = ends.inputs[input].start + first;
            let places = start..start + run.len();
            Piece {
                input,
                first,
                places,
            }
        };
        self.enter = neighbours.map(run).collect();
    }
}

/// Pieces without one of their places.
fn without(pieces: &[Piece], place: usize) -> Vec<Piece> {
    let split = |piece: &Piece| {
        let Range { start, end } = piece.places;
        if !piece.places.contains(&place) {
            return vec![piece.clone()];
        }
        let part = |places: Range<usize>| Piece {
            input: piece.input,
            first: piece.first + places.start - start,
            places,
        };
        vec![part(start..place), part(place + 1..end)]
    };
    pieces.iter().flat_map(split).collect()
}
