//! Dual numbers through the same frozen steps, by whatever engine.

use super::fields::{Field, loss};
use costate_neural_ode::gradient::Gradient;
use costate_neural_ode::{Problem, RightHandSide};
use costate_ode::{
    Auto, Dirk, Engine as Stepping, Family, Gauss, Imex, Integrator, Matrix, Method, Options,
    Radau, Real, Reversible, Rosenbrock, Span, Split, Stats, Symplectic, System, Tableau,
};
use costate_tape::{Dual, Scalar};

/// Directions carried at once.
const DIRECTIONS: usize = 8;

/// Newton's iterations after the values have settled: derivatives follow later.
const MORE: usize = 8;

type D = Dual<f64, DIRECTIONS>;

/// What a loss is differentiated by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Variable {
    H0(usize),
    Theta(usize),
    T0,
    T1,
    Save(usize),
}

/// f(h, t, θ) for every kind of number.
pub(crate) trait Formula {
    /// Whether it has two parts.
    const SPLIT: bool = false;

    fn at<S: Scalar>(&self, h: &[S], t: S, theta: &[S]) -> Vec<S>;

    /// The part taken explicitly.
    fn explicit<S: Scalar>(&self, h: &[S], _t: S, _theta: &[S]) -> Vec<S> {
        vec![S::from_f64(0.0); h.len()]
    }
}

/// A sum whose first term is taken explicitly.
pub(crate) struct Sum<A, B>(pub(crate) A, pub(crate) B);

impl<A: Formula, B: Formula> Formula for Sum<A, B> {
    const SPLIT: bool = true;

    fn at<S: Scalar>(&self, h: &[S], t: S, theta: &[S]) -> Vec<S> {
        let both = self
            .0
            .at(h, t, theta)
            .into_iter()
            .zip(self.1.at(h, t, theta));
        both.map(|(a, b)| a + b).collect()
    }

    fn explicit<S: Scalar>(&self, h: &[S], t: S, theta: &[S]) -> Vec<S> {
        self.0.at(h, t, theta)
    }
}

/// One part of a formula.
struct Part<'a, F> {
    of: &'a F,
    explicit: bool,
}

impl<F: Formula> Formula for Part<'_, F> {
    fn at<S: Scalar>(&self, h: &[S], t: S, theta: &[S]) -> Vec<S> {
        let explicit = self.of.explicit(h, t, theta);
        if self.explicit {
            return explicit;
        }
        let both = self.of.at(h, t, theta).into_iter().zip(explicit);
        both.map(|(whole, part)| whole - part).collect()
    }
}

impl Formula for Field {
    fn at<S: Scalar>(&self, h: &[S], t: S, theta: &[S]) -> Vec<S> {
        self.eval(h, t, theta)
    }
}

/// A right-hand side of fixed size.
pub(crate) struct Sized<R, const N: usize, const P: usize>(pub(crate) R);

impl<R: RightHandSide<N, P>, const N: usize, const P: usize> Formula for Sized<R, N, P> {
    fn at<S: Scalar>(&self, h: &[S], t: S, theta: &[S]) -> Vec<S> {
        let h = std::array::from_fn(|i| h[i]);
        let theta = std::array::from_fn(|k| theta[k]);
        self.0.eval(h, t, theta).to_vec()
    }
}

/// A formula as a system over dual numbers that gives its derivatives as dual numbers too.
struct Carried<'a, F> {
    formula: &'a F,
    theta: &'a [D],
}

impl<F: Formula> Carried<'_, F> {
    /// ∂f/∂(the input marked), as dual numbers.
    fn along(&self, h: &[D], t: D, marked: Option<usize>) -> Vec<D> {
        let lift = |value: &D, is: bool| {
            if is {
                Dual::<D, 1>::variable(*value, 0)
            } else {
                Dual::constant(*value)
            }
        };
        let h: Vec<_> = (0..h.len())
            .map(|i| lift(&h[i], marked == Some(i)))
            .collect();
        let theta: Vec<_> = self.theta.iter().map(|k| lift(k, false)).collect();
        let out = self.formula.at(&h, lift(&t, marked.is_none()), &theta);
        out.iter().map(|f| f.tangent[0]).collect()
    }
}

impl<F: Formula> System<D, Vec<D>> for Carried<'_, F> {
    fn eval(&mut self, t: D, y: &Vec<D>, dy: &mut Vec<D>) {
        dy.copy_from_slice(&self.formula.at(y, t, self.theta));
    }

    fn time_derivative(&mut self, t: D, y: &Vec<D>, out: &mut Vec<D>) -> bool {
        out.copy_from_slice(&self.along(y, t, None));
        true
    }
}

