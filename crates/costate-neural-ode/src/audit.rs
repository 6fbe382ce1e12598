//! Whether a gradient is right: every method on the user's own problem, side by side.

mod duals;
mod error_bar;
mod kink;
mod report;
mod variable;
mod verdict;

pub(crate) use error_bar::share_of_half;
pub use error_bar::{ErrorBar, error_bar};
pub use kink::{Jump, Kink, kinks};
pub use report::Report;
pub use variable::Variable;
pub use verdict::Verdict;

use crate::gradient::{About, FiniteDifference, LossFn, METHODS, Stats, by_name};
use crate::{Error, Gradient, GradientMethod, Problem, VectorField};
use costate_ode::{Method, Options, Real, State};
use std::time::Instant;
use variable::{condition, entries, sizes};

/// Exact methods agree to this part of an entry; rounding accounts for it.
const ROUNDING: f64 = 1e-8;
/// What differences are allowed to miss by beyond their own uncertainty.
const DIFFERENCES: f64 = 1e-6;
/// By how much entries of the continuous adjoint may exceed the tolerance of the solves that they come from.
const GROWTH: f64 = 1e3;
/// What is near enough for methods of different kinds however tight the tolerance.
const FINE: f64 = 1e-5;

/// Of more save times than these so many are looked at.
const MOST_TIMES: usize = 64;

/// What one method made of the problem.
///
/// ```
/// # use costate_neural_ode::{Problem, doc::House};
/// # use costate_ode::{Options, tableau};
/// use costate_neural_ode::audit::Audit;
/// # let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// # let options = Options::tolerances(1e-9, 1e-9);
/// # let audit = Audit::new(&House::default(), &[0.0], tableau::by_name("tsit5")?, &options, &problem, &mut |saved, cotangents| {
/// #     cotangents.values_mut()[0] = 1.0;
/// #     saved.state(0)[0]
/// # })?;
/// // f = θ t h, L = h(5): what each method found for ∂L/∂h₀, which is e².
/// for run in &audit.runs {
///     let gradient = run.gradient.as_ref().expect("every method can do this one");
///     assert!((gradient[0] - 2.0_f64.exp()).abs() < 1e-5, "{}", run.about.name);
/// }
/// // Backsolve solves for h again on its way back.
/// assert!(audit.runs.iter().any(|run| run.about.name == "backsolve" && run.rebuilt_within.is_some()));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Run {
    /// The method.
    pub about: &'static About,
    /// ∂L/∂(each of [`Audit::variables`]); or why there is none.
    pub gradient: Result<Vec<f64>, Error>,
    /// How long it took, in seconds, the second time.
    pub seconds: f64,
    /// What it cost.
    pub stats: Stats,
    /// For a method that rebuilds h going back, by how much it missed the h it came from.
    pub rebuilt_within: Option<f64>,
}

/// Two methods compared.
///
/// ```
/// # use costate_neural_ode::{Problem, doc::House};
/// # use costate_ode::{Options, tableau};
/// use costate_neural_ode::audit::Audit;
/// # let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// # let options = Options::tolerances(1e-9, 1e-9);
/// # let audit = Audit::new(&House::default(), &[0.0], tableau::by_name("tsit5")?, &options, &problem, &mut |saved, cotangents| {
/// #     cotangents.values_mut()[0] = 1.0;
/// #     saved.state(0)[0]
/// # })?;
/// // Two exact methods differ by rounding, and are allowed no more.
/// let pair = audit.pairs.iter().find(|pair| pair.methods == ["discrete", "forward"]).expect("both gave a gradient");
/// assert!(pair.agrees() && pair.difference < 1e-10 && pair.allowed < 1e-6);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pair {
    /// The names of the methods.
    pub methods: [&'static str; 2],
    /// The largest difference of an entry, as a part of that entry.
    pub difference: f64,
    /// Where it is.
    pub worst: Variable,
    /// What would be no surprise there.
    pub allowed: f64,
}

impl Pair {
    /// Whether the two agree as well as they should.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.difference <= self.allowed
    }
}

