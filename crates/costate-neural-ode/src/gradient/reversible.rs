//! Gradients with constant memory, through a solver that runs backwards through its own states.

mod back;

use super::primal::{check_lengths, check_times};
use super::save_point::{SavePoint, StepSave};
use super::{
    About, Gradient, GradientMethod, LossFn, Problem, Saved, Stats, add, cubic, dot, scalar, total,
};
use crate::{Error, VectorField};
use back::{Back, Kind};
use costate_ode::{
    Attempt, Integrator, Options, Real, Reversible as Engine, Scheme, State, System, Tableau,
};
use num_traits::{Float, Zero};

pub(super) const ABOUT: About = About {
    name: "reversible",
    title: "Discrete adjoint of a reversible solver",
    memory: "two states, and the sizes of the steps where they change",
    when: "For very long solves, exact all the same: the solver runs back through its own states.",
    when_not: "For solutions that decay by much: rounding grows on the way back. Stiff problems have no reversible solver here.",
    reference: "[McCallum2024], [Kidger2021b]",
    exact: true,
};

/// The exact gradient of the numbers that a reversible solver computes, with memory that does not grow with the number of steps.
///
/// The solver carries a second state z beside h, and from both the step before can be computed: so the way back needs no state stored, and yet goes through
/// the states of the way forth (to rounding), where [`Backsolve`](super::Backsolve) solves another problem. With cotangents λ of h₁ and μ of z₁, a step of the coupling
///
/// ```text
/// h₁ = c h + (1 − c) z + ψ_dt(t, z)          z₁ = z − ψ_{−dt}(t + dt, h₁)
/// ```
///
/// goes back as
///
/// ```text
/// λ ← λ − μ·∂ψ_{−dt}/∂h₁          μ ← μ + (1 − c) λ + λ·∂ψ_dt/∂z          λ ← c λ
/// ```
///
/// with the adjoints of the increments ψ of an explicit method, stage by stage as in [`Discrete`](super::Discrete); and one of reversible Heun alike. At the
/// start z = h, so ∂L/∂h₀ = λ + μ. It takes two evaluations of f and a product for each stage and step.
///
/// What is kept are h, z, the saved states and, for steps that change, 8 bytes a step. Rounding on the way back grows by 1/c a step;
/// [`rebuilt_within`](Reversible::rebuilt_within) says how well the start was met.
///
/// ```
/// use costate_neural_ode::{GradientMethod, Problem, Reversible, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::constant_step(1e-3);
/// let rk4 = tableau::by_name("rk4")?;
/// let mut method = Reversible::coupled(House::default(), &[0.0], rk4, 0.999, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = method.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0;
///     saved.state(0)[0]
/// })?;
/// let e2 = 2.0_f64.exp();
/// assert!((gradient.theta[0] / e2 - 24.0).abs() < 1e-8);
/// assert!((gradient.t1 / e2 - 3.75).abs() < 1e-8);
/// assert!(method.rebuilt_within() < 1e-10);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[McCallum2024\], \[Kidger2021b\]
#[derive(Debug)]
pub struct Reversible<T: Real, Y: State<T>, F> {
    it: Integrator<T, Y, Kept<F, Y::Element>, Engine<T, Y>>,
    back: Back<T, Y::Element>,
    /// Sizes of the steps, unless they are all the same but the last.
    sizes: Vec<T>,
    steps: usize,
    last: T,
    points: Vec<StepSave<T>>,
    saved: Saved<Y::Element>,
    slopes: Saved<Y::Element>,
    cotangents: Saved<Y::Element>,
    gradient: Gradient<Y::Element>,
    state: Y,
    slope: Y,
    ends: [Y; 2],
    rebuilt: Y::Element,
}

/// A field that keeps its evaluations in frames one after another, with their slopes.
#[derive(Debug)]
pub(super) struct Kept<F, E> {
    pub(super) field: F,
    /// The frame of the next evaluation.
    pub(super) next: usize,
    pub(super) slopes: Vec<Vec<E>>,
}

impl<T, Y, F> System<T, Y> for Kept<F, Y::Element>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        // Going forth all but the last few evaluations are forgotten.
        let frame = self.next % self.slopes.len();
        self.next += 1;
        self.field
            .eval(frame, scalar(t), y.as_slice(), dy.as_mut_slice());
        self.slopes[frame].copy_from_slice(dy.as_slice());
    }
}

