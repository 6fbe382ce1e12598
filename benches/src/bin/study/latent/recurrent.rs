//! The baseline: a recurrent network that foretells each next position from those before it, and at last from its own.

use super::{B, Piece, RECURRENT, STEP, TIMES, UNIT, WHOLE, batch, data, error, recipe};
use costate_neural_ode::Error;
use costate_neural_ode::layer::{Gru, Layer, Linear, pieces};
use costate_neural_ode::train::optimizer::Adam;
use costate_neural_ode::train::training::Training;
use costate_tape::{Function, Program, Var};
use std::ops::ControlFlow::Continue;

/// What is seen, and how long it is to the next time, `[n, B, 3]`; the next time after the last is that behind the piece.
fn readings(batch: &[&Piece]) -> Vec<f64> {
    let n = batch[0].seen.len();
    let reading = |piece: &Piece, k: usize| {
        let (i, [x, y]) = piece.seen[k];
        let next = piece.seen.get(k + 1).map_or(TIMES, |(next, _)| *next);
        [x / UNIT, y / UNIT, STEP * (next - i) as f64]
    };
    let readings = (0..n).flat_map(|k| batch.iter().flat_map(move |piece| reading(piece, k)));
    readings.collect()
}

/// Trains on pieces of which n times are seen; the error on other pieces.
pub(super) fn learn(n: usize, iterations: u64) -> Result<f64, Error> {
    let (cell, readout) = (Gru::new(3, RECURRENT), Linear::new(RECURRENT, 2));
    let lengths = [cell.parameter_len(), readout.parameter_len()];
    let (len, sizes) = ([3 * n * B], [lengths.iter().sum()]);
    let inputs: [(&str, &[usize]); 2] = [("readings", &len), ("theta", &sizes)];
    let loss = Function::record(&inputs, |v| {
        let (readings, theta) = (v[0].reshape([n, B, 3]), pieces(v[1], &lengths));
        let reading = |k: usize| readings.slice(0, k..k + 1).reshape([B, 3]);
        let mut h = readings.full(0.0, [B, RECURRENT]);
        let mut off = Vec::new();
        for k in 0..n - 1 {
            h = cell.step(reading(k), h, theta[0]);
            off.push(readout.apply(h, theta[1]) - reading(k + 1).slice(1, 0..2));
        }
        let off = Var::concat(&off, 0);
        vec![(off * off).mean()]
    })?;
    let foretell = Function::record(&inputs, |v| {
        let (readings, theta) = (v[0].reshape([n, B, 3]), pieces(v[1], &lengths));
        let mut h = readings.full(0.0, [B, RECURRENT]);
        for k in 0..n {
            h = cell.step(readings.slice(0, k..k + 1).reshape([B, 3]), h, theta[0]);
        }
        let gap = readings.full(STEP, [B, 1]);
        let mut found = vec![readout.apply(h, theta[1])];
        for i in 1..TIMES {
            let reading = Var::concat(&[found[i - 1], gap], 1);
            h = cell.step(reading, h, theta[0]);
            found.push(readout.apply(h, theta[1]));
        }
        vec![Var::concat(&found, 0) * UNIT]
    })?;
    let gradient = Program::compile(&loss.value_and_gradient(&[1]))?;
    let mut workspace = gradient.workspace(1);
    let mut out = vec![0.0; gradient.output_len()];

    let train = data(1, WHOLE - TIMES, n);
    let start = [cell.initial::<f64>(1), readout.initial(2)].concat();
    let mut training = Training::new(start, Adam::new(0.01));
    training.run(
        &recipe(iterations),
        |k, theta, g| {
            let readings = readings(&batch(&train, k));
            gradient.eval(&mut workspace, 0, &[&readings, theta], &mut out);
            g.copy_from_slice(&out[1..]);
            Ok(out[0])
        },
        |_| Continue(()),
    );
    let foretell = Program::compile(&foretell)?;
    let mut workspace = foretell.workspace(1);
    error(&data(2, WHOLE - 2 * TIMES, n), |batch| {
        let mut found = vec![0.0; foretell.output_len()];
        let inputs: [&[f64]; 2] = [&readings(batch), &training.theta];
        foretell.eval(&mut workspace, 0, &inputs, &mut found);
        Ok(found)
    })
}