/// Every gradient method on one problem, compared in pairs.
///
/// Entries are compared one by one, each relative to its size; entries that matter less than a ten-thousandth of the largest (each weighed by the size of its
/// variable) are compared with that, and
/// where a method of the exact solution takes part a hundredth. `Display` gives a table; [`report`](Audit::report) does so with names of your own.
///
/// ```
/// use costate_neural_ode::audit::{Audit, Verdict};
/// use costate_neural_ode::{Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[4.0, 5.0] };
/// let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-9, 1e-9));
/// let audit = Audit::new(&House::default(), &[0.0], tsit5, &options, &problem, &mut |saved, cotangents| {
///     cotangents.values_mut().copy_from_slice(&[2.0, 1.0]);
///     2.0 * saved.state(0)[0] + saved.state(1)[0]
/// })?;
/// assert_eq!(audit.verdict(), Verdict::Right);
///
/// // A wrong derivative of the loss is found, and where it shows.
/// let audit = Audit::new(&House::default(), &[0.0], tsit5, &options, &problem, &mut |saved, cotangents| {
///     cotangents.values_mut().copy_from_slice(&[2.0, -1.0]);
///     2.0 * saved.state(0)[0] + saved.state(1)[0]
/// })?;
/// assert!(matches!(audit.verdict(), Verdict::Wrong { .. }));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Audit {
    /// What the gradients are taken by.
    pub variables: Vec<Variable>,
    /// The loss.
    pub loss: f64,
    /// Each method.
    pub runs: Vec<Run>,
    /// Each two methods that gave a gradient.
    pub pairs: Vec<Pair>,
    /// For each variable, how unsure differences are, as a part of the entry; NaN where they are no number.
    pub uncertainty: Vec<f64>,
    /// The components of h₀ and θ by which differences are no number, as where a shift leads out of the domain of f: there they confirm nothing.
    pub unchecked: Vec<Variable>,
    /// How many save times are left out: there are too many for each to be looked at, or they have no difference.
    pub left_out: usize,
    /// Where the gradient by a method that is exact, and no difference, is not finite.
    pub not_finite: Vec<Variable>,
    /// Whether differences are of solutions that choose their steps each by itself: of the exact solution, so to say, like methods that solve for the costate, and not of the numbers
    /// computed.
    pub own_steps: bool,
    /// Where f is not smooth along the solution.
    pub kinks: Vec<Kink>,
    /// The variable that the loss depends on most sharply, and how sharply: κ = |x ∂L/∂x / L|, so that a change of x by a small part changes L by κ times that
    /// part. For times, x is the length of the solve.
    pub condition: Option<(Variable, f64)>,
}

/// A gradient method, or why there is none.
///
/// ```
/// use costate_neural_ode::audit::Made;
/// use costate_neural_ode::{Discrete, Error, doc::House};
/// use costate_ode::{Method, Options};
///
/// // What is asked for by name may not be had: a discrete adjoint of a method of several steps.
/// let make = |solver: &str| -> Made<'static, f64, f64> {
///     Ok(Box::new(Discrete::new(House::default(), &[0.0], Method::by_name(solver)?, Options::tolerances(1e-6, 1e-6))?))
/// };
/// assert!(make("radau").is_ok());
/// assert!(matches!(make("bdf").err(), Some(Error::Unavailable { method: "discrete", .. })));
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
pub type Made<'a, T, E> = Result<Box<dyn GradientMethod<T, E> + 'a>, Error>;

