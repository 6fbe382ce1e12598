//! The functions that networks have learned, along one input at a time.

use super::Experiment;
use crate::data::Data;
use crate::error::Result;
use crate::field::{self, Map};
use crate::scope::Resolved;
use crate::trajectory::{Save, Trajectory};

/// Points of a trajectory.
const ALONG: usize = 200;
/// Points of a curve.
const FINE: usize = 121;
/// More inputs than this are not drawn.
const MOST_INPUTS: usize = 8;

/// A network as a function of each of its inputs.
///
/// One stands in [`Review::learned`](crate::Review) for each network of the model; `costate fit` draws them in its report.
#[derive(Clone, Debug)]
pub struct Learned {
    /// The network.
    pub name: String,
    /// The names of its outputs.
    pub outputs: Vec<String>,
    /// One for each input, and one for the time where the weights vary with it.
    pub slices: Vec<Slice>,
}

/// A network along one input, or along t where its weights vary with it; the others at their medians along the solutions.
///
/// ```
/// use costate_model::{Fit, Model};
///
/// let mut fit = Fit::new(Model::open("examples/lynx-hare-hybrid.toml")?)?;
/// fit.advance()?;
/// let found = fit.found()?;
/// let review = fit.review(&found)?;
/// let along = &review.learned[0].slices[0];
/// assert!(along.taught.0 < along.taught.1 && along.held.len() == review.learned[0].slices.len() - 1);
/// assert!(along.curves.iter().all(|curve| curve.len() == along.values.len()));
/// # Ok::<(), costate_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Slice {
    /// The input as it is written in the model file; `t` for the time that weights vary with.
    pub input: String,
    /// The range of the input along the solutions: where the data have taught something.
    pub taught: (f64, f64),
    /// Values of the input.
    pub values: Vec<f64>,
    /// Each output at these values.
    pub curves: Vec<Vec<f64>>,
    /// Where the other inputs are held: their formulas and values.
    pub held: Vec<(String, f64)>,
}

pub(super) fn learned(experiments: &[Experiment], data: &Data) -> Result<Vec<Learned>> {
    let Some(Experiment { model, .. }) = experiments.first() else {
        return Ok(Vec::new());
    };
    if model.networks.is_empty() {
        return Ok(Vec::new());
    }
    let solve = |experiment: &Experiment| {
        let solution = experiment.model.solve_fitted(data, &Save::Grid(ALONG))?;
        Ok(solution.unwrap_or_default())
    };
    let solutions: Vec<Trajectory> = experiments.iter().map(solve).collect::<Result<_>>()?;
    let mut all = Vec::new();
    for (n, network) in model.networks.iter().enumerate() {
        let formulas: Vec<&Resolved> = model.parts.networks[n].iter().collect();
        let count = formulas.len();
        // The time is the last column.
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); count + 1];
        for (Experiment { model, .. }, solution) in experiments.iter().zip(&solutions) {
            let mut map = Map::new(model, &field::values(model, &formulas)?)?;
            map.set_parameters(&model.phi());
            let mut row = vec![0.0; count + 1];
            for (i, &t) in solution.times.iter().enumerate() {
                map.eval(0, solution.row(i), t, &mut row[..count]);
                row[count] = t;
                columns
                    .iter_mut()
                    .zip(&row)
                    .for_each(|(column, &x)| column.push(x));
            }
        }
        columns
            .iter_mut()
            .for_each(|column| column.sort_by(f64::total_cmp));
        let medians: Vec<f64> = columns
            .iter()
            .map(|column| column[column.len() / 2])
            .collect();
        let written = |i: usize| formulas.get(i).map_or("t".into(), |f| as_written(f));
        let varies = network.depth().is_some();
        let time = varies.then_some(count);
        let slices = (0..count.min(MOST_INPUTS)).chain(time).map(|i| {
            let (low, high) = (columns[i][0], columns[i][columns[i].len() - 1]);
            let room = 0.3 * (high - low).max(1e-6);
            let mut inputs = medians.clone();
            let mut curves = vec![Vec::new(); network.outputs().len()];
            let values: Vec<f64> = (0..FINE)
                .map(|k| low - room + (high - low + 2.0 * room) * k as f64 / (FINE - 1) as f64)
                .collect();
            for &value in &values {
                inputs[i] = value;
                let outputs = network.eval(&inputs[..count], inputs[count]);
                curves
                    .iter_mut()
                    .zip(outputs)
                    .for_each(|(curve, y)| curve.push(y));
            }
            Slice {
                input: written(i),
                taught: (low, high),
                values,
                curves,
                held: (0..count)
                    .chain(time)
                    .filter(|&j| j != i)
                    .map(|j| (written(j), medians[j]))
                    .collect(),
            }
        });
        all.push(Learned {
            name: network.name().to_owned(),
            outputs: network.outputs().to_vec(),
            slices: slices.collect(),
        });
    }
    Ok(all)
}

/// The text of a formula in the model file.
fn as_written(formula: &Resolved) -> String {
    let place = formula.formula.place();
    let text = place
        .source
        .text
        .get(place.span.clone())
        .unwrap_or_default();
    text.trim_matches(['"', '\'', ' ']).to_owned()
}
