//! Implicit methods without matrices.

use costate_ode::{
    Bdf, Dirk, DirkTableau, Error, Integrator, Ivp, Krylov, Matrix, MatrixFree, Method, Options,
    Pattern, Split, Structure, System,
};

/// The neighbours of site k on an m × m grid with periodic boundaries.
fn around(m: usize, k: usize) -> [usize; 4] {
    let (i, j) = (k % m, k / m);
    [
        (i + 1) % m + j * m,
        (i + m - 1) % m + j * m,
        i + (j + 1) % m * m,
        i + (j + m - 1) % m * m,
    ]
}

/// The Brusselator's reaction on an m × m grid, species behind each other ([Hairer1996] IV.10).
fn reaction(m: usize) -> impl Fn(f64, &Vec<f64>, &mut Vec<f64>) + Clone {
    let n = m * m;
    move |_, y, dy| {
        for k in 0..n {
            let (u, v) = (y[k], y[n + k]);
            dy[k] = 1.0 + u * u * v - 4.4 * u;
            dy[n + k] = 3.4 * u - u * u * v;
        }
    }
}

/// And its diffusion.
fn diffusion(m: usize) -> impl Fn(f64, &Vec<f64>, &mut Vec<f64>) + Clone {
    let n = m * m;
    move |_, y, dy| {
        let rate = 0.1 * n as f64;
        for k in 0..n {
            let (mut u, mut v) = (-4.0 * y[k], -4.0 * y[n + k]);
            for other in around(m, k) {
                u += y[other];
                v += y[n + other];
            }
            (dy[k], dy[n + k]) = (rate * u, rate * v);
        }
    }
}

fn brusselator(m: usize) -> impl Fn(f64, &Vec<f64>, &mut Vec<f64>) + Clone {
    let (reaction, diffusion) = (reaction(m), diffusion(m));
    move |t, y, dy| {
        let mut part = vec![0.0; y.len()];
        reaction(t, y, &mut part);
        diffusion(t, y, dy);
        dy.iter_mut().zip(part).for_each(|(dy, part)| *dy += part);
    }
}

fn structure(m: usize) -> Structure {
    let n = m * m;
    let entries = (0..n).flat_map(move |k| {
        let diffusion = around(m, k)
            .into_iter()
            .flat_map(move |other| [(k, other), (n + k, n + other)]);
        diffusion.chain([(k, n + k), (n + k, k)])
    });
    Structure::Sparse(Pattern::new(2 * n, entries))
}

fn start(m: usize) -> Vec<f64> {
    let n = m * m;
    let site = |k: usize| ((k % m) as f64 / m as f64, (k / m) as f64 / m as f64);
    let first = (0..n).map(|k| 22.0 * site(k).1 * (1.0 - site(k).1).powf(1.5));
    let second = (0..n).map(|k| 27.0 * site(k).0 * (1.0 - site(k).0).powf(1.5));
    first.chain(second).collect()
}

fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

#[test]
fn a_grid_ends_where_it_does_with_factors() {
    let m = 12;
    let ivp = || {
        Ivp::new(brusselator(m), 0.0, start(m), 1.0)
            .rtol(1e-5)
            .atol(1e-5)
            .save_end()
    };
    let exact = ivp()
        .method(Method::by_name("radau").unwrap())
        .structure(structure(m))
        .rtol(1e-9)
        .atol(1e-9)
        .solve()
        .unwrap();
    for name in ["bdf", "trbdf2", "kencarp4", "kvaerno5"] {
        let method = Method::by_name(name).unwrap();
        let with = ivp()
            .method(method)
            .structure(structure(m))
            .solve()
            .unwrap();
        let without = ivp()
            .method(method)
            .matrix_free(Krylov::default())
            .solve()
            .unwrap();
        let [off, off_with] = [&without, &with].map(|s| largest_difference(s.last(), exact.last()));
        println!(
            "{name}: {off:e} {:?}, with factors {off_with:e} {:?}",
            without.stats, with.stats
        );
        assert!(off < 2e-3, "{name}: {off:e}");
        let stats = without.stats;
        assert_eq!((stats.jacobians, stats.factorisations), (0, 0));
        // Steps are as many, or Newton's iteration would have been a worse one.
        assert!(
            stats.steps < 2 * with.stats.steps,
            "{stats:?} {:?}",
            with.stats
        );
    }
}

#[test]
fn a_system_of_eight_thousand_components_needs_no_matrix() {
    // Dense factors would take half a gigabyte.
    let m = 64;
    let solution = Ivp::new(brusselator(m), 0.0, start(m), 0.05)
        .method(Method::by_name("bdf").unwrap())
        .matrix_free(Krylov::default())
        .rtol(1e-3)
        .atol(1e-3)
        .save_end()
        .solve()
        .unwrap();
    assert!(solution.last().iter().all(|y| *y > -1e-3 && *y < 30.0));
}

#[test]
fn a_preconditioner_saves_evaluations_and_changes_nothing_else() {
    // Components that decay at rates from 1 to 10⁴, weakly coupled.
    let n = 60;
    let rate = move |i: usize| 10_f64.powf(4.0 * i as f64 / (n - 1) as f64);
    let field = move |t: f64, y: &Vec<f64>, dy: &mut Vec<f64>| {
        for i in 0..n {
            dy[i] = -rate(i) * (y[i] - t.cos()) + 0.5 * y[(i + 1) % n];
        }
    };
    let ivp = || {
        Ivp::new(field, 0.0, vec![0.0; n], 1.0)
            .method(Method::by_name("bdf").unwrap())
            .rtol(1e-6)
            .atol(1e-6)
            .save_end()
    };
    let plain = ivp().matrix_free(Krylov::default()).solve().unwrap();
    let helped = ivp()
        .preconditioner(move |_t, _y, s, r: &mut Vec<f64>| {
            r.iter_mut()
                .enumerate()
                .for_each(|(i, r)| *r /= s + rate(i));
        })
        .matrix_free(Krylov::default())
        .solve()
        .unwrap();
    let factors = ivp().solve().unwrap();
    println!("{:?} {:?} {:?}", plain.stats, helped.stats, factors.stats);
    for solution in [&plain, &helped] {
        let off = largest_difference(solution.last(), factors.last());
        assert!(off < 1e-4, "{off:e}");
    }
    assert!(
        3 * helped.stats.nfe < plain.stats.nfe,
        "{:?} {:?}",
        helped.stats,
        plain.stats
    );
}

