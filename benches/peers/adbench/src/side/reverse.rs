//! reverse: a tape of single numbers, recorded at every call.

use super::{Side, sum_of_squares};
use crate::number::{gmm, lstm, number, reprojection};
use crate::problem::{Bundle, Gmm, Lstm, Problems};
use reverse::{Gradient, Tape, Var};

number!(['a] Var<'a>, [Var], &);

fn largest(terms: &[Var<'_>]) -> f64 {
    terms
        .iter()
        .fold(f64::NEG_INFINITY, |most, term| most.max(term.val))
}

/// A function of θ on a new tape: its value, and its gradient if it is wanted.
fn run(
    theta: &[f64],
    f: impl for<'a> Fn(&[Var<'a>]) -> Var<'a>,
    gradient: Option<&mut Vec<f64>>,
) -> f64 {
    let tape = Tape::new();
    let theta = tape.add_vars(theta);
    let value = f(&theta);
    if let Some(gradient) = gradient {
        *gradient = value.grad().wrt(&theta);
    }
    value.val
}

pub struct ReverseGmm<'a>(&'a Gmm, Vec<f64>);

impl<'a> ReverseGmm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        ReverseGmm(&problem.gmm, Vec::new())
    }
}

impl Side for ReverseGmm<'_> {
    fn value(&mut self) -> f64 {
        run(&self.0.theta, |theta| gmm(self.0, theta, largest), None)
    }

    fn derivative(&mut self) -> bool {
        run(
            &self.0.theta,
            |theta| gmm(self.0, theta, largest),
            Some(&mut self.1),
        );
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.1.clone()
    }
}

pub struct ReverseBundle<'a> {
    problem: &'a Bundle,
    errors: Vec<f64>,
    entries: Vec<f64>,
}

impl<'a> ReverseBundle<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        ReverseBundle {
            problem: &problem.bundle,
            errors: vec![0.0; 2 * Bundle::OBSERVATIONS],
            entries: vec![0.0; 2 * Bundle::INPUTS * Bundle::OBSERVATIONS],
        }
    }

    fn run(&mut self, jacobian: bool) {
        let tape = Tape::new();
        for i in 0..Bundle::OBSERVATIONS {
            tape.clear();
            let inputs = self.problem.inputs(i).map(|x| tape.add_var(x));
            let errors = reprojection(&inputs, self.problem.feature(i));
            for (row, error) in errors.iter().enumerate() {
                self.errors[2 * i + row] = error.val;
                if jacobian {
                    let slopes = error.grad().wrt(&inputs);
                    self.entries[(2 * i + row) * Bundle::INPUTS..][..Bundle::INPUTS]
                        .copy_from_slice(&slopes);
                }
            }
        }
    }
}

impl Side for ReverseBundle<'_> {
    fn value(&mut self) -> f64 {
        self.run(false);
        sum_of_squares(&self.errors)
    }

    fn function(&mut self) {
        self.run(false);
    }

    fn derivative(&mut self) -> bool {
        self.run(true);
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.entries.clone()
    }
}

pub struct ReverseLstm<'a>(&'a Lstm, Vec<f64>);

impl<'a> ReverseLstm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        ReverseLstm(&problem.lstm, Vec::new())
    }
}

impl Side for ReverseLstm<'_> {
    fn value(&mut self) -> f64 {
        run(&self.0.theta, |theta| lstm(self.0, theta), None)
    }

    fn derivative(&mut self) -> bool {
        run(
            &self.0.theta,
            |theta| lstm(self.0, theta),
            Some(&mut self.1),
        );
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.1.clone()
    }
}
