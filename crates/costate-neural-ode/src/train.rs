//! What turns a gradient into a trained model: losses, what is done to gradients, optimisers, schedules.

pub mod clip;
pub mod decay;
pub mod loss;
pub mod optimizer;
pub mod schedule;
