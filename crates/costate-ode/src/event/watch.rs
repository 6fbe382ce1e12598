//! Finding the crossings of a step.

use super::locate::resolution;
use super::{Event, When, Zeno};
use crate::{Engine, Error, Integrator, Real, State, System};

/// What to do with a step, up to a time, before the rest of it is lost.
pub(super) type Cut<'a, T, Y, S, E> = &'a mut dyn FnMut(&mut Integrator<T, Y, S, E>, T);

/// What happened on a step: these events, at the time the integration was brought to.
pub(crate) struct Hit {
    pub(crate) events: Vec<usize>,
}

/// An event function under watch.
pub(super) struct Watched<T> {
    /// Its number.
    pub(super) event: usize,
    /// Its sign as last seen; 0 if it has none yet.
    pub(super) sign: i8,
    /// Its value at the beginning of the step.
    pub(super) value: T,
    /// The resets it led to.
    zeno: Zeno<T>,
}

impl<T: Real> Watched<T> {
    /// Takes note of a value; a zero leaves the sign as it was.
    fn see(&mut self, value: T) {
        self.value = value;
        if sign(value) != 0 {
            self.sign = sign(value);
        }
    }
}

pub(crate) struct Watch<T, Y> {
    pub(super) watched: Vec<Watched<T>>,
    samples: usize,
    pub(super) scratch: Y,
    values: Vec<T>,
    /// The points of a step that are looked at.
    points: Vec<T>,
}

fn sign<T: Real>(value: T) -> i8 {
    i8::from(value > T::zero()) - i8::from(value < T::zero())
}

/// g of event `event`, which is one of a crossing.
pub(super) fn value<T: Real, Y>(events: &[Event<T, Y>], event: usize, t: T, y: &Y) -> T {
    match &events[event].when {
        When::Zero { function, .. } => function(t, y),
        When::At(_) => T::zero(),
    }
}

/// Whether going from the sign `from` to the value `to` is what the event waits for.
pub(super) fn crosses<T: Real, Y>(events: &[Event<T, Y>], event: usize, from: i8, to: T) -> bool {
    let When::Zero { rising, .. } = events[event].when else {
        return false;
    };
    from != 0
        && !to.is_nan()
        && sign(to) != from
        && rising.is_none_or(|rising| rising == (from < 0))
}

/// A crossing that dense output shows between two points of a step.
#[derive(Clone, Copy)]
pub(super) struct Crossing<T> {
    /// Which of those watched.
    pub(super) index: usize,
    pub(super) from: T,
    pub(super) to: T,
}

impl<T: Real, Y: State<T>> Watch<T, Y> {
    /// A watch over those of the events that are crossings, beginning at (t, y).
    pub(crate) fn new(events: &[Event<T, Y>], t: T, y: &Y) -> Self {
        let crossing = |(i, event): (usize, &Event<T, Y>)| match event.when {
            When::Zero { samples, .. } => Some((i, samples)),
            When::At(_) => None,
        };
        let crossings: Vec<_> = events.iter().enumerate().filter_map(crossing).collect();
        let watched = crossings.iter().map(|(event, _)| Watched {
            event: *event,
            sign: 0,
            value: T::zero(),
            zeno: Zeno::new(t),
        });
        let mut this = Self {
            watched: watched.collect(),
            samples: crossings.iter().map(|(_, n)| *n).max().unwrap_or(0),
            scratch: y.clone(),
            values: Vec::new(),
            points: Vec::new(),
        };
        this.look(events, t, y);
        this
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    /// Takes signs afresh at (t, y), where the state was changed.
    pub(crate) fn look(&mut self, events: &[Event<T, Y>], t: T, y: &Y) {
        for watched in &mut self.watched {
            let found = value(events, watched.event, t, y);
            // What a reset left as it was on the crossing is zero but for rounding: its sign shows on the way.
            let unchanged = watched.sign != 0 && found == watched.value && watched.zeno.count() > 0;
            (watched.sign, watched.value) = (if unchanged { 0 } else { sign(found) }, found);
        }
    }

    /// Looks for crossings in the step just taken. If there is one, the integration is brought back to the first; `cut` is called with its time
    /// before a step that cannot be taken again loses its dense output beyond.
    ///
    /// # Errors
    /// [`Error::Event`] if a function is not a number at the end of a step that shows no crossing.
    pub(crate) fn examine<S, E>(
        &mut self,
        events: &[Event<T, Y>],
        it: &mut Integrator<T, Y, S, E>,
        cut: Cut<'_, T, Y, S, E>,
    ) -> Result<Option<Hit>, Error>
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        let (start, h) = (it.t_prev(), it.h());
        let Some(mut crossing) = self.first_crossing(events, it) else {
            let wrong = self.watched.iter().find(|watched| watched.value.is_nan());
            return wrong.map_or(Ok(None), |watched| {
                Err(Error::Event {
                    event: watched.event,
                    t: it.t().as_f64(),
                })
            });
        };
        let end = it.t();
        // Another event may turn out to come first on the solution itself.
        for _ in 0..=self.watched.len() {
            let again = self.locate(events, it, crossing, [start, h, end], cut);
            let mut earlier = None;
            if again {
                let others = self.crossed(events, it);
                let mut others = others.into_iter().filter(|i| *i != crossing.index);
                earlier = others.find(|i| !self.at_once(events, it, *i));
            }
            let Some(index) = earlier else { break };
            crossing = Crossing {
                index,
                from: T::zero(),
                to: (it.t() - start) / h,
            };
        }
        let mut hit = self.crossed(events, it);
        if !hit.contains(&crossing.index) {
            hit.push(crossing.index);
            hit.sort_unstable();
        }
        for (index, watched) in self.watched.iter_mut().enumerate() {
            let (before, now) = (watched.sign, value(events, watched.event, it.t(), it.y()));
            watched.see(now);
            if hit.contains(&index) {
                watched.sign = if sign(now) == 0 { 0 } else { -before };
            }
        }
        let events = hit.iter().map(|index| self.watched[*index].event).collect();
        Ok(Some(Hit { events }))
    }

