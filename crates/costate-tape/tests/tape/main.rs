//! What the tape promises, as claims.

mod accuracy;
mod binary;
mod check;
mod compositions;
mod display;
mod graphs;
mod kinks;
mod linear;
mod random;
mod recording;
mod scalars;
mod source;
mod sparsity;
mod unary;
mod verbs;
