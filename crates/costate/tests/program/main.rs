//! The program as its users meet it: the real binary on model files in temporary folders.

mod bad_input;
mod fit;
mod gradient;
mod help;
mod methods;
mod room;
mod solve;
