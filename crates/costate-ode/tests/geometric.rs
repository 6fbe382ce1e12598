//! Symplectic and reversible methods do what they are for.

use costate_ode::{
    Engine, Error, Gauss, GaussTableau, Integrator, Ivp, Method, Options, Reversible, Symplectic,
    SymplecticTableau, tableau,
};
use costate_problems::DoubleDouble as Number;
use num_traits::{Float, ToPrimitive};

/// Kepler's problem with e = 0.6, from the perihelion.
fn kepler<T: Float>(_t: T, y: &[T; 4], dy: &mut [T; 4]) {
    let square = y[0] * y[0] + y[1] * y[1];
    let cube = square * square.sqrt();
    *dy = [y[2], y[3], -y[0] / cube, -y[1] / cube];
}

fn energy(y: &[f64; 4]) -> f64 {
    0.5 * (y[2] * y[2] + y[3] * y[3]) - 1.0 / y[0].hypot(y[1])
}

const START: [f64; 4] = [0.4, 0.0, 0.0, 2.0];

/// The largest error of the energy in the last tenth of `steps` steps.
fn energy_error(method: Method, h: f64, steps: usize) -> f64 {
    let (mut n, mut worst) = (0, 0.0_f64);
    Ivp::new(kepler::<f64>, 0.0, START, h * steps as f64)
        .method(method)
        .step(h)
        .max_steps(steps + 10)
        .solve_with(|_t, y| {
            n += 1;
            if n > steps - steps / 10 {
                worst = worst.max((energy(y) + 0.5).abs());
            }
        })
        .unwrap();
    worst
}

#[test]
fn symplectic_methods_keep_the_energy_where_others_lose_it() {
    let steps = |periods: usize| periods * 200;
    let h = 2.0 * std::f64::consts::PI / 200.0;
    for (name, bound) in [
        ("verlet", 1e-2),
        ("ruth4", 2e-2),
        ("yoshida6", 2e-3),
        ("gauss4", 1e-3),
        ("gauss6", 1e-4),
    ] {
        let method = Method::by_name(name).unwrap();
        // Implicit steps take longer.
        let late = if method.stiff { 500 } else { 2000 };
        let (early, late) = (
            energy_error(method, h, steps(100)),
            energy_error(method, h, steps(late)),
        );
        assert!(
            early < bound && late < 1.5 * early,
            "{name}: {early:e} {late:e}"
        );
    }
    let rk4 = Method::by_name("rk4").unwrap();
    let (early, late) = (
        energy_error(rk4, h, steps(100)),
        energy_error(rk4, h, steps(1000)),
    );
    assert!(late > 5.0 * early, "rk4 drifts: {early:e} {late:e}");
}

/// The error at t = 2 after steps of size 2/`n`, against a reference.
fn error<E: Engine<Number, [Number; 4], fn(Number, &[Number; 4], &mut [Number; 4])>>(
    engine: E,
    n: usize,
    exact: &[Number; 4],
) -> f64 {
    let h = Number::new(2.0) / Number::new(n as f64);
    let y0 = START.map(Number::new);
    let field = kepler::<Number> as fn(Number, &[Number; 4], &mut [Number; 4]);
    let options = Options::constant_step(h);
    let mut it = Integrator::with_engine(engine, field, Number::new(0.0), &y0, options).unwrap();
    for _ in 0..n {
        it.force_step(h);
    }
    let difference = it.y().iter().zip(exact).map(|(a, b)| (*a - *b).abs());
    difference
        .fold(Number::new(0.0), Float::max)
        .to_f64()
        .unwrap()
}

fn exact() -> [Number; 4] {
    let h = Number::new(2.0) / Number::new(400.0);
    let verner9 = tableau::by_name("verner9").unwrap();
    let options = Options::constant_step(h);
    let y0 = START.map(Number::new);
    let mut it =
        Integrator::new(verner9, kepler::<Number>, Number::new(0.0), &y0, options).unwrap();
    for _ in 0..400 {
        it.force_step(h);
    }
    *it.y()
}

#[test]
fn symplectic_and_reversible_methods_have_the_order_claimed() {
    let (y0, exact) = (START.map(Number::new), exact());
    for tableau in SymplecticTableau::all() {
        let errors = [400, 800].map(|n| error(Symplectic::new(tableau, &y0), n, &exact));
        let order = (errors[0] / errors[1]).log2();
        assert!(
            (order - tableau.order as f64).abs() < 0.2,
            "{}: {order}",
            tableau.name
        );
    }
    for name in ["heun", "rk4", "tsit5"] {
        let tableau = tableau::by_name(name).unwrap();
        let engine = || Reversible::coupled(tableau, Number::new(0.999), &y0);
        let errors = [1600, 3200].map(|n| error(engine(), n, &exact));
        let order = (errors[0] / errors[1]).log2();
        println!("{name}, coupled: {order}");
        // The half steps back cancel part of the error at first.
        let above = order - tableau.order as f64;
        assert!(above > -0.2 && above < 0.5, "{name}, coupled: {order}");
    }
    let errors = [800, 1600].map(|n| error(Reversible::heun(&y0), n, &exact));
    let order = (errors[0] / errors[1]).log2();
    assert!((order - 2.0).abs() < 0.2, "reversible Heun: {order}");
}

