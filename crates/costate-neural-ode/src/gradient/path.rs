//! h(t) between t₀ and t₁, kept for the way back.

use super::primal::Primal;
use crate::VectorField;
use costate_ode::{Element, Real, Scheme, State};

/// The dense output of a solve: for each step where it begins, its size, the state there and its slopes.
#[derive(Debug)]
pub(crate) struct Path<T, E> {
    scheme: Scheme<T>,
    width: usize,
    direction: T,
    begins: Vec<T>,
    sizes: Vec<T>,
    states: Vec<E>,
    slopes: Vec<E>,
    /// The step that was looked at last.
    cursor: usize,
}

impl<T: Real, E: Element<T> + Real> Path<T, E> {
    pub(crate) fn new(scheme: Scheme<T>, width: usize) -> Self {
        Self {
            scheme,
            width,
            direction: T::one(),
            begins: Vec::new(),
            sizes: Vec::new(),
            states: Vec::new(),
            slopes: Vec::new(),
            cursor: 0,
        }
    }

    pub(crate) fn scheme(&self) -> &Scheme<T> {
        &self.scheme
    }

    pub(crate) fn clear(&mut self) {
        self.begins.clear();
        self.sizes.clear();
        self.states.clear();
        self.slopes.clear();
    }

    /// Keeps the step that was just taken.
    pub(crate) fn push<Y, F>(&mut self, primal: &mut Primal<T, Y, F>)
    where
        Y: State<T, Element = E>,
        F: VectorField<E>,
    {
        primal.complete();
        let (begin, size) = (primal.it.t_prev(), primal.it.h());
        self.direction = size;
        self.cursor = self.begins.len();
        self.begins.push(begin);
        self.sizes.push(size);
        self.states.extend_from_slice(primal.it.y_prev().as_slice());
        for slope in primal.it.engine().slopes() {
            self.slopes.extend_from_slice(slope.as_slice());
        }
    }

    /// Where the step begins that leads to `t`, or `limit` if that is later.
    pub(crate) fn step_before(&mut self, t: T, limit: T) -> T {
        self.turn_to(|begin, direction| (begin - t) * direction < T::zero());
        let begin = self.begins[self.cursor];
        if (begin - limit) * self.direction > T::zero() {
            begin
        } else {
            limit
        }
    }

    /// Goes to the last step whose begin is `before`, given the direction of time; to the first if there is none.
    fn turn_to(&mut self, before: impl Fn(T, T) -> bool) {
        let mut step = self.cursor;
        while step > 0 && !before(self.begins[step], self.direction) {
            step -= 1;
        }
        while step + 1 < self.begins.len() && before(self.begins[step + 1], self.direction) {
            step += 1;
        }
        self.cursor = step;
    }

    /// Writes h(t).
    pub(crate) fn at(&mut self, t: T, h: &mut [E]) {
        self.turn_to(|begin, direction| (begin - t) * direction <= T::zero());
        let (n, step, size) = (self.width, self.cursor, self.sizes[self.cursor]);
        h.copy_from_slice(&self.states[step * n..(step + 1) * n]);
        if size == T::zero() {
            return;
        }
        let (sigma, rows) = ((t - self.begins[step]) / size, self.scheme.rows.len());
        let slopes = &self.slopes[step * rows * n..(step + 1) * rows * n];
        for (i, slope) in slopes.chunks_exact(n).enumerate() {
            if self.scheme.dense[i].is_empty() {
                continue;
            }
            let weight = E::weight(size * self.scheme.dense_weight(i, sigma));
            for (h, slope) in h.iter_mut().zip(slope) {
                *h = h.add_scaled(weight, *slope);
            }
        }
    }
}
