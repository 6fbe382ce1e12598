//! Scalar programs over many points at once: every place of the file is a block of registers, a point in each lane.

use std::ops::Range;

use super::plain::{Export, Plain};
use super::step::Step;
use super::{Lane, Lowering, Program, Workspace, same_len};
use crate::error::Error;
use crate::function::Guard;
use crate::kernel::dispatch::{Isa, Memory, Registers, Run, select};
use crate::kernel::lanes;
use crate::kernel::straight::{Instruction, List};
use crate::op::{Binary, holds};

/// Bytes of a first cache that the blocks of a program may take.
const CACHE: usize = 28 * 1024;

/// How a scalar program runs over points.
#[derive(Clone, Debug)]
pub(crate) struct Blocks<T> {
    /// Points of a block, most first, and the kernel for it.
    sizes: Vec<(usize, Run<T, List>)>,
    /// Places of the file that evaluation touches.
    places: usize,
}

impl<T: Registers> Blocks<T> {
    /// For an evaluation by `list` between `ends`, the places that constants, inputs and outputs end at.
    pub(super) fn new(list: &[Instruction], ends: usize, isa: Isa) -> Blocks<T> {
        let touched = |instruction: &Instruction| {
            let [a, b, c] = instruction.from;
            [a, b, c, instruction.to].map(|place| place as usize + 1)
        };
        let places = list.iter().flat_map(touched).fold(ends, usize::max);
        let mut seen = vec![false; places + 1];
        let mut distinct = 0;
        for place in list.iter().flat_map(touched) {
            distinct += usize::from(!std::mem::replace(&mut seen[place], true));
        }
        let lanes = isa.lanes::<T>();
        let mut sizes = vec![(2 * lanes, select::<T, lanes::Lanes<2>>(isa))];
        if distinct * 8 * lanes * size_of::<T>() <= CACHE {
            sizes.insert(0, (8 * lanes, select::<T, lanes::Lanes<8>>(isa)));
        }
        Blocks { sizes, places }
    }

    fn memory(&self) -> usize {
        self.places * self.sizes[0].0
    }

    /// The size of block that suits this many points.
    fn fitting(&self, points: usize) -> usize {
        let last = self.sizes.len() - 1;
        if points > self.sizes[last].0 { 0 } else { last }
    }

    fn width(&self, size: usize) -> usize {
        self.sizes[size].0
    }

    fn run(&self, size: usize, list: &List, file: &mut [T]) {
        let (width, run) = self.sizes[size];
        assert!(file.len() >= self.places * width);
        let file = file.as_mut_ptr();
        let memory = Memory {
            constants: file,
            frame: file,
            kept: &[],
        };
        // SAFETY: `places` is past every place of the list, whose blocks are inside a file of this length that nobody else sees; the
        // kernel was chosen for this processor.
        unsafe { run(&memory, list) }
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
        let list = Self::list(steps).ok()?;
        Some(Blocks::new(list.map_or(&[], |list| list), places, isa))
    }
}

impl<T: Lane> Program<T> {
    /// Evaluates a scalar program at many points at once, with a point in each lane of the registers: the same bits as
    /// [`eval`](Program::eval) at each point alone, several times as fast.
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
        let list = Plain::list(&plain.steps[0]).map_err(|step| Error::NotScalar { step })?;
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
                plain.begin_blocks(shared.as_slice(), lanes.as_mut_slice(), blocks.width(size));
            }
            let slice = Slice {
                at,
                len: blocks.width(size).min(points - at),
                points,
                width: blocks.width(size),
            };
            let file = lanes.as_mut_slice();
            slice.enter(plain, inputs, file);
            if let Some(list) = list {
                blocks.run(size, list, file);
            }
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
struct Slice {
    at: usize,
    len: usize,
    /// All points.
    points: usize,
    /// Points of a block, of which the last is repeated past `len`.
    width: usize,
}

impl Slice {
    fn block(&self, place: usize) -> Range<usize> {
        place * self.width..(place + 1) * self.width
    }

    fn enter<T: Registers>(&self, plain: &Plain<T>, inputs: &[&[T]], file: &mut [T]) {
        for (input, places) in inputs.iter().zip(&plain.inputs) {
            for (e, place) in places.clone().enumerate() {
                let from = &input[e * self.points + self.at..][..self.len];
                let block = &mut file[self.block(place)];
                block[..self.len].copy_from_slice(from);
                block[self.len..].fill(from[self.len - 1]);
            }
        }
    }

    fn leave<T: Copy>(&self, output: &Export, file: &[T], out: &mut [T]) {
        for (e, to) in out.chunks_exact_mut(self.points).enumerate() {
            to[self.at..][..self.len]
                .copy_from_slice(&file[self.block(output.address(e))][..self.len]);
        }
    }

    /// Tells the points at which guard `i` came out otherwise.
    fn broken<T: Registers>(
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
