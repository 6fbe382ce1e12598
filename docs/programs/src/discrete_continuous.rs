//! Discrete or continuous: which gradient is right?

use crate::Output;
use crate::augmented::PROBLEM;
use crate::euler_layers::{backprop, euler_difference};
use crate::house::{H0, House, T0, T1, THETA, e2};
use crate::plot::{Plot, figure};
use crate::text::{Table, fixed, scientific};
use costate_neural_ode::gradient::LossFn;
use costate_neural_ode::{
    Backsolve, Discrete, FiniteDifference, Gradient, GradientMethod, Saved, VectorField,
};
use costate_ode::{Options, Tableau, tableau};

// ANCHOR: continuous
/// ∂L/∂θ of the house example by Euler steps of the adjoint equation,
/// h taken from the stored states.
#[must_use]
pub fn continuous_stored(steps: usize) -> f64 {
    let dt = (T1 - T0) / steps as f64;
    let mut h = vec![H0];
    for n in 0..steps {
        h.push(h[n] + dt * THETA * (T0 + n as f64 * dt) * h[n]);
    }
    let (mut a, mut a_theta) = (1.0, 0.0);
    for n in (1..=steps).rev() {
        let t = T0 + n as f64 * dt; // a step back from t_n: all is taken there
        a_theta += dt * a * t * h[n];
        a += dt * a * THETA * t;
    }
    a_theta
}

/// The same, h integrated backwards too.
#[must_use]
pub fn continuous_backsolve(steps: usize) -> f64 {
    let dt = (T1 - T0) / steps as f64;
    let mut h = crate::euler_layers::euler_loss(H0, THETA, steps);
    let (mut a, mut a_theta) = (1.0, 0.0);
    for n in (1..=steps).rev() {
        let t = T0 + n as f64 * dt;
        a_theta += dt * a * t * h;
        a += dt * a * THETA * t;
        h -= dt * THETA * t * h;
    }
    a_theta
}
// ANCHOR_END: continuous

// ANCHOR: sweep
/// One step of an explicit Runge–Kutta method, forwards then backwards:
/// from the row a₊ of its end to the row a of its start.
pub fn step_and_back(
    field: &mut impl VectorField<f64>,
    method: &Tableau,
    (t, dt): (f64, f64),
    h: &[f64],
    a_plus: &[f64],
) -> Vec<f64> {
    let (s, n) = (method.stages(), h.len());
    let (mut k, mut v) = (vec![vec![0.0; n]; s], vec![vec![0.0; n]; s]);
    for i in 0..s {
        let mut at = h.to_vec();
        for (j, k) in k[..i].iter().enumerate() {
            let a_ij: f64 = method.a(i, j).to();
            for (at, k) in at.iter_mut().zip(k) {
                *at += dt * a_ij * k;
            }
        }
        field.eval(i, t + method.c[i].to::<f64>() * dt, &at, &mut k[i]);
    }
    for i in (0..s).rev() {
        let b_i: f64 = method.b[i].to();
        let mut kappa: Vec<f64> = a_plus.iter().map(|a| dt * b_i * a).collect();
        for j in i + 1..s {
            let a_ji: f64 = method.a(j, i).to(); // the tableau, transposed
            for (kappa, v) in kappa.iter_mut().zip(&v[j]) {
                *kappa += dt * a_ji * v;
            }
        }
        field.products(i, &kappa, &mut v[i]); // v_i = κ_i ∂f/∂h: book: (discrete-rk)
        field.accumulate(&[(i, 1.0)]);
    }
    let mut a = a_plus.to_vec();
    for v in &v {
        for (a, v) in a.iter_mut().zip(v) {
            *a += v;
        }
    }
    a
}
// ANCHOR_END: sweep

// ANCHOR: implicit
/// L and ∂L/∂θ of the house example, by implicit Euler steps and back through them.
#[must_use]
pub fn implicit(steps: usize) -> (f64, f64) {
    let dt = (T1 - T0) / steps as f64;
    let t = |n: usize| T0 + n as f64 * dt;
    let matrix = |n: usize| 1.0 - dt * THETA * t(n); // I − Δ f_h at the end of step n
    let mut h = vec![H0];
    for n in 1..=steps {
        h.push(h[n - 1] / matrix(n)); // book: (implicit-euler)
    }
    let (mut a, mut a_theta) = (1.0, 0.0);
    for n in (1..=steps).rev() {
        a /= matrix(n); // book: (implicit-adjoint)
        a_theta += dt * a * t(n) * h[n];
    }
    (h[steps], a_theta)
}
// ANCHOR_END: implicit

