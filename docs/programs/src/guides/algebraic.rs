//! Algebraic equations beside differential ones: Robertson's reaction with its total as an equation.

use crate::text::{Table, scientific};
use costate_ode::{Ivp, Matrix, Method};

// ANCHOR: robertson
/// Robertson's reaction: two equations of rates, and 0 = y₀ + y₁ + y₂ − 1 for the third.
pub fn robertson(_t: f64, y: &[f64; 3], dy: &mut [f64; 3]) {
    let [slow, fast, middle] = [0.04 * y[0], 3e7 * y[1] * y[1], 1e4 * y[1] * y[2]];
    *dy = [
        middle - slow,
        slow - middle - fast,
        y[0] + y[1] + y[2] - 1.0,
    ];
}

/// The state at t = 40; the third component may begin anywhere, its equation puts it right.
pub fn solve(method: &str, third: f64) -> Result<[f64; 3], Box<dyn std::error::Error>> {
    let solution = Ivp::new(robertson, 0.0, [1.0, 0.0, third], 40.0)
        .method(Method::by_name(method)?)
        .rtol(1e-8)
        .atol(1e-12)
        .mass(Matrix::diagonal::<f64>([1.0, 1.0, 0.0]))
        .save_end()
        .solve()?;
    Ok(*solution.last())
}
// ANCHOR_END: robertson

pub(super) fn table() -> String {
    let mut table = Table::new(&["method", "$y_0$", "$y_1$", "$y_2$"]);
    for method in Method::all().into_iter().filter(|method| method.mass) {
        if let Ok(y) = solve(method.name, 0.0) {
            let mut row = vec![format!("`{}`", method.name)];
            row.extend(y.map(|y| scientific(y, 5)));
            table.row(&row);
        }
    }
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_kept_and_a_wrong_start_is_put_right() {
        // Published at t = 40: Hairer and Wanner's test set.
        let known = [
            0.715_827_068_718_4,
            9.185_534_764_557e-6,
            0.284_163_745_746_3,
        ];
        for (method, third) in [("rodas5p", 0.0), ("rodas5p", 0.3), ("radau", 0.0)] {
            let y = solve(method, third).unwrap();
            for (y, known) in y.iter().zip(known) {
                assert!((y / known - 1.0).abs() < 1e-5, "{method}: {y} {known}");
            }
            assert!((y.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }
}
