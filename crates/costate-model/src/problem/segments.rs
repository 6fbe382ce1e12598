//! Multiple shooting: solutions in segments, each from a state of its own, that are to meet.

use super::curriculum::{one_experiment, times_after};
use super::measurements::Measurements;
use super::objective::Objective;
use super::part::Stretch;
use crate::error::{Error, Result};
use crate::model::Model;

/// The loss along segments. Its θ is the model's with the state after it that each segment but the first of an experiment begins with.
///
/// The penalty of the gaps is Σ w_j gap_j², w_j = continuity · u / spread_j²: spread_j is the standard deviation of state j's measurements, or of the
/// states that segments begin with where it is not measured; u is what the loss of one measurement grows by, on average, if the prediction is the
/// observable's mean and not the measurement itself. So both are of one kind in any unit and for any loss.
///
/// # References
/// \[Bock1984\], where the gaps are constraints of the optimisation; here a penalty that grows closes them, so that any optimiser can work with it.
pub(crate) struct Segments {
    pub(crate) objective: Objective,
    /// The states at first: as measured, or else where the segment before ends.
    pub(crate) start: Vec<f64>,
    /// The spread of each state.
    pub(crate) spread: Vec<f64>,
    /// w_j at first.
    weights: Vec<f64>,
}

impl Segments {
    /// # Errors
    /// As [`Objective::new`].
    pub(crate) fn new(model: &Model, measurements: &[(usize, Measurements)]) -> Result<Self> {
        let n = model.states.len();
        let mut theta = model.theta();
        let own = theta.len();
        let all = measurements.to_vec();
        let mut objective = Objective::along(model, all, |condition, own| {
            let start = model.under(condition).span().0;
            let stretches = cut(own, start, model.fit.segments, (theta.len(), n));
            for stretch in &stretches[..stretches.len() - 1] {
                let at = stretch.end();
                theta.extend((0..n).map(|state| measured_state(model, own, state, at)));
            }
            stretches
        })?;
        let column = |observable: usize| -> Vec<f64> {
            let points = measurements.iter().flat_map(|(_, own)| &own.points);
            let own = points.filter(|point| point.observable == observable);
            own.map(|point| point.value).collect()
        };
        let means: Vec<f64> = (0..model.observables.len())
            .map(|observable| mean(&column(observable)))
            .collect();
        let wrong = mean(&objective.march(&mut theta, &means));
        let start = theta.split_off(own);
        let spread = |state: usize| {
            let values = match observable_of(model, state) {
                Some(observable) => column(observable),
                None => start.iter().skip(state).step_by(n).copied().collect(),
            };
            let largest = values.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let usable = |x: &f64| x.is_finite() && *x > 0.0;
            let deviation = Some(deviation(&values)).filter(usable);
            deviation.or(Some(largest).filter(usable)).unwrap_or(1.0)
        };
        let spread: Vec<f64> = (0..n).map(spread).collect();
        let unit = if wrong.is_finite() && wrong > 0.0 {
            wrong
        } else {
            1.0
        };
        let weight = |spread: &f64| model.fit.continuity * unit / (spread * spread); // book: (gaps)
        Ok(Segments {
            weights: spread.iter().map(weight).collect(),
            objective,
            start,
            spread,
        })
    }

    /// Takes the penalty of the gaps times a factor.
    pub(crate) fn weigh(&mut self, factor: f64) {
        let weights: Vec<f64> = self.weights.iter().map(|w| factor * w).collect();
        self.objective.weigh_gaps(&weights);
    }

    /// # Errors
    /// More segments than the data can fill.
    pub(crate) fn check(model: &Model, measurements: &[(usize, Measurements)]) -> Result<()> {
        let after = |(condition, own): &(usize, Measurements)| {
            times_after(own, model.under(*condition).span().0).1
        };
        let most = measurements.iter().map(after).max().unwrap_or(0);
        let segments = model.fit.segments;
        let wrong = |message: String| match &model.fit.segments_place {
            Some(place) => place.error(message).into(),
            None => Error::Argument(message),
        };
        if segments > 1 && segments > most {
            return Err(wrong(format!(
                "{segments} segments are asked for, but there are {most} measured times after the start{}, and each segment needs one: take at most {}",
                one_experiment(measurements),
                most.max(1)
            )));
        }
        if segments > 1 && model.events.iter().any(|event| event.over.is_some()) {
            return Err(wrong(
                "a segment cannot begin while an infusion runs: leave out 'segments', or take 'curriculum'".into(),
            ));
        }
        Ok(())
    }

    /// How many states segments begin with beside the experiments' own.
    pub(crate) fn joints(model: &Model, measurements: &[(usize, Measurements)]) -> usize {
        let of = |(condition, own): &(usize, Measurements)| {
            let after = times_after(own, model.under(*condition).span().0).1;
            model.fit.segments.min(after).saturating_sub(1)
        };
        measurements.iter().map(of).sum()
    }
}

