//! What the guides show: tables of every method of the library, and small programs with answers that are known.

pub mod algebraic;
pub mod events;
pub mod gradients;
pub mod many;
pub mod names;
pub mod solvers;
pub mod split;

use crate::Output;

/// What the guides include.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("guides/solvers.md", solvers::tables()),
        Output::new("guides/gradients.md", gradients::table()),
        Output::new("guides/pairs.md", gradients::pairs()),
        Output::local("guides/same.md", gradients::same()),
        Output::new("guides/bounce.md", events::table()),
        Output::new("guides/chain.md", algebraic::table()),
        Output::new("guides/imex.md", split::table()),
        Output::new("guides/ensemble.md", many::table()),
    ]
}
