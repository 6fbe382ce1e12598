//! num-dual: forward mode. A gradient of many parameters takes many passes.

use super::{Side, sum_of_squares};
use crate::number::{gmm, lstm, number, reprojection};
use crate::problem::{Bundle, Gmm, Lstm, Problems};
use nalgebra::{Const, SVector};
use num_dual::{Derivative, DualNum, DualSVec64};

/// Directions of a pass.
const N: usize = 16;
number!([const D: usize] DualSVec64<D>, [DualNum], &);

/// θ, with derivatives to the parameters from `first` on.
fn seeded(theta: &[f64], first: usize) -> Vec<DualSVec64<N>> {
    let seeded = theta
        .iter()
        .enumerate()
        .map(|(i, &x)| match i.checked_sub(first) {
            Some(direction) if direction < N => {
                DualSVec64::new(x, Derivative::derivative_generic(Const, Const, direction))
            }
            _ => DualSVec64::from_re(x),
        });
    seeded.collect()
}

/// A gradient, N parameters a pass.
fn gradient(theta: &[f64], f: impl Fn(&[DualSVec64<N>]) -> DualSVec64<N>, gradient: &mut [f64]) {
    for first in (0..theta.len()).step_by(N) {
        let slopes = f(&seeded(theta, first))
            .eps
            .unwrap_generic(Const::<N>, Const::<1>);
        let some = N.min(theta.len() - first);
        gradient[first..first + some].copy_from_slice(&slopes.as_slice()[..some]);
    }
}

fn largest(terms: &[DualSVec64<N>]) -> f64 {
    terms
        .iter()
        .fold(f64::NEG_INFINITY, |most, term| most.max(term.re))
}

pub struct DualGmm<'a>(&'a Gmm, Vec<f64>);

impl<'a> DualGmm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        DualGmm(&problem.gmm, vec![0.0; Gmm::PARAMETERS])
    }
}

impl Side for DualGmm<'_> {
    fn value(&mut self) -> f64 {
        gmm(
            self.0,
            &self
                .0
                .theta
                .iter()
                .map(|&x| DualSVec64::from_re(x))
                .collect::<Vec<_>>(),
            largest,
        )
        .re
    }

    fn derivative(&mut self) -> bool {
        gradient(
            &self.0.theta,
            |theta| gmm(self.0, theta, largest),
            &mut self.1,
        );
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.1.clone()
    }
}

pub struct DualBundle<'a> {
    problem: &'a Bundle,
    errors: Vec<f64>,
    entries: Vec<f64>,
}

impl<'a> DualBundle<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        DualBundle {
            problem: &problem.bundle,
            errors: vec![0.0; 2 * Bundle::OBSERVATIONS],
            entries: vec![0.0; 2 * Bundle::INPUTS * Bundle::OBSERVATIONS],
        }
    }
}

impl Side for DualBundle<'_> {
    fn value(&mut self) -> f64 {
        self.function();
        sum_of_squares(&self.errors)
    }

    fn function(&mut self) {
        for i in 0..Bundle::OBSERVATIONS {
            // Duals without directions are as good as plain numbers.
            let inputs = self.problem.inputs(i).map(DualSVec64::<1>::from_re);
            let errors = reprojection(&inputs, self.problem.feature(i));
            self.errors[2 * i..][..2].copy_from_slice(&errors.map(|error| error.re));
        }
    }

    fn derivative(&mut self) -> bool {
        for i in 0..Bundle::OBSERVATIONS {
            let feature = self.problem.feature(i);
            let inputs = SVector::from(self.problem.inputs(i));
            let (_, jacobian) = num_dual::jacobian(
                |inputs: SVector<DualSVec64<{ Bundle::INPUTS }>, { Bundle::INPUTS }>| {
                    SVector::from(reprojection(&inputs.into(), feature))
                },
                &inputs,
            );
            for (row, to) in self.entries[2 * Bundle::INPUTS * i..]
                .chunks_exact_mut(Bundle::INPUTS)
                .take(2)
                .enumerate()
            {
                (0..Bundle::INPUTS).for_each(|j| to[j] = jacobian[(row, j)]);
            }
        }
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.entries.clone()
    }
}

pub struct DualLstm<'a>(&'a Lstm, Vec<f64>);

impl<'a> DualLstm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        DualLstm(&problem.lstm, vec![0.0; Lstm::PARAMETERS])
    }
}

impl Side for DualLstm<'_> {
    fn value(&mut self) -> f64 {
        lstm(
            self.0,
            &self
                .0
                .theta
                .iter()
                .map(|&x| DualSVec64::<N>::from_re(x))
                .collect::<Vec<_>>(),
        )
        .re
    }

    fn derivative(&mut self) -> bool {
        gradient(&self.0.theta, |theta| lstm(self.0, theta), &mut self.1);
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.1.clone()
    }
}
