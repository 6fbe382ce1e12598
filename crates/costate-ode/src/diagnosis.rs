//! Why an integration stopped, and what to try.

use crate::Stats;
use std::fmt;

/// Why an integration could not go on.
///
/// ```
/// use costate_ode::{Cause, Error, Ivp};
///
/// // y′ = y² from 1 is 1/(1 − t): there is nothing to reach at t = 2.
/// let blow_up = |_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = y[0] * y[0];
/// let failure = Ivp::new(blow_up, 0.0, [1.0], 2.0).solve().unwrap_err();
/// let Error::Stopped(diagnosis) = failure.error else { panic!("another error") };
/// assert!(matches!(diagnosis.cause, Cause::Unbounded { component: 0, near } if (near - 1.0).abs() < 1e-5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cause {
    /// A component of the state is not finite where the step begins, as a reset or [`Integrator::set_y`](crate::Integrator::set_y) left it.
    State {
        /// The first such component.
        component: usize,
    },
    /// A component is zero and its `atol` too: no error in it is small enough, not even none.
    NothingAllowed {
        /// The first such component.
        component: usize,
    },
    /// f gave a component that is not finite, in every step however small.
    NotFinite {
        /// The stage of the method that was evaluated.
        stage: usize,
        /// The time it was evaluated at.
        t: f64,
        /// The first such component of f.
        component: usize,
    },
    /// A component grows so fast that the solution seems to end.
    Unbounded {
        /// The component.
        component: usize,
        /// About where: t + y / (dy/dt).
        near: f64,
    },
    /// The tolerance asks for steps below what the resolution of t, or `h_min`, allows.
    StepTooSmall,
    /// The equations of an implicit step of constant size could not be solved.
    NotSolved,
    /// The limit on the number of steps is reached.
    TooManySteps,
}

/// A step that was tried.
///
/// ```
/// use costate_ode::{Error, Ivp};
///
/// // Steps that alternate between too long and short enough: stability holds them down.
/// let stiff = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e6 * (y[0] - t.cos());
/// let failure = Ivp::new(stiff, 0.0, [1.0], 1.0).max_steps(5000).solve().unwrap_err();
/// let Error::Stopped(diagnosis) = failure.error else { panic!("another error") };
/// assert!(diagnosis.recent.iter().all(|step| step.h < 1e-5 && step.error < 100.0));
/// assert!(diagnosis.recent.is_sorted_by(|earlier, later| earlier.t <= later.t) && diagnosis.looks_stiff());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Try {
    /// Where it began.
    pub t: f64,
    /// Its signed size.
    pub h: f64,
    /// Its scaled error: accepted if at most 1.
    pub error: f64,
}

/// The component that fits its tolerance worst.
///
/// ```
/// use costate_ode::{Error, Ivp};
///
/// // The first component is at ease, the second ends at t = 1.
/// let field = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [1.0, y[1] * y[1]];
/// let failure = Ivp::new(field, 0.0, [0.0, 1.0], 2.0).solve().unwrap_err();
/// let Error::Stopped(diagnosis) = failure.error else { panic!("another error") };
/// let worst = diagnosis.worst.expect("the last try has an error");
/// assert!(worst.component == 1 && worst.magnitude > 1e6 && worst.allowed < 1e-5 * worst.magnitude);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worst {
    /// Its index.
    pub component: usize,
    /// Its error in units of what its tolerance allows.
    pub error: f64,
    /// What its tolerance allows: atol + rtol |y|.
    pub allowed: f64,
    /// |y|.
    pub magnitude: f64,
}

/// Where and why an integration stopped. It displays as a few sentences that end with what to try.
///
/// ```
/// use costate_ode::{Cause, Error, Ivp};
///
/// let root = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [0.0, -y[1].sqrt() - 1.0]; // y₁ passes zero
/// let failure = Ivp::new(root, 0.0, [5.0, 1.0], 9.0).solve().unwrap_err();
/// let Error::Stopped(diagnosis) = failure.error else { panic!("another error") };
/// assert!(matches!(diagnosis.cause, Cause::NotFinite { component: 1, .. }));
/// assert!((diagnosis.t - 0.61).abs() < 0.01 && diagnosis.method == "tsit5"); // 2 − 2 ln 2
/// assert!(diagnosis.to_string().contains("a root or logarithm of a negative number"));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnosis {
    /// Why.
    pub cause: Cause,
    /// The method's name.
    pub method: &'static str,
    /// The last time that was reached.
    pub t: f64,
    /// The step that failed there.
    pub h: f64,
    /// Where the integration should have gone.
    pub end: f64,
    /// The component with the largest scaled error in that step.
    pub worst: Option<Worst>,
    /// |h λ| for the last accepted step and the largest eigenvalue λ of ∂f/∂y, by a few power iterations. An explicit method whose steps
    /// accuracy alone would let grow stays at about 1 to 4: the mark of a stiff problem.
    pub stiffness: Option<f64>,
    /// Where [`Ivp`](crate::Ivp) solves a system with a mass matrix: the rows without derivative that do not determine the algebraic variables at the last
    /// state, as the index is above 1; none where they do.
    pub undetermined: Vec<usize>,
    /// The last steps tried, oldest first.
    pub recent: Vec<Try>,
    /// What the integration had cost.
    pub stats: Stats,
}