/// The same with its Jacobian.
struct WithJacobian<'a, F>(Carried<'a, F>);

impl<F: Formula, Y: costate_ode::State<D, Element = D>> System<D, Y> for WithJacobian<'_, F> {
    fn eval(&mut self, t: D, y: &Y, dy: &mut Y) {
        let found = self.0.formula.at(y.as_slice(), t, self.0.theta);
        dy.as_mut_slice().copy_from_slice(&found);
    }

    fn jacobian(&mut self, t: D, y: &Y, jacobian: &mut Matrix<D>) -> bool {
        for j in 0..y.as_slice().len() {
            let column = self.0.along(y.as_slice(), t, Some(j));
            for (i, entry) in column.into_iter().enumerate() {
                jacobian.set(i, j, entry);
            }
        }
        true
    }

    fn time_derivative(&mut self, t: D, y: &Y, out: &mut Y) -> bool {
        let found = self.0.along(y.as_slice(), t, None);
        out.as_mut_slice().copy_from_slice(&found);
        true
    }
}

/// What takes the steps.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Engine {
    Method(Method),
    /// Reversible Heun.
    Heun,
    /// The reversible coupling of a method.
    Coupled(&'static Tableau, f64),
}

/// A solve to differentiate.
pub(crate) struct Solve<'a, F> {
    pub(crate) formula: &'a F,
    pub(crate) engine: Engine,
    pub(crate) options: &'a Options<f64>,
    pub(crate) problem: Problem<'a, f64, f64>,
    /// The sizes of the steps; the last one lands on t₁.
    pub(crate) steps: &'a [f64],
}

impl<F: Formula> Solve<'_, F> {
    /// ∂L/∂(each of `variables`).
    pub(crate) fn derivatives(&self, variables: &[Variable]) -> Vec<f64> {
        let chunks = variables.chunks(DIRECTIONS);
        chunks
            .flat_map(|chunk| self.loss_along(chunk).tangent[..chunk.len()].to_vec())
            .collect()
    }

    fn loss_along(&self, along: &[Variable]) -> D {
        let number =
            |value: f64, variable: Variable| match along.iter().position(|own| *own == variable) {
                Some(direction) => D::variable(value, direction),
                None => D::constant(value),
            };
        let numbers = |values: &[f64], variable: fn(usize) -> Variable| -> Vec<D> {
            let values = values.iter().enumerate();
            values.map(|(i, v)| number(*v, variable(i))).collect()
        };
        let problem = &self.problem;
        let h0 = numbers(problem.h0, Variable::H0);
        let theta = numbers(problem.theta, Variable::Theta);
        let times = numbers(problem.save_at, Variable::Save);
        let ends = (
            number(problem.t0, Variable::T0),
            number(problem.t1, Variable::T1),
        );
        let system = || {
            WithJacobian(Carried {
                formula: self.formula,
                theta: &theta,
            })
        };
        let family = match self.engine {
            Engine::Method(method) => method.family(),
            Engine::Heun => {
                let engine = Reversible::heun(&h0);
                return loss(&self.states(engine, system, &h0, ends, &times));
            }
            Engine::Coupled(tableau, coupling) => {
                let engine = Reversible::coupled(tableau, D::constant(coupling), &h0);
                return loss(&self.states(engine, system, &h0, ends, &times));
            }
        };
        let states = match family {
            Family::Dirk(tableau) if F::SPLIT && !tableau.explicit.is_empty() => {
                let part = |explicit| Part {
                    of: self.formula,
                    explicit,
                };
                let parts = [part(true), part(false)];
                let of = |i: usize| {
                    WithJacobian(Carried {
                        formula: &parts[i],
                        theta: &theta,
                    })
                };
                let system = || Split::new(of(0), of(1));
                let engine = Imex::new(tableau, &mut system(), &h0).settled(MORE);
                self.states(engine, system, &h0, ends, &times)
            }
            Family::Dirk(tableau) => {
                let engine = Dirk::new(tableau, &system(), &h0).settled(MORE);
                self.states(engine, system, &h0, ends, &times)
            }
            Family::Rosenbrock(tableau) => {
                let engine = Rosenbrock::new(tableau, &system(), &h0);
                self.states(engine, system, &h0, ends, &times)
            }
            Family::Radau => {
                let engine = Radau::new(&system(), &h0).settled(MORE);
                self.states(engine, system, &h0, ends, &times)
            }
            Family::Gauss(tableau) => {
                let engine = Gauss::new(tableau, &system(), &h0).settled(MORE);
                self.states(engine, system, &h0, ends, &times)
            }
            Family::Auto => self.states(Auto::new(&system(), &h0), system, &h0, ends, &times),
            Family::Symplectic(tableau) => {
                self.states(Symplectic::new(tableau, &h0), system, &h0, ends, &times)
            }
            other => panic!("no oracle for {other:?}"),
        };
        loss(&states)
    }

    /// The saved states.
    fn states<S, E>(
        &self,
        engine: E,
        system: impl Fn() -> S,
        h0: &Vec<D>,
        (t0, t1): (D, D),
        times: &[D],
    ) -> Vec<Vec<D>>
    where
        S: System<D, Vec<D>>,
        E: Stepping<D, Vec<D>, S>,
    {
        let constant = |tolerance: &costate_ode::Tolerance<f64>| match tolerance {
            costate_ode::Tolerance::Scalar(value) => D::constant(*value),
            other => panic!("{other:?}"),
        };
        let options =
            Options::<D>::tolerances(constant(&self.options.rtol), constant(&self.options.atol));
        let mut it = Integrator::with_engine(engine, system(), t0, h0, options).unwrap();
        let direction = self.problem.t1 - self.problem.t0;
        let mut states = Vec::new();
        for (n, &size) in self.steps.iter().enumerate() {
            let last = n + 1 == self.steps.len();
            it.force_step(if last { t1 - it.t() } else { D::constant(size) });
            while let Some(&time) = times.get(states.len()) {
                if (time.value - it.t().value) * direction > 0.0 && !last {
                    break;
                }
                // Dense output by its formula, at the ends too: with the derivative by σ.
                let span = Span {
                    t: it.t_prev(),
                    t_next: it.t(),
                    h: it.h(),
                };
                let sigma = (time - span.t) / span.h;
                let (before, after, mut state) = (it.y_prev().clone(), it.y().clone(), h0.clone());
                it.engine_mut().interpolate(
                    &mut system(),
                    span,
                    &before,
                    &after,
                    sigma,
                    &mut state,
                    &mut Stats::default(),
                );
                states.push(state);
            }
        }
        if times.is_empty() {
            states.push(it.y().clone());
        }
        states
    }
}

