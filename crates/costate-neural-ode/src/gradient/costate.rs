//! The costate alone, solved backwards along a path that is kept: what `Interpolating` and `Gauss` share.

use super::lent::Lent;
use super::path::Path;
use super::primal::Primal;
use super::{Gradient, LossFn, Problem, Saved, Stats, add, dot, scalar, total};
use crate::{Error, VectorField};
use costate_ode::{Attempt, Integrator, Options, Real, State, System, Tableau};
use num_traits::Zero;
use std::ops::Range;

/// A rule for integrals over one step: nodes between 0 and 1, and weights. `None` of them: the weights b of the method, at its stages.
pub(crate) type Nodes = &'static [(f64, f64)];

/// Solves forwards, keeping the path, and backwards along it.
#[derive(Debug)]
pub(crate) struct Along<T: Real, Y: State<T, Element: Real>, F> {
    primal: Primal<T, Y, Lent<F>>,
    back: Backward<T, Y::Element, F>,
    nodes: Nodes,
    pending: Pending<T, Y::Element>,
    weighted: Vec<(usize, Y::Element)>,
    a: Vec<Y::Element>,
    packed: Vec<Y::Element>,
    cotangents: Saved<Y::Element>,
    pub(crate) gradient: Gradient<Y::Element>,
}

/// Of how many steps the nodes are evaluated together.
const STEPS: usize = 4;

/// The costate on its way back.
type Backward<T, E, F> = Integrator<T, Vec<E>, Costate<T, E, F>>;

/// da/dt = −a·∂f/∂h along a path.
#[derive(Debug)]
struct Costate<T, E, F> {
    field: Lent<F>,
    path: Path<T, E>,
    halves: Halves,
    h: Vec<E>,
    slope: Vec<E>,
    /// Several times and states, and what comes of them.
    times: Vec<E>,
    states: Vec<E>,
    slopes: Vec<E>,
    /// a·∂f/∂t by frame.
    rates: Vec<E>,
    /// ∫ a·∂f/∂t dt.
    clock: E,
    products: usize,
}

/// Nodes of quadratures at which a is known, but f not yet evaluated.
#[derive(Debug)]
struct Pending<T, E> {
    /// Their first frame.
    first: usize,
    times: Vec<T>,
    weights: Vec<E>,
    rows: Vec<E>,
}

/// In which frames the evaluations of a step are: in one of two halves taken in turn, since the last of a step may be the first of the next. Rows are those of
/// [`Frames`](super::Frames).
#[derive(Debug)]
struct Halves {
    /// Of each half.
    rows: usize,
    /// Where this step's half begins.
    base: usize,
    /// The frame of row 0.
    first: usize,
    /// Whether row 0 is known.
    known: bool,
    /// The row of the next evaluation.
    next: usize,
    /// Rows at which f is evaluated ahead.
    ahead: Range<usize>,
}

impl Halves {
    fn new(rows: usize) -> Self {
        Self {
            rows,
            base: 0,
            first: 0,
            known: false,
            next: 0,
            ahead: 0..0,
        }
    }

    fn of(&self, row: usize) -> usize {
        if row == 0 {
            self.first
        } else {
            self.base + row
        }
    }

    /// Row 0 of the next step is not known.
    fn restart(&mut self) {
        self.first = self.base;
        self.known = false;
    }

    /// A step is about to be tried.
    fn attempt(&mut self) {
        self.next = usize::from(self.known);
        self.known = true;
        self.ahead = 0..0;
    }

    /// The step was taken, and f(t + dt, a₁) is its row `closing`, if it has that.
    fn accept(&mut self, closing: usize) {
        self.known = closing < self.next;
        let first = self.of(closing);
        self.base = self.rows - self.base;
        self.first = if self.known { first } else { self.base };
    }
}

