//! Second derivatives through a solve: Hessian–vector and Gauss–Newton products, by any gradient method over numbers that carry a tangent.

mod recorded;
mod tangent;

pub use recorded::RecordedTangents;
pub use tangent::Tangent;

use crate::Error;
use crate::gradient::{Gradient, GradientMethod, LossFn, Problem, Saved, dot};

/// A direction in the space of h₀ and θ.
///
/// The example at [`hessian_product`] goes along h₀ alone.
#[derive(Clone, Copy, Debug)]
pub struct Along<'a> {
    /// δh₀.
    pub h0: &'a [f64],
    /// δθ.
    pub theta: &'a [f64],
}

/// A gradient and what a direction does to it.
///
/// The example at [`hessian_product`] reads both parts.
#[derive(Clone, Debug, PartialEq)]
pub struct HessianProduct {
    /// L and its gradient.
    pub gradient: Gradient<f64>,
    /// The derivative of all of that along the direction v: v·∇L in place of the loss, Hv in place of the gradient by h₀ and θ, and in place of those by times
    /// the mixed second derivatives.
    pub product: Gradient<f64>,
}

/// W times a vector of saved states: sees the saved states and J v, and writes W J v into its last argument, which is zero before.
///
/// ```
/// use costate_neural_ode::{Saved, second_order::WeighFn};
///
/// // W = 1/σ² for σ = 1/2: the Hessian of Σ ½ ((h − d)/σ)² by h.
/// let weigh: &mut WeighFn = &mut |_saved, jv, out| {
///     for (out, jv) in out.values_mut().iter_mut().zip(jv.values()) {
///         *out = 4.0 * jv;
///     }
/// };
/// let (mut jv, mut out) = (Saved::new(1), Saved::new(1));
/// (jv.resize(1), out.resize(1));
/// jv.state_mut(0)[0] = 3.0;
/// weigh(&jv.clone(), &jv, &mut out);
/// assert_eq!(out.values(), [12.0]);
/// ```
pub type WeighFn<'a> = dyn FnMut(&Saved<f64>, &Saved<f64>, &mut Saved<f64>) + 'a;

/// H v, the Hessian of `loss` by (h₀, θ) times the direction `along`: the gradient by `method`, differentiated in forward mode.
///
/// ```text
/// H v = d/dε ∇L(h₀ + ε δh₀, θ + ε δθ) at ε = 0
/// ```
///
/// The method is one over [`Tangent`] numbers, whose field is a [`Native`](crate::Native) one or a [`RecordedTangents`]; it takes the steps that it takes over plain
/// numbers, as constants. With [`Discrete`](crate::Discrete) or [`Forward`](crate::Forward) the product is the exact derivative of the numbers of the
/// gradient, so H is symmetric to rounding. It costs about four times what the gradient costs.
///
/// Through [events](crate::hybrid) it is the same, where the direction moves the time of an event too: H is then that of a solution whose arcs end by a midpoint
/// step of no length, symmetric to rounding, and apart from that of the numbers computed by the local error of the steps that end there.
///
/// The loss is written in `Tangent` numbers: what it writes into the cotangents must carry their tangents, as arithmetic does by itself.
///
/// ```
/// use costate_neural_ode::second_order::{Along, RecordedTangents, Tangent, hessian_product};
/// use costate_neural_ode::{Discrete, Problem};
/// use costate_ode::{Options, tableau};
/// use costate_tape::Function;
///
/// // f = θ t h, L = h(5)² = h₀² e^(16 θ)
/// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
/// let f = Function::record(&inputs, |v| vec![v[2] * v[1] * v[0]])?;
/// let options = Options::tolerances(1e-11, 1e-11);
/// let mut discrete = Discrete::new(RecordedTangents::new(&f)?, &vec![Tangent::constant(0.0)], tableau::by_name("tsit5")?, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let along = Along { h0: &[1.0], theta: &[0.0] };
/// let found = hessian_product(&mut discrete, &problem, &along, &mut |saved, cotangents| {
///     let h = saved.state(0)[0];
///     cotangents.state_mut(0)[0] = h + h;
///     h * h
/// })?;
/// let e4 = 4.0_f64.exp();
/// assert!((found.gradient.loss / e4 - 9.0).abs() < 1e-8);
/// assert!((found.product.h0[0] / e4 - 2.0).abs() < 1e-8); // ∂²L/∂h₀²
/// assert!((found.product.theta[0] / e4 - 96.0).abs() < 1e-6); // ∂²L/∂h₀∂θ = 2 h₀ · 16 e^(16 θ)
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # Errors
/// As [`GradientMethod::gradient`].
///
/// # Panics
/// As [`GradientMethod::gradient`], and if the direction has not the lengths of h₀ and θ.
///
/// # References
/// \[Griewank2008\] 5 (forward over reverse)
#[track_caller]
pub fn hessian_product(
    method: &mut dyn GradientMethod<f64, Tangent>,
    problem: &Problem<'_, f64, f64>,
    along: &Along<'_>,
    loss: &mut LossFn<'_, Tangent>,
) -> Result<HessianProduct, Error> {
    let (h0, theta) = move_along(problem, along);
    let found = method.gradient(&lift(problem, &h0, &theta), loss)?;
    Ok(HessianProduct {
        gradient: part(found, |number| number.value),
        product: part(found, |number| number.tangent),
    })
}

