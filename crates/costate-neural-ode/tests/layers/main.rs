//! Layers, and the functions of depth that their weights can be.

mod depth;
mod function_space;
#[cfg(feature = "safetensors")]
mod pytorch;
mod shapes;
