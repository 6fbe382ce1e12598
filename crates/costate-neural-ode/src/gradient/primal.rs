//! The solve that every gradient method begins with: h(t) from t₀ to t₁, the states at the save times, and a record of the steps.

use super::frames::{FrameSpan, Framed, Frames, scalar};
use super::save_point::SavePoint;
use super::stability::{Proposed, Stability};
use super::{Problem, Saved};
use crate::{Error, VectorField};
use costate_ode::{Attempt, Integrator, Options, Real, State, Tableau, combine};

/// An accepted step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepRecord<T> {
    /// dt.
    pub(crate) size: T,
    /// Where its evaluations are kept.
    pub(crate) frames: FrameSpan,
    /// Its save points: a range of [`Primal::saves`].
    pub(crate) saves: (usize, usize),
}

/// A solve and what is kept of it. Everything is used again by the next one.
#[derive(Debug)]
pub(crate) struct Primal<T: Real, Y: State<T>, F> {
    pub(crate) it: Integrator<T, Y, Framed<F>>,
    pub(crate) steps: Vec<StepRecord<T>>,
    /// In the order of the save times; one for the end if there are none.
    pub(crate) saves: Vec<SavePoint<T>>,
    /// The saved states.
    pub(crate) saved: Saved<Y::Element>,
    /// dh/dt of dense output at the save times.
    pub(crate) slopes: Saved<Y::Element>,
    /// The save times of this run.
    times: Vec<T>,
    /// Whether the caller asked for save times: then they are variables, and t₁ is only where the solve ends.
    pub(crate) times_are_variables: bool,
    end: T,
    packed: Y,
    slope: Y,
    zero: Y,
    weights: Vec<(usize, T)>,
    steps_taken: bool,
    stability: Stability<Y::Element>,
    /// Sizes of the steps to take, in place of those that the controller would choose; the last is made to land on the end.
    schedule: Option<std::vec::IntoIter<T>>,
}

