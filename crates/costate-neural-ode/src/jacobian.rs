//! Several outputs at once: their Jacobian, by the cheaper of forward and reverse.

use crate::gradient::{Discrete, Forward, Gradient, GradientMethod, Problem, Saved};
use crate::{Error, VectorField};
use costate_ode::{Options, Real, State, Tableau};

/// Outputs as functions of the saved states: `(saved, i, cotangents)` returns output i and writes its derivative by the saved states into `cotangents`, which is
/// zero before.
///
/// ```
/// use costate_neural_ode::{OutputsFn, Saved};
///
/// // The outputs are the components of the last state.
/// let last: &mut OutputsFn<f64> = &mut |saved, i, cotangents| {
///     let end = saved.len() - 1;
///     cotangents.state_mut(end)[i] = 1.0;
///     saved.state(end)[i]
/// };
/// let (mut saved, mut cotangents) = (Saved::new(2), Saved::new(2));
/// (saved.resize(3), cotangents.resize(3));
/// saved.state_mut(2)[1] = 7.0;
/// assert_eq!((last(&saved, 1, &mut cotangents), cotangents.state(2)), (7.0, &[0.0, 1.0][..]));
/// ```
pub type OutputsFn<'a, E> = dyn FnMut(&Saved<E>, usize, &mut Saved<E>) -> E + 'a;

/// How a Jacobian is taken. Both ways give the exact derivative of the numbers computed.
///
/// ```
/// use costate_neural_ode::Mode;
/// // A few states and many outputs go forward; many states and one output back.
/// assert_eq!((Mode::cheaper(2, 10), Mode::cheaper(100, 1)), (Mode::Forward, Mode::Reverse));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All columns along with one solve: sensitivities.
    Forward,
    /// A discrete adjoint for each output.
    Reverse,
}

impl Mode {
    /// The cheaper one for n states and m outputs, in units of one product with ∂f/∂·, which both take of the same evaluations.
    ///
    /// Forward takes n products for each evaluation and multiplies n × n matrices by n + p columns, which is worth about n²/2 products more, since a product
    /// is at least two operations for each state and parameter; reverse takes a solve and a product for each output, about 3.
    #[must_use]
    pub fn cheaper(states: usize, outputs: usize) -> Self {
        if states * (states + 2) <= 6 * outputs {
            Self::Forward
        } else {
            Self::Reverse
        }
    }
}

/// The Jacobian of several outputs of a solution by everything it depends on: one [`Gradient`] for each output.
///
/// ```
/// use costate_neural_ode::{Jacobian, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::tolerances(1e-10, 1e-10);
/// let mut jacobian = Jacobian::new(House::default(), &[0.0], tableau::by_name("tsit5")?, options, 2)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// // The outputs h(5) and h(5)².
/// let rows = jacobian.rows(&problem, &mut |saved, i, cotangents| {
///     let h = saved.state(0)[0];
///     let (value, slope) = if i == 0 { (h, 1.0) } else { (h * h, 2.0 * h) };
///     cotangents.state_mut(0)[0] = slope;
///     value
/// })?;
/// let e2 = 2.0_f64.exp();
/// assert!((rows[0].theta[0] / e2 - 24.0).abs() < 1e-6);
/// assert!((rows[1].theta[0] / e2 / e2 - 144.0).abs() < 1e-5);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
#[derive(Debug)]
pub struct Jacobian<T: Real, Y: State<T>, F> {
    method: Method<T, Y, F>,
    outputs: usize,
    cotangents: Saved<Y::Element>,
    rows: Vec<Gradient<Y::Element>>,
}

#[derive(Debug)]
enum Method<T: Real, Y: State<T>, F> {
    Forward(Box<Forward<T, Y, F>>),
    Reverse(Box<Discrete<T, Y, F>>),
}

impl<T, Y, F> Jacobian<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// For a field with states like `like`, of which only type and length matter, and so many outputs, by the cheaper mode.
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    pub fn new(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
        outputs: usize,
    ) -> Result<Self, Error> {
        let mode = Mode::cheaper(field.state_len(), outputs);
        Self::with_mode(field, like, tableau, options, outputs, mode)
    }

    /// The same by the mode of your choice.
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    pub fn with_mode(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
        outputs: usize,
        mode: Mode,
    ) -> Result<Self, Error> {
        let method = match mode {
            Mode::Forward => {
                Method::Forward(Box::new(Forward::new(field, like, tableau, options)?))
            }
            Mode::Reverse => {
                Method::Reverse(Box::new(Discrete::new(field, like, tableau, options)?))
            }
        };
        Ok(Self {
            method,
            outputs,
            cotangents: Saved::new(like.as_slice().len()),
            rows: Vec::new(),
        })
    }

    /// The mode in use.
    #[must_use]
    pub fn mode(&self) -> Mode {
        match self.method {
            Method::Forward(_) => Mode::Forward,
            Method::Reverse(_) => Mode::Reverse,
        }
    }

    /// The outputs and their gradients: row i is that of output i, whose value stands where a gradient has its loss.
    ///
    /// # Errors
    /// As [`GradientMethod::gradient`].
    ///
    /// # Panics
    /// As [`GradientMethod::gradient`].
    #[track_caller]
    pub fn rows(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
        outputs: &mut OutputsFn<'_, Y::Element>,
    ) -> Result<&[Gradient<Y::Element>], Error> {
        self.rows.clear();
        match &mut self.method {
            Method::Reverse(discrete) => {
                for i in 0..self.outputs {
                    let row = discrete.gradient(problem, &mut |saved, cotangents| {
                        outputs(saved, i, cotangents)
                    })?;
                    self.rows.push(row.clone());
                }
            }
            Method::Forward(forward) => {
                let (saved, columns) = forward.solve(problem)?;
                for i in 0..self.outputs {
                    self.cotangents.resize(saved.len());
                    let mut row = Gradient {
                        loss: outputs(saved, i, &mut self.cotangents),
                        ..Gradient::default()
                    };
                    columns.pull(&self.cotangents, problem.save_at.len(), &mut row);
                    self.rows.push(row);
                }
                let stats = forward.stats();
                self.rows.iter_mut().for_each(|row| row.stats = stats);
            }
        }
        Ok(&self.rows)
    }
}
