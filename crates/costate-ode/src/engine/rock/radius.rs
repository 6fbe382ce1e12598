//! The largest |eigenvalue| of ∂f/∂y.

use crate::system::evaluate;
use crate::{Element, Field, Real, Scale, State, Stats, System};

/// An estimate of the spectral radius of ∂f/∂y, kept for some steps, with the direction in which it was found.
#[derive(Clone, Debug)]
pub(super) struct Radius<T, Y> {
    value: T,
    /// Accepted steps since it was found; none if it is not known.
    age: Option<u32>,
    direction: Y,
    /// Whether `direction` is one.
    begun: bool,
}

/// Accepted steps for which an estimate is believed.
const BELIEVED: u32 = 25;

/// The most iterations for one estimate.
const ITERATIONS: usize = 50;

impl<T: Real, Y: State<T>> Radius<T, Y>
where
    Y::Element: Field<T>,
{
    pub(super) fn new(y: &Y) -> Self {
        Self {
            value: T::zero(),
            age: None,
            direction: y.clone(),
            begun: false,
        }
    }

    pub(super) fn accepted(&mut self) {
        self.age = self.age.map(|age| age + 1).filter(|age| *age < BELIEVED);
    }

    /// It may have been too small: an estimate from an earlier step is not believed any more.
    pub(super) fn rejected(&mut self) {
        self.age = self.age.filter(|age| *age == 0);
    }

    pub(super) fn forget(&mut self) {
        (self.age, self.begun) = (None, false);
    }

    /// The spectral radius at (t, y), where f is `f`: the system's own, or estimated. `point` and `slope` are room to work in.
    pub(super) fn know<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        (t, y, f): (T, &Y, &Y),
        [point, slope]: [&mut Y; 2],
        scale: &Scale<T>,
        stats: &mut Stats,
    ) -> T {
        if self.age.is_none() {
            self.value = match system.spectral_radius(t, y) {
                Some(given) => given.abs(),
                None => self.estimate(system, (t, y, f), [point, slope], scale, stats),
            };
            self.age = Some(0);
        }
        self.value
    }

    /// Power iteration with differences of f, 1.2 times what it comes to.
    fn estimate<S: System<T, Y>>(
        &mut self,
        system: &mut S,
        (t, y, f): (T, &Y, &Y),
        [point, slope]: [&mut Y; 2],
        scale: &Scale<T>,
        stats: &mut Stats,
    ) -> T {
        let size = |x: &[Y::Element]| {
            let ratio = |(i, x): (usize, &Y::Element)| {
                let unit = scale.at(i, y.as_slice()[i], y.as_slice()[i]);
                if unit > T::zero() {
                    x.magnitude() / unit
                } else {
                    T::zero()
                }
            };
            let squares = x.iter().enumerate().map(ratio);
            squares.fold(T::zero(), |sum, r| sum + r * r).sqrt()
        };
        if !self.begun {
            self.begin(y, scale);
        }
        let minus = Y::Element::weight(-T::one());
        let root_n = T::from_f64((y.as_slice().len() as f64).sqrt());
        let reach = Y::Element::epsilon().sqrt() * (root_n + size(y.as_slice()));
        let (mut radius, mut before) = (T::zero(), T::zero());
        for iteration in 0..ITERATIONS {
            let length = size(self.direction.as_slice());
            if !(length > T::zero() && length.is_finite()) {
                self.begun = false;
                break;
            }
            let step = Y::Element::weight(reach / length);
            let ends = y.as_slice().iter().zip(self.direction.as_slice());
            for (point, (y, d)) in point.as_mut_slice().iter_mut().zip(ends) {
                *point = y.add_scaled(step, *d);
            }
            evaluate(system, t, point, slope);
            stats.nfe += 1;
            let ends = slope.as_slice().iter().zip(f.as_slice());
            for (d, (moved, f)) in self.direction.as_mut_slice().iter_mut().zip(ends) {
                *d = moved.add_scaled(minus, *f);
            }
            let found = size(self.direction.as_slice()) / reach;
            if !found.is_finite() {
                self.begun = false;
                break;
            }
            // Complex eigenvalues turn the direction: the larger of two counts.
            radius = found.max(before);
            let settled = (found - before).abs() <= T::from_f64(0.01) * radius;
            before = found;
            if iteration >= 2 && settled {
                break;
            }
        }
        radius * T::from_f64(1.2)
    }

    /// A direction with a part in every other: f itself may have none where f changes most.
    fn begin(&mut self, y: &Y, scale: &Scale<T>) {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let both = self.direction.as_mut_slice().iter_mut().zip(y.as_slice());
        for (i, (d, y)) in both.enumerate() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let noise = (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
            *d = Y::Element::real(scale.at(i, *y, *y) * T::from_f64(noise));
        }
        self.begun = true;
    }
}
