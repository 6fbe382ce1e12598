//! The augmented adjoint system, as the derivation has it.

use crate::VectorField;
use crate::gradient::{Frames, scalar};
use costate_ode::{Element, Real, System, Term};

/// The state with its costate and the parameters' and the clock's, all together as one system:
///
/// ```text
/// d/dt [ h   a   a_θ   a_τ ] = [ f   −a·∂f/∂h   −a·∂f/∂θ   −a·∂f/∂t ]
/// ```
#[cfg_attr(doc, doc = include_str!("../formulas/augmented.html"))]
///
/// Solved backwards from h(t₁), a(t₁) = ∂L/∂h(t₁), a_θ(t₁) = 0, a_τ(t₁) = 0 it arrives at a(t₀) = ∂L/∂h₀, a_θ(t₀) = ∂L/∂θ and a_τ(t₀) = ∫ a·∂f/∂t dt.
///
/// Nothing depends on a_θ and a_τ: they are quadratures. With [`Quadratures::Apart`] the state is `[h, a]` alone and a_θ, a_τ are added up after each
/// accepted step with the weights of the method, which gives the same numbers.
///
/// ```
/// use costate_neural_ode::{Augmented, Quadratures, VectorField, doc::House}; // f = θ t h
/// use costate_ode::System;
///
/// let mut house = House::default();
/// house.set_parameters(&[0.25]);
/// let mut augmented = Augmented::new(house, Quadratures::InState);
/// let (state, mut rate) = (vec![3.0, 2.0, 0.0, 0.0], vec![0.0; 4]); // h = 3, a = 2
/// augmented.eval(4.0, &state, &mut rate);
/// assert_eq!(rate, [3.0, -2.0, -24.0, -1.5]);
/// ```
///
/// # References
/// \[Chen2018\], appendix B
// book: (augmented)
#[derive(Debug)]
pub struct Augmented<F, E> {
    pub(crate) field: F,
    quadratures: Quadratures,
    pub(crate) frames: Frames,
    /// a·∂f/∂t by frame.
    rates: Vec<E>,
    clock: E,
    /// The frames of a step with their weights.
    weighted: Vec<(usize, E)>,
}

/// Where a_θ and a_t are integrated.
///
/// ```
/// use costate_neural_ode::{Augmented, Quadratures, VectorField, doc::House};
///
/// // One state and one parameter: h, a, and a_θ and a_t if they are in the state.
/// let lengths = [Quadratures::InState, Quadratures::Apart].map(|quadratures| Augmented::new(House::default(), quadratures).len());
/// assert_eq!(lengths, [4, 2]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quadratures {
    /// In the state: `[h, a, a_θ, a_t]`.
    InState,
    /// After each accepted step: the state is `[h, a]`.
    #[default]
    Apart,
}

/// The most rows that a step has between two calls of [`Augmented::add_step`].
const ROWS: usize = 32;

impl<E: Real, F: VectorField<E>> Augmented<F, E> {
    /// The augmented system of `field`.
    #[must_use]
    pub fn new(field: F, quadratures: Quadratures) -> Self {
        Self {
            field,
            quadratures,
            frames: Frames::of_one_step(ROWS),
            rates: vec![E::zero(); 2 * ROWS],
            clock: E::zero(),
            weighted: Vec::with_capacity(ROWS),
        }
    }

    /// The length of its state.
    pub fn len(&self) -> usize {
        match self.quadratures {
            Quadratures::InState => 2 * self.field.state_len() + self.field.parameter_len() + 1,
            Quadratures::Apart => 2 * self.field.state_len(),
        }
    }

    /// Whether there is no state.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A step of size `size` with weights `b`, whose closing row is `closing`, was accepted: adds its part of a_θ and a_t if these are apart.
    pub(crate) fn add_step<T: Real>(&mut self, b: &[Term<T>], size: T, closing: usize)
    where
        E: Element<T>,
    {
        let frames = self.frames.accept(closing);
        if self.quadratures == Quadratures::InState {
            return;
        }
        self.weighted.clear();
        for (i, b) in b {
            // a_θ' = −a·∂f/∂θ
            let (frame, weight) = (frames.of(*i), scalar(-size * *b));
            self.clock = self.clock + weight * self.rates[frame];
            self.weighted.push((frame, weight));
        }
        self.field.accumulate(&self.weighted);
    }

    /// Writes a_θ, as far as it was integrated, and returns a_t.
    pub(crate) fn finish(&mut self, state: &[E], a_theta: &mut [E]) -> E {
        match self.quadratures {
            Quadratures::InState => {
                let start = 2 * self.field.state_len();
                let (values, clock) = state[start..].split_at(a_theta.len());
                a_theta.copy_from_slice(values);
                clock[0]
            }
            Quadratures::Apart => {
                self.field.finish(a_theta);
                std::mem::replace(&mut self.clock, E::zero())
            }
        }
    }
}

impl<T: Real, E: Element<T> + Real, F: VectorField<E>> System<T, Vec<E>> for Augmented<F, E> {
    fn eval(&mut self, t: T, state: &Vec<E>, rate: &mut Vec<E>) {
        let n = self.field.state_len();
        let frame = self.frames.take();
        let (h, rest) = state.split_at(n);
        let (dh, rest_rate) = rate.split_at_mut(n);
        let (da, quadratures) = rest_rate.split_at_mut(n);
        self.field.eval(frame, scalar(t), h, dh);
        let a_t = self.field.products(frame, &rest[..n], da);
        da.iter_mut().for_each(|da| *da = -*da); // book: (adjoint-ode)
        self.rates[frame] = a_t;
        if let Some((d_clock, d_theta)) = quadratures.split_last_mut() {
            self.field.accumulate(&[(frame, -E::one())]);
            self.field.finish(d_theta);
            *d_clock = -a_t;
        }
    }
}
