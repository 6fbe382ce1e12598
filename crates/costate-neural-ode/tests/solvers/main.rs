//! The discrete adjoint of every solver that is no explicit tableau: against dual numbers, differences and closed forms.

#[path = "../gradient/fields.rs"]
#[allow(dead_code)]
mod fields;

mod additive;
mod budget;
mod duals;
mod error_bar;
mod memory;
mod oracle;
mod promises;
mod reactions;
mod reversible;
mod sparse;
mod steady_state;
mod stiff;
#[path = "../gradient/tableaus.rs"]
mod tableaus;