#[test]
fn products_of_the_systems_own_take_the_place_of_differences() {
    struct Rod;
    impl System<f64, Vec<f64>> for Rod {
        fn eval(&mut self, _t: f64, u: &Vec<f64>, du: &mut Vec<f64>) {
            let n = u.len();
            for i in 0..n {
                du[i] = 400.0 * (u[(i + n - 1) % n] - 2.0 * u[i] + u[(i + 1) % n]);
            }
        }
        fn krylov(&self) -> Option<Krylov> {
            Some(Krylov::default())
        }
        fn jacobian_times(
            &mut self,
            t: f64,
            _y: &Vec<f64>,
            x: &Vec<f64>,
            out: &mut Vec<f64>,
        ) -> bool {
            self.eval(t, x, out);
            true
        }
    }
    let u0: Vec<f64> = (0..20)
        .map(|i| (0.1 * std::f64::consts::PI * f64::from(i)).sin())
        .collect();
    let solution = Ivp::with_system(Rod, 0.0, u0.clone(), 0.02)
        .method(Method::by_name("bdf").unwrap())
        .save_end()
        .solve()
        .unwrap();
    let rate = 1600.0 * (0.05 * std::f64::consts::PI).sin().powi(2);
    for (u, u0) in solution.last().iter().zip(&u0) {
        assert!((u - u0 * (-0.02 * rate).exp()).abs() < 1e-4);
    }
    // Evaluations are those of the iterations alone.
    let stats = solution.stats;
    assert!(stats.nfe <= stats.solves + 3, "{stats:?}");
}

#[test]
fn the_implicit_part_alone_can_do_without_matrices() {
    let m = 8;
    let parts = Split::new(
        reaction(m),
        MatrixFree::new(diffusion(m), Krylov::default()),
    );
    let solution = Ivp::with_system(parts, 0.0, start(m), 1.0)
        .method(Method::by_name("kencarp4").unwrap())
        .save_end()
        .solve()
        .unwrap();
    let exact = Ivp::new(brusselator(m), 0.0, start(m), 1.0)
        .method(Method::by_name("radau").unwrap())
        .structure(structure(m))
        .rtol(1e-9)
        .save_end()
        .solve()
        .unwrap();
    let off = largest_difference(solution.last(), exact.last());
    assert!(off < 1e-3, "{off:e}");
    assert_eq!(solution.stats.factorisations, 0);
}

#[test]
fn methods_that_need_matrices_and_mass_matrices_are_refused() {
    let field = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [-y[0], -y[1]];
    for method in Method::all() {
        let ivp = Ivp::new(field, 0.0, [1.0, 2.0], 0.1)
            .method(method)
            .step(0.1);
        let outcome = ivp.matrix_free(Krylov::default()).solve();
        let needs = [
            "radau", "auto", "rodas4", "rodas5p", "ros3p", "gauss4", "gauss6",
        ];
        match outcome {
            Ok(_) => assert!(!needs.contains(&method.name), "{}", method.name),
            Err(failure) => {
                assert!(
                    matches!(failure.error, Error::MatrixFree { .. }),
                    "{failure}"
                );
                assert!(needs.contains(&method.name), "{failure}");
            }
        }
    }
    let failure = Ivp::new(field, 0.0, [1.0, 2.0], 0.1)
        .method(Method::by_name("bdf").unwrap())
        .mass(Matrix::diagonal::<f64>([1.0, 2.0]))
        .matrix_free(Krylov::default())
        .solve()
        .unwrap_err();
    assert!(
        matches!(failure.error, Error::MatrixFree { .. }),
        "{failure}"
    );
}

#[test]
fn counts_are_as_they_were() {
    let m = 8;
    let y0 = start(m);
    let mut counts = Vec::new();
    let options = || Options::tolerances(1e-5, 1e-5);
    let system = || MatrixFree::new(brusselator(m), Krylov::default());
    let tableau = DirkTableau::by_name("kencarp4").unwrap();
    let (mut bdf, mut dirk) = (
        Integrator::with_engine(Bdf::new(&system(), &y0), system(), 0.0, &y0, options()).unwrap(),
        Integrator::with_engine(
            Dirk::new(tableau, &system(), &y0),
            system(),
            0.0,
            &y0,
            options(),
        )
        .unwrap(),
    );
    bdf.set_end(0.5);
    dirk.set_end(0.5);
    while !bdf.finished() {
        bdf.step().unwrap();
    }
    while !dirk.finished() {
        dirk.step().unwrap();
    }
    for stats in [bdf.stats(), dirk.stats()] {
        counts.push([stats.steps, stats.rejected, stats.nfe, stats.solves]);
    }
    // Steps, rejected ones, evaluations and solutions, at a tolerance of 1e-5.
    assert_eq!(
        counts,
        [[67, 1, 269, 133], [16, 0, 623, 275]],
        "\n{counts:?}"
    );
}
