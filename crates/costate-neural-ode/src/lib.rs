//! Exact gradients through differential equations: neural ODEs, adjoint methods, training.
