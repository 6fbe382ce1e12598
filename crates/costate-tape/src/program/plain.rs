//! Any function, over one file of numbers: lists of scalar instructions, and kernels over row-major arrays.
//!
//! The file holds constants, the values that the products need of an evaluation, and memory that steps use in turn. A frame
//! is a copy of those values, or, where they are most of a file, a file of its own; with a·∂f/∂θ beside them: parameter products
//! are computed with the others, and only weighted and added when they are accumulated.

use std::ops::Range;
use std::sync::OnceLock;

use super::blocks::Blocks;
use super::compile::Signature;
use super::jit::MachineCode;
use super::lowered::{Lowered, slots};
use super::place::Value;
use super::source::Source;
use super::step::{self, Step, assemble};
use crate::kernel::dispatch::{Isa, Memory, Registers};

/// A compiled function.
#[derive(Clone, Debug)]
pub(crate) struct Plain<T> {
    /// Evaluation, then products.
    pub(crate) steps: [Vec<Step<T>>; 2],
    /// Evaluation, then products, each as one function if it is one list; steps are what they were made of.
    pub(crate) machine: [Option<MachineCode<T>>; 2],
    /// The constants of a new file, literals filled in.
    pub(crate) constants: Vec<T>,
    pub(crate) file: usize,
    pub(crate) kept: Range<usize>,
    /// Whether a frame is a file.
    files: bool,
    /// Where the parameters are in the file.
    pub(crate) parameters: Range<usize>,
    /// Where each varying input goes.
    pub(crate) inputs: Vec<Range<usize>>,
    /// Where the outputs come from.
    pub(crate) output: Export,
    /// Where the two sides of each guard are.
    pub(crate) guards: Export,
    /// Where the cotangent of the output goes.
    pub(crate) cotangent: Range<usize>,
    /// Where the cotangents of the varying inputs, and of the parameters, come from.
    pub(crate) cotangents: Vec<Export>,
    pub(crate) parameter_cotangent: Export,
    /// How evaluation runs over many points, once it was asked to.
    pub(super) blocks: OnceLock<Blocks<T>>,
    pub(super) isa: Isa,
    /// Whether machine code is wanted, where there is such.
    pub(super) compiled: bool,
}

/// Elements of the file in the order of an output.
#[derive(Clone, Debug)]
pub(crate) enum Export {
    Run(Range<usize>),
    Gather(Box<[u32]>),
}

impl Export {
    pub(crate) fn of(addresses: &[u32]) -> Export {
        let first = addresses.first().map_or(0, |&at| at as usize);
        if addresses
            .iter()
            .enumerate()
            .all(|(i, &at)| at as usize == first + i)
        {
            Export::Run(first..first + addresses.len())
        } else {
            Export::Gather(addresses.into())
        }
    }

    /// Where the numbers of the output are.
    pub(super) fn addresses(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match self {
            Export::Run(range) => Box::new(range.clone().map(|at| at as u32)),
            Export::Gather(from) => Box::new(from.iter().copied()),
        }
    }

    /// Where number `i` of the output is.
    pub(super) fn address(&self, i: usize) -> usize {
        match self {
            Export::Run(range) => range.start + i,
            Export::Gather(from) => from[i] as usize,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Export::Run(range) => range.len(),
            Export::Gather(from) => from.len(),
        }
    }

    /// Past all addresses.
    pub(super) fn end(&self) -> usize {
        match self {
            Export::Run(range) => range.end,
            Export::Gather(from) => from.iter().max().map_or(0, |&at| at as usize + 1),
        }
    }

    fn copy<T: Registers>(&self, file: &[T], to: &mut [T]) {
        if to.len() <= FEW {
            let (pairs, rest) = to.as_chunks_mut::<2>();
            let whole = 2 * pairs.len();
            for (i, to) in pairs.iter_mut().enumerate() {
                let [a, b] = [2 * i, 2 * i + 1].map(|i| &file[self.address(i)]);
                write_pair(to, a, b);
            }
            for to in rest {
                *to = file[self.address(whole)];
            }
            return;
        }
        match self {
            Export::Run(range) => copy(to, &file[range.clone()]),
            Export::Gather(from) => {
                for (to, &from) in to.iter_mut().zip(from) {
                    *to = file[from as usize];
                }
            }
        }
    }
}

/// Outputs of no more numbers are those of small states.
const FEW: usize = 8;

/// Copies two numbers that were just written one by one to where they will be read by two: read so, or written one by one, they would be waited for
/// until they have left the processor's queue of writes.
#[inline(always)]
fn write_pair<T: Registers>(to: &mut [T; 2], a: &T, b: &T) {
    #[cfg(target_arch = "x86_64")]
    if size_of::<T>() == size_of::<f64>() {
        use std::arch::x86_64::{_mm_set_pd, _mm_storeu_pd};
        let [a, b] = [a, b].map(|x| std::ptr::from_ref(x).cast::<f64>());
        // SAFETY: of this size only f64 is a number of registers; every x86-64 has these instructions. Volatile, so that the two reads stay two.
        unsafe {
            let pair = _mm_set_pd(b.read_volatile(), a.read_volatile());
            _mm_storeu_pd(to.as_mut_ptr().cast(), pair);
        }
        return;
    }
    *to = [*a, *b];
}

