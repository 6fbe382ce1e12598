//! What recording is measured on: the network of workload W2, and long programs of single numbers.

use costate_tape::{Function, Scalar, Unary, Var};

/// The network of workload W2: 32-128-128-32 with tanh, over a batch of 256.
///
/// # Panics
/// Never: its inputs have distinct names.
#[must_use]
pub fn network() -> Function<f64> {
    let widths = [32_usize, 128, 128, 32];
    let parameters: usize = widths.windows(2).map(|w| w[1] * (w[0] + 1)).sum();
    Function::record(
        &[("h", &[256, 32]), ("t", &[]), ("theta", &[parameters])],
        |v| {
            let (mut x, mut at) = (v[0], 0);
            for (i, w) in widths.windows(2).enumerate() {
                let weights = v[2].slice(0, at..at + w[0] * w[1]).reshape([w[1], w[0]]);
                at += w[0] * w[1];
                let bias = v[2].slice(0, at..at + w[1]);
                at += w[1];
                x = x.matmul_with(weights, false, true) + bias;
                if i < 2 {
                    x = x.unary(Unary::Tanh);
                }
            }
            vec![x]
        },
    )
    .expect("the names of the inputs are distinct")
}

/// A chain of `nodes` operations on single numbers: 4 states, a dozen parameters.
///
/// # Panics
/// Never: its inputs have distinct names.
#[must_use]
pub fn scalars(nodes: usize) -> Function<f64> {
    Function::record(&[("x", &[4]), ("theta", &[12])], |v| {
        let mut x = [0, 1, 2, 3].map(|i| v[0].index(i));
        let theta: Vec<Var<'_, f64>> = (0..12).map(|i| v[1].index(i)).collect();
        // Five operations a turn.
        for i in 0..nodes / 5 {
            let (a, b, c) = (x[i % 4], x[(i + 1) % 4], x[(i + 2) % 4]);
            let rate = theta[i % 12] * a - b * c;
            x[i % 4] = a + rate.sin();
        }
        vec![Var::stack(&x)]
    })
    .expect("the names of the inputs are distinct")
}
