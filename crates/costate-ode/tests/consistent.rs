//! Differential-algebraic systems from starts that do not satisfy their equations.

use costate_ode::{
    Error, Event, Ivp, Matrix, Method, Options, Pattern, Structure, WithMass, WithStructure,
    make_consistent,
};

/// Robertson's reaction with the last equation replaced by the conservation of mass.
fn robertson(_t: f64, y: &[f64; 3], dy: &mut [f64; 3]) {
    let (a, b, c) = (0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] * y[1]);
    *dy = [b - a, a - b - c, y[0] + y[1] + y[2] - 1.0];
}

fn methods() -> impl Iterator<Item = Method> {
    Method::all().into_iter().filter(|method| method.mass)
}

#[test]
fn robertson_from_a_start_with_mass_missing_ends_where_it_does_from_a_consistent_one() {
    let problem = costate_problems::robertson::<f64>();
    assert_eq!(methods().count(), 6);
    for method in methods() {
        let solution = Ivp::new(robertson, 0.0, [1.0, 0.0, 0.7], problem.t1)
            .method(method)
            .mass(Matrix::diagonal::<f64>([1.0, 1.0, 0.0]))
            .rtol(1e-7)
            .atol([1e-10, 1e-13, 1e-10])
            .solve()
            .unwrap();
        assert_eq!(solution.y[0], [1.0, 0.0, 0.0], "{}", method.name);
        for (y, y1) in solution.last().iter().zip(problem.y1) {
            let error = (y - y1).abs() / y1;
            assert!(error < 5e-6, "{}: {y} is not {y1}", method.name);
        }
    }
}

#[test]
fn a_consistent_start_is_left_as_it_is_and_costs_one_evaluation() {
    let mut system = WithMass::new(robertson, Matrix::diagonal::<f64>([1.0, 1.0, 0.0]));
    let mut y = [0.3, 1e-5, 1.0 - 0.3 - 1e-5];
    let before = y;
    let stats = make_consistent(&mut system, 0.0, &mut y, &Options::default()).unwrap();
    assert_eq!(y, before);
    assert!(stats.nfe <= 1 + 3 && stats.solves <= 1, "{stats:?}");
    // No mass matrix, or a regular one: nothing to do.
    let mut plain = robertson;
    let stats = make_consistent(&mut plain, 0.0, &mut y, &Options::default()).unwrap();
    assert_eq!(stats, Default::default());
    let mut regular = WithMass::new(robertson, Matrix::diagonal::<f64>([1.0, 1.0, 2.0]));
    let stats = make_consistent(&mut regular, 0.0, &mut y, &Options::default()).unwrap();
    assert_eq!(stats, Default::default());
}

#[test]
fn iterations_are_damped_where_newtons_would_run_away() {
    // arctan, whose Newton iteration diverges from beyond 1.39.
    let f = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [1.0, (y[1] - y[0]).atan()];
    let mut system = WithMass::new(f, Matrix::diagonal::<f64>([1.0, 0.0]));
    for start in [3.0, -40.0, 1000.0] {
        let mut y = [0.25, start];
        make_consistent(&mut system, 0.0, &mut y, &Options::default()).unwrap();
        assert!(y[0] == 0.25 && (y[1] - 0.25).abs() < 1e-12, "{y:?}");
    }
}

#[test]
fn equations_without_a_solution_are_refused_with_their_rows() {
    let f = |_t: f64, y: &[f64; 3], dy: &mut [f64; 3]| {
        *dy = [-y[0], y[1] - 2.0 * y[0], y[2] * y[2] + 1.0 + y[0] * y[0]];
    };
    let mass = || Matrix::diagonal::<f64>([1.0, 0.0, 0.0]);
    let failure = Ivp::new(f, 0.5, [1.0, 0.0, 1.0], 2.0)
        .method(Method::by_name("radau").unwrap())
        .mass(mass())
        .solve()
        .unwrap_err();
    let Error::Inconsistent { rows, t, residual } = &failure.error else {
        panic!("{failure}")
    };
    assert_eq!((&rows[..], *t), (&[2][..], 0.5));
    assert!(*residual >= 1.0);
    let message = failure.to_string();
    assert!(
        message.contains("rows [2]") && message.contains("start nearer"),
        "{message}"
    );
    // Nor where f is not a number.
    let f = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [1.0, y[1].sqrt() - y[0]];
    let mut system = WithMass::new(f, Matrix::diagonal::<f64>([1.0, 0.0]));
    let error = make_consistent(&mut system, 0.0, &mut [1.0, -1.0], &Options::default());
    assert!(matches!(error, Err(Error::Inconsistent { rows, .. }) if rows == [1]));
}

/// A pendulum in Cartesian coordinates: x, y, their velocities and the tension.
fn pendulum(_t: f64, y: &[f64; 5], dy: &mut [f64; 5]) {
    *dy = [
        y[2],
        y[3],
        -y[4] * y[0],
        -y[4] * y[1] - 9.81,
        y[0] * y[0] + y[1] * y[1] - 1.0,
    ];
}

