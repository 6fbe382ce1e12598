//! Integral costs of fields, and the densities that fields carry along.

use costate_neural_ode::flow::{self, Trace};
use costate_neural_ode::layer::{Layer, Mlp};
use costate_neural_ode::train::regularizer::{jacobian_norm, kinetic_energy, taylor};
use costate_tape::{Function, Unary, check, jacobian};

const BATCH: usize = 2;
const STATES: usize = 3;

fn net() -> Mlp {
    Mlp::new(&[STATES, 4, STATES], Unary::Tanh)
}

/// A network whose θ has room for noise behind its parameters.
fn field() -> Function<f64> {
    let (net, noise) = (net(), BATCH * STATES);
    let p = net.parameter_len();
    let theta = [p + noise];
    let inputs: [(&str, &[usize]); 3] = [("h", &[BATCH, STATES]), ("t", &[]), ("theta", &theta)];
    Function::record(&inputs, |v| {
        vec![net.apply(v[0], v[2].slice(0, 0..p)) * v[1]]
    })
    .unwrap()
}

fn point() -> (Vec<f64>, Vec<f64>) {
    let p = net().parameter_len();
    let h = (0..BATCH * STATES)
        .map(|i| (0.9 * i as f64).sin())
        .collect();
    (h, (0..p).map(|i| (1.3 * i as f64).cos()).collect())
}

/// ∂f/∂h of each sample, row by row, at t = 0.7.
fn jacobians() -> Vec<Vec<f64>> {
    let (h, theta) = point();
    let net = net();
    let of = |h: &[f64]| {
        jacobian(
            |x| {
                let shape = [theta.len()];
                let zeros = x.full(0.0, shape);
                let parameters: Vec<_> =
                    theta.iter().map(|theta| zeros.index(0) + *theta).collect();
                net.apply(x, costate_tape::Var::stack(&parameters)) * 0.7
            },
            h,
        )
    };
    h.chunks(STATES).map(of).collect()
}

/// All noises of ±1, and what a function of h, t and θ gives with each on average.
fn mean_over_signs(g: &Function<f64>, h: &[f64], out: usize) -> f64 {
    let (_, theta) = point();
    let n = BATCH * STATES;
    let value = |signs: usize| {
        let noise = (0..n).map(|i| if signs >> i & 1 == 1 { 1.0 } else { -1.0 });
        let theta: Vec<f64> = theta.iter().copied().chain(noise).collect();
        g.eval(&[h, &[0.7], &theta]).unwrap()[0][out]
    };
    (0..1 << n).map(value).sum::<f64>() / f64::from(1 << n)
}

#[test]
fn the_mean_over_the_noise_is_the_norm_of_the_jacobian() {
    let p = net().parameter_len();
    let g = jacobian_norm(&field(), p..p + BATCH * STATES);
    let exact: f64 = jacobians()
        .iter()
        .flatten()
        .map(|entry| entry * entry)
        .sum();
    let found = mean_over_signs(&g, &point().0, 0);
    assert!(
        (found - exact).abs() < 1e-12 * exact,
        "{found} instead of {exact}"
    );
}

#[test]
fn kinetic_energy_is_the_square_of_the_field() {
    let (h, mut theta) = point();
    theta.extend([0.0; BATCH * STATES]);
    let dh = field().eval(&[&h, &[0.7], &theta]).unwrap();
    let exact: f64 = dh[0].iter().map(|dh| dh * dh).sum();
    let g = kinetic_energy(&field());
    assert!((g.eval(&[&h, &[0.7], &theta]).unwrap()[0][0] - exact).abs() < 1e-14);
    for report in check::function(&g, &[&h, &[0.7], &theta]).unwrap() {
        report.assert();
    }
}

/// f on the solution through the point, so many steps of 10⁻² later, by a solver.
fn slope_after(steps: f64) -> Vec<f64> {
    use costate_neural_ode::train::pipeline::{discrete, states};
    use costate_neural_ode::{Problem, Recorded};
    use costate_ode::{Options, tableau};

    let (h, mut theta) = point();
    theta.extend([0.0; BATCH * STATES]);
    let solver = tableau::by_name("dop853").unwrap();
    let options = Options::tolerances(1e-13, 1e-13);
    let mut method = discrete(Recorded::new(&field()).unwrap(), solver, options).unwrap();
    let t = 0.7 + 1e-2 * steps;
    let problem = Problem {
        h0: &h,
        theta: &theta,
        t0: 0.7,
        t1: t,
        save_at: &[],
    };
    let h = states(method.as_mut(), &problem).unwrap();
    field()
        .eval(&[h.state(0), &[t], &theta])
        .unwrap()
        .swap_remove(0)
}

#[test]
fn derivatives_along_the_solution_are_those_of_its_differences() {
    let (h, mut theta) = point();
    theta.extend([0.0; BATCH * STATES]);
    let at = |order| taylor(&field(), order).eval(&[&h, &[0.7], &theta]).unwrap()[0][0];
    assert_eq!(
        at(1),
        kinetic_energy(&field())
            .eval(&[&h, &[0.7], &theta])
            .unwrap()[0][0]
    );
    // f is h', so its first and second differences, of fourth order, are h'' and h'''.
    let slopes = [-2.0, -1.0, 0.0, 1.0, 2.0].map(|steps| match steps {
        0.0 => field().eval(&[&h, &[0.7], &theta]).unwrap().swap_remove(0),
        _ => slope_after(steps),
    });
    for (order, weights) in [
        (2, [1.0, -8.0, 0.0, 8.0, -1.0].map(|w| w / 12e-2)),
        (3, [-1.0, 16.0, -30.0, 16.0, -1.0].map(|w| w / 12e-4)),
    ] {
        let difference = |i: usize| -> f64 { (0..5).map(|k| weights[k] * slopes[k][i]).sum() };
        let square: f64 = (0..BATCH * STATES).map(|i| difference(i).powi(2)).sum();
        assert!(
            (at(order) / square - 1.0).abs() < 1e-5,
            "order {order}: {} and {square}",
            at(order)
        );
        for report in check::function(&taylor(&field(), order), &[&h, &[0.7], &theta]).unwrap() {
            report.assert();
        }
    }
}

#[test]
fn exact_and_estimated_traces_agree_on_average() {
    let p = net().parameter_len();
    let (x, mut theta) = point();
    let h: Vec<f64> = x
        .chunks(STATES)
        .flat_map(|x| [x[0], x[1], x[2], 9.0])
        .collect();
    let exact = flow::with_log_density(&field(), &Trace::Exact);
    let estimate = flow::with_log_density(&field(), &Trace::Hutchinson(p..p + BATCH * STATES));
    theta.extend([0.0; BATCH * STATES]);
    let dh = exact.eval(&[&h, &[0.7], &theta]).unwrap();
    let dx = field().eval(&[&x, &[0.7], &theta]).unwrap();
    for (sample, jacobian) in jacobians().iter().enumerate() {
        let trace: f64 = (0..STATES).map(|i| jacobian[i * STATES + i]).sum();
        let last = sample * (STATES + 1) + STATES;
        assert!((dh[0][last] + trace).abs() < 1e-13);
        assert!((mean_over_signs(&estimate, &h, last) + trace).abs() < 1e-13);
        assert_eq!(
            dh[0][last - STATES..last],
            dx[0][sample * STATES..][..STATES]
        );
    }
}