impl<T, Y, F> Reversible<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// By reversible Heun, of order 2 at one evaluation a step; not for solutions that decay.
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    pub fn heun(field: F, like: &Y, options: Options<T>) -> Result<Self, Error> {
        let engine = Engine::heun(like);
        Self::new(engine, Kind::Heun, field, like, options)
    }

    /// By the coupling of an explicit method, of its order, with the constant c = `coupling` (0.999 for up to some ten thousand steps, nearer to 1 for more).
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    ///
    /// # Panics
    /// If `coupling` is not in (0, 1].
    #[track_caller]
    pub fn coupled(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        coupling: T,
        options: Options<T>,
    ) -> Result<Self, Error> {
        if options.step.is_none() && tableau.embedded_order.is_none() {
            return Err(Error::Solver(costate_ode::Error::NoErrorEstimate {
                method: tableau.name,
            }));
        }
        let engine = Engine::coupled(tableau, coupling, like);
        let kind = Kind::Coupled(Box::new(Scheme::new(tableau)), coupling);
        Self::new(engine, kind, field, like, options)
    }

    fn new(
        engine: Engine<T, Y>,
        kind: Kind<T>,
        field: F,
        like: &Y,
        options: Options<T>,
    ) -> Result<Self, Error> {
        let mut zero = like.clone();
        zero.as_mut_slice().fill(Y::Element::zero());
        let n = zero.as_slice().len();
        let back = Back::new(kind, n);
        let system = Kept {
            field,
            next: 0,
            slopes: vec![vec![Y::Element::zero(); n]; back.frames()],
        };
        Ok(Self {
            it: Integrator::with_engine(engine, system, T::zero(), &zero, options)?,
            back,
            sizes: Vec::new(),
            steps: 0,
            last: T::zero(),
            points: Vec::new(),
            saved: Saved::new(n),
            slopes: Saved::new(n),
            cotangents: Saved::new(n),
            gradient: Gradient::default(),
            state: zero.clone(),
            slope: zero.clone(),
            ends: [zero.clone(), zero],
            rebuilt: Y::Element::zero(),
        })
    }

    /// |h₀ rebuilt − h₀| of the last gradient, in the largest component, as a part of the largest of h₀: what rounding did on the way back. The gradient is as
    /// good as the states that it went through.
    #[must_use]
    pub fn rebuilt_within(&self) -> Y::Element {
        self.rebuilt
    }

    /// The sizes of the steps of the last solve, signed.
    pub fn steps(&self) -> impl Iterator<Item = T> + '_ {
        (0..self.steps).map(|n| self.size(n))
    }

    /// The size of step `n`.
    fn size(&self, n: usize) -> T {
        match (self.sizes.get(n), self.it.options().step) {
            (Some(size), _) => *size,
            (None, Some(size)) if n + 1 < self.steps => {
                if self.last < T::zero() {
                    -size
                } else {
                    size
                }
            }
            _ => self.last,
        }
    }

    /// Solves the problem and saves its states.
    #[track_caller]
    fn solve(&mut self, problem: &Problem<'_, T, Y::Element>) -> Result<(), Error> {
        let width = self.saved.width();
        let field = &mut self.it.system_mut().field;
        check_times(problem)?;
        check_lengths(field, problem, width);
        field.set_parameters(problem.theta);
        field.pack(problem.h0, self.state.as_mut_slice());
        self.it.reset(problem.t0, &self.state);
        self.it.set_end(problem.t1);
        self.sizes.clear();
        self.points.clear();
        (self.steps, self.last) = (0, T::zero());
        let times = problem.times();
        self.saved.resize(times.len());
        self.slopes.resize(times.len());
        let constant = self.it.options().step.is_some();
        loop {
            if self.it.finished() {
                if self.steps > 0 {
                    return Ok(());
                }
                // Start and end coincide: a step of size zero, so that the end times still have their gradients.
                self.it.force_step(T::zero());
            } else {
                while self.it.attempt()? == Attempt::Rejected {}
            }
            self.last = self.it.h();
            if !constant {
                self.sizes.push(self.last);
            }
            self.save(problem);
            self.steps += 1;
        }
    }

    /// Saves the states that lie in the step just taken, and their slopes.
    fn save(&mut self, problem: &Problem<'_, T, Y::Element>) {
        let (begin, t, size) = (self.it.t_prev(), self.it.t(), self.it.h());
        let times = problem.times();
        let mut ends_known = false;
        while let Some(&time) = times.get(self.points.len()) {
            let Some(point) = SavePoint::find(time, (begin, t, size), problem.t1) else {
                return;
            };
            let s = self.points.len();
            self.it.interpolate(time, &mut self.state);
            let field = &self.it.system().field;
            field.unpack(self.state.as_slice(), self.saved.state_mut(s));
            if !ends_known {
                ends_known = true;
                self.state
                    .as_mut_slice()
                    .copy_from_slice(self.it.y_prev().as_slice());
                let system = self.it.system_mut();
                system.eval(begin, &self.state, &mut self.ends[0]);
                self.state
                    .as_mut_slice()
                    .copy_from_slice(self.it.y().as_slice());
                let system = self.it.system_mut();
                system.eval(t, &self.state, &mut self.ends[1]);
            }
            cubic::slope(
                [self.it.y_prev().as_slice(), self.it.y().as_slice()],
                [self.ends[0].as_slice(), self.ends[1].as_slice()],
                (scalar(point.sigma), scalar(size)),
                self.slope.as_mut_slice(),
            );
            let field = &self.it.system().field;
            field.unpack(self.slope.as_slice(), self.slopes.state_mut(s));
            self.points.push(StepSave {
                step: self.steps,
                point,
            });
        }
    }

    /// The cotangents of the states saved in step `n`: of its end, and of points inside.
    fn collect(&mut self, n: usize, points: &mut usize) {
        self.back.inside.clear();
        while *points > 0 && self.points[*points - 1].step == n {
            *points -= 1;
            let point = self.points[*points].point;
            let field = &self.it.system().field;
            let packed = self.slope.as_mut_slice();
            field.pack(self.cotangents.state(*points), packed);
            if point.at_end {
                add(&mut self.back.lambda, packed);
            } else {
                let sigma = scalar(point.sigma);
                self.back.inside.push((sigma, packed.to_vec()));
            }
        }
    }

    /// How far the state on hand is from h₀.
    fn compare(&mut self, h0: &[Y::Element]) {
        let field = &self.it.system().field;
        field.unpack(self.it.y().as_slice(), self.slope.as_mut_slice());
        let (mut off, mut size) = (Y::Element::zero(), Y::Element::zero());
        for (rebuilt, h) in self.slope.as_slice().iter().zip(h0) {
            off = off.max((*rebuilt - *h).abs());
            size = size.max(h.abs());
        }
        self.rebuilt = if size > Y::Element::zero() {
            off / size
        } else {
            off
        };
    }
}

