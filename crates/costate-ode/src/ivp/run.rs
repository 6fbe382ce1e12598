//! The loop from the start to the end: saving, stops, events.

use crate::event::{Event, Hit, Occurrence, Watch, When};
use crate::integrator::check_time;
use crate::{
    Engine, Error, Failure, Field, Integrator, Real, Solution, State, Stats, System, Trajectory,
};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Where saved states go if they are not stored.
pub(super) type Keep<'a, T, Y> = Option<&'a mut dyn FnMut(T, &Y)>;

/// What to keep of a solution.
#[derive(Clone, Debug, Default)]
pub(super) enum Save<T> {
    /// The start and the end of every step.
    #[default]
    Steps,
    /// The states at these times.
    At(Vec<T>),
    /// The end alone.
    End,
}

/// How far an integration has come.
///
/// ```
/// use costate_ode::Ivp;
/// use std::ops::ControlFlow;
/// use std::sync::{Arc, Mutex};
///
/// // How much of the way was done after each step.
/// let done = Arc::new(Mutex::new(Vec::new()));
/// let seen = done.clone();
/// Ivp::new(|_t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -y[0], 2.0, [1.0], 4.0)
///     .on_step(move |progress| {
///         seen.lock().expect("no thread panicked").push((progress.t - progress.start) / (progress.end - progress.start));
///         ControlFlow::Continue(())
///     })
///     .solve()?;
/// let done = done.lock().expect("no thread panicked");
/// assert!(done.is_sorted() && done[0] > 0.0 && done.last() == Some(&1.0));
/// # Ok::<(), costate_ode::Failure<f64, [f64; 1]>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress<T> {
    /// The present time.
    pub t: T,
    /// Where the integration began.
    pub start: T,
    /// Where it goes.
    pub end: T,
    /// What it has cost so far.
    pub stats: Stats,
}

type OnStep<T> = Arc<dyn Fn(&Progress<T>) -> ControlFlow<()> + Send + Sync>;

/// What to do on the way.
#[derive(Clone)]
pub(super) struct Plan<T, Y> {
    pub(super) save: Save<T>,
    pub(super) dense: bool,
    pub(super) events: Vec<Event<T, Y>>,
    pub(super) stops: Vec<T>,
    pub(super) jumps: Vec<T>,
    pub(super) on_step: Option<OnStep<T>>,
}

impl<T, Y> Default for Plan<T, Y> {
    fn default() -> Self {
        Self {
            save: Save::default(),
            dense: false,
            events: Vec::new(),
            stops: Vec::new(),
            jumps: Vec::new(),
            on_step: None,
        }
    }
}

impl<T: fmt::Debug, Y> fmt::Debug for Plan<T, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("save", &self.save)
            .field("dense", &self.dense)
            .field("events", &self.events)
            .field("stops", &self.stops)
            .field("jumps", &self.jumps)
            .finish_non_exhaustive()
    }
}

pub(super) fn check_times<T: Real, Y>(plan: &Plan<T, Y>, t0: T, t1: T) -> Result<(), Error> {
    let stops = plan.stops.iter().map(|t| ("a time to stop at", *t));
    let jumps = plan.jumps.iter().map(|t| ("a time to jump at", *t));
    for (what, t) in [("t0", t0), ("t1", t1)]
        .into_iter()
        .chain(stops)
        .chain(jumps)
    {
        check_time(what, t)?;
    }
    let Save::At(times) = &plan.save else {
        return Ok(());
    };
    let forward = t0 <= t1;
    let mut before = t0;
    for t in times {
        let in_order = if forward {
            before <= *t && *t <= t1
        } else {
            before >= *t && *t >= t1
        };
        if !in_order {
            return Err(Error::SaveTime {
                t: t.as_f64(),
                before: before.as_f64(),
                end: t1.as_f64(),
            });
        }
        before = *t;
    }
    Ok(())
}