/// A copy, to where there may be room for more, that does not call `memcpy` for a few numbers: by two pieces that may overlap.
#[inline(always)]
fn copy<T: Copy>(to: &mut [T], from: &[T]) {
    match from.len() {
        0 => {}
        1 => to[0] = from[0],
        2..4 => copy_ends::<T, 2>(to, from),
        4..=8 => copy_ends::<T, 4>(to, from),
        len => to[..len].copy_from_slice(from),
    }
}

/// Copies the first and the last N numbers of at most twice as many.
#[inline(always)]
fn copy_ends<T: Copy, const N: usize>(to: &mut [T], from: &[T]) {
    let to = &mut to[..from.len()];
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk::<N>()) {
        *to = *from;
    }
}

/// Accumulators are added in blocks of so many.
const BLOCK: usize = 4;

impl<T: Registers> Plain<T> {
    /// Compiles any function.
    pub(super) fn compile(source: &Source<T>, signature: &Signature, isa: Isa) -> Plain<T> {
        let lowered = Lowered::new(source, signature, None, isa.lanes::<T>());
        let mut lowered = lowered.expect("row-major memory fits all");
        let parameter_cotangent = signature
            .parameter_cotangent
            .map(|node| lowered.lower.value(node));
        let guards = source.guards.iter().flatten();
        let guards: Vec<Value> = guards.map(|&node| lowered.lower.value(node)).collect();
        let ends = [
            slots(lowered.outputs.iter().chain(&guards)),
            slots(lowered.cotangents.iter().chain(&parameter_cotangent)),
        ];
        let layout = lowered.finish(&ends, isa.lanes::<T>());
        let export = |values: &[Value]| {
            let places = values
                .iter()
                .flat_map(|value| lowered.lower.elements(value));
            let addresses: Vec<u32> = places.map(|place| layout.at(place)).collect();
            Export::of(&addresses)
        };
        let range = |value: &Value| match *value {
            Value::Array(first, len) => {
                let start = layout.at(first) as usize;
                start..start + len
            }
            _ => unreachable!("inputs lie in row-major order"),
        };
        let steps =
            std::array::from_fn(|phase| assemble(&lowered.phases[phase], &layout, isa, None));
        let lists = steps.iter().all(|steps| Self::list(steps).is_ok());
        let kept = layout.shared - layout.kept;
        let inputs: Vec<Range<usize>> = lowered.inputs.iter().map(range).collect();
        let (output, guards) = (export(&lowered.outputs), export(&guards));
        let mut plain = Plain {
            blocks: OnceLock::new(),
            isa,
            compiled: true,
            steps,
            machine: [None, None],
            constants: lowered.literals(&layout),
            file: layout.len,
            kept: layout.kept..layout.shared,
            // What a file holds beside them is copied or written again in each; a list reads and writes both.
            files: !lists && layout.len <= 2 * kept,
            parameters: lowered.parameters.as_ref().map_or(0..0, range),
            inputs,
            output,
            guards,
            cotangent: lowered.cotangent.as_ref().map_or(0..0, range),
            cotangents: lowered
                .cotangents
                .iter()
                .map(|value| export(std::slice::from_ref(value)))
                .collect(),
            parameter_cotangent: export(parameter_cotangent.as_slice()),
        };
        plain.compile_lists();
        plain
    }
}

impl<T: Registers> Plain<T> {
    /// Phases, or at least lists and chains, become machine code, where there is such.
    fn compile_lists(&mut self) {
        let isa = self.isa;
        for phase in 0..2 {
            if !self.files {
                self.machine[phase] = self.function(phase, isa);
            }
            if self.machine[phase].is_none() {
                step::compile(&mut self.steps[phase], isa);
            }
        }
    }

    /// Undoes that.
    pub(super) fn interpret(&mut self) {
        self.machine = [None, None];
        self.steps.iter_mut().for_each(step::interpret);
        self.blocks = OnceLock::new();
        self.compiled = false;
    }

    /// Numbers of a workspace beside its frames: the file, then the accumulators.
    pub(crate) fn shared_len(&self) -> usize {
        self.file + self.parameters.len().next_multiple_of(BLOCK)
    }

    /// Where a·∂f/∂θ begins in a frame.
    fn terms(&self) -> usize {
        if self.files {
            self.file
        } else {
            self.kept.len()
        }
    }

    pub(crate) fn frame_len(&self) -> usize {
        self.terms() + self.parameters.len().next_multiple_of(BLOCK)
    }

    pub(crate) fn prepare(&self, shared: &mut [T]) {
        shared[..self.constants.len()].copy_from_slice(&self.constants);
    }

    pub(crate) fn set_params(&self, shared: &mut [T], theta: &[T]) {
        shared[self.parameters.clone()].copy_from_slice(theta);
    }

