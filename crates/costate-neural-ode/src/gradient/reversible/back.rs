//! The way back through reversible steps, with the cotangents of both states.

use super::Kept;
use crate::VectorField;
use crate::gradient::{add, add_scaled, cubic, dot, scalar};
use costate_ode::{Element, Integrator, Real, Reversible as Engine, Scheme, State};
use num_traits::{One, Zero};

/// Which reversible solver.
#[derive(Debug)]
pub(super) enum Kind<T> {
    Heun,
    Coupled(Box<Scheme<T>>, T),
}

/// The state of the way back: λ the cotangent of h, μ that of its companion z.
#[derive(Debug)]
pub(super) struct Back<T, E> {
    kind: Kind<T>,
    stages: usize,
    pub(super) lambda: Vec<E>,
    mu: Vec<E>,
    /// Heun: the cotangent of f at z, which two steps share.
    carry: Vec<E>,
    /// σ and cotangent of the states saved inside the step.
    pub(super) inside: Vec<(E, Vec<E>)>,
    /// What λ gets where the step begins.
    passed: Vec<E>,
    kappa: Vec<E>,
    v: Vec<Vec<E>>,
    frames: Vec<(usize, E)>,
    /// h where the step ends.
    end: Vec<E>,
    pub(super) clock: E,
    pub(super) end_time: E,
    pub(super) products: usize,
}

type Solve<T, Y, F> = Integrator<T, Y, Kept<F, <Y as State<T>>::Element>, Engine<T, Y>>;

impl<T: Real, E: Element<T> + Real> Back<T, E> {
    pub(super) fn new(kind: Kind<T>, n: usize) -> Self {
        let zeros = || vec![<E as Zero>::zero(); n];
        let stages = match &kind {
            Kind::Heun => 1,
            Kind::Coupled(scheme, _) => scheme.tableau().stages(),
        };
        Self {
            kind,
            stages,
            lambda: zeros(),
            mu: zeros(),
            carry: zeros(),
            inside: Vec::new(),
            passed: zeros(),
            kappa: zeros(),
            v: vec![zeros(); stages + 1],
            frames: Vec::new(),
            end: zeros(),
            clock: <E as Zero>::zero(),
            end_time: <E as Zero>::zero(),
            products: 0,
        }
    }

    /// Frames that a step needs: of its evaluations, of those at both ends for dense output, and of one that two steps share.
    pub(super) fn frames(&self) -> usize {
        2 * self.stages + 4
    }

    pub(super) fn begin(&mut self) {
        for x in [&mut self.lambda, &mut self.mu, &mut self.carry] {
            x.fill(<E as Zero>::zero());
        }
        let zero = <E as Zero>::zero();
        (self.clock, self.end_time, self.products) = (zero, zero, 0);
    }

    /// v of the evaluation in `frame` from κ, into `v[i]`; returns κ·∂f/∂t.
    fn product<F: VectorField<E>>(&mut self, field: &mut F, frame: usize, i: usize) -> E {
        let rate = field.products(frame, &self.kappa, &mut self.v[i]);
        self.frames.push((frame, <E as One>::one()));
        self.clock = self.clock + rate;
        self.products += 1;
        rate
    }

    /// Evaluates f in `frame`, with its slope.
    fn eval<F: VectorField<E>>(system: &mut Kept<F, E>, frame: usize, t: E, h: &[E]) {
        let slope = &mut system.slopes[frame];
        system.field.eval(frame, t, h, slope);
    }

