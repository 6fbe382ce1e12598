//! Batches over panels: every frame is a file of its own, parameters are packed once for all of them.

use super::layers::{Constants, ParameterStep};
use super::step::Step;
use crate::kernel::dispatch::{Memory, Registers};

/// A compiled function of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Batch<T> {
    /// Evaluation, then products.
    pub(crate) steps: [Vec<Step<T>>; 2],
    pub(crate) parameter_steps: Vec<ParameterStep<T>>,
    pub(crate) constants: Constants,
    /// Where sums begin among the constants: behind all packed parameters.
    pub(crate) sums: usize,
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

    pub(crate) fn eval(&self, shared: &mut [T], frame: &mut [T], inputs: &[&[T]], out: &mut [T]) {
        for (input, port) in inputs.iter().zip(&self.inputs) {
            port.enter(frame, input);
        }
        self.run(0, shared, frame);
        self.output.leave(frame, out);
    }

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
