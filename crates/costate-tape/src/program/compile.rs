//! The way from a function to a program: read, lower, fuse, give addresses, assemble.

use super::allocate::{Layout, allocate};
use super::batch::{self, Batch};
use super::draft::{Draft, Epilogue};
use super::epilogue::{Pattern, Reader, attach};
use super::fuse::fuse;
use super::geometry::Geometry;
use super::layers::Constants;
use super::lower::{Lower, Unfit};
use super::parameters::{Part, parts};
use super::place::{Place, Value};
use super::plain::{Export, Plain};
use super::source::Source;
use super::step::assemble;
use super::{Lane, Lowering, Program};
use crate::error::Error;
use crate::function::Function;
use crate::kernel::dispatch::{Isa, Registers};
use crate::op::Unary;
use crate::scalar::Scalar;

/// How far past an array's end the kernels of batches may read, in registers: eight rows of the widest panel.
const OVERHANG: usize = 8 * 4;

impl<T: Lane> Program<T> {
    pub(crate) fn compile_for(f: &Function<T>, isa: Isa) -> Result<Program<T>, Error> {
        without_branches(f)?;
        let source = Source::new(f);
        let signature = Signature {
            varying: source.inputs.clone(),
            parameters: None,
            cotangent: None,
            outputs: source.outputs.clone(),
            cotangents: Vec::new(),
            parameter_cotangent: None,
        };
        let plain = plain(&source, &signature, isa);
        Ok(Program::new(f, &signature, Lowering::Plain(plain)))
    }

    #[track_caller]
    pub(crate) fn with_products_for(
        f: &Function<T>,
        parameters: usize,
        isa: Isa,
    ) -> Result<Program<T>, Error> {
        let (inputs, outputs) = (f.inputs().len(), f.outputs().len());
        assert!(
            outputs == 1,
            "products are those of one output; this function has {outputs}"
        );
        assert!(
            parameters < inputs,
            "there is no input {parameters} to be the parameters: the function has {inputs}"
        );
        without_branches(f)?;
        let source = Source::new(&f.vjp(&(0..inputs).collect::<Vec<_>>()));
        let others = |nodes: &[usize]| {
            let mut nodes = nodes[..inputs].to_vec();
            let parameters = nodes.remove(parameters);
            (nodes, parameters)
        };
        let (varying, theta) = others(&source.inputs);
        let (cotangents, bar_theta) = others(&source.outputs[1..]);
        let signature = Signature {
            varying,
            parameters: Some(theta),
            cotangent: Some(source.inputs[inputs]),
            outputs: vec![source.outputs[0]],
            cotangents,
            parameter_cotangent: Some(bar_theta),
        };
        let lowering = match batch(&source, &signature, isa) {
            Some(batch) => Lowering::Batch(batch),
            None => Lowering::Plain(plain(&source, &signature, isa)),
        };
        Ok(Program::new(f, &signature, lowering))
    }

    fn new(f: &Function<T>, signature: &Signature, lowering: Lowering<T>) -> Program<T> {
        let all =
            (0..f.inputs().len()).map(|i| (f.inputs()[i].name.clone(), f.input_shape(i).len()));
        let mut inputs: Vec<_> = all.collect();
        // Inputs come first among the nodes of a source, in their order.
        let parameters = signature.parameters.map_or(0, |node| inputs.remove(node).1);
        Program {
            inputs,
            parameters,
            output: (0..f.outputs().len())
                .map(|i| f.output_shape(i).len())
                .sum(),
            products: signature.cotangent.is_some(),
            lowering,
        }
    }
}

/// Compiled code does not look at guards.
fn without_branches<T: Lane>(f: &Function<T>) -> Result<(), Error> {
    match f.guards().first() {
        None => Ok(()),
        Some(guard) => Err(Error::Compile {
            reason: format!(
                "the branch `{}` at {} was decided while recording, and a program would not notice where it no longer \
                 holds; keep both sides with `select`",
                guard.op.name(),
                guard.location
            ),
        }),
    }
}

/// What the nodes of a source are for.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) varying: Vec<usize>,
    pub(super) parameters: Option<usize>,
    pub(super) cotangent: Option<usize>,
    pub(super) outputs: Vec<usize>,
    pub(super) cotangents: Vec<usize>,
    pub(super) parameter_cotangent: Option<usize>,
}

