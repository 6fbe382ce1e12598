//! Random functions of all operations, and the fixed sequence that makes them.

use costate_tape::{Binary, Function, Scalar, Unary, Var};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Runs a property on `cases` values, the same ones every time.
pub(crate) fn for_all<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value)) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng)
        .run(strategy, |value| {
            property(value);
            Ok(())
        })
        .unwrap();
}

/// Numbers between −1 and 1 from a fixed sequence.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    pub(crate) fn many(&mut self, len: usize) -> Vec<f64> {
        (0..len).map(|_| self.next()).collect()
    }
}

/// One instruction of a random function: what to do with which earlier values.
#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    what: usize,
    from: [usize; 3],
}

/// Shapes of the inputs of every random function.
pub(crate) const INPUTS: [(&str, &[usize]); 4] =
    [("x", &[3, 4]), ("s", &[]), ("v", &[4]), ("w", &[2, 3])];

/// Programs of up to 18 instructions.
pub(crate) fn instructions() -> impl Strategy<Value = Vec<Instruction>> {
    let one =
        (0..KINDS, [0..64_usize, 0..64, 0..64]).prop_map(|(what, from)| Instruction { what, from });
    prop::collection::vec(one, 1..18)
}

/// A point at which all inputs are between −1 and 1.
pub(crate) fn point(seed: u64) -> Vec<Vec<f64>> {
    let mut numbers = Numbers(seed);
    INPUTS
        .iter()
        .map(|(_, shape)| numbers.many(shape.iter().product()))
        .collect()
}

/// A function of the operations that the instructions name. Arguments are brought into the domains, results stay moderate.
pub(crate) fn function(code: &[Instruction]) -> Function<f64> {
    Function::record(&INPUTS, |v| vec![run(code, v)]).unwrap()
}

/// The result of the instructions on variables of the shapes of [`INPUTS`].
pub(crate) fn run<'t>(code: &[Instruction], v: &[Var<'t, f64>]) -> Var<'t, f64> {
    let mut values = v.to_vec();
    for instruction in code {
        if let Some(value) = step(instruction, &values)
            && !value.shape().is_empty()
        {
            values.push(value);
        }
    }
    values[values.len() - 1]
}

const KINDS: usize = Unary::ALL.len() + 2 * Binary::ALL.len() + ARRAYS;
const ARRAYS: usize = 27;

/// An argument inside the domain of an operation, away from its singular points.
fn inside(op: Unary, a: Var<'_, f64>) -> Var<'_, f64> {
    match op {
        Unary::Ln | Unary::Log2 | Unary::Log10 | Unary::Sqrt | Unary::Cbrt => a * a + 0.6,
        Unary::Ln1p => a * a - 0.4,
        Unary::Lgamma | Unary::Digamma => a * a + 0.6,
        Unary::Asin | Unary::Acos | Unary::Tan => a.tanh() * 0.8,
        _ => a,
    }
}

fn step<'t>(
    Instruction { what, from }: &Instruction,
    values: &[Var<'t, f64>],
) -> Option<Var<'t, f64>> {
    let pick = |i: usize| values[from[i] % values.len()];
    let (a, b, c) = (pick(0), pick(1), pick(2));
    let fits = |a: Var<'t, f64>, b: Var<'t, f64>| a.shape().broadcast(&b.shape()).is_some();
    if *what < Unary::ALL.len() {
        let op = Unary::ALL[*what];
        return Some(inside(op, a).unary(op).tanh());
    }
    let what = what - Unary::ALL.len();
    if what < 2 * Binary::ALL.len() {
        let op = Binary::ALL[what / 2];
        let (a, b) = match op {
            Binary::Pow => (a * a + 0.6, b),
            // Away from the jumps of the order.
            Binary::Polygamma => (a * 0.0 + 1.3, b * b + 0.6),
            Binary::Div | Binary::Atan2 | Binary::Hypot => (a, b * b + 0.6),
            _ => (a, b),
        };
        return fits(a, b).then(|| a.binary(op, b).tanh());
    }
    array(what - 2 * Binary::ALL.len(), [a, b, c], from)
}

fn array<'t>(what: usize, [a, b, c]: [Var<'t, f64>; 3], from: &[usize; 3]) -> Option<Var<'t, f64>> {
    let (rank, len) = (a.shape().rank(), a.shape().len());
    let axis = from[1] % rank.max(1);
    let fits = |a: Var<'t, f64>, b: Var<'t, f64>| a.shape().broadcast(&b.shape()).is_some();
    Some(match what {
        0 | 1 if fits(a, b) && fits(a + b, c) => Var::select(a.binary(Binary::Lt, b), c, a),
        2 => Var::select((a * 0.0 + 0.3).binary(Binary::Gt, a), a.sin(), a * a),
        3 => (a.powi(from[1] as i32 % 6)).tanh(),
        4 => ((a * a + 0.6).powi(-(from[1] as i32 % 4))).tanh(),
        5 => a.sum().tanh(),
        6 if rank > 0 => a.sum_axis(axis).tanh(),
        7 => a.mean(),
        8 if rank == 2 => a.transpose(),
        9 if rank > 0 => {
            let length = a.shape().axis(axis);
            a.slice(axis, from[2] % length..length)
        }
        10 if rank > 0 && len < 40 => a.pad(axis, 1, a.shape().axis(axis) + 2),
        11 if rank > 0 && len < 40 => Var::concat(&[a, a.tanh(), a], axis),
        12 => a.reshape([len]),
        13 if len < 40 => Var::stack(&[a, a * 0.5]),
        14 if rank > 0 => a.index(from[1] % a.shape().axis(0)),
        15 if len < 40 => a.broadcast_to([&[2], a.shape().to_vec().as_slice()].concat().as_slice()),
        16..20 if rank == 2 && b.shape().rank() == 2 => {
            let (ta, tb) = (from[2] & 1 == 1, from[2] & 2 == 2);
            let inner = a.shape().axis(usize::from(!ta));
            if inner != b.shape().axis(usize::from(tb)) {
                return None;
            }
            a.matmul_with(b, ta, tb).tanh()
        }
        20 if (1..=2).contains(&rank) && b.shape().rank() == 1 => {
            if a.shape().axis(rank - 1) != b.shape().axis(0) {
                return None;
            }
            a.matmul(b).tanh()
        }
        21 if len < 40 => {
            let table: Vec<u32> = (0..6).map(|i| ((i * 5 + from[1]) % len) as u32).collect();
            a.gather(table, [2, 3])
        }
        22 => {
            let table: Vec<u32> = (0..len).map(|i| ((i * 3 + from[1]) % 4) as u32).collect();
            a.scatter_add(table, [4]).tanh()
        }
        23 if rank == 3 => a.permute(&[1, 2, 0]),
        24..27 if rank == 2 => {
            // The leading square, brought near the identity.
            let n = a.shape().axis(0).min(a.shape().axis(1));
            let diagonal: Vec<u32> = (0..n).map(|i| (i * (n + 1)) as u32).collect();
            let identity = a.full(1.0, [n]).scatter_add(diagonal, [n, n]);
            let square = a.slice(0, 0..n).slice(1, 0..n).tanh() * 0.3 + identity;
            match what {
                24 => square.solve(a.slice(0, 0..n)),
                25 => square.solve_transposed(a.slice(0, 0..n)).tanh(),
                _ => square.det() - square.log_abs_det(),
            }
        }
        _ => return None,
    })
}
