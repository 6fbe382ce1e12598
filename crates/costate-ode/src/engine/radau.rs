//! Radau IIA of order 5: three stages that are solved for together.

#[rustfmt::skip]
mod coefficients;
mod scheme;

use super::newton::{self, Convergence, Lifetime, Verdict};
use super::{Engine, Span};
use crate::combine::{Terms, combine};
use crate::jacobian::Derivatives;
use crate::linear::{Factors, Pair};
use crate::method::{Family, Method};
use crate::tableau::polynomial;
use crate::{Element, Field, Real, Scale, State, Stats, System};
use scheme::Scheme;

pub(crate) static METHOD: Method = Method {
    name: NAME,
    title: "Radau IIA, order 5",
    order: 5,
    variable_order: false,
    dense_order: 3,
    stages: 3,
    adaptive: true,
    stiff: true,
    mass: true,
    memory: 17,
    when: "Very stiff problems and differential-algebraic ones at tight tolerances (1e-6 and below), or where Jacobians are dear.",
    reference: "[Hairer1996]",
    family: Family::Radau,
};

const NAME: &str = "radau";

/// The engine of Radau IIA with three stages, of order 5, after Hairer and Wanner's RADAU5:
///
/// ```text
/// z_i = h Σ_j a_ij f(t + c_j h, y + z_j),  i = 1, 2, 3        y₁ = y + z_3
/// ```
///
/// A transformation splits each Newton iteration into one real and one complex system of the size of the state. Dense output is the collocation
/// polynomial, of order 3.
///
/// # What is kept, and when it is renewed
/// ∂f/∂y is kept as long as Newton's iteration contracts by 1/1000 or better and the step is at most four times the one it was taken for. It is taken afresh for the next step otherwise; at once if an iteration does not
/// converge, and after a rejection, unless it is of the present state. The factors are kept, and the step with them, while the step would grow by less than a fifth; any other step size costs a real and a complex
/// factorisation. Each iteration costs three evaluations of f and two solutions; a step costs one evaluation at its start, and one more for
/// its error estimate after a rejection and in the first step.
///
/// # Step sizes
/// Its estimate is of an error of order 3; as the solution is of order 5, the estimate is held below 0.1 rtol^{2/3} instead of rtol, and atol in proportion.
/// It controls its steps itself: the smaller one of the elementary controller's and Gustafsson's proposals, safer the more iterations there were. The factors of
/// [`Options::controller`](crate::Options::controller) do not matter to it.
///
/// ```
/// use costate_ode::{Integrator, Options, Radau};
///
/// let f = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e6 * (y[0] - t.cos());
/// let mut it = Integrator::with_engine(Radau::new(&f, &[1.0]), f, 0.0, &[1.0], Options::tolerances(1e-6, 1e-8))?;
/// it.set_end(3.0);
/// while !it.finished() {
///     it.step()?;
/// }
/// assert!((it.y()[0] - 3.0_f64.cos()).abs() < 1e-6);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Hairer1996\] IV.8.
#[derive(Clone, Debug)]
pub struct Radau<T, Y: State<T>> {
    scheme: Scheme<T>,
    derivatives: Derivatives<T, Y>,
    real: Factors<Y::Element>,
    complex: Factors<Pair<Y::Element>>,
    /// Stages of the try at hand, transformed ones, f at the stages.
    z: Vec<Y>,
    w: Vec<Y>,
    slopes: Vec<Y>,
    /// Stages of the accepted step, and its size; zero if there is none to extrapolate.
    accepted: Vec<Y>,
    accepted_h: T,
    tried_h: T,
    f: Y,
    f_known: bool,
    argument: Y,
    product: Y,
    rhs: Y,
    complex_rhs: Vec<Pair<Y::Element>>,
    weights: Terms<T>,
    jacobian: Lifetime<T>,
    /// The step that the factors are for.
    factorised: Option<T>,
    convergence: Convergence<T>,
    /// The iteration did not converge.
    failed: bool,
    first: bool,
    rejected: bool,
    /// The step before and its error, for the predictive controller.
    before: Option<(T, T)>,
    bad: Option<(usize, T, usize)>,
}

