//! What is measured.

use costate_benches::definition::uniform;
use costate_benches::workload::LotkaVolterra;
use costate_benches::{cpu_seconds, network};
use costate_neural_ode::{Native, Problem, Recorded, VectorField, gradient};
use costate_ode::{Options, tableau};
use costate_tape::{Function, Scalar, Var};

/// No size is too large.
const ANY: usize = usize::MAX;

/// Costs along one size.
pub(crate) struct Study {
    pub(crate) title: &'static str,
    /// What is computed.
    pub(crate) what: &'static str,
    /// The name of the size.
    pub(crate) along: &'static str,
    pub(crate) sizes: Vec<usize>,
    /// What the cost should be proportional to, for each size.
    pub(crate) follows: Vec<f64>,
    pub(crate) series: Vec<Series>,
}

/// Costs of one gradient method, one for each size; where it was not tried, none.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) seconds: Vec<Option<f64>>,
}

/// A field with the numbers for one gradient of it: L is half the sum of squares of all saved states.
struct Case<F> {
    field: F,
    h0: Vec<f64>,
    theta: Vec<f64>,
    t1: f64,
    saves: usize,
}

impl<F: VectorField<f64>> Case<F> {
    /// Seconds of processor time for a gradient, the fastest of some.
    fn time(self, method: &str, seconds: f64) -> f64 {
        let tsit5 = tableau::by_name("tsit5").expect("a known method");
        let options = Options::tolerances(1e-6, 1e-6);
        let mut method = gradient::by_name(method, self.field, &self.h0, tsit5, options)
            .expect("a known method and sensible options");
        let save_at: Vec<f64> = (1..=self.saves)
            .map(|i| self.t1 * i as f64 / self.saves as f64)
            .collect();
        let problem = Problem {
            h0: &self.h0,
            theta: &self.theta,
            t0: 0.0,
            t1: self.t1,
            save_at: &save_at,
        };
        let mut once = || {
            let begin = cpu_seconds();
            let found = method.gradient(&problem, &mut |saved, cotangents| {
                cotangents.values_mut().copy_from_slice(saved.values());
                0.5 * saved.values().iter().map(|h| h * h).sum::<f64>()
            });
            let found = found.expect("the problem can be solved");
            assert!(found.loss.is_finite());
            cpu_seconds() - begin
        };
        let first = once();
        let mut fastest = once();
        let mut spent = first + fastest;
        while spent < seconds {
            let next = once();
            fastest = fastest.min(next);
            spent += next;
        }
        fastest
    }
}

/// Every study; smaller ones if `reduced`.
pub(crate) fn all(reduced: bool, seconds: f64) -> Vec<Study> {
    let sizes = |all: &[usize]| all[..if reduced { 2 } else { all.len() }].to_vec();
    vec![
        batch(sizes(&[1, 4, 16, 64, 256, 1024, 4096]), seconds),
        width(sizes(&[8, 16, 32, 64, 128, 256, 512, 1024]), seconds),
        states(sizes(&[2, 10, 32, 100, 316, 1000, 3162, 10_000]), seconds),
        parameters(
            sizes(&[1, 10, 100, 1000, 10_000, 100_000, 1_428_571]),
            seconds,
        ),
        few_parameters(sizes(&[1, 2, 4, 8, 16, 32, 64, 128]), seconds),
        saves(sizes(&[1, 10, 100, 1000, 10_000]), seconds),
    ]
}

