//! Several evaluations at once: a layer over one sample waits for its weights, so it reads them once for all.

use super::{Lane, Lowering, Program, Workspace, frame_exists, same_len};
use std::ops::Range;

impl<T: Lane> Program<T> {
    /// How many evaluations [`eval_frames`](Program::eval_frames) and [`products_frames`](Program::products_frames) like at once: one, unless weights that are
    /// many more than the numbers of a sample are then read once for several.
    pub fn evaluates_at_once(&self) -> usize {
        match &self.lowering {
            Lowering::Batch(batch) if batch.shares => usize::MAX,
            _ => 1,
        }
    }

    /// [`eval`](Program::eval) into each of `frames`, at inputs that follow one another in `inputs`, as the outputs do in `out`. The same but for rounding.
    ///
    /// # Panics
    /// As [`eval`](Program::eval).
    ///
    /// ```
    /// use costate_tape::{Function, Program, Var};
    ///
    /// let inputs: [(&str, &[usize]); 3] = [("h", &[1, 2]), ("t", &[]), ("theta", &[2, 2])];
    /// let f = Function::record(&inputs, |v: &[Var<f64>]| vec![v[0].matmul(v[2]) * v[1]])?;
    /// let program = Program::with_products(&f, 2)?;
    /// let mut workspace = program.workspace(2);
    /// program.set_params(&mut workspace, &[1.0, 2.0, 3.0, 4.0]);
    ///
    /// let (mut dh, mut a_h, mut a_t) = ([0.0; 4], [0.0; 4], [0.0; 2]);
    /// program.eval_frames(&mut workspace, 0..2, [&[1.0, 0.0, 0.0, 1.0], &[1.0, 10.0]], &mut dh);
    /// program.products_frames(&mut workspace, 0..2, &[1.0, 0.0, 0.0, 1.0], [&mut a_h, &mut a_t]);
    /// assert_eq!(dh, [1.0, 2.0, 30.0, 40.0]);
    /// assert_eq!((a_h, a_t), ([1.0, 3.0, 20.0, 40.0], [1.0, 4.0]));
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[track_caller]
    pub fn eval_frames<const N: usize>(
        &self,
        workspace: &mut Workspace<T>,
        frames: Range<usize>,
        inputs: [&[T]; N],
        out: &mut [T],
    ) {
        self.check(workspace);
        let count = frames.len();
        same_len("inputs", N, self.inputs.len());
        for (input, (name, len)) in inputs.iter().zip(&self.inputs) {
            same_len(name, input.len(), count * len);
        }
        same_len("output", out.len(), count * self.output);
        match &self.lowering {
            Lowering::Batch(batch) if batch.shares && count > 1 => {
                let (shared, all, stride) = self.several(workspace, &frames);
                batch.eval_frames(shared, all, (count, stride), &inputs, out);
            }
            _ => {
                for (k, frame) in frames.enumerate() {
                    let input = |input: &[T]| input.len() / count;
                    let inputs = inputs.map(|all| &all[k * input(all)..][..input(all)]);
                    let out = &mut out[k * self.output..][..self.output];
                    self.eval(workspace, frame, &inputs, out);
                }
            }
        }
    }

    /// [`products`](Program::products) of each of `frames`, with rows that follow one another in `a`, as the products do in each of `cotangents`. The same but
    /// for rounding.
    ///
    /// # Panics
    /// As [`products`](Program::products).
    #[track_caller]
    pub fn products_frames<const N: usize>(
        &self,
        workspace: &mut Workspace<T>,
        frames: Range<usize>,
        a: &[T],
        mut cotangents: [&mut [T]; N],
    ) {
        self.check(workspace);
        let count = frames.len();
        same_len("cotangent of the output", a.len(), count * self.output);
        same_len("cotangents", N, self.inputs.len());
        for (cotangent, (name, len)) in cotangents.iter().zip(&self.inputs) {
            same_len(name, cotangent.len(), count * len);
        }
        match &self.lowering {
            Lowering::Batch(batch) if batch.shares && count > 1 => {
                let (shared, all, stride) = self.several(workspace, &frames);
                batch.products_frames(shared, all, (count, stride), a, &mut cotangents);
            }
            _ => {
                for (k, frame) in frames.enumerate() {
                    let mut views = cotangents.each_mut().map(|all| {
                        let len = all.len() / count;
                        &mut all[k * len..][..len]
                    });
                    let a = &a[k * self.output..][..self.output];
                    self.products(workspace, frame, a, &mut views);
                }
            }
        }
    }

    /// The shared memory, the memory of some frames that follow one another, with the overhang, and their distance.
    #[track_caller]
    fn several<'a>(
        &self,
        workspace: &'a mut Workspace<T>,
        frames: &Range<usize>,
    ) -> (&'a mut [T], &'a mut [T], usize) {
        frame_exists(frames.end - 1, workspace.count);
        let stride = self.memory.stride;
        let frames = &mut workspace.frames.as_mut_slice()
            [frames.start * stride..frames.end * stride + self.memory.overhang];
        (workspace.shared.as_mut_slice(), frames, stride)
    }
}