/// Runs an integration to `t1`.
pub(super) fn run<T, Y, S, E>(
    mut it: Integrator<T, Y, S, E>,
    t1: T,
    plan: Plan<T, Y>,
    keep: Keep<'_, T, Y>,
) -> Result<Solution<T, Y>, Failure<T, Y>>
where
    T: Real,
    Y: State<T>,
    Y::Element: Field<T>,
    S: System<T, Y>,
    E: Engine<T, Y, S>,
{
    let watch = Watch::new(&plan.events, it.t(), it.y());
    let mut run = Run {
        trajectory: plan.dense.then(|| Trajectory::new(it.t(), it.y())),
        agenda: agenda(&plan, it.t(), t1),
        next: 0,
        start: it.t(),
        end: t1,
        solution: Solution::empty(),
        saved: 0,
        last: None,
        keep,
        plan,
    };
    let result = run.go(&mut it, (!watch.is_empty()).then_some(watch));
    // The end, or the last state that was reached.
    let ended = matches!(run.plan.save, Save::End);
    if ended || (result.is_err() && run.last != Some(it.t())) {
        run.keep(it.t(), it.y());
    }
    let mut solution = run.solution;
    solution.stats = *it.stats();
    solution.dense = run.trajectory;
    match result {
        Ok(()) => Ok(solution),
        Err(error) => Err(Failure {
            error: it.explain(error),
            partial: Box::new(solution),
        }),
    }
}

/// What is due at a given time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Due {
    Stop,
    Jump,
    Event(usize),
}

/// Everything that is due within the integration, in its order: where steps must end, what for, and the time meant.
fn agenda<T: Real, Y>(plan: &Plan<T, Y>, t0: T, t1: T) -> Vec<(T, Due, T)> {
    let way = if t0 <= t1 { T::one() } else { -T::one() };
    let mut all = Vec::new();
    all.extend(plan.stops.iter().map(|t| (*t, Due::Stop, *t)));
    for (i, event) in plan.events.iter().enumerate() {
        if let When::At(times) = &event.when {
            all.extend(times.iter().map(|t| (*t, Due::Event(i), *t)));
        }
    }
    // f is continuous from the right: forwards, the latest time before a jump is the last that is seen of what was; backwards, the jump itself.
    let before = |t: T| t - (t.abs() * T::epsilon()).max(T::min_positive_value());
    all.extend(plan.jumps.iter().map(|t| {
        if way > T::zero() {
            (before(*t), Due::Jump, *t)
        } else {
            (*t, Due::Jump, before(*t))
        }
    }));
    all.retain(|(t, ..)| (*t - t0) * way >= T::zero() && (t1 - *t) * way >= T::zero());
    all.sort_by(|a, b| {
        let order = a.0.partial_cmp(&b.0).unwrap_or(std::cmp::Ordering::Equal);
        if way > T::zero() {
            order
        } else {
            order.reverse()
        }
    });
    all
}

struct Run<'a, T, Y> {
    plan: Plan<T, Y>,
    agenda: Vec<(T, Due, T)>,
    /// The next entry of the agenda.
    next: usize,
    start: T,
    end: T,
    solution: Solution<T, Y>,
    trajectory: Option<Trajectory<T, Y>>,
    /// How many of the save times are done.
    saved: usize,
    /// The time of the state kept last.
    last: Option<T>,
    keep: Keep<'a, T, Y>,
}

