//! Layers, and the functions of depth that their weights can be.

mod function_space;