/// So many stretches with as many measured times each as possible, or one for each time; the states between them stand in θ one after another.
fn cut(
    measurements: &Measurements,
    start: f64,
    segments: usize,
    (first, states): (usize, usize),
) -> Vec<Stretch> {
    let (at, after) = times_after(measurements, start);
    let count = segments.min(after).max(1);
    let end = |k: usize| at + after * k / count;
    let place = |k: usize| first + (k - 1) * states;
    let segment = |k: usize| {
        let from = if k == 0 { 0 } else { end(k) };
        Stretch::new(measurements, from..end(k + 1))
            .beginning((k > 0).then(|| place(k)))
            .meeting((k + 1 < count).then(|| place(k + 1)))
    };
    match count {
        1 => vec![Stretch::whole(measurements)],
        _ => (0..count).map(segment).collect(),
    }
}

/// The observable that measures a state as it is.
fn observable_of(model: &Model, state: usize) -> Option<usize> {
    let observables = &model.observables;
    observables.iter().position(|o| o.state == Some(state))
}

/// What is measured of a state at a time, or between the times beside it; NaN where it is not measured as it is.
fn measured_state(model: &Model, measurements: &Measurements, state: usize, time: usize) -> f64 {
    let Some(observable) = observable_of(model, state) else {
        return f64::NAN;
    };
    let own = |point: &&crate::problem::measurements::Point| point.observable == observable;
    let points: Vec<_> = measurements.points.iter().filter(own).collect();
    let at = |time: usize| {
        let there = points.iter().filter(|point| point.time == time);
        mean(&there.map(|point| point.value).collect::<Vec<_>>())
    };
    let before = points.iter().map(|p| p.time).filter(|t| *t <= time).max();
    let after = points.iter().map(|p| p.time).filter(|t| *t >= time).min();
    match (before, after) {
        (Some(a), Some(b)) if a != b => {
            let [ta, tb, t] = [a, b, time].map(|i| measurements.times[i]);
            at(a) + (at(b) - at(a)) * (t - ta) / (tb - ta)
        }
        (Some(one), _) | (None, Some(one)) => at(one),
        (None, None) => f64::NAN,
    }
}

/// NaN of nothing.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    (squares / values.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Columns, Data};

    /// Times, initial values and observables that depend on parameters, and a state that is not measured as it is.
    const MODEL: &str = r#"