impl Diagnosis {
    /// Whether stability rather than accuracy seems to hold the steps down.
    #[must_use]
    pub fn looks_stiff(&self) -> bool {
        // |hλ| at the edge of stability, and a span of many thousand of the fastest time scale.
        let steady =
            self.recent.iter().filter(|step| step.error <= 1.0).count() > self.recent.len() / 2;
        self.cause == Cause::TooManySteps
            && steady
            && self.stiffness.is_some_and(|product| product > 0.7)
    }

    /// The same sentences with other words for the component that they are about, where it has a name; `Display` says "component 1".
    ///
    /// ```
    /// use costate_ode::{Error, Ivp};
    ///
    /// let root = |_t: f64, y: &[f64; 2], dy: &mut [f64; 2]| *dy = [0.0, -y[1].sqrt() - 1.0]; // y₁ passes zero
    /// let failure = Ivp::new(root, 0.0, [5.0, 1.0], 9.0).solve().unwrap_err();
    /// let Error::Stopped(diagnosis) = failure.error else { panic!("another error") };
    /// assert!(diagnosis.to_string().contains("component 1 of f is not a finite number"));
    /// let name = |i: usize| ["the tank", "the level"][i].to_owned();
    /// assert!(diagnosis.named(&name).to_string().contains("the level of f is not a finite number"));
    /// ```
    pub fn named<'a>(&'a self, component: &'a dyn Fn(usize) -> String) -> impl fmt::Display + 'a {
        Named {
            diagnosis: self,
            component,
        }
    }
}

/// A diagnosis and what its components are called.
struct Named<'a> {
    diagnosis: &'a Diagnosis,
    component: &'a dyn Fn(usize) -> String,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.named(&|i| format!("component {i}")).fmt(f)
    }
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Named {
            diagnosis,
            component: name,
        } = self;
        write!(
            f,
            "{} stopped at t = {} on the way to {}: ",
            diagnosis.method, diagnosis.t, diagnosis.end
        )?;
        match diagnosis.cause {
            Cause::State { component } => write!(
                f,
                "{} of the state is not a finite number there. Look at what set it: a start, a reset or a change by hand.",
                name(component)
            )?,
            Cause::NothingAllowed { component } => write!(
                f,
                "{} of the state is zero and so is its atol, which allows it no error at all. Give it a positive atol, the size below which it does not matter.",
                name(component)
            )?,
            Cause::NotFinite {
                stage,
                t,
                component,
            } => write!(
                f,
                "{} of f is not a finite number at t = {t} (stage {stage}), whatever the step. Look there for a division by zero, a root or logarithm of a negative number, or an overflow.",
                name(component)
            )?,
            Cause::Unbounded { component, near } => write!(
                f,
                "{} grows without bound and seems to be infinite near t = {near}. If the true solution does not end there, check signs and units of f; otherwise end before it.",
                name(component)
            )?,
            Cause::StepTooSmall if !diagnosis.undetermined.is_empty() => {
                write!(f, "the step {:e} is too small to go on.", diagnosis.h)?;
            }
            Cause::StepTooSmall => write!(
                f,
                "the step {:e} is too small to go on. A jump or a singularity of f lies near, or the tolerance is out of reach: stop at the jump, or raise the tolerance.",
                diagnosis.h
            )?,
            Cause::NotSolved => write!(
                f,
                "Newton's iteration does not converge with the step {:e}. Take smaller steps, or check a Jacobian that you gave.",
                diagnosis.h
            )?,
            Cause::TooManySteps => write!(
                f,
                "{} steps were not enough. Raise max_steps or the tolerances{}.",
                diagnosis.stats.steps,
                if diagnosis.looks_stiff() {
                    ""
                } else {
                    ", or take a method of higher order"
                }
            )?,
        }
        if !diagnosis.undetermined.is_empty() {
            write!(
                f,
                " Rows {:?} of the system have no derivative and do not determine the algebraic variables there: its index is above 1. Differentiate these equations, or choose other variables.",
                diagnosis.undetermined
            )?;
        }
        if diagnosis.looks_stiff() {
            write!(
                f,
                " The problem looks stiff (|h λ| = {:.1}): a method for stiff problems will take far fewer steps.",
                diagnosis.stiffness.unwrap_or(f64::NAN)
            )?;
        }
        if let Some(worst) = diagnosis.worst
            && matches!(
                diagnosis.cause,
                Cause::StepTooSmall | Cause::NotSolved | Cause::TooManySteps
            )
        {
            write!(
                f,
                " Worst component: {} with |y| = {:e} and an error {:.3} times the {:e} allowed.",
                worst.component, worst.magnitude, worst.error, worst.allowed
            )?;
        }
        write!(
            f,
            " ({} steps accepted, {} rejected, {} evaluations; last step sizes",
            diagnosis.stats.accepted, diagnosis.stats.rejected, diagnosis.stats.nfe
        )?;
        for step in diagnosis.recent.iter().rev().take(4).rev() {
            write!(f, " {:.3e}", step.h)?;
        }
        f.write_str(")")
    }
}
