//! Differences of losses, to check the other methods by.

mod solves;

use super::{About, Gradient, GradientMethod, LossFn, Problem, Saved, Stats, scalar};
use crate::{Error, VectorField};
use costate_ode::{Method, Options, Real, State};
use num_traits::{Float, Zero};
use solves::Solves;

pub(super) const ABOUT: About = About {
    name: "finite-difference",
    title: "Richardson finite differences",
    memory: "the sizes of the steps",
    when: "To check a gradient by a way that shares nothing with it but the loss.",
    when_not: "For anything else: it takes about 16 solves for each variable.",
    reference: "[Ridders1982]",
    exact: true,
};

/// How often the distance of the two points is halved.
const LEVELS: usize = 8;

/// Differences that are sure of their slope to this part of it are taken as they are.
const SURE: f64 = 1e-4;

/// Central differences of the loss, extrapolated to distance zero (Richardson), for each variable by itself.
///
/// The loss is computed with the steps of the unperturbed solve, so that what is differentiated is a smooth function, the one whose exact gradient
/// [`Discrete`](super::Discrete) gives; about ten digits come out. With [`with_varying_steps`](FiniteDifference::with_varying_steps) each solve
/// chooses its own steps: then the differences show the noise of the step-size control too.
///
/// To check a gradient, not to train by: it takes about 16 solves for each variable.
///
/// ```
/// use costate_neural_ode::{FiniteDifference, GradientMethod, Problem, doc::House}; // f = θ t h
/// use costate_ode::{Options, tableau};
///
/// let options = Options::tolerances(1e-10, 1e-10);
/// let mut method = FiniteDifference::new(House::default(), &vec![0.0], tableau::by_name("tsit5")?, options)?;
/// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
/// let gradient = method.gradient(&problem, &mut |saved, cotangents| {
///     cotangents.state_mut(0)[0] = 1.0; // L = h(5)
///     saved.state(0)[0]
/// })?;
/// assert!((gradient.theta[0] - 24.0 * 2.0_f64.exp()).abs() < 1e-5);
/// # Ok::<(), costate_neural_ode::Error>(())
/// ```
///
/// # References
/// \[Ridders1982\]
#[derive(Debug)]
pub struct FiniteDifference<T: Real, Y: State<T>, F> {
    solves: Solves<T, Y, F>,
    varying: bool,
    most_times: usize,
    cotangents: Saved<Y::Element>,
    gradient: Gradient<Y::Element>,
    uncertainty: Gradient<Y::Element>,
}

/// The variables, with values of their own to be varied.
#[derive(Clone)]
struct Point<T, E> {
    h0: Vec<E>,
    theta: Vec<E>,
    t0: T,
    t1: T,
    save_at: Vec<T>,
}

