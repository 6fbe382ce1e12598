//! One arc on the way there, and where it ends.

use super::Hybrid;
use super::event::When;
use super::map::Level;
use crate::field::Natural;
use crate::gradient::{Solved, scalar};
use crate::{Error, VectorField};
use costate_ode::{Ivp, Matrix, Parts, Real, State, Structure, System};
use num_traits::{Float, Zero};

/// The way to the end of an arc.
pub(super) struct Leg<T, E> {
    pub(super) end: T,
    pub(super) state: Vec<E>,
    pub(super) times: Vec<T>,
    pub(super) saved: Vec<Vec<E>>,
    /// The crossings found there.
    pub(super) crossings: Vec<usize>,
}

/// f as the solver sees it: in its own order, or in natural order with its derivatives.
enum Slope<'a, F, E> {
    Packed(&'a mut F),
    Natural(Solved<'a, E>),
}

impl<T, Y, F> System<T, Y> for Slope<'_, F, Y::Element>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    fn eval(&mut self, t: T, y: &Y, dy: &mut Y) {
        match self {
            Self::Packed(field) => field.eval(0, scalar(t), y.as_slice(), dy.as_mut_slice()),
            Self::Natural(system) => system.eval(t, y, dy),
        }
    }

    fn structure(&self) -> Structure {
        match self {
            Self::Packed(_) => Structure::Dense,
            Self::Natural(system) => <Solved<'_, Y::Element> as System<T, Y>>::structure(system),
        }
    }

    fn jacobian(&mut self, t: T, y: &Y, jacobian: &mut Matrix<Y::Element>) -> bool {
        match self {
            Self::Packed(_) => false,
            Self::Natural(system) => system.jacobian(t, y, jacobian),
        }
    }

    fn time_derivative(&mut self, t: T, y: &Y, out: &mut Y) -> bool {
        match self {
            Self::Packed(_) => false,
            Self::Natural(system) => system.time_derivative(t, y, out),
        }
    }

    fn parts(&mut self) -> Option<Parts<'_, T, Y>> {
        match self {
            Self::Packed(_) => None,
            Self::Natural(system) => system.parts(),
        }
    }
}