/// Jᵀ W J v, with J the Jacobian of the saved states by (h₀, θ) and W any symmetric matrix, for instance that of the weights of least squares: what
/// Gauss–Newton and Fisher scoring take for the Hessian.
///
/// `weigh` sees the saved states and J v, and writes W J v. In the result the loss is vᵀ Jᵀ W J v, and the gradients by times are those rows of Jᵀ W J v.
///
/// ```
/// use costate_neural_ode::second_order::{Along, Tangent, gauss_newton_product};
/// use costate_neural_ode::{Forward, Native, Problem, RightHandSide};
/// use costate_ode::{Options, tableau};
/// use costate_tape::Scalar;
///
/// struct House;
///
/// impl RightHandSide<1, 1> for House {
///     #[inline(always)]
///     fn eval<S: Scalar>(&self, [h]: [S; 1], t: S, [theta]: [S; 1]) -> [S; 1] {
///         [theta * t * h]
///     }
/// }
///
/// let options = Options::tolerances(1e-11, 1e-11);
/// let mut method = Forward::new(Native::new(House), &[Tangent::constant(0.0)], tableau::by_name("tsit5")?, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let along = Along { h0: &[0.0], theta: &[1.0] };
/// let product = gauss_newton_product(&mut method, &problem, &along, &mut |_saved, moved, out| {
///     out.values_mut().copy_from_slice(moved.values()); // W = 1
/// })?;
/// let e4 = 4.0_f64.exp();
/// assert!((product.theta[0] / e4 - 24.0 * 24.0).abs() < 1e-6); // J = (e², 24 e²)
/// assert!((product.h0[0] / e4 - 24.0).abs() < 1e-6);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # Errors
/// As [`GradientMethod::gradient`].
///
/// # Panics
/// As [`hessian_product`].
///
/// # References
/// \[Schraudolph2002\]
#[track_caller]
pub fn gauss_newton_product(
    method: &mut dyn GradientMethod<f64, Tangent>,
    problem: &Problem<'_, f64, f64>,
    along: &Along<'_>,
    weigh: &mut WeighFn<'_>,
) -> Result<Gradient<f64>, Error> {
    let (h0, theta) = move_along(problem, along);
    let mut curvature = 0.0;
    let found = method.gradient(&lift(problem, &h0, &theta), &mut |saved, cotangents| {
        let mut parts = [(); 3].map(|()| Saved::new(saved.width()));
        parts.iter_mut().for_each(|part| part.resize(saved.len()));
        let [states, moved, out] = &mut parts;
        for (i, number) in saved.values().iter().enumerate() {
            states.values_mut()[i] = number.value;
            moved.values_mut()[i] = number.tangent;
        }
        weigh(states, moved, out);
        for (cotangent, value) in cotangents.values_mut().iter_mut().zip(out.values()) {
            *cotangent = Tangent::constant(*value);
        }
        curvature = dot(moved.values(), out.values());
        Tangent::constant(0.0)
    })?;
    Ok(Gradient {
        loss: curvature,
        ..part(found, |number| number.value)
    })
}

/// h₀ and θ with the direction as their tangents.
#[track_caller]
fn move_along(problem: &Problem<'_, f64, f64>, along: &Along<'_>) -> (Vec<Tangent>, Vec<Tangent>) {
    let pair = |what: &str, values: &[f64], tangents: &[f64]| -> Vec<Tangent> {
        assert!(
            values.len() == tangents.len(),
            "a direction of {} components for a {what} of {}",
            tangents.len(),
            values.len()
        );
        let pairs = values.iter().zip(tangents);
        pairs
            .map(|(value, tangent)| Tangent {
                value: *value,
                tangent: *tangent,
            })
            .collect()
    };
    (
        pair("h0", problem.h0, along.h0),
        pair("theta", problem.theta, along.theta),
    )
}

fn lift<'a>(
    problem: &Problem<'a, f64, f64>,
    h0: &'a [Tangent],
    theta: &'a [Tangent],
) -> Problem<'a, f64, Tangent> {
    Problem {
        h0,
        theta,
        t0: problem.t0,
        t1: problem.t1,
        save_at: problem.save_at,
    }
}

/// One part of a gradient of numbers with tangents.
fn part(gradient: &Gradient<Tangent>, of: fn(&Tangent) -> f64) -> Gradient<f64> {
    let all = |values: &[Tangent]| values.iter().map(of).collect();
    Gradient {
        loss: of(&gradient.loss),
        h0: all(&gradient.h0),
        theta: all(&gradient.theta),
        t0: of(&gradient.t0),
        t1: of(&gradient.t1),
        save: all(&gradient.save),
        stats: gradient.stats,
    }
}
