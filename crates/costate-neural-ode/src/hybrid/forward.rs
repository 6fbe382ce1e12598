//! The way there: arcs, one after the other, and what happens between them.

use super::event::When;
use super::leg::coincide;
use super::shift::{Moved, carry, tangent};
use super::watch::{Watched, order};
use super::{Hybrid, Occurrence, Solution};
use crate::gradient::{Problem, check_times};
use crate::{Error, VectorField};
use costate_ode::{Real, State, Stats, Zeno};
use num_traits::Zero;

/// A stretch of the solution between two events.
#[derive(Clone, Debug)]
pub(super) struct Arc<T, E> {
    pub(super) t0: T,
    pub(super) t1: T,
    /// The state where it begins, behind the reset of the event before.
    pub(super) h0: Vec<E>,
    /// The state at the event that ends it, before the reset; or at t₁.
    pub(super) h1: Vec<E>,
    /// Its begin and its end, where they are moved.
    pub(super) moved: [Option<Moved<E>>; 2],
    /// The states saved in it.
    pub(super) saves: (usize, usize),
    /// The times at which they are.
    pub(super) times: Vec<T>,
    /// The event that ends it; `None` at t₁.
    pub(super) end: Option<(usize, Kind)>,
}

impl<T: Real, E> Arc<T, E> {
    /// It begins and ends at one time: the two cannot be told apart.
    pub(super) fn is_point(&self) -> bool {
        coincide(self.t0, self.t1)
    }
}

/// Whence the time of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A number of those scheduled.
    Scheduled(usize),
    /// A zero of the event function.
    Crossing,
    /// It is that of the event before.
    Tied,
}

/// A scheduled time.
#[derive(Clone, Copy, Debug)]
struct Due<T, E> {
    time: T,
    /// By how much it moves.
    by: E,
    event: usize,
    number: usize,
}

/// An event that happens now, why, and by how much its time moves.
pub(super) type Now<E> = (usize, Kind, E);

