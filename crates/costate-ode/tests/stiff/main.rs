//! Methods for stiff problems: order, stability, reference solutions, cost.

mod allocation;
mod cost;
mod dae;
mod dirk;
mod order;
mod reference;
mod rosenbrock;
mod switching;
mod systems;
mod trees;
