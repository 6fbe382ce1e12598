//! The two networks: the same but for their bodies.

use costate_neural_ode::layer::{Activation, ConcatTime, Conv2d, Layer, Linear, MeanPool, pieces};
use costate_neural_ode::train::loss::recorded::cross_entropy;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Program, Scalar, Unary, Var, Workspace};

pub(super) const B: usize = 64;
const SIDE: usize = 8;
pub(super) const PIXELS: usize = SIDE * SIDE;
pub(super) const CLASSES: usize = 10;
const CHANNELS: usize = 12;
const BLOCKS: usize = 3;
const DATA: usize = B * (PIXELS + CLASSES);
/// Channels and sides within the body.
const SHAPE: [usize; 4] = [B, CHANNELS, SIDE / 2, SIDE / 2];
pub(super) const STATES: usize = CHANNELS * PIXELS / 4;
const SPAN: (f64, f64, &[f64]) = (0.0, 3.0, &[]);

/// What stands between the first convolution and the readout.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Body {
    Residual,
    Ode,
}

type Block<F> = (F, Activation, Conv2d);

fn block<F>(first: F) -> Block<F> {
    (
        first,
        Activation(Unary::Tanh),
        Conv2d::new(CHANNELS, CHANNELS, 3),
    )
}

/// f(h) of a residual block.
fn residual() -> Block<Conv2d> {
    block(Conv2d::new(CHANNELS, CHANNELS, 3))
}

/// f(h, t).
pub(super) fn field() -> Block<ConcatTime<Conv2d>> {
    block(ConcatTime(Conv2d::new(CHANNELS + 1, CHANNELS, 3)))
}

fn stem() -> Conv2d {
    Conv2d::new(1, CHANNELS, 3)
}

fn readout() -> Linear {
    Linear::new(CHANNELS * PIXELS / 16, CLASSES)
}

/// What the body begins with, of images `[B, 64]`.
fn begin<'t>(images: Var<'t, f64>, theta: Var<'t, f64>) -> Var<'t, f64> {
    let h = stem().apply(images.reshape([B, 1, SIDE, SIDE]), theta);
    MeanPool { size: 2 }.apply(h, theta)
}

/// Logits of what the body ends with.
fn end<'t>(h: Var<'t, f64>, theta: Var<'t, f64>) -> Var<'t, f64> {
    let h = MeanPool { size: 2 }.apply(h.reshape(SHAPE).relu(), theta);
    readout().apply(h.reshape([B, CHANNELS * PIXELS / 16]), theta)
}

fn split<'t>(data: Var<'t, f64>) -> [Var<'t, f64>; 2] {
    let classes = data.slice(0, B * PIXELS..DATA).reshape([B, CLASSES]);
    [data.slice(0, 0..B * PIXELS), classes]
}

impl Body {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Residual => "three residual blocks",
            Self::Ode => "an ODE",
        }
    }

    /// Parameters of stem, body and readout.
    fn lengths(self) -> [usize; 3] {
        let body = match self {
            Self::Residual => BLOCKS * residual().parameter_len(),
            Self::Ode => field().parameter_len(),
        };
        [stem().parameter_len(), body, readout().parameter_len()]
    }

    pub(super) fn parameters(self) -> usize {
        self.lengths().iter().sum()
    }

    /// Logits of the residual network, of data and θ.
    fn residual<'t>(inputs: &[Var<'t, f64>]) -> Var<'t, f64> {
        let theta = pieces(inputs[1], &Self::Residual.lengths());
        let h = begin(split(inputs[0])[0], theta[0]);
        end(Self::blocks(h, theta[1]), theta[2])
    }

    fn blocks<'t>(h: Var<'t, f64>, theta: Var<'t, f64>) -> Var<'t, f64> {
        let each = residual().parameter_len();
        pieces(theta, &[each; BLOCKS])
            .into_iter()
            .fold(h, |h, theta| h + residual().apply(h, theta))
    }
}

