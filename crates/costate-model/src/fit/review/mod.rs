//! What a report of a fit shows beside what was found.

mod compare;
mod knowledge;
mod learned;
mod phase;
mod profile;

pub use compare::{Comparison, Panel, Residuals};
pub use knowledge::{Knowledge, Known, Standing};
pub use learned::{Learned, Slice};
pub use phase::Phase;
pub use profile::Profile;

use super::{Fit, Found, Verdict};
use crate::data::Data;
use crate::error::Result;
use crate::model::Model;
use crate::trajectory::{Save, Trajectory};

/// Points of a curve.
const FINE: usize = 400;

/// Pictures of a fit in numbers: curves, residuals, what is known of the parameters, the field, the functions that networks learned.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let review = fit.review(&found)?;
/// assert!(review.phase.is_some() && review.learned.is_empty()); // two states, no networks
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Review {
    /// Every observable in every experiment.
    pub panels: Vec<Panel>,
    /// Every measurement with its prediction.
    pub comparisons: Vec<Comparison>,
    /// What the residuals of the fitted measurements look like, if there are any.
    pub residuals: Option<Residuals>,
    /// What the data say of the parameters; `None` beside networks, for very many parameters, and for losses that say nothing of it.
    pub knowledge: Option<Knowledge>,
    /// The loss along the parameter that is known least.
    pub profile: Option<Profile>,
    /// The phase plane of a model of two states.
    pub phase: Option<Phase>,
    /// The functions that networks have learned.
    pub learned: Vec<Learned>,
    /// The times between which the solver stepped, by experiment.
    pub steps: Vec<(Option<String>, Vec<f64>)>,
    /// The events on the way: the experiment, what happened, and when.
    pub events: Vec<(Option<String>, String, f64)>,
    /// The gradient at the starting values (at a minimum there is none), looked at along one direction that moves every variable.
    pub checked: Option<Checked>,
}

/// The derivative of the loss along one direction, twice.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare.toml")?)?;
/// while fit.advance()? {}
/// let found = fit.found()?;
/// let checked = fit.review(&found)?.checked.expect("the start has a gradient");
/// assert!((checked.gradient - checked.differences).abs() <= checked.uncertainty + 1e-6 * checked.gradient.abs());
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checked {
    /// By the gradient.
    pub gradient: f64,
    /// By Richardson's extrapolation of central differences.
    pub differences: f64,
    /// The differences' own uncertainty.
    pub uncertainty: f64,
}

/// An experiment of the data, or the model as it stands where they name none.
struct Experiment {
    name: Option<String>,
    /// The fitted model under its conditions.
    model: Model,
    /// The solution for curves.
    solution: Trajectory,
}

impl Experiment {
    /// Those that can be solved as far as they were fitted: one of validation rows alone may not, and the others are no worse for it.
    fn all(fitted: &Model, data: &Data) -> Result<Vec<Self>> {
        let names = data.experiments().iter().cloned().map(Some);
        let names: Vec<Option<String>> = match data.experiments() {
            [] => vec![None],
            _ => names.collect(),
        };
        let one = |name: Option<String>| {
            let model = match &name {
                Some(name) => fitted.experiment(name)?,
                None => fitted.clone(),
            };
            let solution = model.solve_fitted(data, &Save::Grid(FINE))?;
            Ok(solution.map(|solution| Experiment {
                name,
                model,
                solution,
            }))
        };
        let all = names.into_iter().filter_map(|name| one(name).transpose());
        all.collect()
    }
}