impl Audit {
    /// Takes the gradient of `loss` through `method` (a [`Method`], or a [`Tableau`](costate_ode::Tableau)) in every way there is, twice to time it.
    ///
    /// It costs some dozen solves for each variable; for a model with thousands of parameters take fewer of its samples.
    ///
    /// Field and options are borrowed: a gradient method keeps the ones that it is given, an audit keeps none, makes a copy for each method, and leaves yours to
    /// [`confirm_by_duals`](Audit::confirm_by_duals) or to another audit.
    ///
    /// # Errors
    /// If the solve itself fails. That one method fails is part of the audit.
    ///
    /// # Panics
    /// As [`GradientMethod::gradient`].
    pub fn new<T, Y, F>(
        field: &F,
        like: &Y,
        method: impl Into<Method>,
        options: &Options<T>,
        problem: &Problem<'_, T, Y::Element>,
        loss: &mut LossFn<'_, Y::Element>,
    ) -> Result<Self, Error>
    where
        T: Real,
        Y: State<T, Element: Real>,
        F: VectorField<Y::Element> + Clone,
    {
        let solver = method.into();
        let by_differences = || -> Result<_, Error> {
            let made = FiniteDifference::new(field.clone(), like, solver, options.clone())?;
            Ok(made.with_at_most(MOST_TIMES))
        };
        let mut differences = by_differences()?;
        let found = differences.gradient(problem, loss)?.clone();
        let unsure = differences.uncertainty().clone();
        let tolerance = tolerance_of(options, problem.h0);
        let mut make = |name: &str| -> Made<'_, T, Y::Element> {
            if name == crate::gradient::DIFFERENCES {
                return Ok(Box::new(by_differences()?));
            }
            by_name(name, field.clone(), like, solver, options.clone())
        };
        // Through the same steps: nothing of the solver's own error is in them.
        let differences = (&found, &unsure, 0.0);
        let mut audit = Self::of(problem, loss, differences, tolerance, &mut make);
        audit.kinks = kinks(&mut field.clone(), like, solver, options, problem)?;
        Ok(audit)
    }

    /// The same for methods that are made some other way, such as those of a [hybrid system](crate::hybrid): `make` gives each by its name, or says why there
    /// is none; `differences` is the gradient by differences, how unsure each entry is, and by what part of an entry the solver's own error may move it beside that, where
    /// each solution has steps of its own; a time whose entry is NaN there is left out; `tolerance` is what the solves were asked for.
    ///
    /// # Panics
    /// As [`GradientMethod::gradient`].
    pub fn of<'a, T, E>(
        problem: &Problem<'_, T, E>,
        loss: &mut LossFn<'_, E>,
        (differences, unsure, solver): (&Gradient<E>, &Gradient<E>, f64),
        tolerance: f64,
        make: &mut dyn FnMut(&str) -> Made<'a, T, E>,
    ) -> Self
    where
        T: Real,
        E: Real,
    {
        let (mut variables, mut slopes) = entries(differences);
        let mut unsure = entries(unsure).1;
        let is_time = |v: &Variable| !matches!(v, Variable::H0(_) | Variable::Theta(_));
        let pairs = variables.iter().zip(&slopes);
        let kept: Vec<bool> = pairs.map(|(v, g)| !(g.is_nan() && is_time(v))).collect();
        let times = variables.iter().zip(&kept);
        let times = times.filter(|(v, kept)| matches!(v, Variable::Save(_)) && !**kept);
        let left_out = times.count();
        keep(&mut variables, &kept);
        keep(&mut slopes, &kept);
        keep(&mut unsure, &kept);
        let sizes = sizes(&variables, &slopes, problem);
        let parts = (0..slopes.len()).map(|i| match slopes[i].is_nan() {
            true => f64::NAN,
            false => unsure[i] / slopes[i].abs().max(sizes[i]),
        });
        let nan = (0..slopes.len()).filter(|i| slopes[*i].is_nan());
        let unchecked = nan.map(|i| variables[i]).collect();
        let mut audit = Self {
            variables,
            loss: differences.loss.as_f64(),
            runs: Vec::new(),
            pairs: Vec::new(),
            uncertainty: parts.collect(),
            unchecked,
            left_out,
            not_finite: Vec::new(),
            own_steps: solver > 0.0,
            kinks: Vec::new(),
            condition: None,
        };
        for about in &METHODS {
            audit.runs.push(match make(about.name) {
                Ok(method) => run(about, method, problem, loss),
                Err(error) => Run {
                    about,
                    gradient: Err(error),
                    seconds: 0.0,
                    stats: Stats::default(),
                    rebuilt_within: None,
                },
            });
        }
        for run in &mut audit.runs {
            if let Ok(values) = &mut run.gradient {
                keep(values, &kept);
                // Where a difference from both sides is no number, the given ones, which may be from one side, stand for it. Those of whole solutions do so for
                // all but times: differences of arcs, each from a start of its own, step over a kink that lies on a crossing.
                if is_differences(run.about) {
                    let given = slopes.iter().zip(&audit.variables);
                    for (value, (slope, variable)) in values.iter_mut().zip(given) {
                        if value.is_nan() || audit.own_steps && !is_time(variable) {
                            *value = *slope;
                        }
                    }
                }
            }
        }
        let exact = audit.runs.iter();
        let exact = exact.filter(|run| run.about.exact && !is_differences(run.about));
        let exact: Vec<&Vec<f64>> = exact.filter_map(|run| run.gradient.as_ref().ok()).collect();
        let wrong = |i: &usize| exact.iter().any(|values| !values[*i].is_finite());
        let wrong = (0..audit.variables.len()).filter(wrong);
        audit.not_finite = wrong.map(|i| audit.variables[i]).collect();
        audit.compare(&sizes, tolerance, solver);
        audit.condition = condition(&audit.variables, &slopes, audit.loss, problem);
        audit
    }

    /// Fills in the pairs.
    fn compare(&mut self, sizes: &[f64], tolerance: f64, solver: f64) {
        for (i, a) in self.runs.iter().enumerate() {
            for b in &self.runs[i + 1..] {
                let (Ok(u), Ok(v)) = (&a.gradient, &b.gradient) else {
                    continue;
                };
                let by_differences = [a, b].iter().any(|run| is_differences(run.about));
                let allowed = |i: usize| {
                    let mut allowed = ROUNDING;
                    if by_differences {
                        allowed += DIFFERENCES + solver + self.uncertainty[i];
                    }
                    if !(a.about.exact && b.about.exact) {
                        allowed += (GROWTH * tolerance).max(FINE);
                    }
                    allowed
                };
                // The entries of the exact solution are good to a part of the largest, not each to a part of itself.
                let floor = if a.about.exact && b.about.exact {
                    1.0
                } else {
                    100.0
                };
                let apart = |i: usize| {
                    let size = u[i].abs().max(v[i].abs()).max(floor * sizes[i]);
                    (u[i] - v[i]).abs() / size
                };
                // The one that exceeds what is allowed by most; NaN exceeds everything.
                let excess = |i: usize| match apart(i) / allowed(i) {
                    excess if excess.is_nan() => f64::INFINITY,
                    excess => excess,
                };
                // Where differences are no number, there is nothing to compare with them, and nothing among others that are none either.
                let known = |i: &usize| {
                    let unchecked = self.unchecked.contains(&self.variables[*i]);
                    !unchecked || !by_differences && u[*i].is_finite() && v[*i].is_finite()
                };
                let worst = (0..u.len()).filter(known);
                let worst = worst.max_by(|i, j| excess(*i).total_cmp(&excess(*j)));
                let Some(worst) = worst else { continue };
                self.pairs.push(Pair {
                    methods: [a.about.name, b.about.name],
                    difference: if apart(worst).is_nan() {
                        f64::INFINITY
                    } else {
                        apart(worst)
                    },
                    worst: self.variables[worst],
                    allowed: allowed(worst),
                });
            }
        }
    }
}

