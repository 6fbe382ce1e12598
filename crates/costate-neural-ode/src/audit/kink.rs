//! Where f is not smooth along a solution.

use crate::gradient::{Problem, dot, scalar};
use crate::{Error, VectorField};
use costate_ode::{Ivp, Method, Options, Real, State, Trajectory};
use num_traits::{Float, One, Zero};

/// A place on a solution where f jumps, or its derivatives do.
///
/// ```
/// use costate_neural_ode::audit::{Jump, kinks};
/// use costate_neural_ode::{Problem, Recorded};
/// use costate_ode::{Options, tableau};
/// use costate_tape::Scalar;
///
/// // f = |1 − t| θ: a corner at t = 1.
/// let mut field = Recorded::record(&[1], 1, |h, t, theta| (t - 1.0).abs() * theta + 0.0 * h)?;
/// let problem = Problem { h0: &[0.0], theta: &[2.0], t0: 0.0, t1: 3.0, save_at: &[] };
/// let found = kinks(&mut field, &vec![0.0], tableau::by_name("tsit5")?, &Options::tolerances(1e-6, 1e-6), &problem)?;
/// assert_eq!((found.len(), found[0].component, found[0].jump), (1, 0, Jump::Slope));
/// assert!((found[0].time - 1.0).abs() < 1e-3);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kink {
    /// The component of f, in natural order.
    pub component: usize,
    /// When the solution is there.
    pub time: f64,
    /// What jumps.
    pub jump: Jump,
}

/// What is not continuous.
///
/// See [`Kink`] for an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// f itself, as with a sign or a branch: differences and gradients of a solution that crosses it disagree.
    Value,
    /// ∂f/∂h or ∂f/∂t, as with an absolute value, a minimum or a maximum: gradients are right on either side, and at it there are two.
    Slope,
}

/// The solution is looked at in no more stretches than this.
const STRETCHES: usize = 256;
/// No more kinks than this are reported.
const MOST: usize = 8;
/// With more components than this, finding out which one it is costs too much to do it more than once.
const LARGE: usize = 512;
/// Two looks at f are the same if they differ by less than this part of its size.
const SAME: f64 = 1e-6;

/// What is seen at one time: f, and products of two rows with its derivatives.
struct Look<E> {
    slope: Vec<E>,
    products: Vec<E>,
}

/// The solution and what to look with.
struct Along<'a, T, Y, F: ?Sized, E> {
    field: &'a mut F,
    path: Trajectory<T, Y>,
    rows: [Vec<E>; 2],
    /// The largest f and product on the way.
    sizes: [E; 2],
}

impl<T, Y, F> Along<'_, T, Y, F, Y::Element>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element> + ?Sized,
{
    fn look(&mut self, t: T) -> Look<Y::Element> {
        let h = self.path.at(t);
        let mut slope = vec![Y::Element::zero(); h.as_slice().len()];
        self.field.eval(0, scalar(t), h.as_slice(), &mut slope);
        let mut products = Vec::new();
        let mut product = slope.clone();
        for row in &self.rows {
            let rate = self.field.products(0, row, &mut product);
            products.extend_from_slice(&product);
            products.push(rate);
        }
        Look { slope, products }
    }

    /// How far two looks are apart, as parts of f's and its derivatives' sizes.
    fn apart(&self, a: &Look<Y::Element>, b: &Look<Y::Element>) -> [f64; 2] {
        let part = |a: &[Y::Element], b: &[Y::Element], size: Y::Element| {
            let most = largest(a.iter().zip(b).map(|(a, b)| *a - *b));
            if size.is_zero() {
                0.0
            } else {
                (most / size).as_f64()
            }
        };
        [
            part(&a.slope, &b.slope, self.sizes[0]),
            part(&a.products, &b.products, self.sizes[1]),
        ]
    }

    /// Halves a stretch, always towards what differs more, until f is the same at both ends, or they cannot be halved any more.
    fn search(&mut self, mut a: T, mut b: T) -> Option<(T, T)> {
        let (mut from, mut to) = (self.look(a), self.look(b));
        loop {
            let off = self.apart(&from, &to);
            if off[0].max(off[1]) <= SAME || !off[0].is_finite() || !off[1].is_finite() {
                return None;
            }
            let middle = a + (b - a) * T::from_f64(0.5);
            if middle == a || middle == b {
                return Some((a, b));
            }
            let look = self.look(middle);
            let sum = |[value, slope]: [f64; 2]| value + slope;
            if sum(self.apart(&from, &look)) >= sum(self.apart(&look, &to)) {
                (b, to) = (middle, look);
            } else {
                (a, from) = (middle, look);
            }
        }
    }