/// Entries of a gradient side by side with their variables: all times, and of many parameters some.
pub(crate) fn entries(gradient: &Gradient<f64>) -> Vec<(Variable, f64)> {
    let some = |values: &[f64], variable: fn(usize) -> Variable| -> Vec<(Variable, f64)> {
        let stride = values.len().div_ceil(13);
        let chosen = (0..values.len()).step_by(stride.max(1));
        chosen.map(|i| (variable(i), values[i])).collect()
    };
    let mut all = some(&gradient.h0, Variable::H0);
    all.extend(some(&gradient.theta, Variable::Theta));
    all.push((Variable::T0, gradient.t0));
    all.push((Variable::T1, gradient.t1));
    let saves = gradient.save.iter().enumerate();
    all.extend(saves.map(|(s, value)| (Variable::Save(s), *value)));
    all
}

/// The largest difference of two lists of derivatives, in units of the largest entry of the kind.
pub(crate) fn distance(found: &[(Variable, f64)], expected: &[f64]) -> (f64, Variable) {
    let kind = |variable: &Variable| match variable {
        Variable::H0(_) => 0,
        Variable::Theta(_) => 1,
        _ => 2,
    };
    let mut sizes = [1e-3_f64; 3];
    for ((variable, _), value) in found.iter().zip(expected) {
        let size = &mut sizes[kind(variable)];
        *size = size.max(value.abs());
    }
    let mut worst = (0.0, Variable::T0);
    for ((variable, found), expected) in found.iter().zip(expected) {
        let off = (found - expected).abs() / sizes[kind(variable)];
        if off > worst.0 || off.is_nan() {
            worst = (off, *variable);
        }
    }
    worst
}

/// So that a unit of nothing compares as it should.
#[test]
fn the_oracle_carries_derivatives_of_derivatives() {
    let half = <D as Real>::from_f64(0.5);
    assert_eq!(half.value, 0.5);
    let field = Sized::<_, 1, 1>(Square);
    let theta = [D::variable(3.0, 0)];
    let carried = Carried {
        formula: &field,
        theta: &theta,
    };
    // ∂(θ h² t)/∂h = 2 θ h t, and its derivative by θ.
    let found = carried.along(&[D::constant(2.0)], D::constant(5.0), Some(0));
    assert_eq!((found[0].value, found[0].tangent[0]), (60.0, 20.0));
}

struct Square;

impl RightHandSide<1, 1> for Square {
    #[inline(always)]
    fn eval<S: Scalar>(&self, [h]: [S; 1], t: S, [theta]: [S; 1]) -> [S; 1] {
        [theta * h * h * t]
    }
}
