//! The estimates that gradients have of their own errors, against closed forms and tight solves.

use super::oracle::entries;
use costate_neural_ode::audit::error_bar;
use costate_neural_ode::gradient::{Gradient, METHODS};
use costate_neural_ode::{
    Discrete, GradientMethod, Native, Problem, RightHandSide, Saved, VectorField, doc::House,
};
use costate_ode::{Family, Method, Options};
use costate_tape::Scalar;

/// How many times too large or too small an estimate may be.
const FACTOR: f64 = 2.0;

/// L = Σ h² over all saved states.
fn squares(saved: &Saved<f64>, cotangents: &mut Saved<f64>) -> f64 {
    let pairs = cotangents.values_mut().iter_mut().zip(saved.values());
    pairs.fold(0.0, |sum, (cotangent, h)| {
        *cotangent = 2.0 * h;
        sum + h * h
    })
}

/// The norm of the entries by h₀ and θ.
fn size(gradient: &Gradient<f64>) -> f64 {
    let all = gradient.h0.iter().chain(&gradient.theta);
    all.map(|g| g * g).sum::<f64>().sqrt()
}

/// The estimated error of the gradient as a multiple of the true one, by norm.
fn effectivity<F: VectorField<f64>>(
    (field, like): (F, &Vec<f64>),
    method: Method,
    options: Options<f64>,
    problem: &Problem<'_, f64, f64>,
    exact: &Gradient<f64>,
) -> (f64, f64) {
    let mut discrete = Discrete::new(field, like, method, options).unwrap();
    let found = discrete.error_bar(problem, &mut squares).unwrap();
    // The error bar leaves the method as it was.
    let again = discrete.gradient(problem, &mut squares).unwrap();
    assert_eq!(&found.gradient.theta, &again.theta, "{}", method.name);
    let mut off = found.gradient.clone();
    for (off, exact) in [(&mut off.h0, &exact.h0), (&mut off.theta, &exact.theta)] {
        off.iter_mut()
            .zip(exact)
            .for_each(|(off, exact)| *off -= exact);
    }
    (size(&found.error) / size(&off), size(&off) / size(exact))
}

/// dx/dt = −θ₀ x + θ₁ y², dy/dt = −30 θ₀ (y − cos t): somewhat stiff, and not linear.
#[derive(Clone)]
struct Pulled;

impl RightHandSide<2, 2> for Pulled {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [x, y]: [S; 2], t: S, [k, c]: [S; 2]) -> [S; 2] {
        [c * y * y - k * x, -(S::from_f64(30.0) * k * (y - t.cos()))]
    }
}

const PULLED: Problem<'static, f64, f64> = Problem {
    h0: &[0.5, 0.3],
    theta: &[0.8, 1.3],
    t0: 0.0,
    t1: 2.0,
    save_at: &[0.9, 2.0],
};

/// To twelve digits.
fn exact() -> Gradient<f64> {
    let verner8 = Method::by_name("verner8").unwrap();
    let options = Options::tolerances(1e-14, 1e-14);
    let field = Native::new(Pulled);
    let mut discrete = Discrete::new(field, &vec![0.0; 2], verner8, options).unwrap();
    discrete.gradient(&PULLED, &mut squares).unwrap().clone()
}

#[test]
fn the_estimate_is_effective_over_tolerances_for_every_adaptive_solver() {
    let exact = exact();
    let (mut tried, like) = (0, vec![0.0; 2]);
    for method in Method::all() {
        if !method.adaptive || matches!(method.family(), Family::Symplectic(_)) {
            continue;
        }
        if Discrete::new(
            Native::new(Pulled),
            &like,
            method,
            Options::tolerances(0.1, 0.1),
        )
        .is_err()
        {
            continue;
        }
        // Of low orders the steps would be too many, of high ones the error mere rounding.
        let tolerances = match method.order {
            0..=2 => [1e-3, 1e-4, 1e-5],
            3 => [1e-4, 1e-5, 1e-6],
            4..=5 => [1e-5, 1e-7, 1e-8],
            _ => [1e-5, 1e-6, 1e-7],
        };
        for tolerance in tolerances {
            let options = Options::tolerances(tolerance, tolerance);
            let field = (Native::new(Pulled), &like);
            let (ratio, error) = effectivity(field, method, options, &PULLED, &exact);
            println!(
                "{:<14} {tolerance:.0e}: error {error:.1e}, estimated {ratio:.3} times",
                method.name
            );
            tried += 1;
            let name = method.name;
            assert!(
                ratio > 1.0 / FACTOR && ratio < FACTOR,
                "{name} at {tolerance:e}: {ratio} times the error, which is {error:e}"
            );
        }
    }
    assert!(tried > 60, "{tried}");
}

