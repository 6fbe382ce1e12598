//! candle: arrays, on the processor, in f64.

use super::{Side, sum_of_squares};
use crate::problem::{Bundle, Gmm, Lstm, Problems};
use candle_core::{Device, Result, Tensor, Var};

fn array(numbers: &[f64], shape: &[usize]) -> Tensor {
    Tensor::from_slice(numbers, shape, &Device::Cpu).expect("the numbers fill the shape")
}

fn variable(numbers: &[f64]) -> Var {
    Var::from_tensor(&array(numbers, &[numbers.len()])).expect("a copy")
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor
        .flatten_all()
        .and_then(|tensor| tensor.to_vec1())
        .expect("they are f64")
}

/// The gradient of a function of θ, as a number.
fn gradient(theta: &[f64], f: impl Fn(&Tensor) -> Result<Tensor>) -> Vec<f64> {
    let theta = variable(theta);
    let gradients = f(&theta)
        .and_then(|value| value.backward())
        .expect("the shapes fit");
    numbers(gradients.get(&theta).expect("it is a variable"))
}

fn value(theta: &[f64], f: impl Fn(&Tensor) -> Result<Tensor>) -> f64 {
    let value = f(&array(theta, &[theta.len()])).and_then(|value| value.to_scalar());
    value.expect("the shapes fit")
}

pub struct CandleGmm<'a> {
    problem: &'a Gmm,
    /// \[d, n\]
    x: Tensor,
    places: Tensor,
    gradient: Vec<f64>,
}

impl<'a> CandleGmm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        let problem = &problem.gmm;
        let x = array(&problem.x, &[Gmm::N, Gmm::D])
            .t()
            .and_then(|x| x.contiguous())
            .expect("a matrix");
        let places = Tensor::from_slice(&super::matrix_places(), Gmm::D * Gmm::D, &Device::Cpu)
            .expect("a row");
        CandleGmm {
            problem,
            x,
            places,
            gradient: Vec::new(),
        }
    }

    fn of(&self, theta: &Tensor) -> Result<Tensor> {
        let (k, d) = (Gmm::K, Gmm::D);
        let alphas = theta.narrow(0, 0, k)?;
        let means = theta.narrow(0, Gmm::MEANS, k * d)?.reshape((k, 1, d))?;
        let roots = theta
            .narrow(0, Gmm::ROOTS, k * Gmm::ROOT)?
            .reshape((k, Gmm::ROOT))?;
        let logarithms = roots.narrow(1, 0, d)?;
        let root = Tensor::cat(
            &[&logarithms.exp()?, &roots.narrow(1, d, Gmm::ROOT - d)?],
            1,
        )?;
        let zero = array(&[0.0; Gmm::K], &[k, 1]);
        let matrices = Tensor::cat(&[&root, &zero], 1)?
            .index_select(&self.places, 1)?
            .reshape((k, d, d))?;
        let shifts = matrices
            .broadcast_mul(&means)?
            .sum(2)?
            .reshape((k * d, 1))?;
        let rows = matrices
            .reshape((k * d, d))?
            .matmul(&self.x)?
            .broadcast_sub(&shifts)?;
        let squares = rows.sqr()?.reshape((k, d, Gmm::N))?.sum(1)?;
        let terms = (&alphas + logarithms.sum(1)?)?.reshape((k, 1))?;
        let inner = terms.broadcast_sub(&(squares * 0.5)?)?;
        let mixture = inner.log_sum_exp(0)?.sum_all()?;
        let prior = (root.sqr()?.sum_all()? * 0.5)?;
        ((mixture + prior)? - (alphas.log_sum_exp(0)? * Gmm::N as f64)?)? + Gmm::constant()
    }
}

impl Side for CandleGmm<'_> {
    fn value(&mut self) -> f64 {
        value(&self.problem.theta, |theta| self.of(theta))
    }

    fn derivative(&mut self) -> bool {
        self.gradient = gradient(&self.problem.theta, |theta| self.of(theta));
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.gradient.clone()
    }
}

pub struct CandleBundle<'a> {
    problem: &'a Bundle,
    features: [Tensor; 2],
    errors: Vec<f64>,
    /// \[2\]\[15\], each over all observations.
    entries: Vec<Vec<f64>>,
}

