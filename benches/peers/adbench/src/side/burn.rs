//! burn: arrays, on its processor backend `flex`, in f64.

use super::{Side, sum_of_squares};
use crate::problem::{Bundle, Gmm, Lstm, Problems};
use burn::tensor::{DType, Device, Int, Tensor, TensorCreationOptions, TensorData};

fn array<const D: usize>(numbers: &[f64], shape: [usize; D], device: &Device) -> Tensor<D> {
    let data = TensorData::new(numbers.to_vec(), shape);
    Tensor::from_data(
        data,
        TensorCreationOptions::new(device.clone()).with_dtype(DType::F64),
    )
}

fn plain() -> Device {
    Device::flex()
}

fn recorded() -> Device {
    Device::flex().autodiff()
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().try_to_vec().expect("they are f64")
}

fn scalar(tensor: Tensor<1>) -> f64 {
    numbers(tensor)[0]
}

/// The gradient of a function of θ.
fn gradient(theta: &[f64], f: impl Fn(Tensor<1>) -> Tensor<1>) -> Vec<f64> {
    let theta = array(theta, [theta.len()], &recorded()).require_grad();
    let gradients = f(theta.clone()).backward();
    numbers(theta.grad(&gradients).expect("it is asked for"))
}

fn logsumexp(x: Tensor<2>) -> Tensor<2> {
    let most = x.clone().detach().max_dim(0);
    (x - most.clone()).exp().sum_dim(0).log() + most
}

pub struct BurnGmm<'a> {
    problem: &'a Gmm,
    places: Vec<i64>,
    /// \[d, n\], on either device.
    x: [Tensor<2>; 2],
    gradient: Vec<f64>,
}

impl<'a> BurnGmm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        let problem = &problem.gmm;
        BurnGmm {
            problem,
            places: super::matrix_places().into_iter().map(i64::from).collect(),
            x: [plain(), recorded()]
                .map(|device| array(&problem.x, [Gmm::N, Gmm::D], &device).transpose()),
            gradient: Vec::new(),
        }
    }

    fn of(&self, theta: Tensor<1>, x: &Tensor<2>) -> Tensor<1> {
        let (k, d) = (Gmm::K, Gmm::D);
        let device = theta.device();
        let alphas: Tensor<2> = theta.clone().slice([0..k]).reshape([k, 1]);
        let means: Tensor<3> = theta
            .clone()
            .slice([Gmm::MEANS..Gmm::ROOTS])
            .reshape([k, 1, d]);
        let roots: Tensor<2> = theta
            .slice([Gmm::ROOTS..Gmm::PARAMETERS])
            .reshape([k, Gmm::ROOT]);
        let logarithms = roots.clone().slice([0..k, 0..d]);
        let root = Tensor::cat(
            vec![logarithms.clone().exp(), roots.slice([0..k, d..Gmm::ROOT])],
            1,
        );
        let zero = array(&[0.0; Gmm::K], [k, 1], &device);
        let places =
            Tensor::<1, Int>::from_data(TensorData::new(self.places.clone(), [d * d]), &device);
        let matrices: Tensor<3> = Tensor::cat(vec![root.clone(), zero], 1)
            .select(1, places)
            .reshape([k, d, d]);
        let shifts: Tensor<2> = (matrices.clone() * means).sum_dim(2).reshape([k * d, 1]);
        let rows = matrices.reshape([k * d, d]).matmul(x.clone()) - shifts;
        let squares: Tensor<2> = rows
            .square()
            .reshape([k, d, Gmm::N])
            .sum_dim(1)
            .reshape([k, Gmm::N]);
        let inner = alphas.clone() + logarithms.sum_dim(1) - squares.mul_scalar(0.5);
        let mixture = logsumexp(inner).sum();
        let of_alphas = logsumexp(alphas).sum().mul_scalar(Gmm::N as f64);
        mixture - of_alphas + root.square().sum().mul_scalar(0.5) + Gmm::constant()
    }
}

impl Side for BurnGmm<'_> {
    fn value(&mut self) -> f64 {
        let theta = array(&self.problem.theta, [Gmm::PARAMETERS], &plain());
        scalar(self.of(theta, &self.x[0]))
    }

    fn derivative(&mut self) -> bool {
        self.gradient = gradient(&self.problem.theta, |theta| self.of(theta, &self.x[1]));
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.gradient.clone()
    }
}

pub struct BurnBundle<'a> {
    problem: &'a Bundle,
    features: [Vec<f64>; 2],
    errors: Vec<f64>,
    /// \[2\]\[15\], each over all observations.
    entries: Vec<Vec<f64>>,
}

