//! Scalar programs over many points at once: every place of the file is a block of registers, a point in each lane.

use std::ops::Range;

use super::plain::{Export, Plain};
use super::step::Step;
use super::{Lane, Lowering, Program, Workspace, same_len};
use crate::error::Error;
use crate::function::Guard;
use crate::kernel::dispatch::{Isa, Memory, Registers, Run, select};
use crate::kernel::elementwise::{self, Chain, Elementwise};
use crate::kernel::lanes::{Copy, Lanes, Lines, Rows};
use crate::kernel::straight::{Code, Instruction, List};
use crate::op::{Binary, holds};

/// Bytes of a first cache that the blocks of a program may take.
const CACHE: usize = 28 * 1024;

/// How a scalar program runs over points.
#[derive(Clone, Debug)]
pub(crate) struct Blocks<T> {
    /// Most points first.
    sizes: Vec<Size<T>>,
    /// Places of the file that evaluation touches.
    places: usize,
}

/// A program for blocks of one size.
#[derive(Clone, Debug)]
struct Size<T> {
    /// Points of a block.
    width: usize,
    parts: Vec<Part<T>>,
    copy: Run<T, Rows>,
}

#[derive(Clone, Debug)]
enum Part<T> {
    Lines(Run<T, Lines>, Lines),
    /// Functions that registers have a way of their own for.
    Functions(Run<T, Chain>, Chain),
}

/// Functions in one chain, whose table holds two arrays for each.
const FUNCTIONS: usize = elementwise::TABLE / 2;

impl<T: Registers> Blocks<T> {
    /// For an evaluation by `list` between `ends`, the places that constants, inputs and outputs end at.
    pub(super) fn new(list: Option<&List>, ends: usize, isa: Isa) -> Blocks<T> {
        let touched = |instruction: &Instruction| {
            let [a, b, c] = instruction.from;
            [a, b, c, instruction.to].map(|place| place as usize + 1)
        };
        let all = || list.iter().flat_map(|list| list.iter()).flat_map(touched);
        let places = all().fold(ends, usize::max);
        let mut seen = vec![false; places + 1];
        let mut distinct = 0;
        for place in all() {
            distinct += usize::from(!std::mem::replace(&mut seen[place], true));
        }
        let mut blocks = Blocks {
            sizes: Vec::new(),
            places,
        };
        let fits =
            |registers: usize| distinct * registers * isa.lanes::<T>() * size_of::<T>() <= CACHE;
        if fits(8) {
            blocks.add::<8>(list, isa);
        }
        if fits(4) {
            blocks.add::<4>(list, isa);
        }
        blocks.add::<2>(list, isa);
        blocks
    }

    fn add<const G: usize>(&mut self, list: Option<&List>, isa: Isa) {
        let width = G * isa.lanes::<T>();
        let mut parts = Vec::new();
        if let Some(list) = list {
            let function = |instruction: &Instruction| match instruction.code {
                Code::Unary(op) => elementwise::is_function(op),
                _ => false,
            };
            let mut first = 0;
            for group in list.chunk_by(|a, b| function(a) == function(b)) {
                let range = first..first + group.len();
                first = range.end;
                if !function(&group[0]) {
                    let list = List::clone(list);
                    let lines = Lines { list, range };
                    parts.push(Part::Lines(select::<T, Lanes<G>>(isa), lines));
                    continue;
                }
                for group in group.chunks(FUNCTIONS) {
                    let chain = functions_of_blocks(group, width);
                    parts.push(Part::Functions(select::<T, Elementwise>(isa), chain));
                }
            }
        }
        self.sizes.push(Size {
            width,
            parts,
            copy: select::<T, Copy<G>>(isa),
        });
    }

    /// Whether there are functions that registers have a way of their own for.
    #[cfg(test)]
    pub(super) fn has_functions(&self) -> bool {
        let mut parts = self.sizes[0].parts.iter();
        parts.any(|part| matches!(part, Part::Functions(..)))
    }

    fn memory(&self) -> usize {
        self.places * self.sizes[0].width
    }

    /// The size of block that suits this many points.
    fn fitting(&self, points: usize) -> usize {
        let holds = |&size: &usize| self.sizes[size].width >= points;
        (0..self.sizes.len()).rev().find(holds).unwrap_or(0)
    }

