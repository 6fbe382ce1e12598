//! Second derivatives through events.

use super::field::{Forced, H0, N, P, THETA, close, loss};
use costate_neural_ode::hybrid::{Event, Hybrid, Map, Through, Written};
use costate_neural_ode::second_order::{Along, HessianProduct, Tangent, hessian_product};
use costate_neural_ode::{Gradient, GradientMethod, Native, Problem};
use costate_ode::{Method, Options, Real};
use costate_tape::Scalar;

/// When the state jumps.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    Given,
    /// At θ₁ + 1/5.
    Scheduled,
    /// Where h₀ falls through θ₂ + 1/2 + t/9.
    Crossing,
    /// There, where it is only noted first: two events at one time.
    Twice,
    /// There, and then something else at the same time.
    Tied,
    /// There, and later at θ₁ + 1/5 + 1/2.
    Both,
    /// The solution ends there.
    Terminal,
}

/// h ← h + θ₃ t h², component by component, and the first one is thrown `up`.
fn jump<E: Real + Scalar + Send + Sync + 'static>(up: f64) -> impl Map<E> {
    Written::new(
        N,
        move |h: &[E], t: E, theta: &[E], out: &mut [E]| {
            for (out, h) in out.iter_mut().zip(h) {
                *out = *h + theta[3] * t * *h * *h;
            }
            out[0] += <E as Scalar>::from_f64(up);
        },
        |h: &[E], t: E, theta: &[E], a: &[E], a_h: &mut [E], a_theta: &mut [E]| {
            a_theta.fill(<E as Scalar>::from_f64(0.0));
            let mut a_t = <E as Scalar>::from_f64(0.0);
            for i in 0..N {
                let square = a[i] * h[i] * h[i];
                a_h[i] = a[i] + (theta[3] + theta[3]) * t * a[i] * h[i];
                a_theta[3] += t * square;
                a_t += theta[3] * square;
            }
            a_t
        },
    )
}

fn crossing<E: Real + Scalar + Send + Sync + 'static>() -> Event<f64, E> {
    let number = <E as Scalar>::from_f64;
    Event::crossing(Written::new(
        1,
        move |h: &[E], t: E, theta: &[E], out: &mut [E]| {
            out[0] = h[0] - theta[2] - number(0.5) - t / number(9.0);
        },
        move |_h: &[E], _t: E, _theta: &[E], a: &[E], a_h: &mut [E], a_theta: &mut [E]| {
            a_h.fill(number(0.0));
            a_theta.fill(number(0.0));
            (a_h[0], a_theta[2]) = (a[0], -a[0]);
            -a[0] / number(9.0)
        },
    ))
    .falling()
}

fn scheduled<E: Real + Scalar + Send + Sync + 'static>(after: f64) -> Event<f64, E> {
    Event::scheduled_by(
        move |theta: &[E]| vec![theta[1] + <E as Real>::from_f64(after)],
        |theta: &[E], cotangents: &[E]| {
            let mut out = vec![<E as Scalar>::from_f64(0.0); theta.len()];
            out[1] = cotangents[0];
            out
        },
    )
}

/// The forced field with its jumps, with a gradient method.
fn system<E: Real + Scalar + costate_ode::Element<f64> + Send + Sync + 'static>(
    when: When,
    (solver, step): (&str, f64),
    method: &str,
) -> impl GradientMethod<f64, E> {
    let field: Native<_, E, N, P> = Native::new(Forced);
    let (like, options) = (
        vec![<E as Scalar>::from_f64(0.0); N],
        Options {
            rtol: 1e-12.into(),
            atol: 1e-12.into(),
            ..Options::constant_step(step)
        },
    );
    let hybrid = Hybrid::new(field, &like, Method::by_name(solver).unwrap(), options);
    let hybrid = match when {
        When::Given => hybrid.event(Event::at([0.7, 1.3]).reset(jump(0.0))),
        When::Scheduled => hybrid.event(scheduled(0.2).reset(jump(0.0))),
        When::Crossing => hybrid.event(crossing().reset(jump(0.8))),
        When::Twice => hybrid.event(crossing()).event(crossing().reset(jump(0.8))),
        When::Tied => {
            let jumps = hybrid.event(crossing().reset(jump(0.8)));
            jumps.event(crossing().reset(jump(0.8)))
        }
        When::Both => {
            let jumps = hybrid.event(crossing().reset(jump(0.8)));
            jumps.event(scheduled(0.7).reset(jump(0.0)))
        }
        When::Terminal => hybrid.event(crossing().terminal()),
    };
    let method = hybrid.method(method).unwrap();
    Through::new(hybrid, method)
}

const MOVING: [When; 6] = [
    When::Scheduled,
    When::Crossing,
    When::Twice,
    When::Tied,
    When::Both,
    When::Terminal,
];

fn problem<'a>(h0: &'a [f64], theta: &'a [f64]) -> Problem<'a, f64, f64> {
    Problem {
        h0,
        theta,
        t0: 0.2,
        t1: 1.6,
        save_at: &[0.6, 0.7, 1.6],
    }
}