impl Fit {
    /// Everything that a report shows beside [`Fit::found`].
    ///
    /// # Errors
    /// If the fitted model cannot be solved.
    pub fn review(&mut self, found: &Found) -> Result<Review> {
        let fitted = self.fitted();
        let experiments = Experiment::all(&fitted, &self.data)?;
        let (panels, comparisons, residuals) =
            compare::compare(&fitted, &self.data, found, &experiments)?;
        let knowledge = knowledge::knowledge(self, &fitted, found);
        // Whoever interrupts a fit does not want to wait.
        let is_finished = found.verdict != Verdict::Interrupted;
        let profile = knowledge
            .as_ref()
            .filter(|_| is_finished)
            .and_then(|known| profile::profile(&fitted, &self.data, known, found));
        let (mut steps, mut events) = (Vec::new(), Vec::new());
        for Experiment { name, model, .. } in &experiments {
            let Some(solution) = model.solve_fitted(&self.data, &Save::Steps)? else {
                continue;
            };
            steps.push((name.clone(), solution.times));
            let own = solution.events.into_iter();
            events.extend(own.map(|(event, t)| (name.clone(), event, t)));
        }
        let checked = self.checked(&fitted);
        Ok(Review {
            phase: phase::phase(&experiments)?,
            learned: learned::learned(&experiments, &self.data)?,
            panels,
            comparisons,
            residuals,
            knowledge,
            profile,
            steps,
            events,
            checked,
        })
    }

