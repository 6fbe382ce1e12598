//! Functions to read: text, LaTeX, MathML, Graphviz DOT and Rust source.
//!
//! Text, LaTeX and MathML are styles of one walk over the graph (`walk`): what is used more than once, or would make a line too long,
//! becomes a named intermediate value. [`Function::elements`] turns a function of arrays into one of single numbers first, where
//! each component shall be read as a formula.

mod depth;
mod dot;
mod elements;
mod latex;
mod mathml;
mod names;
mod notation;
mod rust;
mod style;
mod text;
mod walk;

pub use names::Names;
pub use notation::{Formula, Formulas, Notation};
pub use rust::Plain;
pub(crate) use text::formula;
