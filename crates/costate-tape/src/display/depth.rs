//! Where deep formulas are cut, so that writing them nests no further than reading them would.

use crate::graph::{Graph, NodeId};
use crate::scalar::Scalar;

/// How many operations a formula may nest.
const DEPTH: usize = 100;

/// Values that are to be written first, in this order, and named: then none waits for more than [`DEPTH`] others. `may` says which
/// nodes can have a name.
pub(super) fn cuts<T: Scalar>(graph: &Graph<T>, may: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
    let mut cuts = Vec::new();
    let mut depths = vec![0; graph.len()];
    for (i, node) in graph.nodes().iter().enumerate() {
        let below = node.operands.iter().map(|operand| depths[operand.index()]);
        let depth = below.max().map_or(0, |depth| depth + 1);
        let id = NodeId(i as u32);
        if depth >= DEPTH && may(id) {
            cuts.push(id);
        } else {
            depths[i] = depth;
        }
    }
    cuts
}
