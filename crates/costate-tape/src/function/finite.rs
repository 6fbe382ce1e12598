//! Where a result that is not finite comes from.

use crate::error::Error;
use crate::function::Function;
use crate::graph::NodeId;
use crate::op::Op;
use crate::scalar::Scalar;
use std::fmt;

/// The first value that was not finite on the way to an output that is not.
///
/// ```
/// use costate_tape::{Function, Scalar};
/// let f = Function::<f64>::record(&[("x", &[]), ("y", &[])], |v| vec![v[0] / (v[0] - v[1]).sqrt()])?;
/// let cause = f.first_non_finite(&[&[1.0], &[3.0]])?.expect("the square root of −2");
/// assert_eq!((cause.operation, cause.formula.as_str()), ("sqrt", "sqrt(x - y)"));
/// assert_eq!(cause.operands, [("x - y".to_owned(), -2.0)]);
/// # Ok::<(), costate_tape::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NonFinite<T> {
    /// Its node.
    pub node: NodeId,
    /// The operation that made it, or `input`.
    pub operation: &'static str,
    /// The value as a formula of the inputs, cut off where it is nested deeply.
    pub formula: String,
    /// The element, counted in memory; 0 for a single number.
    pub element: usize,
    /// Its value: an infinity or no number.
    pub value: T,
    /// The operands as formulas, with their values at this element; empty for an operation that mixes elements.
    pub operands: Vec<(String, T)>,
}

impl<T: fmt::Debug> fmt::Display for NonFinite<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is {:?}", self.formula, self.value)?;
        if self.element > 0 {
            write!(out, " in element {}", self.element)?;
        }
        for (i, (formula, value)) in self.operands.iter().enumerate() {
            let lead = if i == 0 { ", where " } else { ", " };
            write!(out, "{lead}{formula} = {value:?}")?;
        }
        Ok(())
    }
}

/// Neither infinite nor NaN.
fn is_finite<T: Scalar>(x: T) -> bool {
    x * T::from_f64(0.0) == T::from_f64(0.0)
}

impl<T: Scalar> Function<T> {
    /// Which value first was not finite on the way to an output that is not, or none if all outputs are finite. A value that is not
    /// finite and goes nowhere (the side that a `select` left out) does not count.
    ///
    /// # Errors
    /// [`Error::InputCount`] or [`Error::InputLength`] if the inputs do not fit. Guards are not looked at.
    ///
    /// ```
    /// use costate_tape::{Function, Scalar};
    /// let f = Function::<f64>::record(&[("x", &[2]), ("k", &[])], |v| vec![(v[0] - v[1]).ln().sum() * v[1]])?;
    /// let cause = f.first_non_finite(&[&[3.0, 1.0], &[2.0]])?.expect("the logarithm of −1");
    /// assert_eq!(cause.to_string(), "ln(x - k) is NaN in element 1, where x - k = -1.0");
    /// # Ok::<(), costate_tape::Error>(())
    /// ```
    pub fn first_non_finite(&self, inputs: &[&[T]]) -> Result<Option<NonFinite<T>>, Error> {
        let values = self.values(inputs)?;
        let graph = self.graph();
        let wrong = |id: NodeId| values.of(id).iter().position(|&x| !is_finite(x));
        let mut blamed = vec![false; graph.len()];
        for port in self.outputs() {
            blamed[port.node.index()] = wrong(port.node).is_some();
        }
        let mut first = None;
        for (i, node) in graph.nodes().iter().enumerate().rev() {
            if blamed[i] {
                first = Some(NodeId(i as u32));
                for &operand in &node.operands {
                    blamed[operand.index()] |= wrong(operand).is_some();
                }
            }
        }
        let Some((id, element)) = first.and_then(|id| Some((id, wrong(id)?))) else {
            return Ok(None);
        };
        let node = graph.node(id);
        let operands = if node.op.is_elementwise() {
            node.operands.as_slice()
        } else {
            &[]
        };
        let formula = |id: NodeId| match graph.node(id).op {
            Op::Constant(_) => None,
            _ => Some(crate::display::formula(self, id)),
        };
        Ok(Some(NonFinite {
            node: id,
            operation: node.op.name(),
            formula: crate::display::formula(self, id),
            element,
            value: values.of(id)[element],
            operands: operands
                .iter()
                .filter_map(|&operand| Some((formula(operand)?, values.of(operand)[element])))
                .collect(),
        }))
    }
}
