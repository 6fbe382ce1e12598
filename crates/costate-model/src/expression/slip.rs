//! What is wrong with the text of a formula.

use std::ops::Range;

/// What is wrong with a formula, at a byte range of its own text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slip {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Slip {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Slip {
            span,
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn moved(mut self, by: usize) -> Self {
        self.span = self.span.start + by..self.span.end + by;
        self
    }
}
