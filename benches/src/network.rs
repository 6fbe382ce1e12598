//! Networks of linear layers with tanh between, as vector fields of many states side by side.

use costate_neural_ode::Recorded;
use costate_neural_ode::layer::{Layer, Mlp};
use costate_tape::{Function, Lane, Scalar, Unary, Var};

/// dh/dt = network(inner(h)) for `batch` states, as a function of h, t and θ.
///
/// # Panics
/// Never: its inputs have distinct names.
#[must_use]
pub fn function<T: Lane>(
    batch: usize,
    widths: &[usize],
    inner: impl for<'t> Fn(Var<'t, T>) -> Var<'t, T>,
) -> Function<T> {
    let network = Mlp::new(widths, Unary::Tanh);
    let (state, parameters) = ([batch, widths[0]], [network.parameter_len()]);
    let inputs: [(&str, &[usize]); 3] = [("h", &state), ("t", &[]), ("theta", &parameters)];
    Function::record(&inputs, |v| vec![network.apply(inner(v[0]), v[2])])
        .expect("the names of the inputs are distinct")
}

/// The same, compiled.
///
/// # Panics
/// Never: a network can be differentiated.
#[must_use]
pub fn field<T: Lane>(
    batch: usize,
    widths: &[usize],
    inner: impl for<'t> Fn(Var<'t, T>) -> Var<'t, T>,
) -> Recorded<T> {
    Recorded::new(&function(batch, widths, inner)).expect("a network can be differentiated")
}

/// The spiral's field: a network of h³.
#[must_use]
pub fn spiral<T: Lane>(batch: usize, widths: &[usize]) -> Recorded<T> {
    field(batch, widths, |h| h.powi(3))
}