impl<'a> CandleBundle<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        let problem = &problem.bundle;
        let features =
            super::columns(|i| problem.feature(i)).map(|column| array(&column, &[column.len()]));
        CandleBundle {
            problem,
            features,
            errors: Vec::new(),
            entries: Vec::new(),
        }
    }

    fn errors(&self, inputs: &[Var]) -> Result<[Tensor; 2]> {
        let [r0, r1, r2, c0, c1, c2, f, u, v, k1, k2, x, y, z, w]: [&Tensor; 15] =
            std::array::from_fn(|i| inputs[i].as_tensor());
        let (x, y, z) = ((x - c0)?, (y - c1)?, (z - c2)?);
        let angle = ((r0.sqr()? + r1.sqr()?)? + r2.sqr()?)?.sqrt()?;
        let (cos, sin) = (angle.cos()?, angle.sin()?);
        let (n0, n1, n2) = ((r0 / &angle)?, (r1 / &angle)?, (r2 / &angle)?);
        let along = (((&n0 * &x)? + (&n1 * &y)?)? + (&n2 * &z)?)?;
        let along = (along * cos.affine(-1.0, 1.0)?)?;
        let turn = |x: &Tensor, cross: Tensor, n: &Tensor| {
            ((x * &cos)? + (cross * &sin)?)? + (n * &along)?
        };
        let a = turn(&x, ((&n1 * &z)? - (&n2 * &y)?)?, &n0)?;
        let b = turn(&y, ((&n2 * &x)? - (&n0 * &z)?)?, &n1)?;
        let c = turn(&z, ((&n0 * &y)? - (&n1 * &x)?)?, &n2)?;
        let (p, q) = ((a / &c)?, (b / &c)?);
        let square = (p.sqr()? + q.sqr()?)?;
        let distortion = (((k1 * &square)? + (k2 * square.sqr()?)?)? + 1.0)?;
        let error = |p: &Tensor, centre: &Tensor, feature: &Tensor| {
            ((((p * &distortion)? * f)? + centre)? - feature)? * w
        };
        Ok([
            error(&p, u, &self.features[0])?,
            error(&q, v, &self.features[1])?,
        ])
    }

    fn run(&mut self, jacobian: bool) -> Result<()> {
        let inputs = super::columns(|i| self.problem.inputs(i)).map(|column| variable(&column));
        let errors = self.errors(&inputs)?;
        if jacobian {
            self.entries.clear();
            for error in &errors {
                // An error depends on the inputs of its own observation alone.
                let gradients = error.sum_all()?.backward()?;
                let entries = inputs.iter().map(|input| match gradients.get(input) {
                    Some(entry) => numbers(entry),
                    None => vec![0.0; Bundle::OBSERVATIONS],
                });
                self.entries.extend(entries);
            }
        } else {
            self.errors = errors.iter().flat_map(numbers).collect();
        }
        Ok(())
    }
}

impl Side for CandleBundle<'_> {
    fn value(&mut self) -> f64 {
        self.function();
        sum_of_squares(&self.errors)
    }

    fn function(&mut self) {
        self.run(false).expect("the shapes fit");
    }

    fn derivative(&mut self) -> bool {
        self.run(true).expect("the shapes fit");
        true
    }

    fn answer(&self) -> Vec<f64> {
        super::by_observation(&self.entries)
    }
}

pub struct CandleLstm<'a> {
    problem: &'a Lstm,
    characters: Vec<Tensor>,
    state: Vec<Tensor>,
    gradient: Vec<f64>,
}

impl<'a> CandleLstm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        let rows = |numbers: &[f64]| {
            numbers
                .chunks_exact(Lstm::B)
                .map(|row| array(row, &[Lstm::B]))
                .collect()
        };
        let problem = &problem.lstm;
        CandleLstm {
            problem,
            characters: rows(&problem.sequence),
            state: rows(&problem.state),
            gradient: Vec::new(),
        }
    }

    fn of(&self, theta: &Tensor) -> Result<Tensor> {
        let b = Lstm::B;
        let rows: Vec<Tensor> = (0..theta.elem_count() / b)
            .map(|i| theta.narrow(0, i * b, b))
            .collect::<Result<_>>()?;
        let [input_scale, scale, bias] = [0, 1, 2].map(|i| &rows[8 * Lstm::LAYERS + i]);
        let sigmoid = |x: Tensor| (x.neg()?.exp()? + 1.0)?.recip();
        let mut state = self.state.clone();
        let mut losses = Vec::new();
        for pair in self.characters.windows(2) {
            let mut x = (&pair[0] * input_scale)?;
            for layer in 0..Lstm::LAYERS {
                let gate =
                    |g: usize, x: &Tensor| (x * &rows[8 * layer + g])? + &rows[8 * layer + 4 + g];
                let (hidden, cell) = (&state[2 * layer], &state[2 * layer + 1]);
                let (forget, enter) = (sigmoid(gate(0, &x)?)?, sigmoid(gate(1, hidden)?)?);
                let leave = sigmoid(gate(2, &x)?)?;
                let cell = ((cell * forget)? + (enter * gate(3, hidden)?.tanh()?)?)?;
                x = (leave * cell.tanh()?)?;
                state[2 * layer] = x.clone();
                state[2 * layer + 1] = cell;
            }
            let predicted = ((x * scale)? + bias)?;
            let sum = (predicted.exp()?.sum_all()? + 2.0)?.log()?;
            losses.push(((pair[1].sum_all()? * sum)? - (predicted * &pair[1])?.sum_all()?)?);
        }
        Tensor::stack(&losses, 0)?.sum_all()? * (1.0 / ((Lstm::C - 1) * b) as f64)
    }
}

impl Side for CandleLstm<'_> {
    fn value(&mut self) -> f64 {
        value(&self.problem.theta, |theta| self.of(theta))
    }

    fn derivative(&mut self) -> bool {
        self.gradient = gradient(&self.problem.theta, |theta| self.of(theta));
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.gradient.clone()
    }
}
