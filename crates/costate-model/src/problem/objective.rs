//! The loss of all measurements along the solutions of all experiments, with its gradient or as residuals with their Jacobian.

use costate_neural_ode::gradient::{self, Stats};
use costate_neural_ode::{Forward, GradientMethod};
use costate_ode::Method;

use super::measurements::Measurements;
use super::observer::Observer;
use super::part::{Part, Stretch, sizes};
use super::penalties::Penalties;
use super::stopped::Stopped;
use crate::error::{Error, Result};
use crate::field::{self, Field, Layout};
use crate::model::Model;

/// The loss as a function of θ (see [`crate::condition`]): the measurements' part, experiment by experiment, and penalties.
pub(crate) struct Objective {
    parts: Vec<Part>,
    observer: Observer,
    /// The penalty of each part of θ: where it begins and ends, and its factor.
    penalties: Penalties,
    /// For experiments in which nothing happens on the way.
    method: Option<Box<dyn GradientMethod<f64, f64>>>,
    /// What the solutions are computed by.
    solver: Method,
    forward: Option<Forward<f64, Vec<f64>, Field>>,
    states: usize,
    /// The latest residuals, and the θ they are of: the end of a fit asks for the same ones several times.
    residuals: Option<(Vec<f64>, Residuals)>,
}

/// The loss and everything it depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evaluation {
    pub(crate) loss: f64,
    /// ∂L/∂θ, through initial values and end points of time too.
    pub(crate) theta: Vec<f64>,
    /// ∂L/∂h₀ with θ held, where the experiment begins as the model does.
    pub(crate) h0: Vec<f64>,
    /// ∂L/∂t₀, ∂L/∂t₁ with θ held.
    pub(crate) t0: f64,
    pub(crate) t1: f64,
    /// ∂L/∂(each time of a measurement), experiment by experiment.
    pub(crate) save: Vec<f64>,
    /// The events of the file that happened: the time and ∂L/∂(the time) of each, experiment by experiment.
    pub(crate) events: Vec<(f64, f64)>,
    pub(crate) stats: Stats,
}

impl Evaluation {
    /// Of a loss that is zero, by so many components of θ and of the state.
    pub(super) fn zero(theta: usize, states: usize) -> Self {
        Evaluation {
            theta: vec![0.0; theta],
            h0: vec![0.0; states],
            ..Evaluation::default()
        }
    }

    /// Adds another loss, of times that follow these.
    pub(super) fn add(&mut self, other: &Self) {
        let sum = |total: &mut [f64], part: &[f64]| {
            let pairs = total.iter_mut().zip(part);
            pairs.for_each(|(total, part)| *total += part);
        };
        self.loss += other.loss;
        sum(&mut self.theta, &other.theta);
        sum(&mut self.h0, &other.h0);
        self.t0 += other.t0;
        self.t1 += other.t1;
        self.save.extend(&other.save);
        self.events.extend(&other.events);
        self.stats.forward += other.stats.forward;
        self.stats.backward += other.stats.backward;
        self.stats.products += other.stats.products;
    }
}

/// Residuals r and J = ∂r/∂θ row by row with 2 rᵀJ = ∂L/∂θ. For a loss of squares Σ r² = L; for others 2 JᵀJ stands for its second derivatives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Residuals {
    pub(crate) loss: f64,
    pub(crate) values: Vec<f64>,
    pub(crate) jacobian: Vec<f64>,
}

impl Residuals {
    pub(crate) fn push(&mut self, value: f64, row: impl IntoIterator<Item = f64>) {
        self.values.push(value);
        self.jacobian.extend(row);
    }
}

impl Objective {
    /// Of solutions in one piece, from the start to the end of time.
    ///
    /// # Errors
    /// If there is nothing to compare with, or the solver refuses its settings.
    pub(crate) fn new(model: &Model, measurements: Vec<(usize, Measurements)>) -> Result<Self> {
        Self::along(model, measurements, |_, own| vec![Stretch::whole(own)])
    }

