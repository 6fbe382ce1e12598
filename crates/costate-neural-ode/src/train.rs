//! What turns a gradient into a trained model: losses, what is done to gradients, optimisers, schedules, the loop.
//!
//! A [`training`] is a loop over iterations: a gradient, clipped, a step of an [`optimizer`] whose rate follows a [`schedule`]; with a validation set, checkpoints, and
//! what to do when it diverges. What it minimises is a [`loss`] of saved states, of [`observations`] at times of their own, or of a [`pipeline`] with networks before and
//! after the solve.

#[cfg(feature = "checkpoint")]
pub mod checkpoint;
pub mod clip;
pub mod decay;
pub mod loss;
pub mod observations;
pub mod optimizer;
pub mod pipeline;
pub mod schedule;
pub mod training;
