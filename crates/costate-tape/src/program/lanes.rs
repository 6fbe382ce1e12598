//! Scalar programs over many points at once: every place of the file is a block of registers, a point in each lane.

use std::ops::Range;

use super::blocks::{Blocks, Ends, Size};
use super::jit::Given;
use super::plain::Plain;
use super::step::Step;
use super::{Lane, Lowering, Program, Workspace, same_len};
use crate::error::Error;
use crate::function::Guard;
use crate::kernel::dispatch::{Memory, Registers, Run};
use crate::kernel::lanes::Rows;
use crate::kernel::straight::List;
use crate::op::{Binary, holds};

/// Bytes after which addresses meet in the same set of a first cache.
const PAGE: usize = 4096;

/// Rows in such a set beyond which copies of them are faster, as measured with 24 rows; a set has 8 to 12 lines.
const CROWD: usize = 16;

impl<T: Registers> Plain<T> {
    /// The list that evaluation is, if it is one of single numbers; else the name of a step over arrays.
    pub(super) fn list(steps: &[Step<T>]) -> Result<Option<&List>, &'static str> {
        match steps {
            [] => Ok(None),
            [Step::Straight(straight)] => Ok(Some(&straight.list)),
            [Step::Machine(_, steps)] => Self::list(steps),
            steps => Err(steps.iter().find_map(Step::array).unwrap_or("a list")),
        }
    }

    /// Constants and parameters in every lane.
    fn begin_blocks(&self, shared: &[T], file: &mut [T], width: usize) {
        for (block, &constant) in file.chunks_exact_mut(width).zip(&shared[..self.kept.start]) {
            block.fill(constant);
        }
    }

    /// How evaluation runs over points.
    ///
    /// # Errors
    /// [`Error::NotScalar`] if it works on whole arrays.
    pub(super) fn blocks(&self) -> Result<&Blocks<T>, Error> {
        let list = Self::list(&self.steps[0]).map_err(|step| Error::NotScalar { step })?;
        let ends = Ends {
            constants: self.kept.start,
            inputs: &self.inputs,
            output: &self.output,
            guards: &self.guards,
        };
        let blocks = || Blocks::new(list, &ends, self.isa, self.compiled);
        Ok(self.blocks.get_or_init(blocks))
    }

    /// Numbers of a largest block: its file, and room for rows where the caller's do not serve.
    fn block_memory(&self, blocks: &Blocks<T>) -> usize {
        let rows = if blocks.direct { self.rows() } else { 0 };
        (blocks.places + rows) * blocks.sizes[0].width
    }

    /// Elements that enter and leave.
    fn rows(&self) -> usize {
        let inputs: usize = self.inputs.iter().map(ExactSizeIterator::len).sum();
        inputs + self.output.len()
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
    /// in a frame. The first call prepares the program and makes room in the workspace; later ones allocate nothing.
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
        let blocks = plain.blocks()?;
        workspace.lanes.grow(plain.block_memory(blocks), T::ZERO);
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
            let (file, rows) = lanes.as_mut_slice().split_at_mut(blocks.places * width);
            slice.run(plain, blocks, size, [&mut *file, rows], inputs, out);
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

    /// Evaluates the points in the file; `rows` have room for those of the caller that do not serve.
    fn run(
        &self,
        plain: &Plain<T>,
        blocks: &Blocks<T>,
        size: usize,
        [file, rows]: [&mut [T]; 2],
        inputs: &[&[T]],
        out: &mut [T],
    ) {
        for piece in &blocks.enter {
            let from = &inputs[piece.input][piece.first * self.points..];
            let to = &mut file[piece.places.start * self.width..];
            self.enter(from, piece.places.len(), to);
        }
        let own = blocks.direct && (self.len < self.width || self.crowds(plain));
        let given = if own {
            self.own_rows(plain, inputs, rows)
        } else {
            let inputs = inputs.iter().map(|input| input[self.at..].as_ptr());
            Given::new(self.points, inputs, out[self.at..].as_mut_ptr())
        };
        // SAFETY: the caller's rows hold a whole block from `at` on, or there is no machine code, or these are rows of its own.
        unsafe { blocks.run(size, file, &given) };
        if own {
            let of_output = &rows[rows.len() - plain.output.len() * self.width..];
            for (e, from) in of_output.chunks_exact(self.width).enumerate() {
                self.leave(from, e, out);
            }
        }
        for &(e, place) in &blocks.leave {
            self.leave(&file[place * self.width..], e, out);
        }
    }

    /// Whether the caller's rows, of which code touches one register each, meet in so few sets of a first cache that they drive each other out.
    fn crowds(&self, plain: &Plain<T>) -> bool {
        let apart: usize = 1 << (self.points * size_of::<T>()).trailing_zeros();
        let sets = PAGE / apart.min(PAGE);
        plain.rows() > CROWD * sets
    }

    /// Rows of inputs, repeated past the last point, and of the output, as long as a block.
    fn own_rows(&self, plain: &Plain<T>, inputs: &[&[T]], rows: &mut [T]) -> Given<T> {
        let starts = || {
            plain.inputs.iter().scan(0, |next, places| {
                let start = *next;
                *next += places.len() * self.width;
                Some(start)
            })
        };
        for ((input, places), start) in inputs.iter().zip(&plain.inputs).zip(starts()) {
            self.enter(input, places.len(), &mut rows[start..]);
        }
        let out = rows.len() - plain.output.len() * self.width;
        let rows = rows.as_mut_ptr();
        // SAFETY: there is room for inputs and output.
        unsafe {
            let inputs = starts().map(|start| rows.add(start).cast_const());
            Given::new(self.width, inputs, rows.add(out))
        }
    }

    /// Some elements of an input, each of which has its points in a row, to blocks behind one another.
    fn enter(&self, input: &[T], elements: usize, to: &mut [T]) {
        if self.len == self.width && elements > 0 {
            self.copy((&input[self.at..], self.points), (to, self.width), elements);
            return;
        }
        for (e, block) in to.chunks_exact_mut(self.width).take(elements).enumerate() {
            let from = &input[e * self.points + self.at..][..self.len];
            block[..self.len].copy_from_slice(from);
            block[self.len..].fill(from[self.len - 1]);
        }
    }

    /// An element of the output from its block.
    fn leave(&self, from: &[T], e: usize, out: &mut [T]) {
        let to = &mut out[e * self.points..][..self.points][self.at..];
        if self.len == self.width {
            self.copy((from, 0), (to, 0), 1);
        } else {
            to[..self.len].copy_from_slice(&from[..self.len]);
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
