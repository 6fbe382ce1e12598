//! Optimisers: their formulas, and the minima they must find.

use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::train::optimizer::{
    Adam, Bounds, GaussNewton, Lbfgs, Optimizer, Reason, RmsProp, Sgd, Step,
};
use costate_neural_ode::train::schedule::Schedule;

type Smooth = fn(&[f64]) -> (f64, Vec<f64>);

/// (1 − x)² + 100 (y − x²)², with its minimum at (1, 1).
fn rosenbrock(x: &[f64]) -> (f64, Vec<f64>) {
    let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
    (
        a * a + 100.0 * b * b,
        vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b],
    )
}

/// Beale's function, with its minimum at (3, 1/2).
fn beale(x: &[f64]) -> (f64, Vec<f64>) {
    let mut value = (0.0, vec![0.0; 2]);
    for (power, target) in [(1, 1.5), (2, 2.25), (3, 2.625)] {
        let r = target - x[0] * (1.0 - x[1].powi(power));
        value.0 += r * r;
        value.1[0] -= 2.0 * r * (1.0 - x[1].powi(power));
        value.1[1] += 2.0 * r * x[0] * f64::from(power) * x[1].powi(power - 1);
    }
    value
}

/// Σ k (x_k − 1/k)² + (Σ x_k)⁴/100 of twenty variables.
fn bowl(x: &[f64]) -> (f64, Vec<f64>) {
    let sum: f64 = x.iter().sum();
    let mut loss = sum.powi(4) / 100.0;
    let mut gradient = vec![sum.powi(3) / 25.0; x.len()];
    for (i, x) in x.iter().enumerate() {
        let k = (i + 1) as f64;
        loss += k * (x - 1.0 / k).powi(2);
        gradient[i] += 2.0 * k * (x - 1.0 / k);
    }
    (loss, gradient)
}

fn minimise(optimizer: &mut dyn Optimizer<f64>, f: Smooth, x: &mut [f64]) -> (Reason, usize) {
    for calls in 1..5000 {
        let (loss, gradient) = f(x);
        if let Step::Finished(reason) = optimizer.step(x, loss, &gradient) {
            return (reason, calls);
        }
    }
    panic!("no end after 5000 calls, at {x:?}");
}

#[test]
fn lbfgs_finds_known_minima_in_few_calls() {
    let cases: [(Smooth, &[f64], &[f64], usize); 4] = [
        (rosenbrock, &[-1.2, 1.0], &[1.0, 1.0], 80),
        (rosenbrock, &[5.0, -3.0], &[1.0, 1.0], 200),
        (beale, &[1.0, 1.0], &[3.0, 0.5], 60),
        (bowl, &[2.0; 20], &[], 80),
    ];
    for (f, start, minimum, most) in cases {
        let mut x = start.to_vec();
        let (reason, calls) = minimise(&mut Lbfgs::new(x.len()), f, &mut x);
        assert!(reason.is_converged(), "{reason} at {x:?}");
        assert!(calls <= most, "{calls} calls");
        let largest = f(&x).1.iter().fold(0.0_f64, |max, g| max.max(g.abs()));
        assert!(largest < 1e-5, "gradient {largest} at {x:?}");
        for (x, minimum) in x.iter().zip(minimum) {
            assert!((x - minimum).abs() < 1e-6, "{x} instead of {minimum}");
        }
    }
}

#[test]
fn lbfgs_stops_at_active_bounds_with_the_multipliers_of_a_minimum() {
    // With x ≤ 1/2 the valley of Rosenbrock's function is met at (1/2, 1/4).
    let mut optimizer = Lbfgs::new(2);
    optimizer.bounds = Bounds::new(vec![-2.0, -2.0], vec![0.5, 2.0]);
    let mut x = vec![-1.2, 1.0];
    let (reason, _) = minimise(&mut optimizer, rosenbrock, &mut x);
    assert!(reason.is_converged(), "{reason} at {x:?}");
    assert_eq!(x[0], 0.5);
    assert!((x[1] - 0.25).abs() < 1e-6, "{x:?}");
    assert!(rosenbrock(&x).1[0] < 0.0, "the bound holds back");

    // All variables at bounds.
    let mut optimizer = Lbfgs::new(20);
    optimizer.bounds = Bounds::new(vec![2.0; 20], vec![3.0; 20]);
    let mut x = vec![2.5; 20];
    assert!(minimise(&mut optimizer, bowl, &mut x).0.is_converged());
    assert_eq!(x, [2.0; 20]);
}

