//! The value of a formula.

use costate_tape::{Binary, Scalar, Unary};

use super::Formula;
use super::nodes::{Comparison, Node};

impl Formula {
    /// The value with the `i`-th name standing for `name(i)`.
    ///
    /// Generic in the scalar: natively for plain numbers, recording for variables of a tape. Both branches of an `if`
    /// are evaluated; the one not chosen has no influence on value or derivative.
    pub(crate) fn eval<S: Scalar>(&self, name: impl FnMut(usize) -> S) -> S {
        let values = self.values(self.expression.nodes.len(), name, |_| None);
        values[values.len() - 1]
    }

    /// The same with `answer(node)` in the place of a comparison's own answer, where there is one.
    pub(crate) fn eval_with<S: Scalar>(
        &self,
        name: impl FnMut(usize) -> S,
        answer: impl FnMut(usize) -> Option<S>,
    ) -> S {
        let values = self.values(self.expression.nodes.len(), name, answer);
        values[values.len() - 1]
    }

    /// By how much a formula that is a comparison holds: b − a for a < b, x for sign(x).
    pub(crate) fn margin<S: Scalar>(&self, name: impl FnMut(usize) -> S) -> S {
        let values = self.values(self.expression.nodes.len() - 1, name, |_| None);
        match self.expression.nodes.last() {
            Some(&Node::Compare(_, a, b)) => values[b as usize] - values[a as usize],
            Some(&Node::Unary(Unary::Sign, x)) => values[x as usize],
            _ => unreachable!("a comparison's margin is asked for"),
        }
    }

    /// The values of the first `count` nodes.
    pub(super) fn values<S: Scalar>(
        &self,
        count: usize,
        mut name: impl FnMut(usize) -> S,
        mut answer: impl FnMut(usize) -> Option<S>,
    ) -> Vec<S> {
        let mut values: Vec<S> = Vec::with_capacity(count);
        for (i, node) in self.expression.nodes[..count].iter().enumerate() {
            let of = |operand: u32| values[operand as usize];
            let value = match *node {
                Node::Number(value) => S::from_f64(value),
                Node::Name(index) => name(index as usize),
                Node::Negate(x) => -of(x),
                Node::Add(a, b) => of(a) + of(b),
                Node::Subtract(a, b) => of(a) - of(b),
                Node::Multiply(a, b) => of(a) * of(b),
                Node::Divide(a, b) => of(a) / of(b),
                Node::Power(x, exponent) => self.power(of(x), exponent, of(exponent)),
                Node::Compare(comparison, a, b) => {
                    answer(i).unwrap_or_else(|| compare(comparison, of(a), of(b)))
                }
                Node::If(condition, a, b) => S::select(of(condition), of(a), of(b)),
                Node::Unary(Unary::Sign, x) => match answer(i) {
                    Some(positive) => positive * S::from_f64(2.0) - S::from_f64(1.0),
                    None => of(x).unary(Unary::Sign),
                },
                Node::Unary(op, x) => of(x).unary(op),
                Node::Binary(op, a, b) => of(a).binary(op, of(b)),
            };
            values.push(value);
        }
        values
    }

    /// A whole exponent multiplies, so that negative bases have powers and exact derivatives.
    pub(super) fn power<S: Scalar>(&self, x: S, exponent: u32, value: S) -> S {
        let nodes = &self.expression.nodes;
        let constant = match nodes[exponent as usize] {
            Node::Number(n) => Some(n),
            Node::Negate(inner) => match nodes[inner as usize] {
                Node::Number(n) => Some(-n),
                _ => None,
            },
            _ => None,
        };
        match constant {
            Some(n) if n.fract() == 0.0 && n.abs() <= 64.0 => x.powi(n as i32),
            _ => x.powf(value),
        }
    }
}

/// 1 or 0.
fn compare<S: Scalar>(comparison: Comparison, a: S, b: S) -> S {
    let op = match comparison {
        Comparison::Less => Binary::Lt,
        Comparison::LessEqual => Binary::Le,
        Comparison::Equal => Binary::Eq,
        Comparison::NotEqual => Binary::Ne,
    };
    a.binary(op, b)
}

#[cfg(test)]
mod tests {
    use super::super::tests::formula;

    fn value(text: &str) -> f64 {
        let formula = formula(text);
        let names: Vec<&str> = formula.names().collect();
        formula.eval::<f64>(|i| match names[i] {
            "x" => 3.0,
            "y" => -2.0,
            name => panic!("{name}"),
        })
    }

    #[test]
    fn powers_bind_tighter_than_signs_and_to_the_right() {
        assert_eq!(value("-x^2"), -9.0);
        assert_eq!(value("2^3^2"), 512.0);
        assert_eq!(value("2^-1"), 0.5);
        assert_eq!(value("-2^-2"), -0.25);
        assert_eq!(value("(-x)^2"), 9.0);
        assert_eq!(value("y^3"), -8.0);
        assert_eq!(value("x^0.5"), 3.0_f64.powf(0.5));
        assert_eq!(value("2*-x"), -6.0);
    }

    #[test]
    fn sums_and_products_go_from_left_to_right() {
        assert_eq!(value("1 - 2 - 3"), -4.0);
        assert_eq!(value("8 / 4 / 2"), 1.0);
        assert_eq!(value("1 + 2 * x - y / 4"), 7.5);
        assert_eq!(value("+x - -y"), 1.0);
        assert_eq!(value(".5 + 1. + 1e-1 + 2E+1"), 21.6);
        assert_eq!(value("2 * pi"), std::f64::consts::TAU);
    }

    #[test]
    fn comparisons_are_one_or_zero() {
        for (text, expected) in [
            ("x < 3", 0.0),
            ("x <= 3", 1.0),
            ("x > y", 1.0),
            ("x >= 4", 0.0),
            ("x == 3", 1.0),
            ("x != 3", 0.0),
            ("(x < 4) + (y < 0)", 2.0),
            ("(x < 4) == (y < 0)", 1.0),
            ("step(x, 3) < 1", 0.0),
            ("x + 1 < 2 * x", 1.0),
            ("if(x < 0, 1 / 0, y)", -2.0),
            ("step(x, 3)", 1.0),
            ("step(x, 3.5)", 0.0),
            ("pulse(x, 2, 1)", 0.0),
            ("pulse(x, 2, 1.5)", 1.0),
            ("pulse(x, 3, 1)", 1.0),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn functions_are_those_of_the_tape() {
        assert_eq!(value("exp(log(x))"), 3.0_f64.ln().exp());
        assert_eq!(value("max(x, y) + min(x, y) + hypot(x, 4)"), 6.0);
        assert_eq!(value("abs(y)"), 2.0);
    }

    #[test]
    fn long_sums_are_no_deeper_than_short_ones() {
        let text = vec!["x"; 100_000].join(" + ");
        assert_eq!(value(&text), 300_000.0);
        // Nor is what they depend on kept for each of their parts, which would be tens of gigabytes.
        let compared = formula(&format!("{text} < 1"));
        let node = compared.comparisons(|_| true)[0].node;
        assert_eq!(compared.part(node).1.len(), 100_000);
        assert!(formula(&text).floors(|_| true).is_empty());
    }
}