    /// Of solutions along these stretches of each experiment, by its condition.
    ///
    /// # Errors
    /// As [`Objective::new`].
    pub(crate) fn along(
        model: &Model,
        measurements: Vec<(usize, Measurements)>,
        mut stretches: impl FnMut(usize, &Measurements) -> Vec<Stretch>,
    ) -> Result<Self> {
        let name = super::gradient_name(&model.fit.gradient);
        let solver = model.gradient_solver();
        let part = |(condition, measurements): (usize, Measurements)| {
            let stretches = stretches(condition, &measurements);
            Part::new(model, solver, condition, measurements, stretches)
        };
        let parts: Vec<Part> = measurements.into_iter().map(part).collect::<Result<_>>()?;
        let mut method = None;
        if parts.iter().any(|part| !part.has_arcs()) {
            let field = field::compile(model, Layout::Single)?;
            let options = model.options(&field, 1);
            let like = vec![0.0; model.states.len()];
            let made = gradient::by_name(name, field, &like, solver, options);
            method = Some(made.map_err(|error| model.refused(&error))?);
        }
        Ok(Objective {
            parts,
            observer: Observer::new(model)?,
            penalties: Penalties::new(model),
            method,
            solver,
            forward: None,
            residuals: None,
            states: model.states.len(),
        })
    }

    /// The measurements of each experiment.
    pub(crate) fn measurements(&self) -> Vec<(usize, Measurements)> {
        let of = |part: &Part| (part.condition, part.measurements.clone());
        self.parts.iter().map(of).collect()
    }

    /// What the solutions are computed by.
    pub(crate) fn solver(&self) -> Method {
        self.solver
    }

    /// The number of measurements; with the gaps, where there are several stretches.
    pub(crate) fn count(&self) -> usize {
        self.parts.iter().map(Part::count).sum()
    }

    /// Sets the factor of each state's squared gap where two stretches meet.
    pub(crate) fn weigh_gaps(&mut self, weights: &[f64]) {
        self.residuals = None;
        for part in &mut self.parts {
            part.gap_weights.copy_from_slice(weights);
        }
    }

    /// [`Part::march`] through every experiment.
    pub(crate) fn march(&mut self, theta: &mut [f64], means: &[f64]) -> Vec<f64> {
        let (observer, method) = (&mut self.observer, &mut self.method);
        let parts = self.parts.iter_mut();
        let of = |part: &mut Part| part.march(theta, observer, method, means);
        parts.flat_map(of).collect()
    }

    /// [`Part::gaps`] of every experiment, by its condition.
    ///
    /// # Errors
    /// The solver's, if a stretch cannot be solved.
    pub(crate) fn gaps(&mut self, theta: &[f64]) -> Result<Vec<(usize, f64, Vec<f64>)>, Stopped> {
        let mut all = Vec::new();
        for part in &mut self.parts {
            let condition = part.condition;
            let found = part.gaps(theta, &mut self.observer, &mut self.method);
            let found = found.map_err(|why| Stopped { condition, why })?;
            all.extend(found.into_iter().map(|(t, gaps)| (condition, t, gaps)));
        }
        Ok(all)
    }

    /// Leaves out everything but the measurements.
    pub(crate) fn without_penalties(&mut self) {
        self.penalties = Penalties::none();
    }

    /// The loss and its gradient at θ.
    ///
    /// # Errors
    /// The solver's, if a solution cannot go on.
    pub(crate) fn evaluate(&mut self, theta: &[f64]) -> Result<Evaluation, Stopped> {
        let mut total = Evaluation::zero(theta.len(), self.states);
        for part in &mut self.parts {
            let gradient = part.gradient(theta, &mut self.observer, &mut self.method);
            let mut found = gradient.map_err(|why| Stopped {
                condition: part.condition,
                why,
            })?;
            for (i, g) in found.h0.iter_mut().enumerate() {
                if part.begins_elsewhere(i) {
                    *g = 0.0;
                }
            }
            total.add(&found);
        }
        total.loss += self.penalties.add(theta, &mut total.theta);
        Ok(total)
    }

    /// The loss as residuals and their Jacobian at θ.
    ///
    /// # Errors
    /// The solver's, if a solution cannot go on.
    pub(crate) fn residuals(&mut self, model: &Model, theta: &[f64]) -> Result<&Residuals> {
        let residuals = match self.residuals.take() {
            Some((at, known)) if at == theta => known,
            _ => self.residuals_at(model, theta)?,
        };
        let kept = self.residuals.insert((theta.to_vec(), residuals));
        Ok(&kept.1)
    }

    /// As [`Objective::residuals`], with 2 JᵀJ the Fisher information of a likelihood.
    ///
    /// # Errors
    /// The solver's, if a solution cannot go on.
    pub(crate) fn information(&mut self, model: &Model, theta: &[f64]) -> Result<Residuals> {
        self.observer.expected = true;
        let found = self.residuals_at(model, theta);
        self.observer.expected = false;
        found
    }

