//! The crossings as the solver watches for them.

use super::event::{Event, When};
use super::map::Map;
use crate::VectorField;
use crate::gradient::scalar;
use costate_ode::{Element, Real, State};
use std::sync::{Arc, Mutex, PoisonError};

/// A crossing under watch.
pub(super) struct Watched<T, Y: State<T>> {
    /// Its number.
    pub(super) event: usize,
    pub(super) watch: costate_ode::Event<T, Y>,
    probe: Arc<Mutex<Probe<T, Y::Element>>>,
}

/// What is looked at.
struct Probe<T, E> {
    function: Box<dyn Map<E>>,
    /// Where the natural component of each packed one lies.
    order: Arc<[usize]>,
    natural: Vec<E>,
    /// Where the last event left the function at zero, and how far around that time rounding or a reset may make anything of it: its sign shows on the way.
    zero_near: Option<(T, T)>,
}

impl<T: Real, E: Element<T> + Real> Probe<T, E> {
    fn value(&mut self, t: T, packed: &[E]) -> T {
        if let Some((zero, within)) = self.zero_near
            && (t - zero).abs() <= within
        {
            return T::zero();
        }
        for (value, place) in packed.iter().zip(&*self.order) {
            self.natural[*place] = *value;
        }
        let mut value = [<E as Element<T>>::zero()];
        self.function.eval(&self.natural, scalar(t), &mut value);
        T::from_f64(value[0].as_f64())
    }
}

impl<T, Y> Watched<T, Y>
where
    T: Real + Send + 'static,
    Y: State<T, Element: Real + Send + Sync + 'static>,
{
    /// Those of the events that are crossings; `order` says where the natural component of each one of the solver's lies.
    pub(super) fn all(events: &[Event<T, Y::Element>], order: Arc<[usize]>, like: &Y) -> Vec<Self> {
        let crossing = |(event, given): (usize, &Event<T, Y::Element>)| match &given.when {
            When::Crossing {
                function,
                rising,
                samples,
            } => {
                let probe = Arc::new(Mutex::new(Probe {
                    function: function.boxed(),
                    order: order.clone(),
                    natural: like.as_slice().to_vec(),
                    zero_near: None,
                }));
                let seen = probe.clone();
                let value = move |t: T, y: &Y| {
                    let mut probe = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    probe.value(t, y.as_slice())
                };
                let mut watch = costate_ode::Event::when_zero(value)
                    .samples(*samples)
                    .terminal();
                watch = match rising {
                    Some(true) => watch.rising(),
                    Some(false) => watch.falling(),
                    None => watch,
                };
                Some(Self {
                    event,
                    watch,
                    probe,
                })
            }
            _ => None,
        };
        events.iter().enumerate().filter_map(crossing).collect()
    }

    pub(super) fn set_parameters(&self, theta: &[Y::Element]) {
        let mut probe = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
        probe.function.set_parameters(theta);
        probe.zero_near = None;
    }

    /// The function has just been zero at `t`, and cannot be told from zero `within` a time of it.
    pub(super) fn zero_near(&self, t: T, within: T) {
        let mut probe = self.probe.lock().unwrap_or_else(PoisonError::into_inner);
        probe.zero_near = Some((t, within));
    }
}

/// Which natural component each packed one is. In two digits, so that small number types count far enough.
pub(super) fn order<E: Real, F: VectorField<E>>(field: &F, n: usize) -> Vec<usize> {
    const BASE: usize = 1024;
    let digit = |of: fn(usize) -> usize| {
        let natural: Vec<E> = (0..n).map(|i| E::from_f64(of(i) as f64)).collect();
        let mut packed = natural.clone();
        field.pack(&natural, &mut packed);
        packed
    };
    let low = digit(|i| i % BASE);
    let high = digit(|i| i / BASE);
    let places = low.iter().zip(&high);
    places
        .map(|(low, high)| low.as_f64() as usize + BASE * high.as_f64() as usize)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recorded;

    #[test]
    fn every_component_has_its_natural_place_whatever_order_the_program_keeps() {
        // A batch of samples, which lie in panels.
        let layer = Recorded::record(&[37, 53], 53 * 53, |h, _t, theta| {
            h.matmul(theta.reshape([53, 53]))
        });
        let field = layer.unwrap();
        let places = order(&field, 37 * 53);
        let natural: Vec<f64> = (0..37 * 53).map(|i| (i as f64).sin()).collect();
        let mut packed = natural.clone();
        field.pack(&natural, &mut packed);
        assert_ne!(packed, natural);
        for (value, place) in packed.iter().zip(&places) {
            assert_eq!(*value, natural[*place]);
        }
    }
}
