//! How do cheap combinations of f gain orders?

use crate::Output;
use crate::house::{H0, T0, T1, THETA, state};
use crate::plot::{Plot, figure};
use crate::snippet;
use crate::text::{Table, fixed, scientific};
use costate_ode::{Ivp, Tableau, tableau};

const METHODS: [&str; 6] = ["euler", "midpoint", "heun", "bosh3", "rk4", "dopri5"];

fn method(name: &str) -> &'static Tableau {
    tableau::by_name(name).expect("it is registered")
}

// ANCHOR: conditions
/// The sums Σb, Σbc, Σbc², Σb(ac), Σbc³ of a method; up to order 3 they must be 1, 1/2, 1/3, 1/6.
#[must_use]
pub fn sums(method: &Tableau) -> [f64; 5] {
    let s = method.stages();
    let b: Vec<f64> = method.b.iter().map(|b| b.to()).collect();
    let c: Vec<f64> = method.c.iter().map(|c| c.to()).collect();
    let sum = |term: &dyn Fn(usize) -> f64| (0..s).map(|i| b[i] * term(i)).sum::<f64>();
    let ac = |i: usize| {
        (0..i)
            .map(|j| method.a(i, j).to::<f64>() * c[j])
            .sum::<f64>()
    };
    [
        sum(&|_| 1.0),
        sum(&|i| c[i]),
        sum(&|i| c[i] * c[i]),
        sum(&ac),
        sum(&|i| c[i].powi(3)), // book: (order-conditions)
    ]
}
// ANCHOR_END: conditions

// ANCHOR: step
/// One step of any explicit Runge–Kutta method for h' = f(h, t).
pub fn step(method: &Tableau, f: impl Fn(f64, f64) -> f64, t: f64, h: f64, dt: f64) -> f64 {
    let mut k: Vec<f64> = Vec::new();
    for i in 0..method.stages() {
        let at = (0..i).fold(h, |at, j| at + dt * method.a(i, j).to::<f64>() * k[j]);
        k.push(f(at, t + method.c[i].to::<f64>() * dt)); // book: (runge-kutta)
    }
    let terms = k.iter().zip(method.b);
    h + dt * terms.map(|(k, b)| b.to::<f64>() * k).sum::<f64>()
}
// ANCHOR_END: step

/// Relative error of the library at t₁ with `steps` constant steps.
#[must_use]
pub fn error(name: &str, steps: usize) -> f64 {
    let f = |t: f64, h: &[f64; 1], dh: &mut [f64; 1]| dh[0] = THETA * t * h[0];
    let ivp = Ivp::new(f, T0, [H0], T1)
        .method(method(name))
        .step((T1 - T0) / steps as f64)
        .save_end();
    let end = ivp.solve().expect("it is linear").last()[0];
    (end / state(T1) - 1.0).abs()
}

fn slope(name: &str) -> f64 {
    (error(name, 32) / error(name, 64)).log2()
}

fn table() -> String {
    let mut table = Table::new(&[
        "method",
        "$\\sum b$",
        "$\\sum bc$",
        "$\\sum bc^2$",
        "$\\sum b\\,ac$",
        "$\\sum bc^3$",
        "slope measured",
    ]);
    for name in METHODS {
        let sums = sums(method(name));
        let mut row = vec![format!("`{name}`")];
        row.extend(sums.map(|x| fixed(x, 4)));
        row.push(fixed(slope(name), 2));
        table.row(&row);
    }
    table.row(&[
        "must be",
        "1",
        "0.5",
        "0.3333",
        "0.1667",
        "0.25",
        "the order",
    ]);
    table.markdown()
}

fn lines() -> String {
    let mut plot = Plot::new("error of h(5) with N constant steps")
        .x("evaluations of f", 4.0, 20_000.0)
        .log_x()
        .y("relative error", 1e-14, 1.0)
        .log_y()
        .height(360.0);
    for (name, class) in [
        ("euler", "ti"),
        ("midpoint", "st"),
        ("bosh3", "tan"),
        ("rk4", "co"),
        ("dopri5", "pa"),
    ] {
        let stages = method(name).stages() - usize::from(method(name).fsal);
        let points: Vec<_> = (1..=9)
            .map(|k| 1_usize << k)
            .map(|steps| ((steps * stages) as f64, error(name, steps)))
            .filter(|p| p.1 > 2e-14 && p.0 < 4000.0)
            .collect();
        plot.line(class, &points);
        plot.dots(class, 3.0, &points);
        let last = points[points.len() - 1];
        plot.text(
            class,
            "start",
            (last.0 * 1.2, last.1 * 0.6),
            &format!("{name}: {}", fixed(slope(name), 2)),
        );
    }
    figure(
        "orders",
        "House example. Each line is a method; its slope, printed beside it, is the order. To the left of a crossing the lower order is the better bargain.",
        &[plot],
    )
}

fn one_step() -> String {
    let f = |h: f64, t: f64| THETA * t * h;
    let mut table = Table::new(&[
        "$\\Delta$",
        "error of one step",
        "ratio",
        "error at the end",
        "ratio",
    ]);
    let mut before: Option<(f64, f64)> = None;
    for steps in [8, 16, 32, 64] {
        let dt = (T1 - T0) / steps as f64;
        let local = (step(method("rk4"), f, T0, H0, dt) - state(T0 + dt)).abs();
        let global = error("rk4", steps) * state(T1);
        let (a, b) = before.map_or(("–".to_owned(), "–".to_owned()), |(l, g)| {
            (fixed(l / local, 1), fixed(g / global, 1))
        });
        table.row(&[
            dt.to_string(),
            scientific(local, 2),
            a,
            scientific(global, 2),
            b,
        ]);
        before = Some((local, global));
    }
    table.markdown()
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    let shown = snippet::item("crates/costate-ode/src/tableau/rk4.rs", "static RK4");
    vec![
        Output::new("orders/table.md", table()),
        Output::new("orders/lines.svg", lines()),
        Output::new("orders/one-step.md", one_step()),
        Output::new("orders/rk4.rs.txt", shown),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_each_line_is_the_order() {
        for name in METHODS {
            let order = method(name).order as f64;
            assert!(
                (slope(name) - order).abs() < 0.25,
                "{name}: {}",
                slope(name)
            );
        }
    }

    #[test]
    fn a_step_by_hand_is_the_step_of_the_library() {
        let f = |h: f64, t: f64| THETA * t * h;
        for name in METHODS {
            let by_hand = step(method(name), f, T0, H0, T1 - T0);
            let relative = (by_hand / state(T1) - 1.0).abs();
            assert!((relative / error(name, 1) - 1.0).abs() < 1e-12, "{name}");
        }
    }

    #[test]
    fn the_exercise_rk4_is_not_of_order_five() {
        let rk4 = method("rk4");
        let terms = rk4.b.iter().zip(rk4.c);
        let sum: f64 = terms
            .map(|(b, c)| b.to::<f64>() * c.to::<f64>().powi(4))
            .sum();
        assert!((sum - 5.0 / 24.0).abs() < 1e-15);
    }
}
