//! Random windows of the data: short solutions that begin at measured states.

mod evaluate;
mod rows;
mod times;

use costate_neural_ode::GradientMethod;
use costate_neural_ode::gradient;
use costate_ode::Method;

use super::observer::Observer;
use super::penalties::Penalties;
use crate::condition::Pull;
use crate::data::Data;
use crate::error::{Error, Result};
use crate::field::{self, Layout};
use crate::hybrid::Arcs;
use crate::model::Model;
use crate::random::Random;
use rows::Rows;

/// Batches of windows, solved side by side. A window is a run of rows of the data; its solution starts from the measured states of
/// the first of them and is compared with the others.
pub(crate) struct Windows {
    size: usize,
    length: usize,
    seed: u64,
    rows: Rows,
    /// Experiments under the same conditions, whose windows can be solved side by side.
    groups: Vec<Group>,
    /// Measurements of all rows to fit: the batch's loss is scaled to as many.
    total: usize,
    observer: Observer,
    penalties: Penalties,
    /// For windows side by side; each by itself where something happens on the way.
    method: Option<Box<dyn GradientMethod<f64, f64>>>,
}

/// Rows at which a window can begin, with what formulas see there.
struct Group {
    condition: usize,
    starts: Vec<usize>,
    pull: Pull,
    arcs: Option<Arcs>,
}

impl Windows {
    /// # Errors
    /// If a state is not measured, or the data have too few rows in a run.
    pub(crate) fn new(model: &Model, data: &Data, solver: Method) -> Result<Self> {
        let settings = model.fit.batch.expect("a fit in windows");
        let wrong = |message: String| match &model.fit.batch_place {
            Some(place) => place.error(message).into(),
            None => Error::Argument(message),
        };
        if model.events.iter().any(|event| event.over.is_some()) {
            return Err(wrong(
                "a window cannot begin while an infusion runs: leave out 'batch'".into(),
            ));
        }
        let rows = Rows::new(model, data, wrong)?;
        let name = super::gradient_name(&model.fit.gradient);
        let mut groups: Vec<Group> = Vec::new();
        let firsts = 0..data.times().len();
        for first in firsts.filter(|&first| rows.is_run(first, settings.length)) {
            let condition = model.condition_of(data.experiment(first));
            let alike = |group: &Group| {
                model.conditions[group.condition].like(&model.conditions[condition])
            };
            match groups.iter_mut().find(|group| alike(group)) {
                Some(group) => group.starts.push(first),
                None => {
                    let under = model.under(condition);
                    groups.push(Group {
                        condition,
                        starts: vec![first],
                        pull: Pull::new(&under)?,
                        arcs: match under.is_hybrid() {
                            true => Some(Arcs::new(&under, name, solver)?),
                            false => None,
                        },
                    });
                }
            }
        }
        let most = groups.iter().map(|group| group.starts.len()).max();
        groups.retain(|group| group.starts.len() >= settings.size);
        if groups.is_empty() {
            return Err(wrong(format!(
                "{} windows of {} rows are asked for, but only {} rows of the data have all states measured and {} rows to fit after them{}",
                settings.size,
                settings.length,
                most.unwrap_or(0),
                settings.length - 1,
                if model.conditions.len() > 1 {
                    " in one experiment"
                } else {
                    ""
                }
            )));
        }
        let mut method = None;
        if groups.iter().any(|group| group.arcs.is_none()) {
            let field = field::compile(model, Layout::Windows(settings.size))?;
            let options = model.options(&field, settings.size);
            let like = vec![0.0; settings.size * model.states.len()];
            let made = gradient::by_name(name, field, &like, solver, options);
            method = Some(made.map_err(|error| model.refused(&error))?);
        }
        Ok(Windows {
            size: settings.size,
            length: settings.length,
            seed: model.fit.seed,
            rows,
            groups,
            total: data.count(true),
            observer: Observer::new(model)?,
            penalties: Penalties::new(model),
            method,
        })
    }