#[test]
fn an_index_above_one_is_refused_with_its_rows() {
    for method in methods() {
        let failure = Ivp::new(pendulum, 0.0, [1.0, 0.1, 0.0, 0.0, 0.0], 1.0)
            .method(method)
            .mass(Matrix::diagonal::<f64>([1.0, 1.0, 1.0, 1.0, 0.0]))
            .solve()
            .unwrap_err();
        assert!(
            matches!(&failure.error, Error::Index { rows } if *rows == [4]),
            "{}: {failure}",
            method.name
        );
    }
}

#[test]
fn a_solve_that_an_index_above_one_stops_says_so() {
    for method in methods() {
        // A start that satisfies the constraint, so that nothing is to be found there.
        let failure = Ivp::new(pendulum, 0.0, [1.0, 0.0, 0.0, 0.0, 0.0], 1.0)
            .method(method)
            .mass(Matrix::diagonal::<f64>([1.0, 1.0, 1.0, 1.0, 0.0]))
            .solve()
            .unwrap_err();
        let Error::Stopped(diagnosis) = &failure.error else {
            panic!("{}: {failure}", method.name)
        };
        assert_eq!(diagnosis.undetermined, [4], "{}", method.name);
        let told = failure.to_string();
        assert!(
            told.contains("Rows [4] of the system have no derivative")
                && told.contains("its index is above 1"),
            "{told}"
        );
        assert!(!told.contains("A jump or a singularity"), "{told}");
    }
}

/// The transistor amplifier ([Hairer1996] VI.1), whose mass matrix couples pairs of voltages.
fn amplifier(t: f64, y: &[f64; 8], dy: &mut [f64; 8]) {
    let (battery, alpha, r0, r) = (6.0, 0.99, 1000.0, 9000.0);
    let current = |u: f64| 1e-6 * ((u / 0.026).exp() - 1.0);
    let signal = 0.1 * (200.0 * std::f64::consts::PI * t).sin();
    let (first, second) = (current(y[1] - y[2]), current(y[4] - y[5]));
    *dy = [
        (y[0] - signal) / r0,
        -battery / r + y[1] * 2.0 / r - (alpha - 1.0) * first,
        -first + y[2] / r,
        (y[3] - battery) / r + alpha * first,
        -battery / r + y[4] * 2.0 / r - (alpha - 1.0) * second,
        -second + y[5] / r,
        (y[6] - battery) / r + alpha * second,
        y[7] / r,
    ];
}

fn amplifier_mass() -> Matrix<f64> {
    let mut mass = Matrix::new::<f64>(8, Structure::Banded { lower: 1, upper: 1 });
    for (i, c) in [(0, 1e-6), (3, 3e-6), (6, 5e-6)] {
        mass.set(i, i, -c);
        mass.set(i + 1, i + 1, -c);
        mass.set(i, i + 1, c);
        mass.set(i + 1, i, c);
    }
    mass.set(2, 2, -2e-6);
    mass.set(5, 5, -4e-6);
    mass
}

#[test]
fn a_mass_matrix_that_couples_keeps_what_it_differentiates() {
    let mut system = WithMass::new(amplifier, amplifier_mass());
    let consistent = [0.0, 3.0, 3.0, 6.0, 3.0, 3.0, 6.0, 0.0];
    let mut y = consistent;
    // Both voltages of a pair move together: the capacitor between them keeps its charge.
    y[0] += 0.3;
    y[1] += 0.3;
    y[6] -= 0.2;
    y[7] -= 0.2;
    let moved = y;
    make_consistent(&mut system, 0.0, &mut y, &Options::default()).unwrap();
    for (y, exact) in y.iter().zip(consistent) {
        assert!((y - exact).abs() < 1e-9, "{y} {exact}");
    }
    for pair in [0, 3, 6] {
        assert!((y[pair] - y[pair + 1] - (moved[pair] - moved[pair + 1])).abs() < 1e-10);
    }
}

#[test]
fn the_amplifier_ends_where_others_found_it() {
    // From the Test Set for IVP solvers (CWI, Bari).
    let exact = [
        -0.5562145012262709e-2,
        0.3006522471903042e1,
        0.2849958788608128e1,
        0.2926422536206241e1,
        0.2704617865010554e1,
        0.2761837778393145e1,
        0.4770927631616772e1,
        0.1236995868091548e1,
    ];
    for name in ["radau", "rodas5p", "bdf"] {
        let solution = Ivp::new(
            amplifier,
            0.0,
            [0.2, 3.2, 3.0, 6.0, 3.0, 3.0, 6.0, 0.0],
            0.2,
        )
        .method(Method::by_name(name).unwrap())
        .mass(amplifier_mass())
        .rtol(1e-7)
        .atol(1e-8)
        .save_end()
        .solve()
        .unwrap();
        for (y, exact) in solution.last().iter().zip(exact) {
            assert!((y - exact).abs() < 1e-4, "{name}: {y} {exact}");
        }
    }
}

