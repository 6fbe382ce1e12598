//! Where in a formula a value that is not finite comes from.

use costate_tape::{Binary, Dual, Scalar};

use super::Formula;
use super::nodes::Node;

/// What first was not finite on the way to a formula's value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// The `i`-th name's own value.
    Name(usize),
    /// An operation on finite numbers, told with them.
    Operation {
        text: String,
        /// Whether an argument was negative.
        negative: bool,
    },
}

impl Formula {
    /// The first value that is not finite on the way to the formula's own, which is not; nothing if that is finite. A side of an `if` that was not chosen does not
    /// count.
    pub(crate) fn origin(&self, name: impl FnMut(usize) -> f64) -> Option<Origin> {
        let nodes = &self.expression.nodes;
        let values: Vec<f64> = self.values(nodes.len(), name, |_| None);
        let wrong = |node: u32| !values[node as usize].is_finite();
        let mut at = nodes.len() - 1;
        if values[at].is_finite() {
            return None;
        }
        loop {
            let before = match nodes[at] {
                Node::If(c, a, b) => {
                    let chosen = if values[c as usize] != 0.0 { a } else { b };
                    [c, chosen].into_iter().find(|&node| wrong(node))
                }
                ref node => node.operands().find(|&node| wrong(node)),
            };
            match before {
                Some(before) => at = before as usize,
                None => break,
            }
        }
        let of = |node: u32| values[node as usize];
        let written = self.text_of(at);
        let text = match nodes[at] {
            Node::Name(i) => return Some(Origin::Name(i as usize)),
            Node::Divide(a, b) if of(b) == 0.0 => {
                format!("{} is divided by 0 in '{written}'", shown(of(a)))
            }
            Node::Power(x, exponent) => {
                format!(
                    "{} to the power {} in '{written}'",
                    shown(of(x)),
                    shown(of(exponent))
                )
            }
            Node::Unary(_, x) => {
                let function = written.split('(').next().unwrap_or_default();
                format!("{} of {} in '{written}'", function.trim(), shown(of(x)))
            }
            _ => format!("'{written}' is {}", values[at]),
        };
        let negative = match nodes[at] {
            Node::Power(x, _) | Node::Unary(_, x) => of(x) < 0.0,
            _ => false,
        };
        Some(Origin::Operation { text, negative })
    }

    /// The first operation on the way to the formula's value that is finite, on finite numbers, and whose derivative by one of its operands that is no
    /// number is not. A side of an `if` that was not chosen does not count.
    pub(crate) fn steep(&self, name: impl FnMut(usize) -> f64) -> Option<Origin> {
        let nodes = &self.expression.nodes;
        let values: Vec<f64> = self.values(nodes.len(), name, |_| None);
        let of = |node: u32| values[node as usize];
        let moves = self.expression.moving(|_| true);
        let mut counts = vec![false; nodes.len()];
        counts[nodes.len() - 1] = true;
        for (i, node) in nodes.iter().enumerate().rev().filter(|(i, _)| moves[*i]) {
            if !counts[i] {
                continue;
            }
            let unchosen = match *node {
                Node::If(c, a, b) => Some(if of(c) != 0.0 { b } else { a }),
                _ => None,
            };
            for k in node.operands().filter(|k| Some(*k) != unchosen) {
                counts[k as usize] = true;
            }
        }
        let variable = |node: u32, direction| match moves[node as usize] {
            true => Dual::<f64, 2>::variable(of(node), direction),
            false => Dual::constant(of(node)),
        };
        (0..nodes.len())
            .filter(|&i| counts[i] && moves[i])
            .find_map(|i| {
                let written = self.text_of(i);
                let (dual, x) = match nodes[i] {
                    Node::Unary(op, x) => (variable(x, 0).unary(op), x),
                    Node::Binary(op, a, b) => (variable(a, 0).binary(op, variable(b, 1)), a),
                    Node::Power(x, exponent) => {
                        let power = self.power(variable(x, 0), exponent, variable(exponent, 1));
                        (power, x)
                    }
                    _ => return None,
                };
                if !dual.value.is_finite() || dual.tangent.iter().all(|slope| slope.is_finite()) {
                    return None;
                }
                let text = match nodes[i] {
                    Node::Power(x, exponent) | Node::Binary(Binary::Pow, x, exponent) => {
                        let by = if dual.tangent[1].is_finite() {
                            "base"
                        } else {
                            "exponent"
                        };
                        format!(
                            "{} to the power {} in '{written}' has no derivative by its {by}",
                            shown(of(x)),
                            shown(of(exponent))
                        )
                    }
                    _ => format!("'{written}' at {} has no derivative", shown(of(x))),
                };
                let negative = of(x) < 0.0;
                Some(Origin::Operation { text, negative })
            })
    }
}

/// As people write it, or with a power of ten where that is shorter.
fn shown(x: f64) -> String {
    let (plain, power) = (format!("{x}"), format!("{x:e}"));
    if plain.len() > 6 && power.len() < plain.len() {
        power
    } else {
        plain
    }
}
