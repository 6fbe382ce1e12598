//! Where a formula jumps or bends sharply without a comparison that could be located.

use costate_tape::{Binary, Unary};

use super::Formula;
use super::nodes::Node;

/// Numbers up to this guard against a division by zero or a negative root, and are no level of their own.
const TINY: f64 = 1e-6;

/// A function that bends sharply.
pub(crate) struct Bend {
    /// As it is written.
    pub(crate) text: String,
    /// The `if` that says the same.
    pub(crate) instead: String,
    /// What are equal where it bends: two nodes, or one that is zero.
    sides: (u32, Option<u32>),
}

impl Formula {
    /// The floors, as they are written, of what involves a name for which `moves` holds.
    pub(crate) fn floors(&self, moves: impl Fn(usize) -> bool) -> Vec<String> {
        let nodes = self.expression.nodes.iter().enumerate();
        let floors = nodes
            .zip(self.expression.moving(moves))
            .filter(|((_, node), moves)| *moves && matches!(node, Node::Unary(Unary::Floor, _)));
        floors.map(|((i, _), _)| self.text_of(i)).collect()
    }

    /// Where the formula bends sharply on the way, abs, min and max of what involves a name for which `moves` holds. Not those that keep a name for which `is_state` holds from zero, as max(x, 0) does, nor x * abs(x), which has a slope everywhere.
    pub(crate) fn bends(
        &self,
        moves: impl Fn(usize) -> bool,
        is_state: impl Fn(usize) -> bool,
    ) -> Vec<Bend> {
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
            let (instead, sides) = match nodes[node] {
                Node::Unary(Unary::Abs, x) if !self.is_beside(node, x) => {
                    let (text, negative) = (written(x), negative(x));
                    let instead = format!("if({text} > 0, {text}, {negative})");
                    (instead, (x, None))
                }
                Node::Unary(Unary::Relu, x) if !is_name(x) => {
                    let text = written(x);
                    (format!("if({text} > 0, {text}, 0)"), (x, None))
                }
                Node::Binary(Binary::Max, a, b) if !is_guard(a, b) => {
                    let [left, right] = [a, b].map(written);
                    let instead = format!("if({left} > {right}, {left}, {right})");
                    (instead, (a, Some(b)))
                }
                Node::Binary(Binary::Min, a, b) => {
                    let [left, right] = [a, b].map(written);
                    let instead = format!("if({left} < {right}, {left}, {right})");
                    (instead, (a, Some(b)))
                }
                _ => return None,
            };
            let text = self.text_of(node);
            Some(Bend {
                text,
                instead,
                sides,
            })
        });
        bends.collect()
    }

    /// How far a bend is from where it bends, as a part of the largest number in the formula.
    pub(crate) fn distance(&self, bend: &Bend, name: impl FnMut(usize) -> f64) -> f64 {
        let values = self.values(self.expression.nodes.len(), name, |_| None);
        let largest = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let (a, b) = bend.sides;
        (values[a as usize] - b.map_or(0.0, |b| values[b as usize])).abs() / largest
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
