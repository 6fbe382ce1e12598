//! Batches over panels: every frame is a file of its own, parameters are packed once for all of them.

use super::allocate::Layout;
use super::compile::Signature;
use super::geometry::Geometry;
use super::layers::{Constants, ParameterStep};
use super::lowered::{Lowered, slots};
use super::parameters::{Part, parts};
use super::place::{Place, Value};
use super::source::Source;
use super::step::{self, Step, assemble};
use crate::kernel::dispatch::{Isa, Memory, Registers};

/// How far past an array's end the kernels may read, in registers: eight rows of the widest panel.
const OVERHANG: usize = 8 * 4;

/// A compiled function of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Batch<T> {
    /// Evaluation, then products.
    pub(crate) steps: [Vec<Step<T>>; 2],
    pub(crate) parameter_steps: Vec<ParameterStep<T>>,
    pub(crate) constants: Constants,
    /// Where sums begin among the constants: behind all packed parameters.
    pub(crate) sums: usize,
    /// Where single parameters go in a frame, and where they are among the constants.
    pub(crate) copies: Vec<(usize, usize)>,
    /// The literals with which every frame begins.
    pub(crate) literals: Vec<T>,
    pub(crate) frame: usize,
    /// How far past an array kernels may read.
    pub(crate) overhang: usize,
    pub(crate) inputs: Vec<Port>,
    pub(crate) output: Port,
    pub(crate) cotangent: Port,
    pub(crate) cotangents: Vec<Port>,
    /// Evaluations whose parameter products are best done together.
    pub(crate) at_once: usize,
    /// Whether weights are read once for several evaluations.
    pub(crate) shares: bool,
}

/// An input or output: runs of numbers in the frame that follow each other outside.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    /// Begin in the frame and length.
    pub(crate) runs: Vec<(usize, usize)>,
    /// The packed order, if it is not the natural one.
    pub(crate) order: Option<Vec<usize>>,
}

impl Port {
    fn new(value: &Value, geometry: &Geometry, layout: &Layout) -> Port {
        match *value {
            Value::Panels(slot, units) => {
                let begin = layout.at(Place::new(slot)) as usize;
                let runs = geometry.runs(units).into_iter();
                Port {
                    runs: runs.map(|(start, len)| (begin + start, len)).collect(),
                    order: Some(geometry.permutation(units)),
                }
            }
            Value::Array(first, len) => Port {
                runs: vec![(layout.at(first) as usize, len)],
                order: None,
            },
            _ => unreachable!("what enters and leaves a batch is in panels or side by side"),
        }
    }

    fn enter<T: Copy>(&self, frame: &mut [T], from: &[T]) {
        let mut at = 0;
        for &(begin, len) in &self.runs {
            frame[begin..begin + len].copy_from_slice(&from[at..at + len]);
            at += len;
        }
    }

    fn leave<T: Copy>(&self, frame: &[T], to: &mut [T]) {
        let mut at = 0;
        for &(begin, len) in &self.runs {
            to[at..at + len].copy_from_slice(&frame[begin..begin + len]);
            at += len;
        }
    }
}

