//! The way from a function to a program.

use super::batch::Batch;
use super::cost::Cost;
use super::plain::Plain;
use super::source::Source;
use super::{Lane, Lowering, Needs, Program};
use crate::error::Error;
use crate::function::Function;
use crate::kernel::dispatch::Isa;
use std::sync::Arc;

impl<T: Lane> Program<T> {
    /// [`compile`](Program::compile) for an instruction set that is not the best of this processor.
    ///
    /// # Errors
    /// As [`compile`](Program::compile).
    ///
    /// # Panics
    /// If the processor does not have it.
    #[track_caller]
    pub fn compile_for(f: &Function<T>, isa: Isa) -> Result<Program<T>, Error> {
        must_have(isa);
        let source = Source::new(f);
        source.fits()?;
        let signature = Signature {
            varying: source.inputs.clone(),
            parameters: None,
            cotangent: None,
            outputs: source.outputs.clone(),
            cotangents: Vec::new(),
            parameter_cotangent: None,
        };
        let plain = Plain::compile(&source, &signature, isa);
        Ok(Program::new(f, &source, &signature, Lowering::Plain(plain)))
    }

    /// [`with_products`](Program::with_products) for an instruction set that is not the best of this processor.
    ///
    /// # Errors
    /// As [`with_products`](Program::with_products).
    ///
    /// # Panics
    /// As [`with_products`](Program::with_products), and if the processor does not have it.
    #[track_caller]
    pub fn with_products_for(
        f: &Function<T>,
        parameters: usize,
        isa: Isa,
    ) -> Result<Program<T>, Error> {
        must_have(isa);
        let (inputs, outputs) = (f.inputs().len(), f.outputs().len());
        assert!(
            outputs == 1,
            "products are those of one output; this function has {outputs}"
        );
        assert!(
            parameters < inputs,
            "there is no input {parameters} to be the parameters: the function has {inputs}"
        );
        let source = Source::new(&f.vjp(&(0..inputs).collect::<Vec<_>>()));
        source.fits()?;
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
        let lowering = match Batch::compile(&source, &signature, isa) {
            Some(batch) => Lowering::Batch(batch),
            None => Lowering::Plain(Plain::compile(&source, &signature, isa)),
        };
        Ok(Program::new(f, &source, &signature, lowering))
    }

    fn new(
        f: &Function<T>,
        source: &Source<T>,
        signature: &Signature,
        lowering: Lowering<T>,
    ) -> Program<T> {
        let memory = Needs::of(&lowering);
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
            guards: f.guards().to_vec(),
            identity: Arc::new(()),
            cost: Cost::new(source, signature, memory),
            memory,
            lowering,
        }
    }
}

/// Running kernels of instructions that the processor does not have would be undefined.
#[track_caller]
fn must_have(isa: Isa) {
    assert!(
        Isa::available().any(|available| available == isa),
        "this processor does not have {isa:?}"
    );
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

impl Signature {
    /// The nodes of evaluation, which outputs and guards need; the others are those of products.
    pub(super) fn evaluation<T>(&self, source: &Source<T>) -> Vec<bool> {
        let mut needed = vec![false; source.nodes.len()];
        let guards = source.guards.iter().flatten();
        for &node in self.outputs.iter().chain(guards) {
            needed[node] = true;
        }
        for (i, node) in source.nodes.iter().enumerate().rev() {
            if needed[i] {
                node.operands
                    .iter()
                    .for_each(|&operand| needed[operand] = true);
            }
        }
        needed
    }
}
