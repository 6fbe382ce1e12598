//! Solving a model, and saying what went wrong in the model's own names.

use costate_neural_ode::gradient::METHODS;
use costate_neural_ode::{Solvable, VectorField};
use costate_ode::{Cause, Diagnosis, Failure, Ivp, Options, Stats};

use crate::error::{Error, Result};
use crate::field::{self, Layout, Map};
use crate::model::{Model, StateVariable};

/// With so many saved states, or one for each step, a solution is known well enough to warn of all of it.
const ROWS: usize = 20;

/// Which states of a solution to keep.
///
/// ```
/// use costate_model::{Model, Save};
/// let text = "[states]\ny = 1.0\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 2.0";
/// let model = Model::parse(text, "decay.toml")?;
/// assert_eq!(model.solve(&Save::Grid(5))?.times, [0.0, 0.5, 1.0, 1.5, 2.0]);
/// assert_eq!(model.solve(&Save::At(vec![0.25]))?.times, [0.25]);
/// let steps = model.solve(&Save::Steps)?;
/// assert_eq!(steps.len(), steps.stats.accepted + 1);
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Save {
    /// The start and the end of every step.
    Steps,
    /// These times, in the direction of the model's time and within its span.
    At(Vec<f64>),
    /// So many times at equal distances, start and end among them.
    Grid(usize),
}

/// Values over time under their names: the states of a solution, or the observables computed from them.
///
/// ```
/// use costate_model::{Model, Save};
/// let text = "[states]\nx = 1.0\nv = 0.0\n[equations]\nx = \"v\"\nv = \"-x\"\n[observables]\nenergy = { is = \"(x^2 + v^2)/2\" }\n[time]\nstart = 0.0\nend = 10.0";
/// let model = Model::parse(text, "swing.toml")?;
/// let solution = model.solve(&Save::Grid(11))?;
/// assert_eq!((solution.names.join(" ").as_str(), solution.len()), ("x v", 11));
/// let energy = model.observe(&solution)?;
/// assert!((0..energy.len()).all(|i| (energy.row(i)[0] - 0.5).abs() < 1e-4));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trajectory {
    /// The name of each column.
    pub names: Vec<String>,
    /// The time of each row.
    pub times: Vec<f64>,
    /// Row after row.
    pub values: Vec<f64>,
    /// What the solution cost.
    pub stats: Stats,
    /// The events on the way with their times: those of the model file by number and line, and comparisons of states that changed their answers.
    pub events: Vec<(String, f64)>,
}

impl Trajectory {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The values at time `times[i]`.
    ///
    /// # Panics
    /// If there is no row `i`.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.names.len()..][..self.names.len()]
    }

    /// The largest |x| of component `i`.
    fn largest(&self, i: usize) -> f64 {
        let rows = (0..self.len()).map(|row| self.row(row)[i].abs());
        rows.fold(0.0, f64::max)
    }
}

