//! A function lowered and fused, before its places have addresses.

use super::allocate::{Layout, allocate};
use super::compile::Signature;
use super::draft::{Draft, Epilogue};
use super::epilogue::{Pattern, Reader, attach};
use super::fuse::fuse;
use super::geometry::Geometry;
use super::lower::{Lower, Unfit};
use super::place::{Place, Value};
use super::source::Source;
use crate::function::Function;
use crate::kernel::dispatch::Registers;
use crate::op::Unary;
use crate::scalar::Scalar;

/// A lowered function: steps of evaluation and of products, and where everything is that enters and leaves.
pub(super) struct Lowered<'a, T> {
    pub(super) lower: Lower<'a, T>,
    pub(super) phases: [Vec<Draft>; 2],
    pub(super) inputs: Vec<Value>,
    pub(super) parameters: Option<Value>,
    pub(super) cotangent: Option<Value>,
    pub(super) outputs: Vec<Value>,
    pub(super) cotangents: Vec<Value>,
}

impl<'a, T: Registers> Lowered<'a, T> {
    pub(super) fn new(
        source: &'a Source<T>,
        signature: &Signature,
        geometry: Option<&'a Geometry>,
        lanes: usize,
    ) -> Result<Self, Unfit> {
        let mut lower = Lower::new(source, geometry, lanes);
        let inputs = signature
            .varying
            .iter()
            .map(|&node| lower.input(node, 0))
            .collect();
        let parameters = signature.parameters.map(|node| lower.parameters(node));
        let cotangent = signature.cotangent.map(|node| lower.input(node, 1));
        let evaluation = signature.evaluation(source);
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

    /// Whether there are layers.
    pub(super) fn has_layers(&self) -> bool {
        let mut steps = self.phases.iter().flatten();
        steps.any(|step| matches!(step, Draft::Linear(_)))
    }

    /// Fuses the steps and gives addresses; `ends` are the slots that are read when each phase ends.
    pub(super) fn finish(&mut self, ends: &[Vec<u32>], lanes: usize) -> Layout {
        let mut uses = vec![0; self.lower.slots.len()];
        self.phases
            .iter()
            .flatten()
            .for_each(|step| step.reads(|slot| uses[slot as usize] += 1));
        ends.iter()
            .flatten()
            .for_each(|&slot| uses[slot as usize] += 1);
        let literals = self.lower.literal_keys();
        let patterns = if self.has_layers() {
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

    /// The memory that begins a file: literals, and zeros for the parameters.
    pub(super) fn literals(&self, layout: &Layout) -> Vec<T> {
        let mut constants = vec![T::ZERO; layout.kept];
        for &(slot, value) in &self.lower.literals {
            constants[layout.at(Place::new(slot)) as usize] = value;
        }
        constants
    }
}

/// The slots that values are in.
pub(super) fn slots<'a>(values: impl IntoIterator<Item = &'a Value>) -> Vec<u32> {
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

/// Code that kernels have as the end of a layer: written down from each activation's own derivative. Its value is a chain behind the
/// layer: in registers beside a layer's sums it would leave too few for several side by side, without which it waits for its divisions.
fn patterns<T: Registers>() -> Vec<Pattern> {
    let slopes = [(Unary::Tanh, Epilogue::TanhSlope)];
    let pattern = |(op, epilogue)| {
        let activation = Function::<T>::record(&[("x", &[64])], |v| vec![v[0].unary(op)]);
        let source = Source::new(&activation.ok()?.vjp(&[0]));
        let signature = Signature {
            varying: vec![source.inputs[0]],
            parameters: None,
            cotangent: Some(source.inputs[1]),
            outputs: vec![source.outputs[0]],
            cotangents: vec![source.outputs[1]],
            parameter_cotangent: None,
        };
        let lowered = Lowered::new(&source, &signature, None, 0).ok()?;
        let (Some(Value::Array(sum, _)), Value::Array(root, _)) =
            (&lowered.cotangent, &lowered.cotangents[0])
        else {
            return None;
        };
        let mut uses = vec![0; lowered.lower.slots.len()];
        let steps = lowered.phases.iter().flatten();
        steps.for_each(|step| step.reads(|slot| uses[slot as usize] += 1));
        let literals = lowered.lower.literal_keys();
        let reader = Reader::new(&lowered.phases[1], &uses, &literals);
        let code = reader.describe(root.slot, sum.slot)?.code;
        Some(Pattern { code, epilogue })
    };
    slopes.into_iter().filter_map(pattern).collect()
}
