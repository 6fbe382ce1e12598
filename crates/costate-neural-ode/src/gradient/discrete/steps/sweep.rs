//! The state of the way back, and what every family's step has in common.

use super::record::Step;
use super::rows::Rows;
use crate::VectorField;
use crate::gradient::{Saved, add, add_scaled, dot, scalar};
use costate_ode::{Element, Lu, Real};
use std::marker::PhantomData;

/// The state of the way back.
///
/// Letters: λ the cotangent of h, κ_i that of f at stage i, v_i = κ_i·∂f/∂h that of where stage i was evaluated, g those of states saved inside the step.
#[derive(Debug)]
pub(super) struct Sweep<T, E> {
    n: usize,
    /// λ: of the end of the step, and when it was gone through of its beginning.
    pub(super) lambda: Vec<E>,
    /// What is added to λ where the step begins.
    pub(super) begin: Vec<E>,
    /// The cotangent of f where the step ends, from the step behind, if the two share that evaluation.
    pub(super) carry: Vec<E>,
    pub(super) carries: bool,
    /// v_i.
    pub(super) v: Vec<E>,
    pub(super) kappa: Vec<E>,
    pub(super) point: Vec<E>,
    pub(super) value: Vec<E>,
    pub(super) lu: Lu<E>,
    /// σ and g of the states saved inside the step.
    pub(super) inside: Vec<(E, Vec<E>)>,
    pub(super) count: usize,
    /// Frames of the products of the step, all with weight 1.
    frames: Vec<(usize, E)>,
    pub(super) clock: E,
    pub(super) end_time: E,
    pub(super) products: usize,
    by_scalar: PhantomData<T>,
}

impl<T: Real, E: Element<T> + Real> Sweep<T, E> {
    pub(super) fn new(n: usize, stages: usize, rows: &Rows<E>) -> Self {
        let zero = <E as num_traits::Zero>::zero();
        let zeros = || vec![zero; n];
        Self {
            n,
            lambda: zeros(),
            begin: zeros(),
            carry: zeros(),
            carries: false,
            v: vec![zero; n * stages],
            kappa: zeros(),
            point: zeros(),
            value: zeros(),
            lu: Lu::new::<T>(&rows.transposed),
            inside: Vec::new(),
            count: 0,
            frames: Vec::new(),
            clock: zero,
            end_time: zero,
            products: 0,
            by_scalar: PhantomData,
        }
    }

    /// Stands behind the last step, where nothing has been seen yet.
    pub(super) fn begin(&mut self) {
        let zero = <E as num_traits::Zero>::zero();
        self.lambda.fill(zero);
        self.begin.fill(zero);
        self.carries = false;
        (self.clock, self.end_time, self.products) = (zero, zero, 0);
    }

    /// Gathers what the states saved in this step add.
    pub(super) fn collect(&mut self, step: &Step<'_, T, E>, cotangents: &Saved<E>) {
        self.count = 0;
        for (s, save) in step.saves.iter().enumerate() {
            let g = cotangents.state(step.first_save + s);
            if save.point.at_end {
                add(&mut self.lambda, g);
                continue;
            }
            if self.count == self.inside.len() {
                self.inside.push((save_zero(), vec![save_zero(); self.n]));
            }
            let (sigma, kept) = &mut self.inside[self.count];
            *sigma = scalar(save.point.sigma);
            kept.copy_from_slice(g);
            self.count += 1;
        }
    }

    /// σ and g of the states saved inside the step.
    pub(super) fn saves(&self) -> &[(E, Vec<E>)] {
        &self.inside[..self.count]
    }

    /// κ += Σ w(σ) g over the states saved inside the step, with w = Σ row_m σ^{m+1}.
    pub(super) fn add_saves(&mut self, row: &[E]) {
        for (sigma, g) in &self.inside[..self.count] {
            let weight = polynomial(row, *sigma);
            add_scaled(&mut self.kappa, weight, g);
        }
    }

    /// Adds Σ g to what λ gets.
    pub(super) fn pass_saves(&mut self) {
        for (_, g) in &self.inside[..self.count] {
            add(&mut self.begin, g);
        }
    }

