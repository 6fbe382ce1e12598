//! Weights that vary with depth \[Massaroli2020\]: a flow that needs W(t), learned from where it carries points, with so many terms of a basis.
//!
//! Eight points on two circles turn with dh/dt = w(t) `[[0, −1], [1, 0]]` h, t from 0 to 1, so that h(t) turns by ∫w. They are seen at 40 times. The model is dh/dt = W(t) h + b(t), every entry
//! a series; L-BFGS on the mean square, from zero. Of each model: the root mean square error of the positions, the L² error of W(t) by its entries off the diagonal, and the L² error of the
//! best series for w(t), which is what such a basis can do at most. How fast that falls is known: by ρ per degree for an analytic w, where ρ is that of the ellipse through
//! the nearest pole, and as n^(−3/2) for one with a kink.

use crate::{Setting, milliseconds, settled};
use costate_benches::cpu_seconds;
use costate_neural_ode::function_space::{Basis, Quadrature};
use costate_neural_ode::layer::{Depth, Layer, Linear};
use costate_neural_ode::train::loss::Loss;
use costate_neural_ode::train::observations::Observations;
use costate_neural_ode::train::optimizer::Lbfgs;
use costate_neural_ode::train::pipeline::{discrete, states};
use costate_neural_ode::train::training::{Recipe, Training};
use costate_neural_ode::{Error, Problem, Recorded};
use costate_ode::{Options, tableau};
use std::f64::consts::TAU;
use std::ops::ControlFlow::Continue;

const B: usize = 8;
const TIMES: usize = 40;

/// A turning that changes with depth.
struct Turning {
    name: &'static str,
    /// w(t).
    rate: fn(f64) -> f64,
    /// ∫ w from 0 to t.
    angle: fn(f64) -> f64,
    /// How the errors of its series fall, by what two of them show, with so many terms each.
    falls: fn([f64; 2], [f64; 2]) -> String,
    bases: Vec<Basis>,
}

/// By a factor for each term: ρ.
fn geometric([n, error]: [f64; 2], [more, less]: [f64; 2]) -> String {
    format!("by {:.2} a term", (error / less).powf(1.0 / (more - n)))
}

/// As a power of the number of terms.
fn algebraic([n, error]: [f64; 2], [more, less]: [f64; 2]) -> String {
    format!("as n^−{:.2}", (error / less).ln() / (more / n).ln())
}

/// Where it begins.
fn starts() -> Vec<f64> {
    let start = |b: usize| {
        let (sin, cos) = (0.9 * b as f64).sin_cos();
        let radius = if b.is_multiple_of(2) { 1.0 } else { 0.5 };
        [radius * cos, radius * sin]
    };
    (0..B).flat_map(start).collect()
}

/// s = 2t − 1, from −1 to 1.
fn along(t: f64) -> f64 {
    2.0 * t - 1.0
}

fn turnings() -> [Turning; 3] {
    let legendre = |terms| Basis::legendre(terms, 0.0, 1.0);
    let fourier = |terms| Basis::fourier(terms, 0.0, 1.0);
    [
        Turning {
            name: "2 + 6 cos 2πt",
            rate: |t| 2.0 + 6.0 * (TAU * t).cos(),
            angle: |t| 2.0 * t + 6.0 * (TAU * t).sin() / TAU,
            falls: |_, _| String::new(),
            bases: vec![Basis::constant(), fourier(3), legendre(3), legendre(7)],
        },
        Turning {
            name: "6/(1 + 4s²), pole at i/2",
            rate: |t| 6.0 / (1.0 + 4.0 * along(t).powi(2)),
            angle: |t| 1.5 * ((2.0 * along(t)).atan() + 2.0_f64.atan()),
            falls: geometric,
            bases: [3, 5, 7, 9, 11].map(legendre).to_vec(),
        },
        Turning {
            name: "6 abs s, a kink",
            rate: |t| 6.0 * along(t).abs(),
            angle: |t| 1.5 * (1.0 + along(t).abs() * along(t)),
            falls: algebraic,
            bases: [3, 5, 9, 17].map(legendre).to_vec(),
        },
    ]
}

/// The errors of positions, of W and of the best series for w, and the processor time of a gradient in milliseconds.
fn learn(turning: &Turning, basis: Basis, iterations: u64) -> Result<[f64; 4], Error> {
    let h0 = starts();
    let times: Vec<f64> = (1..=TIMES).map(|i| i as f64 / TIMES as f64).collect();
    let mut seen = Observations::new(B, 2);
    for t in &times {
        let (sin, cos) = (turning.angle)(*t).sin_cos();
        for (b, h) in h0.chunks(2).enumerate() {
            seen.push(b, *t, &[cos * h[0] - sin * h[1], sin * h[0] + cos * h[1]]);
        }
    }
    let layer = Depth::new(Linear::new(2, 2), basis);
    let parameters = layer.parameter_len();
    let field = Recorded::record(&[B, 2], parameters, |h, t, theta| {
        layer.apply_at(h, t, theta)
    })?;
    let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-9, 1e-9));
    let mut method = discrete(field, tsit5, options)?;
    let mut training = Training::new(vec![0.0; parameters], Lbfgs::new(parameters));
    let (begin, mut gradients) = (cpu_seconds(), 0);
    training.run(
        &Recipe::of(iterations),
        |_, theta, g| {
            gradients += 1;
            seen.gradient(method.as_mut(), Loss::Squares, (&h0, 0.0), theta, g)
        },
        |_| Continue(()),
    );
    let each = milliseconds(begin, gradients);
    let theta = &settled(training);
    let problem = Problem {
        h0: &h0,
        theta,
        t0: 0.0,
        t1: 1.0,
        save_at: &times,
    };
    let found = states(method.as_mut(), &problem)?;
    let square = seen.loss(Loss::Squares, &found, &mut found.clone());
    let inner = Quadrature::legendre_panels(40, 2, 0.0, 1.0); // an end of a panel at the kink
    let off = |t: f64| {
        let (w, exact) = (layer.at(t, theta), (turning.rate)(t));
        (0.5 * ((w[2] - exact).powi(2) + (w[1] + exact).powi(2))).sqrt()
    };
    let best = basis.truncation_error(turning.rate, &inner);
    Ok([
        square.sqrt(),
        inner.norm(off),
        best.expect("functions that the nodes tell apart"),
        each,
    ])
}

/// Prints the table.
pub(crate) fn run(setting: &Setting) -> Result<(), Error> {
    println!(
        "| w(t) | basis of W(t) | terms | error of positions | of W(t) | best possible | falls | ms a gradient |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for turning in turnings() {
        let bases = if setting.reduced {
            &turning.bases[..2]
        } else {
            &turning.bases[..]
        };
        let (mut last, mut first) = (None, f64::NAN);
        for basis in bases {
            let [positions, learned, best, each] =
                learn(&turning, *basis, setting.scaled(1000, 5))?;
            let now = [basis.terms() as f64, best];
            let falls = last.map_or(String::new(), |last| (turning.falls)(last, now));
            println!(
                "| {} | {} | {} | {positions:.1e} | {learned:.1e} | {best:.1e} | {falls} | {each:.3} |",
                turning.name,
                basis.family().name(),
                basis.terms()
            );
            if last.is_none() {
                first = positions;
            } else {
                assert!(positions < first);
            }
            last = Some(now);
        }
    }
    Ok(())
}