impl<T: Real, Y: State<T>> Run<'_, T, Y>
where
    Y::Element: Field<T>,
{
    fn go<S, E>(
        &mut self,
        it: &mut Integrator<T, Y, S, E>,
        mut watch: Option<Watch<T, Y>>,
    ) -> Result<(), Error>
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        it.set_end(self.end);
        self.save_until(it, it.t());
        loop {
            while let Some((_, due, t)) = self.agenda.get(self.next).filter(|due| due.0 == it.t()) {
                let (due, t) = (*due, *t);
                self.next += 1;
                match due {
                    Due::Stop => {}
                    Due::Jump if it.t() == self.end => {}
                    Due::Jump => {
                        it.jump(t);
                        if t == self.end {
                            // No step leads from just before it to the end.
                            self.moved(it, &mut watch);
                            self.save_until(it, t);
                            continue;
                        }
                        if it.make_consistent()? {
                            self.moved(it, &mut watch);
                        }
                        it.restart();
                    }
                    Due::Event(event) => {
                        let hit = Hit {
                            events: vec![event],
                        };
                        if self.fire(it, &mut watch, &hit)? {
                            return Ok(());
                        }
                    }
                }
            }
            let end = self.agenda.get(self.next).map_or(self.end, |due| due.0);
            if it.t() == self.end {
                return Ok(());
            }
            it.set_end(end);
            it.step()?;
            let mut done = false;
            let mut hit = None;
            if let Some(watch) = &mut watch {
                let events = std::mem::take(&mut self.plan.events);
                let found = watch.examine(&events, it, &mut |it, t| {
                    self.save_until(it, t);
                    self.append(it, t);
                    done = true;
                });
                self.plan.events = events;
                hit = found?;
            }
            if !done {
                self.save_until(it, it.t());
                self.append(it, it.t());
            }
            if let Some(hit) = hit
                && self.fire(it, &mut watch, &hit)?
            {
                return Ok(());
            }
            if let Some(on_step) = &self.plan.on_step {
                let progress = Progress {
                    t: it.t(),
                    start: self.start,
                    end: self.end,
                    stats: *it.stats(),
                };
                if on_step(&progress).is_break() {
                    return Err(Error::Cancelled { t: it.t().as_f64() });
                }
            }
        }
    }

    /// Notes events at the present time and resets the state. True if one of them ends the integration.
    fn fire<S, E>(
        &mut self,
        it: &mut Integrator<T, Y, S, E>,
        watch: &mut Option<Watch<T, Y>>,
        hit: &Hit,
    ) -> Result<bool, Error>
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        let t = it.t();
        let (mut changed, mut terminal) = (false, false);
        for index in &hit.events {
            self.solution.events.push(Occurrence {
                event: *index,
                t,
                y: it.y().clone(),
            });
            let event = &self.plan.events[*index];
            terminal |= event.terminal;
            if let Some(reset) = &event.reset {
                reset(t, it.y_mut());
                changed = true;
                if let Some(watch) = watch {
                    watch.resets(*index, t)?;
                }
            }
        }
        if changed {
            it.make_consistent()?;
            self.moved(it, watch);
            it.restart();
        }
        Ok(terminal)
    }

    /// Notes that the state is another at the present time.
    fn moved<S, E>(&mut self, it: &Integrator<T, Y, S, E>, watch: &mut Option<Watch<T, Y>>)
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        let t = it.t();
        if let Some(watch) = watch {
            watch.look(&self.plan.events, t, it.y());
        }
        if let Some(trajectory) = &mut self.trajectory {
            trajectory.push(t, it.y(), (T::zero(), T::zero()), |_| {});
        }
        if matches!(self.plan.save, Save::Steps) {
            self.keep(t, it.y());
        }
    }

    fn append<S, E>(&mut self, it: &mut Integrator<T, Y, S, E>, t: T)
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        if let Some(trajectory) = &mut self.trajectory {
            it.append_to(trajectory, t);
        }
    }

    /// Saves what is to be saved of the last step, up to `t`.
    fn save_until<S, E>(&mut self, it: &mut Integrator<T, Y, S, E>, t: T)
    where
        S: System<T, Y>,
        E: Engine<T, Y, S>,
    {
        let forward = self.start <= self.end;
        match &self.plan.save {
            Save::Steps if t == it.t() => self.keep(t, it.y()),
            Save::Steps => {
                let mut y = it.y().clone();
                it.interpolate(t, &mut y);
                self.keep(t, &y);
            }
            Save::At(_) => {
                while let Save::At(times) = &self.plan.save
                    && let Some(time) = times.get(self.saved)
                    && (if forward { *time <= t } else { *time >= t })
                {
                    let time = *time;
                    self.saved += 1;
                    if time == it.t() {
                        self.keep(time, it.y());
                        continue;
                    }
                    let mut y = it.y().clone();
                    it.interpolate(time, &mut y);
                    self.keep(time, &y);
                }
            }
            Save::End => {}
        }
    }

    fn keep(&mut self, t: T, y: &Y) {
        self.last = Some(t);
        match &mut self.keep {
            Some(keep) => keep(t, y),
            None => {
                self.solution.t.push(t);
                self.solution.y.push(y.clone());
            }
        }
    }
}
