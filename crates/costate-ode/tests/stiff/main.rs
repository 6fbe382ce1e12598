//! Methods for stiff problems: order, stability, reference solutions, cost.

mod allocation;
mod cost;
mod counts;
mod dae;
mod dirk;
mod elements;
mod large;
mod order;
mod reference;
mod rosenbrock;
mod stabilised;
mod switching;
mod systems;
mod trees;