fn product(
    when: When,
    solver: (&str, f64),
    method: &str,
    (h0, theta): ([f64; N], [f64; P]),
) -> HessianProduct {
    let along = Along {
        h0: &h0,
        theta: &theta,
    };
    let mut method = system::<Tangent>(when, solver, method);
    let problem = of(when, &H0, &THETA);
    hessian_product(&mut method, &problem, &along, &mut loss).unwrap()
}

/// A solution that ends at its event is saved there.
fn of<'a>(when: When, h0: &'a [f64], theta: &'a [f64]) -> Problem<'a, f64, f64> {
    let problem = problem(h0, theta);
    match when {
        When::Terminal => Problem {
            save_at: &[],
            ..problem
        },
        _ => problem,
    }
}

const DIRECTIONS: [([f64; N], [f64; P]); 2] = [
    ([0.3, -0.8, 0.5], [0.4, 0.9, -0.6, 1.1]),
    ([-0.2, 0.1, 0.7], [-0.5, 0.3, 0.8, -0.4]),
];

fn entries(gradient: &Gradient<f64>) -> Vec<f64> {
    let ends = [gradient.t0, gradient.t1];
    [&gradient.h0[..], &gradient.theta, &gradient.save, &ends].concat()
}

/// The products beside differences of gradients, extrapolated twice.
fn are_differences_of_gradients(
    when: When,
    solver: (&str, f64),
    method: &str,
    (dh, dtheta): ([f64; N], [f64; P]),
    part: f64,
) {
    let mut plain = system::<f64>(when, solver, method);
    let mut at = |by: f64| {
        let h0: [f64; N] = std::array::from_fn(|i| H0[i] + by * dh[i]);
        let theta: [f64; P] = std::array::from_fn(|k| THETA[k] + by * dtheta[k]);
        entries(plain.gradient(&of(when, &h0, &theta), &mut loss).unwrap())
    };
    let mut central = |reach: f64| -> Vec<f64> {
        let pairs = at(reach).into_iter().zip(at(-reach));
        pairs.map(|(a, b)| (a - b) / (2.0 * reach)).collect()
    };
    let [wide, middle, near] = [4e-3, 2e-3, 1e-3].map(&mut central);
    let found = product(when, solver, method, (dh, dtheta));
    for (i, value) in entries(&found.product).iter().enumerate() {
        let first = middle[i] + (middle[i] - wide[i]) / 3.0;
        let second = near[i] + (near[i] - middle[i]) / 3.0;
        let expected = second + (second - first) / 15.0;
        let title = format!("{when:?}, {method} through {}, entry {i}", solver.0);
        close(&title, *value, expected, part);
    }
}

#[test]
fn hessian_products_go_through_events_whose_times_stand_still() {
    // The time of a scheduled event stands still where the direction has nothing of θ₁.
    let (dh, still) = (DIRECTIONS[0].0, [0.4, 0.0, -0.6, 1.1]);
    for (when, dtheta) in [(When::Given, DIRECTIONS[0].1), (When::Scheduled, still)] {
        for solver in [("rk4", 0.02), ("kvaerno5", 0.05), ("radau", 0.05)] {
            are_differences_of_gradients(when, solver, "discrete", (dh, dtheta), 1e-6);
        }
    }
}

#[test]
fn hessian_products_go_through_events_whose_times_move() {
    for when in MOVING {
        for direction in DIRECTIONS {
            let verner9 = ("verner9", 0.05);
            are_differences_of_gradients(when, verner9, "discrete", direction, 1e-7);
        }
    }
    for (solver, method) in [
        (("verner9", 0.05), "forward"),
        (("radau", 0.02), "discrete"),
        (("tsit5", 0.005), "interpolating"),
    ] {
        are_differences_of_gradients(When::Both, solver, method, DIRECTIONS[0], 1e-6);
    }
}

#[test]
fn the_hessian_through_events_is_symmetric() {
    // Also where steps are long, and the numbers computed far from the solution.
    for solver in [("rk4", 0.1), ("tsit5", 0.17), ("kvaerno5", 0.1)] {
        for when in MOVING {
            let dot = |(h0, theta): ([f64; N], [f64; P]), by: &Gradient<f64>| -> f64 {
                let pairs = h0.iter().zip(&by.h0).chain(theta.iter().zip(&by.theta));
                pairs.map(|(a, b)| a * b).sum()
            };
            let products = DIRECTIONS.map(|along| product(when, solver, "discrete", along).product);
            let (uv, vu) = (
                dot(DIRECTIONS[0], &products[1]),
                dot(DIRECTIONS[1], &products[0]),
            );
            close(&format!("{when:?}, {}", solver.0), uv, vu, 1e-12);
            let slope = dot(
                DIRECTIONS[0],
                &product(when, solver, "discrete", DIRECTIONS[0]).gradient,
            );
            close("v·∇L", products[0].loss, slope, 1e-12);
        }
    }
}

#[test]
fn in_no_direction_at_all_nothing_moves() {
    let rk4 = ("rk4", 0.05);
    let still = product(When::Crossing, rk4, "discrete", ([0.0; N], [0.0; P]));
    assert!(still.product.h0.iter().all(|value| *value == 0.0));
    let mut plain = system::<f64>(When::Crossing, rk4, "discrete");
    let plain = plain.gradient(&problem(&H0, &THETA), &mut loss).unwrap();
    close("h0", still.gradient.h0[0], plain.h0[0], 1e-13);
}