    /// The derivative of the loss along a direction that moves every variable that its bounds let move, by the gradient and by differences.
    fn checked(&mut self, fitted: &Model) -> Option<Checked> {
        const STEP: f64 = 1e-3;
        let x = self.variables.start();
        let theta = self.variables.theta(&x);
        let at = self.objective.evaluate(&theta).ok()?;
        let gradient = self.variables.gradient(&theta, &at.theta);
        let bounds = self.variables.bounds();
        let is_free = |i: usize| {
            let ends = [x[i] - 2.0 * STEP, x[i] + 2.0 * STEP];
            ends.into_iter().all(|end| bounds.clamp(i, end) == end)
        };
        // Signs as in a Rademacher vector, but the same every time; nothing by what a bound would stop.
        let sign = |i: usize| match is_free(i) {
            false => 0.0,
            true if (i * 7 + i / 3).is_multiple_of(2) => 1.0,
            true => -1.0,
        };
        let direction: Vec<f64> = (0..x.len())
            .map(|i| sign(i) / (x.len() as f64).sqrt())
            .collect();
        if direction.iter().all(|d| *d == 0.0) {
            return None;
        }
        let mut loss = |step: f64| {
            let moved: Vec<f64> = x
                .iter()
                .zip(&direction)
                .map(|(x, d)| x + step * d)
                .collect();
            let found = self
                .objective
                .evaluate(&self.variables.theta(&moved))
                .ok()?;
            Some(found.loss).filter(|loss| loss.is_finite())
        };
        let mut central = |step: f64| Some((loss(step)? - loss(-step)?) / (2.0 * step));
        let (coarse, fine) = (central(2.0 * STEP)?, central(STEP)?);
        let differences = (4.0 * fine - coarse) / 3.0;
        Some(Checked {
            gradient: gradient.iter().zip(&direction).map(|(g, d)| g * d).sum(),
            differences,
            // What the last extrapolation changed, and what rounding and the solver leave.
            uncertainty: (fine - coarse).abs() / 15.0
                + at.loss.abs().max(1.0) * fitted.solver.rtol / STEP,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::room::room;

    /// Exponential decay with an offset, measured with errors that are not small.
    const MODEL: &str = r#"
[states]
y = "y0"
[parameters]
y0 = 3.0
k = { value = 0.6, lower = 0.01 }
[equations]
y = "-k * y"
[time]
start = 0.0
end = 4.0
[solver]
rtol = 1e-9
atol = 1e-11
[data]
file = "decay.csv"
time = "t"
"#;

    fn fitted(text: &str) -> (Fit, Found) {
        fitted_to(text, |t| 2.7 * (-0.8 * t).exp())
    }

    fn fitted_to(text: &str, seen: fn(f64) -> f64) -> (Fit, Found) {
        let mut rows = String::from("t,y\n");
        for i in 0..=16 {
            let t = 0.25 * f64::from(i);
            let error = 0.08 * (1.0 + 7.3 * f64::from(i)).sin();
            rows += &format!("{t},{}\n", seen(t) + error);
        }
        let folder = room(&[("decay.csv", &rows)]);
        let mut fit = Fit::new(Model::parse(text, folder.join("decay.toml")).unwrap()).unwrap();
        while fit.advance().unwrap() {}
        let found = fit.found().unwrap();
        (fit, found)
    }

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a} {b}");
    }

    /// The second derivatives of the loss by two parameters in their own units.
    fn second_derivatives(model: &Model, names: [&str; 2]) -> [[f64; 2]; 2] {
        let at = |i: usize, by: f64| {
            let mut model = model.clone();
            let value = model.parameters.iter().find(|p| p.name == names[i]);
            model.set(names[i], value.unwrap().value + by).unwrap();
            let slopes = model.gradient().unwrap().parameters;
            names.map(|name| slopes.iter().find(|(known, _)| known == name).unwrap().1)
        };
        let second = |i: usize, by: f64| {
            let (up, down) = (at(i, by), at(i, -by));
            [0, 1].map(|j| (up[j] - down[j]) / (2.0 * by))
        };
        let [first, other] = [0, 1].map(|i| {
            let (coarse, fine) = (second(i, 2e-3), second(i, 1e-3));
            [0, 1].map(|j| (4.0 * fine[j] - coarse[j]) / 3.0)
        });
        let between = 0.5 * (first[1] + other[0]);
        [[first[0], between], [between, other[1]]]
    }

    #[test]
    fn standard_errors_are_those_of_the_linearised_fit() {
        let (mut fit, found) = fitted(MODEL);
        let known = fit.review(&found).unwrap().knowledge.unwrap();
        for (known, parameter) in known.parameters.iter().zip(&found.parameters) {
            let known = known.unwrap();
            close(known.error, parameter.standard_error.unwrap(), 1e-6);
            assert_eq!(known.standing, Standing::Identified);
        }
        // 17 measurements less 2 parameters: Student's 97.5 % point is 2.131.
        close(known.reach, 2.131, 1e-3);
        // A logarithmic axis makes the interval of k lie about it by a factor.
        let (low, high) = known.parameters[1].unwrap().interval;
        close(low * high, found.parameters[1].value.powi(2), 1e-9);
        assert_eq!(known.correlations[0], 1.0);
        assert_eq!(known.correlations[1], known.correlations[2]);
        assert!(known.correlations[1] > 0.3, "{:?}", known.correlations);
    }

    #[test]
    fn a_likelihood_with_the_noise_of_the_residuals_knows_as_much_as_their_squares() {
        let (mut fit, found) = fitted(MODEL);
        let review = fit.review(&found).unwrap();
        let squares = review.knowledge.unwrap();
        let width = (found.loss / 15.0).sqrt();
        let noisy = format!("{MODEL}[observables]\ny = {{ is = \"y\", noise = {width:e} }}\n");
        let (mut fit, found) = fitted(&noisy);
        let likely = fit.review(&found).unwrap();
        let known = likely.knowledge.unwrap();
        for (a, b) in known.parameters.iter().zip(&squares.parameters) {
            // The curvature of the residuals themselves is what makes the difference.
            close(a.unwrap().error, b.unwrap().error, 0.03);
        }
        assert!(!likely.residuals.unwrap().is_estimated && review.residuals.unwrap().is_estimated);
        // The standardised residuals are the same.
        for (a, b) in likely.comparisons.iter().zip(&review.comparisons) {
            assert!((a.standardised - b.standardised).abs() < 1e-3);
        }
    }

    #[test]
    fn standard_errors_of_what_is_known_sharply_are_those_of_the_linearised_fit() {
        // A frequency over a hundred periods: a thousandth more of it is another solution.
        let text = MODEL
            .replace("k = { value = 0.6, lower = 0.01 }", "k = 160.01")
            .replace("-k * y", "-y0 * k * sin(k * t)");
        let seen = |t: f64| 2.7 * (160.0 * t).cos();
        let (_, squares) = fitted_to(&text, seen);
        let width = (squares.loss / 15.0).sqrt();
        let likely = format!("{text}[observables]\ny = {{ is = \"y\", noise = {width:e} }}\n");
        let (_, found) = fitted_to(&likely, seen);
        for (a, b) in found.parameters.iter().zip(&squares.parameters) {
            close(a.standard_error.unwrap(), b.standard_error.unwrap(), 0.03);
        }
        assert!(found.parameters[1].standard_error.unwrap() < 1e-2);
    }

    #[test]
    fn standard_errors_of_what_hardly_differs_are_those_of_the_second_derivatives() {
        // Michaelis and Menten below saturation: it is the quotient of the two that the data tell.
        let text = MODEL
            .replace("-k * y", "-k * y / (m + y)")
            .replace("y0 = 3.0", "y0 = { value = 1.0, fixed = true }\nm = { value = 6.0, lower = 0.01, upper = 1e4 }")
            .replace("k = { value = 0.6,", "k = { value = 5.0, upper = 1e4,")
            .replace("rtol = 1e-9", "rtol = 1e-12")
            .replace("atol = 1e-11", "atol = 1e-14");
        let seen = |t: f64| {
            // y + 4 ln y = 1 - 4 t / 2
            (0..50).fold(0.5, |y: f64, _| {
                let off = y + 4.0 * y.ln() - 1.0 + 2.0 * t;
                (y - off / (1.0 + 4.0 / y)).max(0.1 * y)
            })
        };
        let (fit, found) = fitted_to(
            &format!("{text}[observables]\ny = {{ is = \"y\", noise = 0.02 }}\n"),
            seen,
        );
        let [[m, between], [_, k]] = second_derivatives(&fit.fitted(), ["m", "k"]);
        let determinant = m * k - between * between;
        for (parameter, variance) in found.parameters[1..].iter().zip([k, m]) {
            let expected = (variance / determinant).sqrt();
            // Both are far less certain than their quotient.
            assert!(
                expected > 0.2 * parameter.value,
                "{expected} {}",
                parameter.value
            );
            close(parameter.standard_error.unwrap(), expected, 1e-3);
        }
    }

    #[test]
    fn a_laplace_prior_has_curvature_at_its_kink_alone() {
        let with = |prior: &str| {
            let text = MODEL.replace("k = { value = 0.6, lower = 0.01 }", &format!("k = {prior}"));
            format!("{text}[observables]\ny = {{ is = \"y * exp(-k * t)\", noise = 0.5 }}\n")
        };
        // Away from the kink a straight line, within its width or not.
        let prior = "{ value = 0.6, prior = { laplace = [1.0, 2.0] } }";
        let (fit, found) = fitted(&with(prior));
        let [[y0, between], [_, k]] = second_derivatives(&fit.fitted(), ["y0", "k"]);
        let determinant = y0 * k - between * between;
        for (parameter, variance) in found.parameters.iter().zip([k, y0]) {
            let expected = (variance / determinant).sqrt();
            close(parameter.standard_error.unwrap(), expected, 1e-3);
        }
        // At it what it tells of the parameter, and the others have their own curvature.
        let (_, found) = fitted(&with("{ value = 0.6, prior = { laplace = [0.5, 1e-3] } }"));
        let (_, held) = fitted(&with("{ value = 0.5, fixed = true }"));
        close(found.parameters[1].value, 0.5, 1e-3);
        close(found.parameters[1].standard_error.unwrap(), 1e-3, 1e-2);
        let y0 = |found: &Found| found.parameters[0].standard_error.unwrap();
        close(y0(&found), y0(&held), 1e-3);
        assert_eq!(found.about_errors, None);
    }

    #[test]
    fn a_combination_without_influence_takes_errors_from_its_own_parameters_alone() {
        let text = MODEL
            .replace("-k * y", "-k * m * y")
            .replace("y0 = 3.0", "y0 = 3.0\nm = 1.2");
        let likely = "[observables]\ny = { is = \"y\", noise = 0.06 }\n";
        let (_, found) = fitted(&format!("{text}{likely}"));
        let has: Vec<bool> = found
            .parameters
            .iter()
            .map(|p| p.standard_error.is_some())
            .collect();
        assert_eq!(has, [true, false, false]);
        let (_, alone) = fitted(&format!("{MODEL}{likely}"));
        let y0 = |found: &Found| found.parameters[0].standard_error.unwrap();
        close(y0(&found), y0(&alone), 1e-3);
        assert!(
            found
                .about_errors
                .unwrap()
                .starts_with("no standard errors of m, k: ")
        );
        assert_eq!(alone.about_errors, None);
    }

    #[test]
    fn a_loss_without_errors_of_its_parameters_says_why() {
        let (_, found) = fitted(&format!("{MODEL}[fit]\nloss = \"absolute\"\n"));
        assert!(found.parameters.iter().all(|p| p.standard_error.is_none()));
        let why = found.about_errors.unwrap();
        assert!(
            why.starts_with("no standard errors: the loss absolute"),
            "{why}"
        );
    }

    #[test]
    fn the_profile_crosses_its_threshold_where_the_curvature_says() {
        let (mut fit, found) = fitted(MODEL);
        let review = fit.review(&found).unwrap();
        let (known, profile) = (review.knowledge.unwrap(), review.profile.unwrap());
        let interval = known.parameters[profile.parameter].unwrap().interval;
        let (low, high) = profile.interval();
        close(low.unwrap(), interval.0, 0.03);
        close(high.unwrap(), interval.1, 0.03);
        let least = profile
            .points
            .iter()
            .map(|(_, loss)| *loss)
            .fold(f64::INFINITY, f64::min);
        close(least, found.loss, 1e-9);
    }

    #[test]
    fn a_profile_takes_no_longer_than_the_fit_may() {
        let (mut fit, found) = fitted(MODEL);
        assert!(fit.review(&found).unwrap().profile.is_some());
        fit.model.fit.time_limit = Some(std::time::Duration::from_nanos(1));
        assert_eq!(fit.review(&found).unwrap().profile, None);
    }

    #[test]
    fn parameters_that_only_act_together_are_not_identifiable() {
        let text = MODEL
            .replace("-k * y", "-k * m * y")
            .replace("y0 = 3.0", "y0 = 3.0\nm = 1.2");
        let (mut fit, found) = fitted(&text);
        let review = fit.review(&found).unwrap();
        let known = review.knowledge.unwrap().parameters.into_iter();
        let standing: Vec<Standing> = known.map(|known| known.unwrap().standing).collect();
        assert_eq!(
            standing,
            [
                Standing::Identified,
                Standing::NotIdentified,
                Standing::NotIdentified
            ]
        );
        // The other makes up for any increase.
        assert_eq!(review.profile.unwrap().interval().1, None);
    }

    #[test]
    fn the_gradient_agrees_with_differences_along_one_direction() {
        let (mut fit, found) = fitted(MODEL);
        let checked = fit.review(&found).unwrap().checked.unwrap();
        close(checked.gradient, checked.differences, 1e-6);
        assert!(checked.gradient.abs() > 0.1);
        assert!((checked.gradient - checked.differences).abs() < checked.uncertainty);
    }

    #[test]
    fn the_direction_of_the_check_does_not_leave_the_bounds() {
        let text = MODEL.replace(
            "{ value = 0.6, lower = 0.01 }",
            "{ value = 0.6, upper = 0.6 }",
        );
        let (mut fit, found) = fitted(&text);
        let checked = fit.review(&found).unwrap().checked.unwrap();
        close(checked.gradient, checked.differences, 1e-6);
        assert!((checked.gradient - checked.differences).abs() < checked.uncertainty);
    }
}
