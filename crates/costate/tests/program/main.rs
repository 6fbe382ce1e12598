//! The program as its users meet it: the real binary on model files in temporary folders.

mod audit;
mod bad_input;
mod check;
mod experiments;
mod explain;
mod fit;
mod gradient;
mod help;
#[cfg(unix)]
mod interrupt;
mod methods;
mod new;
mod reference;
mod report;
mod room;
mod schema;
mod solve;