    /// The adjoint of an increment ψ_size with the cotangent `weights`, whose evaluations are in frames from `first` on: adds what comes to where it started from
    /// to `to`. Returns its derivative by its size.
    fn increment<F: VectorField<E>>(
        &mut self,
        system: &mut Kept<F, E>,
        first: usize,
        size: E,
        weights: &[E],
        to: &mut [E],
    ) -> E {
        let mut by_size = <E as Zero>::zero();
        for i in (0..self.stages).rev() {
            let Kind::Coupled(scheme, _) = &self.kind else {
                unreachable!("Heun has no increments")
            };
            let term =
                |row: &[(usize, T)]| row.iter().find(|(j, _)| *j == i).map(|(_, w)| scalar(*w));
            let b: E = term(&scheme.b).unwrap_or_else(<E as Zero>::zero);
            for (kappa, w) in self.kappa.iter_mut().zip(weights) {
                *kappa = b * *w;
            }
            for j in i + 1..self.stages {
                let a: Option<E> = term(&scheme.rows[j].1);
                if let Some(a) = a {
                    add_scaled(&mut self.kappa, a, &self.v[j]);
                }
            }
            let c: E = scalar(scheme.rows[i].0);
            by_size = by_size + dot(&self.kappa, &system.slopes[first + i]);
            self.kappa
                .iter_mut()
                .for_each(|kappa| *kappa = *kappa * size);
            let rate = self.product(&mut system.field, first + i, i);
            by_size = by_size + c * rate;
            add(to, &self.v[i]);
        }
        by_size
    }

    /// Stands at the end of the solve, where Heun's last slope is evaluated afresh.
    pub(super) fn enter<Y, F>(&mut self, it: &mut Solve<T, Y, F>)
    where
        Y: State<T, Element = E>,
        F: VectorField<E>,
    {
        if matches!(self.kind, Kind::Heun) {
            let (t, z) = (scalar(it.t()), it.engine().companion().as_slice().to_vec());
            let shared = self.shared();
            Self::eval(it.system_mut(), shared, t, &z);
        }
    }

    /// The frame of the evaluation that the step behind shares with this one, for Heun.
    fn shared(&self) -> usize {
        self.frames() - 1
    }

    /// Goes back through the step of `size` that began at `begin`: state and companion, then both cotangents.
    pub(super) fn step<Y, F>(
        &mut self,
        it: &mut Solve<T, Y, F>,
        (begin, size): (T, T),
        is_last: bool,
    ) where
        Y: State<T, Element = E>,
        F: VectorField<E>,
    {
        let end = it.t();
        self.end.copy_from_slice(it.y().as_slice());
        // The evaluations on the way back are those of the step.
        it.system_mut().next = 0;
        it.step_back(begin, size);
        let start = it.y().as_slice().to_vec();
        let z = it.engine().companion().as_slice().to_vec();
        let times = [scalar(begin), scalar(end)];
        let (t, dt): ([E; 2], E) = (times, scalar(size));
        let system = it.system_mut();
        self.saves(system, t, dt, &start, is_last);
        match &self.kind {
            Kind::Heun => self.heun(system, t, dt, &z, is_last),
            Kind::Coupled(_, coupling) => {
                let coupling = scalar(*coupling);
                self.coupled(system, dt, coupling, is_last);
            }
        }
        let passed = std::mem::take(&mut self.passed);
        add(&mut self.lambda, &passed);
        self.passed = passed;
        system.field.accumulate(&self.frames);
        self.frames.clear();
    }

    /// What states saved inside the step add: the cubic through both ends and their slopes.
    fn saves<F: VectorField<E>>(
        &mut self,
        system: &mut Kept<F, E>,
        t: [E; 2],
        dt: E,
        start: &[E],
        is_last: bool,
    ) {
        self.passed.fill(<E as Zero>::zero());
        if self.inside.is_empty() {
            return;
        }
        let inside = std::mem::take(&mut self.inside);
        cubic::pull_states(&inside, &mut self.passed, &mut self.lambda);
        for side in [0, 1] {
            let frame = 2 * self.stages + side;
            let h = if side == 0 { start } else { &self.end };
            Self::eval(system, frame, t[side], h);
            cubic::pull_slope(&inside, side, dt, &mut self.kappa);
            if is_last {
                let slope = &system.slopes[frame];
                self.end_time = self.end_time + dot(&self.kappa, slope) / dt;
            }
            let rate = self.product(&mut system.field, frame, 0);
            if side == 0 {
                add(&mut self.passed, &self.v[0]);
            } else {
                add(&mut self.lambda, &self.v[0]);
                if is_last {
                    self.end_time = self.end_time + rate;
                }
            }
        }
        self.inside = inside;
    }

