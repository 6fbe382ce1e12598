//! Functions on an interval as vectors: bases, inner products, norms, projections, and what is left out by a finite number of terms.
//!
//! A function of depth, such as a weight W(t), has infinitely many degrees of freedom. A [`Basis`] φ₀, φ₁, … of a function space makes it a row of numbers,
//!
//! ```text
//! f(t) ≈ Σ_{k<n} c_k φ_k(t)
//! ```
//!
//! and everything known of vectors carries over: an inner product says what a right angle is, the best approximation with n terms is the foot of
//! the perpendicular, and it is found by least squares. [`layer::Depth`](crate::layer::Depth) is where a network's weights become such series.
//!
//! # One inner product for samples and for functions
//! ⟨f, g⟩ = Σᵢ wᵢ f(tᵢ) g(tᵢ). With the times of measurements and wᵢ = 1 it is the inner product of ℓ², of vectors; with the nodes and weights of Gauss–Legendre
//! quadrature it is that of L², ∫ f g dt, exact for polynomials of degree up to 2n − 1. Both are a [`Quadrature`], and what is written for one serves the other.
//!
//! ```
//! use costate_neural_ode::function_space::{Basis, Quadrature};
//!
//! let legendre = Basis::legendre(3, 0.0, 1.0); // 1, s, (3s² − 1)/2 with s = 2t − 1
//! let gauss = Quadrature::legendre(8, 0.0, 1.0);
//! // t² = 1/3 + 1/2 s + 1/6 (3s² − 1)
//! let series = legendre.project(|t| t * t, &gauss)?;
//! for (c, exact) in series.coefficients.iter().zip([1.0 / 3.0, 0.5, 1.0 / 6.0]) {
//!     assert!((c - exact).abs() < 1e-14);
//! }
//! assert!((series.at(0.3_f64) - 0.09).abs() < 1e-14);
//! # Ok::<(), costate_neural_ode::function_space::ProjectionError>(())
//! ```
//!
//! # How fast terms help
//! The error of the best approximation, in the norm of L² and with n terms:
//!
//! | f | basis | error |
//! |---|---|---|
//! | periodic, with a jump | Fourier | n^(−1/2) |
//! | periodic, with a kink | Fourier | n^(−3/2) |
//! | periodic and analytic | Fourier | ρ⁻ⁿ |
//! | analytic inside the ellipse with foci at the ends and half axes a, b | Legendre, Chebyshev | (a + b)⁻ⁿ, for a half length of 1 |
//! | twice differentiable | piecewise linear | ‖f″‖ Δ²/√720 with knots Δ apart |
//!
//! `tests/layers/function_space.rs` measures each.
//!
//! # When a norm converges, and when it does not
//! In finitely many dimensions all norms agree on what converges. In a function space they do not, so "f_n → f" says nothing without a norm:
//!
//! ```
//! use costate_neural_ode::function_space::{Basis, Quadrature};
//!
//! // tⁿ → 0 on [0, 1]: in L², as 1/√(2n + 1). Its largest value stays 1.
//! let gauss = Quadrature::legendre(60, 0.0, 1.0);
//! for n in [1, 10, 50] {
//!     let exact = 1.0 / f64::from(2 * n + 1).sqrt();
//!     assert!((gauss.norm(|t: f64| t.powi(n)) - exact).abs() < 1e-14);
//!     assert_eq!(1.0_f64.powi(n), 1.0);
//! }
//!
//! // The Fourier series of a jump converges in L²; beside the jump it overshoots by 9 % of it, however many terms there are.
//! let jump = |t: f64| if t < 0.5 { 0.0 } else { 1.0 };
//! let panels = Quadrature::legendre_panels(8, 400, 0.0, 1.0);
//! let mut distances = Vec::new();
//! for terms in [21, 81] {
//!     let series = Basis::fourier(terms, 0.0, 1.0).project(jump, &panels)?;
//!     distances.push(panels.norm(|t| series.at(t) - jump(t)));
//!     let highest = (0..4000).map(|i| series.at(f64::from(i) / 4000.0)).fold(0.0, f64::max);
//!     assert!((highest - 1.0895).abs() < 0.003, "{highest}");
//! }
//! assert!((distances[0] / distances[1] - 2.0).abs() < 0.05); // four times the terms, half the distance
//! # Ok::<(), costate_neural_ode::function_space::ProjectionError>(())
//! ```
//!
//! And a row of coefficients need not be a function at all: in an orthonormal basis Σ c_k φ_k has the norm √Σ c_k², which is finite for c_k = 1/k and infinite for
//! c_k = 1/√k, though both tend to zero.
//!
//! # References
//! \[Trefethen2019\], \[Massaroli2020\]

mod basis;
mod projection;
mod quadrature;

pub use basis::{Basis, Family};
pub use projection::{ProjectionError, Series};
pub use quadrature::Quadrature;
