//! Functions that the standard library does not have. Their files are self-contained: they are compiled here, and printed as they
//! are where a function is written as Rust source.

pub(crate) mod erf;
pub(crate) mod gamma;
pub(crate) mod lu;

use crate::op::notation::Rust;
use crate::scalar::Scalar;
use num_traits::Float;

/// The error function and its kin, as source.
pub(crate) const ERF: Rust = Rust::Module("erf", include_str!("special/erf.rs"));
/// ln |Γ|, ψ and its derivatives, as source.
pub(crate) const GAMMA: Rust = Rust::Module("gamma", include_str!("special/gamma.rs"));

/// A function of f64 for a scalar that has no own one: correct to f64's precision only.
pub(crate) fn through_f64<T: Float>(x: T, function: fn(f64) -> f64) -> T {
    T::from(function(x.to_f64().unwrap_or(f64::NAN))).expect("a float holds any f64, rounded")
}

/// A function of two f64 for scalars that have no own one: correct to f64's precision only.
pub(crate) fn both_through_f64<T: Float>(a: T, b: T, function: fn(f64, f64) -> f64) -> T {
    let [a, b] = [a, b].map(|x| x.to_f64().unwrap_or(f64::NAN));
    T::from(function(a, b)).expect("a float holds any f64, rounded")
}
