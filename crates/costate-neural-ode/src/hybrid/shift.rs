//! Ends of arcs whose times carry tangents: where second derivatives are taken, a direction may move the time of an event.
//!
//! A time is a plain number, also where states carry tangents. An arc therefore keeps its plain times, and its ends are moved by δ, zero but for its tangent, with
//! a midpoint step: right to second order, which is all that a tangent of a gradient sees.
//!
//! ```text
//! M(h, t, δ) = h + δ f(h + δ/2 f(h, t), t + δ/2)
//! ```

use super::Hybrid;
use super::event::When;
use super::forward::{Arc, Kind, Now};
use crate::VectorField;
use crate::field::Natural;
use crate::gradient::{add, add_scaled, dot, scalar};
use costate_ode::{Element, Real, State};

/// An end of an arc that is moved.
#[derive(Clone, Debug)]
pub(super) struct Moved<E> {
    /// δ.
    pub(super) by: E,
    /// The state that is moved: behind the event where an arc begins, where the arc's own time ends at its end.
    pub(super) state: Vec<E>,
}

/// The products of a row with ∂M.
pub(super) struct Pulled<E> {
    pub(super) h: Vec<E>,
    pub(super) theta: Vec<E>,
    pub(super) t: E,
    pub(super) size: E,
}

impl<T: Real, E: Element<T> + Real> Arc<T, E> {
    /// The time of the event that ends it.
    pub(super) fn end_time(&self) -> E {
        let plain: E = scalar(self.t1);
        self.moved[1]
            .as_ref()
            .map_or(plain, |moved| plain + moved.by)
    }
}

/// What a number carries beside its value.
pub(super) fn tangent<E: Real>(number: E) -> E {
    number - E::from_f64(number.as_f64())
}

/// Whether some of them carry tangents.
pub(super) fn carry<E: Real>(numbers: &[E]) -> bool {
    numbers
        .iter()
        .any(|number| number.is_finite() && !tangent(*number).is_zero())
}

impl<T, Y, F> Hybrid<T, Y, F>
where
    T: Real + Send + 'static,
    Y: State<T, Element: Real + Send + Sync + 'static>,
    F: VectorField<Y::Element>,
{
    /// Moves the end of an arc with the time of the event there.
    pub(super) fn move_end(
        &mut self,
        arc: &mut Arc<T, Y::Element>,
        (event, kind, by): Now<Y::Element>,
    ) {
        let end: Y::Element = scalar(arc.t1);
        let by = match kind {
            _ if !self.carries => return,
            Kind::Crossing => {
                let (level, rate) = self.level(event, end, &arc.h1);
                <Y::Element as num_traits::Zero>::zero() - tangent(level.value) / rate
            }
            Kind::Scheduled(_) if matches!(self.events[event].when, When::At(_)) => return,
            Kind::Scheduled(_) | Kind::Tied => by,
        };
        let state = self.shift(end, &mut arc.h1, by);
        arc.moved[1] = Some(Moved { by, state });
    }

    /// The arc without length between two events at one time.
    pub(super) fn point(
        &mut self,
        t: T,
        h: Vec<Y::Element>,
        begin: Option<Moved<Y::Element>>,
        (now, kind): (Now<Y::Element>, Kind),
    ) -> Arc<T, Y::Element> {
        let mut arc = Arc {
            t0: t,
            t1: t,
            h0: h.clone(),
            h1: h,
            moved: [None, None],
            ..Arc::empty()
        };
        if kind == Kind::Tied {
            // At the very time of the event before.
            arc.moved[1] = begin;
            return arc;
        }
        if let Some(moved) = begin {
            arc.moved[0] = Some(self.move_begin(t, &mut arc.h0, moved.by));
            arc.h1.clone_from(&arc.h0);
        }
        self.move_end(&mut arc, (now.0, kind, now.2));
        arc
    }

    /// Moves the begin of an arc from behind an event, whose time moves by δ, back to the arc's plain time.
    pub(super) fn move_begin(
        &mut self,
        t: T,
        h: &mut [Y::Element],
        by: Y::Element,
    ) -> Moved<Y::Element> {
        let at: Y::Element = scalar(t);
        let state = self.shift(at + by, h, <Y::Element as num_traits::Zero>::zero() - by);
        Moved { by, state }
    }

    /// Puts M(h, t, `size`) in the place of h, which is returned.
    fn shift(&mut self, t: Y::Element, h: &mut [Y::Element], size: Y::Element) -> Vec<Y::Element> {
        let [_, slope] = self.slopes(t, h, size);
        let state = h.to_vec();
        add_scaled(h, size, &slope);
        state
    }

    /// The products of the row `a` with ∂M.
    pub(super) fn pull(
        &mut self,
        (t, h, size): (Y::Element, &[Y::Element], Y::Element),
        a: &[Y::Element],
    ) -> Pulled<Y::Element> {
        let [begin, middle] = self.slopes(t, h, size);
        let zero = <Y::Element as num_traits::Zero>::zero();
        let half = Y::Element::from_f64(0.5);
        let mut field = Natural::new(&mut self.field);
        let scaled = |row: &[Y::Element], by| row.iter().map(|a| *a * by).collect::<Vec<_>>();
        let (mut by_middle, mut by_begin) = (a.to_vec(), a.to_vec());
        let of_middle = field.products(1, &scaled(a, size), &mut by_middle);
        let of_begin = field.products(0, &scaled(&by_middle, half * size), &mut by_begin);
        let one = <Y::Element as num_traits::One>::one();
        field.accumulate(&[(0, one), (1, one)]);
        let mut theta = vec![zero; field.parameter_len()];
        field.finish(&mut theta);
        let size = dot(a, &middle) + half * (dot(&by_middle, &begin) + of_middle);
        add(&mut by_begin, &by_middle);
        add(&mut by_begin, a);
        Pulled {
            h: by_begin,
            theta,
            t: of_begin + of_middle,
            size,
        }
    }

    /// f at the begin and in the middle of the step, kept in frames 0 and 1.
    fn slopes(
        &mut self,
        t: Y::Element,
        h: &[Y::Element],
        size: Y::Element,
    ) -> [Vec<Y::Element>; 2] {
        let half = size * Y::Element::from_f64(0.5);
        let mut field = Natural::new(&mut self.field);
        let (mut begin, mut middle, mut between) = (h.to_vec(), h.to_vec(), h.to_vec());
        field.eval(0, t, h, &mut begin);
        add_scaled(&mut between, half, &begin);
        field.eval(1, t + half, &between, &mut middle);
        [begin, middle]
    }
}
