//! Who takes part, and what each does.

mod burn;
mod candle;
mod costate;
mod dual;
mod native;
mod reverse;

use crate::problem::{Bundle, Gmm, Problems};

/// A way to compute a function and its gradient or Jacobian.
pub trait Side {
    /// The function's value; for residuals, the sum of their squares.
    fn value(&mut self) -> f64;

    /// The function alone, as it is timed.
    fn function(&mut self) {
        std::hint::black_box(self.value());
    }

    /// The derivative, as it is timed. False if there is none.
    fn derivative(&mut self) -> bool {
        false
    }

    /// The derivative that was computed last: for residuals \[observation, error, input\].
    fn answer(&self) -> Vec<f64> {
        Vec::new()
    }
}

/// A side by its name.
pub type Contestant<'a> = (&'static str, Box<dyn Side + 'a>);

/// Everyone for each problem; the first is code by hand, the second what the derivatives are compared with.
pub fn all(problems: &Problems) -> [(&'static str, Vec<Contestant<'_>>); 3] {
    [
        (
            "gmm",
            vec![
                ("by hand", Box::new(native::NativeGmm::new(problems))),
                ("costate", Box::new(costate::CostateGmm::new(problems))),
                ("num-dual", Box::new(dual::DualGmm::new(problems))),
                ("reverse", Box::new(reverse::ReverseGmm::new(problems))),
                ("burn", Box::new(burn::BurnGmm::new(problems))),
                ("candle", Box::new(candle::CandleGmm::new(problems))),
            ],
        ),
        (
            "bundle",
            vec![
                ("by hand", Box::new(native::NativeBundle::new(problems))),
                ("costate", Box::new(costate::CostateBundle::new(problems))),
                ("num-dual", Box::new(dual::DualBundle::new(problems))),
                ("reverse", Box::new(reverse::ReverseBundle::new(problems))),
                ("burn", Box::new(burn::BurnBundle::new(problems))),
                ("candle", Box::new(candle::CandleBundle::new(problems))),
            ],
        ),
        (
            "lstm",
            vec![
                ("by hand", Box::new(native::NativeLstm::new(problems))),
                ("costate", Box::new(costate::CostateLstm::new(problems))),
                ("num-dual", Box::new(dual::DualLstm::new(problems))),
                ("reverse", Box::new(reverse::ReverseLstm::new(problems))),
                ("burn", Box::new(burn::BurnLstm::new(problems))),
                ("candle", Box::new(candle::CandleLstm::new(problems))),
            ],
        ),
    ]
}

pub fn sum_of_squares(errors: &[f64]) -> f64 {
    errors.iter().map(|x| x * x).sum()
}

/// Of each observation some numbers, as a row of all observations for each number.
fn columns<const M: usize>(of: impl Fn(usize) -> [f64; M]) -> [Vec<f64>; M] {
    let mut columns = [(); M].map(|()| Vec::with_capacity(Bundle::OBSERVATIONS));
    for i in 0..Bundle::OBSERVATIONS {
        for (column, x) in columns.iter_mut().zip(of(i)) {
            column.push(x);
        }
    }
    columns
}

/// \[error\]\[input\]\[observation\] as \[observation, error, input\].
fn by_observation(entries: &[Vec<f64>]) -> Vec<f64> {
    (0..Bundle::OBSERVATIONS)
        .flat_map(|i| entries.iter().map(move |entry| entry[i]))
        .collect()
}

/// Where each element of a lower triangular matrix stands in a root that is followed by a zero.
fn matrix_places() -> Vec<u32> {
    let d = Gmm::D;
    let mut places = vec![Gmm::ROOT as u32; d * d];
    let columns = (0..d).flat_map(|column| (column + 1..d).map(move |row| row * d + column));
    for (i, place) in (0..d).map(|i| i * (d + 1)).chain(columns).enumerate() {
        places[place] = i as u32;
    }
    places
}
