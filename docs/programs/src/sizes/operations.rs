//! The same four operations, with the size in the type and with the size as a value.

#![allow(clippy::ptr_arg)] // That a state is a `Vec` is what is looked at.

// ANCHOR: operations
/// A state of N zeros: its size is part of its type.
#[inline(always)]
pub fn make_array<const N: usize>() -> [f64; N] {
    [0.0; N]
}

/// The same, its size a value.
#[inline(always)]
pub fn make_vec(n: usize) -> Vec<f64> {
    vec![0.0; n]
}

/// The last component.
#[inline(always)]
pub fn read_array<const N: usize>(y: &[f64; N]) -> f64 {
    y[N - 1]
}

/// Component i.
#[inline(always)]
pub fn read_vec(y: &Vec<f64>, i: usize) -> f64 {
    y[i]
}

/// y + h k.
#[inline(always)]
pub fn step_array<const N: usize>(y: &mut [f64; N], h: f64, k: &[f64; N]) {
    for i in 0..N {
        y[i] += h * k[i];
    }
}

/// The same.
#[inline(always)]
pub fn step_vec(y: &mut Vec<f64>, h: f64, k: &Vec<f64>) {
    for (y, k) in y.iter_mut().zip(k) {
        *y += h * k;
    }
}
// ANCHOR_END: operations