    #[inline]
    fn run(&self, phase: usize, file: &mut [T]) {
        assert!(file.len() >= self.file);
        let file = file.as_mut_ptr();
        let memory = Memory {
            constants: file,
            frame: file,
            kept: &[],
        };
        for step in &self.steps[phase] {
            // SAFETY: addresses were given by `allocate` inside a file of this length, which this is and nobody else sees;
            // the kernels were chosen for this processor.
            unsafe { step.run(&memory) };
        }
    }

    /// # Safety
    /// Inputs and output have the function's lengths.
    #[inline]
    pub(crate) unsafe fn eval(
        &self,
        shared: &mut [T],
        frame: &mut [T],
        inputs: &[&[T]],
        out: &mut [T],
    ) {
        if let Some(code) = &self.machine[0] {
            let (file, frame) = (shared.as_mut_ptr(), frame.as_mut_ptr());
            // The code only reads what an evaluation is given.
            let input = |i: usize| inputs[i].as_ptr().cast_mut();
            // SAFETY: the caller's lengths are those that the code was made for.
            return unsafe { code.call(file, frame, out.as_mut_ptr(), inputs.len(), input) };
        }
        self.eval_steps(shared, frame, inputs, out);
    }

    /// Evaluation step by step.
    #[inline(never)]
    fn eval_steps(&self, shared: &mut [T], frame: &mut [T], inputs: &[&[T]], out: &mut [T]) {
        if self.files {
            let constants = ..self.kept.start;
            frame[constants].copy_from_slice(&shared[constants]);
            self.eval_file(frame, inputs, out);
            for at in self.guards.addresses().map(|at| at as usize) {
                shared[at] = frame[at];
            }
        } else {
            self.eval_file(shared, inputs, out);
            copy(&mut frame[..self.kept.len()], &shared[self.kept.clone()]);
        }
    }

    #[inline(always)]
    fn eval_file(&self, file: &mut [T], inputs: &[&[T]], out: &mut [T]) {
        for i in 0..inputs.len() {
            copy(&mut file[self.inputs[i].clone()], inputs[i]);
        }
        self.run(0, file);
        self.output.copy(file, out);
    }

    /// The two sides of guard `i` in the last evaluation.
    pub(crate) fn guard(&self, shared: &[T], i: usize) -> [T; 2] {
        [2 * i, 2 * i + 1].map(|side| shared[self.guards.address(side)])
    }

    /// # Safety
    /// Cotangents have the function's lengths.
    #[inline]
    pub(crate) unsafe fn products(
        &self,
        shared: &mut [T],
        frame: &mut [T],
        a: &[T],
        cotangents: &mut [&mut [T]],
    ) {
        if let Some(code) = &self.machine[1] {
            let (file, frame) = (shared.as_mut_ptr(), frame.as_mut_ptr());
            let (count, a) = (cotangents.len(), a.as_ptr().cast_mut());
            let output = |i: usize| cotangents[i].as_mut_ptr();
            // SAFETY: the caller's lengths are those that the code was made for; it only reads the cotangent.
            return unsafe { code.call(file, frame, a, count, output) };
        }
        self.products_steps(shared, frame, a, cotangents);
    }

    /// Products step by step.
    #[inline(never)]
    fn products_steps(
        &self,
        shared: &mut [T],
        frame: &mut [T],
        a: &[T],
        cotangents: &mut [&mut [T]],
    ) {
        let (own, terms) = frame.split_at_mut(self.terms());
        let file = if self.files {
            own
        } else {
            copy(&mut shared[self.kept.clone()], own);
            shared
        };
        copy(&mut file[self.cotangent.clone()], a);
        self.run(1, file);
        for i in 0..cotangents.len() {
            self.cotangents[i].copy(file, cotangents[i]);
        }
        let terms = &mut terms[..self.parameters.len()];
        self.parameter_cotangent.copy(file, terms);
    }

    /// Adds the terms that lie in some frames, so far apart.
    pub(crate) fn accumulate(
        &self,
        shared: &mut [T],
        frames: &[T],
        stride: usize,
        some: &[(usize, T)],
    ) {
        let first = self.terms();
        let (blocks, _) = shared[self.file..].as_chunks_mut::<BLOCK>();
        for b in 0..blocks.len() {
            let mut sum = blocks[b];
            for &(frame, weight) in some {
                let at = frame * stride + first + b * BLOCK;
                let terms: &[T; BLOCK] = frames[at..].first_chunk().expect("frames are padded");
                for i in 0..BLOCK {
                    sum[i] = sum[i] + weight * terms[i];
                }
            }
            blocks[b] = sum;
        }
    }

    pub(crate) fn finish(&self, shared: &mut [T], gradient: &mut [T]) {
        gradient.copy_from_slice(&shared[self.file..][..gradient.len()]);
        self.zero(shared);
    }

    pub(crate) fn zero(&self, shared: &mut [T]) {
        shared[self.file..].fill(T::ZERO);
    }
}
