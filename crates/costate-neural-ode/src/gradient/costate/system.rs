//! The costate's equation along a path, and the nodes at which its integrals are taken.

use super::Nodes;
use super::jacobians::Jacobians;
use crate::VectorField;
use crate::gradient::frames::Frames;
use crate::gradient::lent::Lent;
use crate::gradient::path::Path;
use crate::gradient::scalar;
use costate_ode::{Real, System};
use std::ops::Range;

/// da/dt = −a·∂f/∂h along a path.
#[derive(Debug)]
pub(super) struct Costate<T, E, F> {
    pub(super) field: Lent<F>,
    pub(super) path: Path<T, E>,
    pub(super) frames: Frames,
    /// For few states: ∂f/∂h as a matrix, so that the field is asked at nodes alone.
    pub(super) jacobians: Option<Jacobians<T, E>>,
    /// Frames in which f is evaluated ahead.
    ahead: Range<usize>,
    pub(super) h: Vec<E>,
    pub(super) slope: Vec<E>,
    /// Several times and states, and what comes of them.
    times: Vec<E>,
    states: Vec<E>,
    slopes: Vec<E>,
    /// a·∂f/∂t by frame.
    pub(super) rates: Vec<E>,
    /// ∫ a·∂f/∂t dt.
    pub(super) clock: E,
    pub(super) products: usize,
}

/// Nodes of quadratures at which a·∂f/∂θ is still to be taken.
#[derive(Debug)]
pub(super) struct Pending<T, E> {
    /// Their first frame.
    first: usize,
    /// How many are looked at together.
    most: usize,
    pub(super) times: Vec<T>,
    weights: Vec<E>,
    /// a there.
    pub(super) rows: Vec<E>,
}

impl<T: Real, E: costate_ode::Element<T> + Real, F: VectorField<E>> Costate<T, E, F> {
    /// For steps of `rows` evaluations, and so many nodes together at `most`.
    pub(super) fn new(
        path: Path<T, E>,
        width: usize,
        (rows, most): (usize, usize),
        jacobians: Option<Jacobians<T, E>>,
    ) -> Self {
        let zero: E = scalar(T::zero());
        let (zeros, room) = (|len| vec![zero; len], most.max(rows));
        Self {
            field: Lent(None),
            path,
            frames: Frames::of_one_step(rows),
            jacobians,
            ahead: 0..0,
            h: zeros(width),
            slope: zeros(width),
            times: Vec::with_capacity(room),
            states: Vec::with_capacity(room * width),
            slopes: zeros(room * width),
            rates: zeros(Frames::of_two_steps(rows) + most),
            clock: zero,
            products: 0,
        }
    }

    /// A step is about to be tried: evaluates f on the path at all its stages, if several evaluations at once are cheaper.
    pub(super) fn attempt(&mut self, begin: T, size: T) {
        self.frames.attempt();
        self.ahead = 0..0;
        if self.field.evaluates_at_once() == 1 || size == T::zero() {
            return;
        }
        let (from, frames) = self.frames.ahead(self.path.scheme().tableau().stages());
        self.begin_frames();
        for i in from..from + frames.len() {
            let node = self.path.scheme().rows[i].0;
            self.visit(begin + node * size);
        }
        self.ahead = frames.clone();
        self.eval_frames(frames);
    }

    fn begin_frames(&mut self) {
        self.times.clear();
        self.states.clear();
    }

    /// The path at `t` is one of the next states.
    fn visit(&mut self, t: T) {
        self.times.push(scalar(t));
        self.path.at(t, &mut self.h);
        self.states.extend_from_slice(&self.h);
    }

    fn eval_frames(&mut self, frames: Range<usize>) {
        let slopes = &mut self.slopes[..self.states.len()];
        self.field
            .eval_frames(frames, &self.times, &self.states, slopes);
    }