impl<T, Y, F> Hybrid<T, Y, F>
where
    T: Real + Send + 'static,
    Y: State<T, Element: Real + Send + Sync + 'static>,
    F: VectorField<Y::Element>,
{
    /// Solves it.
    ///
    /// # Errors
    /// [`Error::Solver`] if an arc cannot be solved, scheduled times are not finite, or resets follow each other ever sooner; [`Error::SaveTime`] for save
    /// times out of place; [`Error::TooManyEvents`].
    ///
    /// # Panics
    /// If h₀ or θ has not the length of the field's, or a reset not that of the state.
    #[track_caller]
    pub fn solve(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
    ) -> Result<&Solution<T, Y::Element>, Error> {
        check_times(problem)?;
        let (n, p) = (self.field.state_len(), self.field.parameter_len());
        assert!(
            problem.h0.len() == n && self.zero.as_slice().len() == n,
            "h0 has {} components and the field {n}, but the system was made for {}",
            problem.h0.len(),
            self.zero.as_slice().len()
        );
        assert!(
            problem.theta.len() == p,
            "theta has {} components, but the field has {p} parameters",
            problem.theta.len()
        );
        self.field.set_parameters(problem.theta);
        if self.watched.is_empty() {
            let order = if self.is_packed() {
                order(&self.field, n)
            } else {
                (0..n).collect()
            };
            self.watched = Watched::all(&self.events, order.into(), &self.zero);
        }
        for watched in &self.watched {
            watched.set_parameters(problem.theta);
        }
        for event in &mut self.events {
            if let When::Crossing { function, .. } = &mut event.when {
                function.set_parameters(problem.theta);
            }
            if let Some(reset) = &mut event.reset {
                assert!(
                    reset.outputs() == n,
                    "a reset gives {} components, but the state has {n}",
                    reset.outputs()
                );
                reset.set_parameters(problem.theta);
            }
        }
        self.carries = carry(problem.h0) || carry(problem.theta);
        self.arcs.clear();
        self.solution.events.clear();
        self.solution.stats = Stats::default();
        let (mut saved, mut states) = (Vec::new(), Vec::new());
        let chained = self.chain(problem, &mut saved, &mut states);
        for (kept, values) in [
            (&mut self.solution.saved, &saved),
            (&mut self.solution.states, &states),
        ] {
            kept.resize(values.len());
            for (i, value) in values.iter().enumerate() {
                kept.state_mut(i).copy_from_slice(value);
            }
        }
        chained?;
        Ok(&self.solution)
    }

    /// Goes from event to event.
    fn chain(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
        saved: &mut Vec<Vec<Y::Element>>,
        states: &mut Vec<Vec<Y::Element>>,
    ) -> Result<(), Error> {
        let agenda = self.agenda(problem)?;
        let mut agenda = agenda.as_slice();
        let mut zeno = vec![Zeno::new(problem.t0); self.events.len()];
        let zero = <Y::Element as Zero>::zero();
        let (mut t, mut h, mut begin) = (problem.t0, problem.h0.to_vec(), None);
        loop {
            let target = agenda.first().map_or(problem.t1, |due| due.time);
            let ahead = &problem.times()[saved.len()..];
            let mut leg = self.leg(t, &h, target, ahead, true)?;
            let mut due: Vec<Now<_>> = leg
                .crossings
                .iter()
                .map(|event| (*event, Kind::Crossing, zero))
                .collect();
            while let Some((first, rest)) = agenda.split_first() {
                if !coincide(first.time, leg.end) {
                    break;
                }
                due.push((first.event, Kind::Scheduled(first.number), first.by));
                agenda = rest;
            }
            due.sort_unstable_by_key(|(event, kind, _)| (*event, *kind));
            match due.first() {
                Some((event, Kind::Crossing, _)) => {
                    leg = self.settle(t, &h, leg.end, target, ahead, *event)?;
                }
                Some(_) if leg.end != target => leg = self.leg(t, &h, target, ahead, false)?,
                _ => {}
            }
            let terminal = due.iter().any(|(event, ..)| self.events[*event].terminal);
            let mut arc = Arc {
                t0: t,
                t1: leg.end,
                h0: std::mem::take(&mut h),
                h1: leg.state,
                moved: [begin.take(), None],
                saves: (saved.len(), saved.len()),
                times: Vec::new(),
                end: None,
            };
            if let Some(now) = due.first() {
                self.move_end(&mut arc, *now);
            }
            if terminal && problem.save_at.is_empty() && leg.saved.is_empty() {
                // What is saved is the end, wherever that is.
                leg.times.push(leg.end);
                leg.saved.push(arc.h1.clone());
            }
            saved.append(&mut leg.saved);
            (arc.saves.1, arc.times) = (saved.len(), leg.times);
            for now in &due {
                let (event, kind, _) = now;
                if self.solution.events.len() == self.most {
                    return Err(Error::TooManyEvents {
                        count: self.most,
                        time: t.as_f64(),
                    });
                }
                let mut kind = *kind;
                if arc.end.is_some() {
                    // Another at the same time: no way between them.
                    if kind == Kind::Crossing && self.is_zero(*event, leg.end, &h).is_none() {
                        kind = Kind::Tied;
                    }
                    arc = self.point(
                        leg.end,
                        std::mem::take(&mut h),
                        arc.moved[1].take(),
                        (*now, kind),
                    );
                    arc.saves = (saved.len(), saved.len());
                }
                arc.end = Some((*event, kind));
                states.push(arc.h1.clone());
                self.solution.events.push(Occurrence {
                    event: *event,
                    t: leg.end,
                });
                h.clone_from(&arc.h1);
                if let Some(reset) = &mut self.events[*event].reset {
                    reset.eval(&arc.h1, arc.end_time(), &mut h);
                    if self.is_crossing(*event) {
                        zeno[*event].reset(*event, leg.end)?;
                    }
                }
                self.arcs.push(arc.clone());
            }
            if arc.end.is_none() {
                self.arcs.push(arc);
                return Ok(());
            }
            t = leg.end;
            if let Some(moved) = arc.moved[1].take() {
                begin = Some(self.move_begin(t, &mut h, moved.by));
            }
            if terminal || coincide(t, problem.t1) {
                return Ok(());
            }
            for (event, ..) in due {
                if self.is_crossing(event)
                    && let Some(within) = self.is_zero(event, t, &h)
                {
                    let watched = self.watched.iter().filter(|w| w.event == event);
                    watched.for_each(|watched| watched.zero_near(t, within));
                }
            }
        }
    }

    /// What is scheduled between t₀ and t₁, in the order of the solve.
    fn agenda(
        &self,
        problem: &Problem<'_, T, Y::Element>,
    ) -> Result<Vec<Due<T, Y::Element>>, Error> {
        let (t0, t1, zero) = (problem.t0, problem.t1, <Y::Element as Zero>::zero());
        let way = if t1 < t0 { -T::one() } else { T::one() };
        let mut agenda = Vec::new();
        for (event, given) in self.events.iter().enumerate() {
            let times = match &given.when {
                When::At(times) => times.iter().map(|time| (*time, zero)).collect(),
                When::Scheduled { times, .. } => {
                    let times = times(problem.theta)?.into_iter();
                    let apart = |time: Y::Element| (T::from_f64(time.as_f64()), tangent(time));
                    times.map(apart).collect::<Vec<_>>()
                }
                When::Crossing { .. } => continue,
            };
            for (number, (mut time, by)) in times.into_iter().enumerate() {
                if !time.is_finite() {
                    return Err(Error::Solver(costate_ode::Error::Option {
                        what: "a scheduled time",
                        value: time.as_f64(),
                        reason: "it must be a finite number",
                    }));
                }
                for end in [t0, t1] {
                    if coincide(time, end) {
                        time = end;
                    }
                }
                if (time - t0) * way >= T::zero() && (t1 - time) * way >= T::zero() {
                    agenda.push(Due {
                        time,
                        by,
                        event,
                        number,
                    });
                }
            }
        }
        agenda.sort_by(|a, b| {
            let order = a.time.partial_cmp(&b.time);
            let order = order.expect("scheduled times are finite");
            if way > T::zero() {
                order
            } else {
                order.reverse()
            }
        });
        Ok(agenda)
    }
}
