//! What turns a gradient into a trained model: losses, optimisers, schedules.

pub mod loss;
pub mod optimizer;
pub mod schedule;