fn series<F: VectorField<f64>>(
    methods: &[(&'static str, usize)],
    sizes: &[usize],
    seconds: f64,
    case: impl Fn(usize) -> Case<F>,
) -> Vec<Series> {
    let along = |(name, most): &(&'static str, usize)| Series {
        name,
        seconds: sizes
            .iter()
            .map(|size| (size <= most).then(|| case(*size).time(name, seconds)))
            .collect(),
    };
    methods.iter().map(along).collect()
}

/// A network of these widths over a batch, with weights like those of a fresh one.
fn perceptron(widths: &[usize], batch: usize, inner: i32) -> Case<Recorded<f64>> {
    let field = network::field::<f64>(batch, widths, |h| h.powi(inner));
    let scale = |w: &[usize]| (1.0 / w[0] as f64).sqrt();
    let theta = widths.windows(2).enumerate().flat_map(|(layer, w)| {
        let weights = uniform(layer as u64 + 1).take(w[0] * w[1]);
        let weights = weights.map(move |u| u * scale(w));
        weights.chain(std::iter::repeat_n(0.0, w[1]))
    });
    Case {
        h0: uniform(9).take(batch * widths[0]).collect(),
        theta: theta.collect(),
        field,
        t1: 1.0,
        saves: 1,
    }
}

fn batch(sizes: Vec<usize>, seconds: f64) -> Study {
    Study {
        title: "Batch",
        what: "A network 2-50-2, samples stepped jointly, t from 0 to 1.",
        along: "samples",
        follows: sizes.iter().map(|n| *n as f64).collect(),
        series: series(
            &[("discrete", ANY), ("backsolve", ANY)],
            &sizes,
            seconds,
            |n| perceptron(&[2, 50, 2], n, 3),
        ),
        sizes,
    }
}

fn width(sizes: Vec<usize>, seconds: f64) -> Study {
    Study {
        title: "Width",
        what: "A network 16-w-w-16, 32 samples, t from 0 to 1; it should follow its w² + 32 w products.",
        along: "width w",
        follows: sizes.iter().map(|n| (n * n + 32 * n) as f64).collect(),
        series: series(
            &[("discrete", ANY), ("backsolve", ANY)],
            &sizes,
            seconds,
            |n| perceptron(&[16, n, n, 16], 32, 1),
        ),
        sizes,
    }
}

/// Diffusion with reaction around a ring of n points: dh_i/dt = θ₀ (h_{i−1} − 2 h_i + h_{i+1}) + θ₁ h_i − θ₂ h_i³.
fn ring(n: usize) -> Case<Recorded<f64>> {
    let inputs: [(&str, &[usize]); 3] = [("h", &[n]), ("t", &[]), ("theta", &[3])];
    let f = Function::<f64>::record(&inputs, |v| {
        let h = v[0];
        let turned = |by: usize| Var::concat(&[h.slice(0, by..n), h.slice(0, 0..by)], 0);
        let curvature = turned(1) + turned(n - 1) - h * 2.0;
        let theta = |i: usize| v[2].index(i);
        vec![curvature * theta(0) + h * theta(1) - h.powi(3) * theta(2)]
    });
    let f = f.expect("the names of the inputs are distinct");
    Case {
        field: Recorded::new(&f).expect("it can be differentiated"),
        h0: uniform(7).take(n).collect(),
        theta: vec![0.5, 1.0, 1.0],
        t1: 5.0,
        saves: 1,
    }
}

fn states(sizes: Vec<usize>, seconds: f64) -> Study {
    Study {
        title: "States",
        what: "Diffusion with reaction around a ring of n points, 3 parameters, t from 0 to 5.",
        along: "states n",
        follows: sizes.iter().map(|n| *n as f64).collect(),
        series: series(
            &[
                ("discrete", ANY),
                ("interpolating", ANY),
                ("gauss", ANY),
                ("forward", 1000),
            ],
            &sizes,
            seconds,
            ring,
        ),
        sizes,
    }
}

fn parameters(sizes: Vec<usize>, seconds: f64) -> Study {
    Study {
        title: "Parameters of a network",
        what: "A network 2-w-2, one sample: 5 w + 2 parameters, all of which f reads, t from 0 to 1.",
        along: "width w",
        follows: sizes.iter().map(|n| (5 * n + 2) as f64).collect(),
        series: series(
            &[
                ("discrete", ANY),
                ("interpolating", ANY),
                ("gauss", ANY),
                ("backsolve", ANY),
                ("forward", 100),
                ("finite-difference", 10),
            ],
            &sizes,
            seconds,
            |n| perceptron(&[2, n, 2], 1, 1),
        ),
        sizes,
    }
}

/// A pendulum pushed by a sum of p harmonics: few states, a field whose cost is in its parameters.
fn pushed(p: usize) -> Case<Recorded<f64>> {
    let inputs: [(&str, &[usize]); 3] = [("h", &[2]), ("t", &[]), ("theta", &[p])];
    let f = Function::<f64>::record(&inputs, |v| {
        let (angle, speed, t) = (v[0].index(0), v[0].index(1), v[1]);
        let push = (0..p).map(|i| v[2].index(i) * (t * (i as f64 + 1.0)).cos());
        let push = push.reduce(|sum, term| sum + term).expect("p > 0");
        vec![Var::stack(&[speed, push - angle.sin()])]
    });
    let f = f.expect("the names of the inputs are distinct");
    Case {
        field: Recorded::new(&f).expect("it can be differentiated"),
        h0: vec![1.0, 0.0],
        theta: uniform(11).take(p).map(|u| u / p as f64).collect(),
        t1: 10.0,
        saves: 10,
    }
}

fn few_parameters(sizes: Vec<usize>, seconds: f64) -> Study {
    Study {
        title: "Few parameters: forward or back?",
        what: "A pendulum pushed by p harmonics, 2 states, t from 0 to 10, 10 save times.",
        along: "parameters p",
        follows: sizes.iter().map(|n| *n as f64).collect(),
        series: series(
            &[
                ("discrete", ANY),
                ("forward", ANY),
                ("interpolating", ANY),
                ("backsolve", ANY),
            ],
            &sizes,
            seconds,
            pushed,
        ),
        sizes,
    }
}

fn saves(sizes: Vec<usize>, seconds: f64) -> Study {
    let case = |n| Case {
        field: Native::<_, f64, 2, 4>::new(LotkaVolterra),
        h0: vec![33.0, 5.9],
        theta: vec![0.55, 0.028, 0.8, 0.024],
        t1: 20.0,
        saves: n,
    };
    Study {
        title: "Save times",
        what: "Lotka and Volterra's equations, t from 0 to 20; it should follow the steps, until the save times outnumber them.",
        along: "save times",
        follows: sizes.iter().map(|n| *n as f64 + 30.0).collect(),
        series: series(
            &[("discrete", ANY), ("backsolve", ANY), ("forward", ANY)],
            &sizes,
            seconds,
            case,
        ),
        sizes,
    }
}