    /// Those that have crossed where the integration stands.
    fn crossed<S, E>(&self, events: &[Event<T, Y>], it: &Integrator<T, Y, S, E>) -> Vec<usize>
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        let crossed = |(i, watched): (usize, &Watched<T>)| {
            let value = value(events, watched.event, it.t(), it.y());
            crosses(events, watched.event, watched.sign, value).then_some(i)
        };
        self.watched
            .iter()
            .enumerate()
            .filter_map(crossed)
            .collect()
    }

    /// Whether one that has crossed did so just here, and not before.
    fn at_once<S, E>(
        &mut self,
        events: &[Event<T, Y>],
        it: &mut Integrator<T, Y, S, E>,
        index: usize,
    ) -> bool
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        let t = it.t();
        let just_before = t - it.h().signum() * resolution(it.t_prev(), t) * T::from_f64(8.0);
        if (just_before - it.t_prev()) * it.h().signum() <= T::zero() {
            return true;
        }
        it.interpolate(just_before, &mut self.scratch);
        let watched = &self.watched[index];
        let found = value(events, watched.event, just_before, &self.scratch);
        !crosses(events, watched.event, watched.sign, found)
    }

    /// The first crossing that dense output shows at the points looked at. Signs are kept up to there.
    fn first_crossing<S, E>(
        &mut self,
        events: &[Event<T, Y>],
        it: &mut Integrator<T, Y, S, E>,
    ) -> Option<Crossing<T>>
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        let (start, h) = (it.t_prev(), it.h());
        let parts = self.samples + 1;
        let mut points = std::mem::take(&mut self.points);
        points.clear();
        // A function without a sign yet may have two crossings close by: a ball that hardly leaves the ground.
        if self.samples > 0 && self.watched.iter().any(|watched| watched.sign == 0) {
            let halves = (4..=40).rev();
            points.extend(halves.map(|k| T::from_f64(0.5).powi(k)));
        }
        points.extend((1..=parts).map(|k| T::from_f64(k as f64 / parts as f64)));
        let found = self.search(events, it, &points, start, h);
        self.points = points;
        found
    }

    fn search<S, E>(
        &mut self,
        events: &[Event<T, Y>],
        it: &mut Integrator<T, Y, S, E>,
        points: &[T],
        start: T,
        h: T,
    ) -> Option<Crossing<T>>
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        let mut from = T::zero();
        for sigma in points.iter().copied() {
            let last = sigma == T::one();
            let t = if last { it.t() } else { start + sigma * h };
            it.interpolate(t, &mut self.scratch);
            let (watched, y) = (&self.watched, &self.scratch);
            self.values.clear();
            self.values.extend(
                watched
                    .iter()
                    .map(|watched| value(events, watched.event, t, y)),
            );
            let crossing = watched.iter().zip(&self.values).enumerate();
            let crossing = crossing.filter(|(_, (w, now))| crosses(events, w.event, w.sign, **now));
            // Of several, the one that a straight line puts first.
            let share = |w: &Watched<T>, now: T| (w.value / (w.value - now)).abs();
            let shares = crossing.map(|(index, (w, now))| (index, share(w, *now)));
            if let Some((index, _)) = shares.reduce(|a, b| if b.1 < a.1 { b } else { a }) {
                return Some(Crossing {
                    index,
                    from,
                    to: sigma,
                });
            }
            for (watched, now) in self.watched.iter_mut().zip(&self.values) {
                watched.see(*now);
            }
            from = sigma;
        }
        None
    }

    /// A reset of `event` at `t`: refused if resets follow each other at ever shorter intervals.
    pub(crate) fn resets(&mut self, event: usize, t: T) -> Result<(), Error> {
        match self.watched.iter_mut().find(|w| w.event == event) {
            Some(watched) => watched.zeno.reset(event, t),
            None => Ok(()),
        }
    }
}
