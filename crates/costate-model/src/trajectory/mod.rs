//! Solving a model.

mod control;
mod diagnosis;
mod reach;

use costate_neural_ode::{Solvable, VectorField};
use costate_ode::{Failure, Ivp, Options, Stats};

use crate::error::{Error, Result};
use crate::field::{self, Layout, Map};
use crate::model::Model;

/// Which states of a solution to keep.
///
/// ```
/// use costate_model::{Model, Save};
/// let text = "[states]\ny = 1.0\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 2.0";
/// let model = Model::parse(text, "decay.toml")?;
/// assert_eq!(model.solve(&Save::Grid(5))?.times, [0.0, 0.5, 1.0, 1.5, 2.0]);
/// assert_eq!(model.solve(&Save::Grid(0))?.times, [0.0, 2.0]);
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
    /// So many times at equal distances, start and end among them: two at least, also where fewer are asked for.
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
