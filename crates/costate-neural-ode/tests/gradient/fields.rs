//! Random vector fields and problems, each written once for every kind of number.

use super::tableaus::tableaus;
use costate_neural_ode::layer::{Layer, Mlp};
use costate_neural_ode::{Discrete, Error, GradientMethod, Problem, Recorded, Saved, VectorField};
use costate_ode::{Options, Tableau};
use costate_tape::{Scalar, Unary, Var};
use proptest::prelude::*;

/// The same field that can do nothing but what every field can: one point after another, without second derivatives.
#[derive(Clone)]
pub(crate) struct Plain<F>(pub(crate) F);

impl<F: VectorField<f64>> VectorField<f64> for Plain<F> {
    fn state_len(&self) -> usize {
        self.0.state_len()
    }
    fn parameter_len(&self) -> usize {
        self.0.parameter_len()
    }
    fn set_parameters(&mut self, theta: &[f64]) {
        self.0.set_parameters(theta);
    }
    fn eval(&mut self, frame: usize, t: f64, h: &[f64], dh: &mut [f64]) {
        self.0.eval(frame, t, h, dh);
    }
    fn products(&mut self, frame: usize, a: &[f64], a_h: &mut [f64]) -> f64 {
        self.0.products(frame, a, a_h)
    }
    fn accumulate(&mut self, frames: &[(usize, f64)]) {
        self.0.accumulate(frames);
    }
    fn finish(&mut self, a_theta: &mut [f64]) {
        self.0.finish(a_theta);
    }
}

/// θ_k h_a^i h_b^j t^m, in row `row`.
#[derive(Clone, Debug)]
pub(crate) struct Term {
    row: usize,
    k: usize,
    factors: [(usize, i32); 2],
    clock: i32,
}

#[derive(Clone, Debug)]
pub(crate) enum Field {
    /// dh/dt = A h with A = −1/2 + a skew part + θ at some entries, and all of it shaken by the clock if it is seen.
    Linear {
        n: usize,
        /// Where each parameter is added.
        entries: Vec<(usize, usize)>,
        sees_time: bool,
    },
    /// dh_i/dt = −h_i/2 + Σ terms.
    Polynomial {
        n: usize,
        p: usize,
        terms: Vec<Term>,
    },
    /// A batch of states, each with its own network(h) or network(h, t).
    Network {
        batch: usize,
        widths: Vec<usize>,
        activation: Unary,
        sees_time: bool,
    },
}

impl Field {
    pub(crate) fn states(&self) -> usize {
        match self {
            Self::Linear { n, .. } | Self::Polynomial { n, .. } => *n,
            Self::Network { batch, widths, .. } => batch * widths.last().unwrap(),
        }
    }

    pub(crate) fn parameters(&self) -> usize {
        match self {
            Self::Linear { entries, .. } => entries.len(),
            Self::Polynomial { p, .. } => *p,
            Self::Network { widths, .. } => {
                widths.windows(2).map(|pair| pair[1] * (pair[0] + 1)).sum()
            }
        }
    }

    /// f(h, t, θ) by plain loops.
    pub(crate) fn eval<S: Scalar>(&self, h: &[S], t: S, theta: &[S]) -> Vec<S> {
        match self {
            Self::Linear {
                n,
                entries,
                sees_time,
            } => {
                let turns = |i: usize, j: usize| {
                    let (low, high) = (i.min(j), i.max(j));
                    let size = (1.1 * low as f64 + 2.3 * high as f64).sin() / *n as f64;
                    if i < j { size } else { -size }
                };
                let row = |i: usize| {
                    let others = (0..*n).filter(|j| *j != i);
                    others.fold(S::from_f64(-0.5) * h[i], |sum, j| {
                        sum + S::from_f64(turns(i, j)) * h[j]
                    })
                };
                let mut dh: Vec<S> = (0..*n).map(row).collect();
                for ((i, j), theta) in entries.iter().zip(theta) {
                    dh[*i] += *theta * h[*j];
                }
                if *sees_time {
                    let clock = S::from_f64(1.0) + S::from_f64(0.5) * t.sin();
                    dh.iter_mut().for_each(|dh| *dh *= clock);
                }
                dh
            }
            Self::Polynomial { terms, .. } => {
                let mut dh: Vec<S> = h.iter().map(|h| S::from_f64(-0.5) * *h).collect();
                for term in terms {
                    let mut value = theta[term.k] * t.powi(term.clock);
                    for (i, power) in term.factors {
                        value *= h[i].powi(power);
                    }
                    dh[term.row] += value;
                }
                dh
            }
            Self::Network {
                batch,
                widths,
                activation,
                sees_time,
            } => {
                let n = h.len() / batch;
                let sample = |h: &[S]| {
                    let mut x = h.to_vec();
                    if *sees_time {
                        x.push(t);
                    }
                    let mut offset = 0;
                    for (layer, pair) in widths.windows(2).enumerate() {
                        if layer > 0 {
                            x = x.into_iter().map(|x| x.unary(*activation)).collect();
                        }
                        let bias = offset + pair[0] * pair[1];
                        let row = |i: usize| {
                            let weights = &theta[offset + i * pair[0]..offset + (i + 1) * pair[0]];
                            let terms = weights.iter().zip(&x);
                            terms.fold(theta[bias + i], |sum, (w, x)| sum + *w * *x)
                        };
                        x = (0..pair[1]).map(row).collect();
                        offset = bias + pair[1];
                    }
                    x
                };
                h.chunks_exact(n).flat_map(sample).collect()
            }
        }
    }

