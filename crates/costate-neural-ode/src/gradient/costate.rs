//! The costate alone, solved backwards along a path that is kept: what `Interpolating` and `Gauss` share.

use super::lent::Lent;
use super::path::Path;
use super::primal::Primal;
use super::{Frames, Gradient, LossFn, Problem, Saved, Stats, add, dot, scalar, total};
use crate::{Error, VectorField};
use costate_ode::{Attempt, Integrator, Options, Real, State, System, Tableau};
use num_traits::Zero;

/// A rule for integrals over one step: nodes between 0 and 1, and weights. `None` of them: the weights b of the method, at its stages.
pub(crate) type Nodes = &'static [(f64, f64)];

/// Solves forwards, keeping the path, and backwards along it.
#[derive(Debug)]
pub(crate) struct Along<T: Real, Y: State<T, Element: Real>, F> {
    primal: Primal<T, Y, Lent<F>>,
    back: Backward<T, Y::Element, F>,
    nodes: Nodes,
    /// The first frame for nodes.
    spare: usize,
    weighted: Vec<(usize, Y::Element)>,
    a: Vec<Y::Element>,
    packed: Vec<Y::Element>,
    cotangents: Saved<Y::Element>,
    pub(crate) gradient: Gradient<Y::Element>,
}

/// The costate on its way back.
type Backward<T, E, F> = Integrator<T, Vec<E>, Costate<T, E, F>>;

/// da/dt = −a·∂f/∂h along a path.
#[derive(Debug)]
struct Costate<T, E, F> {
    field: Lent<F>,
    path: Path<T, E>,
    frames: Frames,
    h: Vec<E>,
    slope: Vec<E>,
    /// a·∂f/∂t by frame.
    rates: Vec<E>,
    /// ∫ a·∂f/∂t dt.
    clock: E,
    products: usize,
}

impl<T: Real, E: costate_ode::Element<T> + Real, F: VectorField<E>> Costate<T, E, F> {
    /// Evaluates f on the path and takes its products with a.
    fn products(&mut self, frame: usize, t: T, a: &[E], a_h: &mut [E]) {
        let field = &mut self.field;
        self.path.at(t, &mut self.h);
        field.eval(frame, scalar(t), &self.h, &mut self.slope);
        self.rates[frame] = field.products(frame, a, a_h);
        self.products += 1;
    }
}

impl<T: Real, E: costate_ode::Element<T> + Real, F: VectorField<E>> System<T, Vec<E>>
    for Costate<T, E, F>
{
    fn eval(&mut self, t: T, a: &Vec<E>, da: &mut Vec<E>) {
        let frame = self.frames.take();
        self.products(frame, t, a, da);
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
        let costate = Costate {
            field: Lent(None),
            path: Path::new(primal.it.engine().scheme().clone(), n),
            frames: Frames::of_one_step(rows),
            h: zeros.clone(),
            slope: zeros.clone(),
            rates: vec![Y::Element::zero(); 2 * rows + nodes.len()],
            clock: Y::Element::zero(),
            products: 0,
        };
        Ok(Self {
            primal,
            back: Integrator::new(tableau, costate, T::zero(), &zeros, options)?,
            nodes,
            spare: 2 * rows,
            weighted: Vec::with_capacity(rows.max(nodes.len())),
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
                let estimates = self.back.next_h() == T::zero();
                self.back.system_mut().frames.begin(estimates);
            } else {
                self.back.set_y(&self.a);
                self.back.system_mut().frames.restart();
            }
        }
        self.go_back_to(problem.t0)?;
        self.a.copy_from_slice(self.back.y());
        Ok(())
    }

    fn go_back_to(&mut self, time: T) -> Result<(), Error> {
        let closing = self.back.tableau().next();
        self.back.set_end(time);
        while !self.back.finished() {
            self.back.system_mut().frames.attempt();
            if self.back.attempt()? == Attempt::Accepted {
                self.weighted.clear();
                if self.nodes.is_empty() {
                    self.weigh_stages(closing);
                } else {
                    self.weigh_nodes(closing);
                }
                let costate = self.back.system_mut();
                for &(frame, weight) in &self.weighted {
                    costate.clock = costate.clock + weight * costate.rates[frame];
                }
                costate.field.accumulate(&self.weighted); // book: (parameter-gradient)
            }
        }
        Ok(())
    }

    /// a_θ′ = −a·∂f/∂θ with the weights of the step just taken.
    fn weigh_stages(&mut self, closing: usize) {
        let size = self.back.h();
        let frames = self.back.system_mut().frames.accept(closing);
        let terms = self.back.engine().scheme().b.iter();
        let weighted = terms.map(|(i, b)| (frames.of(*i), scalar(-size * *b)));
        self.weighted.extend(weighted);
    }

    /// a_θ′ = −a·∂f/∂θ at nodes inside the step just taken.
    fn weigh_nodes(&mut self, closing: usize) {
        let (begin, size) = (self.back.t_prev(), self.back.h());
        for (k, (node, weight)) in self.nodes.iter().enumerate() {
            let time = begin + T::from_f64(*node) * size;
            self.back.interpolate(time, &mut self.a);
            let frame = self.spare + k;
            let costate = self.back.system_mut();
            costate.products(frame, time, &self.a, &mut self.packed);
            self.weighted
                .push((frame, scalar(-size * T::from_f64(*weight))));
        }
        self.back.system_mut().frames.accept(closing);
    }
}