impl<'a> BurnBundle<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        let problem = &problem.bundle;
        let features = super::columns(|i| problem.feature(i));
        BurnBundle {
            problem,
            features,
            errors: Vec::new(),
            entries: Vec::new(),
        }
    }

    fn errors(&self, inputs: &[Tensor<1>; 15]) -> [Tensor<1>; 2] {
        let [r0, r1, r2, c0, c1, c2, f, u, v, k1, k2, x, y, z, w] = inputs.clone();
        let of = |x: &Tensor<1>| x.clone();
        let (x, y, z) = (x - c0, y - c1, z - c2);
        let angle = (of(&r0).square() + of(&r1).square() + of(&r2).square()).sqrt();
        let (cos, sin) = (of(&angle).cos(), of(&angle).sin());
        let (n0, n1, n2) = (r0 / of(&angle), r1 / of(&angle), r2 / angle);
        let along = of(&n0) * of(&x) + of(&n1) * of(&y) + of(&n2) * of(&z);
        let along = along * (-of(&cos) + 1.0);
        let turn = |x: &Tensor<1>, cross: Tensor<1>, n: &Tensor<1>| {
            of(x) * of(&cos) + cross * of(&sin) + of(n) * of(&along)
        };
        let a = turn(&x, of(&n1) * of(&z) - of(&n2) * of(&y), &n0);
        let b = turn(&y, of(&n2) * of(&x) - of(&n0) * of(&z), &n1);
        let c = turn(&z, of(&n0) * of(&y) - of(&n1) * of(&x), &n2);
        let (p, q) = (a / of(&c), b / c);
        let square = of(&p).square() + of(&q).square();
        let distortion = k1 * of(&square) + k2 * square.square() + 1.0;
        let device = w.device();
        let feature = |i: usize| array(&self.features[i], [Bundle::OBSERVATIONS], &device);
        [
            (p * of(&distortion) * of(&f) + u - feature(0)) * of(&w),
            (q * distortion * f + v - feature(1)) * w,
        ]
    }

    fn inputs(&self, device: &Device) -> [Tensor<1>; 15] {
        super::columns(|i| self.problem.inputs(i))
            .map(|column| array(&column, [column.len()], device))
    }
}

impl Side for BurnBundle<'_> {
    fn value(&mut self) -> f64 {
        self.function();
        sum_of_squares(&self.errors)
    }

    fn function(&mut self) {
        self.errors = self
            .errors(&self.inputs(&plain()))
            .into_iter()
            .flat_map(numbers)
            .collect();
    }

    fn derivative(&mut self) -> bool {
        self.entries.clear();
        // A pass for each error, which depends on the inputs of its own observation alone; burn forgets its graph with a pass.
        for row in 0..2 {
            let inputs = self.inputs(&recorded()).map(Tensor::require_grad);
            let [p, q] = self.errors(&inputs);
            let gradients = if row == 0 { p } else { q }.sum().backward();
            let entries = inputs.iter().map(|input| match input.grad(&gradients) {
                Some(entry) => numbers(entry),
                None => vec![0.0; Bundle::OBSERVATIONS],
            });
            self.entries.extend(entries);
        }
        true
    }

    fn answer(&self) -> Vec<f64> {
        super::by_observation(&self.entries)
    }
}

pub struct BurnLstm<'a> {
    problem: &'a Lstm,
    /// Rows on either device.
    characters: [Vec<Tensor<1>>; 2],
    state: [Vec<Tensor<1>>; 2],
    gradient: Vec<f64>,
}

impl<'a> BurnLstm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        let rows = |numbers: &[f64]| {
            [plain(), recorded()].map(|device| {
                numbers
                    .chunks_exact(Lstm::B)
                    .map(|row| array(row, [Lstm::B], &device))
                    .collect()
            })
        };
        let problem = &problem.lstm;
        BurnLstm {
            problem,
            characters: rows(&problem.sequence),
            state: rows(&problem.state),
            gradient: Vec::new(),
        }
    }

    fn of(&self, theta: Tensor<1>, device: usize) -> Tensor<1> {
        let b = Lstm::B;
        let rows: Vec<Tensor<1>> = (0..Lstm::PARAMETERS / b)
            .map(|i| theta.clone().slice([i * b..(i + 1) * b]))
            .collect();
        let row = |i: usize| rows[i].clone();
        let [input_scale, scale, bias] = [0, 1, 2].map(|i| row(8 * Lstm::LAYERS + i));
        let mut state = self.state[device].clone();
        let mut losses = Vec::new();
        for pair in self.characters[device].windows(2) {
            let mut x = pair[0].clone() * input_scale.clone();
            for layer in 0..Lstm::LAYERS {
                let gate = |g: usize, x: Tensor<1>| x * row(8 * layer + g) + row(8 * layer + 4 + g);
                let sigmoid = |x: Tensor<1>| burn::tensor::activation::sigmoid(x);
                let (hidden, cell) = (state[2 * layer].clone(), state[2 * layer + 1].clone());
                let (forget, enter) = (
                    sigmoid(gate(0, x.clone())),
                    sigmoid(gate(1, hidden.clone())),
                );
                let leave = sigmoid(gate(2, x));
                let cell = cell * forget + enter * gate(3, hidden).tanh();
                x = leave * cell.clone().tanh();
                state[2 * layer] = x.clone();
                state[2 * layer + 1] = cell;
            }
            let predicted = x * scale.clone() + bias.clone();
            let sum = (predicted.clone().exp().sum() + 2.0).log();
            losses.push(pair[1].clone().sum() * sum - (predicted * pair[1].clone()).sum());
        }
        Tensor::cat(losses, 0)
            .sum()
            .mul_scalar(1.0 / ((Lstm::C - 1) * b) as f64)
    }
}

impl Side for BurnLstm<'_> {
    fn value(&mut self) -> f64 {
        scalar(self.of(array(&self.problem.theta, [Lstm::PARAMETERS], &plain()), 0))
    }

    fn derivative(&mut self) -> bool {
        self.gradient = gradient(&self.problem.theta, |theta| self.of(theta, 1));
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.gradient.clone()
    }
}