impl<T: Real, E: costate_ode::Element<T> + Real, F: VectorField<E>> Costate<T, E, F> {
    /// Evaluates f on the path at all stages of a step that is about to be tried, if several evaluations at once are cheaper.
    fn look_ahead(&mut self, begin: T, size: T) {
        let stages = self.path.scheme().tableau().stages();
        let (from, count) = (self.halves.next, stages - self.halves.next);
        if self.field.evaluates_at_once() == 1 || size == T::zero() {
            return;
        }
        self.halves.ahead = from..stages;
        self.begin_frames();
        for i in from..stages {
            let node = self.path.scheme().rows[i].0;
            self.visit(begin + node * size);
        }
        let first = self.halves.of(from);
        self.eval_frames(first..first + count);
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

    /// Evaluates f at the pending nodes and adds what the integrals gain there.
    fn settle(&mut self, pending: &mut Pending<T, E>, weighted: &mut Vec<(usize, E)>) {
        let (first, count) = (pending.first, pending.times.len());
        if count == 0 {
            return;
        }
        let frames = first..first + count;
        self.begin_frames();
        pending.times.iter().for_each(|t| self.visit(*t));
        self.eval_frames(frames.clone());
        let (products, rates) = (
            &mut self.slopes[..self.states.len()],
            &mut self.rates[frames.clone()],
        );
        let rows = &pending.rows;
        self.field
            .products_frames(frames.clone(), rows, products, rates);
        self.products += count;
        weighted.clear();
        weighted.extend(frames.zip(pending.weights.iter().copied()));
        self.accumulate(weighted);
        pending.clear();
    }

    /// Adds Σ weight · a·∂f/∂t and a·∂f/∂θ.
    fn accumulate(&mut self, weighted: &[(usize, E)]) {
        for &(frame, weight) in weighted {
            self.clock = self.clock + weight * self.rates[frame];
        }
        self.field.accumulate(weighted); // book: (parameter-gradient)
    }
}

impl<T, E> Pending<T, E> {
    fn clear(&mut self) {
        self.times.clear();
        self.weights.clear();
        self.rows.clear();
    }
}

impl<T: Real, E: costate_ode::Element<T> + Real, F: VectorField<E>> System<T, Vec<E>>
    for Costate<T, E, F>
{
    fn eval(&mut self, t: T, a: &Vec<E>, da: &mut Vec<E>) {
        let row = self.halves.next;
        self.halves.next += 1;
        let (frame, field) = (self.halves.of(row), &mut self.field);
        if !self.halves.ahead.contains(&row) {
            self.path.at(t, &mut self.h);
            field.eval(frame, scalar(t), &self.h, &mut self.slope);
        }
        self.rates[frame] = field.products(frame, a, da);
        self.products += 1;
        da.iter_mut().for_each(|da| *da = -*da); // book: (adjoint-ode)
    }
}

impl<T, Y, F> Along<T, Y, F>
where
    T: Real,
    Y: State<T, Element: Real>,
    F: VectorField<Y::Element>,
{
    pub(crate) fn new(
        field: F,
        like: &Y,
        tableau: &'static Tableau,
        options: Options<T>,
        nodes: Nodes,
    ) -> Result<Self, Error> {
        let n = like.as_slice().len();
        let zeros = vec![Y::Element::zero(); n];
        let primal = Primal::of_one_step(Lent(Some(field)), like, tableau, options.clone())?;
        let rows = tableau.dense_len().max(tableau.next() + 1);
        // Nodes of several steps together, where that is cheaper.
        let several = primal.it.system().field.evaluates_at_once() > 1;
        let most = nodes.len() * if several { STEPS } else { 1 };
        let room = most.max(rows);
        let costate = Costate {
            field: Lent(None),
            path: Path::new(primal.it.engine().scheme().clone(), n),
            halves: Halves::new(rows),
            h: zeros.clone(),
            slope: zeros.clone(),
            times: Vec::with_capacity(room),
            states: Vec::with_capacity(room * n),
            slopes: vec![Y::Element::zero(); room * n],
            rates: vec![Y::Element::zero(); 2 * rows + most],
            clock: Y::Element::zero(),
            products: 0,
        };
        Ok(Self {
            primal,
            back: Integrator::new(tableau, costate, T::zero(), &zeros, options)?,
            nodes,
            pending: Pending {
                first: 2 * rows,
                times: Vec::with_capacity(most),
                weights: Vec::with_capacity(most),
                rows: Vec::with_capacity(most * n),
            },
            weighted: Vec::with_capacity(room),
            a: zeros.clone(),
            packed: zeros,
            cotangents: Saved::new(n),
            gradient: Gradient::default(),
        })
    }

    #[track_caller]
    pub(crate) fn run(
        &mut self,
        problem: &Problem<'_, T, Y::Element>,
        loss: &mut LossFn<'_, Y::Element>,
    ) -> Result<(), Error> {
        self.primal.begin(problem)?;
        let path = &mut self.back.system_mut().path;
        path.clear();
        while self.primal.advance_without_record()? {
            path.push(&mut self.primal);
        }
        self.cotangents.resize(self.primal.saved.len());
        self.gradient.loss = loss(&self.primal.saved, &mut self.cotangents);

        let zero = Y::Element::zero();
        self.gradient.save.resize(self.cotangents.len(), zero);
        self.back.system_mut().field = self.primal.field().take();
        self.pending.clear();
        let swept = self.sweep(problem);
        let costate = self.back.system_mut();
        let field = &mut costate.field;
        let gradient = &mut self.gradient;
        gradient.h0.resize(self.a.len(), zero);
        gradient.theta.resize(problem.theta.len(), zero);
        field.unpack(&self.a, &mut gradient.h0);
        field.finish(&mut gradient.theta);
        let (clock, products) = (costate.clock, costate.products);
        *self.primal.field() = costate.field.take();
        swept?;

        gradient.t1 = zero;
        if problem.save_at.is_empty() {
            gradient.t1 = gradient.save[0]; // book: (end-time)
            gradient.save.clear();
        }
        // book: (start-time)
        gradient.t0 = clock - gradient.t1 - total(&gradient.save);
        gradient.stats = Stats {
            forward: *self.primal.it.stats(),
            backward: *self.back.stats(),
            products,
        };
        Ok(())
    }

    /// Goes back from the last save time to t₀; a ends as ∂L/∂h₀.
    fn sweep(&mut self, problem: &Problem<'_, T, Y::Element>) -> Result<(), Error> {
        let times = problem.times();
        let costate = self.back.system_mut();
        (costate.clock, costate.products) = (Y::Element::zero(), 0);
        self.a.fill(Y::Element::zero());
        for s in (0..times.len()).rev() {
            let is_first = s + 1 == times.len();
            if !is_first {
                self.go_back_to(times[s])?;
                self.a.copy_from_slice(self.back.y());
            }
            let Costate {
                field, h, slope, ..
            } = self.back.system_mut();
            field.pack(self.primal.saved.state(s), h);
            // No evaluation is kept over a jump: frame 0 is free.
            field.eval(0, scalar(times[s]), h, slope);
            field.pack(self.cotangents.state(s), &mut self.packed);
            self.gradient.save[s] = dot(&self.packed, slope); // book: (save-time)
            add(&mut self.a, &self.packed); // book: (jump)
            if is_first {
                self.back.reset(times[s], &self.a);
                // As large as the solve's last step was to be: where h is smooth, so is a.
                let size = self.primal.it.next_h();
                if self.back.next_h() == T::zero() && size > T::zero() {
                    self.back.set_next_h(size);
                }
            } else {
                self.back.set_y(&self.a);
            }
            self.back.system_mut().halves.restart();
        }
        self.go_back_to(problem.t0)?;
        self.a.copy_from_slice(self.back.y());
        let costate = self.back.system_mut();
        costate.settle(&mut self.pending, &mut self.weighted);
        Ok(())
    }

    fn go_back_to(&mut self, time: T) -> Result<(), Error> {
        let closing = self.back.tableau().next();
        self.back.set_end(time);
        while !self.back.finished() {
            let (begin, size) = (self.back.t(), self.back.ahead());
            let costate = self.back.system_mut();
            costate.halves.attempt();
            costate.look_ahead(begin, size);
            if self.back.attempt()? == Attempt::Accepted {
                if self.nodes.is_empty() {
                    self.weigh_stages();
                } else {
                    self.weigh_nodes();
                }
                self.back.system_mut().halves.accept(closing);
            }
        }
        Ok(())
    }

    /// a_θ′ = −a·∂f/∂θ with the weights of the step just taken.
    fn weigh_stages(&mut self) {
        let size = self.back.h();
        let halves = &self.back.system().halves;
        let terms = self.back.engine().scheme().b.iter();
        let weighted = terms.map(|(i, b)| (halves.of(*i), scalar(-size * *b)));
        self.weighted.clear();
        self.weighted.extend(weighted);
        self.back.system_mut().accumulate(&self.weighted);
    }

    /// a_θ′ = −a·∂f/∂θ at nodes inside the step just taken.
    fn weigh_nodes(&mut self) {
        let (begin, size) = (self.back.t_prev(), self.back.h());
        let pending = &mut self.pending;
        for (node, weight) in self.nodes {
            let time = begin + T::from_f64(*node) * size;
            self.back.interpolate(time, &mut self.a);
            pending.times.push(time);
            pending.weights.push(scalar(-size * T::from_f64(*weight)));
            pending.rows.extend_from_slice(&self.a);
        }
        let costate = self.back.system_mut();
        if pending.first + pending.times.len() == costate.rates.len() {
            costate.settle(pending, &mut self.weighted);
        }
    }
}