impl<T: Real, Y: State<T>> Radau<T, Y>
where
    Y::Element: Field<T>,
{
    /// An engine for `system` and states like `y`.
    ///
    /// # Panics
    /// If the system's structure or mass matrix is of another size.
    #[track_caller]
    pub fn new<S: System<T, Y>>(system: &S, y: &Y) -> Self {
        let derivatives = Derivatives::new(system, y);
        let three = || vec![y.clone(); 3];
        Self {
            scheme: Scheme::new(),
            real: Factors::new::<T, _>(&derivatives.jacobian),
            complex: Factors::new::<T, _>(&derivatives.jacobian),
            derivatives,
            z: three(),
            w: three(),
            slopes: three(),
            accepted: three(),
            accepted_h: T::zero(),
            tried_h: T::zero(),
            f: y.clone(),
            f_known: false,
            argument: y.clone(),
            product: y.clone(),
            rhs: y.clone(),
            complex_rhs: vec![Pair::zero(); y.as_slice().len()],
            weights: Terms::new(),
            jacobian: Lifetime::new(),
            factorised: None,
            convergence: Convergence::new(7),
            failed: false,
            first: true,
            rejected: false,
            before: None,
            bad: None,
        }
    }

    /// The matrices for the step, factorised; false if one is singular.
    fn prepare<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) -> bool {
        if self.jacobian.must_take(span.h) {
            let f = Some(&self.f);
            self.derivatives
                .take(system, span.t, y, f, span.h, scale, stats);
            self.factorised = None;
        }
        if self.factorised == Some(span.h) {
            return true;
        }
        let over_h = |x: T| Y::Element::real(x / span.h);
        let (jacobian, mass) = (&self.derivatives.jacobian, self.derivatives.mass.as_ref());
        let lift = |entry| Pair {
            re: entry,
            im: Y::Element::zero(),
        };
        let shift = Pair {
            re: over_h(self.scheme.alpha),
            im: -over_h(self.scheme.beta),
        };
        if self.jacobian.kept() {
            self.convergence.forget();
        }
        stats.factorisations += 2;
        let gamma = over_h(self.scheme.gamma);
        let done = self
            .real
            .factorise::<T, _>(gamma, mass, jacobian, |entry| entry)
            && self.complex.factorise::<T, _>(shift, mass, jacobian, lift);
        self.factorised = done.then_some(span.h);
        done
    }

    /// The first guess: the collocation polynomial of the accepted step, continued; or nothing moves.
    fn predict(&mut self, h: T) {
        if self.accepted_h == T::zero() {
            for x in self.z.iter_mut().chain(&mut self.w) {
                x.as_mut_slice().fill(Y::Element::zero());
            }
            return;
        }
        self.product.as_mut_slice().fill(Y::Element::zero());
        for i in 0..3 {
            let sigma = T::one() + self.scheme.nodes[i] * h / self.accepted_h;
            self.weights.clear();
            let weights = self.scheme.dense.iter().map(|row| polynomial(row, sigma));
            self.weights.extend(weights.enumerate());
            self.weights[2].1 = self.weights[2].1 - T::one();
            let z = &mut self.z[i];
            combine(z, &self.product, &self.accepted, &self.weights, T::one());
        }
        for i in 0..3 {
            let row = self.scheme.inverse[i];
            transform(&mut self.w[i], &self.z, row);
        }
    }

    /// Right-hand sides of the real and the complex system from the slopes, in `rhs` and `complex_rhs`.
    fn right_hand_sides(&mut self, h: T) {
        let scheme = &self.scheme;
        let weight = |x: T| Y::Element::weight(x);
        let mass = self.derivatives.mass.as_ref();
        transform(&mut self.rhs, &self.slopes, scheme.inverse[0]);
        let minus = weight(-scheme.gamma / h);
        let w = times_mass(mass, &self.w[0], &mut self.product);
        for (rhs, w) in self.rhs.as_mut_slice().iter_mut().zip(w) {
            *rhs = rhs.add_scaled(minus, *w);
        }
        let rows = [scheme.inverse[1], scheme.inverse[2]].map(|row| row.map(weight));
        let slopes = [0, 1, 2].map(|j| self.slopes[j].as_slice());
        for (k, rhs) in self.complex_rhs.iter_mut().enumerate() {
            let [re, im] = rows.map(|row| {
                (0..3).fold(Y::Element::zero(), |sum, j| {
                    sum.add_scaled(row[j], slopes[j][k])
                })
            });
            *rhs = Pair { re, im };
        }
        let (alpha, beta) = (scheme.alpha / h, scheme.beta / h);
        // −(α − iβ)/h M (w₂ + i w₃).
        for (j, to_re, to_im) in [(1, -alpha, beta), (2, -beta, -alpha)] {
            let (to_re, to_im) = (weight(to_re), weight(to_im));
            let w = times_mass(mass, &self.w[j], &mut self.product);
            for (rhs, w) in self.complex_rhs.iter_mut().zip(w) {
                rhs.re = rhs.re.add_scaled(to_re, *w);
                rhs.im = rhs.im.add_scaled(to_im, *w);
            }
        }
    }

    /// Simplified Newton iterations from the first guess; false if they do not converge.
    fn iterate<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
    ) -> bool {
        let (rtol, looser) = loosened(scale.finest_rtol());
        let tolerance = newton::tolerance(rtol, Y::Element::epsilon());
        self.convergence.begin(tolerance * looser);
        let one = Y::Element::weight(T::one());
        loop {
            for i in 0..3 {
                let t = if i == 2 {
                    span.t_next
                } else {
                    span.t + self.scheme.nodes[i] * span.h
                };
                add(&mut self.argument, y, &self.z[i]);
                system.eval(t, &self.argument, &mut self.slopes[i]);
                stats.nfe += 1;
                let wrong = |f: &Y::Element| !f.magnitude().is_finite();
                if let Some(component) = self.slopes[i].as_slice().iter().position(wrong) {
                    self.bad = Some((i, t, component));
                    return false;
                }
            }
            self.right_hand_sides(span.h);
            self.real.solve::<T>(self.rhs.as_mut_slice());
            self.complex.solve::<T>(&mut self.complex_rhs);
            stats.solves += 2;
            let (y, real, complex) = (y.as_slice(), self.rhs.as_slice(), &self.complex_rhs);
            let sum2 = scale.squared(y, y, |i| real[i])
                + scale.squared(y, y, |i| complex[i].re)
                + scale.squared(y, y, |i| complex[i].im);
            let [w1, w2, w3] = &mut self.w[..] else {
                unreachable!("three stages")
            };
            for (w, real) in w1.as_mut_slice().iter_mut().zip(real) {
                *w = w.add_scaled(one, *real);
            }
            let pairs = w2.as_mut_slice().iter_mut().zip(w3.as_mut_slice());
            for ((w2, w3), complex) in pairs.zip(complex) {
                *w2 = w2.add_scaled(one, complex.re);
                *w3 = w3.add_scaled(one, complex.im);
            }
            for i in 0..3 {
                transform(&mut self.z[i], &self.w, self.scheme.transform[i]);
            }
            match self.convergence.judge((sum2 / T::from_f64(3.0)).sqrt()) {
                Verdict::Converged => return true,
                Verdict::Hopeless => return false,
                Verdict::GoOn => {}
            }
        }
    }

    /// The squared error: (M γ/h − J)⁻¹ (f(t, y) + M Σ e_i z_i / h), once more with f at y plus that if the first is too large to be believed.
    fn error2<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &Y,
        scale: &mut Scale<T>,
        stats: &mut Stats,
        unit2: T,
    ) -> T {
        let error = self.scheme.error.map(|e| e / span.h);
        transform(&mut self.rhs, &self.z, error);
        let sum = times_mass(self.derivatives.mass.as_ref(), &self.rhs, &mut self.product);
        self.argument.as_mut_slice().copy_from_slice(sum);
        add(&mut self.rhs, &self.argument, &self.f);
        self.real.solve::<T>(self.rhs.as_mut_slice());
        stats.solves += 1;
        let norm2 = |scale: &mut Scale<T>, error: &Y| {
            let error = error.as_slice();
            scale.squared(y.as_slice(), trial.as_slice(), |i| error[i]) / unit2
        };
        let error2 = norm2(scale, &self.rhs);
        if error2 < T::one() || !(self.first || self.rejected) {
            return error2;
        }
        add(&mut self.product, y, &self.rhs);
        system.eval(span.t, &self.product, &mut self.rhs);
        stats.nfe += 1;
        add(&mut self.product, &self.argument, &self.rhs);
        std::mem::swap(&mut self.rhs, &mut self.product);
        self.real.solve::<T>(self.rhs.as_mut_slice());
        stats.solves += 1;
        norm2(scale, &self.rhs)
    }
}