/// Drops what is not `kept`.
fn keep<V>(values: &mut Vec<V>, kept: &[bool]) {
    let mut kept = kept.iter();
    values.retain(|_| *kept.next().expect("one for each value"));
}

/// What a solve from `h0` is asked for, as a part of the states; with constant steps nothing is known of the error.
fn tolerance_of<T: Real, E: Real>(options: &Options<T>, h0: &[E]) -> f64 {
    if options.step.is_some() {
        return f64::INFINITY;
    }
    let states = h0.iter().enumerate();
    let states = states.map(|(i, h)| (options.atol.at(i).as_f64(), h.as_f64()));
    relative_tolerance(options.rtol.largest().as_f64(), states)
}

/// The larger of `rtol` and of what absolute tolerances are of the `states` (atol, h) that they belong to: of a large one a small part. A state that begins
/// small may grow, and counts as 1.
///
/// ```
/// use costate_neural_ode::audit::relative_tolerance;
/// assert_eq!(relative_tolerance(1e-8, [(1.0, 1e6)]), 1e-6);
/// assert_eq!(relative_tolerance(1e-8, [(1e-3, 1e6), (1e-9, 0.0)]), 1e-8);
/// ```
#[must_use]
pub fn relative_tolerance(rtol: f64, states: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let parts = states.into_iter();
    let parts = parts.map(|(atol, h)| atol / h.abs().max(1.0));
    parts.fold(rtol, f64::max)
}

fn is_differences(about: &About) -> bool {
    about.name == crate::gradient::DIFFERENCES
}

/// One method's gradient, timed the second time.
fn run<T, E: Real>(
    about: &'static About,
    mut method: Box<dyn GradientMethod<T, E> + '_>,
    problem: &Problem<'_, T, E>,
    loss: &mut LossFn<'_, E>,
) -> Run {
    let mut found = method.gradient(problem, loss).map(|_| ());
    let start = Instant::now();
    let mut stats = Stats::default();
    let mut values = Vec::new();
    if found.is_ok() {
        found = method.gradient(problem, loss).map(|gradient| {
            stats = gradient.stats;
            values = entries(gradient).1;
        });
    }
    Run {
        about,
        gradient: found.map(|()| values),
        seconds: start.elapsed().as_secs_f64(),
        stats,
        rebuilt_within: method.rebuilt_within().map(Real::as_f64),
    }
}