#[test]
fn large_systems_keep_their_structure() {
    // n cells: u_i' = -u_i + v_i, 0 = v_i + v_i³ - u_i - u_{i+1}.
    let n = 2000;
    let f = move |_t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| {
        for i in 0..n {
            let (u, v) = (y[i], y[n + i]);
            dy[i] = v - u;
            dy[n + i] = v + v * v * v - u - y[(i + 1) % n];
        }
    };
    let entries = (0..n).flat_map(|i| [(i, n + i), (n + i, i), (n + i, (i + 1) % n)]);
    let structure = Structure::Sparse(Pattern::new(2 * n, entries));
    let mass = Matrix::diagonal::<f64>((0..2 * n).map(|i| if i < n { 1.0 } else { 0.0 }));
    let mut system = WithMass::new(WithStructure::new(f, structure), mass);
    let mut y: Vec<f64> = (0..2 * n).map(|i| if i < n { 1.0 } else { 5.0 }).collect();
    let stats = make_consistent(&mut system, 0.0, &mut y, &Options::default()).unwrap();
    assert!(y[..n].iter().all(|u| *u == 1.0) && y[n..].iter().all(|v| (v - 1.0).abs() < 1e-9));
    assert!(stats.nfe < 100, "{stats:?}");
}

#[test]
fn algebraic_variables_follow_a_reset_at_once() {
    // y₀′ = −y₁ with 0 = y₁ − y₀²: y₀ = 1/(t + 1), and once more from t = 1, where it is set to 1.
    let f = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-y[1], y[1] - y[0] * y[0]];
    for method in methods() {
        let solution = Ivp::new(f, 0.0, [1.0, 1.0], 2.0)
            .method(method)
            .mass(Matrix::diagonal::<f64>([1.0, 0.0]))
            .event(Event::at([1.0]).reset(|_t, y: &mut [f64; 2]| y[0] = 1.0))
            .rtol(1e-8)
            .atol(1e-8)
            .dense()
            .solve()
            .unwrap();
        let name = method.name;
        let reset = solution.t.iter().rposition(|t| *t == 1.0).unwrap();
        assert_eq!(solution.t[reset - 1], 1.0, "{name}: before and after");
        assert!((solution.y[reset - 1][1] - 0.25).abs() < 1e-6, "{name}");
        assert_eq!(solution.y[reset][0], 1.0, "{name}");
        assert!((solution.y[reset][1] - 1.0).abs() < 1e-12, "{name}");
        for (y, exact) in solution.last().iter().zip([0.5, 0.25]) {
            assert!((y - exact).abs() < 1e-6, "{name}: {y}");
        }
        let middle = solution.dense.unwrap().at(1.5);
        assert!((middle[1] - 4.0 / 9.0).abs() < 1e-5, "{name}: {middle:?}");
    }
}

#[test]
fn algebraic_variables_jump_where_f_does() {
    // y₀′ = y₁ with 0 = y₁ − g(t), g = 1 before t = 1 and 3 from there on.
    let f = |t: f64, y: &[f64; 2], dy: &mut [f64; 2]| {
        *dy = [y[1], y[1] - if t < 1.0 { 1.0 } else { 3.0 }];
    };
    for method in methods() {
        let solution = Ivp::new(f, 0.0, [0.0, 1.0], 2.0)
            .method(method)
            .mass(Matrix::diagonal::<f64>([1.0, 0.0]))
            .jump_at([1.0])
            .rtol(1e-8)
            .atol(1e-8)
            .solve()
            .unwrap();
        let name = method.name;
        let after = solution.t.iter().position(|t| *t >= 1.0).unwrap();
        assert!((solution.y[after - 1][1] - 1.0).abs() < 1e-9, "{name}");
        assert!((solution.y[after][1] - 3.0).abs() < 1e-9, "{name}");
        assert!((solution.last()[0] - 4.0).abs() < 1e-6, "{name}");
    }
}

#[test]
fn a_reset_that_leaves_no_solution_ends_the_integration_and_keeps_what_was_computed() {
    // 0 = exp(y₁) − y₀ has no solution for y₀ < 0.
    let f = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [1.0, y[1].exp() - y[0]];
    let failure = Ivp::new(f, 1.0, [1.0, 0.0], 3.0)
        .method(Method::by_name("rodas5p").unwrap())
        .mass(Matrix::diagonal::<f64>([1.0, 0.0]))
        .event(Event::at([2.0]).reset(|_t, y: &mut [f64; 2]| y[0] = -1.0))
        .save_at([1.5, 2.0, 2.5])
        .solve()
        .unwrap_err();
    assert!(
        matches!(failure.error, Error::Inconsistent { t: 2.0, .. }),
        "{failure}"
    );
    assert_eq!(failure.partial.t, [1.5, 2.0]);
    assert!((failure.partial.y[0][1] - 1.5_f64.ln()).abs() < 1e-4);
}
