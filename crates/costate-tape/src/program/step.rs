//! Steps with addresses, ready to run.

use super::algebra::Dense;
use super::allocate::Layout;
use super::chain::chain;
use super::draft::Draft;
use super::jit::MachineCode;
use super::layers::Constants;
use super::place::Place;
use crate::kernel::array::{Gather, Runs, Scatter, SumAxis};
use crate::kernel::dispatch::{Isa, Memory, Registers, Run, select};
use crate::kernel::dots::MatMulTransposed;
use crate::kernel::elementwise::{Chain, Elementwise};
use crate::kernel::matmul::MatMul;
use crate::kernel::narrow::Narrow;
use crate::kernel::packed::Packed;
use crate::kernel::panel::Linear;
use crate::kernel::straight::{Instruction, Straight};

/// A kernel with its arguments.
#[derive(Clone, Debug)]
pub(crate) enum Step<T> {
    Straight(Straight<T>),
    /// The steps are what it was made of.
    Machine(MachineCode<T>, Box<[Step<T>]>),
    Chain(Run<T, Chain>, Chain),
    MatMul(Run<T, MatMul>, MatMul),
    MatMulTransposed(Run<T, MatMulTransposed>, MatMulTransposed),
    Sum(Run<T, SumAxis>, SumAxis),
    Gather(Run<T, Gather>, Gather),
    Runs(Run<T, Runs>, Runs),
    Scatter(Run<T, Scatter>, Scatter),
    /// The second kernel is for several frames at once, where a layer has one.
    Linear(Run<T, Linear>, Option<Run<T, Linear>>, Linear),
    Algebra(Run<T, Dense>, Dense),
}

impl<T: Registers> Step<T> {
    /// What it is called in messages, if it works on arrays.
    pub(super) fn array(&self) -> Option<&'static str> {
        match self {
            Step::Straight(..) => None,
            Step::Machine(_, steps) => steps.iter().find_map(Step::array),
            Step::Chain(..) => Some("an elementwise operation on an array"),
            Step::MatMul(..) | Step::MatMulTransposed(..) => Some("a matrix product"),
            Step::Sum(..) => Some("a sum over an array"),
            Step::Gather(..) | Step::Runs(..) | Step::Scatter(..) => {
                Some("a movement of an array's elements")
            }
            Step::Linear(..) => Some("a layer"),
            Step::Algebra(..) => Some("a linear system"),
        }
    }

    /// Runs the kernel.
    ///
    /// # Safety
    /// `memory` is a file of the layout that the step was made for, and the processor has the instruction set.
    #[inline]
    pub(crate) unsafe fn run(&self, memory: &Memory<'_, T>) {
        // SAFETY: the caller's.
        unsafe {
            match self {
                Step::Straight(list) => list.run(memory.frame),
                Step::Machine(code, _) => code.run(memory),
                Step::Chain(run, args) => run(memory, args),
                Step::MatMul(run, args) => run(memory, args),
                Step::MatMulTransposed(run, args) => run(memory, args),
                Step::Sum(run, args) => run(memory, args),
                Step::Gather(run, args) => run(memory, args),
                Step::Runs(run, args) => run(memory, args),
                Step::Scatter(run, args) => run(memory, args),
                Step::Linear(run, _, args) => run(memory, args),
                Step::Algebra(run, args) => run(memory, args),
            }
        }
    }

    /// Runs the kernel for `count` frames that are `stride` apart, the first of them that of `memory`.
    ///
    /// # Safety
    /// As [`run`](Step::run), for each of the frames.
    pub(crate) unsafe fn run_frames(&self, memory: &Memory<'_, T>, count: usize, stride: usize) {
        // SAFETY: the caller's. To a layer, frames are rows that are so far apart.
        unsafe {
            if let Step::Linear(_, Some(run), args) = self {
                let rows = Linear {
                    panels: count,
                    x_panel: stride,
                    o_panel: stride,
                    ..args.clone()
                };
                return run(memory, &rows);
            }
            for k in 0..count {
                self.run(&Memory {
                    frame: memory.frame.add(k * stride),
                    ..*memory
                });
            }
        }
    }
}

/// Bytes of code for the chains of a phase: more than a processor keeps at hand would be read from memory at every run, which takes longer
/// than interpreting them.
const CODE: usize = 2 << 20;

/// Lists, and chains that can be done together, become machine code, if there is such.
pub(super) fn compile<T: Registers>(steps: &mut Vec<Step<T>>, isa: Isa) {
    let mut written = 0;
    let mut rest = std::mem::take(steps).into_iter();
    loop {
        let chains = rest.as_slice().iter().map_while(|step| match step {
            Step::Chain(_, chain) => Some(chain),
            _ => None,
        });
        let compiled = match rest.as_slice() {
            [] => return,
            [Step::Straight(straight), ..] => {
                MachineCode::of_file(&straight.list, isa).map(|code| (code, 1))
            }
            _ if written < CODE => {
                let compiled = MachineCode::of_chains(chains, isa);
                written += compiled.as_ref().map_or(0, |(code, _)| code.bytes());
                compiled
            }
            _ => None,
        };
        let (code, taken) = compiled.unzip();
        let taken = taken.unwrap_or(1);
        let own = rest.by_ref().take(taken);
        match code {
            Some(code) => steps.push(Step::Machine(code, own.collect())),
            None => steps.extend(own),
        }
    }
}

