//! The way back through the steps.

use super::small::{self, Column};
use crate::VectorField;
use crate::gradient::primal::{Primal, StepRecord};
use crate::gradient::{Saved, add, add_scaled, dot, scalar};
use costate_ode::{Real, Scheme, State, Term, combine};
use num_traits::{One, Zero};

/// The state of the way back. Letters are those of [`Discrete`](super::Discrete).
///
/// A step has rows: its stages 0, 1, …, s − 1, then what dense output adds. The *closing* row is f(t + dt, h₁), with which the next step begins:
/// the last stage if the method is FSAL, else the row behind the stages.
#[derive(Debug)]
pub(super) struct Sweep<T, Y: State<T>> {
    /// Nodes c_i.
    pub(super) nodes: Vec<Y::Element>,
    pub(super) closing: usize,
    /// For small states; empty for others.
    pub(super) columns: Vec<Column<Y::Element>>,
    /// For steps without and with a save time inside.
    plans: [Plan<T>; 2],
    /// v_i for each row, then λ, then for each row i what the saved states add to its cotangent, Σ w_i(σ) g.
    pub(super) slots: Vec<Y>,
    /// Σ g over the saved states inside the step.
    direct: Y,
    /// The cotangent of f where the step ends, from the step behind.
    pub(super) carry: Y,
    pub(super) kappa: Y,
    zero: Y,
    packed: Y,
    /// Frames of the products of a step, all with weight 1.
    pub(super) frames: Vec<(usize, Y::Element)>,
    pub(super) clock: Y::Element,
    end_time: Y::Element,
    products: usize,
}

/// Which slots make up what.
#[derive(Debug)]
struct Plan<T> {
    /// For row i, the terms of κ_i / dt; none for rows that nothing depends on.
    columns: Vec<Vec<Term<T>>>,
    /// The rows whose v_i belong to the cotangent of h, where the step begins.
    arguments: Vec<Term<T>>,
}

impl<T: Real> Plan<T> {
    /// The plan for steps whose first `used` rows were evaluated; `saving`: with terms of saved states.
    fn new(scheme: &Scheme<T>, used: usize, len: usize, saving: bool) -> Self {
        let (closing, lambda) = (scheme.tableau().next(), len);
        let of = |row: &[Term<T>], i: usize, slot: usize| {
            row.iter()
                .find(|(j, _)| *j == i)
                .map(|(_, weight)| (slot, *weight))
        };
        let column = |i: usize| {
            let mut terms: Vec<Term<T>> = of(&scheme.b, i, lambda).into_iter().collect();
            // The closing row is evaluated at h₁, so its v is part of λ.
            // The v_j that was found last comes last: nothing but one addition waits for it.
            for j in (i + 1..used).rev().filter(|j| *j != closing) {
                terms.extend(of(&scheme.rows[j].1, i, j));
            }
            if saving && i < used {
                terms.push((lambda + 1 + i, T::one()));
            }
            terms
        };
        let columns: Vec<_> = (0..len).map(column).collect();
        let arguments = (1..used)
            .rev()
            .filter(|i| *i != closing && !columns[*i].is_empty());
        Self {
            arguments: arguments.map(|i| (i, T::one())).collect(),
            columns,
        }
    }
}