/// The house example, L = h(5)², and its derivatives by h₀, θ, t₀ and t₁: h(5) = 3 e², 2 h times the derivatives of h(5).
fn house() -> (Problem<'static, f64, f64>, [f64; 4]) {
    let e4 = 4.0_f64.exp();
    let problem = Problem {
        h0: &[3.0],
        theta: &[0.25],
        t0: 3.0,
        t1: 5.0,
        save_at: &[],
    };
    (problem, [6.0 * e4, 144.0 * e4, -13.5 * e4, 22.5 * e4])
}

#[test]
fn every_method_by_name_has_an_error_bar_for_each_entry() {
    let (problem, exact) = house();
    for about in METHODS {
        for (solver, options) in [
            ("tsit5", Options::tolerances(1e-4, 1e-4)),
            ("tsit5", Options::tolerances(1e-6, 1e-6)),
            ("rk4", Options::constant_step(0.1)),
        ] {
            let (name, method) = (about.name, Method::by_name(solver).unwrap());
            let (house, like) = (House::default(), vec![0.0]);
            let found = error_bar(
                name,
                &house,
                &like,
                method,
                &options,
                &problem,
                &mut squares,
            );
            let found = found.unwrap();
            let (values, bars) = (entries(&found.gradient), entries(&found.error));
            assert_eq!(values.len(), exact.len());
            for (((variable, value), (_, bar)), exact) in values.iter().zip(&bars).zip(exact) {
                let error = (value - exact).abs();
                println!("{name} {solver} {variable:?}: {bar:e} for {error:e}");
                assert!(
                    *bar > error / FACTOR && *bar < error * FACTOR,
                    "{name}, {solver}, {variable:?}: {bar:e} for {error:e}"
                );
            }
        }
    }
}

#[test]
fn every_entry_has_its_own_estimate_which_halves_as_the_order_says() {
    let (problem, exact) = house();
    for name in ["rk4", "bosh3", "kencarp3", "radau", "gauss4", "trapezoid"] {
        let method = Method::by_name(name).unwrap();
        let mut before: Option<f64> = None;
        for step in [0.1, 0.05] {
            let options = Options::constant_step(step);
            let field = House::default();
            let made = Discrete::new(field, &vec![0.0], method, options);
            let mut discrete = match made {
                Ok(discrete) => discrete,
                Err(error) => panic!("{name}: {error}"),
            };
            let found = discrete.error_bar(&problem, &mut squares).unwrap();
            let bars = entries(&found.error);
            for (((variable, value), (_, bar)), exact) in
                entries(&found.gradient).iter().zip(&bars).zip(exact)
            {
                let error = (value - exact).abs();
                assert!(
                    *bar > 0.5 * error && *bar < 2.0 * error,
                    "{name}, {variable:?}: {bar:e} for {error:e}"
                );
            }
            let bar = found.error.theta[0];
            if let Some(before) = before {
                let rate = (before / bar).log2();
                assert!((rate - method.order as f64).abs() < 0.3, "{name}: {rate}");
            }
            before = Some(bar);
        }
    }
}

#[test]
fn a_budget_changes_no_estimate_and_a_solve_of_no_length_has_no_error() {
    for name in ["tsit5", "kvaerno3", "rodas4"] {
        let method = Method::by_name(name).unwrap();
        let options = Options::tolerances(1e-6, 1e-6);
        let made = || {
            let field = Native::new(Pulled);
            Discrete::new(field, &vec![0.0; 2], method, options.clone()).unwrap()
        };
        let (mut all, mut some) = (made(), made().with_budget(20_000));
        let expected = all.error_bar(&PULLED, &mut squares).unwrap();
        let found = some.error_bar(&PULLED, &mut squares).unwrap();
        assert!(some.retaken() > 0, "{name}");
        for ((_, a), (_, b)) in entries(&found.error).iter().zip(entries(&expected.error)) {
            assert!((a - b).abs() < 1e-10, "{name}: {a} {b}");
        }
        let still = Problem {
            t1: PULLED.t0,
            save_at: &[],
            ..PULLED
        };
        let found = all.error_bar(&still, &mut squares).unwrap();
        assert_eq!((size(&found.error), found.error.loss), (0.0, 0.0));
        assert!((found.gradient.h0[0] - 1.0).abs() < 1e-15);
    }
}