/// How far from the start an integration there and back ends.
fn there_and_back(engine: Reversible<f64, [f64; 4]>, steps: usize) -> f64 {
    let h = 0.01;
    let mut it = Integrator::with_engine(
        engine,
        kepler::<f64>,
        0.0,
        &START,
        Options::constant_step(h),
    )
    .unwrap();
    for _ in 0..steps {
        it.force_step(h);
    }
    let way = (it.y()[0] - START[0]).abs();
    assert!(way > 0.1, "it went nowhere");
    for n in (0..steps).rev() {
        it.step_back(h * n as f64, h);
    }
    assert!(it.t().abs() < 1e-12);
    it.y()
        .iter()
        .zip(START)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

#[test]
fn reversible_methods_return_to_their_start_to_rounding() {
    let heun = there_and_back(Reversible::heun(&START), 1000);
    assert!(heun < 1e-11, "reversible Heun: {heun:e}");
    for tableau in tableau::tableaus()
        .iter()
        .filter(|tableau| tableau.order > 1)
    {
        let off = there_and_back(Reversible::coupled(tableau, 0.999, &START), 1000);
        assert!(off < 1e-10, "{}: {off:e}", tableau.name);
    }
}

#[test]
fn symplectic_steps_are_undone_by_steps_of_the_opposite_size() {
    for tableau in SymplecticTableau::all()
        .iter()
        .filter(|tableau| tableau.order > 1)
    {
        let engine = Symplectic::new(tableau, &START);
        let options = Options::constant_step(0.01);
        let mut it = Integrator::with_engine(engine, kepler::<f64>, 0.0, &START, options).unwrap();
        for h in [0.01, -0.01] {
            for _ in 0..1000 {
                it.force_step(h);
            }
        }
        let off = it
            .y()
            .iter()
            .zip(START)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(off < 1e-10, "{}: {off:e}", tableau.name);
    }
}

#[test]
fn verlet_costs_two_evaluations_a_step_and_dense_output_follows_the_orbit() {
    let verlet = Method::by_name("verlet").unwrap();
    let ivp = || {
        Ivp::new(kepler::<f64>, 0.0, START, 10.0)
            .method(verlet)
            .step(0.001)
    };
    assert_eq!(ivp().save_end().solve().unwrap().stats.nfe, 2 * 10_000 + 1);
    let solution = ivp().dense().solve().unwrap();
    let dense = solution.dense.unwrap();
    for n in [100, 5000, 9000] {
        let (t, y) = (solution.t[n], solution.y[n]);
        let between = dense.at(t + 0.0005);
        // The state between lies within the curvature of the step.
        let line = y[0] + 0.0005 * y[2];
        assert!((between[0] - line).abs() < 3e-6, "{between:?}");
    }
}

#[test]
fn states_without_halves_and_steps_that_vary_are_refused() {
    let field = |_t: f64, y: &[f64; 3], dy: &mut [f64; 3]| *dy = *y;
    let method = Method::by_name("verlet").unwrap();
    let ivp = Ivp::new(field, 0.0, [1.0; 3], 1.0).method(method);
    let failure = ivp.clone().step(0.1).solve().unwrap_err();
    assert!(
        matches!(failure.error, Error::Halves { found: 3, .. }),
        "{failure}"
    );
    assert!(matches!(
        ivp.solve().unwrap_err().error,
        Error::NoErrorEstimate { .. }
    ));
}

#[test]
fn verlet_is_half_a_kick_a_drift_and_half_a_kick() {
    let field = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [y[1], -y[0]];
    let engine = Symplectic::new(SymplecticTableau::all()[1], &[1.0, 0.0]);
    let options = Options::constant_step(0.1);
    let mut it = Integrator::with_engine(engine, field, 0.0, &[1.0, 0.0], options).unwrap();
    it.force_step(0.1);
    let half = -0.05;
    let q = 1.0 + 0.1 * half;
    assert_eq!(it.y(), &[q, half + 0.05 * -q]);
}

/// The largest distance of two states.
fn off(a: &[f64; 4], b: &[f64; 4]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

#[test]
fn gauss_steps_are_undone_by_steps_of_the_opposite_size() {
    for tableau in GaussTableau::all() {
        let engine = Gauss::new(tableau, &kepler::<f64>, &START);
        let options = Options::constant_step(0.02);
        let mut it = Integrator::with_engine(engine, kepler::<f64>, 0.0, &START, options).unwrap();
        for h in [0.02, -0.02] {
            for _ in 0..1000 {
                it.force_step(h);
            }
        }
        let off = off(it.y(), &START);
        assert!(off < 1e-10, "{}: {off:e}", tableau.name);
    }
}

#[test]
fn gauss_methods_keep_the_angular_momentum_to_rounding_and_leave_it_to_others_to_lose_it() {
    let momentum = |y: &[f64; 4]| y[0] * y[3] - y[1] * y[2];
    let worst = |name: &str| {
        let mut worst = 0.0_f64;
        Ivp::new(kepler::<f64>, 0.0, START, 200.0)
            .method(Method::by_name(name).unwrap())
            .step(0.05)
            .solve_with(|_, y| worst = worst.max((momentum(y) / momentum(&START) - 1.0).abs()))
            .unwrap();
        worst
    };
    for name in ["gauss4", "gauss6"] {
        assert!(worst(name) < 1e-11, "{name}: {:e}", worst(name));
    }
    assert!(worst("kvaerno4").max(worst("rk4")) > 1e-6);
}

#[test]
fn gauss_methods_solve_stiff_systems_with_their_structure() {
    // Cooling towards an oscillation, 10⁴ times as fast.
    let field = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e4 * (y[0] - t.cos());
    for name in ["gauss4", "gauss6"] {
        let ivp = Ivp::new(field, 0.0, [1.0], 3.0).method(Method::by_name(name).unwrap());
        let solution = ivp.step(0.05).save_end().solve().unwrap();
        assert!((solution.last()[0] - 3.0_f64.cos()).abs() < 1e-3, "{name}");
        let stats = solution.stats;
        assert!(
            stats.jacobians == 1 && stats.factorisations <= 4,
            "{stats:?}"
        );
    }
}

#[test]
fn an_energy_is_kept_for_ten_thousand_periods() {
    let steps_a_period = 100;
    let h = 2.0 * std::f64::consts::PI / steps_a_period as f64;
    let all = SymplecticTableau::all().iter();
    let verlet = all.copied().find(|tableau| tableau.name == "verlet");
    let engine = Symplectic::new(verlet.unwrap(), &START);
    let options = Options::constant_step(h);
    let mut it = Integrator::with_engine(engine, kepler::<f64>, 0.0, &START, options).unwrap();
    // The largest error in the first hundred periods, and from then on.
    let mut worst = [0.0_f64; 2];
    for period in 0..10_000 {
        for _ in 0..steps_a_period {
            it.force_step(h);
            let off = (energy(it.y()) + 0.5).abs();
            worst[usize::from(period >= 100)] = off.max(worst[usize::from(period >= 100)]);
        }
    }
    assert!(worst[0] < 5e-2 && worst[1] < 1.1 * worst[0], "{worst:?}");
    assert!(worst[0] > 1e-4, "too good: {worst:?}");
}

#[test]
#[ignore = "ten thousand periods, for a look: cargo test -p costate-ode --release --test geometric -- --ignored --nocapture"]
fn energies_over_ten_thousand_periods() {
    let h = 2.0 * std::f64::consts::PI / 200.0;
    for name in ["verlet", "ruth4", "yoshida6", "gauss4", "gauss6", "rk4"] {
        let method = Method::by_name(name).unwrap();
        let errors = [100, 1000, 10_000].map(|periods| energy_error(method, h, periods * 200));
        println!(
            "{name:10} {:.2e} after 100 periods, {:.2e} after 1000, {:.2e} after 10000",
            errors[0], errors[1], errors[2]
        );
        assert!(
            name == "rk4" || errors[2] < 1.5 * errors[0],
            "{name}: {errors:?}"
        );
    }
}

#[test]
fn steps_of_gauss_methods_cost_what_they_did() {
    // Evaluations, Jacobians, factorisations and solutions once around in a hundred steps.
    let expected = [
        ("gauss4", [1631, 1, 2, 813]),
        ("gauss6", [1711, 2, 6, 1134]),
    ];
    let count = |tableau: &&'static GaussTableau| {
        let period = 2.0 * std::f64::consts::PI;
        let ivp = Ivp::new(kepler::<f64>, 0.0, START, period).method(Method::from(*tableau));
        let stats = ivp.step(period / 100.0).save_end().solve().unwrap().stats;
        assert_eq!((stats.steps, stats.rejected), (100, 0));
        let counts = [
            stats.nfe,
            stats.jacobians,
            stats.factorisations,
            stats.solves,
        ];
        (tableau.name, counts)
    };
    let found: Vec<_> = GaussTableau::all().iter().map(count).collect();
    assert_eq!(found, expected, "\n{found:?}");
}