impl<T: Registers> Batch<T> {
    /// Compiles a function of a batch in which samples meet only parameters; none if it is another.
    pub(super) fn compile(source: &Source<T>, signature: &Signature, isa: Isa) -> Option<Batch<T>> {
        if !source.guards.is_empty() {
            return None;
        }
        // A state is a batch, or a vector, which is a batch of one.
        let size = match *source.nodes[signature.outputs[0]].shape {
            [samples, units] if units > 0 => samples,
            [units] if units > 0 => 1,
            _ => return None,
        };
        if size == 0 {
            return None;
        }
        let lanes = isa.lanes::<T>();
        let weights = size_of::<T>() * source.largest_matrix(size);
        let geometry = Geometry::new(size, lanes, isa.registers::<T>(), weights);
        let mut lowered = Lowered::new(source, signature, Some(&geometry), 0).ok()?;
        if !lowered.has_layers() {
            return None;
        }
        let parts = parts(
            &lowered.lower,
            &lowered.lower.value(signature.parameter_cotangent?),
        )?;
        let ends = [
            slots(&lowered.outputs),
            slots(&lowered.cotangents),
            parts.iter().flat_map(Part::reads).collect(),
        ];
        lowered.lower.forget_virtual_memory();
        let layout = lowered.finish(&ends, lanes);
        let port = |value: &Value| Port::new(value, &geometry, &layout);
        let mut constants = Constants::new::<T>(isa, geometry.clone());
        let mut steps: [Vec<Step<T>>; 2] = std::array::from_fn(|phase| {
            assemble(&lowered.phases[phase], &layout, isa, Some(&mut constants))
        });
        steps.iter_mut().for_each(|steps| step::compile(steps, isa));
        let copies = &lowered.lower.copies;
        let copied = constants.copies(copies.keys().copied().collect());
        let copies = copies.values().map(|&place| layout.at(place) as usize);
        let copies = copies.zip(copied..).collect();
        let sums = constants.len;
        let at = |slot: u32| layout.at(Place::new(slot)) as usize;
        let parameter_steps = parts.iter().flat_map(|part| match part {
            Part::Outer { left, right, to } => constants.outer(at(*left), at(*right), *to),
            Part::Sum { of, to } => constants.sum(at(*of), *to),
            Part::Numbers(numbers) => {
                let from = numbers.iter().map(|(place, _)| layout.at(*place));
                let to = numbers.iter().map(|&(_, to)| to);
                vec![constants.numbers(from.collect(), to.collect())]
            }
        });
        Some(Batch {
            steps,
            parameter_steps: parameter_steps.collect(),
            sums,
            copies,
            constants,
            literals: lowered.literals(&layout),
            frame: layout.len,
            overhang: OVERHANG * lanes,
            inputs: lowered.inputs.iter().map(port).collect(),
            output: port(&lowered.outputs[0]),
            cotangent: port(lowered.cotangent.as_ref()?),
            cotangents: lowered.cotangents.iter().map(port).collect(),
            // Several evaluations together keep the sums in registers for longer, until their arrays leave the cache.
            at_once: if size < 8 * lanes { usize::MAX } else { 1 },
            shares: size == 1,
        })
    }

    pub(crate) fn shared_len(&self) -> usize {
        self.constants.len
    }

    pub(crate) fn frame_len(&self) -> usize {
        self.frame
    }

    pub(crate) fn overhang(&self) -> usize {
        self.overhang
    }

    pub(crate) fn accumulates_at_once(&self) -> usize {
        self.at_once
    }

    pub(crate) fn order(&self, input: usize) -> Option<&[usize]> {
        self.inputs[input].order.as_deref()
    }

    pub(crate) fn prepare_frame(&self, frame: &mut [T]) {
        frame[..self.literals.len()].copy_from_slice(&self.literals);
    }

    pub(crate) fn set_params(&self, shared: &mut [T], theta: &[T]) {
        for pack in &self.constants.packs {
            pack.run(theta, shared);
        }
    }

    fn run(&self, phase: usize, shared: &mut [T], frame: &mut [T]) {
        assert!(shared.len() == self.shared_len() && frame.len() >= self.frame + self.overhang);
        let memory = Memory {
            constants: shared.as_mut_ptr(),
            frame: frame.as_mut_ptr(),
            kept: &[],
        };
        for step in &self.steps[phase] {
            // SAFETY: addresses were given inside a frame and constants of these lengths, which nobody else sees meanwhile; the
            // kernels were chosen for this processor.
            unsafe { step.run(&memory) };
        }
    }

    #[inline(never)]
    pub(crate) fn eval(&self, shared: &mut [T], frame: &mut [T], inputs: &[&[T]], out: &mut [T]) {
        for (input, port) in inputs.iter().zip(&self.inputs) {
            port.enter(frame, input);
        }
        for &(to, from) in &self.copies {
            frame[to] = shared[from];
        }
        self.run(0, shared, frame);
        self.output.leave(frame, out);
    }

