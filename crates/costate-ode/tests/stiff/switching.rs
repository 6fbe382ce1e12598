//! The automatic choice between an explicit method and one for stiff problems.

use costate_ode::{Auto, Engine, Integrator, Ivp, Method, Options, System};
use costate_problems::Boxed;

fn evaluations(method: &str, problem: &Boxed<f64>, rtol: f64) -> (usize, f64) {
    let field = |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| (problem.field)(t, y, dy);
    let solution = Ivp::new(field, problem.t0, problem.y0.clone(), problem.t1)
        .method(Method::by_name(method).unwrap())
        .rtol(rtol)
        .atol(rtol * 1e-4)
        .save_end()
        .solve()
        .unwrap();
    (solution.stats.nfe, problem.error(solution.last()))
}

#[test]
fn problems_that_are_not_stiff_cost_what_the_explicit_method_costs() {
    for problem in costate_problems::non_stiff::<f64>() {
        // (At 1e-3 the Lorenz system counts as stiff at times.)
        for rtol in [1e-5, 1e-7, 1e-9] {
            let auto = evaluations("auto", &problem, rtol);
            let explicit = evaluations("tsit5", &problem, rtol);
            assert_eq!(auto, explicit, "{} at {rtol:e}", problem.name);
        }
    }
}

#[test]
fn stiff_problems_cost_little_more_than_by_the_method_for_them() {
    for problem in costate_problems::stiff::<f64>() {
        for rtol in [1e-4, 1e-7, 1e-10] {
            let (auto, _) = evaluations("auto", &problem, rtol);
            let (stiff, _) = evaluations("rodas5p", &problem, rtol);
            println!("{} at {rtol:e}: {auto} {stiff}", problem.name);
            assert!(
                auto < stiff + stiff / 4,
                "{} at {rtol:e}: {auto}, not {stiff}",
                problem.name
            );
        }
    }
}

/// How often the method changes, and what it is at the end.
fn changes<S: System<f64, [f64; 2]> + Copy>(system: S, y0: [f64; 2], end: f64) -> (usize, bool)
where
    Auto<f64, [f64; 2]>: Engine<f64, [f64; 2], S>,
{
    let options = Options::tolerances(1e-6, 1e-8);
    let engine = Auto::new(&system, &y0);
    let mut it = Integrator::with_engine(engine, system, 0.0, &y0, options).unwrap();
    it.set_end(end);
    let mut changes = 0;
    while !it.finished() {
        let before = it.engine().is_stiff();
        it.step().unwrap();
        changes += usize::from(it.engine().is_stiff() != before);
    }
    (changes, it.engine().is_stiff())
}

#[test]
fn it_changes_to_and_fro_with_the_stiffness() {
    // Relaxation for a while, then an oscillation: λ = −10⁴ up to t = 1, ±30i from t = 1.
    let field = |t: f64, y: &[f64; 2], dy: &mut [f64; 2]| {
        let late = 1.0 / (1.0 + (-200.0 * (t - 1.0)).exp());
        *dy = [
            30.0 * late * y[1] - 1e4 * (1.0 - late) * (y[0] - 1.0),
            -30.0 * late * y[0] - 1e4 * (1.0 - late) * y[1],
        ];
    };
    let (changes, stiff) = changes(field, [0.0, 1.0], 3.0);
    assert!(
        changes == 2 && !stiff,
        "{changes} changes, at last stiff: {stiff}"
    );
}
