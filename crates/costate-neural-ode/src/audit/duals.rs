//! A row of dual numbers: what is differentiated is the solve itself, with its steps frozen.

use super::variable::sizes;
use super::{Audit, Run, Variable, is_differences, tolerance_of};
use crate::gradient::{About, LossFn, Problem, Saved, Stats, dot};
use crate::second_order::{RecordedTangents, Tangent};
use crate::{Discrete, Error, GradientMethod, Recorded, VectorField};
use costate_ode::{Integrator, Options, Real, System, Tableau};
use costate_tape::Function;
use std::time::Instant;

static ABOUT: About = About {
    name: "duals",
    title: "Dual numbers through the same steps",
    memory: "one step",
    when: "To check the other methods: it shares the field's record and the solver with them, and no product.",
    when_not: "For anything else: it takes a solve for each variable.",
    reference: "[Griewank2008]",
    exact: true,
};

impl Audit {
    /// Adds a row of dual numbers, for a field that is recorded and an explicit method: the steps of the solve are taken again, with the same sizes, over numbers that
    /// carry the derivative by one variable after the other. That is the derivative of the numbers computed, to rounding, by a way without any product.
    ///
    /// Give what [`Audit::new`] was given. The derivative of the loss by the saved states is the one that `loss` writes.
    ///
    /// ```
    /// use costate_neural_ode::audit::{Audit, Verdict};
    /// use costate_neural_ode::{Problem, Recorded};
    /// use costate_ode::{Options, tableau};
    /// use costate_tape::Function;
    ///
    /// let inputs: [(&str, &[usize]); 3] = [("h", &[1]), ("t", &[]), ("theta", &[1])];
    /// let f = Function::record(&inputs, |v| vec![v[2] * v[1] * v[0]])?;
    /// let problem = Problem { h0: &[3.0], theta: &[0.25], t0: 3.0, t1: 5.0, save_at: &[4.0, 5.0] };
    /// let (tsit5, options) = (tableau::by_name("tsit5")?, Options::tolerances(1e-9, 1e-9));
    /// let mut loss = |saved: &costate_neural_ode::Saved<f64>, cotangents: &mut costate_neural_ode::Saved<f64>| {
    ///     cotangents.values_mut().copy_from_slice(&[2.0, 1.0]);
    ///     2.0 * saved.state(0)[0] + saved.state(1)[0]
    /// };
    /// let mut audit = Audit::new(&Recorded::new(&f)?, &vec![0.0], tsit5, &options, &problem, &mut loss)?;
    /// audit.confirm_by_duals(&f, tsit5, &options, &problem, &mut loss)?;
    /// assert_eq!(audit.verdict(), Verdict::Right);
    /// assert!(audit.pairs.iter().any(|pair| pair.methods == ["discrete", "duals"] && pair.difference < 1e-11));
    /// # Ok::<(), costate_neural_ode::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Solver`] if the solve stops on the way, [`Error::Tape`] if the record cannot be compiled.
    pub fn confirm_by_duals(
        &mut self,
        function: &Function<f64>,
        tableau: &'static Tableau,
        options: &Options<f64>,
        problem: &Problem<'_, f64, f64>,
        loss: &mut LossFn<'_, f64>,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let like = vec![0.0; problem.h0.len()];
        let field = Recorded::new(function)?;
        let mut discrete = Discrete::new(field, &like, tableau, options.clone())?;
        let mut cotangents = Saved::new(like.len());
        discrete.gradient(problem, &mut |saved, out| {
            let value = loss(saved, out);
            cotangents.clone_from(out);
            value
        })?;
        let steps: Vec<f64> = discrete.steps().collect();
        let mut field = RecordedTangents::new(function)?;
        let mut stats = Stats::default();
        let mut gradient = Vec::new();
        for variable in &self.variables {
            let (saved, used) = tangents(&mut field, tableau, problem, &steps, *variable)?;
            stats.forward = used;
            gradient.push(dot(cotangents.values(), &saved));
        }
        self.runs.retain(|run| run.about.name != ABOUT.name);
        self.runs.push(Run {
            about: &ABOUT,
            gradient: Ok(gradient),
            seconds: start.elapsed().as_secs_f64(),
            stats,
            rebuilt_within: None,
        });
        let differences = self.runs.iter().find(|run| is_differences(run.about));
        let slopes = match differences.map(|run| &run.gradient) {
            Some(Ok(slopes)) => slopes.clone(),
            _ => vec![0.0; self.variables.len()],
        };
        let sizes = sizes(&self.variables, &slopes, problem);
        self.pairs.clear();
        self.compare(&sizes, tolerance_of(options, problem.h0), 0.0);
        Ok(())
    }
}