    /// Evaluates f at (`point`, t), in `frame`.
    pub(super) fn eval(&mut self, field: &mut dyn VectorField<E>, frame: usize, t: E) {
        field.eval(frame, t, &self.point, &mut self.value);
    }

    /// v_i of the evaluation in `frame` from κ; returns κ·∂f/∂t.
    pub(super) fn product(&mut self, field: &mut dyn VectorField<E>, frame: usize, i: usize) -> E {
        let v = &mut self.v[i * self.n..(i + 1) * self.n];
        let rate = field.products(frame, &self.kappa, v);
        self.frames.push((frame, <E as num_traits::One>::one()));
        self.clock = self.clock + rate;
        self.products += 1;
        rate
    }

    /// v_i of the evaluation in `frame`, at t + `node` dt with this slope, which enters the step times dt; with what that adds to the derivative by dt.
    pub(super) fn timed_product(
        &mut self,
        field: &mut dyn VectorField<E>,
        (frame, i): (usize, usize),
        step: &Step<'_, T, E>,
        slope: &[E],
        node: E,
    ) {
        let along = self.along(slope);
        let rate = self.product(field, frame, i);
        self.time(step, along, node * rate);
    }

    /// Writes κ·∂f/∂h of the evaluation of one part of f in `frame` into `v`; returns κ·∂f/∂t. The other part's is counted with.
    pub(super) fn part_product(
        &mut self,
        field: &mut dyn VectorField<E>,
        frame: usize,
        v: &mut [E],
    ) -> E {
        let rate = field.products(frame, &self.kappa, v);
        self.clock = self.clock + rate;
        rate
    }

    /// Adds to the derivative by dt: of a slope that enters the step times dt, `along` = κ·slope, and of its time.
    pub(super) fn time(&mut self, step: &Step<'_, T, E>, along: E, of_time: E) {
        if step.is_last {
            self.end_time = self.end_time + along / step.dt + of_time;
        }
    }

    /// v_i.
    pub(super) fn v(&self, i: usize) -> &[E] {
        &self.v[i * self.n..(i + 1) * self.n]
    }

    /// Adds v_i to what λ gets.
    pub(super) fn pass(&mut self, i: usize) {
        add(&mut self.begin, &self.v[i * self.n..(i + 1) * self.n]);
    }

    /// κ·x.
    pub(super) fn along(&self, x: &[E]) -> E {
        dot(&self.kappa, x)
    }

    /// Ends the step: λ becomes the cotangent of where it began.
    pub(super) fn leave(&mut self, field: &mut dyn VectorField<E>) {
        add(&mut self.lambda, &self.begin);
        self.begin.fill(save_zero());
        field.accumulate(&self.frames);
        self.frames.clear();
    }
}

fn save_zero<E: Real>() -> E {
    <E as num_traits::Zero>::zero()
}

/// Σ row_m σ^{m+1}.
pub(super) fn polynomial<E: Real>(row: &[E], sigma: E) -> E {
    let sum = row
        .iter()
        .rev()
        .fold(save_zero(), |sum: E, c| sum * sigma + *c);
    sum * sigma
}

/// Its derivative.
pub(super) fn slope<E: Real>(row: &[E], sigma: E) -> E {
    let terms = row.iter().enumerate().rev();
    terms.fold(save_zero(), |sum: E, (m, c)| {
        sum * sigma + E::from_f64((m + 1) as f64) * *c
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_begins_without_what_an_abandoned_one_left() {
        let rows = Rows::new::<f64>(&crate::doc::House::default());
        let mut sweep = Sweep::<f64, f64>::new(1, 1, &rows);
        (sweep.lambda[0], sweep.begin[0], sweep.carries) = (1.0, 2.0, true);
        (sweep.clock, sweep.end_time, sweep.products) = (3.0, 4.0, 5);
        sweep.begin();
        assert_eq!((sweep.lambda[0], sweep.begin[0]), (0.0, 0.0));
        assert!(!sweep.carries);
        assert_eq!((sweep.clock, sweep.end_time, sweep.products), (0.0, 0.0, 0));
    }
}
