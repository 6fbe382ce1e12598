//! Gradients through events: a ball that bounces.

use crate::text::{Table, fixed};
use costate_neural_ode::hybrid::{Event, Formula, Hybrid};
use costate_neural_ode::{Error, Gradient, Problem, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Var};

/// Height at the start, gravity, what is left of the speed, and when we look.
const START: f64 = 2.0;
const G: f64 = 9.81;
const KEPT: f64 = 0.8;
const END: f64 = 1.0;

// ANCHOR: bounce
/// The height at the end of a ball that was let go and has bounced once, and its gradient.
/// θ = (g, what is left of the speed at a bounce).
pub fn bounce(method: &str) -> Result<Gradient<f64>, Error> {
    let fall = Recorded::record(&[2], 2, |h, _t, theta| {
        Var::stack(&[h.index(1), -theta.index(0)])
    })?;
    let inputs: [(&str, &[usize]); 3] = [("h", &[2]), ("t", &[]), ("theta", &[2])];
    let height = Formula::new(&Function::record(&inputs, |v| vec![v[0].index(0)])?)?;
    let turned = Function::record(&inputs, |v| {
        let (h, theta) = (v[0], v[2]);
        vec![Var::stack(&[h.index(0), -theta.index(1) * h.index(1)])]
    })?;
    let ground = Event::crossing(height)
        .falling()
        .reset(Formula::new(&turned)?);

    let options = Options::tolerances(1e-10, 1e-10);
    let mut ball =
        Hybrid::new(fall, &vec![0.0; 2], tableau::by_name("tsit5")?, options).event(ground);
    let mut way = ball.method(method)?;
    let problem = Problem {
        h0: &[START, 0.0],
        theta: &[G, KEPT],
        t0: 0.0,
        t1: END,
        save_at: &[],
    };
    let found = ball.gradient(&mut *way, &problem, &mut |solution, cotangents| {
        cotangents.saved.state_mut(0)[0] = 1.0;
        solution.saved.state(0)[0]
    })?;
    Ok(found.gradient.clone())
}
// ANCHOR_END: bounce

/// Height at the end as a function of everything, on paper: it touches the ground at τ = √(2 h/g).
fn height(start: f64, g: f64, kept: f64, end: f64) -> f64 {
    let touch = (2.0 * start / g).sqrt();
    kept * g * touch * (end - touch) - 0.5 * g * (end - touch).powi(2)
}

pub(super) fn table() -> String {
    let mut table = Table::new(&["", "on paper", "`discrete`", "`interpolating`"]);
    let e = 1e-3;
    let slope = |f: &dyn Fn(f64) -> f64, x: f64| crate::solve::difference(f, x, e);
    let paper = [
        height(START, G, KEPT, END),
        slope(&|x| height(x, G, KEPT, END), START),
        slope(&|x| height(START, x, KEPT, END), G),
        slope(&|x| height(START, G, x, END), KEPT),
        slope(&|x| height(START, G, KEPT, x), END),
    ];
    let columns = ["discrete", "interpolating"].map(|method| {
        let found = bounce(method).expect("it is solvable");
        [
            found.loss,
            found.h0[0],
            found.theta[0],
            found.theta[1],
            found.t1,
        ]
    });
    let names = [
        "height at the end",
        "by the height at the start",
        "by gravity",
        "by what is left of the speed",
        "by the end time",
    ];
    for (i, name) in names.iter().enumerate() {
        let values = [paper[i], columns[0][i], columns[1][i]].map(|x| fixed(x, 6));
        table.row(&[*name, &values[0], &values[1], &values[2]]);
    }
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounce_has_the_gradient_of_its_formula() {
        let touch = (2.0 * START / G).sqrt();
        for method in ["discrete", "interpolating", "backsolve"] {
            let found = bounce(method).unwrap();
            let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-6, "{method}: {x} {y}");
            close(found.loss, height(START, G, KEPT, END));
            close(found.theta[1], G * touch * (END - touch));
            close(found.t1, KEPT * G * touch - G * (END - touch));
            close(
                found.h0[0],
                crate::solve::difference(|x| height(x, G, KEPT, END), START, 1e-3),
            );
            close(
                found.theta[0],
                crate::solve::difference(|x| height(START, x, KEPT, END), G, 1e-3),
            );
        }
    }
}
