//! costate: recorded once, differentiated, compiled.

use super::{Side, sum_of_squares};
use crate::number::{number, reprojection};
use crate::problem::{Bundle, Gmm, Lstm, Problems};
use costate_tape::{Function, Program, Scalar, Var, Workspace};

number!(['t] Var<'t, f64>, [Scalar]);

/// The mixture in two programs: what comes from the parameters alone, and what a block of points adds.
pub struct CostateGmm<'a> {
    theta: &'a [f64],
    /// Blocks of points, \[d, block\] each.
    blocks: Vec<Vec<f64>>,
    prepare: Compiled,
    /// What a block adds, and that with its derivative by what is prepared; nobody asks for one by the points.
    value: Compiled,
    slope: Compiled,
    prepared: Vec<f64>,
    /// Of a block: its value, and its derivative.
    added: Vec<f64>,
    bar: Vec<f64>,
    gradient: Vec<f64>,
}

/// A program with its memory.
struct Compiled {
    program: Program<f64>,
    workspace: Workspace<f64>,
}

impl Compiled {
    fn new(f: &Function<f64>, parameters: usize, frames: usize) -> Self {
        let program = Program::with_products(f, parameters).expect("it is small");
        let workspace = program.workspace(frames);
        Compiled { program, workspace }
    }

    /// Without products.
    fn plain(f: &Function<f64>) -> Self {
        let program = Program::compile(f).expect("it is small");
        let workspace = program.workspace(1);
        Compiled { program, workspace }
    }
}

/// Points of a block: what is computed of them fits a second cache.
const BLOCK: usize = 200;

/// W \[K·d, d\], b \[K·d\], a term for each component, and all that no point has to do with.
const PREPARED: usize = Gmm::K * Gmm::D * (Gmm::D + 1) + Gmm::K + 1;

impl<'a> CostateGmm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        let problem = &problem.gmm;
        let points = |block: &[f64]| {
            (0..Gmm::D)
                .flat_map(|i| (0..BLOCK).map(move |p| (i, p)))
                .map(|(i, p)| block[p * Gmm::D + i])
                .collect()
        };
        CostateGmm {
            theta: &problem.theta,
            blocks: problem.x.chunks_exact(BLOCK * Gmm::D).map(points).collect(),
            prepare: Compiled::new(&prepare(), 0, 1),
            value: Compiled::plain(&points_of_block()),
            slope: Compiled::plain(&points_of_block().value_and_gradient(&[1]).simplify()),
            prepared: vec![0.0; PREPARED],
            added: vec![0.0; PREPARED],
            bar: vec![0.0; PREPARED],
            gradient: vec![0.0; Gmm::PARAMETERS],
        }
    }

    fn run(&mut self, products: bool) -> f64 {
        let prepare = &mut self.prepare;
        prepare
            .program
            .set_params(&mut prepare.workspace, self.theta);
        prepare
            .program
            .eval(&mut prepare.workspace, 0, &[], &mut self.prepared);
        let (rest, of_points) = self.prepared.split_last().expect("it is the last");
        let (points, out) = match products {
            false => (&mut self.value, &mut self.added[..1]),
            true => (&mut self.slope, &mut self.added[..]),
        };
        let mut value = *rest;
        self.bar.fill(0.0);
        for x in &self.blocks {
            points
                .program
                .eval(&mut points.workspace, 0, &[x, of_points], out);
            value += out[0];
            for (sum, added) in self.bar.iter_mut().zip(&out[1..]) {
                *sum += added;
            }
        }
        if products {
            *self.bar.last_mut().expect("it is the last") = 1.0;
            prepare
                .program
                .products(&mut prepare.workspace, 0, &self.bar, &mut []);
            prepare
                .program
                .accumulate(&mut prepare.workspace, &[(0, 1.0)]);
            prepare
                .program
                .finish(&mut prepare.workspace, &mut self.gradient);
        }
        value
    }
}

impl Side for CostateGmm<'_> {
    fn value(&mut self) -> f64 {
        self.run(false)
    }

    fn derivative(&mut self) -> bool {
        self.run(true);
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.gradient.clone()
    }
}

fn prepare() -> Function<f64> {
    let (k, d) = (Gmm::K, Gmm::D);
    let f = Function::record(&[("theta", &[Gmm::PARAMETERS])], |v| {
        let alphas = v[0].slice(0, 0..k);
        let means = v[0].slice(0, Gmm::MEANS..Gmm::ROOTS).reshape([k, 1, d]);
        let roots = v[0]
            .slice(0, Gmm::ROOTS..Gmm::PARAMETERS)
            .reshape([k, Gmm::ROOT]);
        let logarithms = roots.slice(1, 0..d);
        let diagonals = logarithms.exp();
        let lower = roots.slice(1, d..Gmm::ROOT);
        // Where each number of a root stands in its matrix.
        let columns = (0..d).flat_map(|column| (column + 1..d).map(move |row| row * d + column));
        let places: Vec<usize> = (0..d).map(|i| i * (d + 1)).chain(columns).collect();
        let table: Vec<u32> = (0..k)
            .flat_map(|k| places.iter().map(move |place| (k * d * d + place) as u32))
            .collect();
        let root = Var::concat(&[diagonals, lower], 1);
        let matrices = root.scatter_add(table, [k, d, d]);
        let shifts = (matrices * means).sum_axis(2);
        let terms = alphas + logarithms.sum_axis(1);
        let rest =
            (root * root).sum() * 0.5 - alphas.logsumexp(0) * Gmm::N as f64 + Gmm::constant();
        vec![Var::concat(
            &[
                matrices.reshape([k * d * d]),
                shifts.reshape([k * d]),
                terms,
                rest.reshape([1]),
            ],
            0,
        )]
    });
    f.expect("one input")
}

