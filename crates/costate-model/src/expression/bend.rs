//! Where a formula jumps or bends sharply without a comparison that could be located.

use costate_tape::{Binary, Unary};

use super::Formula;
use super::nodes::Node;

/// Numbers up to this guard against a division by zero or a negative root, and are no level of their own.
const TINY: f64 = 1e-6;

impl Formula {
    /// The floors, as they are written, of what involves a name for which `moves` holds.
    pub(crate) fn floors(&self, moves: impl Fn(usize) -> bool) -> Vec<String> {
        let nodes = self.expression.nodes.iter().enumerate();
        let floors = nodes
            .zip(self.expression.moving(moves))
            .filter(|((_, node), moves)| *moves && matches!(node, Node::Unary(Unary::Floor, _)));
        floors.map(|((i, _), _)| self.text_of(i)).collect()
    }

    /// Where the formula bends sharply on the way, as it is written, each with the `if` that says the same: abs, min and max of what involves a name for which
    /// `moves` holds. Not those that keep a name for which `is_state` holds from zero, as max(x, 0) does, nor x * abs(x), which has a slope everywhere.
    pub(crate) fn bends(
        &self,
        moves: impl Fn(usize) -> bool,
        is_state: impl Fn(usize) -> bool,
    ) -> Vec<[String; 2]> {
        let nodes = &self.expression.nodes;
        let written = |node: u32| self.text_of(node as usize);
        let is_name =
            |node: u32| matches!(nodes[node as usize], Node::Name(i) if is_state(i as usize));
        let is_tiny =
            |node: u32| matches!(nodes[node as usize], Node::Number(x) if x.abs() <= TINY);
        let is_guard = |a: u32, b: u32| is_name(a) && is_tiny(b) || is_name(b) && is_tiny(a);
        let negative = |x: u32| match nodes[x as usize] {
            Node::Name(_) => format!("-{}", written(x)),
            _ => format!("-({})", written(x)),
        };
        let bends = self.expression.moving(moves).into_iter().enumerate();
        let bends = bends.filter(|(_, moves)| *moves).filter_map(|(node, _)| {
            let instead = match nodes[node] {
                Node::Unary(Unary::Abs, x) if !self.is_beside(node, x) => {
                    let (x, negative) = (written(x), negative(x));
                    format!("if({x} > 0, {x}, {negative})")
                }
                Node::Unary(Unary::Relu, x) if !is_name(x) => {
                    let x = written(x);
                    format!("if({x} > 0, {x}, 0)")
                }
                Node::Binary(Binary::Max, a, b) if !is_guard(a, b) => {
                    let (a, b) = (written(a), written(b));
                    format!("if({a} > {b}, {a}, {b})")
                }
                Node::Binary(Binary::Min, a, b) => {
                    let (a, b) = (written(a), written(b));
                    format!("if({a} < {b}, {a}, {b})")
                }
                _ => return None,
            };
            Some([self.text_of(node), instead])
        });
        bends.collect()
    }

    /// Whether `node` is a factor beside one that is written as `x` is.
    fn is_beside(&self, node: usize, x: u32) -> bool {
        let nodes = &self.expression.nodes;
        let is_product = |node: &Node, of: usize| match *node {
            Node::Multiply(a, b) => a as usize == of || b as usize == of,
            Node::Divide(a, _) | Node::Negate(a) => a as usize == of,
            _ => false,
        };
        let mut root = node;
        for (above, operation) in nodes.iter().enumerate().skip(node + 1) {
            if is_product(operation, root) {
                root = above;
            }
        }
        let bare = |text: String| {
            let inner = text
                .strip_prefix('(')
                .and_then(|text| text.strip_suffix(')'));
            inner.map_or(text.clone(), str::to_owned)
        };
        let (mut open, own) = (vec![root as u32], bare(self.text_of(x as usize)));
        while let Some(factor) = open.pop() {
            match nodes[factor as usize] {
                Node::Multiply(a, b) => open.extend([a, b]),
                Node::Divide(a, _) | Node::Negate(a) => open.push(a),
                _ if bare(self.text_of(factor as usize)) == own => return true,
                _ => {}
            }
        }
        false
    }
}