    fn residuals_at(&mut self, model: &Model, theta: &[f64]) -> Result<Residuals> {
        let plain = self.parts.iter().any(|part| !part.has_arcs());
        if let (None, true, Some(tableau)) = (&self.forward, plain, self.solver.tableau()) {
            let field = field::compile(model, Layout::Single)?;
            let options = model.options(&field, 1);
            let like = vec![0.0; self.states];
            let forward = Forward::new(field, &like, tableau, options);
            self.forward = Some(forward.map_err(|error| Error::Argument(error.to_string()))?);
        }
        let mut residuals = Residuals::default();
        let sizes = sizes(model, theta);
        let columns = sizes.iter().flatten().count();
        for part in &mut self.parts {
            let observer = &mut self.observer;
            let done = match &mut self.forward {
                Some(forward) if !part.has_arcs() => {
                    part.residuals(theta, observer, forward, &mut residuals)
                }
                // A row costs a gradient, a column two solutions.
                _ if part.rows(observer) <= columns => {
                    let method = &mut self.method;
                    part.residual_rows(theta, observer, method, &mut residuals)
                }
                _ => {
                    let (made, method) = ((model, self.solver), &mut self.method);
                    part.residual_columns(made, theta, &sizes, observer, method, &mut residuals)
                }
            };
            done.map_err(|why| {
                let condition = part.condition;
                model.failed(&Stopped { condition, why })
            })?;
        }
        let expected = self.observer.expected;
        self.penalties.residuals(theta, expected, &mut residuals);
        Ok(residuals)
    }

    /// The gradient through each experiment's solution by every method, compared with each other and with differences.
    ///
    /// # Errors
    /// If a solution cannot go on.
    pub(crate) fn audits(
        &mut self,
        model: &Model,
        theta: &[f64],
    ) -> Result<Vec<(usize, costate_neural_ode::audit::Audit)>> {
        let mut audits = Vec::new();
        for part in &mut self.parts {
            audits.push((
                part.condition,
                part.audit(model, self.solver, theta, &mut self.observer)?,
            ));
        }
        Ok(audits)
    }

