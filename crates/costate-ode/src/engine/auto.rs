//! Switching between an explicit method and one for stiff problems, by the stiffness met on the way.

use super::{Engine, Rosenbrock, RungeKutta, Span, rosenbrock};
use crate::combine::{Terms, combine};
use crate::controller::inverse_root;
use crate::method::{Family, Method};
use crate::{Element, Field, Real, Scale, State, Stats, System, tableau};

pub(crate) static METHOD: Method = Method {
    name: NAME,
    title: "Tsitouras 5(4) and Rodas5P in turn",
    order: 5,
    variable_order: false,
    dense_order: 4,
    stages: 8,
    adaptive: true,
    stiff: true,
    mass: true,
    memory: 30,
    when: "When you do not know whether the problem is stiff, or when it is so at times.",
    reference: "[Hairer1996]",
    family: Family::Auto,
};

const NAME: &str = "auto";

/// h|λ| beyond which the explicit method is at the edge of its stability (3.5 on the real axis) or, at tight tolerances, beyond what its
/// accuracy allows to components that move as λ says. Half of that gives it room.
fn edge(rtol: f64) -> f64 {
    let tightness = (1e-4 / rtol).clamp(1.0, 1e12);
    3.0 * inverse_root(tightness * tightness, 10)
}

/// Steps at the edge after which the problem is taken for stiff, and steps off it in a row after which these are forgotten.
const AT_EDGE: u32 = 12;
const OFF_EDGE: u32 = 6;

/// Steps with room in a row after which the problem is taken for non-stiff.
const WITH_ROOM: u32 = 6;

/// The engine that changes between an explicit method and one for stiff problems.
///
/// # When it changes
/// It begins with the explicit method, whose last two stages lie at the same time: the quotient of the differences of their slopes and of their states
/// estimates the largest eigenvalue λ of ∂f/∂y (\[Hairer1996\] IV.2). Twelve accepted steps with h|λ| > 3 (rtol/10⁻⁴)^{1/10}, 3 for rtol above 10⁻⁴, that are not
/// interrupted by six others in a row, and the method for stiff problems takes over. There |λ| comes from a power iteration with the Jacobian that is at hand, two
/// products a step; after six steps in a row with h|λ| below half that bound the explicit method takes over again. The step size is handed over. A system with a mass matrix is solved by the
/// method for stiff problems alone.
///
/// ```
/// use costate_ode::{Auto, Integrator, Options};
///
/// let f = |t: f64, y: &[f64; 1], dy: &mut [f64; 1]| dy[0] = -1e6 * (y[0] - t.cos());
/// let mut it = Integrator::with_engine(Auto::new(&f, &[1.0]), f, 0.0, &[1.0], Options::tolerances(1e-6, 1e-8))?;
/// it.set_end(3.0);
/// while !it.finished() {
///     it.step()?;
/// }
/// assert!(it.engine().is_stiff() && it.stats().steps < 200);
/// # Ok::<(), costate_ode::Error>(())
/// ```
///
/// # References
/// \[Hairer1996\] IV.2.
#[derive(Clone, Debug)]
pub struct Auto<T, Y: State<T>> {
    explicit: RungeKutta<T, Y>,
    stiff: Rosenbrock<T, Y>,
    /// The explicit method cannot be taken.
    only_stiff: bool,
    /// Which one tries the next step, and which one took the last.
    is_stiff: bool,
    was_stiff: bool,
    /// Weights of the difference of the states of the explicit method's last two stages.
    between: Terms<T>,
    zero: Y,
    difference: Y,
    /// What the power iteration has come to.
    vector: Vec<Y::Element>,
    product: Vec<Y::Element>,
    /// h|λ| of the step tried, over what it may be.
    reach: T,
    /// What it may be; computed when the tolerance is known.
    edge: Option<T>,
    /// Steps for a change, and steps in a row against it.
    votes: u32,
    against: u32,
}

