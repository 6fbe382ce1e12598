//! Systems M dy/dt = f(t, y), with M singular or not.

use costate_ode::{Error, Ivp, Matrix, Method, Structure};

/// Robertson's reaction with the last equation replaced by the conservation of mass.
fn robertson(_t: f64, y: &[f64; 3], dy: &mut [f64; 3]) {
    let (a, b, c) = (0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] * y[1]);
    *dy = [b - a, a - b - c, y[0] + y[1] + y[2] - 1.0];
}

fn methods() -> impl Iterator<Item = Method> {
    let all = Method::all().into_iter();
    all.filter(|method| method.mass)
}

#[test]
fn robertson_with_a_conservation_law_ends_where_the_differential_equations_do() {
    let problem = costate_problems::robertson::<f64>();
    for method in methods() {
        let solution = Ivp::new(robertson, 0.0, problem.y0, problem.t1)
            .method(method)
            .mass(Matrix::diagonal::<f64>([1.0, 1.0, 0.0]))
            .rtol(1e-7)
            .atol([1e-10, 1e-13, 1e-10])
            .solve()
            .unwrap();
        for (y, y1) in solution.last().iter().zip(problem.y1) {
            let error = (y - y1).abs() / y1;
            assert!(error < 5e-6, "{}: {y} is not {y1}", method.name);
        }
        for y in &solution.y {
            let total = y.iter().sum::<f64>();
            assert!((total - 1.0).abs() < 1e-7, "{}: {total}", method.name);
        }
    }
}

#[test]
fn a_regular_mass_matrix_changes_the_equations_and_not_the_solution() {
    // M y′ = M f(y) with M not diagonal.
    let m = [[2.0, 1.0, 0.0], [0.0, 1.0, -0.5], [0.5, 0.0, 1.0]];
    let plain = |t: f64, y: &[f64; 3], dy: &mut [f64; 3]| {
        *dy = [y[1], -100.0 * (y[0] - t.sin()) - 101.0 * y[1], -y[2] * y[0]];
    };
    for method in methods() {
        let solve = |mass: bool| {
            let field = |t: f64, y: &[f64; 3], dy: &mut [f64; 3]| {
                plain(t, y, dy);
                if mass {
                    let f = *dy;
                    *dy = m.map(|row| (0..3).map(|j| row[j] * f[j]).sum());
                }
            };
            let mut matrix = Matrix::new::<f64>(3, Structure::Dense);
            for i in 0..3 {
                for j in 0..3 {
                    matrix.set(
                        i,
                        j,
                        if mass {
                            m[i][j]
                        } else {
                            f64::from(u8::from(i == j))
                        },
                    );
                }
            }
            let problem = Ivp::new(field, 0.0, [1.0, 0.0, 1.0], 4.0)
                .method(method)
                .rtol(1e-9)
                .atol(1e-11);
            *problem.mass(matrix).solve().unwrap().last()
        };
        let (with, without) = (solve(true), solve(false));
        for (a, b) in with.iter().zip(without) {
            assert!(
                (a - b).abs() < 3e-8,
                "{}: {with:?} {without:?}",
                method.name
            );
        }
    }
}

#[test]
fn explicit_methods_refuse_a_mass_matrix() {
    let failure = Ivp::new(robertson, 0.0, [1.0, 0.0, 0.0], 1.0)
        .mass(Matrix::diagonal::<f64>([1.0, 1.0, 0.0]))
        .solve()
        .unwrap_err();
    assert!(matches!(failure.error, Error::MassMatrix { .. }));
    let message = failure.to_string();
    assert!(
        message.contains("rodas5p") && message.contains("radau"),
        "{message}"
    );
}