impl<T, Y, F> FiniteDifference<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    /// For a field with states like `like`, of which only type and length matter.
    ///
    /// # Errors
    /// [`Error::Solver`] for options that make no sense.
    pub fn new(
        field: F,
        like: &Y,
        method: impl Into<Method>,
        options: Options<T>,
    ) -> Result<Self, Error> {
        Ok(Self {
            cotangents: Saved::new(like.as_slice().len()),
            solves: Solves::new(field, like, method.into(), options)?,
            varying: false,
            most_times: usize::MAX,
            gradient: Gradient::default(),
            uncertainty: Gradient::default(),
        })
    }

    /// Each solve chooses its own steps.
    #[must_use]
    pub fn with_varying_steps(self) -> Self {
        Self {
            varying: true,
            ..self
        }
    }

    /// Of more save times than `most` only so many, evenly spread among them, are varied: the entries of the others are not a number.
    ///
    /// ```
    /// use costate_neural_ode::{FiniteDifference, GradientMethod, Problem, doc::House};
    /// use costate_ode::{Options, tableau};
    ///
    /// let tsit5 = tableau::by_name("tsit5")?;
    /// let differences = FiniteDifference::new(House::default(), &[0.0], tsit5, Options::tolerances(1e-8, 1e-8))?;
    /// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[3.5, 4.0, 4.5, 5.0] };
    /// let mut method = differences.with_at_most(2);
    /// let found = method.gradient(&problem, &mut |saved, _| saved.values().iter().sum())?;
    /// assert_eq!(found.save.iter().filter(|by_time| by_time.is_nan()).count(), 2);
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    #[must_use]
    pub fn with_at_most(self, most: usize) -> Self {
        Self {
            most_times: most,
            ..self
        }
    }

    /// For each entry of the last gradient, how far its last two extrapolations were apart: its error, as far as can be told; at least by how much
    /// the slopes to both sides differ where the loss has a kink. Infinite, beside an entry that is not a number, where no two differences are finite.
    ///
    /// ```
    /// use costate_neural_ode::{FiniteDifference, GradientMethod, Problem, doc::House}; // f = θ t h
    /// use costate_ode::{Options, tableau};
    ///
    /// let mut differences = FiniteDifference::new(House::default(), &[0.0], tableau::by_name("tsit5")?, Options::tolerances(1e-8, 1e-8))?;
    /// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[] };
    /// let found = differences.gradient(&problem, &mut |saved, _| saved.state(0)[0])?.theta[0];
    /// assert!(differences.uncertainty().theta[0] < 1e-8 * found.abs());
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    #[must_use]
    pub fn uncertainty(&self) -> &Gradient<Y::Element> {
        &self.uncertainty
    }

    /// The saved states, by steps that are kept for [`states_near`](FiniteDifference::states_near).
    ///
    /// # Errors
    /// As [`GradientMethod::gradient`].
    ///
    /// # Panics
    /// As [`GradientMethod::gradient`].
    #[track_caller]
    pub fn states(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
    ) -> Result<&Saved<Y::Element>, Error> {
        self.solves.begin(problem)?;
        Ok(self.solves.saved())
    }

    /// The saved states of a problem near that of the last [`states`](FiniteDifference::states), which saved as many, by the same steps: smooth in everything
    /// that varies, so that differences of them are good to some ten digits. The last step lands on t₁. What began where it ended has no steps to go by.
    ///
    /// ```
    /// use costate_neural_ode::{FiniteDifference, Problem, doc::House}; // f = θ t h
    /// use costate_ode::{Method, Options};
    ///
    /// let options = Options::tolerances(1e-8, 1e-8);
    /// let mut method = FiniteDifference::new(House::default(), &vec![0.0], Method::by_name("radau")?, options)?;
    /// let at = |theta: &'static [f64]| Problem { h0: &[3.0], theta, t0: 3.0, t1: 5.0, save_at: &[] };
    /// method.states(&at(&[0.25]))?;
    /// let ahead = method.states_near(&at(&[0.25001]))?.state(0)[0];
    /// let behind = method.states_near(&at(&[0.24999]))?.state(0)[0];
    /// assert!(((ahead - behind) / 2e-5 - 24.0 * 2.0_f64.exp()).abs() < 1e-5); // ∂h(5)/∂θ
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`GradientMethod::gradient`].
    pub fn states_near(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
    ) -> Result<&Saved<Y::Element>, Error> {
        let mut spent = costate_ode::Stats::default();
        self.solves.solve(problem, self.varying, &mut spent)
    }

    /// The loss at a point near the problem's.
    fn loss_at(
        &mut self,
        point: &Point<T, Y::Element>,
        loss: &mut LossFn<'_, Y::Element>,
    ) -> Result<Y::Element, Error> {
        let problem = Problem {
            h0: &point.h0,
            theta: &point.theta,
            t0: point.t0,
            t1: point.t1,
            save_at: &point.save_at,
        };
        let spent = &mut self.gradient.stats.forward;
        let saved = self.solves.solve(&problem, self.varying, spent)?;
        Ok(loss(saved, &mut self.cotangents))
    }

    /// [`derivative`](Self::derivative) with the first of these reaches; where that is not sure, with the others too, and what is surest. Beside numbers of other
    /// units a part of the largest may be far too much, a part of a weight that happens to be tiny drowns in rounding, and what grows exponentially wants a short reach.
    fn sure_derivative(
        &mut self,
        at: &Point<T, Y::Element>,
        here: Y::Element,
        loss: &mut LossFn<'_, Y::Element>,
        reaches: [T; 3],
        vary: impl Fn(&mut Point<T, Y::Element>, T),
    ) -> Result<(Y::Element, Y::Element), Error> {
        let sure: Y::Element = scalar(T::from_f64(SURE));
        let (mut best, mut least) = (None, Y::Element::infinity());
        for (i, &reach) in reaches.iter().enumerate() {
            if reaches[..i].contains(&reach) {
                continue;
            }
            let found = self.derivative(at, here, loss, reach, &vary);
            // What rounding makes of a slope, of which differences that happen to agree know nothing: nobody is surer than this, not even of a slope of zero.
            let rounding = rounding(here, reach);
            let (mut enough, mut unsure) = (false, Y::Element::infinity());
            if let Ok((slope, error)) = &found {
                unsure = error.max(rounding);
                let longer = reaches[i..].iter().any(|other| *other > reach);
                enough = unsure <= sure * slope.abs() || (*error <= rounding && !longer);
            }
            let better = match &best {
                None | Some(Err(_)) => true,
                Some(Ok(_)) => unsure < least,
            };
            if better {
                (best, least) = (Some(found), unsure);
            }
            if enough {
                break;
            }
        }
        best.expect("there is a reach")
    }

    /// The derivative by one variable and its uncertainty, where the loss is `here`: `vary` moves it by its second argument; the first differences are taken at ±`reach`.
    fn derivative(
        &mut self,
        at: &Point<T, Y::Element>,
        here: Y::Element,
        loss: &mut LossFn<'_, Y::Element>,
        reach: T,
        vary: impl Fn(&mut Point<T, Y::Element>, T),
    ) -> Result<(Y::Element, Y::Element), Error> {
        let mut moved = |by: T| {
            let mut point = at.clone();
            vary(&mut point, by);
            self.loss_at(&point, loss)
        };
        let (two, four) = (T::one() + T::one(), T::from_f64(4.0));
        let mut row: Vec<Y::Element> = Vec::new();
        // Not a number until two differences can be compared: where the solution cannot be moved so far.
        let (mut best, mut error) = (Y::Element::nan(), Y::Element::infinity());
        let (mut reach, mut bends) = (reach, [Y::Element::zero(); 2]);
        for level in 0..LEVELS {
            let (ahead, behind) = (moved(reach)?, moved(-reach)?);
            let difference = (ahead - behind) / scalar(two * reach); // book: (central-difference)
            // How the slopes to both sides differ: in proportion to the reach, unless there is a kink just here.
            bends = [bends[1], ((ahead - here) + (behind - here)) / scalar(reach)];
            let mut next = vec![difference];
            let mut factor = four;
            for k in 0..level {
                let change = (next[k] - row[k]) / scalar(factor - T::one());
                let (refined, size) = (next[k] + change, (next[k] - row[k]).abs());
                next.push(refined);
                factor = factor * four;
                let estimate = size.max((refined - row[k]).abs());
                if estimate <= error && estimate.is_finite() {
                    (best, error) = (refined, estimate);
                }
            }
            row = next;
            reach = reach / two;
        }
        let kink = (bends[1] + bends[1] - bends[0]).abs();
        if kink > rounding(here, reach) {
            error = error.max(kink);
        }
        Ok((best, error))
    }
}