fn euler_table() -> String {
    let mut table = Table::new(&[
        "$N$",
        "discrete adjoint",
        "finite difference of the program",
        "continuous adjoint, Euler, $h$ stored",
        "continuous adjoint, Euler, $h$ backwards",
        "exact",
    ]);
    for steps in [4, 16, 64, 1024] {
        let (_, gradient) = backprop(&mut House::default(), (T0, T1, steps), &[H0], &[THETA]);
        table.row(&[
            steps.to_string(),
            fixed(gradient[0] / e2(), 4),
            fixed(euler_difference(steps) / e2(), 4),
            fixed(continuous_stored(steps) / e2(), 4),
            fixed(continuous_backsolve(steps) / e2(), 4),
            "24".to_owned(),
        ]);
    }
    format!(
        "{}\n$\\partial L/\\partial\\theta$ in units of $e^2$.\n",
        table.markdown()
    )
}

fn end_loss(saved: &Saved<f64>, cotangents: &mut Saved<f64>) -> f64 {
    cotangents.state_mut(0)[0] = 1.0;
    saved.state(0)[0]
}

/// The gradient of the house example by one of three methods.
fn gradient(method: &str, options: Options<f64>, tableau: &'static Tableau) -> Gradient<f64> {
    let made = "the options make sense";
    let house = House::default();
    let mut method: Box<dyn GradientMethod<f64, f64>> = match method {
        "discrete" => Box::new(Discrete::new(house, &[0.0], tableau, options).expect(made)),
        "backsolve" => Box::new(Backsolve::new(house, &[0.0], tableau, options).expect(made)),
        _ => Box::new(FiniteDifference::new(house, &[0.0], tableau, options).expect(made)),
    };
    let loss: &mut LossFn<'_, f64> = &mut end_loss;
    let gradient = method.gradient(&PROBLEM, loss);
    gradient.expect("the house example is solvable").clone()
}

fn by_name(name: &str) -> &'static Tableau {
    tableau::by_name(name).expect("it is registered")
}

/// Relative error of ∂L/∂θ by RK4 with `steps` steps.
fn rk4_error(steps: usize) -> f64 {
    let options = Options::constant_step((T1 - T0) / steps as f64);
    (gradient("discrete", options, by_name("rk4")).theta[0] / (24.0 * e2()) - 1.0).abs()
}

fn rk4_table() -> String {
    let mut table = Table::new(&[
        "$N$",
        "relative error of $\\partial L/\\partial\\theta$",
        "slope",
    ]);
    let mut before: Option<f64> = None;
    for steps in [4, 8, 16, 32, 64] {
        let error = rk4_error(steps);
        let slope = before.map_or_else(|| "–".to_owned(), |b| fixed((b / error).log2(), 2));
        table.row(&[steps.to_string(), scientific(error, 2), slope]);
        before = Some(error);
    }
    table.markdown()
}

fn errors_figure() -> String {
    let mut truth = Plot::new("distance to 24e²")
        .x("tolerance", 1e-10, 1e-1)
        .log_x()
        .y("relative error of ∂L/∂θ", 1e-14, 1.0)
        .log_y();
    let mut program = Plot::new("distance to the difference quotient of the program")
        .x("tolerance", 1e-10, 1e-1)
        .log_x()
        .y("relative", 1e-14, 1.0)
        .log_y();
    let (mut lines, mut others) = ([vec![], vec![]], [vec![], vec![]]);
    for k in 2..=20 {
        let tolerance = 10_f64.powf(-0.5 * f64::from(k));
        let options = || Options::tolerances(tolerance, tolerance);
        let difference = gradient("difference", options(), by_name("dopri5")).theta[0];
        for (m, name) in ["discrete", "backsolve"].into_iter().enumerate() {
            let found = gradient(name, options(), by_name("dopri5")).theta[0];
            lines[m].push((tolerance, (found / (24.0 * e2()) - 1.0).abs().max(1e-16)));
            others[m].push((tolerance, (found / difference - 1.0).abs().max(1e-16)));
        }
    }
    for (plot, lines) in [(&mut truth, &lines), (&mut program, &others)] {
        plot.line("pa", &lines[0]);
        plot.dots("pa", 3.0, &lines[0]);
        plot.line("co dash", &lines[1]);
    }
    truth.text(
        "",
        "start",
        (2e-10, 0.05),
        "solid: discrete · dashed: backsolve",
    );
    program.text("pa", "start", (2e-10, 1e-12), "discrete");
    program.text("co", "start", (2e-7, 1e-3), "backsolve");
    figure(
        "two-errors",
        "House example, Dormand–Prince pair. Left: both gradients approach the truth as the tolerance falls. Right: only the discrete one is, at every tolerance, the derivative of the number that the program prints; what is left of its distance is the difference quotient's own error.",
        &[truth, program],
    )
}