impl<T, Y, F> Primal<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    pub(crate) fn new(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
    ) -> Result<Self, Error> {
        let mut zero = like.clone();
        zero.as_mut_slice()
            .fill(<Y::Element as num_traits::Zero>::zero());
        let system = Framed {
            field,
            frames: Frames::default(),
        };
        Ok(Self {
            stability: Stability::new(zero.as_slice().len(), tableau.order, &options),
            it: Integrator::new(tableau, system, T::zero(), &zero, options)?,
            steps: Vec::new(),
            saves: Vec::new(),
            saved: Saved::new(zero.as_slice().len()),
            slopes: Saved::new(zero.as_slice().len()),
            times: Vec::new(),
            times_are_variables: false,
            end: T::zero(),
            packed: zero.clone(),
            slope: zero.clone(),
            weights: Vec::with_capacity(tableau.dense_len()),
            zero,
            steps_taken: false,
            schedule: None,
        })
    }

    /// A solve that keeps the evaluations of no more than one step.
    pub(crate) fn of_one_step(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
    ) -> Result<Self, Error> {
        let mut this = Self::new(field, like, tableau, options)?;
        let rows = tableau.dense_len().max(tableau.next() + 1);
        this.it.system_mut().frames = Frames::of_one_step(rows);
        Ok(this)
    }

    /// The number of components of h.
    pub(crate) fn width(&self) -> usize {
        self.zero.as_slice().len()
    }

    pub(crate) fn field(&mut self) -> &mut F {
        &mut self.it.system_mut().field
    }

    /// A state of zeros.
    pub(crate) fn zero(&self) -> &Y {
        &self.zero
    }

    /// Row of f(t + dt, h₁), which the next step begins with.
    pub(crate) fn closing(&self) -> usize {
        self.it.tableau().next()
    }

    /// Goes to the start of `problem`, whose times are in order.
    #[track_caller]
    pub(crate) fn begin(&mut self, problem: &Problem<'_, T, Y::Element>) -> Result<(), Error> {
        check_times(problem)?;
        self.go_to_start(problem);
        Ok(())
    }

    /// Goes to the start of `problem`.
    #[track_caller]
    pub(crate) fn go_to_start(&mut self, problem: &Problem<'_, T, Y::Element>) {
        let width = self.width();
        let field = &mut self.it.system_mut().field;
        check_lengths(field, problem, width);
        field.set_parameters(problem.theta);
        field.pack(problem.h0, self.packed.as_mut_slice());
        self.it.reset(problem.t0, &self.packed);
        self.it.set_end(problem.t1);
        let estimates = self.schedule.is_none() && self.it.next_h() == T::zero();
        self.it.system_mut().frames.begin(estimates);
        self.steps.clear();
        self.saves.clear();
        self.times.clear();
        self.times_are_variables = !problem.save_at.is_empty();
        self.times.extend_from_slice(problem.times());
        self.saved.resize(self.times.len());
        self.slopes.resize(self.times.len());
        self.end = problem.t1;
        self.steps_taken = false;
        self.stability.begin(problem.t0.as_f64());
    }

    /// Has the next solve take steps of these sizes, the last of which is made to land on the end.
    pub(crate) fn schedule(&mut self, sizes: Vec<T>) {
        self.schedule = Some(sizes.into_iter());
    }

    /// Has solves choose their steps again.
    pub(crate) fn choose_steps(&mut self) {
        self.schedule = None;
    }

    /// Whether the end is reached.
    pub(crate) fn finished(&self) -> bool {
        match &self.schedule {
            Some(sizes) => sizes.len() == 0,
            None => self.it.finished(),
        }
    }

    /// Takes one step and saves what lies in it; `false` if the end was reached before.
    #[inline]
    pub(crate) fn advance(&mut self) -> Result<bool, Error> {
        if let Some(sizes) = &mut self.schedule {
            let Some(size) = sizes.next() else {
                return Ok(false);
            };
            let last = sizes.len() == 0;
            self.it.system_mut().frames.attempt();
            self.replay(size, last);
            // Where it lands but for rounding.
            let t = if last { self.end } else { self.it.t() };
            self.record(t);
            return Ok(true);
        }
        if self.it.finished() {
            if self.steps_taken {
                return Ok(false);
            }
            // Start and end coincide: a step of size zero, so that the end times still have their gradients.
            self.it.force_step(T::zero());
        } else {
            loop {
                self.it.system_mut().frames.attempt();
                if self.it.attempt()? == Attempt::Accepted {
                    break;
                }
            }
        }
        self.steps_taken = true;
        self.record(self.it.t());
        self.stay_stable();
        Ok(true)
    }

    /// Has the next step be no longer than is stable, where the error of the last one does not tell.
    #[inline]
    fn stay_stable(&mut self) {
        if self.it.finished() {
            return;
        }
        let (Some(next), Some(last)) = (Proposed::of(&self.it, true), self.steps.last()) else {
            return;
        };
        // Row 0 may have been kept before what was kept was forgotten.
        let frame = last.frames.of(1);
        let (before, after) = (self.it.y_prev().as_slice(), self.it.y().as_slice());
        self.stability.look(before, after);
        let field = &mut self.it.system_mut().field;
        let held = self.stability.hold(field, frame, next);
        if held < next.size {
            self.it.set_next_h(T::from_f64(held));
        }
    }

    /// The bytes of a step's record.
    pub(crate) const RECORD: usize = size_of::<StepRecord<T>>();

    /// Forgets the steps so far and what was kept of them.
    pub(crate) fn begin_piece(&mut self) {
        self.steps.clear();
        self.it.system_mut().frames.renumber();
    }

    /// Goes back to where `saves` states had been saved.
    pub(crate) fn restore(&mut self, time: T, state: &[Y::Element], saves: usize) {
        self.packed.as_mut_slice().copy_from_slice(state);
        self.it.reset(time, &self.packed);
        self.it.system_mut().frames.begin(false);
        self.steps.clear();
        self.saves.truncate(saves);
    }

    /// Takes a step of a known size again.
    pub(crate) fn retake(&mut self, size: T) {
        self.it.system_mut().frames.attempt();
        self.it.force_step(size);
        self.record(self.it.t());
    }

    /// Evaluates f where the last step ends, unless that is known: the step behind, which begins there, is not in this piece.
    pub(crate) fn close_piece(&mut self) {
        if let Some(frame) = self.it.system().frames.missing() {
            self.packed
                .as_mut_slice()
                .copy_from_slice(self.it.y().as_slice());
            let t = scalar(self.it.t());
            let slope = &mut self.slope;
            let field = &mut self.it.system_mut().field;
            field.eval(frame, t, self.packed.as_slice(), slope.as_mut_slice());
        }
    }

    /// Takes one step like [`advance`](Primal::advance), of which no record is kept.
    pub(crate) fn advance_without_record(&mut self) -> Result<bool, Error> {
        let advanced = self.advance()?;
        self.steps.clear();
        Ok(advanced)
    }

    /// Takes the next of these step sizes, whatever its error: the last one is made to land on the end. Nothing is kept for products.
    pub(crate) fn replay(&mut self, size: T, last: bool) {
        let size = if last { self.end - self.it.t() } else { size };
        self.it.force_step(size);
    }

    /// Notes the step just taken, to `t`, and saves the states that lie in it.
    #[inline]
    fn record(&mut self, t: T) {
        let first = self.saves.len();
        let (begin, size) = (self.it.t_prev(), self.it.h());
        while let Some(&time) = self.times.get(self.saves.len()) {
            let Some(point) = SavePoint::find(time, (begin, t, size), self.end) else {
                break;
            };
            if self.times_are_variables {
                self.save_slope(self.saves.len(), point.sigma);
            }
            self.save_state(self.saves.len(), time);
            self.saves.push(point);
        }
        let closing = self.closing();
        self.steps.push(StepRecord {
            size,
            frames: self.it.system_mut().frames.accept(closing),
            saves: (first, self.saves.len()),
        });
    }

    /// Saves the states at times beyond the end, by the dense output of the last step.
    pub(crate) fn save_rest(&mut self) {
        while let Some(&time) = self.times.get(self.saves.len()) {
            self.save_state(self.saves.len(), time);
            self.saves.push(SavePoint {
                sigma: T::one(),
                at_end: false,
            });
        }
    }

    /// Saves the state of dense output at `time`, which lies outside of the steps by a little where differences move the ends.
    pub(crate) fn save_state(&mut self, index: usize, time: T) {
        self.it.extrapolate(time, &mut self.packed);
        let field = &self.it.system().field;
        field.unpack(self.packed.as_slice(), self.saved.state_mut(index));
    }

    /// Saves dh/dt of dense output at t_n + σ dt.
    fn save_slope(&mut self, index: usize, sigma: T) {
        self.complete();
        let scheme = self.it.engine().scheme();
        self.weights.clear();
        if self.it.h() == T::zero() {
            // All slopes of a step of size zero are the same, and only those of the stages are known.
            self.weights.push((0, T::one()));
        } else {
            let used = (0..scheme.dense.len()).filter(|i| !scheme.dense[*i].is_empty());
            let weight = |i| (i, scheme.dense_weight_derivative(i, sigma));
            self.weights.extend(used.map(weight));
        }
        combine(
            &mut self.packed,
            &self.zero,
            self.it.engine().slopes(),
            &self.weights,
            T::one(),
        );
        let field = &self.it.system().field;
        field.unpack(self.packed.as_slice(), self.slopes.state_mut(index));
    }

    /// Sees to it that the slopes are known which only dense output needs.
    pub(crate) fn complete(&mut self) {
        let tableau = self.it.tableau();
        if tableau.dense_len() > tableau.stages() && self.it.h() != T::zero() {
            // Any point inside the step will do.
            let middle = self.it.t_prev() + self.it.h() * T::from_f64(0.5);
            self.it.interpolate(middle, &mut self.packed);
        }
    }
}

