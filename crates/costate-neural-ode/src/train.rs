//! What turns a gradient into a trained model: losses, what is done to gradients, optimisers, schedules, the loop.
//!
//! A [`training`] is a loop over iterations: a gradient, clipped, a step of an [`optimizer`] whose rate follows a [`schedule`]; with a validation set, checkpoints, and
//! what to do when it diverges. What it minimises is a [`loss`] of saved states, of [`observations`] at times of their own, or of a [`pipeline`] with networks before and
//! after the solve. Long solutions are learned from their beginning ([`horizon`]) or in pieces ([`shooting`]); a [`regularizer`] keeps fields easy to solve, and a report on its [`health`]
//! says whether a model is one of an equation.

#[cfg(feature = "checkpoint")]
pub mod checkpoint;
pub mod clip;
pub mod decay;
pub mod health;
pub mod horizon;
pub mod loss;
pub mod observations;
pub mod optimizer;
pub mod pipeline;
pub mod regularizer;
pub mod schedule;
pub mod shooting;
pub mod training;