    /// The first measurement whose loss is not finite at the states of its solution, told with names.
    pub(crate) fn unusable(&mut self, model: &Model, theta: &[f64]) -> Option<String> {
        let mut parts = self.parts.iter_mut();
        parts.find_map(|part| part.unusable(model, theta, &mut self.observer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Columns, Data};

    const MODEL: &str = r#"
[states]
x = "x0 * k"
y = 0.6
[parameters]
x0 = 1.7
k = 0.9
[networks.rest]
inputs = ["x"]
outputs = ["u"]
hidden = [2]
l2 = 0.03
[equations]
x = "-k * x * cos(t) + u"
y = "k * x - y^2"
[time]
start = "0.2 * k"
end = "3.2 * k"
[solver]
rtol = 1e-9
atol = 1e-11
[observables]
a = { is = "x + k * t" }
b = { is = "exp(y)" }
[data]
file = "none.csv"
time = "t"
[fit]
loss = "log-squares"
"#;

    fn objective(text: &str) -> (Model, Objective) {
        let mut model = Model::parse(text, "m.toml").unwrap();
        let weights = model
            .networks
            .iter_mut()
            .flat_map(|network| &mut network.weights);
        let weights = weights.enumerate();
        weights.for_each(|(i, weight)| *weight = 0.5 * (1.0 + 1.7 * i as f64).sin());
        let names = ["a".to_owned(), "b".to_owned()];
        let columns = Columns::wide("t", &names);
        let text = "t,a,b\n0.5,1.6,\n1.1,1.5,2.9\n2.6,,2.2\n2.7,1.0,2.0\n";
        let data = Data::parse(std::path::Path::new("none.csv"), text, &columns).unwrap();
        let measurements = Measurements::all(&model, &data, true).unwrap();
        let objective = Objective::new(&model, measurements).unwrap();
        (model, objective)
    }

    #[test]
    fn residuals_add_up_to_the_loss_and_their_jacobian_to_its_gradient() {
        let basis = "depth_basis = { kind = \"legendre\", terms = 2, start = 0, end = 3 }";
        let varying = MODEL.replace("l2 = 0.03", &format!("l2 = 0.03\n{basis}"));
        for text in [MODEL, &varying] {
            let (model, mut objective) = objective(text);
            agree(&model, &mut objective);
            let residuals = objective.residuals(&model, &model.theta()).unwrap();
            let total: f64 = residuals.values.iter().map(|r| r * r).sum();
            assert!((total / residuals.loss - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn residuals_of_a_loss_that_is_no_square_have_its_gradient_too() {
        let event = "[[events]]\nat = [0.9]\nset = { y = \"y + 0.3 * k\" }\n[time]";
        let (mut texts, noisy) = (
            Vec::new(),
            MODEL.replace(
                "k = 0.9",
                "k = { value = 0.9, prior = { log-normal = [0.1, 0.4] } }",
            ),
        );
        for distribution in ["normal", "log-normal", "laplace", "log-laplace"] {
            // One width of the parameters alone, and one of the state.
            let noise =
                |x: &str| format!(", noise = \"{x}\", distribution = \"{distribution}\" }}");
            let noisy = noisy.replace("k * t\" }", &format!("k * t\"{}", noise("0.3 * x0")));
            texts.push(noisy.replace("(y)\" }", &format!("(y)\"{}", noise("0.2 * k + 0.1 * y^2"))));
        }
        texts.extend(["absolute", "huber"].map(|loss| MODEL.replace("log-squares", loss)));
        for text in texts {
            for text in [&text, &text.replace("[time]", event)] {
                let (model, mut objective) = objective(text);
                agree(&model, &mut objective);
            }
        }
    }

    #[test]
    fn differences_of_solutions_shape_the_jacobian_and_leave_the_gradient_exact() {
        let event = "[[events]]\nat = [\"0.9 * k\"]\nset = { y = \"y + 0.3 * k\" }\n[time]";
        let noise = "k * t\", noise = \"0.3 * x0 + 0.1 * x^2\" }";
        // By steps of their own, which differ; by the same steps.
        for (from, to, within) in [
            ("[time]", event, 1e-4),
            ("[solver]", "[solver]\nmethod = \"rodas5p\"", 1e-7),
        ] {
            let (before, network) = MODEL.split_once("[networks.rest]").unwrap();
            let text = format!(
                "{before}{}",
                &network[network.find("[equations]").unwrap()..]
            );
            let text = text.replace(" + u", "").replace(from, to);
            let text = text.replace("k * t\" }", noise);
            let text = text.replace("exp(y)\" }", "exp(y)\", noise = \"0.2\" }");
            let (model, mut objective) = objective(&text);
            let theta = model.theta();
            let by = sizes(&model, &theta);
            let Objective {
                parts,
                observer,
                method,
                ..
            } = &mut objective;
            let [mut rows, mut columns] = [Residuals::default(), Residuals::default()];
            parts[0]
                .residual_rows(&theta, observer, method, &mut rows)
                .unwrap();
            let made = (&model, model.gradient_solver());
            parts[0]
                .residual_columns(made, &theta, &by, observer, method, &mut columns)
                .unwrap();
            assert_eq!(rows.values.len(), columns.values.len());
            assert!((rows.loss - columns.loss).abs() < 1e-9 * rows.loss.abs());
            let largest = rows
                .jacobian
                .iter()
                .fold(0.0, |most: f64, x| most.max(x.abs()));
            for (i, (row, column)) in rows.jacobian.iter().zip(&columns.jacobian).enumerate() {
                assert!(
                    (row - column).abs() < within * largest,
                    "{i}: {row} {column}"
                );
            }
            let n = theta.len();
            for k in 0..n {
                let [by_rows, by_columns] = [&rows, &columns].map(|it| {
                    let rows = it.values.iter().zip(it.jacobian.chunks_exact(n));
                    rows.map(|(r, row)| 2.0 * r * row[k]).sum::<f64>()
                });
                let close = (by_rows - by_columns).abs() < 1e-8 * (1.0 + by_rows.abs());
                assert!(close, "{k}: {by_rows} {by_columns}");
            }
        }
    }

    fn agree(model: &Model, objective: &mut Objective) {
        let theta = model.theta();
        let found = objective.evaluate(&theta).unwrap();
        let residuals = objective.residuals(model, &theta).unwrap();
        let total = residuals.loss;
        assert!(
            (total / found.loss - 1.0).abs() < 1e-10,
            "{total} {}",
            found.loss
        );
        for k in 0..theta.len() {
            let rows = residuals
                .values
                .iter()
                .zip(residuals.jacobian.chunks_exact(theta.len()));
            let gradient: f64 = rows.map(|(r, row)| 2.0 * r * row[k]).sum();
            let expected = found.theta[k];
            assert!(
                (gradient - expected).abs() < 1e-9 * (1.0 + expected.abs()),
                "{k}: {gradient} {expected}"
            );
            assert!(
                expected.abs() > 1e-6,
                "component {k} is {expected}: it tests nothing"
            );
        }
    }
}