/// |L(θ + ε) − L(θ) − ε g| with the steps held fixed, for a loose tolerance.
fn taylor_figure() -> String {
    let options = || Options::tolerances(1e-2, 1e-2);
    let bosh3 = by_name("bosh3");
    let mut discrete =
        Discrete::new(House::default(), &[0.0], bosh3, options()).expect("the options make sense");
    let g = discrete
        .gradient(&PROBLEM, &mut end_loss)
        .expect("solvable")
        .clone();
    let sizes: Vec<f64> = discrete.steps().collect();
    let continuous = gradient("backsolve", options(), bosh3).theta[0];
    let loss = |theta: f64| replay(bosh3, &sizes, theta);
    let remainder = |slope: f64| {
        (2..=26)
            .map(|k| 10_f64.powf(-0.25 * f64::from(k)))
            .map(|e| {
                (
                    e,
                    (loss(THETA + e) - loss(THETA) - e * slope).abs().max(1e-16),
                )
            })
            .collect::<Vec<_>>()
    };
    let mut plot = Plot::new("what is left of L(θ + ε)")
        .x("ε", 1e-6, 1.0)
        .log_x()
        .y("|L(θ+ε) − L(θ) − ε g|", 1e-11, 1e4)
        .log_y();
    plot.line("pa", &remainder(g.theta[0]));
    plot.line("co dash", &remainder(continuous));
    plot.text("pa", "start", (2e-4, 3e-9), "discrete: slope 2");
    plot.text("co", "end", (1e-3, 1.0), "backsolve: slope 1 in the end");
    figure(
        "taylor",
        "Taylor test at tolerance 1e−2, steps held fixed. A gradient that belongs to the program leaves a remainder of second order; the continuous one leaves a first-order part, as large as its inconsistency.",
        &[plot],
    )
}

/// L of the house example by steps of given sizes.
fn replay(method: &'static Tableau, sizes: &[f64], theta: f64) -> f64 {
    let mut field = House::default();
    field.set_parameters(&[theta]);
    let (mut t, mut h) = (T0, H0);
    for &dt in sizes {
        let mut k = Vec::new();
        for i in 0..method.stages() {
            let at = (0..i).fold(h, |at, j| at + dt * method.a(i, j).to::<f64>() * k[j]);
            let mut slope = [0.0];
            field.eval(0, t + method.c[i].to::<f64>() * dt, &[at], &mut slope);
            k.push(slope[0]);
        }
        h += dt
            * k.iter()
                .zip(method.b)
                .map(|(k, b)| k * b.to::<f64>())
                .sum::<f64>();
        t += dt;
    }
    h
}

