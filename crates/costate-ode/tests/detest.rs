//! The test set of Hull, Enright, Fellen and Sedgwick, classes A to E.

use costate_ode::{Ivp, Method, Options};
use costate_problems::{Boxed, DoubleDouble as Number, detest, relative_error};
use num_traits::ToPrimitive;

/// The end of a problem with steps as a relative error of 1e-22 allows.
fn adaptive(problem: &Boxed<Number>, method: &str) -> Vec<Number> {
    let field = |t: Number, y: &Vec<Number>, dy: &mut Vec<Number>| (problem.field)(t, y, dy);
    let ivp = Ivp::new(field, problem.t0, problem.y0.clone(), problem.t1);
    let ivp = ivp.method(Method::by_name(method).unwrap());
    let options = Options::tolerances(Number::new(1e-22), Number::new(1e-29));
    ivp.options(options)
        .save_end()
        .solve()
        .unwrap()
        .last()
        .clone()
}

#[test]
fn two_methods_in_31_digits_agree_on_the_end_values() {
    for problem in detest::<Number>() {
        let ends = ["verner9", "dop853"].map(|method| adaptive(&problem, method));
        let name = problem.name.trim_start_matches("detest_").to_uppercase();
        let digits: Vec<String> = ends[0]
            .iter()
            .map(|y| format!("{:?}", y.to_f64().unwrap()))
            .collect();
        println!(
            "pub(super) const {name}: [f64; {}] = [{}];",
            digits.len(),
            digits.join(", ")
        );
        let off = relative_error(&ends[0], &ends[1]).to_f64().unwrap();
        assert!(off < 1e-17, "{name}: {off:e}");
        let known = relative_error(&ends[0], &problem.y1).to_f64().unwrap();
        assert!(known < 2e-16, "{name}: {known:e}");
        println!("// {off:.1e} apart, {known:.1e} from what is known");
    }
}

#[test]
fn the_end_values_are_those_of_closed_forms() {
    let all = detest::<f64>();
    let known = |name: &str| {
        let found = all.iter().find(|problem| problem.name == name);
        found.unwrap().y1.clone()
    };
    let near = |a: f64, b: f64| assert!((a - b).abs() <= 4e-15 * b.abs().max(1e-300), "{a} {b}");
    near(known("detest_a1")[0], (-20.0_f64).exp());
    near(known("detest_a2")[0], 1.0 / 21_f64.sqrt());
    near(known("detest_a3")[0], 20_f64.sin().exp());
    near(
        known("detest_a4")[0],
        20.0 / (1.0 + 19.0 * (-5.0_f64).exp()),
    );
    // The sum of a linear reaction is kept, and it ends even.
    near(known("detest_b2").iter().sum(), 3.0);
    // Poisson's distribution, and the binomial one.
    let mut term = (-20.0_f64).exp();
    for (i, y) in known("detest_c1")[..9].iter().enumerate() {
        near(*y, term);
        term *= 20.0 / (i + 1) as f64;
    }
    let e = (-20.0_f64).exp();
    for (i, y) in known("detest_c2")[..9].iter().enumerate() {
        near(*y, e * (1.0 - e).powi(i as i32));
    }
    // J_½.
    near(
        known("detest_e1")[0],
        (2.0 / (21.0 * std::f64::consts::PI)).sqrt() * 21_f64.sin(),
    );
    // ln cosh.
    let (k, g) = (0.4_f64, 0.032_f64);
    let rate = (k * g).sqrt();
    near(known("detest_e4")[0], 30.0 + (rate * 20.0).cosh().ln() / k);
    near(known("detest_e4")[1], (g / k).sqrt() * (rate * 20.0).tanh());
    // Kepler's equation.
    for (name, e) in [
        ("d1", 0.1),
        ("d2", 0.3),
        ("d3", 0.5),
        ("d4", 0.7),
        ("d5", 0.9),
    ] {
        let y = known(&format!("detest_{name}"));
        let mut anomaly = 20.0_f64;
        for _ in 0..200 {
            anomaly -= (anomaly - e * anomaly.sin() - 20.0) / (1.0 - e * anomaly.cos());
        }
        let r = 1.0 - e * anomaly.cos();
        let b = (1.0 - e * e).sqrt();
        let exact = [
            anomaly.cos() - e,
            b * anomaly.sin(),
            -anomaly.sin() / r,
            b * anomaly.cos() / r,
        ];
        for (y, exact) in y.iter().zip(exact) {
            assert!((y - exact).abs() < 1e-12, "{name}: {y} {exact}");
        }
    }
}

/// The largest error, relative where the solution is larger than 1.
fn error(y: &[f64], exact: &[f64]) -> f64 {
    let size = exact.iter().fold(1.0, |max: f64, y| max.max(y.abs()));
    let off = y.iter().zip(exact).map(|(a, b)| (a - b).abs());
    off.fold(0.0, f64::max) / size
}

/// How many times the tolerance the error may be.
fn allowed(method: &Method) -> f64 {
    let ahead = method
        .tableau()
        .is_some_and(|t| t.embedded_order > Some(t.order));
    // The embedded method of ARK5(4)8L[2]SA is too good: it errs hardly more than the method itself.
    let small = method.name == "kencarp5";
    if method.variable_order || ahead || small {
        500.0
    } else {
        50.0
    }
}

#[test]
fn errors_follow_the_tolerance_on_every_problem_for_every_method() {
    let methods = Method::all()
        .into_iter()
        .filter(|m| m.adaptive && m.order > 3);
    for method in methods {
        let tolerances = if method.stiff {
            [1e-4, 1e-7]
        } else {
            [1e-5, 1e-9]
        };
        for problem in detest::<f64>() {
            // A method for stiff problems takes its Jacobian of fifty-one components by differences: once is enough.
            let large = problem.y0.len() > 20 && method.stiff;
            for tolerance in &tolerances[usize::from(large)..] {
                let field = |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| (problem.field)(t, y, dy);
                let solution = Ivp::new(field, problem.t0, problem.y0.clone(), problem.t1)
                    .method(method)
                    .rtol(*tolerance)
                    .atol(*tolerance)
                    .save_end()
                    .solve()
                    .unwrap_or_else(|failure| panic!("{} {failure}", problem.name));
                let error = error(solution.last(), &problem.y1);
                let most = allowed(&method) * problem.condition * tolerance;
                assert!(
                    error <= most,
                    "{} {} {tolerance:e}: {error:e}",
                    method.name,
                    problem.name
                );
            }
        }
    }
}