/// Undoes [`compile`].
pub(super) fn interpret<T>(steps: &mut Vec<Step<T>>) {
    let single = |step: Step<T>| match step {
        Step::Machine(_, steps) => steps.into_vec(),
        step => vec![step],
    };
    *steps = std::mem::take(steps).into_iter().flat_map(single).collect();
}

/// Gives the steps of one phase their addresses; neighbouring scalar steps become one list. Layers, which only batches have,
/// pack their weights into `layers`.
pub(crate) fn assemble<T: Registers>(
    drafts: &[Draft],
    layout: &Layout,
    isa: Isa,
    mut layers: Option<&mut Constants>,
) -> Vec<Step<T>> {
    let mut steps = Vec::new();
    let mut list: Vec<Instruction> = Vec::new();
    for draft in drafts {
        match (draft, &mut layers) {
            (Draft::One(one), _) => {
                let from = one.from.map(|place| layout.at(place));
                let (code, to) = (one.code, layout.at(one.to));
                list.push(Instruction { code, to, from });
            }
            (Draft::Linear(layer), Some(layers)) => {
                flush(&mut list, &mut steps);
                steps.extend(layers.layer(layer, layout));
            }
            (draft, _) => {
                flush(&mut list, &mut steps);
                steps.push(kernel(draft, layout, isa));
            }
        }
    }
    flush(&mut list, &mut steps);
    steps
}

/// The kernel of a step that is not one of a list.
fn kernel<T: Registers>(draft: &Draft, layout: &Layout, isa: Isa) -> Step<T> {
    let at = |place: Place| layout.at(place) as usize;
    let product = |places: [Place; 3], [m, k, n]: [usize; 3], a_strides, turned| {
        let [a, b, c] = places.map(at);
        let args = MatMul {
            a,
            b,
            c,
            m,
            k,
            n,
            a_strides,
            turned,
        };
        let isa = isa.for_rows::<T>(n);
        let kernel = if args.a_strides == [k, 1] && Narrow::takes([m, k, n], isa.lanes::<T>()) {
            select::<T, Narrow>(isa)
        } else if Packed::takes::<T>(&args, isa) {
            select::<T, Packed>(isa)
        } else {
            select::<T, MatMul>(isa)
        };
        Step::MatMul(kernel, args)
    };
    match draft {
        Draft::Chain { len, row, each } => {
            let args = chain(*len, *row, each, layout);
            Step::Chain(select::<T, Elementwise>(isa), args)
        }
        &Draft::MatMul {
            a,
            b,
            to,
            shape,
            strides,
        } => product([a, b, to], shape, strides, false),
        &Draft::MatMulTransposed {
            a,
            b,
            to,
            shape: [m, k, n],
        } if Packed::turns(m, k, n, isa.lanes::<T>())
            || Narrow::takes([m, k, n], isa.for_rows::<T>(n).lanes::<T>()) =>
        {
            product([a, b, to], [m, k, n], [k, 1], true)
        }
        &Draft::MatMulTransposed {
            a,
            b,
            to,
            shape: [m, k, n],
        } => {
            let args = MatMulTransposed {
                a: at(a),
                b: at(b),
                c: at(to),
                m,
                k,
                n,
            };
            Step::MatMulTransposed(select::<T, MatMulTransposed>(isa), args)
        }
        &Draft::Sum {
            from,
            to,
            shape: [outer, axis, inner],
        } => {
            let args = SumAxis {
                from: at(from),
                to: at(to),
                outer,
                axis,
                inner,
            };
            Step::Sum(select::<T, SumAxis>(isa), args)
        }
        Draft::Gather { from, to } => {
            let from: Vec<u32> = from.iter().map(|&place| layout.at(place)).collect();
            let to = at(*to);
            match Runs::of(&from, to) {
                Some(runs) => Step::Runs(select::<T, Runs>(isa), runs),
                None => {
                    let from = from.into();
                    Step::Gather(select::<T, Gather>(isa), Gather { from, to })
                }
            }
        }
        Draft::Scatter {
            table,
            from,
            to,
            len,
        } => {
            let table = table.iter().copied().collect();
            let args = Scatter {
                table,
                from: at(*from),
                to: at(*to),
                len: *len,
            };
            Step::Scatter(select::<T, Scatter>(isa), args)
        }
        Draft::Algebra {
            algebra,
            from,
            to,
            shape: [n, columns],
        } => {
            let args = Dense {
                algebra: *algebra,
                from: [at(from[0]), from.get(1).map_or(0, |&place| at(place))],
                to: at(*to),
                n: *n,
                columns: *columns,
            };
            Step::Algebra(select::<T, Dense>(isa), args)
        }
        Draft::One(_) | Draft::Linear(_) => unreachable!("lists and layers are assembled apart"),
    }
}

fn flush<T: Registers>(list: &mut Vec<Instruction>, steps: &mut Vec<Step<T>>) {
    if !list.is_empty() {
        let list = std::mem::take(list).into();
        steps.push(Step::Straight(Straight::new(list)));
    }
}
