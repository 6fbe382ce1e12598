//! The language of formulas: numbers, names, operators, comparisons, `if`, and the elementwise functions of
//! `costate-tape`.
//!
//! An [`Expression`] is a list of nodes in the order of their evaluation, so that nothing about it recurses: a sum of
//! ten thousand terms is as safe as one of two.

mod bend;
mod comparison;
mod nodes;
mod origin;
mod parse;
mod slip;
mod token;
mod value;

pub(crate) use bend::Bend;
pub(crate) use comparison::Compared;
pub(crate) use origin::Origin;

use std::ops::Range;

use crate::error::{Diagnostic, Place, Result};
use nodes::{Expression, Node};

/// An expression and where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Formula {
    expression: Expression,
    /// The value in the file that holds the formula.
    place: Place,
    /// The byte of the file at which the formula's text begins, if the file has it letter by letter.
    offset: Option<usize>,
}

impl Formula {
    pub(crate) fn parse(text: &str, place: Place, offset: Option<usize>) -> Result<Self> {
        match parse::parse(text) {
            Ok(expression) => Ok(Formula {
                expression,
                place,
                offset,
            }),
            Err(slip) => Err(within(&place, offset, &slip.span)
                .error(slip.message)
                .with_help(slip.help)
                .into()),
        }
    }

    /// A number in the file that stands for itself.
    pub(crate) fn number(value: f64, place: Place) -> Self {
        let expression = Expression {
            nodes: vec![Node::Number(value)],
            spans: vec![Range::default()],
            names: Vec::new(),
        };
        Formula {
            expression,
            place,
            offset: None,
        }
    }

    /// The value, if the formula is one number with or without a sign.
    pub(crate) fn literal(&self) -> Option<f64> {
        match *self.expression.nodes {
            [Node::Number(value)] => Some(value),
            [Node::Number(value), Node::Negate(0)] => Some(-value),
            _ => None,
        }
    }

    /// The same place with a number in it.
    pub(crate) fn with_literal(&self, value: f64) -> Self {
        Formula::number(value, self.place.clone())
    }

    /// Whether the formula is one name.
    pub(crate) fn is_name(&self) -> bool {
        matches!(*self.expression.nodes, [Node::Name(_)])
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The names in the order of their appearance, repeats included.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.expression.names.iter().map(|name| name.text.as_str())
    }

    /// A message about the `i`-th name.
    pub(crate) fn error_at_name(&self, i: usize, message: impl Into<String>) -> Diagnostic {
        within(&self.place, self.offset, &self.expression.names[i].span).error(message)
    }

    /// The operation at `node` as it is written.
    pub(crate) fn text_of(&self, node: usize) -> String {
        let place = within(&self.place, self.offset, &self.expression.spans[node]);
        let text = &place.source.text[place.span.clone()];
        text.trim_matches('"').to_owned()
    }

    /// The formula as it is written; a number that was set stands for itself.
    pub(crate) fn written(&self) -> String {
        match (self.literal(), self.expression.nodes.len()) {
            (Some(value), _) => value.to_string(),
            (None, 0) => String::new(),
            (None, count) => self.text_of(count - 1),
        }
    }
}

/// The part `span` of a formula's text in its file, or the whole value where the text cannot be found letter by letter.
fn within(place: &Place, offset: Option<usize>, span: &Range<usize>) -> Place {
    match offset {
        Some(offset) => Place {
            source: place.source.clone(),
            span: offset + span.start..offset + span.end,
        },
        None => place.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::Source;

    pub(super) fn formula(text: &str) -> Formula {
        let source = Arc::new(Source {
            path: "m.toml".into(),
            text: text.into(),
        });
        Formula::parse(
            text,
            Place {
                source,
                span: 0..text.len(),
            },
            Some(0),
        )
        .unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn a_literal_is_a_number_with_or_without_sign() {
        assert_eq!(formula("-5.9").literal(), Some(-5.9));
        assert_eq!(formula("5.9").literal(), Some(5.9));
        assert_eq!(formula("2 * 3").literal(), None);
        assert!(formula("x").is_name() && !formula("-x").is_name());
    }
}
