//! Training: optimisers, what is done to gradients, losses, the loop.

mod gradients;
mod optimizers;