    fn run(&self, size: usize, file: &mut [T]) {
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
            // the kernels were chosen for this processor.
            unsafe {
                match part {
                    Part::Lines(run, lines) => run(&memory, lines),
                    Part::Functions(run, chain) => run(&memory, chain),
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
        code: code.into(),
        len: width,
    }
}

impl<T: Registers> Plain<T> {
    /// The list that evaluation is, if it is one of single numbers; else the name of a step over arrays.
    fn list(steps: &[Step<T>]) -> Result<Option<&List>, &'static str> {
        match steps {
            [] => Ok(None),
            [Step::Straight(_, list)] => Ok(Some(list)),
            #[cfg(feature = "jit")]
            [Step::Machine(_, list)] => Ok(Some(list)),
            steps => Err(steps.iter().find_map(Step::array).unwrap_or("a list")),
        }
    }

    /// Constants and parameters in every lane.
    fn begin_blocks(&self, shared: &[T], file: &mut [T], width: usize) {
        for (block, &constant) in file.chunks_exact_mut(width).zip(&shared[..self.kept.start]) {
            block.fill(constant);
        }
    }

    /// Prepares [`Program::run_lanes`]; the ends of what enters and leaves are inside `places`.
    pub(super) fn blocks(steps: &[Step<T>], places: usize, isa: Isa) -> Option<Blocks<T>> {
        Some(Blocks::new(Self::list(steps).ok()?, places, isa))
    }
}

impl<T: Lane> Program<T> {
    /// Evaluates a scalar program at many points at once, with a point in each lane of the registers, several times as fast as
    /// [`eval`](Program::eval) at each alone. The numbers of a point do not depend on what stands beside it. They have the same bits as
    /// those of `eval`, except behind exp, expm1, ln, sin, cos, tanh, sigmoid, silu, elu and softplus, which are here those of arrays (at most 2.5
    /// units in the last place off).
    ///
    /// A program is scalar if it works on numbers one by one: its arrays have at most four elements, or are only indexed and
    /// stacked. Element e of an input at point p stands at `e·points + p`, and so in `out`; θ, if there is one, is the same for all
    /// points. Products over points are those of a program compiled from [`Function::vjp`](crate::Function::vjp). Nothing is kept
    /// in a frame. The first call makes room in the workspace; later ones allocate nothing.
    ///
    /// # Errors
    /// [`Error::NotScalar`] if the program works on whole arrays. [`Error::GuardFailedAt`] names the first point at which a branch
    /// that was taken while recording would not be taken; at every such point the outputs are NaN, and all others are right.
    ///
    /// # Panics
    /// If a length is not the function's times `points`.
    ///
    /// # Example
    ///
    /// ```
    /// use costate_tape::{Function, Program};
    ///
    /// // x·y and x/y at three points.
    /// let f = Function::<f64>::record(&[("h", &[2])], |v| {
    ///     let (x, y) = (v[0].index(0), v[0].index(1));
    ///     vec![x * y, x / y]
    /// })?;
    /// let program = Program::compile(&f)?;
    /// let mut workspace = program.workspace(1);
    /// let mut out = [0.0; 6];
    /// program.run_lanes(&mut workspace, 3, &[&[1.0, 2.0, 3.0, 4.0, 8.0, 2.0]], &mut out)?;
    /// assert_eq!(out, [4.0, 16.0, 6.0, 0.25, 0.25, 1.5]);
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn run_lanes(
        &self,
        workspace: &mut Workspace<T>,
        points: usize,
        inputs: &[&[T]],
        out: &mut [T],
    ) -> Result<(), Error> {
        self.check(workspace);
        same_len("inputs", inputs.len(), self.inputs.len());
        for (input, (name, len)) in inputs.iter().zip(&self.inputs) {
            same_len(name, input.len(), *len * points);
        }
        same_len("output", out.len(), self.output * points);
        let plain = match &self.lowering {
            Lowering::Plain(plain) => plain,
            Lowering::Batch(_) => return Err(Error::NotScalar { step: "a layer" }),
        };
        Plain::list(&plain.steps[0]).map_err(|step| Error::NotScalar { step })?;
        let blocks = plain.blocks.as_ref().expect("a list has blocks");
        workspace.lanes.grow(blocks.memory(), T::ZERO);
        let Workspace { shared, lanes, .. } = workspace;
        let mut at = 0;
        let mut size = usize::MAX;
        let mut broken: Option<(usize, usize)> = None;
        while at < points {
            let fits = blocks.fitting(points - at);
            if fits != size {
                size = fits;
                let width = blocks.sizes[size].width;
                plain.begin_blocks(shared.as_slice(), lanes.as_mut_slice(), width);
            }
            let Size { width, copy, .. } = blocks.sizes[size];
            let slice = Slice {
                at,
                len: width.min(points - at),
                points,
                width,
                copy,
            };
            let file = lanes.as_mut_slice();
            slice.enter(plain, inputs, file);
            blocks.run(size, file);
            slice.leave(&plain.output, file, out);
            for (i, guard) in self.guards.iter().enumerate() {
                slice.broken(plain, i, guard, file, |point| {
                    (0..self.output).for_each(|e| out[e * points + point] = T::NAN);
                    if broken.is_none_or(|(first, _)| point < first) {
                        broken = Some((point, i));
                    }
                });
            }
            at += slice.len;
        }
        match broken {
            Some((point, guard)) => Err(Error::guard_failed_at(point, &self.guards[guard])),
            None => Ok(()),
        }
    }
}

/// Some of the points, in one block.
struct Slice<T> {
    at: usize,
    len: usize,
    /// All points.
    points: usize,
    /// Points of a block, of which the last is repeated past `len`.
    width: usize,
    /// Copies rows of whole blocks.
    copy: Run<T, Rows>,
}

impl<T: Registers> Slice<T> {
    fn block(&self, place: usize) -> Range<usize> {
        place * self.width..(place + 1) * self.width
    }

