//! The two networks: the same but for their bodies.

use costate_neural_ode::layer::{Activation, Conv2d, Layer, Linear, MeanPool, pieces};
use costate_neural_ode::train::loss::recorded::cross_entropy;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes};
use costate_neural_ode::{Discrete, Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Program, Scalar, Unary, Var, Workspace};

/// Of images, weights and gradients. (Memory is measured in double precision.)
pub(super) type T = f32;
pub(super) const B: usize = 64;
pub(super) const SIDE: usize = 8;
pub(super) const PIXELS: usize = SIDE * SIDE;
pub(super) const CLASSES: usize = 10;
pub(super) const CHANNELS: usize = 24;
/// As many units of time for the flow.
const BLOCKS: usize = 3;
const DATA: usize = B * (PIXELS + CLASSES);
/// Channels and sides within the body.
const SHAPE: [usize; 4] = [B, CHANNELS, SIDE / 2, SIDE / 2];
pub(super) const STATES: usize = CHANNELS * PIXELS / 4;
const SPAN: (T, T, &[T]) = (0.0, BLOCKS as T, &[]);

/// What stands between the first convolution and the readout.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Body {
    Residual,
    Ode,
}

/// f(h), of a residual block and of the flow.
pub(super) fn field() -> (Conv2d, Activation, Conv2d) {
    let conv = Conv2d::new(CHANNELS, CHANNELS, 3);
    (conv, Activation(Unary::Tanh), conv)
}

fn stem() -> Conv2d {
    Conv2d::new(1, CHANNELS, 3)
}

fn readout() -> Linear {
    Linear::new(CHANNELS * PIXELS / 16, CLASSES)
}

/// What the body begins with, of images `[B, 64]`.
fn begin<'t>(images: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
    let h = stem().apply(images.reshape([B, 1, SIDE, SIDE]), theta);
    MeanPool { size: 2 }.apply(h, theta)
}

/// Logits of what the body ends with.
fn end<'t>(h: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
    let h = MeanPool { size: 2 }.apply(h.reshape(SHAPE).relu(), theta);
    readout().apply(h.reshape([B, CHANNELS * PIXELS / 16]), theta)
}

fn split<'t>(data: Var<'t, T>) -> [Var<'t, T>; 2] {
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
            Self::Residual => BLOCKS * field().parameter_len(),
            Self::Ode => field().parameter_len(),
        };
        [stem().parameter_len(), body, readout().parameter_len()]
    }

    pub(super) fn parameters(self) -> usize {
        self.lengths().iter().sum()
    }

    /// Logits of the residual network, of data and θ.
    fn residual<'t>(inputs: &[Var<'t, T>]) -> Var<'t, T> {
        let theta = pieces(inputs[1], &Self::Residual.lengths());
        let h = begin(split(inputs[0])[0], theta[0]);
        end(Self::blocks(h, theta[1]), theta[2])
    }

    fn blocks<'t>(h: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
        let each = field().parameter_len();
        pieces(theta, &[each; BLOCKS])
            .into_iter()
            .fold(h, |h, theta| h + field().apply(h, theta))
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
    Solved(Box<Pipeline<'static, T>>),
}

struct Compiled {
    program: Program<T>,
    workspace: Workspace<T>,
    out: Vec<T>,
}

impl Compiled {
    fn new(f: &Function<T>) -> Result<Self, Error> {
        let program = Program::compile(f)?;
        let (workspace, out) = (program.workspace(1), vec![0.0; program.output_len()]);
        Ok(Self {
            program,
            workspace,
            out,
        })
    }

    fn run(&mut self, inputs: &[&[T]]) -> &[T] {
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
                let f = Recorded::record(&SHAPE, parameters[0], |h, _t, theta| {
                    field().apply(h, pieces(theta, &lengths)[1])
                })?;
                let (like, bosh3) = (vec![0.0; B * STATES], tableau::by_name("bosh3")?);
                let options = Options::tolerances(0.03, 0.03);
                let pipeline = Pipeline::record(
                    Box::new(Discrete::new(f, &like, bosh3, options)?),
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

    pub(super) fn initial(&self, seed: u64) -> Vec<T> {
        let body = match self.body {
            Body::Residual => (0..BLOCKS as u64)
                .flat_map(|k| field().initial::<T>(seed + 10 * k))
                .collect(),
            Body::Ode => field().initial(seed),
        };
        [stem().initial(seed + 1), body, readout().initial(seed + 2)].concat()
    }

    pub(super) fn gradient(&mut self, data: &[T], theta: &[T], g: &mut [T]) -> Result<T, Error> {
        match &mut self.gradient {
            Way::Solved(pipeline) => pipeline.gradient(SPAN, data, theta, g),
            Way::Plain(compiled) => {
                let out = compiled.run(&[data, theta]);
                g.copy_from_slice(&out[1..]);
                Ok(out[0])
            }
        }
    }

    pub(super) fn logits(&mut self, data: &[T], theta: &[T]) -> Result<&[T], Error> {
        match &mut self.gradient {
            Way::Plain(_) => Ok(self.readout.run(&[data, theta])),
            Way::Solved(pipeline) => {
                let h = pipeline.states(SPAN, data, theta)?;
                Ok(self.readout.run(&[h.values(), theta]))
            }
        }
    }
}
