//! Whether a trained model is healthy: what its solves cost as the training went on, how large the costate becomes, and whether the model is that of an equation or of one solver's
//! steps.

mod report;

pub use report::{Health, Trial};

use super::clip::norm;
use crate::gradient::LossFn;
use crate::{Backsolve, Discrete, Error, Gradient, GradientMethod, Problem, Recorded, VectorField};
use costate_ode::{Options, Real, Tableau, Tolerance, tableau};

/// A gradient method that keeps what each gradient cost.
///
/// A field that a training makes steeper shows in evaluations that grow; a costate that grows a thousandfold on its way back, in gradients that say little.
///
/// ```
/// use costate_neural_ode::train::health::Watched;
/// use costate_neural_ode::{Discrete, GradientMethod, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::tolerances(1e-6, 1e-6);
/// let discrete = Discrete::new(House::default(), &[0.0], tableau::by_name("tsit5")?, options)?;
/// let mut watched = Watched::new(discrete);
/// for theta in [0.1, 0.5] {
///     let problem = Problem { h0: &[3.0], theta: &[theta], t0: 3.0, t1: 5.0, save_at: &[] };
///     watched.gradient(&problem, &mut |saved, cotangents| {
///         cotangents.state_mut(0)[0] = 1.0;
///         saved.state(0)[0]
///     })?;
/// }
/// // ∂L/∂h₀ = exp(8 θ) for ∂L/∂h₁ = 1
/// assert!((watched.log[0].growth() - 0.8_f64.exp()).abs() < 1e-4);
/// assert!(watched.log[1].evaluations > watched.log[0].evaluations);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Watched<M> {
    method: M,
    /// An entry for each gradient.
    pub log: Vec<Cost>,
}

/// What one gradient cost.
///
/// ```
/// use costate_neural_ode::train::health::Cost;
/// // A costate that comes back ten thousand times as large as it went in.
/// let cost = Cost { evaluations: 600, products: 600, rejected: 0, entering: 0.5, arriving: 5e3 };
/// assert_eq!(cost.growth(), 1e4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Evaluations of f on the way forward.
    pub evaluations: usize,
    /// Products with ∂f/∂h on the way back.
    pub products: usize,
    /// Steps that were tried in vain.
    pub rejected: usize,
    /// ‖∂L/∂(saved states)‖: what enters the costate.
    pub entering: f64,
    /// ‖∂L/∂h₀‖: what it becomes.
    pub arriving: f64,
}

impl Cost {
    /// How many times larger the costate is at t₀ than what entered it.
    #[must_use]
    pub fn growth(&self) -> f64 {
        self.arriving / self.entering
    }
}

impl<M> Watched<M> {
    /// `method`, watched.
    #[must_use]
    pub fn new(method: M) -> Self {
        Self {
            method,
            log: Vec::new(),
        }
    }
}

impl<T, E: Real, M: GradientMethod<T, E>> GradientMethod<T, E> for Watched<M> {
    fn gradient(
        &mut self,
        problem: &Problem<'_, T, E>,
        loss: &mut LossFn<'_, E>,
    ) -> Result<&Gradient<E>, Error> {
        let mut entering = 0.0;
        let gradient = self.method.gradient(problem, &mut |saved, cotangents| {
            let value = loss(saved, cotangents);
            entering = norm(cotangents.values()).as_f64();
            value
        })?;
        self.log.push(Cost {
            evaluations: gradient.stats.forward.nfe,
            products: gradient.stats.products,
            rejected: gradient.stats.forward.rejected,
            entering,
            arriving: norm(&gradient.h0).as_f64(),
        });
        Ok(gradient)
    }
}

