//! A step's derivative.

use super::Sensitivities;
use crate::VectorField;
use crate::gradient::primal::{Primal, StepRecord};
use crate::gradient::{dot, scalar};
use costate_ode::{Real, Scheme, State, Term, combine};
use num_traits::{One, Zero};

/// Columns of n components for each of the variables h₀, θ, t₀, t₁, one behind the other, and what a step does to them.
#[derive(Debug)]
pub(super) struct Tangents<T, Y: State<T>> {
    scheme: Scheme<T>,
    parameters: usize,
    /// S where the step begins.
    start: Vec<Y::Element>,
    /// S where it ends.
    end: Vec<Y::Element>,
    /// K_i for each row.
    slopes: Vec<Vec<Y::Element>>,
    argument: Vec<Y::Element>,
    /// K_0 is known from the step before.
    known: bool,
    jacobian: Jacobian<Y::Element>,
    /// A sum of slopes of the solution.
    sum: Y,
    zero: Y,
    weights: Vec<Term<T>>,
    products: usize,
}

/// The derivatives of f at one evaluation: ∂f/∂h and ∂f/∂θ row by row, and ∂f/∂t.
#[derive(Debug)]
struct Jacobian<E> {
    unit: Vec<E>,
    state: Vec<E>,
    theta: Vec<E>,
    time: Vec<E>,
}

/// How the end points of a step move with t₀ and t₁.
#[derive(Clone, Copy)]
struct Motion {
    /// Where it begins: only with t₀.
    begin: [f64; 2],
    /// Its size.
    size: [f64; 2],
}

