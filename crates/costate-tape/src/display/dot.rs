//! Graphviz: the graph as it is.

use super::names::Names;
use crate::function::Function;
use crate::op::Op;
use crate::scalar::Scalar;
use std::fmt::Write as _;

fn quoted(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"")
}

impl<T: Scalar> Function<T> {
    /// The graph in Graphviz's language: inputs as boxes, outputs as double circles, edges from operands to results.
    ///
    /// ```
    /// use costate_tape::{Function, Names, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[])], |v| vec![v[0].sin() * v[0]])?;
    /// let dot = f.dot(&Names::new());
    /// assert!(dot.contains(r#"n1 [label="sin"]"#) && dot.contains("n0 -> n1"));
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    #[must_use]
    pub fn dot(&self, names: &Names) -> String {
        let mut out = String::from("digraph f {\n  node [fontname=\"Helvetica\"];\n");
        let graph = self.graph();
        for (i, node) in graph.nodes().iter().enumerate() {
            let shape = if node.shape.is_scalar() {
                String::new()
            } else {
                format!(" {}", node.shape)
            };
            let (label, style) = match &node.op {
                Op::Input(number) => {
                    let name = &self.inputs()[*number as usize].name;
                    let parts = names.cover(name, node.shape.len());
                    let parts = parts
                        .filter(|parts| parts.len() <= 8)
                        .map(|parts| parts.join(", "));
                    (
                        parts.map_or(format!("{name}{shape}"), |parts| {
                            format!("{name} = {parts}")
                        }),
                        " shape=box",
                    )
                }
                Op::Constant(index) => match graph.constant_values(*index) {
                    [value] => (format!("{value:?}"), " shape=plaintext"),
                    _ => (format!("constant{shape}"), " shape=plaintext"),
                },
                Op::Powi(n) => (format!("^{n}{shape}"), ""),
                Op::Slice { axis, start } => {
                    let end = *start as usize + node.shape.axis(*axis as usize);
                    (format!("slice {start}:{end} axis {axis}"), "")
                }
                op => (format!("{}{shape}", op.name()), ""),
            };
            let _ = writeln!(out, "  n{i} [label=\"{}\"{style}];", quoted(&label));
            for operand in &node.operands {
                let _ = writeln!(out, "  n{} -> n{i};", operand.index());
            }
        }
        for (number, port) in self.outputs().iter().enumerate() {
            let label = quoted(&port.name);
            let _ = writeln!(out, "  out{number} [label=\"{label}\" shape=doublecircle];");
            let _ = writeln!(out, "  n{} -> out{number};", port.node.index());
        }
        out.push_str("}\n");
        out
    }
}