#[test]
fn lbfgs_steps_back_from_where_the_loss_is_not_finite() {
    // −ln x + x: minimum at 1; the first step from 1e-3 leads to negative numbers.
    fn barrier(x: &[f64]) -> (f64, Vec<f64>) {
        (-x[0].ln() + x[0], vec![-1.0 / x[0] + 1.0])
    }
    for start in [1e-3, 30.0] {
        let mut x = vec![start];
        let (reason, _) = minimise(&mut Lbfgs::new(1), barrier, &mut x);
        assert!(reason.is_converged() && (x[0] - 1.0).abs() < 1e-5, "{x:?}");
    }
    let step = Lbfgs::new(1).step(&mut [1.0], f64::NAN, &[0.0]);
    assert_eq!(step, Step::Finished(Reason::NotFinite));
}

#[test]
fn a_gradient_that_does_not_fit_the_loss_is_noticed() {
    fn wrong(x: &[f64]) -> (f64, Vec<f64>) {
        (x[0] * x[0], vec![-2.0 * x[0]])
    }
    let mut x = vec![1.0];
    assert_eq!(
        minimise(&mut Lbfgs::new(1), wrong, &mut x).0,
        Reason::NoDescent
    );
    assert_eq!(x, [1.0]);
}

/// Residuals and their Jacobian, row by row.
type Residuals = fn(&[f64]) -> (Vec<f64>, Vec<f64>);

/// y = a (1 − exp(−b t)) at five times with noise: the Misra1a kind of problem.
fn saturation(x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let data = [
        (0.5, 0.91),
        (1.0, 1.55),
        (2.0, 2.41),
        (4.0, 3.05),
        (8.0, 3.21),
    ];
    let mut out = (Vec::new(), Vec::new());
    for (t, y) in data {
        let decay = (-x[1] * t).exp();
        out.0.push(x[0] * (1.0 - decay) - y);
        out.1.extend([1.0 - decay, x[0] * t * decay]);
    }
    out
}

/// Powell's singular function: the Jacobian loses its rank at the minimum 0.
fn powell(x: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (a, b) = (x[1] - 2.0 * x[2], x[0] - x[3]);
    let (five, ten) = (5.0_f64.sqrt(), 10.0_f64.sqrt());
    (
        vec![x[0] + 10.0 * x[1], five * (x[2] - x[3]), a * a, ten * b * b],
        vec![
            1.0,
            10.0,
            0.0,
            0.0, //
            0.0,
            0.0,
            five,
            -five, //
            0.0,
            2.0 * a,
            -4.0 * a,
            0.0, //
            2.0 * ten * b,
            0.0,
            0.0,
            -2.0 * ten * b,
        ],
    )
}

fn fit(optimizer: &mut GaussNewton, f: Residuals, x: &mut [f64]) -> (Reason, usize) {
    for calls in 1..500 {
        let (residuals, jacobian) = f(x);
        if let Step::Finished(reason) = optimizer.step(x, &residuals, &jacobian) {
            return (reason, calls);
        }
    }
    panic!("no end after 500 calls, at {x:?}");
}

#[test]
fn gauss_newton_finds_known_minima_in_few_calls() {
    let mut best = Vec::new();
    for start in [[1.0, 1.0], [10.0, 0.01], [0.1, 5.0]] {
        let (mut x, mut optimizer) = (start.to_vec(), GaussNewton::new(2));
        let (reason, calls) = fit(&mut optimizer, saturation, &mut x);
        assert!(reason.is_converged() && calls < 40, "{reason}, {calls}");
        best.push(x);
    }
    assert!(best.iter().all(|x| (x[0] - best[0][0]).abs() < 1e-7 * x[0]));
    // The normal equations hold.
    let (r, j) = saturation(&best[0]);
    for k in 0..2 {
        let slope: f64 = (0..5).map(|i| r[i] * j[2 * i + k]).sum();
        assert!(slope.abs() < 1e-9, "{slope}");
    }

    let mut x = vec![3.0, -1.0, 0.0, 1.0];
    let (reason, _) = fit(&mut GaussNewton::new(4), powell, &mut x);
    assert!(reason.is_converged(), "{reason}");
    assert!(x.iter().all(|x| x.abs() < 1e-2), "{x:?}");
}