    #[inline(never)]
    pub(crate) fn products(
        &self,
        shared: &mut [T],
        frame: &mut [T],
        a: &[T],
        cotangents: &mut [&mut [T]],
    ) {
        self.cotangent.enter(frame, a);
        self.run(1, shared, frame);
        for (to, port) in cotangents.iter_mut().zip(&self.cotangents) {
            port.leave(frame, to);
        }
    }

    /// [`eval`](Batch::eval) in `count` frames, `stride` apart.
    pub(crate) fn eval_frames(
        &self,
        shared: &mut [T],
        frames: &mut [T],
        (count, stride): (usize, usize),
        inputs: &[&[T]],
        out: &mut [T],
    ) {
        for (k, frame) in frames.chunks_mut(stride).take(count).enumerate() {
            for (input, port) in inputs.iter().zip(&self.inputs) {
                let len = input.len() / count;
                port.enter(frame, &input[k * len..][..len]);
            }
            for &(to, from) in &self.copies {
                frame[to] = shared[from];
            }
        }
        self.run_frames(0, shared, frames, (count, stride));
        let len = out.len() / count;
        for (frame, out) in frames.chunks(stride).zip(out.chunks_mut(len)) {
            self.output.leave(frame, out);
        }
    }

    /// [`products`](Batch::products) of `count` frames, `stride` apart.
    pub(crate) fn products_frames(
        &self,
        shared: &mut [T],
        frames: &mut [T],
        (count, stride): (usize, usize),
        a: &[T],
        cotangents: &mut [&mut [T]],
    ) {
        let rows = a.chunks(a.len() / count);
        for (frame, a) in frames.chunks_mut(stride).zip(rows) {
            self.cotangent.enter(frame, a);
        }
        self.run_frames(1, shared, frames, (count, stride));
        for (to, port) in cotangents.iter_mut().zip(&self.cotangents) {
            let rows = to.chunks_mut(to.len() / count);
            for (frame, to) in frames.chunks(stride).zip(rows) {
                port.leave(frame, to);
            }
        }
    }

    fn run_frames(
        &self,
        phase: usize,
        shared: &mut [T],
        frames: &mut [T],
        (count, stride): (usize, usize),
    ) {
        assert!(
            shared.len() == self.shared_len()
                && count > 0
                && stride >= self.frame
                && frames.len() >= count * stride + self.overhang
        );
        let memory = Memory {
            constants: shared.as_mut_ptr(),
            frame: frames.as_mut_ptr(),
            kept: &[],
        };
        for step in &self.steps[phase] {
            // SAFETY: as in `run`, for each of the frames.
            unsafe { step.run_frames(&memory, count, stride) };
        }
    }

    pub(crate) fn accumulate(&self, shared: &mut [T], frames: &mut [T], kept: &[(usize, T)]) {
        assert!(shared.len() == self.shared_len());
        assert!(
            kept.iter()
                .all(|(frame, _)| frame + self.frame + self.overhang <= frames.len())
        );
        let weighted = kept.iter().any(|&(_, weight)| weight != T::ONE);
        let memory = Memory {
            constants: shared.as_mut_ptr(),
            frame: frames.as_mut_ptr(),
            kept,
        };
        for step in &self.parameter_steps {
            // SAFETY: as in `run`; kernels read each kept frame, and write sums among the constants.
            unsafe {
                match step {
                    ParameterStep::Outer(run, args) => run[usize::from(weighted)](&memory, args),
                    ParameterStep::Sum(run, args) => run(&memory, args),
                    ParameterStep::Numbers(run, args) => run(&memory, args),
                }
            }
        }
    }

    pub(crate) fn finish(&self, shared: &mut [T], gradient: &mut [T]) {
        gradient.fill(T::ZERO);
        for fold in &self.constants.folds {
            fold.run(shared, gradient);
        }
        self.zero(shared);
    }

    pub(crate) fn zero(&self, shared: &mut [T]) {
        shared[self.sums..].fill(T::ZERO);
    }
}