impl<T, Y> Tangents<T, Y>
where
    T: Real,
    Y: State<T, Element: Real>,
{
    pub(super) fn new<F: VectorField<Y::Element>>(
        primal: &Primal<T, Y, F>,
        parameters: usize,
    ) -> Self {
        let (width, scheme) = (primal.width(), primal.it.engine().scheme().clone());
        let columns = vec![Y::Element::zero(); width * (width + parameters + 2)];
        let zeros = |len| vec![Y::Element::zero(); len];
        Self {
            parameters,
            start: columns.clone(),
            end: columns.clone(),
            slopes: vec![columns.clone(); scheme.rows.len()],
            argument: columns,
            known: false,
            jacobian: Jacobian {
                unit: zeros(width),
                state: zeros(width * width),
                theta: zeros(width * parameters),
                time: zeros(width),
            },
            sum: primal.zero().clone(),
            zero: primal.zero().clone(),
            weights: Vec::with_capacity(scheme.dense.len()),
            products: 0,
            scheme,
        }
    }

    fn width(&self) -> usize {
        self.zero.as_slice().len()
    }

    /// Stands where the solve begins: ∂h/∂h₀ is the identity.
    pub(super) fn begin<F: VectorField<Y::Element>>(&mut self, field: &F) {
        let n = self.width();
        self.start.fill(Y::Element::zero());
        for j in 0..n {
            self.jacobian.unit.fill(Y::Element::zero());
            self.jacobian.unit[j] = Y::Element::one();
            field.pack(&self.jacobian.unit, &mut self.start[j * n..(j + 1) * n]);
        }
        (self.known, self.products) = (false, 0);
    }

    /// Takes the step that the solution just took.
    pub(super) fn step<F: VectorField<Y::Element>>(
        &mut self,
        primal: &mut Primal<T, Y, F>,
        sensitivities: &mut Sensitivities<Y::Element>,
    ) {
        let step = *primal.steps.last().expect("a step was taken");
        let motion = if primal.it.finished() {
            Motion {
                begin: [1.0, 0.0],
                size: [-1.0, 1.0],
            }
        } else {
            Motion {
                begin: [1.0, 0.0],
                size: [0.0, 0.0],
            }
        };
        let interpolates = primal.times_are_variables && step.saves.0 < step.saves.1;
        let stages = self.scheme.tableau().stages();
        let used = if interpolates {
            self.scheme.rows.len()
        } else {
            stages
        };
        for i in usize::from(self.known)..used {
            self.row(primal, &step, motion, i);
        }
        let (size, b) = (step.size, &self.scheme.b);
        combine(&mut self.end, &self.start, &self.slopes, b, size);
        let slopes = primal.it.engine().slopes();
        combine(&mut self.sum, &self.zero, slopes, b, T::one());
        let clocks = self.end.len() - 2 * self.sum.as_slice().len();
        move_clocks(&mut self.end[clocks..], self.sum.as_slice(), motion.size);

        for s in step.saves.0..step.saves.1 {
            self.save(primal, &step, motion, s, sensitivities);
        }
        std::mem::swap(&mut self.start, &mut self.end);
        let closing = self.scheme.tableau().next();
        self.known = closing < used;
        if self.known {
            self.slopes.swap(0, closing);
        }
    }

    /// K_i.
    fn row<F: VectorField<Y::Element>>(
        &mut self,
        primal: &mut Primal<T, Y, F>,
        step: &StepRecord<T>,
        motion: Motion,
        i: usize,
    ) {
        let n = self.width();
        let (c, terms) = &self.scheme.rows[i];
        let clocks = self.argument.len() - 2 * n;
        combine(
            &mut self.argument,
            &self.start,
            &self.slopes,
            terms,
            step.size,
        );
        combine(
            &mut self.sum,
            &self.zero,
            primal.it.engine().slopes(),
            terms,
            T::one(),
        );
        move_clocks(
            &mut self.argument[clocks..],
            self.sum.as_slice(),
            motion.size,
        );

        self.products += n;
        let jacobian = &mut self.jacobian;
        jacobian.evaluate(primal.field(), step.frames.of(i));
        for (column, out) in self.slopes[i].chunks_exact_mut(n).enumerate() {
            let argument = &self.argument[column * n..(column + 1) * n];
            let parameter = column.checked_sub(n).filter(|k| *k < self.parameters);
            let time = match column.checked_sub(n + self.parameters) {
                Some(clock) => {
                    let moved =
                        T::from_f64(motion.begin[clock]) + *c * T::from_f64(motion.size[clock]);
                    scalar(moved)
                }
                None => Y::Element::zero(),
            };
            for (j, out) in out.iter_mut().enumerate() {
                *out = dot(&jacobian.state[j * n..(j + 1) * n], argument) + jacobian.time[j] * time;
                if let Some(k) = parameter {
                    *out = *out + jacobian.theta[j * self.parameters + k];
                }
            }
        }
    }

    /// The sensitivities of the state saved at save time `s`.
    fn save<F: VectorField<Y::Element>>(
        &mut self,
        primal: &mut Primal<T, Y, F>,
        step: &StepRecord<T>,
        motion: Motion,
        s: usize,
        sensitivities: &mut Sensitivities<Y::Element>,
    ) {
        let (n, point) = (self.width(), primal.saves[s]);
        let clocks = self.argument.len() - 2 * n;
        if point.at_end {
            self.argument.copy_from_slice(&self.end);
        } else {
            self.weights.clear();
            for i in (0..self.scheme.dense.len()).filter(|i| !self.scheme.dense[*i].is_empty()) {
                self.weights
                    .push((i, self.scheme.dense_weight(i, point.sigma)));
            }
            combine(
                &mut self.argument,
                &self.start,
                &self.slopes,
                &self.weights,
                step.size,
            );
            combine(
                &mut self.sum,
                &self.zero,
                primal.it.engine().slopes(),
                &self.weights,
                T::one(),
            );
            move_clocks(
                &mut self.argument[clocks..],
                self.sum.as_slice(),
                motion.size,
            );
        }
        for (column, values) in self.argument.chunks_exact(n).enumerate() {
            primal
                .field()
                .unpack(values, sensitivities.column_mut(s, column));
        }
        if primal.times_are_variables {
            let slope = primal.slopes.state(s);
            let clocks = n + self.parameters;
            sensitivities
                .column_mut(s, clocks + 2)
                .copy_from_slice(slope);
            // The step moves under a save time that stays: σ = (t_save − t_n)/dt.
            for clock in 0..2 {
                let moved = -(T::from_f64(motion.begin[clock])
                    + point.sigma * T::from_f64(motion.size[clock]));
                for (out, slope) in sensitivities
                    .column_mut(s, clocks + clock)
                    .iter_mut()
                    .zip(slope)
                {
                    *out = *out + scalar::<T, Y::Element>(moved) * *slope;
                }
            }
        }
    }

    /// How many products were taken.
    pub(super) fn products(&self) -> usize {
        self.products
    }
}

impl<E: Real> Jacobian<E> {
    /// Takes the products of the evaluation in `frame` with every unit row.
    fn evaluate<F: VectorField<E>>(&mut self, field: &mut F, frame: usize) {
        let n = self.unit.len();
        let parameters = self.theta.len() / n.max(1);
        self.unit.fill(E::zero());
        for i in 0..n {
            self.unit[i] = E::one();
            let row = &mut self.state[i * n..(i + 1) * n];
            self.time[i] = field.products(frame, &self.unit, row);
            self.unit[i] = E::zero();
            field.accumulate(&[(frame, E::one())]);
            field.finish(&mut self.theta[i * parameters..(i + 1) * parameters]);
        }
    }
}

/// Adds what the size of the step does to the columns of t₀ and t₁.
fn move_clocks<E: Real>(columns: &mut [E], slope: &[E], motion: [f64; 2]) {
    for (column, motion) in columns.chunks_exact_mut(slope.len()).zip(motion) {
        for (out, slope) in column.iter_mut().zip(slope) {
            *out = *out + E::from_f64(motion) * *slope;
        }
    }
}
