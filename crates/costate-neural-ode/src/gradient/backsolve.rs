//! The paper's method: the augmented system, solved backwards.

use super::lent::Lent;
use super::primal::Primal;
use super::{
    About, Frames, Gradient, GradientMethod, LossFn, Problem, Saved, Stats, add, dot, scalar, total,
};
use crate::augmented::{Augmented, Quadratures};
use crate::{Error, VectorField};
use costate_ode::{Attempt, Integrator, Norm, Options, Real, State, Tableau, Term, Tolerance};
use num_traits::{Float, Zero};

pub(super) const ABOUT: About = About {
    name: "backsolve",
    title: "Continuous adjoint, solved backwards",
    memory: "the saved states",
    when: "Long non-stiff solves whose evaluations do not fit into memory.",
    when_not: "Where h forgets its past (stiff or strongly damped systems): going back it cannot be rebuilt. Where an optimiser needs the exact gradient of the computed loss.",
    reference: "[Chen2018], [Kidger2021]",
    exact: false,
};

/// The continuous adjoint: the [`Augmented`] system, solved backwards from t₁ to t₀ with the same method and tolerances.
#[cfg_attr(doc, doc = include_str!("../../formulas/adjoint-ode.html"))]
///
/// At a save time the costate jumps by ∂L/∂(saved state), h is set to what was saved, and the step size is carried over. a_θ and a_t are quadratures that do
/// not steer the steps; by default they are not in the state either. The gradient is that of the exact solution, up to the errors of both solves.
///
/// What each re-integration of h missed by is kept: see [`rebuilt_within`](Backsolve::rebuilt_within).
///
/// The wrong choice where h forgets its past, in damped and stiff systems: what is forgotten cannot be rebuilt.
///
/// ```
/// use costate_neural_ode::{Backsolve, GradientMethod, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::tolerances(1e-10, 1e-10);
/// let mut method = Backsolve::new(House::default(), &vec![0.0], tableau::by_name("tsit5")?, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = method.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0; // L = h(5)
///     saved.state(0)[0]
/// })?;
/// let e2 = 2.0_f64.exp();
/// assert!((gradient.theta[0] - 24.0 * e2).abs() < 1e-5 && (gradient.t0 + 2.25 * e2).abs() < 1e-5);
/// assert!(method.rebuilt_within() < 1e-7);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[Chen2018\], \[Kidger2021\]
#[derive(Debug)]
pub struct Backsolve<T: Real, Y: State<T, Element: Real>, F> {
    primal: Primal<T, Y, Lent<F>>,
    back: Backward<T, Y::Element, F>,
    /// b.
    weights: Vec<Term<T>>,
    state: Vec<Y::Element>,
    packed: Vec<Y::Element>,
    slope: Vec<Y::Element>,
    cotangents: Saved<Y::Element>,
    gradient: Gradient<Y::Element>,
    rebuilt_within: Y::Element,
}

/// The augmented system on its way back.
type Backward<T, E, F> = Integrator<T, Vec<E>, Augmented<Lent<F>, E>>;

