//! The way back: arc by arc from the end, over the jumps between them.

use super::event::When;
use super::forward::{Arc, Kind};
use super::{Hybrid, HybridGradient, HybridLoss};
use crate::gradient::{
    Gradient, GradientMethod, Problem, Stats, add, add_scaled, dot, scalar, total,
};
use crate::{Error, VectorField};
use costate_ode::{Real, State};
use num_traits::{Float, Zero};

/// The products of an arc with the cotangents of its saved states and of its end.
struct Products<E> {
    h0: Vec<E>,
    theta: Vec<E>,
    t0: E,
    /// By the time of its end, with the state there.
    t1: E,
    save: Vec<E>,
}

impl<T, Y, F> Hybrid<T, Y, F>
where
    T: Real + Send + 'static,
    Y: State<T, Element: Real + Send + Sync + 'static>,
    F: VectorField<Y::Element>,
{
    /// The loss of the solution of `problem` and its gradient, by `method` on each arc; [`method`](Hybrid::method) makes one that fits.
    ///
    /// # Errors
    /// As [`solve`](Hybrid::solve), and those of the method; [`Error::Grazing`] where a crossing's time has no derivative.
    ///
    /// # Panics
    /// As [`solve`](Hybrid::solve).
    #[track_caller]
    pub fn gradient(
        &mut self,
        method: &mut dyn GradientMethod<T, Y::Element>,
        problem: &Problem<'_, T, Y::Element>,
        loss: &mut HybridLoss<'_, T, Y::Element>,
    ) -> Result<&HybridGradient<Y::Element>, Error> {
        self.solve(problem)?;
        let zero = Y::Element::zero();
        let happened = self.solution.events.len();
        self.cotangents.saved.resize(self.solution.saved.len());
        self.cotangents.states.resize(happened);
        self.cotangents.times.clear();
        self.cotangents.times.resize(happened, zero);
        let mut gradient = Gradient {
            loss: loss(&self.solution, &mut self.cotangents),
            theta: vec![zero; problem.theta.len()],
            save: vec![zero; problem.save_at.len()],
            stats: Stats {
                forward: self.solution.stats,
                ..Stats::default()
            },
            ..Gradient::default()
        };
        let mut times = vec![zero; happened];
        // By the start of the arc behind: its state, its time.
        let (mut a, mut by_start) = (vec![zero; problem.h0.len()], zero);
        for k in (0..self.arcs.len()).rev() {
            let arc = std::mem::replace(&mut self.arcs[k], Arc::empty());
            let back = self.arc(method, problem, &arc, k, (&mut a, by_start), &mut gradient);
            self.arcs[k] = arc;
            let (start, by_event) = back?;
            by_start = start;
            if let Some(time) = times.get_mut(k) {
                *time = by_event;
            }
        }
        self.schedule(problem.theta, &times, &mut gradient.theta)?;
        (gradient.h0, gradient.t0) = (a, by_start);
        self.found = HybridGradient { gradient, times };
        Ok(&self.found)
    }

    /// Goes back over the event that ends arc `k`, and through the arc: `a`, ∂L/∂h⁺, becomes ∂L/∂(start of the arc). Returns ∂L/∂(time of its start) and
    /// ∂L/∂(time of its event).
    fn arc(
        &mut self,
        method: &mut dyn GradientMethod<T, Y::Element>,
        problem: &Problem<'_, T, Y::Element>,
        arc: &Arc<T, Y::Element>,
        k: usize,
        (a, by_start): (&mut Vec<Y::Element>, Y::Element),
        gradient: &mut Gradient<Y::Element>,
    ) -> Result<(Y::Element, Y::Element), Error> {
        let zero = Y::Element::zero();
        let mut by_time = by_start;
        if let Some((event, _)) = arc.end {
            if let Some(reset) = &mut self.events[event].reset {
                let (mut out, mut a_h) = (a.clone(), a.clone());
                let mut a_theta = vec![zero; gradient.theta.len()];
                reset.eval(&arc.h1, arc.end_time(), &mut out);
                by_time = by_time + reset.products(a, &mut a_h, &mut a_theta);
                add(&mut gradient.theta, &a_theta);
                std::mem::swap(a, &mut a_h);
            }
            add(a, self.cotangents.states.state(k));
            by_time = by_time + self.cotangents.times[k];
            if arc.end == Some((event, Kind::Tied)) {
                return Ok((by_time, by_time));
            }
        }
        // Without save times what is saved is the end: t₁, or the event that ends the solution.
        let ends = problem.save_at.is_empty()
            && arc.end.is_none_or(|(event, _)| self.events[event].terminal);
        let saves = if ends {
            (arc.saves.0..arc.saves.1).for_each(|s| add(a, self.cotangents.saved.state(s)));
            arc.saves.1..arc.saves.1
        } else {
            arc.saves.0..arc.saves.1
        };
        let cotangents: Vec<Vec<Y::Element>> = saves
            .clone()
            .map(|s| self.cotangents.saved.state(s).to_vec())
            .collect();
        let times = &arc.times[..cotangents.len()];
        let stats = &mut gradient.stats;
        let mut found = self.products(method, problem.theta, arc, times, &cotangents, a, stats)?;
        let by_event = found.t1 + by_time;
        if let Some((event, Kind::Crossing)) = arc.end
            && !by_event.is_zero()
        {
            let (level, _) = self.level(event, arc.end_time(), &arc.h1);
            let by_state = &level.by_state;
            let along = self.products(method, problem.theta, arc, &[], &[], by_state, stats)?;
            // What dt_e = −δg / (dg/dt) feeds back: book: (saltation)
            let share = -by_event / (along.t1 + level.by_time);
            if !share.is_finite() {
                return Err(Error::Grazing {
                    event,
                    time: arc.t1.as_f64(),
                });
            }
            for (sum, more) in [
                (&mut found.h0, &along.h0),
                (&mut found.theta, &along.theta),
                (&mut gradient.theta, &level.by_theta),
            ] {
                add_scaled(sum, share, more);
            }
            found.t0 = found.t0 + share * along.t0;
        }
        add(&mut gradient.theta, &found.theta);
        for (s, by_save) in saves.zip(&found.save) {
            match gradient.save.get_mut(s) {
                Some(save) => *save = *by_save,
                // The end is saved before an event there.
                None => gradient.t1 = gradient.t1 + *by_save,
            }
        }
        if arc.end.is_none() {
            gradient.t1 = gradient.t1 + found.t1;
        }
        *a = found.h0;
        Ok((found.t0, by_event))
    }

    /// The products of an arc, with its ends where they are moved.
    fn products(
        &mut self,
        method: &mut dyn GradientMethod<T, Y::Element>,
        theta: &[Y::Element],
        arc: &Arc<T, Y::Element>,
        times: &[T],
        cotangents: &[Vec<Y::Element>],
        end: &[Y::Element],
        stats: &mut Stats,
    ) -> Result<Products<Y::Element>, Error> {
        let [begin, last] = &arc.moved;
        let pulled = last
            .as_ref()
            .map(|moved| self.pull((scalar(arc.t1), &moved.state, moved.by), end));
        let at_end = pulled.as_ref().map_or(end, |pulled| &pulled.h);
        let mut found = self.unmoved(method, theta, arc, times, cotangents, at_end, stats)?;
        if let Some(pulled) = &pulled {
            add(&mut found.theta, &pulled.theta);
            found.t1 = pulled.size;
        }
        if let Some(moved) = begin {
            let at: Y::Element = scalar(arc.t0);
            let back = Y::Element::zero() - moved.by;
            let pulled = self.pull((at + moved.by, &moved.state, back), &found.h0);
            add(&mut found.theta, &pulled.theta);
            (found.h0, found.t0) = (pulled.h, pulled.t - pulled.size);
        }
        Ok(found)
    }

    /// The products of an arc between its plain times: by the method, or, where it has no length, by f.
    fn unmoved(
        &mut self,
        method: &mut dyn GradientMethod<T, Y::Element>,
        theta: &[Y::Element],
        arc: &Arc<T, Y::Element>,
        times: &[T],
        cotangents: &[Vec<Y::Element>],
        end: &[Y::Element],
        stats: &mut Stats,
    ) -> Result<Products<Y::Element>, Error> {
        let zero = Y::Element::zero();
        let nothing = |values: &[Y::Element]| values.iter().all(Zero::is_zero);
        let idle = nothing(end) && cotangents.iter().all(|values| nothing(values));
        if idle || arc.is_point() {
            let slope = self.slope(scalar(arc.t1), &arc.h0);
            let save: Vec<_> = cotangents.iter().map(|a| dot(a, &slope)).collect();
            let t1 = dot(end, &slope);
            let mut h0 = end.to_vec();
            cotangents.iter().for_each(|a| add(&mut h0, a));
            return Ok(Products {
                h0,
                theta: vec![zero; theta.len()],
                t0: -t1 - total(&save),
                t1,
                save,
            });
        }
        let mut save_at = times.to_vec();
        if !save_at.is_empty() {
            save_at.push(arc.t1);
        }
        let piece = Problem {
            h0: &arc.h0,
            theta,
            t0: arc.t0,
            t1: arc.t1,
            save_at: &save_at,
        };
        let found = method.gradient(&piece, &mut |saved, out| {
            let all = cotangents.iter().map(Vec::as_slice).chain([end]);
            let mut loss = zero;
            for (s, cotangent) in all.enumerate() {
                out.state_mut(s).copy_from_slice(cotangent);
                loss = loss + dot(cotangent, saved.state(s));
            }
            loss
        })?;
        stats.forward += found.stats.forward;
        stats.backward += found.stats.backward;
        stats.products += found.stats.products;
        let mut save = found.save.clone();
        let with_end = save.pop().unwrap_or(zero);
        Ok(Products {
            h0: found.h0.clone(),
            theta: found.theta.clone(),
            t0: found.t0,
            t1: found.t1 + with_end,
            save,
        })
    }

    /// Takes the derivatives by scheduled times to the parameters they depend on.
    fn schedule(
        &self,
        theta: &[Y::Element],
        times: &[Y::Element],
        by_theta: &mut [Y::Element],
    ) -> Result<(), Error> {
        for (event, given) in self.events.iter().enumerate() {
            let When::Scheduled { times: of, back } = &given.when else {
                continue;
            };
            let mut cotangents = vec![Y::Element::zero(); of(theta)?.len()];
            for (arc, by_time) in self.arcs.iter().zip(times) {
                if let Some((happened, Kind::Scheduled(number))) = arc.end
                    && happened == event
                {
                    cotangents[number] = *by_time;
                }
            }
            add(by_theta, &back(theta, &cotangents)?);
        }
        Ok(())
    }
}

impl<T: Real, E> Arc<T, E> {
    /// In place of one that is in use.
    pub(super) fn empty() -> Self {
        Self {
            t0: T::zero(),
            t1: T::zero(),
            h0: Vec::new(),
            h1: Vec::new(),
            moved: [None, None],
            saves: (0, 0),
            times: Vec::new(),
            end: None,
        }
    }
}