impl Health {
    /// Looks at a model as it was trained, with `solver` and `options`: its loss there, with finer steps, and with another method at the tightest tolerances; how the costate grows;
    /// and how well h can be rebuilt on the way back from t₁, which [`Backsolve`] relies on.
    ///
    /// A model whose loss changes with the solver has learned the solver's steps along with the data \[Ott2021\].
    ///
    /// ```
    /// use costate_neural_ode::train::health::Health;
    /// use costate_neural_ode::{Problem, Recorded};
    /// use costate_ode::{Options, tableau};
    ///
    /// // dh/dt = θ h, from 1 to 4 in a unit of time: by two steps of Euler's method θ is 2, for the equation it is ln 4.
    /// let field = Recorded::record(&[1], 1, |h, _t, theta| h * theta.index(0))?;
    /// let euler = (tableau::by_name("euler")?, Options::constant_step(0.5));
    /// let tsit5 = (tableau::by_name("tsit5")?, Options::tolerances(1e-6, 1e-6));
    /// for (theta, (solver, options), depends) in [(2.0, euler, true), (4.0_f64.ln(), tsit5, false)] {
    ///     let problem = Problem { h0: &[1.0], theta: &[theta], t0: 0.0, t1: 1.0, save_at: &[] };
    ///     let health = Health::of(&field, &problem, solver, &options, &mut |saved, cotangents| {
    ///         let off = saved.state(0)[0] - 4.0;
    ///         cotangents.state_mut(0)[0] = 2.0 * off;
    ///         1.0 + off * off
    ///     })?;
    ///     assert_eq!(health.depends_on_its_steps(), depends, "{health}");
    /// }
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`GradientMethod::gradient`], if the model cannot be solved as it was trained. What fails with another solver is in the report.
    pub fn of(
        field: &Recorded<f64>,
        problem: &Problem<'_, f64, f64>,
        solver: &'static Tableau,
        options: &Options<f64>,
        loss: &mut LossFn<'_, f64>,
    ) -> Result<Self, Error> {
        let like = vec![0.0; field.state_len()];
        let mut watched = Watched::new(Discrete::new(
            field.clone(),
            &like,
            solver,
            options.clone(),
        )?);
        let trained = watched.gradient(problem, loss)?.loss;
        let cost = watched.log[0];
        let own = Trial {
            solver: solver.name,
            settings: settings(options),
            loss: Ok(trained),
            evaluations: cost.evaluations,
        };
        let finest = Options {
            rtol: 1e-10.into(),
            atol: 1e-12.into(),
            step: None,
            ..options.clone()
        };
        // Another method than the one it was trained with
        let other = tableau::by_name(if solver.name == "verner7" {
            "dop853"
        } else {
            "verner7"
        })?;
        let mut trials = vec![own];
        for (solver, options) in [
            (solver, finer(options, 0.1)),
            (solver, finer(options, 0.01)),
            (other, finest),
        ] {
            let solved = Discrete::new(field.clone(), &like, solver, options.clone()).and_then(
                |mut method| {
                    let gradient = method.gradient(problem, loss)?;
                    Ok((gradient.loss, gradient.stats.forward.nfe))
                },
            );
            trials.push(Trial {
                solver: solver.name,
                settings: settings(&options),
                evaluations: solved.as_ref().map_or(0, |(_, evaluations)| *evaluations),
                loss: solved
                    .map(|(loss, _)| loss)
                    .map_err(|error| error.to_string()),
            });
        }
        let rebuilt = Backsolve::new(field.clone(), &like, solver, options.clone())
            .and_then(|mut method| {
                method.gradient(problem, loss)?;
                Ok(method.rebuilt_within())
            })
            .map_err(|error| error.to_string());
        Ok(Self {
            cost,
            trials,
            rebuilt,
        })
    }
}

/// The same with smaller steps: a constant one, or tolerances.
fn finer(options: &Options<f64>, factor: f64) -> Options<f64> {
    let tolerance = |tolerance: &Tolerance<f64>| match tolerance {
        Tolerance::Scalar(value) => Tolerance::Scalar(factor * value),
        Tolerance::Components(values) => {
            Tolerance::Components(values.iter().map(|value| factor * value).collect())
        }
    };
    Options {
        rtol: tolerance(&options.rtol),
        atol: tolerance(&options.atol),
        step: options.step.map(|step| factor * step),
        ..options.clone()
    }
}

fn settings(options: &Options<f64>) -> String {
    match options.step {
        Some(step) => format!("step {step:.0e}"),
        None => format!("rtol {:.0e}", options.rtol.at(0)),
    }
}
