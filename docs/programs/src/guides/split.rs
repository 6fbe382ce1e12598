//! A field in two parts: a stiff one and one that is not.

#![allow(clippy::ptr_arg)] // A state of a size known at run time is a `Vec`, and a system takes it as such.

use crate::text::{Table, fixed, scientific};
use costate_neural_ode::{
    Discrete, Error, Gradient, GradientMethod, Native, Problem, RightHandSide,
};
use costate_ode::{Ivp, Method, Options, Solution, Split, Structure};
use costate_tape::Scalar;

const CELLS: usize = 50;
const DIFFUSION: f64 = 0.1;

// ANCHOR: parts
/// Growth, which is not stiff: explicit.
fn growth(_t: f64, u: &Vec<f64>, du: &mut Vec<f64>) {
    for (du, u) in du.iter_mut().zip(u) {
        *du = u * (1.0 - u);
    }
}

/// Diffusion between neighbours on a fine grid, which is stiff: implicit.
fn diffusion(_t: f64, u: &Vec<f64>, du: &mut Vec<f64>) {
    let rate = DIFFUSION * (CELLS * CELLS) as f64;
    for i in 0..CELLS {
        let (left, right) = (u[i.saturating_sub(1)], u[(i + 1).min(CELLS - 1)]);
        du[i] = rate * (left - 2.0 * u[i] + right);
    }
}

/// A population that spreads, from the left fifth of its range.
pub fn spread(method: &str, split: bool) -> Solution<f64, Vec<f64>> {
    let method = Method::by_name(method).expect("it is registered");
    let mut start = vec![0.0; CELLS];
    start[..CELLS / 5].fill(1.0);
    // Diffusion is linear and looks at neighbours alone.
    let stiff =
        costate_ode::WithStructure::new(diffusion, Structure::Banded { lower: 1, upper: 1 });
    if split {
        let system = Split::new(growth, stiff);
        let ivp = Ivp::with_system(system, 0.0, start, 1.0).method(method);
        return ivp
            .rtol(1e-6)
            .atol(1e-8)
            .save_end()
            .solve()
            .expect("it is solvable");
    }
    let whole = |t: f64, u: &Vec<f64>, du: &mut Vec<f64>| {
        let mut grown = vec![0.0; CELLS];
        growth(t, u, &mut grown);
        diffusion(t, u, du);
        du.iter_mut()
            .zip(grown)
            .for_each(|(du, grown)| *du += grown);
    };
    let ivp = Ivp::new(whole, 0.0, start, 1.0).method(method);
    ivp.rtol(1e-6)
        .atol(1e-8)
        .save_end()
        .solve()
        .expect("it is solvable")
}
// ANCHOR_END: parts

// ANCHOR: gradient
/// A force that swings, θ = (stiffness, size),
struct Force;

impl RightHandSide<1, 2> for Force {
    #[inline(always)]
    fn eval<S: Scalar>(&self, _h: [S; 1], t: S, [_, size]: [S; 2]) -> [S; 1] {
        [-(size * t.sin())]
    }
}

/// and a stiff spring that follows it: h(t) = size · cos t.
struct Spring;

impl RightHandSide<1, 2> for Spring {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h]: [S; 1], t: S, [stiffness, size]: [S; 2]) -> [S; 1] {
        [-(stiffness * (h - size * t.cos()))]
    }
}

/// h(2) and its gradient, through the additive method.
pub fn through_parts(stiffness: f64, size: f64) -> Result<Gradient<f64>, Error> {
    let field = costate_neural_ode::Split::new(Native::new(Force), Native::new(Spring));
    let (kencarp4, options) = (
        Method::by_name("kencarp4")?,
        Options::tolerances(1e-7, 1e-9),
    );
    let mut discrete = Discrete::new(field, &[0.0], kencarp4, options)?;
    let theta = [stiffness, size];
    let problem = Problem {
        h0: &[1.0],
        theta: &theta,
        t0: 0.0,
        t1: 2.0,
        save_at: &[],
    };
    let gradient = discrete.gradient(&problem, &mut |saved, cotangents| {
        cotangents.state_mut(0)[0] = 1.0;
        saved.state(0)[0]
    })?;
    Ok(gradient.clone())
}
// ANCHOR_END: gradient

pub(super) fn table() -> String {
    let mut table = Table::new(&[
        "method",
        "field",
        "steps",
        "evaluations of $f$",
        "Jacobians",
        "right end at $t = 1$",
        "off by",
    ]);
    let exact = spread("verner8", false).last()[CELLS - 1];
    for (method, split) in [
        ("tsit5", false),
        ("kencarp4", false),
        ("kencarp4", true),
        ("kencarp5", true),
    ] {
        let solution = spread(method, split);
        let end = solution.last()[CELLS - 1];
        table.row(&[
            format!("`{method}`"),
            if split { "in two parts" } else { "whole" }.to_owned(),
            solution.stats.accepted.to_string(),
            solution.stats.nfe.to_string(),
            solution.stats.jacobians.to_string(),
            fixed(end, 6),
            scientific((end - exact).abs(), 0),
        ]);
    }
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_to_the_whole() {
        let (explicit, split) = (spread("tsit5", false), spread("kencarp4", true));
        for (a, b) in explicit.last().iter().zip(split.last()) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        assert!(split.stats.accepted * 5 < explicit.stats.accepted);
    }

    #[test]
    fn a_gradient_goes_through_both_parts() {
        let found = through_parts(1e4, 1.0).unwrap();
        assert!((found.loss - 2.0_f64.cos()).abs() < 1e-6);
        assert!((found.theta[1] - 2.0_f64.cos()).abs() < 1e-6);
        assert!(found.h0[0].abs() < 1e-9); // forgotten at once
    }
}
