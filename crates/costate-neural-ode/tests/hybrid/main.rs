//! Solutions with events and their gradients.

mod closed;
mod edges;
mod implicit;
mod matrix;
mod promises;
mod random;
mod refusals;
mod systems;
mod ties;