/// What the chapter includes.
#[must_use]
pub fn outputs() -> Vec<Output> {
    vec![
        Output::new("discrete-continuous/euler.md", euler_table()),
        Output::new("discrete-continuous/rk4.md", rk4_table()),
        Output::local("discrete-continuous/errors.svg", errors_figure()),
        Output::local("discrete-continuous/taylor.svg", taylor_figure()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use costate_ode::Method;

    #[test]
    fn four_columns_of_euler_gradients() {
        for (steps, stored, backsolve) in [
            (4, 16.8993, 9.8763),
            (16, 21.5824, 18.4786),
            (64, 23.3353, 22.4009),
            (1024, 23.9571, 23.8949),
        ] {
            assert!((continuous_stored(steps) / e2() - stored).abs() < 5e-5);
            assert!((continuous_backsolve(steps) / e2() - backsolve).abs() < 5e-5);
        }
    }

    #[test]
    fn the_sweep_through_the_stages_is_what_the_library_does() {
        for name in ["heun", "bosh3", "rk4", "dopri5", "tsit5"] {
            let method = by_name(name);
            let mut field = House::default();
            field.set_parameters(&[THETA]);
            let row = step_and_back(&mut field, method, (T0, T1 - T0), &[H0], &[1.0]);
            let mut by_theta = [0.0];
            field.finish(&mut by_theta);
            let options = Options::constant_step(T1 - T0);
            let library = gradient("discrete", options, method);
            assert!((row[0] / library.h0[0] - 1.0).abs() < 1e-13, "{name}");
            assert!(
                (by_theta[0] / library.theta[0] - 1.0).abs() < 1e-13,
                "{name}"
            );
        }
    }

    #[test]
    fn back_through_implicit_steps_is_what_the_library_does() {
        let euler = Method::by_name("implicit_euler").unwrap();
        for steps in [4, 16] {
            let options = Options::constant_step((T1 - T0) / steps as f64);
            let mut discrete = Discrete::new(House::default(), &[0.0], euler, options).unwrap();
            let library = discrete.gradient(&PROBLEM, &mut end_loss).unwrap();
            let (loss, by_theta) = implicit(steps);
            assert!((loss / library.loss - 1.0).abs() < 1e-12);
            assert!((by_theta / library.theta[0] - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_sweep_is_a_step_of_the_adjoint_equation_with_another_tableau() {
        // â_ij = b_j − b_j a_ji / b_i on −a f_h, over the same stage values: for RK4, where no b is zero.
        let method = by_name("rk4");
        let (t, dt) = (T0, 0.5);
        let (a, b, c) = (
            |i: usize, j: usize| method.a(i, j).to::<f64>(),
            |i: usize| method.b[i].to::<f64>(),
            |i: usize| method.c[i].to::<f64>(),
        );
        let f_h = |i: usize| THETA * (t + c(i) * dt);
        let mut field = House::default();
        field.set_parameters(&[THETA]);
        let start = step_and_back(&mut field, method, (t, dt), &[H0], &[1.0])[0];
        // Rows at the stages: a_i = a_0 + dt Σ_j â_ij (−a_j f_h), solved downwards from i = s.
        let mut rows = [0.0; 4];
        for i in (0..4).rev() {
            let later: f64 = (i + 1..4)
                .map(|j| b(j) * a(j, i) / b(i) * rows[j] * f_h(j))
                .sum();
            rows[i] = 1.0 + dt * later;
        }
        let hat = |i: usize, j: usize| b(j) - b(j) * a(j, i) / b(i); // book: (adjoint-tableau)
        for i in 0..4 {
            let by_tableau: f64 = (0..4).map(|j| hat(i, j) * -rows[j] * f_h(j)).sum();
            assert!(
                (start + dt * by_tableau - rows[i]).abs() < 1e-14,
                "stage {i}"
            );
        }
    }

    #[test]
    fn the_exercise_where_each_column_evaluates() {
        // Two steps by hand: h = 3, 5.25, 10.5, and rows that are multiplied by 1 + Δθt at the far or at the near end.
        let (far, near) = ([0.75, 1.0], [1.0, 1.25]);
        let a1 = [1.0 + far[1], 1.0 + near[1]];
        let discrete = a1[0] * 3.0 * 3.0 + 1.0 * 4.0 * 5.25;
        let stored = a1[1] * 4.0 * 5.25 + 1.0 * 5.0 * 10.5;
        let by_layers = |steps| {
            let ends = (T0, T1, steps);
            backprop(&mut House::default(), ends, &[H0], &[THETA]).1[0]
        };
        assert_eq!((by_layers(2), continuous_stored(2)), (discrete, stored));
        let mean = (by_layers(64) + continuous_stored(64)) / 2.0 / e2();
        assert!((mean - 22.81).abs() < 0.005, "{mean}");
    }

    #[test]
    fn discrete_gradients_converge_with_the_order_of_the_method() {
        let slopes: Vec<f64> = [4, 8, 16]
            .map(|n| (rk4_error(n) / rk4_error(2 * n)).log2())
            .into();
        assert!(slopes[2] > 3.7 && slopes[2] < 4.1, "{slopes:?}");
    }

    #[test]
    fn at_a_loose_tolerance_only_the_discrete_gradient_is_the_programs() {
        let options = || Options::tolerances(1e-2, 1e-2);
        let by = |name: &str| gradient(name, options(), by_name("bosh3")).theta[0];
        let difference = by("difference");
        assert!((by("discrete") / difference - 1.0).abs() < 1e-8);
        assert!((by("backsolve") / difference - 1.0).abs() > 1e-3);
    }
}
