//! Beyond one gradient: several outputs, second derivatives, batches.

mod batch;
mod events;
mod field;
mod jacobian;
mod second_order;
