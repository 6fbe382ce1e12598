//! The costate alone, solved backwards along a path that is kept: what `Interpolating` and `Gauss` share.

mod jacobians;
mod system;

use super::lent::Lent;
use super::path::Path;
use super::primal::Primal;
use super::{Gradient, LossFn, Problem, Saved, Stats, add, dot, scalar, total};
use crate::{Error, VectorField};
use costate_ode::{Attempt, Integrator, Options, Real, State, Tableau};
use jacobians::{FEW, Jacobians};
use num_traits::Zero;
use system::{Costate, Pending};

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
        let path = Path::new(primal.it.engine().scheme().clone(), n);
        let by_matrix = several && n <= FEW && !nodes.is_empty();
        let jacobians = by_matrix.then(|| Jacobians::new(nodes, n, STEPS));
        let costate = Costate::new(path, n, (rows, most), jacobians);
        Ok(Self {
            primal,
            back: Integrator::new(tableau, costate, T::zero(), &zeros, options)?,
            nodes,
            pending: Pending::new(rows, most, n),
            weighted: Vec::with_capacity(most.max(rows)),
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
            self.back.system_mut().frames.begin(false);
        }
        self.go_back_to(problem.t0)?;
        self.a.copy_from_slice(self.back.y());
        self.settle();
        Ok(())
    }

    /// Adds what the integrals gain at the pending nodes.
    fn settle(&mut self) {
        let costate = self.back.system_mut();
        costate.visit_nodes(&self.pending);
        costate.weigh(&mut self.pending, &mut self.weighted);
    }

    fn go_back_to(&mut self, time: T) -> Result<(), Error> {
        if self.back.system().jacobians.is_some() {
            while self.back.t() != time {
                self.go_back_by_matrices(time)?;
            }
            return Ok(());
        }
        let closing = self.back.tableau().next();
        self.back.set_end(time);
        while !self.back.finished() {
            let (begin, size) = (self.back.t(), self.back.ahead());
            self.back.system_mut().attempt(begin, size);
            if self.back.attempt()? == Attempt::Accepted {
                if self.nodes.is_empty() {
                    self.weigh_stages();
                } else {
                    self.weigh_nodes();
                }
                self.back.system_mut().frames.accept(closing);
            }
        }
        Ok(())
    }

    /// Goes back through some pieces of the path, each a step of the solve or what save times leave of it: with ∂f/∂h at the nodes of all of them, the costate
    /// is found without the field.
    fn go_back_by_matrices(&mut self, time: T) -> Result<(), Error> {
        let (mut ends, mut count) = ([time; STEPS], 0);
        let mut from = self.back.t();
        let costate = self.back.system_mut();
        while count < STEPS && from != time {
            let end = costate.path.step_before(from, time);
            self.pending.add(self.nodes, from, end - from);
            (ends[count], from) = (end, end);
            count += 1;
        }
        costate.visit_nodes(&self.pending);
        costate.take_jacobians(&self.pending);
        for (piece, end) in ends[..count].iter().enumerate() {
            self.go_through(piece, *end)?;
        }
        let costate = self.back.system_mut();
        costate.weigh(&mut self.pending, &mut self.weighted);
        Ok(())
    }

    /// Goes back through one piece and notes a at its nodes.
    fn go_through(&mut self, piece: usize, end: T) -> Result<(), Error> {
        let begin = self.back.t();
        let matrices = self.back.system_mut().jacobians.as_mut();
        matrices
            .expect("they are asked for")
            .turn_to((piece, begin, end - begin));
        // The last slope was that of the piece behind.
        self.back.y_mut();
        self.back.set_end(end);
        let (mut node, behind) = (piece * self.nodes.len(), (piece + 1) * self.nodes.len());
        while !self.back.finished() {
            if self.back.attempt()? == Attempt::Rejected {
                continue;
            }
            let reached = |time: T| (self.back.t() - time) * (end - begin) >= T::zero();
            let times = &self.pending.times[node..behind];
            let inside = times.iter().take_while(|time| reached(**time)).count();
            for time in &times[..inside] {
                self.back.interpolate(*time, &mut self.a);
                self.pending.rows.extend_from_slice(&self.a);
            }
            node += inside;
        }
        Ok(())
    }

    /// a_θ′ = −a·∂f/∂θ with the weights of the step just taken.
    fn weigh_stages(&mut self) {
        let size = self.back.h();
        let terms = self.back.engine().scheme().b.iter();
        let frames = &self.back.system().frames;
        let weighted = terms.map(|(i, b)| (frames.of(*i), scalar(-size * *b)));
        self.weighted.clear();
        self.weighted.extend(weighted);
        self.back.system_mut().accumulate(&self.weighted);
    }

    /// a_θ′ = −a·∂f/∂θ at nodes inside the step just taken.
    fn weigh_nodes(&mut self) {
        let (begin, size) = (self.back.t_prev(), self.back.h());
        let pending = &mut self.pending;
        let from = pending.times.len();
        pending.add(self.nodes, begin, size);
        for time in &pending.times[from..] {
            self.back.interpolate(*time, &mut self.a);
            pending.rows.extend_from_slice(&self.a);
        }
        if pending.is_full() {
            self.settle();
        }
    }
}