impl<T, Y, F> Backsolve<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// For a field with states like `like`, of which only type and length matter. The costate has the tolerances of the state, component by component.
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    pub fn new(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
    ) -> Result<Self, Error> {
        Self::with_quadratures(field, like, tableau, options, Quadratures::default())
    }

    /// The same with a_θ and a_t where `quadratures` says.
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    pub fn with_quadratures(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
        quadratures: Quadratures,
    ) -> Result<Self, Error> {
        let n = like.as_slice().len();
        let augmented = Augmented::new(Lent(Some(field)), quadratures);
        let state = vec![Y::Element::zero(); augmented.len()];
        let widen = |tolerance: &Tolerance<T>| match tolerance {
            Tolerance::Components(values) => {
                Tolerance::Components((0..state.len()).map(|i| values[i % values.len()]).collect())
            }
            scalar => scalar.clone(),
        };
        let backwards = Options {
            rtol: widen(&options.rtol),
            atol: widen(&options.atol),
            norm: match options.norm.clone() {
                Norm::Max | Norm::MaxOf(_) => Norm::MaxOf(0..2 * n),
                Norm::Rms | Norm::RmsOf(_) => Norm::RmsOf(0..2 * n),
                user => user,
            },
            ..options.clone()
        };
        let mut back = Integrator::new(tableau, augmented, T::zero(), &state, backwards)?;
        let field = back.system_mut().field.take();
        back.system_mut().frames = Frames::of_one_step(tableau.stages() + 1);
        Ok(Self {
            primal: Primal::of_one_step(field, like, tableau, options)?,
            weights: back.engine().scheme().b.to_vec(),
            back,
            state,
            slope: vec![Y::Element::zero(); n],
            packed: vec![Y::Element::zero(); n],
            cotangents: Saved::new(n),
            gradient: Gradient::default(),
            rebuilt_within: Y::Element::zero(),
        })
    }

    /// The largest difference, over all components and all save times and t₀, between h as it was and h as the last gradient rebuilt it going
    /// back. Unless it is small, so that tolerances explain it, the gradient is not to be trusted.
    #[must_use]
    pub fn rebuilt_within(&self) -> Y::Element {
        self.rebuilt_within
    }

    /// Solves back from the last save time to t₀.
    fn sweep(&mut self, problem: &Problem<'_, T, Y::Element>) -> Result<(), Error> {
        let (n, times) = (self.packed.len(), problem.times());
        self.rebuilt_within = Y::Element::zero();
        self.state.fill(Y::Element::zero());
        for s in (0..times.len()).rev() {
            let is_first = s + 1 == times.len();
            if !is_first {
                self.go_back_to(times[s])?;
                self.state.copy_from_slice(self.back.y());
            }
            let field = &mut self.back.system_mut().field;
            field.pack(self.primal.saved.state(s), &mut self.packed);
            if !is_first {
                self.rebuilt_within = self.rebuilt_within.max(distance(&self.state, &self.packed));
            }
            self.state[..n].copy_from_slice(&self.packed);
            // No evaluation is kept over a jump: frame 0 is free.
            field.eval(0, scalar(times[s]), &self.state[..n], &mut self.slope);
            field.pack(self.cotangents.state(s), &mut self.packed);
            self.gradient.save[s] = dot(&self.packed, &self.slope); // book: (save-time)
            add(&mut self.state[n..2 * n], &self.packed); // book: (jump)
            if is_first {
                self.back.reset(times[s], &self.state);
                let estimates = self.back.next_h() == T::zero();
                self.back.system_mut().frames.begin(estimates);
            } else {
                self.back.set_y(&self.state);
                self.back.system_mut().frames.restart();
            }
        }
        self.go_back_to(problem.t0)?;
        let field = &self.back.system().field;
        field.pack(problem.h0, &mut self.packed);
        self.rebuilt_within = self
            .rebuilt_within
            .max(distance(self.back.y(), &self.packed));
        Ok(())
    }

    fn go_back_to(&mut self, time: T) -> Result<(), Error> {
        let closing = self.back.tableau().next();
        self.back.set_end(time);
        while !self.back.finished() {
            self.back.system_mut().frames.attempt();
            if self.back.attempt()? == Attempt::Accepted {
                let size = self.back.h();
                self.back
                    .system_mut()
                    .add_step(&self.weights, size, closing);
            }
        }
        Ok(())
    }
}

impl<T, Y, F> GradientMethod<T, Y::Element> for Backsolve<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    #[track_caller]
    fn gradient(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
        loss: &mut LossFn<'_, Y::Element>,
    ) -> Result<&Gradient<Y::Element>, Error> {
        self.primal.begin(problem)?;
        while self.primal.advance_without_record()? {}
        self.cotangents.resize(self.primal.saved.len());
        self.gradient.loss = loss(&self.primal.saved, &mut self.cotangents);

        self.gradient
            .save
            .resize(self.cotangents.len(), Y::Element::zero());
        self.back.system_mut().field = self.primal.field().take();
        let swept = self.sweep(problem);
        let (gradient, n) = (&mut self.gradient, self.packed.len());
        gradient.h0.resize(n, Y::Element::zero());
        gradient
            .theta
            .resize(problem.theta.len(), Y::Element::zero());
        self.state.copy_from_slice(self.back.y());
        let augmented = self.back.system_mut();
        augmented
            .field
            .unpack(&self.state[n..2 * n], &mut gradient.h0);
        let clock = augmented.finish(&self.state, &mut gradient.theta);
        *self.primal.field() = augmented.field.take();
        swept?;

        gradient.t1 = Y::Element::zero();
        if problem.save_at.is_empty() {
            gradient.t1 = gradient.save[0]; // book: (end-time)
            gradient.save.clear();
        }
        // book: (start-time): H(t₀) is H at the saves and at t₁ less what the clock took away in between.
        gradient.t0 = clock - gradient.t1 - total(&gradient.save);
        gradient.stats = Stats {
            forward: *self.primal.it.stats(),
            backward: *self.back.stats(),
            products: self.back.stats().nfe,
        };
        Ok(gradient)
    }

    fn rebuilt_within(&self) -> Option<Y::Element> {
        Some(self.rebuilt_within)
    }
}

/// The largest difference of two states; the first may go on behind its end.
fn distance<E: Real>(u: &[E], v: &[E]) -> E {
    let differences = u.iter().zip(v).map(|(u, v)| (*u - *v).abs());
    differences.fold(E::zero(), E::max)
}