    /// The first rows of batch number `batch`, all different, and the group they are of.
    fn draw(&self, batch: u64) -> (usize, Vec<usize>) {
        let mut random = Random::new(self.seed, batch.wrapping_add(1));
        let mut group = 0;
        if self.groups.len() > 1 {
            let all = self.groups.iter().map(|group| group.starts.len()).sum();
            let mut chosen = random.below(all);
            while chosen >= self.groups[group].starts.len() {
                chosen -= self.groups[group].starts.len();
                group += 1;
            }
        }
        let mut starts = self.groups[group].starts.clone();
        for i in 0..self.size {
            let j = i + random.below(starts.len() - i);
            starts.swap(i, j);
        }
        starts.truncate(self.size);
        (group, starts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An autonomous network and a clock, so that the start of each window matters.
    const MODEL: &str = r#"
[states]
a = 1.0
b = 0.5
[parameters]
k = 0.7
[networks.net]
inputs = ["a", "b^2"]
outputs = ["u"]
hidden = [4]
l2 = 0.02
[equations]
a = "u - k * b * cos(t)"
b = "k * a - 0.1 * b"
[time]
start = 0.0
end = 3.0
[solver]
rtol = 1e-10
atol = 1e-12
[observables]
a = { is = "a" }
b = { is = "b" }
both = { is = "k * a + b^2 + t" }
[data]
file = "none.csv"
time = "t"
[fit]
batch = { size = 3, length = 4 }
seed = 2
"#;

    fn windows() -> (Model, Windows) {
        windows_of(MODEL)
    }

    fn windows_of(text: &str) -> (Model, Windows) {
        let mut model = Model::parse(text, "m.toml").unwrap();
        let weights = model.networks[0].weights.iter_mut().enumerate();
        weights.for_each(|(i, weight)| *weight = 0.5 * (1.0 + 1.7 * i as f64).sin());
        let rows = (0..12).map(|i| {
            let t = 0.25 * f64::from(i);
            let b = if i == 5 {
                String::new()
            } else {
                (0.5 + t.sin()).to_string()
            };
            format!("{t},{},{b},{}\n", 1.0 + 0.3 * t.cos(), 2.0 + t)
        });
        let text = format!("t,a,b,both\n{}", rows.collect::<String>());
        let names = ["a", "b", "both"].map(str::to_owned);
        let columns = crate::data::Columns::wide("t", &names);
        let data = Data::parse(std::path::Path::new("none.csv"), &text, &columns).unwrap();
        let windows = Windows::new(&model, &data, model.gradient_solver()).unwrap();
        (model, windows)
    }

    #[test]
    fn the_gradient_of_a_batch_is_the_slope_of_its_loss() {
        // Also where each window is at a time of its own, and sees other weights.
        let basis = "depth_basis = { kind = \"fourier\", terms = 3 }";
        let varying = MODEL.replace("l2 = 0.02", &format!("l2 = 0.02\n{basis}"));
        for text in [MODEL, &varying] {
            slopes(windows_of(text));
        }
    }

    fn slopes((model, mut windows): (Model, Windows)) {
        let theta = model.theta();
        let (_, gradient) = windows.evaluate(&theta, 7).unwrap();
        for k in 0..theta.len() {
            let mut at = |h: f64| {
                let mut theta = theta.clone();
                theta[k] += h;
                windows.evaluate(&theta, 7).unwrap().0
            };
            let mut central = |h: f64| (at(h) - at(-h)) / (2.0 * h);
            let expected = (4.0 * central(1e-3) - central(2e-3)) / 3.0;
            assert!(
                (gradient[k] - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                "{k}: {} {expected}",
                gradient[k]
            );
        }
    }

    #[test]
    fn a_window_would_begin_without_what_is_infused() {
        let infused = "[[events]]\nat = [1.0]\nadd = { a = 0.1 }\nover = 0.5\n";
        let model = Model::parse(&format!("{MODEL}{infused}"), "m.toml").unwrap();
        let columns = ["a", "b", "both"].map(str::to_owned);
        let columns = crate::data::Columns::wide("t", &columns);
        let text = "t,a,b,both\n0,1,1,1\n1,1,1,1\n2,1,1,1\n3,1,1,1\n";
        let data = Data::parse(std::path::Path::new("none.csv"), text, &columns).unwrap();
        let told = Windows::new(&model, &data, model.gradient_solver())
            .err()
            .unwrap();
        let told = told.to_string();
        assert!(
            told.contains("m.toml:29:9: a window cannot begin while an infusion runs"),
            "{told}"
        );
    }

    #[test]
    fn a_window_starts_where_all_states_are_measured_and_batches_differ() {
        let (_, windows) = windows();
        assert_eq!(windows.groups[0].starts, [0, 1, 2, 3, 4, 6, 7, 8]);
        assert_eq!(windows.draw(3), windows.draw(3));
        assert_ne!(windows.draw(3), windows.draw(4));
        let mut drawn = windows.draw(5).1;
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 3);
    }

    #[test]
    fn a_window_along_the_data_that_solve_the_model_has_no_loss() {
        let text = MODEL
            .replace("u - k * b * cos(t)", "-k * b * cos(t) + 0 * u")
            .replace("l2 = 0.02", "l2 = 0")
            .replace("both =", "# both =");
        let model = Model::parse(&text, "m.toml").unwrap();
        let solution = model.solve(&crate::Save::Grid(13)).unwrap();
        let row = |i: usize| {
            format!(
                "{},{},{}\n",
                solution.times[i],
                solution.row(i)[0],
                solution.row(i)[1]
            )
        };
        let text = format!("t,a,b\n{}", (0..13).map(row).collect::<String>());
        let names = ["a".to_owned(), "b".to_owned()];
        let columns = crate::data::Columns::wide("t", &names);
        let data = Data::parse(std::path::Path::new("none.csv"), &text, &columns).unwrap();
        let (loss, _) = Windows::new(&model, &data, model.gradient_solver())
            .unwrap()
            .evaluate(&model.theta(), 0)
            .unwrap();
        assert!(loss < 1e-15, "{loss}");
    }
}
