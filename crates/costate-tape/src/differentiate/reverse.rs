//! Reverse mode: one pass over the nodes from the last to the first [Griewank2008].

use crate::function::Function;
use crate::graph::Graph;
use crate::op::{Op, array};
use crate::scalar::Scalar;
use crate::shape::Shape;
use crate::var::Var;
use smallvec::SmallVec;

/// See [`Function::vjp`].
#[track_caller]
pub(crate) fn reverse<T: Scalar>(function: &Function<T>, wrt: &[usize]) -> Function<T> {
    let inputs = function.inputs();
    function.must_have_inputs(wrt);
    let cotangents: Vec<(String, Shape)> = function
        .outputs()
        .iter()
        .enumerate()
        .map(|(number, output)| {
            (
                format!("bar_{}", output.name),
                function.output_shape(number).clone(),
            )
        })
        .collect();
    let names = function.outputs().iter().map(|output| output.name.clone());
    let names = names
        .chain(
            wrt.iter()
                .map(|&number| format!("bar_{}", inputs[number].name)),
        )
        .collect();
    function.extend(cotangents, names, |nodes, variables, seeds| {
        let values = function.outputs().iter();
        let values = values.map(|output| nodes[output.node.index()]);
        values
            .chain(cotangents_of(function, nodes, variables, seeds, wrt))
            .collect()
    })
}

/// The cotangents of the inputs in `wrt`, from those of the outputs. What is known to be zero goes no further: 0 · ∞ of one output must not
/// reach the derivatives of another.
pub(crate) fn cotangents_of<'t, T: Scalar>(
    function: &Function<T>,
    nodes: &[Var<'t, T>],
    variables: &[Var<'t, T>],
    seeds: &[Var<'t, T>],
    wrt: &[usize],
) -> Vec<Var<'t, T>> {
    let bars = sweep(function, nodes, seeds, wrt);
    let of = |&number: &usize| {
        let bar = bars[function.inputs()[number].node.index()];
        bar.unwrap_or_else(|| variables[number].zeros_like())
    };
    wrt.iter().map(of).collect()
}

/// The cotangents of all nodes that `wrt` reaches, from the cotangents of the outputs.
fn sweep<'t, T: Scalar>(
    function: &Function<T>,
    nodes: &[Var<'t, T>],
    seeds: &[Var<'t, T>],
    wrt: &[usize],
) -> Vec<Option<Var<'t, T>>> {
    let graph = function.graph();
    let mut active = vec![false; graph.len()];
    for &number in wrt {
        active[function.inputs()[number].node.index()] = true;
    }
    for (i, node) in graph.nodes().iter().enumerate() {
        active[i] |= node.operands.iter().any(|operand| active[operand.index()]);
    }
    let shielded = shielded(graph);
    let mut bars: Vec<Option<Var<'t, T>>> = vec![None; graph.len()];
    let add = |bar: &mut Option<Var<'t, T>>, more: Var<'t, T>| {
        *bar = Some(bar.map_or(more, |sum| sum + more))
    };
    for (output, &seed) in function.outputs().iter().zip(seeds) {
        add(&mut bars[output.node.index()], seed);
    }
    for (i, node) in graph.nodes().iter().enumerate().rev() {
        let Some(bar) = bars[i].filter(|bar| active[i] && !bar.is_zero()) else {
            continue;
        };
        let operands: SmallVec<[Var<'t, T>; 3]> = node
            .operands
            .iter()
            .map(|operand| nodes[operand.index()])
            .collect();
        for (operand, more) in node.operands.iter().zip(array::pull_back(
            &node.op,
            &operands,
            nodes[i],
            bar,
            shielded[i],
            |operand| active[node.operands[operand].index()],
        )) {
            if let Some(more) = more.filter(|_| active[operand.index()]) {
                add(&mut bars[operand.index()], more); // book: (reverse-sweep)
            }
        }
    }
    bars
}

/// The nodes that a selection may leave out: there the value may be no number, and 0 · NaN must not reach the inputs.
fn shielded<T: Scalar>(graph: &Graph<T>) -> Vec<bool> {
    let mut shielded = vec![false; graph.len()];
    for (i, node) in graph.nodes().iter().enumerate().rev() {
        let sides = match node.op {
            Op::Select => &node.operands[1..],
            _ if shielded[i] => &node.operands[..],
            _ => continue,
        };
        sides.iter().for_each(|side| shielded[side.index()] = true);
    }
    shielded
}