impl<T, Y> Sweep<T, Y>
where
    T: Real,
    Y: State<T, Element: Real>,
{
    pub(super) fn new<F: VectorField<Y::Element>>(primal: &Primal<T, Y, F>) -> Self {
        let (scheme, zero) = (primal.it.engine().scheme(), primal.zero());
        let (stages, rows, closing) = (
            scheme.tableau().stages(),
            scheme.rows.len(),
            primal.closing(),
        );
        let len = rows.max(closing + 1);
        let mut nodes: Vec<_> = scheme.rows.iter().map(|(c, _)| scalar(*c)).collect();
        nodes.resize(len, Y::Element::one());
        Self {
            nodes,
            closing,
            columns: small::columns::<T, Y>(scheme),
            plans: [
                Plan::new(scheme, stages, len, false),
                Plan::new(scheme, rows, len, true),
            ],
            slots: vec![zero.clone(); 2 * len + 1],
            direct: zero.clone(),
            carry: zero.clone(),
            kappa: zero.clone(),
            zero: zero.clone(),
            packed: zero.clone(),
            frames: Vec::with_capacity(len),
            clock: Y::Element::zero(),
            end_time: Y::Element::zero(),
            products: 0,
        }
    }

    /// Stands behind the last step, where nothing has been seen yet.
    pub(super) fn begin(&mut self) {
        for y in [&mut self.carry, &mut self.direct]
            .into_iter()
            .chain(&mut self.slots)
        {
            y.as_mut_slice().fill(Y::Element::zero());
        }
        (self.clock, self.end_time, self.products) = (Y::Element::zero(), Y::Element::zero(), 0);
    }

    /// Goes back through step `n` of those recorded, which may be the first and the last of all.
    #[inline]
    pub(super) fn step<F: VectorField<Y::Element>>(
        &mut self,
        primal: &mut Primal<T, Y, F>,
        n: usize,
        (is_first, is_last): (bool, bool),
        cotangents: &Saved<Y::Element>,
    ) {
        let step = primal.steps[n];
        let plan = usize::from(self.collect(primal, &step, cotangents));
        if plan == 0 && !is_last && !self.columns.is_empty() {
            self.small_step(primal, &step, is_first);
        } else {
            self.any_step(primal, &step, plan, is_first, is_last);
        }
        self.products += self.frames.len();
        primal.field().accumulate(&self.frames);
        self.frames.clear();
    }

    /// Goes back through a step of any state.
    #[inline]
    fn any_step<F: VectorField<Y::Element>>(
        &mut self,
        primal: &mut Primal<T, Y, F>,
        step: &StepRecord<T>,
        plan: usize,
        is_first: bool,
        is_last: bool,
    ) {
        for i in (0..self.nodes.len()).rev() {
            let carried = i == self.closing && !is_last;
            if self.plans[plan].columns[i].is_empty() && !carried {
                continue;
            }
            let others = if carried { &self.carry } else { &self.zero };
            let terms = &self.plans[plan].columns[i];
            // The last step's size is a variable: κ_i / dt · k_i is its derivative by this row.
            let size = if is_last { T::one() } else { step.size };
            combine(&mut self.kappa, others, &self.slots, terms, size);
            if is_last {
                let slope = primal.it.stage(i).as_slice();
                self.end_time = self.end_time + dot(self.kappa.as_slice(), slope);
                let size = scalar(step.size);
                self.kappa
                    .as_mut_slice()
                    .iter_mut()
                    .for_each(|kappa| *kappa = *kappa * size);
            }
            if i == 0 && !is_first {
                // The product waits until the step before has added its part.
                std::mem::swap(&mut self.carry, &mut self.kappa);
                break;
            }
            // v_i = κ_i ∂f/∂h, book: (discrete-rk); its a·∂f/∂θ is a term of book: (discrete-parameters)
            let frame = step.frames.of(i);
            let rate =
                primal
                    .field()
                    .products(frame, self.kappa.as_slice(), self.slots[i].as_mut_slice());
            self.frames.push((frame, Y::Element::one()));
            self.clock = self.clock + rate;
            if is_last {
                self.end_time = self.end_time + self.nodes[i] * rate;
            }
            if i == self.closing {
                let (rows, lambda) = self.slots.split_at_mut(self.nodes.len());
                add(lambda[0].as_mut_slice(), rows[i].as_slice());
            }
        }
        self.leave(plan, is_first);
    }

    /// Gathers what the states saved in this step add. Returns whether one lies inside, so that it goes through dense output.
    #[inline]
    fn collect<F: VectorField<Y::Element>>(
        &mut self,
        primal: &mut Primal<T, Y, F>,
        step: &StepRecord<T>,
        cotangents: &Saved<Y::Element>,
    ) -> bool {
        let (rows, mut inside) = (self.nodes.len(), false);
        for s in step.saves.0..step.saves.1 {
            let save = primal.saves[s];
            primal
                .field()
                .pack(cotangents.state(s), self.packed.as_mut_slice());
            if save.at_end {
                add(self.slots[rows].as_mut_slice(), self.packed.as_slice());
                continue;
            }
            if !inside {
                inside = true;
                for y in [&mut self.direct]
                    .into_iter()
                    .chain(&mut self.slots[rows + 1..])
                {
                    y.as_mut_slice().fill(Y::Element::zero());
                }
            }
            add(self.direct.as_mut_slice(), self.packed.as_slice());
            let scheme = primal.it.engine().scheme();
            for i in (0..scheme.dense.len()).filter(|i| !scheme.dense[*i].is_empty()) {
                let weight: Y::Element = scalar(scheme.dense_weight(i, save.sigma));
                let slot = self.slots[rows + 1 + i].as_mut_slice();
                add_scaled(slot, weight, self.packed.as_slice());
            }
        }
        inside
    }

    /// λ becomes the cotangent of h where the step begins.
    #[inline]
    fn leave(&mut self, plan: usize, is_first: bool) {
        let rows = self.nodes.len();
        let arguments = &self.plans[plan].arguments;
        combine(
            &mut self.kappa,
            &self.slots[rows],
            &self.slots,
            arguments,
            T::one(),
        );
        if plan == 1 {
            add(self.kappa.as_mut_slice(), self.direct.as_slice());
        }
        if is_first {
            add(self.kappa.as_mut_slice(), self.slots[0].as_slice());
        }
        std::mem::swap(&mut self.kappa, &mut self.slots[rows]);
    }

    /// The cotangent of h where the step last gone through begins.
    pub(super) fn costate(&self) -> &Y {
        &self.slots[self.nodes.len()]
    }

    /// The derivative by a shift of all times at which f was evaluated.
    pub(super) fn clock(&self) -> Y::Element {
        self.clock
    }

    /// ∂L/∂t₁: the last step's size and the times of its stages move with t₁. `saves` are the gradients of the save times: where one lies at σ in
    /// the last step, dσ/d(dt) = −σ/dt.
    pub(super) fn end_time<F: VectorField<Y::Element>>(
        &self,
        primal: &Primal<T, Y, F>,
        saves: &[Y::Element],
    ) -> Y::Element {
        let last = primal.steps.last().map_or((0, 0), |step| step.saves);
        let points = last.0..last.1.min(saves.len());
        points.fold(self.end_time, |sum, s| {
            sum - scalar::<T, Y::Element>(primal.saves[s].sigma) * saves[s]
        })
    }

    /// How many products were taken.
    pub(super) fn products(&self) -> usize {
        self.products
    }
}