    fn coupled<F: VectorField<E>>(
        &mut self,
        system: &mut Kept<F, E>,
        dt: E,
        coupling: E,
        is_last: bool,
    ) {
        let zero = <E as Zero>::zero();
        let (mut lambda, mut mu) = (
            std::mem::take(&mut self.lambda),
            std::mem::take(&mut self.mu),
        );
        // z₁ = z − ψ_{−dt}(t + dt, h₁)
        let minus: Vec<E> = mu.iter().map(|mu| zero - *mu).collect();
        // At the end nothing depends on z: so the last step's size does not enter here.
        self.increment(system, 0, zero - dt, &minus, &mut lambda);
        // h₁ = c h + (1 − c) z + ψ_dt(t, z)
        for (mu, lambda) in mu.iter_mut().zip(&lambda) {
            *mu = *mu + (<E as One>::one() - coupling) * *lambda;
        }
        let by_size = self.increment(system, self.stages, dt, &lambda, &mut mu);
        if is_last {
            self.end_time = self.end_time + by_size;
        }
        lambda
            .iter_mut()
            .for_each(|lambda| *lambda = *lambda * coupling);
        (self.lambda, self.mu) = (lambda, mu);
    }

    /// z₁ = 2h − z + dt f(t, z) and h₁ = h + dt/2 (f(t, z) + f(t + dt, z₁)).
    fn heun<F: VectorField<E>>(
        &mut self,
        system: &mut Kept<F, E>,
        t: [E; 2],
        dt: E,
        z: &[E],
        is_last: bool,
    ) {
        let (half, two) = (E::from_f64(0.5), E::from_f64(2.0));
        let shared = self.shared();
        if is_last {
            let slope = &system.slopes[shared];
            self.end_time = self.end_time + half * dot(&self.lambda, slope);
        }
        for ((kappa, carry), lambda) in self.kappa.iter_mut().zip(&self.carry).zip(&self.lambda) {
            *kappa = *carry + half * dt * *lambda;
        }
        let rate = self.product(&mut system.field, shared, 0);
        if is_last {
            self.end_time = self.end_time + rate;
        }
        add(&mut self.mu, &self.v[0]);
        system.field.accumulate(&self.frames);
        self.frames.clear();
        Self::eval(system, shared, t[0], z);
        let slope = &system.slopes[shared];
        if is_last {
            let of_size = half * dot(&self.lambda, slope) + dot(&self.mu, slope);
            self.end_time = self.end_time + of_size;
        }
        for i in 0..self.mu.len() {
            let (lambda, mu) = (self.lambda[i], self.mu[i]);
            self.carry[i] = dt * mu + half * dt * lambda;
            self.lambda[i] = lambda + two * mu;
            self.mu[i] = <E as Zero>::zero() - mu;
        }
    }

    /// Stands at the start, where both states are one: λ becomes the cotangent of h₀.
    pub(super) fn leave<Y, F>(&mut self, it: &mut Solve<T, Y, F>)
    where
        Y: State<T, Element = E>,
        F: VectorField<E>,
    {
        if matches!(self.kind, Kind::Heun) {
            self.kappa.copy_from_slice(&self.carry);
            let shared = self.shared();
            let system = it.system_mut();
            self.product(&mut system.field, shared, 0);
            system.field.accumulate(&self.frames);
            self.frames.clear();
            add(&mut self.mu, &self.v[0]);
        }
        let mu = std::mem::take(&mut self.mu);
        add(&mut self.lambda, &mu);
        self.mu = mu;
    }
}