impl<T: Real, Y: State<T>> Auto<T, Y>
where
    Y::Element: Field<T>,
{
    /// An engine for `system` and states like `y`.
    ///
    /// # Panics
    /// If the system's structure or mass matrix is of another size.
    #[track_caller]
    pub fn new<S: System<T, Y>>(system: &S, y: &Y) -> Self {
        let explicit = tableau::DEFAULT;
        let last = explicit.stages() - 1;
        let between = (0..last).map(|j| {
            let (to, from) = (explicit.a(last, j), explicit.a(last - 1, j));
            (j, to.to::<T>() - from.to())
        });
        let only_stiff = system.mass().is_some();
        let mut zero = y.clone();
        zero.as_mut_slice().fill(Y::Element::zero());
        // Any start will do that has a part in every direction.
        let vector: Vec<Y::Element> = (0..y.as_slice().len())
            .map(|i| Y::Element::real(T::from_f64(1.0 + 0.1 * (i % 7) as f64)))
            .collect();
        Self {
            explicit: RungeKutta::new(explicit, y),
            stiff: Rosenbrock::new(rosenbrock::DEFAULT, system, y),
            only_stiff,
            is_stiff: only_stiff,
            was_stiff: only_stiff,
            between: between.collect(),
            difference: zero.clone(),
            zero,
            product: vector.clone(),
            vector,
            reach: T::zero(),
            edge: None,
            votes: 0,
            against: 0,
        }
    }

    /// Whether the method for stiff problems takes the next step.
    #[must_use]
    pub fn is_stiff(&self) -> bool {
        self.is_stiff
    }

    /// Whether the method for stiff problems took the last step.
    #[must_use]
    pub fn was_stiff(&self) -> bool {
        self.was_stiff
    }

    /// Has the next step taken by the method for stiff problems, or by the other one.
    pub fn take_next(&mut self, stiff: bool) {
        let stiff = stiff || self.only_stiff;
        if stiff == self.is_stiff {
            return;
        }
        self.is_stiff = stiff;
        // What it knows is of its last step, maybe long ago. Which system that was of does not matter here.
        type Any<T, Y> = fn(T, &Y, &mut Y);
        if stiff {
            <Rosenbrock<T, Y> as Engine<T, Y, Any<T, Y>>>::restart(&mut self.stiff);
        } else {
            <RungeKutta<T, Y> as Engine<T, Y, Any<T, Y>>>::restart(&mut self.explicit);
        }
    }

    /// The explicit method.
    #[must_use]
    pub fn explicit(&self) -> &RungeKutta<T, Y> {
        &self.explicit
    }

    /// The method for stiff problems.
    #[must_use]
    pub fn stiff(&self) -> &Rosenbrock<T, Y> {
        &self.stiff
    }

    /// h|λ| from the last two stages of the explicit method.
    fn reach_of_stages(&mut self, h: T, y: &Y, scale: &mut Scale<T>) -> T {
        let k = self.explicit.slopes();
        combine(&mut self.difference, &self.zero, k, &self.between, h);
        let last = self.between.len();
        let (to, from) = (k[last].as_slice(), k[last - 1].as_slice());
        let (y, state) = (y.as_slice(), self.difference.as_slice());
        let slopes2 = scale.squared(y, y, |i| to[i] - from[i]);
        let states2 = scale.squared(y, y, |i| state[i]);
        h.abs() * (slopes2 / states2).sqrt()
    }

    /// h|λ| from two steps of a power iteration: two, as complex eigenvalues turn.
    fn reach_of_jacobian(&mut self, h: T) -> T {
        let jacobian = self.stiff.jacobian();
        jacobian.multiply::<T>(&self.vector, &mut self.product);
        jacobian.multiply::<T>(&self.product, &mut self.vector);
        let sum2 = |x: &[Y::Element]| {
            let squares = x.iter().map(|x| x.magnitude() * x.magnitude());
            squares.fold(T::zero(), |sum, x| sum + x)
        };
        // The vector had length 1.
        let length = sum2(&self.vector).sqrt();
        if !(length.is_finite() && length > T::zero()) {
            let n = self.vector.len();
            let even = Y::Element::real(T::one() / T::from_f64(n as f64).sqrt());
            self.vector.fill(even);
            return T::zero();
        }
        let inverse = Y::Element::real(T::one() / length);
        self.vector.iter_mut().for_each(|x| *x = *x * inverse);
        h.abs() * length.sqrt()
    }

    /// Counts the step, and changes the method for the next if it is time.
    fn count(&mut self) {
        let (for_a_change, enough, forgets) = if self.is_stiff {
            (self.reach < T::from_f64(0.5), WITH_ROOM, 1)
        } else {
            (self.reach > T::one(), AT_EDGE, OFF_EDGE)
        };
        if for_a_change {
            (self.votes, self.against) = (self.votes + 1, 0);
        } else {
            self.against += 1;
            if self.against >= forgets {
                self.votes = 0;
            }
        }
        if self.votes >= enough {
            self.is_stiff = !self.is_stiff;
            (self.votes, self.against) = (0, 0);
        }
    }
}