#[test]
fn gauss_newton_respects_bounds_and_frees_variables_from_them() {
    let mut free = vec![1.0, 1.0];
    fit(&mut GaussNewton::new(2), saturation, &mut free);

    // A bound that cuts the minimum off: it is active, and the other variable is best for it.
    let mut optimizer = GaussNewton::new(2);
    optimizer.bounds = Bounds::new(vec![0.0, 0.0], vec![3.0, 9.0]);
    let mut x = vec![1.0, 1.0];
    assert!(fit(&mut optimizer, saturation, &mut x).0.is_converged());
    assert!(free[0] > 3.0 && x[0] == 3.0, "{x:?}");
    let (r, j) = saturation(&x);
    let slope: f64 = (0..5).map(|i| r[i] * j[2 * i + 1]).sum();
    assert!(slope.abs() < 1e-7, "{slope}");

    // Bounds that do not: a start on them comes off.
    let mut optimizer = GaussNewton::new(2);
    optimizer.bounds = Bounds::new(vec![0.5, 0.05], vec![50.0, 50.0]);
    let mut x = vec![0.5, 0.05];
    assert!(fit(&mut optimizer, saturation, &mut x).0.is_converged());
    assert!(
        (x[0] - free[0]).abs() < 1e-6 && (x[1] - free[1]).abs() < 1e-6,
        "{x:?}"
    );
}

#[test]
fn gauss_newton_does_not_call_a_wall_a_minimum() {
    // (x − 3)² + (y − x)² up to x = 1, where it jumps up: steps shrink to nothing before it.
    let wall = |x: &[f64]| {
        let jump = if x[0] > 1.0 { 10.0 } else { 0.0 };
        (
            vec![x[0] - 3.0, x[1] - x[0], jump],
            vec![1.0, 0.0, -1.0, 1.0, 0.0, 0.0],
        )
    };
    let mut x = vec![0.5, 0.2];
    let (reason, _) = fit(&mut GaussNewton::new(2), wall, &mut x);
    assert_eq!(reason, Reason::NoDescent);
    assert!(x[0] <= 1.0 && x[0] > 0.999, "{x:?}");
}

#[test]
fn gauss_newton_goes_down_in_a_box_though_variables_are_nearly_alike() {
    // Straight residuals in five variables whose columns differ by a hundredth: where one is stopped by its bound, the best values of the others are elsewhere.
    let mut state = 7_u64;
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    for case in 0..100 {
        let common: Vec<f64> = (0..8).map(|_| random()).collect();
        let jacobian: Vec<f64> = (0..40).map(|i| common[i / 5] + 0.01 * random()).collect();
        let data: Vec<f64> = (0..8).map(|_| random()).collect();
        let residuals = |x: &[f64]| -> Vec<f64> {
            let rows = jacobian.chunks(5).zip(&data);
            rows.map(|(row, d)| row.iter().zip(x).map(|(j, x)| j * x).sum::<f64>() - d)
                .collect()
        };
        let mut optimizer = GaussNewton::new(5);
        optimizer.bounds = Bounds::new(vec![-1.0; 5], vec![1.0; 5]);
        let mut x: Vec<f64> = (0..5).map(|_| 0.1 * random()).collect();
        let mut least = f64::INFINITY;
        loop {
            let r = residuals(&x);
            let loss: f64 = r.iter().map(|r| r * r).sum();
            // The model is the loss itself here.
            assert!(
                loss <= least * (1.0 + 1e-12),
                "case {case}: {least} to {loss}"
            );
            least = loss;
            match optimizer.step(&mut x, &r, &jacobian) {
                Step::Finished(reason) => {
                    assert!(reason.is_converged(), "case {case}: {reason}");
                    break;
                }
                step => assert_eq!(step, Step::Accepted, "case {case}"),
            }
            // As after many good steps: the bounds alone are in the way.
            optimizer.radius = 1e4;
        }
        // At the end each variable is best where it is, or held by its bound.
        let r = residuals(&x);
        for (k, x) in x.iter().enumerate() {
            let slope: f64 = (0..8).map(|i| r[i] * jacobian[5 * i + k]).sum();
            let held = (*x == 1.0 && slope < 0.0) || (*x == -1.0 && slope > 0.0);
            assert!(held || slope.abs() < 1e-7, "case {case}: {x} {slope}");
        }
    }
}

#[test]
fn the_covariance_is_that_of_a_straight_line() {
    // y = a + b t at t = 0..5: (JᵀJ)⁻¹ in closed form.
    fn line(x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let data = [1.1, 2.9, 5.2, 6.8, 9.1];
        let rows = data.iter().enumerate();
        let residuals = rows.map(|(t, y)| x[0] + x[1] * t as f64 - y).collect();
        (
            residuals,
            (0..5).flat_map(|t| [1.0, f64::from(t)]).collect(),
        )
    }
    let (mut x, mut optimizer) = (vec![0.0, 0.0], GaussNewton::new(2));
    assert!(fit(&mut optimizer, line, &mut x).0.is_converged());
    let covariance = optimizer.covariance().unwrap();
    let rest: f64 = line(&x).0.iter().map(|r| r * r).sum();
    // Σ 1 = 5, Σ t = 10, Σ t² = 30; the determinant is 50.
    for (found, expected) in covariance.iter().zip([30.0, -10.0, -10.0, 5.0]) {
        assert!(
            (found - rest / 3.0 * expected / 50.0).abs() < 1e-12,
            "{covariance:?}"
        );
    }
}