    /// Evaluates f at the pending nodes.
    pub(super) fn visit_nodes(&mut self, pending: &Pending<T, E>) {
        self.begin_frames();
        pending.times.iter().for_each(|t| self.visit(*t));
        self.eval_frames(pending.frames());
    }

    /// Takes ∂f/∂h at the pending nodes, row by row.
    pub(super) fn take_jacobians(&mut self, pending: &Pending<T, E>) {
        let Some(jacobians) = &mut self.jacobians else {
            return;
        };
        let (n, frames) = (self.h.len(), pending.frames());
        let (products, rates) = (
            &mut self.slopes[..frames.len() * n],
            &mut self.rates[frames.clone()],
        );
        for row in 0..n {
            // What led here is not needed any more.
            let units = &mut self.states;
            units.fill(scalar(T::zero()));
            units
                .iter_mut()
                .skip(row)
                .step_by(n)
                .for_each(|one| *one = E::one());
            self.field
                .products_frames(frames.clone(), units, products, rates);
            jacobians.set_row(row, products);
        }
        self.products += n * frames.len();
    }

    /// Adds what the integrals gain at the pending nodes, at which f is evaluated.
    pub(super) fn weigh(&mut self, pending: &mut Pending<T, E>, weighted: &mut Vec<(usize, E)>) {
        let frames = pending.frames();
        if frames.is_empty() {
            return;
        }
        let (products, rates) = (
            &mut self.slopes[..pending.rows.len()],
            &mut self.rates[frames.clone()],
        );
        self.field
            .products_frames(frames.clone(), &pending.rows, products, rates);
        self.products += frames.len();
        weighted.clear();
        weighted.extend(frames.zip(pending.weights.iter().copied()));
        self.accumulate(weighted);
        pending.clear();
    }

    /// Adds Σ weight · a·∂f/∂t and a·∂f/∂θ.
    pub(super) fn accumulate(&mut self, weighted: &[(usize, E)]) {
        for &(frame, weight) in weighted {
            self.clock = self.clock + weight * self.rates[frame];
        }
        self.field.accumulate(weighted); // book: (parameter-gradient)
    }
}

impl<T: Real, E: costate_ode::Element<T> + Real> Pending<T, E> {
    /// For so many nodes at `most` of states of `width`, in frames behind those of steps of `rows` rows.
    pub(super) fn new(rows: usize, most: usize, width: usize) -> Self {
        Self {
            first: Frames::of_two_steps(rows),
            most,
            times: Vec::with_capacity(most),
            weights: Vec::with_capacity(most),
            rows: Vec::with_capacity(most * width),
        }
    }

    /// The nodes of a step, or of a part of the path, that begins here.
    pub(super) fn add(&mut self, nodes: Nodes, begin: T, size: T) {
        for (node, weight) in nodes {
            self.times.push(begin + T::from_f64(*node) * size);
            self.weights.push(scalar(-size * T::from_f64(*weight)));
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.times.len() == self.most
    }

    fn frames(&self) -> Range<usize> {
        self.first..self.first + self.times.len()
    }

    pub(super) fn clear(&mut self) {
        self.times.clear();
        self.weights.clear();
        self.rows.clear();
    }
}

impl<T: Real, E: costate_ode::Element<T> + Real, F: VectorField<E>> System<T, Vec<E>>
    for Costate<T, E, F>
{
    fn eval(&mut self, t: T, a: &Vec<E>, da: &mut Vec<E>) {
        if let Some(jacobians) = &mut self.jacobians {
            jacobians.product(t, a, da);
        } else {
            let frame = self.frames.take();
            if !self.ahead.contains(&frame) {
                self.path.at(t, &mut self.h);
                self.field.eval(frame, scalar(t), &self.h, &mut self.slope);
            }
            self.rates[frame] = self.field.products(frame, a, da);
            self.products += 1;
        }
        da.iter_mut().for_each(|da| *da = -*da); // book: (adjoint-ode)
    }
}
