//! Solutions with events and their gradients.

mod closed;
mod edges;
mod random;
mod systems;
mod ties;
