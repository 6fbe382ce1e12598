//! The names that the page for people from other tools uses: each stands here in code that compiles, and a test looks the page's names up.

use crate::house::House;
use costate_neural_ode::hybrid::{Event as HybridEvent, Formula, Hybrid};
use costate_neural_ode::layer::{Linear, Mlp};
use costate_neural_ode::train::optimizer::{Adam, Lbfgs, RmsProp, Sgd};
use costate_neural_ode::train::shooting::Shooting;
use costate_neural_ode::{
    Augmented, Backsolve, Discrete, FiniteDifference, Forward, Gauss, Gradient, Interpolating,
    Native, Recorded, Reversible, SteadyState, second_order,
};
use costate_ode::{
    Event, Failure, Integrator, Ivp, Matrix, Method, Norm, Options, Solution, Split, Structure,
    ensemble, tableau,
};
use costate_tape::{Dual, Function, Names, Program, Rule, SparseHessian, SparseJacobian, Var};
use std::any::type_name;

/// The types of the page, by name.
#[must_use]
pub fn types() -> Vec<&'static str> {
    type Y = Vec<f64>;
    vec![
        type_name::<Augmented<House, f64>>(),
        type_name::<Backsolve<f64, Y, House>>(),
        type_name::<Discrete<f64, Y, House>>(),
        type_name::<FiniteDifference<f64, Y, House>>(),
        type_name::<Forward<f64, Y, House>>(),
        type_name::<Gauss<f64, Y, House>>(),
        type_name::<Gradient<f64>>(),
        type_name::<Interpolating<f64, Y, House>>(),
        type_name::<Reversible<f64, Y, House>>(),
        type_name::<SteadyState<f64, f64, House>>(),
        type_name::<Hybrid<f64, Y, House>>(),
        type_name::<HybridEvent<f64, f64>>(),
        type_name::<Formula>(),
        type_name::<Recorded<f64>>(),
        type_name::<Function<f64>>(),
        type_name::<Program<f64>>(),
        type_name::<Var<'_, f64>>(),
        type_name::<Dual<f64, 1>>(),
        type_name::<SparseJacobian<f64>>(),
        type_name::<SparseHessian<f64>>(),
        type_name::<Mlp>(),
        type_name::<Linear>(),
        type_name::<Adam<f64>>(),
        type_name::<Lbfgs>(),
        type_name::<RmsProp<f64>>(),
        type_name::<Sgd<f64>>(),
        type_name::<Matrix<f64>>(),
        type_name::<Structure>(),
        type_name::<Method>(),
        type_name::<Event<f64, Y>>(),
        type_name::<Norm<f64>>(),
        type_name::<Failure<f64, Y>>(),
        type_name::<second_order::HessianProduct>(),
        type_name::<Shooting<f64>>(),
        type_name::<Native<(), f64, 1, 1>>(),
    ]
}

// ANCHOR: decay
/// Decay from 1, as one would write it with each of the page's words of `Ivp`.
///
/// # Errors
/// If it cannot be solved.
pub fn decay() -> Result<Solution<f64, [f64; 1]>, Failure<f64, [f64; 1]>> {
    Ivp::new(
        |_t, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0],
        0.0,
        [1.0],
        2.0,
    )
    .method(tableau::by_name("tsit5").expect("it is registered"))
    .rtol(1e-8)
    .atol(1e-10)
    .norm(Norm::RmsOf(0..1))
    .max_steps(10_000)
    .save_at([0.5, 1.0, 2.0])
    .dense()
    .stop_at([1.5])
    .event(Event::when_zero(|_t, y: &[f64; 1]| y[0] - 0.5))
    .solve()
}
// ANCHOR_END: decay

/// The words for single steps, parts and ensembles.
#[must_use]
pub fn others() -> f64 {
    let field = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0];
    let tsit5 = tableau::by_name("tsit5").expect("it is registered");
    let mut it = Integrator::new(tsit5, field, 0.0, &[1.0], Options::constant_step(0.1))
        .expect("the options make sense");
    it.step().expect("it is solvable");
    let split = Split::new(field, field);
    let ivp = Ivp::with_system(split, 0.0, [1.0], 1.0)
        .step(0.1)
        .jump_at([0.5]);
    let _mass = Matrix::diagonal::<f64>([1.0]);
    let many = ensemble(&[1.0], |_| Ivp::new(field, 0.0, [1.0], 1.0).save_end());
    let jumped = ivp.save_end().solve().expect("it is solvable");
    it.y()[0] + jumped.last()[0] + many.len() as f64
}

/// The words for derivatives of functions.
#[must_use]
pub fn derivatives() -> String {
    let f = Function::<f64>::record(&[("x", &[2])], |v| vec![(v[0] * v[0]).sum()]);
    let f = f.expect("one name").simplify_with(&Rule::ALL);
    let names = Names::new();
    let derived = [
        f.vjp(&[0]),
        f.jvp(&[0]),
        f.gradient(&[0]),
        f.jacobian(&[0]),
        f.hessian(0),
        f.hvp(&[0]),
    ];
    let program = Program::compile(&derived[0]).expect("it compiles");
    let mut workspace = program.workspace(1);
    let mut out = [0.0; 3];
    program.eval(&mut workspace, 0, &[&[1.0, 2.0], &[1.0]], &mut out);
    f.latex(&names) + &f.dot(&names) + &f.rust("f").expect("it can be written")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    #[test]
    fn the_words_compile_and_run() {
        let solution = decay().unwrap();
        assert!((solution.y[1][0] - (-1.0_f64).exp()).abs() < 1e-6);
        assert!(others() > 1.0 && derivatives().contains("digraph"));
        assert!(types().iter().all(|name| name.contains("::")));
    }

    /// Every name of this project in the first column of a table of the page stands in this file's code or is a method's or a module's name.
    #[test]
    fn every_name_of_the_page_is_in_code() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let page = fs::read_to_string(folder.join("../src/guides/coming-from.md")).unwrap();
        let code = include_str!("names.rs");
        let mut looked_up = 0;
        for line in page.lines().filter(|line| line.starts_with("| `")) {
            let cell = line.trim_start_matches("| ").split(" |").next().unwrap();
            for name in cell.split('`').skip(1).step_by(2) {
                let word = |c: char| !(c.is_alphanumeric() || c == '_');
                for word in name.split(word).filter(|word| word.len() > 2) {
                    let known = code.contains(word)
                        || Method::by_name(name).is_ok()
                        || costate_neural_ode::gradient::METHODS
                            .iter()
                            .any(|about| about.name == name);
                    assert!(known, "`{word}` of `{name}`");
                    looked_up += 1;
                }
            }
        }
        assert!(looked_up > 40, "{looked_up}");
    }
}
