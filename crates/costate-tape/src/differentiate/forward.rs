//! Forward mode: tangents pass through the nodes in order.

use crate::function::Function;
use crate::graph::NodeId;
use crate::op::array;
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::var::Var;
use smallvec::SmallVec;

/// See [`Function::jvp`].
#[track_caller]
pub(crate) fn forward<T: Scalar>(function: &Function<T>, wrt: &[usize]) -> Function<T> {
    let inputs = function.inputs();
    function.must_have_inputs(wrt);
    let tangents: Vec<(String, Shape)> = wrt
        .iter()
        .map(|&number| {
            (
                format!("dot_{}", inputs[number].name),
                function.input_shape(number).clone(),
            )
        })
        .collect();
    let outputs = function.outputs();
    let names = outputs.iter().map(|output| output.name.clone());
    let names = names
        .chain(outputs.iter().map(|output| format!("dot_{}", output.name)))
        .collect();
    function.extend(tangents, names, |nodes, _, seeds| {
        let values = outputs.iter().map(|output| nodes[output.node.index()]);
        values
            .chain(tangents_of(function, nodes, seeds, wrt))
            .collect()
    })
}

/// The tangents of the outputs, from those of the inputs in `wrt`. What is known to be zero goes no further: 0 · ∞ is no derivative to an
/// input that a node has nothing to do with.
pub(crate) fn tangents_of<'t, T: Scalar>(
    function: &Function<T>,
    nodes: &[Var<'t, T>],
    seeds: &[Var<'t, T>],
    wrt: &[usize],
) -> Vec<Var<'t, T>> {
    let graph = function.graph();
    let mut dots: Vec<Option<Var<'t, T>>> = vec![None; graph.len()];
    for (&number, &seed) in wrt.iter().zip(seeds) {
        // An input that is named twice moves by both.
        let dot = &mut dots[function.inputs()[number].node.index()];
        *dot = Some(dot.map_or(seed, |sum| sum + seed));
    }
    for (i, node) in graph.nodes().iter().enumerate() {
        let operands: SmallVec<[Var<'t, T>; 3]> = node
            .operands
            .iter()
            .map(|operand| nodes[operand.index()])
            .collect();
        let before: SmallVec<[Option<Var<'t, T>>; 3]> = node
            .operands
            .iter()
            .map(|operand| dots[operand.index()])
            .collect();
        if let Some(dot) = array::push_forward(&node.op, &operands, nodes[i], &before) {
            dots[i] = Some(dot).filter(|dot| !dot.is_zero());
        }
    }
    let of = |node: NodeId| dots[node.index()].unwrap_or_else(|| nodes[node.index()].zeros_like());
    let outputs = function.outputs().iter();
    outputs.map(|output| of(output.node)).collect()
}