/// The tolerance for an error estimate of order 3 that a solution of order 5 meets `rtol` with, 0.1 rtol^{2/3}, and how much looser that is.
fn loosened<T: Real>(rtol: T) -> (T, T) {
    if rtol == T::zero() {
        return (rtol, T::one());
    }
    let looser = T::from_f64(0.1) / rtol.cbrt();
    (rtol * looser, looser)
}

/// Writes Σ row_j x_j into `out`.
fn transform<T: Real, Y: State<T>>(out: &mut Y, x: &[Y], row: [T; 3]) {
    let weights = row.map(Y::Element::weight);
    let x = [0, 1, 2].map(|j| x[j].as_slice());
    for (k, out) in out.as_mut_slice().iter_mut().enumerate() {
        *out = (0..3).fold(Y::Element::zero(), |sum, j| {
            sum.add_scaled(weights[j], x[j][k])
        });
    }
}

/// Writes a + b into `out`.
fn add<T: Real, Y: State<T>>(out: &mut Y, a: &Y, b: &Y) {
    let one = Y::Element::weight(T::one());
    let both = a.as_slice().iter().zip(b.as_slice());
    for (out, (a, b)) in out.as_mut_slice().iter_mut().zip(both) {
        *out = a.add_scaled(one, *b);
    }
}