    #[allow(dead_code)] // For the tests of implicit solvers.
    /// Two polynomials that share out the terms of this one.
    pub(crate) fn halves(&self) -> [Self; 2] {
        let Self::Polynomial { n, p, terms } = self else {
            panic!("{self:?} is no polynomial")
        };
        [0, 1].map(|half| Self::Polynomial {
            n: *n,
            p: *p,
            terms: terms.iter().skip(half).step_by(2).cloned().collect(),
        })
    }

    pub(crate) fn record(&self) -> Recorded {
        let p = self.parameters();
        let recorded = match self {
            Self::Linear { n, .. } | Self::Polynomial { n, .. } => {
                Recorded::record(&[*n], p, |h, t, theta| {
                    let h: Vec<_> = (0..*n).map(|i| h.index(i)).collect();
                    let theta: Vec<_> = (0..p).map(|k| theta.index(k)).collect();
                    Var::stack(&self.eval(&h, t, &theta))
                })
            }
            Self::Network {
                batch,
                widths,
                activation,
                sees_time,
            } => {
                let net = Mlp::new(widths, *activation);
                let n = *widths.last().unwrap();
                Recorded::record(&[*batch, n], p, |h, t, theta| {
                    let clock = t.broadcast_to([*batch, 1]);
                    let x = if *sees_time {
                        Var::concat(&[h, clock], 1)
                    } else {
                        h
                    };
                    net.apply(x, theta)
                })
            }
        };
        recorded.unwrap()
    }
}

/// From one state to twenty, from no parameter to fifty.
pub(crate) fn linear(clock: bool) -> impl Strategy<Value = Field> {
    (1_usize..=20, any::<bool>()).prop_flat_map(move |(n, sees_time)| {
        let entries = prop::collection::vec((0..n, 0..n), 0..=50);
        entries.prop_map(move |entries| Field::Linear {
            n,
            entries,
            sees_time: sees_time && clock,
        })
    })
}

pub(crate) fn polynomial(clock: bool) -> impl Strategy<Value = Field> {
    (1_usize..5, 1_usize..6).prop_flat_map(move |(n, p)| {
        let factor = (0..n, 0_i32..3);
        let term = (0..n, 0..p, factor.clone(), factor, 0..=i32::from(clock));
        let term = term.prop_map(|(row, k, a, b, clock)| Term {
            row,
            k,
            factors: [a, b],
            clock,
        });
        prop::collection::vec(term, 1..8).prop_map(move |terms| Field::Polynomial { n, p, terms })
    })
}

pub(crate) fn network(clock: bool) -> impl Strategy<Value = Field> {
    let hidden = prop::collection::vec(1_usize..34, 0..3);
    let activation = prop::sample::select(vec![Unary::Tanh, Unary::Sigmoid, Unary::Softplus]);
    (1_usize..10, 1_usize..4, hidden, activation, any::<bool>()).prop_map(
        move |(batch, n, hidden, activation, sees_time)| {
            let sees_time = sees_time && clock;
            let mut widths = vec![n + usize::from(sees_time)];
            widths.extend(hidden);
            widths.push(n);
            Field::Network {
                batch,
                widths,
                activation,
                sees_time,
            }
        },
    )
}

/// Where to save.
#[derive(Clone, Debug)]
pub(crate) enum Save {
    Start,
    End,
    Inside(f64),
    /// Where a step ends.
    StepEnd(usize),
    /// At the time before once more.
    Again,
}

/// A field with everything that a gradient is taken by.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) field: Field,
    pub(crate) tableau: &'static Tableau,
    pub(crate) options: Options<f64>,
    pub(crate) h0: Vec<f64>,
    pub(crate) theta: Vec<f64>,
    pub(crate) t0: f64,
    pub(crate) t1: f64,
    pub(crate) save_at: Vec<f64>,
}

