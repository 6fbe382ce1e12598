//! What is looked at in assembly: each thing once for an array and once for a vector.

// A state of a size known at run time is a `Vec`: that it is, is what is looked at.
#![allow(clippy::ptr_arg)]

use std::hint::black_box;

type Array = [f64; 4];

/// A state made from its components.
#[inline(never)]
pub(crate) fn construct_array(a: f64, b: f64, c: f64, d: f64) -> Array {
    [a, b, c, d]
}
#[inline(never)]
pub(crate) fn construct_vector(a: f64, b: f64, c: f64, d: f64) -> Vec<f64> {
    vec![a, b, c, d]
}

/// Its last component.
#[inline(never)]
pub(crate) fn read_array(y: &Array) -> f64 {
    y[3]
}
#[inline(never)]
pub(crate) fn read_vector(y: &Vec<f64>) -> f64 {
    y[3]
}

/// The sum of its components.
#[inline(never)]
pub(crate) fn sum_array(y: &Array) -> f64 {
    y.iter().sum()
}
#[inline(never)]
pub(crate) fn sum_vector(y: &Vec<f64>) -> f64 {
    y.iter().sum()
}

/// A right-hand side: two oscillators.
#[inline(never)]
pub(crate) fn field_array(y: &Array, dy: &mut Array) {
    *dy = [y[1], -y[0], y[3], -y[2]];
}
#[inline(never)]
pub(crate) fn field_vector(y: &Vec<f64>, dy: &mut Vec<f64>) {
    dy[0] = y[1];
    dy[1] = -y[0];
    dy[2] = y[3];
    dy[3] = -y[2];
}

/// A stage of two slopes: y + a k₀ + b k₁.
#[inline(never)]
pub(crate) fn stage_array(out: &mut Array, y: &Array, [k0, k1]: &[Array; 2], a: f64, b: f64) {
    for i in 0..y.len() {
        out[i] = y[i] + a * k0[i] + b * k1[i];
    }
}
#[inline(never)]
pub(crate) fn stage_vector(
    out: &mut Vec<f64>,
    y: &Vec<f64>,
    [k0, k1]: &[Vec<f64>; 2],
    a: f64,
    b: f64,
) {
    for i in 0..y.len() {
        out[i] = y[i] + a * k0[i] + b * k1[i];
    }
}

/// Uses them all, so that none is left out of the program.
pub(crate) fn keep() {
    black_box(construct_array as fn(_, _, _, _) -> _);
    black_box(construct_vector as fn(_, _, _, _) -> _);
    black_box(read_array as fn(&_) -> _);
    black_box(read_vector as fn(&_) -> _);
    black_box(sum_array as fn(&_) -> _);
    black_box(sum_vector as fn(&_) -> _);
    black_box(field_array as fn(&_, &mut _));
    black_box(field_vector as fn(&_, &mut _));
    black_box(stage_array as fn(&mut _, &_, &_, _, _));
    black_box(stage_vector as fn(&mut _, &_, &_, _, _));
}