impl<T, Y, F> GradientMethod<T, Y::Element> for Reversible<T, Y, F>
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
        self.solve(problem)?;
        let forward = *self.it.stats();
        self.cotangents.resize(self.saved.len());
        self.gradient.loss = loss(&self.saved, &mut self.cotangents);
        self.gradient.save.clear();
        if !problem.save_at.is_empty() {
            let slopes = (0..self.cotangents.len())
                .map(|i| dot(self.cotangents.state(i), self.slopes.state(i)));
            self.gradient.save.extend(slopes);
        }
        self.back.begin();
        self.back.enter(&mut self.it);
        let mut points = self.points.len();
        for n in (0..self.steps).rev() {
            let is_last = n + 1 == self.steps;
            self.collect(n, &mut points);
            let size = self.size(n);
            let begin = if n == 0 {
                problem.t0
            } else {
                self.it.t() - size
            };
            self.back.step(&mut self.it, (begin, size), is_last);
        }
        self.back.leave(&mut self.it);
        let mut t1 = self.back.end_time;
        for (by_save, save) in self.gradient.save.iter().zip(&self.points) {
            // Where a save time lies at σ in the last step, dσ/d(dt) = −σ/dt.
            if save.step + 1 == self.steps {
                t1 = t1 - scalar::<T, Y::Element>(save.point.sigma) * *by_save;
            }
        }
        self.compare(problem.h0);
        let gradient = &mut self.gradient;
        gradient.t1 = t1;
        gradient.h0.resize(problem.h0.len(), Y::Element::zero());
        gradient
            .theta
            .resize(problem.theta.len(), Y::Element::zero());
        let field = &mut self.it.system_mut().field;
        field.unpack(&self.back.lambda, &mut gradient.h0);
        field.finish(&mut gradient.theta);
        gradient.t0 = self.back.clock - gradient.t1 - total(&gradient.save);
        let all = *self.it.stats();
        gradient.stats = Stats {
            forward,
            backward: costate_ode::Stats {
                nfe: all.nfe - forward.nfe,
                steps: self.steps,
                accepted: self.steps,
                ..costate_ode::Stats::default()
            },
            products: self.back.products,
        };
        Ok(&self.gradient)
    }
}