impl<T: Real, Y: State<T>, S: System<T, Y>> Engine<T, Y, S> for Auto<T, Y>
where
    Y::Element: Field<T>,
{
    fn slope(&mut self, system: &mut S, t: T, y: &Y, stats: &mut Stats) -> &Y {
        if self.is_stiff {
            self.stiff.slope(system, t, y, stats)
        } else {
            self.explicit.slope(system, t, y, stats)
        }
    }

    fn attempt(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        trial: &mut Y,
        scale: &mut Scale<T>,
        measure: bool,
        stats: &mut Stats,
    ) -> T {
        let edge = *self
            .edge
            .get_or_insert_with(|| T::from_f64(edge(scale.finest_rtol().as_f64())));
        if self.is_stiff {
            let error2 = self
                .stiff
                .attempt(system, span, y, trial, scale, measure, stats);
            if error2 <= T::one() && !self.only_stiff {
                self.reach = self.reach_of_jacobian(span.h) / edge;
            }
            error2
        } else {
            let error2 = self
                .explicit
                .attempt(system, span, y, trial, scale, measure, stats);
            if error2 <= T::one() {
                self.reach = self.reach_of_stages(span.h, y, scale) / edge;
            }
            error2
        }
    }

    fn accept(&mut self) {
        self.was_stiff = self.is_stiff;
        if self.is_stiff {
            <Rosenbrock<T, Y> as Engine<T, Y, S>>::accept(&mut self.stiff);
        } else {
            <RungeKutta<T, Y> as Engine<T, Y, S>>::accept(&mut self.explicit);
        }
        if self.only_stiff {
            return;
        }
        self.count();
        // What the other one knows is of its last step, long ago.
        if self.is_stiff && !self.was_stiff {
            <Rosenbrock<T, Y> as Engine<T, Y, S>>::restart(&mut self.stiff);
        }
        if !self.is_stiff && self.was_stiff {
            <RungeKutta<T, Y> as Engine<T, Y, S>>::restart(&mut self.explicit);
        }
    }

    fn restart(&mut self) {
        <Rosenbrock<T, Y> as Engine<T, Y, S>>::restart(&mut self.stiff);
        <RungeKutta<T, Y> as Engine<T, Y, S>>::restart(&mut self.explicit);
        (self.votes, self.against) = (0, 0);
    }

    fn interpolate(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        sigma: T,
        out: &mut Y,
        stats: &mut Stats,
    ) {
        if self.was_stiff {
            self.stiff
                .interpolate(system, span, y, y_next, sigma, out, stats);
        } else {
            self.explicit
                .interpolate(system, span, y, y_next, sigma, out, stats);
        }
    }

    fn powers(
        &mut self,
        system: &mut S,
        span: Span<T>,
        y: &Y,
        y_next: &Y,
        powers: &mut Vec<Y>,
        stats: &mut Stats,
    ) {
        if self.was_stiff {
            self.stiff.powers(system, span, y, y_next, powers, stats);
        } else {
            self.explicit.powers(system, span, y, y_next, powers, stats);
        }
    }

    fn centre(&self) -> T {
        if self.was_stiff {
            <Rosenbrock<T, Y> as Engine<T, Y, S>>::centre(&self.stiff)
        } else {
            <RungeKutta<T, Y> as Engine<T, Y, S>>::centre(&self.explicit)
        }
    }

    fn rewind(&mut self) -> bool {
        // By the method that took the step.
        self.is_stiff = self.was_stiff;
        <Self as Engine<T, Y, S>>::restart(self);
        true
    }

    fn error_exponent(&self) -> usize {
        <RungeKutta<T, Y> as Engine<T, Y, S>>::error_exponent(&self.explicit)
    }

    fn worst(&self, span: Span<T>, y: &Y, trial: &Y, scale: &Scale<T>) -> Option<(usize, T)> {
        if self.is_stiff {
            <Rosenbrock<T, Y> as Engine<T, Y, S>>::worst(&self.stiff, span, y, trial, scale)
        } else {
            <RungeKutta<T, Y> as Engine<T, Y, S>>::worst(&self.explicit, span, y, trial, scale)
        }
    }

    fn not_finite(&self, span: Span<T>) -> Option<(usize, T, usize)> {
        if self.is_stiff {
            <Rosenbrock<T, Y> as Engine<T, Y, S>>::not_finite(&self.stiff, span)
        } else {
            <RungeKutta<T, Y> as Engine<T, Y, S>>::not_finite(&self.explicit, span)
        }
    }

    fn name(&self) -> &'static str {
        NAME
    }
}