impl<T, Y, F> Hybrid<T, Y, F>
where
    T: Real + Send + 'static,
    Y: State<T, Element: Real + Send + Sync + 'static>,
    F: VectorField<Y::Element>,
{
    /// Solves from (t, h) to `end`, or to the first crossing if it shall `watch` for them.
    pub(super) fn leg(
        &mut self,
        t: T,
        h: &[Y::Element],
        end: T,
        ahead: &[T],
        watch: bool,
    ) -> Result<Leg<T, Y::Element>, Error> {
        // None where the arc has no length, as with an event at the start: the times ahead lie to either side then.
        let way = if end == t {
            T::zero()
        } else {
            (end - t).signum()
        };
        let reached = |time: &&T| (**time - end) * way < T::zero() || coincide(**time, end);
        // A save at the time of an event is before it.
        let times = ahead.iter().take_while(reached).map(|time| {
            let inside = (*time - t) * way >= T::zero();
            if !inside {
                t
            } else if (*time - end) * way > T::zero() || coincide(*time, end) {
                end
            } else {
                *time
            }
        });
        let times: Vec<T> = times.collect();
        if coincide(t, end) {
            return Ok(Leg {
                end,
                state: h.to_vec(),
                saved: vec![h.to_vec(); times.len()],
                times,
                crossings: Vec::new(),
            });
        }
        let (mut start, packed) = (self.zero.clone(), self.is_packed());
        if packed {
            self.field.pack(h, start.as_mut_slice());
        } else {
            start.as_mut_slice().copy_from_slice(h);
        }
        let save_at: Vec<T> = times.iter().copied().chain([end]).collect();
        let mut natural;
        let system = if packed {
            Slope::Packed(&mut self.field)
        } else {
            natural = Natural::new(&mut self.field);
            let solver = self.solver;
            let rows = self
                .rows
                .get_or_insert_with(|| Solved::rows::<T>(solver, &mut natural));
            Slope::Natural(Solved::new(solver, &mut natural, rows))
        };
        let mut ivp = Ivp::with_system(system, t, start, end)
            .method(self.solver)
            .options(self.options.clone())
            .save_at(save_at);
        if watch {
            for watched in &self.watched {
                ivp = ivp.event(watched.watch.clone());
            }
        }
        let mut found = ivp
            .solve()
            .map_err(|failure| Error::Solver(failure.error))?;
        self.solution.stats += found.stats;
        let last = match found.events.first() {
            Some(first) => (first.t, first.y.clone()),
            None => (end, found.y.pop().expect("the end is saved")),
        };
        let natural = |y: &Y| {
            let mut natural = y.as_slice().to_vec();
            if packed {
                self.field.unpack(y.as_slice(), &mut natural);
            }
            natural
        };
        let saved: Vec<_> = found.y.iter().take(times.len()).map(natural).collect();
        Ok(Leg {
            end: last.0,
            state: natural(&last.1),
            times,
            saved,
            crossings: found
                .events
                .iter()
                .map(|occurrence| self.watched[occurrence.event].event)
                .collect(),
        })
    }

    /// Moves the end of an arc that ends in a crossing until g is zero there, on the arc as it is solved to that end.
    pub(super) fn settle(
        &mut self,
        t: T,
        h: &[Y::Element],
        end: T,
        target: T,
        ahead: &[T],
        event: usize,
    ) -> Result<Leg<T, Y::Element>, Error> {
        let way = if target < t { -T::one() } else { T::one() };
        let mut end = end;
        let mut best: Option<(T, Leg<T, Y::Element>)> = None;
        let mut worse = 0;
        loop {
            let leg = self.leg(t, h, end, ahead, false)?;
            let (level, rate) = self.level(event, scalar(end), &leg.state);
            let step = T::from_f64((level.value / rate).as_f64());
            if level.value.is_zero() || step.abs() <= resolution(t, end) || !step.is_finite() {
                return Ok(leg);
            }
            match &best {
                Some((least, _)) if *least <= step.abs() => worse += 1,
                _ => best = Some((step.abs(), leg)),
            }
            let next = end - step;
            let inside = (next - t) * way > T::zero() && (target - next) * way >= T::zero();
            if worse == 3 || !inside {
                break;
            }
            end = next;
        }
        Ok(best.expect("one was tried").1)
    }

    /// The function of crossing `event` with its derivatives, and dg/dt along f.
    pub(super) fn level(
        &mut self,
        event: usize,
        t: Y::Element,
        h: &[Y::Element],
    ) -> (Level<Y::Element>, Y::Element) {
        let slope = self.slope(t, h);
        let p = self.field.parameter_len();
        let When::Crossing { function, .. } = &mut self.events[event].when else {
            unreachable!("event {event} is a crossing")
        };
        let level = Level::of(&mut **function, h, t, p);
        let rate = level.rate(&slope);
        (level, rate)
    }

    /// If the function of crossing `event` is zero but for rounding: how far from `t` it cannot be told from it.
    pub(super) fn is_zero(&mut self, event: usize, t: T, h: &[Y::Element]) -> Option<T> {
        let (level, rate) = self.level(event, scalar(t), h);
        let within = T::from_f64(4.0) * resolution(t, t);
        let is_zero =
            level.value.abs() <= level.noise + scalar::<_, Y::Element>(within) * rate.abs();
        // Beside a zero that is hardly crossed nothing is taken for granted.
        let longest = T::from_f64(1e2) * within;
        let by_noise = T::from_f64((level.noise / rate.abs()).as_f64()).min(longest);
        is_zero.then(|| T::from_f64(2.0) * (within + by_noise))
    }

    /// f(h, t, θ), in natural order.
    pub(super) fn slope(&mut self, t: Y::Element, h: &[Y::Element]) -> Vec<Y::Element> {
        let mut slope = vec![Y::Element::zero(); h.len()];
        let mut packed = slope.clone();
        self.field.pack(h, &mut packed);
        self.field.eval(0, t, &packed, &mut slope);
        self.field.unpack(&slope, &mut packed);
        packed
    }
}

/// How far apart times near `a` and `b` can be told apart.
fn resolution<T: Real>(a: T, b: T) -> T {
    a.abs().max(b.abs()) * T::epsilon() * T::from_f64(2.0)
}

/// Whether two times cannot be told apart.
pub(super) fn coincide<T: Real>(a: T, b: T) -> bool {
    (a - b).abs() <= resolution(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recorded;
    use crate::hybrid::{Event, Formula};
    use costate_ode::{Options, tableau};
    use costate_tape::Function;

    #[test]
    fn an_end_is_moved_to_the_zero_but_not_out_of_its_arc() {
        // u′ = 1 from u at t: it is 1 at t + 1 − u.
        let field = Recorded::record(&[1], 1, |h, _t, _theta| h * 0.0 + 1.0).unwrap();
        let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
        let level = Function::record(&inputs, |v| vec![v[0].index(0) - 1.0]).unwrap();
        let (tsit5, options) = (tableau::by_name("tsit5").unwrap(), Options::default());
        let mut hybrid = Hybrid::new(field, &vec![0.0], tsit5, options)
            .event(Event::crossing(Formula::new(&level).unwrap()));
        hybrid.field.set_parameters(&[0.0]);
        for (title, t, u, end, target, expected) in [
            ("ahead", 0.0, 0.0, 0.9, 2.0, 1.0),
            ("past the target", 0.0, 0.0, 0.9, 0.95, 0.9),
            ("before the begin", 0.5, 1.1, 0.6, 2.0, 0.6),
            ("back", 2.0, 2.0, 1.1, 0.0, 1.0),
            ("back past the target", 2.0, 2.0, 1.1, 1.05, 1.1),
            ("back before the begin", 1.5, 0.9, 1.4, 0.0, 1.4),
        ] {
            let leg = hybrid.settle(t, &[u], end, target, &[], 0).unwrap();
            assert!((leg.end - expected).abs() < 1e-15, "{title}: {}", leg.end);
            assert!((leg.state[0] - (u + leg.end - t)).abs() < 1e-14, "{title}");
        }
    }
}