impl Model {
    /// Solves the model from its start to its end; the last row is at the end exactly, unless `Save::At` stops before.
    ///
    /// ```
    /// use costate_model::{Model, Save};
    ///
    /// let text = "[states]\ny = 1.0\n[equations]\ny = \"-2 * y\"\n[time]\nstart = 0.0\nend = 1.0";
    /// let solution = Model::parse(text, "decay.toml")?.solve(&Save::At(vec![0.5, 1.0]))?;
    /// assert_eq!(solution.times, [0.5, 1.0]);
    /// assert!((solution.row(1)[0] - (-2.0_f64).exp()).abs() < 1e-6);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Solve`], with what was computed until then, if the solution cannot go on; [`Error::Argument`] for times to save
    /// that are outside the span or out of order.
    pub fn solve(&self, save: &Save) -> Result<Trajectory> {
        let (start, end) = self.span();
        let save = match save {
            Save::Steps => None,
            Save::At(times) => Some(times.clone()),
            Save::Grid(count) => Some(grid(start, end, *count)),
        };
        if let Some(times) = &save {
            check_times(times, start, end)?;
        }
        self.check_inputs()?;
        if self.is_hybrid() {
            return self.solve_arcs(save);
        }
        let mut field = field::compile(self, Layout::Single)?;
        field.set_parameters(&self.phi());
        let mut problem = Ivp::with_system(Solvable::new(&mut field), start, self.initial(), end)
            .method(self.solver.method)
            .options(self.options_of(self.tolerances()));
        if let Some(times) = save {
            problem = problem.save_at(times);
        }
        let solved = problem.solve();
        let trajectory = |solution: &costate_ode::Solution<f64, Vec<f64>>| Trajectory {
            names: self.states.iter().map(|state| state.name.clone()).collect(),
            times: solution.t.clone(),
            values: solution.y.concat(),
            stats: solution.stats,
            events: Vec::new(),
        };
        match solved {
            Ok(solution) => Ok(trajectory(&solution)),
            Err(Failure { error, partial, .. }) => Err(self.stopped(&error, trajectory(&partial))),
        }
    }