fn points_of_block() -> Function<f64> {
    let (k, d) = (Gmm::K, Gmm::D);
    let f = Function::record(&[("x", &[d, BLOCK]), ("prepared", &[PREPARED - 1])], |v| {
        let matrices = v[1].slice(0, 0..k * d * d).reshape([k * d, d]);
        let shifts = v[1]
            .slice(0, k * d * d..k * d * (d + 1))
            .reshape([k * d, 1]);
        let terms = v[1].slice(0, k * d * (d + 1)..PREPARED - 1).reshape([k, 1]);
        let rows = matrices.matmul(v[0]) - shifts;
        let squares = (rows * rows).reshape([k, d, BLOCK]).sum_axis(1);
        let inner = terms - squares * 0.5;
        vec![inner.logsumexp(0).sum()]
    });
    f.expect("two inputs")
}

/// Residuals and their Jacobian as scalar programs over lanes of observations.
pub struct CostateBundle<'a> {
    problem: &'a Bundle,
    function: Program<f64>,
    jacobian: Program<f64>,
    workspaces: [Workspace<f64>; 2],
    /// Inputs and features of a block, a row for each.
    rows: Box<[[f64; SEEN]; Bundle::INPUTS + 2]>,
    /// Blocks of \[2, observations\] and of \[2, 15, observations\].
    errors: Vec<f64>,
    entries: Vec<f64>,
}

/// Observations of a block: whole registers, and so few that all entries of a block are written side by side.
const SEEN: usize = 64;

/// Observations of whole blocks.
const PADDED: usize = Bundle::OBSERVATIONS.next_multiple_of(SEEN);

impl<'a> CostateBundle<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        let f = Function::<f64>::record(&[("inputs", &[Bundle::INPUTS]), ("feature", &[2])], |v| {
            let inputs = std::array::from_fn(|i| v[0].index(i));
            vec![Var::stack(&reprojection(
                &inputs,
                [v[1].index(0), v[1].index(1)],
            ))]
        });
        let f = f.expect("two inputs").simplify();
        let function = Program::compile(&f).expect("it is small");
        let jacobian = Program::compile(&f.jacobian(&[0]).simplify()).expect("it is small");
        CostateBundle {
            problem: &problem.bundle,
            workspaces: [function.workspace(1), jacobian.workspace(1)],
            function,
            jacobian,
            rows: Box::new([[0.0; SEEN]; Bundle::INPUTS + 2]),
            errors: vec![0.0; 2 * PADDED],
            entries: vec![0.0; 2 * Bundle::INPUTS * PADDED],
        }
    }

    fn run(&mut self, jacobian: bool) {
        let mut errors = self.errors.chunks_exact_mut(2 * SEEN);
        let mut entries = self.entries.chunks_exact_mut(2 * Bundle::INPUTS * SEEN);
        for first in (0..Bundle::OBSERVATIONS).step_by(SEEN) {
            for i in 0..SEEN {
                // The last one again where there are no more.
                let seen = (first + i).min(Bundle::OBSERVATIONS - 1);
                let (inputs, feature) = (self.problem.inputs(seen), self.problem.feature(seen));
                for (row, x) in self.rows.iter_mut().zip(inputs.into_iter().chain(feature)) {
                    row[i] = x;
                }
            }
            let (inputs, features) = self.rows.as_flattened().split_at(Bundle::INPUTS * SEEN);
            let [of_function, of_jacobian] = &mut self.workspaces;
            let (program, workspace, out) = if jacobian {
                (&self.jacobian, of_jacobian, entries.next())
            } else {
                (&self.function, of_function, errors.next())
            };
            let out = out.expect("there is a block for all");
            let done = program.run_lanes(workspace, SEEN, &[inputs, features], out);
            done.expect("it is scalar");
        }
    }
}

impl Side for CostateBundle<'_> {
    fn value(&mut self) -> f64 {
        self.run(false);
        let own = |i: usize| [0, SEEN].map(|row| self.errors[i / SEEN * 2 * SEEN + row + i % SEEN]);
        let errors: Vec<f64> = (0..Bundle::OBSERVATIONS).flat_map(own).collect();
        sum_of_squares(&errors)
    }

    fn function(&mut self) {
        self.run(false);
    }

    fn derivative(&mut self) -> bool {
        self.run(true);
        true
    }

    fn answer(&self) -> Vec<f64> {
        let entries = 2 * Bundle::INPUTS;
        (0..Bundle::OBSERVATIONS)
            .flat_map(|i| {
                let (block, at) = (i / SEEN * SEEN, i % SEEN);
                (0..entries).map(move |j| entries * block + j * SEEN + at)
            })
            .map(|at| self.entries[at])
            .collect()
    }
}

