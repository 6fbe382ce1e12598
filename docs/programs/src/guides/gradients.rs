//! Every gradient method of the library.

use super::solvers::gradients_through;
use crate::house::{H0, House, T0, T1, THETA, e2};
use crate::text::{Table, fixed, scientific};
use costate_neural_ode::gradient::{self, METHODS};
use costate_neural_ode::{
    Error, Gradient, GradientMethod, Native, Problem, Reversible, RightHandSide, SteadyState,
};
use costate_ode::{Method, Options, tableau};
use costate_tape::Scalar;

/// Those with a name, and the two types with solvers of their own.
pub(super) fn table() -> String {
    let mut table = Table::words(&[
        "method",
        "gradient of",
        "keeps",
        "**Recommended**",
        "**Not recommended**",
        "source",
    ]);
    let escaped = |reference: &str| reference.replace('[', "\\[").replace(']', "\\]");
    for about in METHODS {
        let of = if about.exact {
            "the numbers computed"
        } else {
            "the exact solution"
        };
        table.row(&[
            format!("`{}`", about.name),
            of.to_owned(),
            about.memory.to_owned(),
            about.when.to_owned(),
            about.when_not.to_owned(),
            escaped(about.reference),
        ]);
    }
    table.row(&[
        "the type `Reversible`",
        "the numbers computed",
        "two states, and 8 bytes a step where steps change",
        "Very long solves whose gradient must be exact: it goes back through the states that it went through, without keeping them.",
        "Damped or stiff systems over long times: rounding grows on the way back. Adaptive steps at tight tolerances: its orders are low.",
        &escaped("[McCallum2024], [Kidger2021b]"),
    ]);
    table.row(&[
        "the type `SteadyState`",
        "the equilibrium",
        "one matrix",
        "A loss of the state at rest: no solve, one system of equations.",
        "No rest, several of them, or a conserved quantity (refused).",
        &escaped("[Griewank2008], [Kelley1998]"),
    ]);
    table.markdown()
}

/// Which gradient methods go through which solvers, in groups of solvers with the same answer.
pub(super) fn pairs() -> String {
    let mut groups: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for method in Method::all() {
        let through = gradients_through(method);
        match groups.iter_mut().find(|(same, _)| *same == through) {
            Some((_, solvers)) => solvers.push(method.name),
            None => groups.push((through, vec![method.name])),
        }
    }
    let list = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    let mut table = Table::words(&["gradient", "through"]);
    for (through, solvers) in &groups {
        table.row(&[list(through), list(solvers)]);
    }
    table.markdown()
}

/// L = h(5) of the house example and its gradient.
fn house(method: &mut dyn GradientMethod<f64, f64>) -> Result<Gradient<f64>, Error> {
    let problem = Problem {
        h0: &[H0],
        theta: &[THETA],
        t0: T0,
        t1: T1,
        save_at: &[],
    };
    let loss = &mut |saved: &gradient::Saved<f64>, a: &mut gradient::Saved<f64>| {
        a.state_mut(0)[0] = 1.0;
        saved.state(0)[0]
    };
    method.gradient(&problem, loss).cloned()
}

// ANCHOR: reversible
/// The house example by a method that can be run backwards: RK4, coupled.
pub fn reversible() -> Result<(Gradient<f64>, f64), Error> {
    let (rk4, options) = (tableau::by_name("rk4")?, Options::constant_step(1e-3));
    let mut method = Reversible::coupled(House::default(), &[0.0], rk4, 0.999, options)?;
    Ok((house(&mut method)?, method.rebuilt_within()))
}
// ANCHOR_END: reversible

// ANCHOR: steady
/// Growth with harvest: r h (1 − h/k) − q h rests at h* = k (1 − q/r).
struct Harvest;

impl RightHandSide<1, 3> for Harvest {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h]: [S; 1], _t: S, [r, k, q]: [S; 3]) -> [S; 1] {
        [r * h * (S::from_f64(1.0) - h / k) - q * h]
    }
}

/// h* and its gradient in r, k and q.
pub fn at_rest(theta: [f64; 3]) -> Result<Gradient<f64>, Error> {
    let mut method = SteadyState::<f64, f64, _>::new(Native::new(Harvest));
    let problem = Problem {
        h0: &[0.1],
        theta: &theta,
        t0: 0.0,
        t1: 0.0,
        save_at: &[],
    };
    let gradient = method.gradient(&problem, &mut |saved, cotangents| {
        cotangents.state_mut(0)[0] = 1.0;
        saved.state(0)[0]
    })?;
    Ok(gradient.clone())
}
// ANCHOR_END: steady

/// The house example by every method.
pub(super) fn same() -> String {
    let mut table = Table::new(&[
        "method",
        "$\\partial L/\\partial\\theta \\,/ e^2$",
        "off by",
        "$\\partial L/\\partial t_0 \\,/ e^2$",
        "evaluations of $f$",
        "products",
    ]);
    let mut row = |name: &str, found: &Gradient<f64>| {
        let [theta, t0] = [found.theta[0], found.t0].map(|x| x / e2());
        let evaluations = found.stats.forward.nfe + found.stats.backward.nfe;
        table.row(&[
            name.to_owned(),
            fixed(theta, 7),
            scientific((theta / 24.0 - 1.0).abs(), 0),
            fixed(t0, 7),
            evaluations.to_string(),
            found.stats.products.to_string(),
        ]);
    };
    // Differences are taken of solves that are not counted.
    for about in METHODS
        .iter()
        .filter(|about| about.name != "finite-difference")
    {
        let tsit5 = tableau::by_name("tsit5").expect("it is registered");
        let options = Options::tolerances(1e-8, 1e-8);
        let method = gradient::by_name(about.name, House::default(), &vec![0.0], tsit5, options);
        let mut method = method.expect("an explicit solver has all");
        row(
            &format!("`{}`", about.name),
            &house(&mut *method).expect("it is solvable"),
        );
    }
    let (found, _) = reversible().expect("it is solvable");
    row("`Reversible`", &found);
    table.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gradient_method_stands_in_the_guide() {
        let table = table();
        for about in METHODS {
            assert!(table.contains(&format!("| `{}` |", about.name)));
        }
        for kind in ["Reversible", "SteadyState"] {
            assert!(table.contains(kind));
        }
    }

    #[test]
    fn the_reversible_solver_meets_its_start_and_the_closed_form() {
        let (found, off) = reversible().unwrap();
        assert!((found.theta[0] / e2() - 24.0).abs() < 1e-8 && off < 1e-10);
    }

    #[test]
    fn the_rest_moves_as_its_formula_does() {
        let (r, k, q) = (2.0, 8.0, 0.5);
        let found = at_rest([r, k, q]).unwrap();
        let expected = [k * q / (r * r), 1.0 - q / r, -k / r];
        assert!((found.loss - k * (1.0 - q / r)).abs() < 1e-12);
        for (found, expected) in found.theta.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12);
        }
    }
}
