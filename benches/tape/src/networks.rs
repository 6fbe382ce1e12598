//! Networks as programs, and the time of f and of its products.

use super::measure::race;
use costate_tape::{Function, Isa, Lane, Program, Scalar, Workspace};
use std::hint::black_box;

/// Evaluations whose parameter products are added up together, if the program likes so many: those of a step.
pub const STEP: usize = 6;

/// A compiled network with memory for a step.
pub struct Net<T> {
    program: Program<T>,
    workspace: Workspace<T>,
    h: Vec<T>,
    out: Vec<T>,
    frames: Vec<(usize, T)>,
}

impl<T: Lane> Net<T> {
    /// Over `batch` states; the first layer sees their cubes where `cube`.
    pub fn new(widths: &[usize], batch: usize, cube: bool, isa: Isa) -> Self {
        let f = function::<T>(widths, batch, cube);
        let program = Program::with_products_for(&f, 2, isa).expect("a network can be compiled");
        // One frame where they are dealt with one by one: several large ones would leave the cache, and memory be measured.
        let kept = program.accumulates_at_once().min(STEP);
        let mut workspace = program.workspace(kept);
        let number = |i: usize| T::from_f64(0.4 * (1.0 + 7.3 * i as f64).sin());
        let theta: Vec<T> = (0..program.parameter_len()).map(number).collect();
        program.set_params(&mut workspace, &theta);
        let h: Vec<T> = (0..batch * widths[0]).map(number).collect();
        let out = h.clone();
        let frames = (0..kept).map(|frame| (frame, T::from_f64(1.0))).collect();
        let mut net = Net {
            program,
            workspace,
            h,
            out,
            frames,
        };
        for frame in 0..kept {
            net.eval(frame);
        }
        net
    }

    fn eval(&mut self, frame: usize) {
        let t = [T::from_f64(0.0)];
        let inputs = [black_box(&self.h[..]), &t];
        let out = black_box(&mut self.out);
        self.program.eval(&mut self.workspace, frame, &inputs, out);
    }

    pub fn evaluations(&mut self, count: usize) {
        for i in 0..count {
            self.eval(i % self.frames.len());
        }
    }

    /// `count` times all products of the kept evaluations.
    pub fn products(&mut self, count: usize) {
        for _ in 0..count {
            for (frame, _) in &self.frames {
                let mut t = [T::from_f64(0.0)];
                let a = black_box(&self.h[..]);
                let mut cotangents = [black_box(&mut self.out[..]), &mut t];
                self.program
                    .products(&mut self.workspace, *frame, a, &mut cotangents);
            }
            self.program.accumulate(&mut self.workspace, &self.frames);
        }
    }

    /// Seconds of f, and of the products of one evaluation.
    pub fn times(&mut self) -> [f64; 2] {
        let f = race(&mut [&mut |calls| self.evaluations(calls)])[0];
        let kept = race(&mut [&mut |calls| self.products(calls)])[0];
        [f, kept / self.frames.len() as f64]
    }
}

/// Floating-point operations of f and of the products, those of the activations not counted.
pub fn flops(widths: &[usize], batch: usize) -> [f64; 2] {
    let products: usize = widths.windows(2).map(|w| w[0] * w[1]).sum();
    let one = 2.0 * (products * batch) as f64;
    [one, 2.0 * one]
}

/// Linear layers with tanh between, of h, t and θ: for each layer its weights \[out, in\] and its bias.
fn function<T: Lane>(widths: &[usize], batch: usize, cube: bool) -> Function<T> {
    let parameters: usize = widths.windows(2).map(|w| w[1] * (w[0] + 1)).sum();
    let (state, theta) = ([batch, widths[0]], [parameters]);
    let inputs: [(&str, &[usize]); 3] = [("h", &state), ("t", &[]), ("theta", &theta)];
    let f = Function::record(&inputs, |v| {
        let mut x = if cube { v[0].powi(3) } else { v[0] };
        let mut at = 0;
        for (i, w) in widths.windows(2).enumerate() {
            let weights = w[0] * w[1];
            let weight = v[2].slice(0, at..at + weights).reshape([w[1], w[0]]);
            let bias = v[2].slice(0, at + weights..at + weights + w[1]);
            at += weights + w[1];
            x = x.matmul_with(weight, false, true) + bias;
            if i + 2 < widths.len() {
                x = x.tanh();
            }
        }
        vec![x]
    });
    f.expect("the names of the inputs are distinct")
}