/// h₀ and θ have the lengths of the field's.
#[track_caller]
pub(crate) fn check_lengths<T, E>(
    field: &(impl VectorField<E> + ?Sized),
    problem: &Problem<'_, T, E>,
    width: usize,
) {
    assert!(
        problem.h0.len() == width && field.state_len() == width,
        "h0 has {} components and the field {}, but the method was made for {width}",
        problem.h0.len(),
        field.state_len()
    );
    assert!(
        problem.theta.len() == field.parameter_len(),
        "theta has {} components, but the field has {} parameters",
        problem.theta.len(),
        field.parameter_len()
    );
}

/// Save times lie between t₀ and t₁, in the order of the solve.
pub(crate) fn check_times<T: Real, E>(problem: &Problem<'_, T, E>) -> Result<(), Error> {
    let direction = problem.t1 - problem.t0;
    let mut from = problem.t0;
    for (index, &time) in problem.save_at.iter().enumerate() {
        let forward =
            (time - from) * direction >= T::zero() && (time == from || direction != T::zero());
        let inside = (problem.t1 - time) * direction >= T::zero();
        if !(forward && inside) {
            return Err(Error::SaveTime {
                index,
                time: time.as_f64(),
                from: from.as_f64(),
                to: problem.t1.as_f64(),
            });
        }
        from = time;
    }
    Ok(())
}
