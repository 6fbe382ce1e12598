//! The workloads by which costate is measured, and what the benches share.
//!
//! `benches/peers/workloads.json` defines them; `benches/peers` runs the same work in other tools. The program `workload` runs one of them here.

mod clock;
pub mod definition;
pub mod memory;
pub mod network;
pub mod recorded;
mod serve;
pub mod workload;
pub mod yardstick;

pub use clock::cpu_seconds;
pub use serve::serve;
pub use workload::{Outcome, Workload, build};
