//! The comparisons of a formula, whose answers may change along a trajectory.

use std::collections::BTreeSet;

use costate_tape::Unary;

use super::Formula;
use super::nodes::{Comparison, Expression, Node};

/// A comparison whose answer may change along a trajectory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compared {
    pub(crate) node: usize,
    /// The answer, if it is the same almost everywhere.
    pub(crate) always: Option<bool>,
    /// As it is written.
    pub(crate) text: String,
}

impl Formula {
    /// The comparisons whose operands involve a name for which `moves` holds; sign(x) is one, of x with zero.
    pub(crate) fn comparisons(&self, moves: impl Fn(usize) -> bool) -> Vec<Compared> {
        let nodes = self.expression.nodes.iter();
        let moving = nodes.zip(self.expression.moving(moves)).enumerate();
        let moving = moving.filter(|(_, (_, moves))| *moves);
        let found = moving.filter_map(|(node, (operation, _))| {
            // Almost everywhere, and that is all that an equation can tell.
            let always = match operation {
                Node::Compare(Comparison::Equal, ..) => Some(false),
                Node::Compare(Comparison::NotEqual, ..) => Some(true),
                Node::Compare(..) | Node::Unary(Unary::Sign, _) => None,
                _ => return None,
            };
            Some(Compared {
                node,
                always,
                text: self.text_of(node),
            })
        });
        found.collect()
    }

    /// Both sides as they are written, the smaller one first, if the formula is a comparison of which is smaller.
    pub(crate) fn compared(&self) -> Option<[String; 2]> {
        match self.expression.nodes.last()? {
            Node::Compare(Comparison::Less | Comparison::LessEqual, a, b) => {
                Some([a, b].map(|side| self.text_of(*side as usize)))
            }
            _ => None,
        }
    }

    /// The operation at `node` as a formula of its own, with the number in this one of each of its names.
    ///
    /// What a comparison needs of a long formula is little, and all of it for each comparison would take the square of its length.
    pub(crate) fn part(&self, node: usize) -> (Self, Vec<usize>) {
        let own = &self.expression;
        let (mut open, mut seen) = (vec![node as u32], BTreeSet::from([node as u32]));
        while let Some(node) = open.pop() {
            let below = own.nodes[node as usize].operands();
            open.extend(below.filter(|operand| seen.insert(*operand)));
        }
        let nodes: Vec<u32> = seen.into_iter().collect();
        let place = |operand: u32| nodes.partition_point(|&node| node < operand) as u32;
        let (mut names, mut expression) = (Vec::new(), Expression::default());
        for &node in &nodes {
            let operation = match own.nodes[node as usize] {
                Node::Name(name) => {
                    names.push(name as usize);
                    expression.names.push(own.names[name as usize].clone());
                    Node::Name(names.len() as u32 - 1)
                }
                operation => operation.with_operands(place),
            };
            expression.nodes.push(operation);
            expression.spans.push(own.spans[node as usize].clone());
        }
        let part = Formula {
            expression,
            place: self.place.clone(),
            offset: self.offset,
        };
        (part, names)
    }

    /// Whether the margin of a formula that is a comparison is of first degree in the names for which `moves` holds.
    pub(crate) fn is_affine(&self, moves: impl Fn(usize) -> bool) -> bool {
        const MORE: u8 = 2;
        let Some((comparison, nodes)) = self.expression.nodes.split_last() else {
            return false;
        };
        let mut degrees: Vec<u8> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let of = |operand: u32| degrees[operand as usize];
            let degree = match *node {
                Node::Number(_) => 0,
                Node::Name(name) => u8::from(moves(name as usize)),
                Node::Negate(x) => of(x),
                Node::Add(a, b) | Node::Subtract(a, b) => of(a).max(of(b)),
                Node::Multiply(a, b) => (of(a) + of(b)).min(MORE),
                Node::Divide(a, b) if of(b) == 0 => of(a),
                _ if node.operands().all(|operand| of(operand) == 0) => 0,
                _ => MORE,
            };
            degrees.push(degree);
        }
        match *comparison {
            Node::Compare(_, a, b) => degrees[a as usize].max(degrees[b as usize]) <= 1,
            Node::Unary(Unary::Sign, x) => degrees[x as usize] <= 1,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::formula;

    #[test]
    fn only_comparisons_of_what_moves_are_found() {
        let moving = |text: &str| {
            let found = formula(text).comparisons(|_| true);
            found
                .into_iter()
                .map(|found| found.text)
                .collect::<Vec<_>>()
        };
        assert_eq!(moving("1 + if(x < 2, 1, 2)"), ["x < 2"]);
        assert_eq!(moving("if(1 < 2, x, y)"), [""; 0]);
        assert_eq!(moving("pulse(x, 1, 2)"), ["pulse(x, 1, 2)"; 2]);
        assert_eq!(
            formula("x == y").comparisons(|_| true)[0].always,
            Some(false)
        );
    }

    #[test]
    fn a_margin_is_positive_where_the_comparison_holds() {
        let margin = |text: &str| {
            let formula = formula(text);
            let (part, _) = formula.part(formula.comparisons(|_| true)[0].node);
            let affine = part.is_affine(|_| true);
            let names: Vec<&str> = part.names().collect();
            (
                part.margin::<f64>(|i| if names[i] == "x" { 3.0 } else { -2.0 }),
                affine,
            )
        };
        assert_eq!(margin("x > y"), (5.0, true));
        assert_eq!(margin("2 * x / 4 + 1 <= 3 - y"), (2.5, true));
        assert_eq!(margin("x * y < 1"), (7.0, false));
        assert!(!margin("sin(x) < 1").1);
        assert_eq!(margin("y + x * if(y < x^2, 1, 2)"), (11.0, false));
    }

    #[test]
    fn a_part_of_a_formula_has_what_it_needs_alone() {
        let whole = formula("y * exp(x) + pulse(x, y + 1, 2) + if(x < y, 1, x)");
        let parts = whole.comparisons(|_| true).into_iter().map(|found| {
            let (part, names) = whole.part(found.node);
            (part.written(), part.expression.nodes.len(), names)
        });
        let pulse = "pulse(x, y + 1, 2)".to_owned();
        assert_eq!(
            parts.collect::<Vec<_>>(),
            [
                (pulse.clone(), 5, vec![2, 3]),
                (pulse, 7, vec![2, 3]),
                ("x < y".to_owned(), 3, vec![4, 5]),
            ]
        );
    }
}