    /// The observables along a solution of this model.
    ///
    /// # Errors
    /// [`Error::Argument`] if the columns are not this model's states.
    ///
    /// ```
    /// use costate_model::{Model, Save};
    ///
    /// let text = "[states]\nx = 1.0\ny = 2.0\n[equations]\nx = \"y\"\ny = \"0\"\n[observables]\nsum = { is = \"x + y\" }\n[time]\nstart = 0.0\nend = 1.0";
    /// let model = Model::parse(text, "line.toml")?;
    /// let seen = model.observe(&model.solve(&Save::Grid(3))?)?;
    /// assert_eq!((seen.names.as_slice(), seen.times.as_slice()), (&["sum".to_owned()][..], &[0.0, 0.5, 1.0][..]));
    /// assert!((seen.row(2)[0] - 5.0).abs() < 1e-12);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn observe(&self, solution: &Trajectory) -> Result<Trajectory> {
        if solution
            .names
            .iter()
            .ne(self.states.iter().map(|state| &state.name))
        {
            return Err(Error::Argument(
                "observables are computed from the model's own states".into(),
            ));
        }
        let mut map = Map::new(self, &field::observables(self)?)?;
        map.set_parameters(&self.phi());
        let mut values = vec![0.0; solution.len() * self.observables.len()];
        for (i, row) in values
            .chunks_exact_mut(self.observables.len().max(1))
            .enumerate()
        {
            map.eval(0, solution.row(i), solution.times[i], row);
        }
        let names = self
            .observables
            .iter()
            .map(|observable| observable.name.clone())
            .collect();
        Ok(Trajectory {
            names,
            times: solution.times.clone(),
            values,
            stats: solution.stats,
            events: solution.events.clone(),
        })
    }

    /// Tolerances and limits for a field of `copies` copies of the state, in the field's own order.
    pub(crate) fn options(&self, field: &field::Field, copies: usize) -> Options<f64> {
        let natural = self.tolerances().repeat(copies);
        let mut packed = natural.clone();
        field.pack(&natural, &mut packed);
        self.options_of(packed)
    }

    /// The absolute tolerance of each state.
    fn tolerances(&self) -> Vec<f64> {
        self.states.iter().map(|state| state.atol).collect()
    }

    fn options_of(&self, atol: Vec<f64>) -> Options<f64> {
        let mut options = if atol.iter().all(|&value| value == atol[0]) {
            Options::tolerances(self.solver.rtol, atol[0])
        } else {
            Options::tolerances(self.solver.rtol, atol)
        };
        options.max_steps = self.solver.max_steps;
        options.step = self.solver.step;
        options
    }

    /// A warning for each state whose error is not controlled along a solution, because its values are about as small as its absolute tolerance.
    ///
    /// ```
    /// use costate_model::{Model, Save};
    ///
    /// let text = "[states]\ny = 1e-9\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 1.0\n[solver]\natol = 1e-9";
    /// let model = Model::parse(text, "decay.toml")?;
    /// let warnings = model.uncontrolled(&model.solve(&Save::Steps)?);
    /// assert_eq!(warnings, ["y stays below 100 × atol for the whole run: its error is not controlled; set atol for y"]);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn uncontrolled(&self, solution: &Trajectory) -> Vec<String> {
        if self.solver.step.is_some() {
            return Vec::new();
        }
        let small = self.small(solution);
        // Saved states alone say nothing of the steps between them.
        if small.is_empty() || solution.len() >= solution.stats.accepted.min(ROWS) {
            return small;
        }
        self.solve(&Save::Steps)
            .map_or(Vec::new(), |all| self.small(&all))
    }

    /// A warning for each state whose costate the gradient's method holds to an absolute tolerance that is none, being that of a large state: a costate has the
    /// reciprocal unit.
    ///
    /// ```
    /// use costate_model::{Model, Save};
    ///
    /// let text = "[states]\nV = 1e6\n[equations]\nV = \"-V\"\n[time]\nstart = 0.0\nend = 1.0\n[solver]\natol = 1.0";
    /// let mut model = Model::parse(text, "virus.toml")?;
    /// let solution = model.solve(&Save::Steps)?;
    /// assert!(model.uncontrolled_costates(&solution).is_empty()); // the discrete method has no tolerance of its own
    /// model.set_gradient("gauss")?;
    /// assert!(model.uncontrolled_costates(&solution)[0].starts_with("gauss holds the costate of V to the atol of V"));
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn uncontrolled_costates(&self, solution: &Trajectory) -> Vec<String> {
        // Of a loss of about one.
        const CONTROLLED: f64 = 1e-2;
        let name = self.fit.gradient.as_str();
        let of_exact_solution = METHODS.iter().any(|own| own.name == name && !own.exact);
        if self.solver.step.is_some() || !of_exact_solution {
            return Vec::new();
        }
        let states = self.states.iter().enumerate();
        let large = states.filter(|(i, state)| solution.largest(*i) * state.atol > CONTROLLED);
        large
            .map(|(i, StateVariable { name: state, atol, .. })| {
                format!(
                    "{name} holds the costate of {state} to the atol of {state}, {atol:e}, too: for states as large as {:.0e} that is no tolerance; take a smaller atol for {state}, or gradient = \"discrete\"",
                    solution.largest(i)
                )
            })
            .collect()
    }

    /// A warning for each state that stays below what its absolute tolerance controls.
    fn small(&self, solution: &Trajectory) -> Vec<String> {
        let initial = self.initial();
        let states = self.states.iter().enumerate();
        let small = states.filter(|(i, state)| {
            let largest = initial[*i].abs().max(solution.largest(*i));
            0.0 < largest && largest < 100.0 * state.atol
        });
        small
            .map(|(_, state)| {
                let name = &state.name;
                format!("{name} stays below 100 × atol for the whole run: its error is not controlled; set atol for {name}")
            })
            .collect()
    }

    /// Of a solution that went wrong: a state that went below zero while it was about as small as its absolute tolerance, so that its error, which was free,
    /// may have led there.
    fn blamed_on_atol(&self, partial: &Trajectory) -> Option<String> {
        let went = |i: usize| {
            let small = 100.0 * self.states[i].atol;
            let values = (0..partial.len()).map(|row| partial.row(row)[i]);
            let mut before = values.take_while(|x| x.abs() < small);
            before.next().is_some_and(|start| start >= 0.0) && before.any(|x| x < 0.0)
        };
        let state = (0..self.states.len()).find(|&i| went(i))?;
        let StateVariable { name, atol, .. } = &self.states[state];
        Some(format!(
            "; {name} went below zero while it was about as small as its atol, {atol:e}, where its error is not controlled, and that may have led here: set a smaller atol for {name}"
        ))
    }

    /// An integration that stopped, told with the names of this model.
    pub(crate) fn stopped(&self, error: &costate_ode::Error, partial: Trajectory) -> Error {
        match error {
            costate_ode::Error::Stopped(diagnosis) => Error::Solve {
                message: self.tell(diagnosis, &partial),
                partial: Box::new(partial),
            },
            costate_ode::Error::Tolerance {
                which,
                component,
                value,
                reason,
            } => {
                let state = &self.states[component % self.states.len()].name;
                Error::Argument(format!("{which} = {value:e} for state {state}: {reason}"))
            }
            costate_ode::Error::Start { component, value } => {
                let i = component % self.states.len();
                let initial = self.initial_formulas().nth(i);
                let why = initial.and_then(|formula| self.origin(formula, &[], f64::NAN));
                let message = format!(
                    "{}: {} is {value} at the start{}{}",
                    self.path().display(),
                    self.states[i].name,
                    self.within(),
                    why.map_or(String::new(), |why| format!(": {why}"))
                );
                Error::Solve {
                    message,
                    partial: Box::new(partial),
                }
            }
            other => Error::Argument(other.to_string()),
        }
    }

    /// What the event that has just happened makes of a state, if that is no finite number; `last` is the state before it.
    fn spoilt_by_event(&self, last: &[f64], t: f64, partial: &Trajectory) -> Option<String> {
        let just = partial.events.iter().rev().take_while(|(_, at)| *at == t);
        let happened: Vec<&str> = just.map(|(name, _)| name.as_str()).collect();
        (0..self.events.len())
            .filter(|&i| happened.contains(&self.event_name(i).as_str()))
            .find_map(|i| {
                let changes = self.events[i].set.iter().chain(&self.events[i].add);
                let mut changes = changes.filter_map(|(k, formula)| {
                    let why = self.origin(formula, last, t)?;
                    Some((&self.states[*k].name, why))
                });
                let (state, why) = changes.next()?;
                let event = self.event_name(i);
                Some(format!(
                    "{event} gives {state} no finite number there: {why}"
                ))
            })
    }

    /// A diagnosis with the names of this model.
    fn tell(&self, diagnosis: &Diagnosis, partial: &Trajectory) -> String {
        let state = |component: usize| self.states[component % self.states.len()].name.as_str();
        // Where no step was taken, there is only the start.
        let initial = self.initial();
        let last = match partial.len() {
            0 => initial.as_slice(),
            rows => partial.row(rows - 1),
        };
        let growth = |component: usize| {
            let component = component % self.states.len();
            self.growth(component, last, diagnosis.t)
        };
        // So far from where it could have come by its units.
        let runaway = |component: usize| growth(component).filter(|(value, _)| value.abs() > 1e100);
        let behind = |component: usize, t: f64| {
            let component = component % self.states.len();
            let step = (t - diagnosis.t) + f64::EPSILON * (t.abs() + 1.0).copysign(diagnosis.h);
            self.origin_behind(component, last, diagnosis.t, step)
        };
        let stopped = format!(
            "{}: no step is possible at t = {}{}: ",
            self.path().display(),
            diagnosis.t,
            self.within()
        );
        // Each try after the last step began where f has no value, and so none was short enough.
        let undefined = (0..self.states.len()).find_map(|i| {
            let why = self.origin(&self.states[i].equation, last, diagnosis.t)?;
            Some((i, why))
        });
        let after_event = self.spoilt_by_event(last, diagnosis.t, partial);
        let events = partial.events.len();
        let by_events = 2 * events > diagnosis.stats.accepted;
        let mut text = match diagnosis.cause {
            Cause::Unbounded { component, near } => format!(
                "{stopped}state {} grows without bound{} and seems to be infinite near t = {near:.6}; check the signs and units of its equation, or end before it",
                state(component),
                growth(component).map_or(String::new(), |(value, doubling)| format!(
                    " ({value:.3e} and doubling every {doubling:.3e}, ever faster)"
                ))
            ),
            Cause::NotFinite { component, .. } if runaway(component).is_some() => {
                let (value, doubling) = runaway(component).unwrap_or_default();
                format!(
                    "{stopped}state {} grows without bound ({value:.3e} and doubling every {doubling:.3e}) until its equation overflows; check the signs and units of its equation, or end before it",
                    state(component)
                )
            }
            Cause::State { .. } | Cause::NotFinite { .. } | Cause::StepTooSmall
                if after_event.is_some() =>
            {
                format!("{stopped}{}", after_event.unwrap_or_default())
            }
            Cause::NotFinite { t, component, .. } => format!(
                "{stopped}the equation of {} gives no finite number at t = {t}: {}",
                state(component),
                behind(component, t).unwrap_or_else(|| {
                    "look for a division by zero, a logarithm or root of a negative number, or an overflow".into()
                })
            ),
            Cause::NothingAllowed { component } => format!(
                "{stopped}{name} is zero there and so is its atol, which allows it no error at all; set an atol for {name}, the size below which it does not matter",
                name = state(component)
            ),
            Cause::StepTooSmall if undefined.is_some() => {
                let (component, why) = undefined.as_ref().expect("just seen");
                format!(
                    "{stopped}the equation of {} gives no finite number there: {why}",
                    state(*component)
                )
            }
            Cause::StepTooSmall => format!(
                "{stopped}the step {:e} is too small to go on; a jump or a singularity of the equations lies near, or rtol and atol are out of reach",
                diagnosis.h
            ),
            Cause::TooManySteps => format!(
                "{}: max_steps = {} is used up at t = {} on the way to {}; {}",
                self.path().display(),
                self.solver.max_steps,
                diagnosis.t,
                diagnosis.end,
                match by_events {
                    true => format!("{events} events until there end most of them: raise it, or look at the events"),
                    false => format!("raise it, or {}", self.solver.of_accuracy()),
                }
            ),
            _ => format!("{}: {diagnosis}", self.path().display()),
        };
        if let Some(worst) = diagnosis.worst
            && matches!(diagnosis.cause, Cause::StepTooSmall | Cause::TooManySteps)
            && undefined.is_none()
            && self.solver.step.is_none()
            && !by_events
        {
            text += &format!(
                "; the error of {} asks for the smallest steps (its value there is {:e})",
                state(worst.component),
                worst.magnitude
            );
        }
        if matches!(
            diagnosis.cause,
            Cause::Unbounded { .. } | Cause::NotFinite { .. }
        ) && let Some(blame) = self.blamed_on_atol(partial)
        {
            text += &blame;
        }
        if diagnosis.looks_stiff() {
            text += "; the equations look stiff";
        }
        let cost = diagnosis.stats;
        text + &format!(
            " ({} steps, {} rejected, {} evaluations until there)",
            cost.accepted, cost.rejected, cost.nfe
        )
    }
}

/// Times at equal distances whose ends are start and end to the bit.
fn grid(start: f64, end: f64, count: usize) -> Vec<f64> {
    let last = count.max(2) - 1;
    (0..=last)
        .map(|i| {
            if i == last {
                end
            } else {
                start + (end - start) * (i as f64 / last as f64)
            }
        })
        .collect()
}

fn check_times(times: &[f64], start: f64, end: f64) -> Result<()> {
    let direction = (end - start).signum();
    let mut before = start;
    for &time in times {
        if !time.is_finite() || (time - start) * direction < 0.0 || (end - time) * direction < 0.0 {
            return Err(Error::Argument(format!(
                "cannot save at t = {time}: the model's time runs from {start} to {end}"
            )));
        }
        if (time - before) * direction < 0.0 {
            return Err(Error::Argument(format!(
                "cannot save at t = {time} after t = {before}: times follow the direction of the model's time"
            )));
        }
        before = time;
    }
    Ok(())
}