/// Any function, over row-major memory.
fn plain<T: Registers>(source: &Source<T>, signature: &Signature, isa: Isa) -> Plain<T> {
    let mut lowered = Lowered::new(source, signature, None).expect("row-major memory fits all");
    let parameter_cotangent = signature
        .parameter_cotangent
        .map(|node| lowered.lower.value(node));
    let ends = [
        slots(&lowered.outputs),
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
    Plain {
        steps: std::array::from_fn(|phase| assemble(&lowered.phases[phase], &layout, isa, None)),
        constants: literals(&lowered.lower, &layout),
        file: layout.len,
        kept: layout.kept..layout.shared,
        parameters: lowered.parameters.as_ref().map_or(0..0, range),
        inputs: lowered.inputs.iter().map(range).collect(),
        output: export(&lowered.outputs),
        cotangent: lowered.cotangent.as_ref().map_or(0..0, range),
        cotangents: lowered
            .cotangents
            .iter()
            .map(|value| export(std::slice::from_ref(value)))
            .collect(),
        parameter_cotangent: export(parameter_cotangent.as_slice()),
    }
}

/// A function of a batch in which samples meet only parameters, over panels; none if it is another.
fn batch<T: Registers>(source: &Source<T>, signature: &Signature, isa: Isa) -> Option<Batch<T>> {
    let samples = |&node: &usize| match *source.nodes[node].shape {
        [samples, _] if samples > 0 => Some(samples),
        _ => None,
    };
    let size = signature.varying.iter().find_map(samples)?;
    samples(&signature.outputs[0]).filter(|&samples| samples == size)?;
    let lanes = isa.lanes::<T>();
    let geometry = Geometry::new(size, lanes, isa.registers::<T>());
    let mut lowered = Lowered::new(source, signature, Some(&geometry)).ok()?;
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
    let port = |value: &Value| {
        let (begin, units) = match *value {
            Value::Panels(slot, units) => (layout.at(Place::new(slot)) as usize, units),
            Value::Array(first, len) => {
                let runs = vec![(layout.at(first) as usize, len)];
                return batch::Port { runs, order: None };
            }
            _ => unreachable!("what enters and leaves a batch is in panels or side by side"),
        };
        let runs = (0..geometry.segments.len()).map(|segment| {
            (
                begin + geometry.offset(segment, units),
                geometry.filled(segment, units),
            )
        });
        batch::Port {
            runs: runs.collect(),
            order: Some(geometry.permutation(units)),
        }
    };
    let mut constants = Constants::new::<T>(isa, geometry.clone());
    let steps = std::array::from_fn(|phase| {
        assemble(&lowered.phases[phase], &layout, isa, Some(&mut constants))
    });
    let sums = constants.len;
    let at = |slot: u32| layout.at(Place::new(slot)) as usize;
    let parameter_steps = parts.iter().flat_map(|part| match *part {
        Part::Outer { left, right, to } => constants.outer(at(left), at(right), to),
        Part::Sum { of, to } => constants.sum(at(of), to),
    });
    Some(Batch {
        steps,
        parameter_steps: parameter_steps.collect(),
        sums,
        constants,
        literals: literals(&lowered.lower, &layout),
        frame: layout.len,
        overhang: OVERHANG * lanes,
        inputs: lowered.inputs.iter().map(port).collect(),
        output: port(&lowered.outputs[0]),
        cotangent: port(lowered.cotangent.as_ref()?),
        cotangents: lowered.cotangents.iter().map(port).collect(),
        // Several evaluations together keep the sums in registers for longer, until their arrays leave the cache.
        at_once: if size < 8 * lanes { usize::MAX } else { 1 },
    })
}

/// The slots that values are in.
fn slots<'a>(values: impl IntoIterator<Item = &'a Value>) -> Vec<u32> {
    let mut slots = Vec::new();
    for value in values {
        match value {
            Value::Array(first, _) => slots.push(first.slot),
            Value::View(places) => slots.extend(places.iter().map(|place| place.slot)),
            Value::Panels(slot, _) => slots.push(*slot),
            Value::Total(terms) => slots.extend(self::slots(terms.iter())),
        }
    }
    slots
}

/// The memory that begins a file: literals, and zeros for the parameters.
fn literals<T: Registers>(lower: &Lower<'_, T>, layout: &Layout) -> Vec<T> {
    let mut constants = vec![T::ZERO; layout.kept];
    for &(slot, value) in &lower.literals {
        constants[layout.at(Place::new(slot)) as usize] = value;
    }
    constants
}

/// A lowered function: steps of evaluation and of products, and where everything is that enters and leaves.
struct Lowered<'a, T> {
    lower: Lower<'a, T>,
    phases: [Vec<Draft>; 2],
    inputs: Vec<Value>,
    parameters: Option<Value>,
    cotangent: Option<Value>,
    outputs: Vec<Value>,
    cotangents: Vec<Value>,
}

