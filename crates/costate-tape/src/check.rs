//! Gradient checks for your own functions: is the derivative right, and if not, which component is worst?
//!
//! Three independent ways:
//!
//! - [`by_differences`] (and [`gradient`], [`jacobian`] for code without a tape): central differences with Richardson
//!   extrapolation \[Ridders1982\]. Knows nothing of derivative rules; good to about 8 digits.
//! - [`by_duals`]: the same graph over [`Dual`](crate::Dual) numbers, which shares the elementwise rules and nothing else;
//!   good to rounding.
//! - [`by_dot_products`] (and [`products`]): ⟨v, J u⟩ = ⟨Jᵀ v, u⟩ in random directions; sees whether forward and reverse fit
//!   each other, at the price of two evaluations.
//!
//! Each returns a [`Report`] that names the worst component.
//!
//! ```
//! use costate_tape::{Function, check};
//!
//! let f = Function::<f64>::record(&[("h", &[2]), ("theta", &[2])], |v| {
//!     vec![v[0] * v[1] - v[0] * v[0].sum()]
//! })?;
//! for report in check::function(&f, &[&[3.0, 0.2], &[0.25, -1.5]])? {
//!     report.assert();
//! }
//!
//! // A hand-written gradient with a wrong sign is found, and named.
//! let report = check::gradient(|x| x[0] * x[1], &[2.0, 5.0], &[5.0, -2.0]);
//! assert!(!report.holds());
//! assert_eq!(report.worst().unwrap().name, "∂f/∂x[1]");
//! # Ok::<(), costate_tape::Error>(())
//! ```

mod difference;
mod function;
mod plain;
mod report;
mod terms;

pub use difference::{Estimate, derivative};
pub use function::{by_differences, by_dot_products, by_duals, function};
pub use plain::{gradient, jacobian, products};
pub use report::{Component, Report};