impl<T, Y, F> GradientMethod<T, Y::Element> for FiniteDifference<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    #[track_caller]
    fn gradient(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
        loss: &mut LossFn<'_, Y::Element>,
    ) -> Result<&Gradient<Y::Element>, Error> {
        if problem.t0 == problem.t1 {
            return Err(Error::Unavailable {
                method: ABOUT.name,
                what: "the gradient of a solve of no length, which has no step to vary",
                instead: super::discrete::ABOUT.name,
            });
        }
        let (first, last) = self.solves.begin(problem)?;
        self.gradient.stats = Stats {
            forward: first,
            ..Stats::default()
        };
        let saved = self.solves.saved();
        self.cotangents.resize(saved.len());
        let value = loss(saved, &mut self.cotangents);

        let at = Point {
            h0: problem.h0.to_vec(),
            theta: problem.theta.to_vec(),
            t0: problem.t0,
            t1: problem.t1,
            save_at: problem.save_at.to_vec(),
        };
        // By the frozen steps, as all that it is compared with.
        let here = self.loss_at(&at, loss)?;
        let last = last.abs();
        let time = T::from_f64(0.125) * if last > T::zero() { last } else { T::one() };
        // What starts at zero may be of any size: that which it comes to.
        let mut sizes = at.h0.clone();
        let saved = self.solves.saved();
        for (i, size) in sizes.iter_mut().enumerate() {
            if *size == Y::Element::zero() {
                let later = (0..saved.len()).map(|s| saved.state(s)[i].abs());
                *size = later.fold(*size, |max, h| max.max(h));
            }
        }
        let (mut gradient, mut uncertainty) = (Gradient::default(), Gradient::default());
        gradient.loss = value;
        for i in 0..at.h0.len() {
            let vary = |point: &mut Point<T, Y::Element>, by| shift(&mut point.h0[i], scalar(by));
            let (slope, error) = self.sure_derivative(&at, here, loss, reaches(&sizes, i), vary)?;
            gradient.h0.push(slope);
            uncertainty.h0.push(error);
        }
        for i in 0..at.theta.len() {
            let vary =
                |point: &mut Point<T, Y::Element>, by| shift(&mut point.theta[i], scalar(by));
            let (slope, error) =
                self.sure_derivative(&at, here, loss, reaches(&at.theta, i), vary)?;
            gradient.theta.push(slope);
            uncertainty.theta.push(error);
        }
        // Steps may be far shorter elsewhere than the last.
        let times = [1.0, 1.0 / 256.0, 1.0 / 65536.0].map(|part| time * T::from_f64(part));
        (gradient.t0, uncertainty.t0) =
            self.sure_derivative(&at, here, loss, times, |point, by| shift(&mut point.t0, by))?;
        (gradient.t1, uncertainty.t1) =
            self.sure_derivative(&at, here, loss, times, |point, by| shift(&mut point.t1, by))?;
        let (most, all) = (self.most_times, at.save_at.len());
        for i in 0..all {
            if most < all && i * most / all == (i + 1) * most / all {
                gradient.save.push(Y::Element::nan());
                uncertainty.save.push(Y::Element::nan());
                continue;
            }
            let vary = |point: &mut Point<T, Y::Element>, by| shift(&mut point.save_at[i], by);
            let (slope, error) = self.sure_derivative(&at, here, loss, times, vary)?;
            gradient.save.push(slope);
            uncertainty.save.push(error);
        }
        gradient.stats = self.gradient.stats;
        (self.gradient, self.uncertainty) = (gradient, uncertainty);
        Ok(&self.gradient)
    }
}

fn shift<X: Real>(x: &mut X, by: X) {
    *x = *x + by;
}

/// What rounding makes of a slope: that of the loss `here`, magnified by the reach it is divided by.
fn rounding<T: Real, E: costate_ode::Element<T> + Real>(here: E, reach: T) -> E {
    here.abs() * scalar(T::from_f64(64.0) * T::epsilon() / reach)
}

/// How far to move variable `i` at first: some part of it; or of the largest beside it, where it is small or zero; or little.
fn reaches<T: Real, E: Real>(values: &[E], i: usize) -> [T; 3] {
    let largest = values.iter().fold(E::zero(), |max, v| max.max(v.abs()));
    let own = values[i].abs().as_f64();
    let like = own.max(1e-3 * largest.as_f64());
    let like = if like > 0.0 { like } else { 1.0 };
    let own = if own > 0.0 { own } else { like };
    [own, like, own / 256.0].map(|size| T::from_f64(0.03125 * size))
}