    /// Copies `rows` whole blocks that begin so far apart.
    fn copy(&self, from: (&[T], usize), to: (&mut [T], usize), rows: usize) {
        let end = |apart: usize| (rows - 1) * apart + self.width;
        assert!(from.0.len() >= end(from.1) && to.0.len() >= end(to.1));
        let memory = Memory {
            constants: from.0.as_ptr().cast_mut(),
            frame: to.0.as_mut_ptr(),
            kept: &[],
        };
        let (from, to) = (from.1, to.1);
        // SAFETY: both slices reach to the end of the last block; the kernel only reads its constants, and was chosen for this processor.
        unsafe { (self.copy)(&memory, &Rows { rows, from, to }) }
    }

    fn enter(&self, plain: &Plain<T>, inputs: &[&[T]], file: &mut [T]) {
        for (input, places) in inputs.iter().zip(&plain.inputs) {
            if self.len == self.width && !places.is_empty() {
                let (from, to) = (&input[self.at..], &mut file[places.start * self.width..]);
                self.copy((from, self.points), (to, self.width), places.len());
                continue;
            }
            for (e, place) in places.clone().enumerate() {
                let from = &input[e * self.points + self.at..][..self.len];
                let block = &mut file[self.block(place)];
                block[..self.len].copy_from_slice(from);
                block[self.len..].fill(from[self.len - 1]);
            }
        }
    }

    fn leave(&self, output: &Export, file: &[T], out: &mut [T]) {
        for (e, to) in out.chunks_exact_mut(self.points).enumerate() {
            let (from, to) = (&file[self.block(output.address(e))], &mut to[self.at..]);
            if self.len == self.width {
                self.copy((from, 0), (to, 0), 1);
            } else {
                to[..self.len].copy_from_slice(&from[..self.len]);
            }
        }
    }

    /// Tells the points at which guard `i` came out otherwise.
    fn broken(
        &self,
        plain: &Plain<T>,
        i: usize,
        guard: &Guard,
        file: &[T],
        mut tell: impl FnMut(usize),
    ) {
        let side = |side: usize| &file[self.block(plain.guards.address(2 * i + side))][..self.len];
        let pairs = || side(0).iter().zip(side(1));
        let held = guard.held;
        // Without a branch in the loop, so that it is one of registers.
        let any = match guard.op {
            Binary::Lt => pairs().fold(false, |any, (a, b)| any | ((a < b) != held)),
            Binary::Le => pairs().fold(false, |any, (a, b)| any | ((a <= b) != held)),
            Binary::Gt => pairs().fold(false, |any, (a, b)| any | ((a > b) != held)),
            Binary::Ge => pairs().fold(false, |any, (a, b)| any | ((a >= b) != held)),
            _ => true,
        };
        if any {
            for (point, (&a, &b)) in pairs().enumerate() {
                if holds(guard.op, a, b) != held {
                    tell(self.at + point);
                }
            }
        }
    }
}