/// Some characters of the network as a program; its frames are the sequence.
pub struct CostateLstm<'a> {
    problem: &'a Lstm,
    steps: Compiled,
    gradient: Vec<f64>,
}

/// Characters of a frame: a·∂f/∂θ of as many is one sum, and their state stays where it is.
const CHARACTERS: usize = 11;

const FRAMES: usize = (Lstm::C - 1) / CHARACTERS;

const OUT: usize = Lstm::STATE + 1;

/// Numbers of the characters of a frame and of the one after them, which the last is to predict.
const SEQUENCE: usize = (CHARACTERS + 1) * Lstm::B;

impl<'a> CostateLstm<'a> {
    pub fn new(problem: &'a Problems) -> Self {
        assert_eq!(FRAMES * CHARACTERS, Lstm::C - 1, "frames hold all");
        CostateLstm {
            problem: &problem.lstm,
            steps: Compiled::new(&characters(), 2, FRAMES),
            gradient: vec![0.0; Lstm::PARAMETERS],
        }
    }

    fn run(&mut self, products: bool) -> f64 {
        let Compiled { program, workspace } = &mut self.steps;
        program.set_params(workspace, &self.problem.theta);
        let sequence = |k: usize| &self.problem.sequence[k * CHARACTERS * Lstm::B..][..SEQUENCE];
        let scale = 1.0 / ((Lstm::C - 1) * Lstm::B) as f64;
        let (mut state, mut out) = ([0.0; Lstm::STATE], [0.0; OUT]);
        state.copy_from_slice(&self.problem.state);
        let mut loss = 0.0;
        for k in 0..FRAMES {
            let frame = if products { k } else { 0 };
            program.eval(workspace, frame, &[&state, sequence(k)], &mut out);
            state.copy_from_slice(&out[..Lstm::STATE]);
            loss += out[Lstm::STATE];
        }
        if products {
            let mut bar = [0.0; OUT];
            bar[Lstm::STATE] = scale;
            let mut of_sequence = [0.0; SEQUENCE];
            for k in (0..FRAMES).rev() {
                program.products(workspace, k, &bar, &mut [&mut state, &mut of_sequence]);
                bar[..Lstm::STATE].copy_from_slice(&state);
                program.accumulate(workspace, &[(k, 1.0)]);
            }
            program.finish(workspace, &mut self.gradient);
        }
        loss * scale
    }
}

impl Side for CostateLstm<'_> {
    fn value(&mut self) -> f64 {
        self.run(false)
    }

    fn derivative(&mut self) -> bool {
        self.run(true);
        true
    }

    fn answer(&self) -> Vec<f64> {
        self.gradient.clone()
    }
}

/// One of the rows that an array is.
fn row(array: Var<'_, f64>, i: usize) -> Var<'_, f64> {
    array.slice(0, i * Lstm::B..(i + 1) * Lstm::B)
}

fn characters() -> Function<f64> {
    let inputs: [(&str, &[usize]); 3] = [
        ("state", &[Lstm::STATE]),
        ("sequence", &[SEQUENCE]),
        ("theta", &[Lstm::PARAMETERS]),
    ];
    let f = Function::record(&inputs, |v| {
        let [input_scale, scale, bias] = [0, 1, 2].map(|i| row(v[2], 8 * Lstm::LAYERS + i));
        let mut state: Vec<_> = (0..2 * Lstm::LAYERS).map(|i| row(v[0], i)).collect();
        let losses = (0..CHARACTERS).map(|t| {
            let mut x = row(v[1], t) * input_scale;
            for layer in 0..Lstm::LAYERS {
                let weights = |i: usize| row(v[2], 8 * layer + i);
                let gate = |g: usize, x| weights(g) * x + weights(4 + g);
                let (hidden, cell) = (state[2 * layer], state[2 * layer + 1]);
                let (forget, enter, leave) = (
                    gate(0, x).sigmoid(),
                    gate(1, hidden).sigmoid(),
                    gate(2, x).sigmoid(),
                );
                let cell = cell * forget + enter * gate(3, hidden).tanh();
                x = leave * cell.tanh();
                (state[2 * layer], state[2 * layer + 1]) = (x, cell);
            }
            let (predicted, next) = (x * scale + bias, row(v[1], t + 1));
            next.sum() * (predicted.exp().sum() + 2.0).ln() - (predicted * next).sum()
        });
        let loss = losses
            .reduce(|sum, loss| sum + loss)
            .expect("there are some");
        state.push(loss.reshape([1]));
        vec![Var::concat(&state, 0)]
    });
    f.expect("three inputs")
}