/// M x: in `product`, or x itself.
fn times_mass<'a, T, Y: State<T>>(
    mass: Option<&crate::Matrix<Y::Element>>,
    x: &'a Y,
    product: &'a mut Y,
) -> &'a [Y::Element]
where
    Y::Element: Field<T>,
{
    match mass {
        None => x.as_slice(),
        Some(mass) => {
            mass.multiply::<T>(x.as_slice(), product.as_mut_slice());
            product.as_slice()
        }
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Radau<T, Y>
where
    Y::Element: Field<T>,
{
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        if !self.f_known {
            system.eval(t, y, &mut self.f);
            stats.nfe += 1;
            self.f_known = true;
        }
        &self.f
    }

    fn attempt(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
        scale: &mut Scale<T>,
        measure: bool,
        stats: &mut Stats,
    ) -> T {
        (self.bad, self.failed, self.tried_h) = (None, false, span.h);
        <Self as Engine<T, Y, S>>::slope(self, system, span.t, y, stats);
        loop {
            if self.prepare(system, span, y, scale, stats) {
                self.predict(span.h);
                if self.iterate(system, span, y, scale, stats) {
                    break;
                }
            }
            if !self.jacobian.failed() {
                self.failed = true;
                return T::infinity();
            }
        }
        add(trial, y, &self.z[2]);
        if !measure {
            return T::zero();
        }
        let (_, looser) = loosened(scale.finest_rtol());
        self.error2(system, span, y, trial, scale, stats, looser * looser)
    }

    fn accept(&mut self) {
        std::mem::swap(&mut self.z, &mut self.accepted);
        self.accepted_h = self.tried_h;
        self.f_known = false;
        self.jacobian
            .accepted(self.convergence.rate() <= T::from_f64(1e-3));
    }

    fn propose(&mut self, tried: T, error2: T, accepted: bool, _proposal: T) -> T {
        let number = T::from_f64;
        if !accepted {
            self.rejected = true;
            self.jacobian.failed();
        }
        if self.failed {
            return tried * number(0.5);
        }
        let limit = number(self.convergence.limit() as f64);
        let iterations = number(self.convergence.iterations() as f64);
        let safety = number(0.9).min(
            number(0.9) * (number(2.0) * limit + T::one()) / (number(2.0) * limit + iterations),
        );
        // Roots of roots round alike on every machine; powers do not.
        let root4 = |x: T| x.sqrt().sqrt();
        let error = error2.sqrt().max(number(1e-10));
        let within = |factor: T| factor.max(number(0.2)).min(number(8.0));
        let mut size = tried * within(safety / root4(error));
        if !accepted {
            return if self.first {
                tried * number(0.1)
            } else {
                size
            };
        }
        if let Some((h, e)) = self.before {
            let predicted = number(0.9) * tried / h * root4(e / (error * error));
            size = size.min(tried * within(predicted));
        }
        if self.rejected {
            size = size.min(tried);
        }
        self.before = Some((tried, error.max(number(0.01))));
        (self.first, self.rejected) = (false, false);
        let keeps = self.jacobian.kept() && size >= tried && size <= tried * number(1.2);
        if keeps { tried } else { size }
    }

    fn restart(&mut self) {
        self.f_known = false;
        self.jacobian.end();
        self.accepted_h = T::zero();
        self.before = None;
        (self.first, self.rejected) = (true, false);
        self.convergence.forget();
    }

    fn interpolate(
        &mut self,
        _system: &mut S,
        _span: Span<T>,
        y: &Y,
        _y_next: &Y,
        sigma: T,
        out: &mut Y,
        _stats: &mut Stats,
    ) {
        self.weights.clear();
        let weights = self.scheme.dense.iter().map(|row| polynomial(row, sigma));
        self.weights.extend(weights.enumerate());
        combine(out, y, &self.accepted, &self.weights, T::one());
    }

    fn powers(
        &mut self,
        _system: &mut S,
        _span: Span<T>,
        y: &Y,
        _y_next: &Y,
        powers: &mut Vec<Y>,
        _stats: &mut Stats,
    ) {
        super::push_powers(y, &self.accepted, &self.scheme.dense, T::one(), powers);
    }

    fn error_exponent(&self) -> usize {
        4
    }

    fn worst(&self, _span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        let error = self.rhs.as_slice();
        scale.worst(y.as_slice(), trial.as_slice(), |i| error[i])
    }

    fn not_finite(&self, _span: Span<T>) -> Option<(usize, T, usize)> {
        self.bad
    }

    fn name(&self) -> &'static str {
        NAME
    }
}
