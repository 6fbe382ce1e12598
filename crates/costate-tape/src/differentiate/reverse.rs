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
    let mut elements = elements_of_many(graph);
    let mut bars: Vec<Option<Var<'t, T>>> = vec![None; graph.len()];
    let add = |bar: &mut Option<Var<'t, T>>, more: Var<'t, T>| {
        *bar = Some(bar.map_or(more, |sum| sum + more))
    };
    for (output, &seed) in function.outputs().iter().zip(seeds) {
        add(&mut bars[output.node.index()], seed);
    }
    for (i, node) in graph.nodes().iter().enumerate().rev() {
        if let Some(read) = elements[i].take().filter(|read| !read.is_empty()) {
            add(&mut bars[i], assembled(read, &node.shape));
        }
        let Some(bar) = bars[i].filter(|bar| active[i] && !bar.is_zero()) else {
            continue;
        };
        if let Op::Slice { start, .. } = node.op
            && let Some(read) = &mut elements[node.operands[0].index()]
            && node.shape.len() == 1
        {
            read.push((start, bar));
            continue;
        }
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

/// From how many elements on that are read one by one their cotangents are put together. Fewer are padded and added, which programs do
/// for nothing; each is as long as the array.
const MANY: usize = 32;

/// The elements of an array that are read one by one: where, and their cotangents.
type Elements<'t, T> = Vec<(u32, Var<'t, T>)>;

/// Room for the elements of nodes of which many are read.
fn elements_of_many<'t, T: Scalar>(graph: &Graph<T>) -> Vec<Option<Elements<'t, T>>> {
    let mut counts = vec![0; graph.len()];
    for node in graph.nodes() {
        if matches!(node.op, Op::Slice { .. }) && node.shape.len() == 1 {
            counts[node.operands[0].index()] += 1;
        }
    }
    let room = |count| (count > MANY).then(Vec::new);
    counts.into_iter().map(room).collect()
}

/// The cotangent of an array of this shape, from those of its elements.
fn assembled<'t, T: Scalar>(mut elements: Elements<'t, T>, shape: &Shape) -> Var<'t, T> {
    elements.sort_by_key(|(at, _)| *at);
    let table: Vec<u32> = elements.iter().map(|(at, _)| *at).collect();
    let bars = elements.into_iter().map(|(_, bar)| bar.reshape([1]));
    let bars = Var::concat(&bars.collect::<Vec<_>>(), 0);
    if table.iter().copied().eq(0..shape.len() as u32) {
        bars.reshape(shape.clone())
    } else {
        bars.scatter_add(table, shape.clone())
    }
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