/// The derivatives of the saved states by one variable.
fn tangents(
    field: &mut RecordedTangents,
    tableau: &'static Tableau,
    problem: &Problem<'_, f64, f64>,
    steps: &[f64],
    by: Variable,
) -> Result<(Vec<f64>, costate_ode::Stats), Error> {
    let number = |value: f64, variable: Variable| Tangent {
        value,
        tangent: if variable == by { 1.0 } else { 0.0 },
    };
    let numbers = |values: &[f64], variable: fn(usize) -> Variable| -> Vec<Tangent> {
        let values = values.iter().enumerate();
        values.map(|(i, v)| number(*v, variable(i))).collect()
    };
    field.set_parameters(&numbers(problem.theta, Variable::Theta));
    let h0 = numbers(problem.h0, Variable::H0);
    let times = numbers(problem.save_at, Variable::Save);
    let t1 = number(problem.t1, Variable::T1);
    let system = |t: Tangent, h: &Vec<Tangent>, dh: &mut Vec<Tangent>| field.eval(0, t, h, dh);
    let options = Options::constant_step(Tangent::constant(1.0));
    let t0 = number(problem.t0, Variable::T0);
    let mut it = Integrator::new(tableau, system, t0, &h0, options)?;
    let (mut saved, mut done) = (Vec::new(), 0);
    let direction = problem.t1 - problem.t0;
    for (n, size) in steps.iter().enumerate() {
        let last = n + 1 == steps.len();
        let size = if last {
            t1 - it.t()
        } else {
            Tangent::constant(*size)
        };
        it.force_step(size);
        while let Some(&time) = times.get(done) {
            if (time.value - it.t().value) * direction > 0.0 && !last {
                break;
            }
            saved.extend(dense(&mut it, time));
            done += 1;
        }
    }
    if times.is_empty() {
        saved.extend(it.y().iter().map(|h| h.tangent));
    }
    Ok((saved, *it.stats()))
}

/// The derivatives of dense output, h + dt Σ w_i(σ) k_i, with σ = (t − t_n)/dt a variable too.
fn dense<S: System<Tangent, Vec<Tangent>>>(
    it: &mut Integrator<Tangent, Vec<Tangent>, S>,
    time: Tangent,
) -> Vec<f64> {
    let mut state = it.y_prev().clone();
    if it.h().value == 0.0 {
        // A solve of no length: all there is is the slope.
        let slope = it.stage(0);
        let moved = (time - it.t_prev()).tangent;
        return state
            .iter()
            .zip(slope)
            .map(|(h, k)| h.tangent + moved * k.value)
            .collect();
    }
    // Evaluates the slopes that only dense output needs.
    let half = <Tangent as Real>::from_f64(0.5);
    it.interpolate(it.t_prev() + it.h() * half, &mut it.y().clone());
    let sigma = (time - it.t_prev()) / it.h();
    let (scheme, slopes) = (it.engine().scheme(), it.engine().slopes());
    for i in (0..scheme.dense.len()).filter(|i| !scheme.dense[*i].is_empty()) {
        let weight = it.h() * scheme.dense_weight(i, sigma);
        for (out, slope) in state.iter_mut().zip(&slopes[i]) {
            *out += weight * *slope;
        }
    }
    state.iter().map(|h| h.tangent).collect()
}