/// A network, ready to train.
pub(super) struct Model {
    body: Body,
    gradient: Way,
    readout: Compiled,
}

/// The way to its loss and gradient.
enum Way {
    Plain(Box<Compiled>),
    Solved(Box<Pipeline<'static, f64>>),
}

struct Compiled {
    program: Program<f64>,
    workspace: Workspace<f64>,
    out: Vec<f64>,
}

impl Compiled {
    fn new(f: &Function<f64>) -> Result<Self, Error> {
        let program = Program::compile(f)?;
        let (workspace, out) = (program.workspace(1), vec![0.0; program.output_len()]);
        Ok(Self {
            program,
            workspace,
            out,
        })
    }

    fn run(&mut self, inputs: &[&[f64]]) -> &[f64] {
        self.program
            .eval(&mut self.workspace, 0, inputs, &mut self.out);
        &self.out
    }
}

impl Model {
    pub(super) fn new(body: Body) -> Result<Self, Error> {
        let (lengths, parameters) = (body.lengths(), [body.parameters()]);
        let inputs: [(&str, &[usize]); 2] = [("data", &[DATA]), ("theta", &parameters)];
        let (gradient, readout) = match body {
            Body::Residual => {
                let loss = Function::record(&inputs, |v| {
                    vec![cross_entropy(Body::residual(v), split(v[0])[1])]
                })?;
                let logits = Function::record(&inputs, |v| vec![Body::residual(v)])?;
                (
                    Way::Plain(Box::new(Compiled::new(&loss.value_and_gradient(&[1]))?)),
                    logits,
                )
            }
            Body::Ode => {
                let f = Recorded::record(&SHAPE, parameters[0], |h, t, theta| {
                    field().apply_at(h, t, pieces(theta, &lengths)[1])
                })?;
                let options = Options::tolerances(1e-2, 1e-2);
                let pipeline = Pipeline::record(
                    discrete(f, tableau::by_name("tsit5")?, options)?,
                    Sizes::new(DATA, parameters[0], B * STATES, 1),
                    |data, theta| {
                        begin(split(data)[0], pieces(theta, &lengths)[0]).reshape([B * STATES])
                    },
                    |saved, data, theta| {
                        cross_entropy(end(saved, pieces(theta, &lengths)[2]), split(data)[1])
                    },
                )?;
                let inputs: [(&str, &[usize]); 2] = [("h", &[B * STATES]), ("theta", &parameters)];
                let logits =
                    Function::record(&inputs, |v| vec![end(v[0], pieces(v[1], &lengths)[2])])?;
                (Way::Solved(Box::new(pipeline)), logits)
            }
        };
        Ok(Self {
            body,
            gradient,
            readout: Compiled::new(&readout)?,
        })
    }

    pub(super) fn initial(&self, seed: u64) -> Vec<f64> {
        let body = match self.body {
            Body::Residual => (0..BLOCKS as u64)
                .flat_map(|k| residual().initial::<f64>(seed + 10 * k))
                .collect(),
            Body::Ode => field().initial(seed),
        };
        [stem().initial(seed + 1), body, readout().initial(seed + 2)].concat()
    }

    pub(super) fn gradient(
        &mut self,
        data: &[f64],
        theta: &[f64],
        g: &mut [f64],
    ) -> Result<f64, Error> {
        match &mut self.gradient {
            Way::Solved(pipeline) => pipeline.gradient(SPAN, data, theta, g),
            Way::Plain(compiled) => {
                let out = compiled.run(&[data, theta]);
                g.copy_from_slice(&out[1..]);
                Ok(out[0])
            }
        }
    }

    pub(super) fn logits(&mut self, data: &[f64], theta: &[f64]) -> Result<&[f64], Error> {
        match &mut self.gradient {
            Way::Plain(_) => Ok(self.readout.run(&[data, theta])),
            Way::Solved(pipeline) => {
                let h = pipeline.states(SPAN, data, theta)?;
                Ok(self.readout.run(&[h.values(), theta]))
            }
        }
    }
}