    /// The component that differs most between two times.
    fn component(&mut self, a: T, b: T) -> Kink {
        let n = self.rows[0].len();
        let mut unit = vec![Y::Element::zero(); n];
        let mut row = unit.clone();
        let mut most = (-1.0, 0, Jump::Slope);
        for i in 0..n {
            unit.fill(Y::Element::zero());
            unit[i] = Y::Element::one();
            self.field.pack(&unit, &mut row);
            let mut seen = Vec::new();
            for t in [a, b] {
                let h = self.path.at(t);
                let (mut slope, mut product) = (row.clone(), row.clone());
                self.field.eval(0, scalar(t), h.as_slice(), &mut slope);
                let value = dot(&slope, &row);
                let rate = self.field.products(0, &row, &mut product);
                product.push(rate);
                seen.push((value, product));
            }
            let by_value = ((seen[1].0 - seen[0].0).abs() / self.sizes[0]).as_f64();
            let pairs = seen[0].1.iter().zip(&seen[1].1);
            let by_slope = (largest(pairs.map(|(a, b)| *a - *b)) / self.sizes[1]).as_f64();
            let sure = |part: f64| if part.is_finite() { part } else { 0.0 };
            let (by_value, by_slope) = (sure(by_value), sure(by_slope));
            if by_value + by_slope > most.0 {
                let jump = if by_value > SAME {
                    Jump::Value
                } else {
                    Jump::Slope
                };
                most = (by_value + by_slope, i, jump);
            }
        }
        Kink {
            component: most.1,
            time: b.as_f64(),
            jump: most.2,
        }
    }
}

fn largest<E: Real>(values: impl Iterator<Item = E>) -> E {
    values.fold(E::zero(), |max, value| max.max(value.abs()))
}

/// The kinks of f along the solution of `problem`, at most eight: where f, or a·∂f/∂h and a·∂f/∂t with two rows a, stay apart however near to each other they are taken.
///
/// The solution is looked at in up to 256 stretches, each halved to the resolution of t where f differs at its ends. Two kinks in one stretch are one; a kink
/// between two looks at the same side is not seen.
///
/// ```
/// use costate_neural_ode::audit::{Jump, kinks};
/// use costate_neural_ode::{Problem, Recorded};
/// use costate_ode::{Options, tableau};
/// use costate_tape::Scalar;
///
/// // dh/dt = 1 + |h − θ| reaches θ = 1 at t = ln 2.
/// let mut field = Recorded::record(&[1], 1, |h, _t, theta| (h - theta).abs() + 1.0)?;
/// let problem = Problem { h0: &[0.0], theta: &[1.0], t0: 0.0, t1: 2.0, save_at: &[] };
/// let options = Options::tolerances(1e-8, 1e-8);
/// let found = kinks(&mut field, &vec![0.0], tableau::by_name("tsit5")?, &options, &problem)?;
/// assert_eq!((found.len(), found[0].component, found[0].jump), (1, 0, Jump::Slope));
/// assert!((found[0].time - 2.0_f64.ln()).abs() < 1e-5);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # Errors
/// [`Error::Solver`] if the solve stops on the way.
///
/// # Panics
/// If h₀ or θ has not the length of the field's.
#[track_caller]
pub fn kinks<T, Y, F>(
    field: &mut F,
    like: &Y,
    method: impl Into<Method>,
    options: &Options<T>,
    problem: &Problem<'_, T, Y::Element>,
) -> Result<Vec<Kink>, Error>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element> + ?Sized,
{
    let n = field.state_len();
    field.set_parameters(problem.theta);
    let mut start = like.clone();
    field.pack(problem.h0, start.as_mut_slice());
    let slope = |t: T, y: &Y, dy: &mut Y| {
        field.eval(0, scalar(t), y.as_slice(), dy.as_mut_slice());
    };
    let solved = Ivp::new(slope, problem.t0, start, problem.t1)
        .method(method)
        .options(options.clone())
        .save_end()
        .dense()
        .solve()
        .map_err(|failure| Error::Solver(failure.error))?;
    let Some(path) = solved.dense else {
        return Ok(Vec::new());
    };
    // Any two rows without a zero.
    let row = |shift: f64| -> Vec<Y::Element> {
        let number = |i: usize| 1.5 + (shift + 2.4 * i as f64).sin();
        (0..n).map(|i| Y::Element::from_f64(number(i))).collect()
    };
    let stride = path.times().len().div_ceil(STRETCHES).max(1);
    let mut times: Vec<T> = path.times().iter().step_by(stride).copied().collect();
    if times.last() != Some(&problem.t1) {
        times.push(problem.t1);
    }
    let mut along = Along {
        field,
        path,
        rows: [row(0.3), row(1.9)],
        sizes: [Y::Element::zero(); 2],
    };
    for time in &times {
        let look = along.look(*time);
        let [value, slope] = along.sizes;
        along.sizes = [
            value.max(largest(look.slope.into_iter())),
            slope.max(largest(look.products.into_iter())),
        ];
    }
    let mut found: Vec<Kink> = Vec::new();
    let most = if n > LARGE { 1 } else { MOST };
    for pair in times.windows(2) {
        if found.len() == most {
            break;
        }
        if let Some((a, b)) = along.search(pair[0], pair[1]) {
            let kink = along.component(a, b);
            // One where two stretches meet is found from both sides.
            let again = |other: &Kink| {
                (other.time - kink.time).abs() <= 4.0 * f64::EPSILON * kink.time.abs()
                    && other.component == kink.component
            };
            if !found.iter().any(again) {
                found.push(kink);
            }
        }
    }
    Ok(found)
}
