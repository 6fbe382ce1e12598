//! Augmented neural ODEs \[Dupont2019\]: what paths that never cross cannot do, and what one dimension more, which begins at zero, makes of it.
//!
//! `minus`: x → −x for x from −1 to 1. `circles`: −1 for |x| < 0.5, +1 for 1 < |x| < 1.5, in the plane, by a linear readout of where the points end. dh/dt = net(h, t) with 32 hidden units,
//! tanh; Adam on the mean square. Evaluations are those of a solve with tolerances of 10⁻⁵, a batch of 64 together; errors are those of new points.
//! The medians of five seeds.

use crate::{Setting, falling, median, milliseconds};
use costate_benches::cpu_seconds;
use costate_neural_ode::layer::{ConcatTime, Layer, Linear, Mlp, pieces};
use costate_neural_ode::train::optimizer::Adam;
use costate_neural_ode::train::pipeline::{Pipeline, Sizes, discrete};
use costate_neural_ode::train::training::Training;
use costate_neural_ode::{Error, Recorded};
use costate_ode::{Options, tableau};
use costate_tape::Unary;
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::f64::consts::TAU;
use std::ops::ControlFlow::Continue;

const B: usize = 64;
const SPAN: (f64, f64, &[f64]) = (0.0, 1.0, &[]);

/// A function to learn: how many components x has, and what draws an x and its y.
struct Task {
    name: &'static str,
    components: usize,
    draw: fn(&mut Xoshiro256PlusPlus) -> (Vec<f64>, f64),
}

const TASKS: [Task; 2] = [
    Task {
        name: "x → −x",
        components: 1,
        draw: |random| {
            let x = random.random_range(-1.0..1.0);
            (vec![x], -x)
        },
    },
    Task {
        name: "nested circles",
        components: 2,
        draw: |random| {
            let outer: bool = random.random();
            // Evenly over the area
            let (low, high): (f64, f64) = if outer { (1.0, 2.25) } else { (0.0, 0.25) };
            let radius = random.random_range(low..high).sqrt();
            let (sin, cos) = random.random_range(0.0..TAU).sin_cos();
            (
                vec![radius * cos, radius * sin],
                if outer { 1.0 } else { -1.0 },
            )
        },
    },
];

impl Task {
    /// A batch: x of all samples, then y of all.
    fn batch(&self, number: u64) -> Vec<f64> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(number);
        let (x, y): (Vec<_>, Vec<_>) = (0..B).map(|_| (self.draw)(&mut random)).unzip();
        [x.concat(), y].concat()
    }
}

/// What is found: the mean square error of new points, the evaluations of a solve at first and at last, and the processor time of an iteration.
#[derive(Clone, Copy)]
struct Found {
    square: f64,
    evaluations: [f64; 2],
    milliseconds: f64,
}

fn learn(task: &Task, extra: usize, seed: u64, iterations: u64) -> Result<Found, Error> {
    let dimensions = task.components + extra;
    let net = ConcatTime(Mlp::new(&[dimensions + 1, 32, 32, dimensions], Unary::Tanh));
    let readout = Linear::new(dimensions, 1);
    let lengths = [net.parameter_len(), readout.parameter_len()];
    let parameters = lengths.iter().sum();
    let field = Recorded::record(&[B, dimensions], parameters, |h, t, theta| {
        net.apply_at(h, t, pieces(theta, &lengths)[0])
    })?;
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-5, 1e-5));
    let numbers = [task.components * B, B];
    let mut model = Pipeline::record(
        discrete(field, tsit5, options)?,
        Sizes::new(numbers.iter().sum(), parameters, B * dimensions, 1),
        |data, _theta| {
            let x = pieces(data, &numbers)[0].reshape([B, task.components]);
            x.pad(1, 0, dimensions)
        },
        |h, data, theta| {
            let (h, theta) = (h.reshape([B, dimensions]), pieces(theta, &lengths)[1]);
            // x → −x is asked of the flow itself, the circles of a line through it.
            let found = match task.components {
                1 => h.slice(1, 0..1),
                _ => readout.apply(h, theta),
            };
            let off = found.reshape([B]) - pieces(data, &numbers)[1];
            (off * off).mean()
        },
    )?;
    let start = [net.initial::<f64>(2 * seed), readout.initial(2 * seed + 1)].concat();
    let mut training = Training::new(start, Adam::new(0.01));
    let (mut first, begin) = (0, cpu_seconds());
    training.run(
        &falling(iterations, 0.02),
        |k, theta, g| {
            let loss = model.gradient(SPAN, &task.batch(k + 1000 * seed), theta, g);
            if k == 0 {
                first = model.stats().forward.nfe;
            }
            loss
        },
        |_| Continue(()),
    );
    let milliseconds = milliseconds(begin, iterations);
    let (mut square, mut unused) = (0.0, vec![0.0; parameters]);
    for k in 0..20 {
        let data = task.batch((1 << 40) + k);
        square += model.gradient(SPAN, &data, &training.theta, &mut unused)? / 20.0;
    }
    Ok(Found {
        square,
        evaluations: [first as f64, model.stats().forward.nfe as f64],
        milliseconds,
    })
}

/// Prints the table.
pub(crate) fn run(setting: &Setting) -> Result<(), Error> {
    let seeds = if setting.reduced { 1 } else { 5 };
    println!(
        "| task | extra dimensions | mean square error | evaluations at first | at last | ms an iteration |"
    );
    println!("|---|---|---|---|---|---|");
    for task in &TASKS {
        let mut errors = Vec::new();
        for extra in [0, 1] {
            let found = (0..seeds).map(|seed| learn(task, extra, seed, setting.scaled(1000, 5)));
            let found: Vec<Found> = found.collect::<Result<_, Error>>()?;
            let of = |value: fn(&Found) -> f64| median(found.iter().map(value));
            let square = of(|found| found.square);
            println!(
                "| {} | {extra} | {square:.2e} | {} | {} | {:.3} |",
                task.name,
                of(|found| found.evaluations[0]),
                of(|found| found.evaluations[1]),
                of(|found| found.milliseconds)
            );
            errors.push(square);
        }
        assert!(errors[1] < 0.5 * errors[0], "{errors:?}");
    }
    Ok(())
}