#[test]
fn first_order_methods_are_their_formulas_for_a_constant_gradient() {
    let (eta, g, steps) = (0.1_f64, [2.0_f64, -0.5], 7);
    let mut adam = Adam::new(eta);
    let mut decayed = Adam::new(eta);
    decayed.weight_decay = 0.2;
    let mut rms = RmsProp::new(eta);
    let mut sgd = Sgd::new(eta);
    sgd.momentum = 0.9;
    let mut x = [[1.0, 1.0]; 4];
    for k in 1..=steps {
        let before = x;
        adam.step(&mut x[0], 0.0, &g);
        decayed.step(&mut x[1], 0.0, &g);
        rms.step(&mut x[2], 0.0, &g);
        sgd.step(&mut x[3], 0.0, &g);
        for i in 0..2 {
            let moved = |which: usize| before[which][i] - x[which][i];
            let sign = g[i].signum();
            // The unbiased means are g and g².
            assert!((moved(0) - eta * sign).abs() < 1e-8);
            assert!((moved(1) - eta * (sign + 0.2 * before[1][i])).abs() < 1e-8);
            let mean_square = 1.0 - 0.99_f64.powi(k);
            assert!((moved(2) - eta * sign / mean_square.sqrt()).abs() < 1e-6);
            let velocity = g[i] * (1.0 - 0.9_f64.powi(k)) / 0.1;
            assert!((moved(3) - eta * velocity).abs() < 1e-12);
        }
    }
}

#[test]
fn first_order_methods_come_to_the_minimum() {
    let methods: [Box<dyn Optimizer<f64>>; 4] = [
        Box::new(Adam::new(0.02)),
        Box::new(RmsProp::new(0.002)),
        Box::new(Sgd::new(0.01)),
        Box::new(Sgd {
            momentum: 0.9,
            ..Sgd::new(0.002)
        }),
    ];
    for mut optimizer in methods {
        let mut x = vec![0.5; 20];
        for _ in 0..4000 {
            let (loss, gradient) = bowl(&x);
            assert_eq!(optimizer.step(&mut x, loss, &gradient), Step::Accepted);
        }
        let mut best = vec![2.0; 20];
        minimise(&mut Lbfgs::new(20), bowl, &mut best);
        for (x, best) in x.iter().zip(&best) {
            assert!((x - best).abs() < 5e-3, "{x} instead of {best}");
        }
    }
}

#[test]
fn an_evaluation_that_failed_leaves_everything_as_it_was() {
    let mut adam = Adam::new(0.1);
    let mut x = [1.0, 2.0];
    adam.step(&mut x, 1.0, &[1.0, 1.0]);
    let (kept, at) = (adam.clone(), x);
    for (loss, g) in [(f64::NAN, 1.0), (1.0, f64::INFINITY)] {
        let step = adam.step(&mut x, loss, &[g, 1.0]);
        assert_eq!(step, Step::Finished(Reason::NotFinite));
    }
    assert_eq!((adam, x), (kept, at));
}

#[test]
#[should_panic(expected = "2 variables, but a gradient of 3 entries")]
fn lengths_that_do_not_fit_are_named() {
    Sgd::new(0.1).step(&mut [1.0, 2.0], 0.0, &[0.0; 3]);
}

#[test]
fn schedules_fall_as_they_say() {
    let factors = |schedule: Schedule| [0, 9, 10, 20, 100].map(|i| schedule.factor::<f64>(i));
    assert_eq!(factors(Schedule::Constant), [1.0; 5]);
    let steps = Schedule::Steps {
        every: 10,
        factor: 0.5,
    };
    assert_eq!(factors(steps), [1.0, 1.0, 0.5, 0.25, 0.5_f64.powi(10)]);
    let cosine = Schedule::Cosine {
        iterations: 20,
        last: 0.1,
    };
    assert!((cosine.factor::<f64>(10) - 0.55).abs() < 1e-15);
    assert_eq!(cosine.factor::<f64>(100), 0.1);
}

#[test]
fn losses_of_squares_are_squares_of_their_residuals() {
    for loss in Loss::ALL {
        let (model, data) = (2.3_f64, 1.7);
        let Some((r, slope)) = loss.residual(model, data) else {
            continue;
        };
        assert!((loss.value(model, data) - r * r).abs() < 1e-15);
        assert!((loss.derivative(model, data) - 2.0 * r * slope).abs() < 1e-15);
    }
}