[states]
x = "x0 * k"
y = 0.6
[parameters]
x0 = 1.7
k = 0.9
[equations]
x = "-k * x * cos(t) + 0.3 * y"
y = "k * x - y^2"
[time]
start = "0.2 * k"
end = "3.2 * k"
[solver]
rtol = 1e-10
atol = 1e-12
[observables]
a = { is = "x" }
b = { is = "exp(y) + k * t" }
[data]
file = "none.csv"
time = "t"
[fit]
segments = 3
"#;
    const EVENT: &str = "[[events]]\nwhen = \"x - 1.2\"\nset = { y = \"0.5 * y + k\" }\n[[events]]\nat = [1.5]\nadd = { x = \"x0\" }\n";
    const DATA: &str =
        "t,a,b\n0.5,1.6,\n1.1,1.5,2.9\n1.7,1.2,2.5\n2.2,,2.2\n2.6,1.0,2.2\n2.7,0.9,2.0\n";

    fn measured(text: &str, data: &str) -> (Model, Vec<(usize, Measurements)>) {
        let model = Model::parse(text, "m.toml").unwrap();
        let names = ["a".to_owned(), "b".to_owned()];
        let columns = Columns::wide("t", &names);
        let data = Data::parse(std::path::Path::new("none.csv"), data, &columns).unwrap();
        let measurements = Measurements::all(&model, &data, true).unwrap();
        (model, measurements)
    }

    /// θ with states that do not meet.
    fn apart(model: &Model, segments: &Segments) -> Vec<f64> {
        let moved = segments.start.iter().enumerate();
        let moved = moved.map(|(i, state)| state + 0.1 * (1.0 + 1.7 * i as f64).sin());
        model.theta().into_iter().chain(moved).collect()
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss_by_parameters_and_states() {
        for text in [MODEL.to_owned(), format!("{MODEL}{EVENT}")] {
            let (model, measurements) = measured(&text, DATA);
            let mut segments = Segments::new(&model, &measurements).unwrap();
            segments.weigh(3.0);
            let theta = apart(&model, &segments);
            assert_eq!(theta.len(), 2 + 2 * 2);
            let objective = &mut segments.objective;
            let found = objective.evaluate(&theta).unwrap();
            let residuals = objective.residuals(&model, &theta).unwrap().clone();
            let sum = residuals.loss;
            assert!(
                (sum / found.loss - 1.0).abs() < 1e-12,
                "{sum} {}",
                found.loss
            );
            for k in 0..theta.len() {
                let mut at = |h: f64| {
                    let mut theta = theta.clone();
                    theta[k] += h;
                    objective.evaluate(&theta).unwrap().loss
                };
                let mut central = |h: f64| (at(h) - at(-h)) / (2.0 * h);
                let expected = (4.0 * central(1e-3) - central(2e-3)) / 3.0;
                let rows = residuals.values.iter();
                let rows = rows.zip(residuals.jacobian.chunks_exact(theta.len()));
                let by_residuals: f64 = rows.map(|(r, row)| 2.0 * r * row[k]).sum();
                for gradient in [found.theta[k], by_residuals] {
                    let close = (gradient - expected).abs() < 1e-6 * (1.0 + expected.abs());
                    assert!(close, "{k}: {gradient} {expected}\n{text}");
                }
                assert!(expected.abs() > 1e-3, "component {k} tests nothing");
            }
        }
    }

    #[test]
    fn segments_that_meet_are_one_solution() {
        // Also where something happens on the way, and at the very time of a cut: a saved state is that before it.
        let at_a_cut = "[[events]]\nat = [1.1]\nadd = { x = \"0.4 * k\" }\n";
        for more in ["", EVENT, at_a_cut] {
            one_solution(&format!("{MODEL}{more}"));
        }
    }

    fn one_solution(text: &str) {
        let (model, measurements) = measured(text, DATA);
        let mut segments = Segments::new(&model, &measurements).unwrap();
        let mut whole = Objective::new(&model, measurements).unwrap();
        let cuts = crate::Save::At(vec![1.1, 2.2]);
        let states = model.solve(&cuts).unwrap().values;
        let theta = [model.theta(), states].concat();
        segments.weigh(1000.0);
        let loss = segments.objective.evaluate(&theta).unwrap().loss;
        let one = whole.evaluate(&model.theta()).unwrap().loss;
        assert!((loss / one - 1.0).abs() < 1e-8, "{loss} {one}\n{text}");
        let gaps = segments.objective.gaps(&theta).unwrap();
        assert_eq!(
            gaps.iter().map(|(_, t, _)| *t).collect::<Vec<_>>(),
            [1.1, 2.2]
        );
        let all = gaps.iter().flat_map(|(_, _, gaps)| gaps);
        assert!(all.clone().count() == 4 && all.clone().all(|gap| gap.abs() < 1e-8));
    }

    #[test]
    fn segments_begin_as_measured_or_where_the_one_before_ends() {
        let (model, measurements) = measured(MODEL, DATA);
        let segments = Segments::new(&model, &measurements).unwrap();
        // a is measured at 1.1, and lies between its neighbours at 2.2.
        let between = 1.2 + (1.0 - 1.2) * (2.2 - 1.7) / (2.6 - 1.7);
        assert_eq!(segments.start[0], 1.5);
        assert!((segments.start[2] - between).abs() < 1e-14);
        // y is not measured as it is: from its own start to 1.1, and from there with a as it was measured.
        let first = model.solve(&crate::Save::At(vec![1.1])).unwrap();
        assert!((segments.start[1] - first.row(0)[1]).abs() < 1e-6);
        let text = MODEL
            .replace(
                "\"x0 * k\"\ny = 0.6",
                &format!("1.5\ny = {}", first.row(0)[1]),
            )
            .replace("\"0.2 * k\"", "1.1");
        let second = Model::parse(&text, "m.toml").unwrap();
        let second = second.solve(&crate::Save::At(vec![2.2])).unwrap();
        assert!((segments.start[3] - second.row(0)[1]).abs() < 1e-6);
    }

    #[test]
    fn the_penalty_does_not_depend_on_the_unit() {
        let of = |unit: f64| {
            let text = "[states]\na = 1.0\n[parameters]\nk = 0.5\n[equations]\na = \"-k * a\"\n[time]\nstart = 0\nend = 3\n[solver]\natol = 1e-18\n\
                [data]\nfile = \"none.csv\"\ntime = \"t\"\n[fit]\nsegments = 2\n";
            let text = text.replace("a = 1.0", &format!("a = {unit:e}"));
            let data = format!(
                "t,a,b\n1,{:e},\n2,{:e},\n3,{:e},\n",
                0.7 * unit,
                0.6 * unit,
                0.2 * unit
            );
            let model = Model::parse(&text, "m.toml").unwrap();
            let columns = ["a".to_owned()];
            let columns = Columns::wide("t", &columns);
            let data = data.replace(",a,b", ",a").replace(",\n", "\n");
            let data = Data::parse(std::path::Path::new("none.csv"), &data, &columns).unwrap();
            let measurements = Measurements::all(&model, &data, true).unwrap();
            let mut segments = Segments::new(&model, &measurements).unwrap();
            segments.weigh(1.0);
            let theta = [model.theta(), vec![0.4 * unit]].concat();
            segments.objective.evaluate(&theta).unwrap().loss / unit.powi(2)
        };
        let one = of(1.0);
        assert!(one > 0.1);
        for unit in [1e-9, 1e6] {
            assert!(
                (of(unit) / one - 1.0).abs() < 1e-4,
                "{unit}: {} {one}",
                of(unit)
            );
        }
    }
}