impl Case {
    pub(crate) fn problem(&self) -> Problem<'_, f64, f64> {
        Problem {
            h0: &self.h0,
            theta: &self.theta,
            t0: self.t0,
            t1: self.t1,
            save_at: &self.save_at,
        }
    }

    /// The sizes of the steps from t₀ to t₁.
    pub(crate) fn steps(&self) -> Result<Option<Vec<f64>>, Error> {
        let like = vec![0.0; self.h0.len()];
        let options = self.options.clone();
        let mut discrete = Discrete::new(self.field.record(), &like, self.tableau, options)?;
        let mut largest = 0.0_f64;
        discrete.gradient(&self.problem(), &mut |saved, _| {
            largest = saved.values().iter().fold(0.0, |max, h| max.max(h.abs()));
            0.0
        })?;
        // Where the solution explodes there are no digits to compare.
        Ok((largest < 50.0).then(|| discrete.steps().collect()))
    }
}

/// The weight of component `i` of saved state `s` in the loss.
fn weight(s: usize, i: usize) -> f64 {
    (1.3 + 0.7 * s as f64 + 2.1 * i as f64).sin()
}

/// L = Σ w (h + h²/4) over the components of the saved states.
pub(crate) fn loss<S: Scalar>(states: &[Vec<S>]) -> S {
    let mut sum = S::from_f64(0.0);
    for (s, state) in states.iter().enumerate() {
        for (i, h) in state.iter().enumerate() {
            sum += S::from_f64(weight(s, i)) * (*h + S::from_f64(0.25) * *h * *h);
        }
    }
    sum
}

/// The same loss as gradient methods take it.
pub(crate) fn loss_with_cotangents(saved: &Saved<f64>, cotangents: &mut Saved<f64>) -> f64 {
    for s in 0..saved.len() {
        for (i, h) in saved.state(s).iter().enumerate() {
            cotangents.state_mut(s)[i] = weight(s, i) * (1.0 + 0.5 * h);
        }
    }
    let states: Vec<Vec<f64>> = (0..saved.len()).map(|s| saved.state(s).to_vec()).collect();
    loss(&states)
}

fn save() -> impl Strategy<Value = Save> {
    prop_oneof![
        Just(Save::Start),
        Just(Save::End),
        (0.0..1.0).prop_map(Save::Inside),
        (0_usize..20).prop_map(Save::StepEnd),
        Just(Save::Again),
    ]
}

/// Problems of every kind of field, tableau, tolerance, save grid and direction of time.
pub(crate) fn case(field: impl Strategy<Value = Field>) -> impl Strategy<Value = Case> {
    let span = (-1.0..1.0, 0.2..1.2, any::<bool>());
    let method = (prop::sample::select(tableaus()), -8.0..-2.0);
    let saves = prop::collection::vec(save(), 0..6);
    (field, method, span, saves, any::<u64>()).prop_filter_map(
        "a solution that stays finite",
        |(field, (tableau, exponent), (t0, length, forward), saves, seed)| {
            let mut state = seed;
            let mut random = || {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
            };
            let tolerance = 10_f64.powf(exponent);
            let options = if tableau.embedded_order.is_some() {
                Options::tolerances(tolerance, tolerance)
            } else {
                Options::constant_step(0.07)
            };
            let mut case = Case {
                h0: (0..field.states()).map(|_| random()).collect(),
                theta: (0..field.parameters()).map(|_| random()).collect(),
                field,
                tableau,
                options,
                t0,
                t1: if forward { t0 + length } else { t0 - length },
                save_at: Vec::new(),
            };
            let steps = case.steps().ok()??;
            if steps.len() > 400 {
                return None;
            }
            let mut times: Vec<f64> = Vec::new();
            for save in saves {
                let time = match save {
                    Save::Start => case.t0,
                    Save::End => case.t1,
                    Save::Inside(part) => case.t0 + part * (case.t1 - case.t0),
                    Save::StepEnd(i) if i < steps.len().saturating_sub(1) => {
                        steps[..=i].iter().fold(case.t0, |t, step| t + step)
                    }
                    Save::StepEnd(_) => case.t1,
                    Save::Again => times.last().copied().unwrap_or(case.t0),
                };
                times.push(time);
            }
            times.sort_by(f64::total_cmp);
            if !forward {
                times.reverse();
            }
            case.save_at = times;
            Some(case)
        },
    )
}

/// The number of cases, and seeds that are the same in every run.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_240_229),
        ..ProptestConfig::default()
    }
}
