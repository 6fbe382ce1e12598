//! Second derivatives through events.

use super::field::{Forced, H0, N, P, THETA, close, loss};
use costate_neural_ode::hybrid::{Event, Hybrid, Map, Through, Written};
use costate_neural_ode::second_order::{Along, HessianProduct, Tangent, hessian_product};
use costate_neural_ode::{Error, Gradient, GradientMethod, Native, Problem};
use costate_ode::{Method, Options, Real};
use costate_tape::Scalar;

/// When the state jumps, or what is only noted.
#[derive(Clone, Copy, Debug)]
enum When {
    Given,
    /// At θ₁ + 1/5.
    Scheduled,
    /// Where h₀ falls through θ₂ + 1/2.
    Crossing,
}

/// h ← h + θ₃ t h², component by component.
fn jump<E: Real + Scalar + Send + Sync + 'static>() -> impl Map<E> {
    Written::new(
        N,
        |h: &[E], t: E, theta: &[E], out: &mut [E]| {
            for (out, h) in out.iter_mut().zip(h) {
                *out = *h + theta[3] * t * *h * *h;
            }
        },
        |h: &[E], t: E, theta: &[E], a: &[E], a_h: &mut [E], a_theta: &mut [E]| {
            a_theta.fill(<E as Scalar>::from_f64(0.0));
            let mut a_t = <E as Scalar>::from_f64(0.0);
            for i in 0..N {
                let square = a[i] * h[i] * h[i];
                a_h[i] = a[i] + (theta[3] + theta[3]) * t * a[i] * h[i];
                a_theta[3] = a_theta[3] + t * square;
                a_t = a_t + theta[3] * square;
            }
            a_t
        },
    )
}

/// The forced field with its jumps, with the discrete adjoint.
fn system<E: Real + Scalar + costate_ode::Element<f64> + Send + Sync + 'static>(
    when: When,
    solver: &str,
) -> impl GradientMethod<f64, E> {
    let event = match when {
        When::Given => Event::at([0.7, 1.3]),
        When::Scheduled => Event::scheduled_by(
            |theta: &[E]| vec![theta[1] + <E as Real>::from_f64(0.2)],
            |theta: &[E], cotangents: &[E]| {
                let mut out = vec![<E as Scalar>::from_f64(0.0); theta.len()];
                out[1] = cotangents[0];
                out
            },
        ),
        When::Crossing => Event::crossing(Written::new(
            1,
            |h: &[E], _t: E, theta: &[E], out: &mut [E]| {
                out[0] = h[0] - theta[2] - <E as Real>::from_f64(0.5);
            },
            |_h: &[E], _t: E, _theta: &[E], a: &[E], a_h: &mut [E], a_theta: &mut [E]| {
                a_h.fill(<E as Scalar>::from_f64(0.0));
                a_theta.fill(<E as Scalar>::from_f64(0.0));
                (a_h[0], a_theta[2]) = (a[0], -a[0]);
                <E as Scalar>::from_f64(0.0)
            },
        )),
    };
    let field: Native<_, E, N, P> = Native::new(Forced);
    let (like, options) = (
        vec![<E as Scalar>::from_f64(0.0); N],
        Options::constant_step(0.05),
    );
    let hybrid = Hybrid::new(field, &like, Method::by_name(solver).unwrap(), options);
    let hybrid = hybrid.event(match when {
        When::Crossing => event,
        _ => event.reset(jump()),
    });
    let discrete = hybrid.method("discrete").unwrap();
    Through::new(hybrid, discrete)
}

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
    solver: &str,
    (h0, theta): ([f64; N], [f64; P]),
) -> Result<HessianProduct, Error> {
    let along = Along {
        h0: &h0,
        theta: &theta,
    };
    let mut method = system::<Tangent>(when, solver);
    hessian_product(&mut method, &problem(&H0, &THETA), &along, &mut loss)
}

const DH: [f64; N] = [0.3, -0.8, 0.5];

#[test]
fn hessian_products_go_through_events_whose_times_stand_still() {
    // The time of a scheduled event stands still where the direction has nothing of θ₁.
    for (when, dtheta) in [
        (When::Given, [0.4, 0.9, -0.6, 1.1]),
        (When::Scheduled, [0.4, 0.0, -0.6, 1.1]),
    ] {
        for solver in ["rk4", "kvaerno5", "radau"] {
            let mut plain = system::<f64>(when, solver);
            let entries = |gradient: &Gradient<f64>| {
                let ends = [gradient.t0, gradient.t1];
                [&gradient.h0[..], &gradient.theta, &gradient.save, &ends].concat()
            };
            let mut at = |by: f64| {
                let h0: [f64; N] = std::array::from_fn(|i| H0[i] + by * DH[i]);
                let theta: [f64; P] = std::array::from_fn(|k| THETA[k] + by * dtheta[k]);
                entries(plain.gradient(&problem(&h0, &theta), &mut loss).unwrap())
            };
            let mut central = |reach: f64| -> Vec<f64> {
                let pairs = at(reach).into_iter().zip(at(-reach));
                pairs.map(|(a, b)| (a - b) / (2.0 * reach)).collect()
            };
            let (wide, near) = (central(2e-3), central(1e-3));
            let found = product(when, solver, (DH, dtheta)).unwrap();
            for (i, value) in entries(&found.product).iter().enumerate() {
                let expected = near[i] + (near[i] - wide[i]) / 3.0;
                close(&format!("{when:?}, {solver}, {i}"), *value, expected, 1e-6);
            }
        }
    }
}

#[test]
fn a_direction_that_moves_the_time_of_an_event_is_refused() {
    for when in [When::Scheduled, When::Crossing] {
        let found = product(when, "rk4", (DH, [0.4, 0.9, -0.6, 1.1]));
        let Err(Error::Unavailable { instead, .. }) = found else {
            panic!("{when:?}: {found:?}")
        };
        assert!(instead.contains("differences of gradients"));
    }
    // In no direction at all nothing moves.
    let still = product(When::Crossing, "rk4", ([0.0; N], [0.0; P])).unwrap();
    assert!(still.product.h0.iter().all(|value| *value == 0.0));
    let mut plain = system::<f64>(When::Crossing, "rk4");
    let plain = plain.gradient(&problem(&H0, &THETA), &mut loss).unwrap();
    close("h0", still.gradient.h0[0], plain.h0[0], 1e-13);
}
