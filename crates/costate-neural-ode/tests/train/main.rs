//! Training: optimisers, what is done to gradients, losses, the loop.

mod gradients;
mod health;
#[cfg(feature = "checkpoint")]
mod kill;
mod long;
mod losses;
mod optimizers;
mod pipeline;
mod regularizers;
mod training;