impl<'a, T: Registers> Lowered<'a, T> {
    fn new(
        source: &'a Source<T>,
        signature: &Signature,
        geometry: Option<&'a Geometry>,
    ) -> Result<Self, Unfit> {
        let mut lower = Lower::new(source, geometry);
        let inputs = signature
            .varying
            .iter()
            .map(|&node| lower.input(node, 0))
            .collect();
        let parameters = signature.parameters.map(|node| lower.parameters(node));
        let cotangent = signature.cotangent.map(|node| lower.input(node, 1));
        let mut evaluation = vec![false; source.nodes.len()];
        signature
            .outputs
            .iter()
            .for_each(|&node| evaluation[node] = true);
        for (i, node) in source.nodes.iter().enumerate().rev() {
            if evaluation[i] {
                node.operands
                    .iter()
                    .for_each(|&operand| evaluation[operand] = true);
            }
        }
        let phase = |lower: &mut Lower<'a, T>, first: bool, results: &[usize]| {
            for node in (0..source.nodes.len()).filter(|&node| evaluation[node] == first) {
                lower.node(node)?;
            }
            let results: Result<Vec<Value>, Unfit> =
                results.iter().map(|&node| lower.result(node)).collect();
            Ok((std::mem::take(&mut lower.steps), results?))
        };
        let (first, outputs) = phase(&mut lower, true, &signature.outputs)?;
        let (second, cotangents) = phase(&mut lower, false, &signature.cotangents)?;
        Ok(Lowered {
            lower,
            phases: [first, second],
            inputs,
            parameters,
            cotangent,
            outputs,
            cotangents,
        })
    }

    /// Fuses the steps and gives addresses; `ends` are the slots that are read when each phase ends.
    fn finish(&mut self, ends: &[Vec<u32>], lanes: usize) -> Layout {
        let mut uses = vec![0; self.lower.slots.len()];
        self.phases
            .iter()
            .flatten()
            .for_each(|step| step.reads(|slot| uses[slot as usize] += 1));
        ends.iter()
            .flatten()
            .for_each(|&slot| uses[slot as usize] += 1);
        let literals = self.lower.literal_keys();
        let patterns = if self.lower.has_layers() {
            patterns::<T>()
        } else {
            Vec::new()
        };
        for steps in &mut self.phases {
            *steps = fuse(
                attach(std::mem::take(steps), &uses, &literals, &patterns),
                &uses,
            );
        }
        let phases: Vec<(&[Draft], &[u32])> = ends
            .iter()
            .enumerate()
            .map(|(phase, ends)| {
                (
                    self.phases.get(phase).map_or(&[][..], Vec::as_slice),
                    ends.as_slice(),
                )
            })
            .collect();
        allocate(&self.lower.slots, &phases, lanes)
    }
}

/// Code that kernels have as the end of a layer: written down from each activation's own value and derivative.
fn patterns<T: Registers>() -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for (op, value, slope) in [(Unary::Tanh, Epilogue::Tanh, Epilogue::TanhSlope)] {
        let activation = Function::<T>::record(&[("x", &[64])], |v| vec![v[0].unary(op)]);
        let Ok(activation) = activation else { continue };
        let source = Source::new(&activation.vjp(&[0]));
        let signature = Signature {
            varying: vec![source.inputs[0]],
            parameters: None,
            cotangent: Some(source.inputs[1]),
            outputs: vec![source.outputs[0]],
            cotangents: vec![source.outputs[1]],
            parameter_cotangent: None,
        };
        let Ok(lowered) = Lowered::new(&source, &signature, None) else {
            continue;
        };
        let Some(cotangent) = &lowered.cotangent else {
            continue;
        };
        let literals = lowered.lower.literal_keys();
        let sides = [
            (
                &lowered.phases[0],
                &lowered.inputs[0],
                &lowered.outputs[0],
                value,
            ),
            (&lowered.phases[1], cotangent, &lowered.cotangents[0], slope),
        ];
        let mut uses = vec![0; lowered.lower.slots.len()];
        lowered
            .phases
            .iter()
            .flatten()
            .for_each(|step| step.reads(|slot| uses[slot as usize] += 1));
        for (steps, sum, root, epilogue) in sides {
            if let (Value::Array(sum, _), Value::Array(root, _)) = (sum, root) {
                let reader = Reader::new(steps, &uses, &literals);
                let tree = reader.describe(root.slot, sum.slot);
                patterns.extend(tree.map(|tree| Pattern {
                    code: tree.code,
                    epilogue,
                }));
            }
        }
    }
    patterns
}
