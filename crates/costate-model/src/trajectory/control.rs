//! States whose error no tolerance controls, or whose costate none does.

use costate_neural_ode::gradient::METHODS;

use super::{Save, Trajectory};
use crate::model::{Model, StateVariable};

/// With so many saved states, or one for each step, a solution is known well enough to warn of all of it.
const ROWS: usize = 20;

impl Model {
    /// A warning for each state whose error is not controlled along a solution, because its values are about as small as its absolute tolerance.
    ///
    /// ```
    /// use costate_model::{Model, Save};
    ///
    /// let text = "[states]\ny = 1e-9\n[equations]\ny = \"-y\"\n[time]\nstart = 0.0\nend = 1.0\n[solver]\natol = 1e-9";
    /// let model = Model::parse(text, "decay.toml")?;
    /// let warnings = model.uncontrolled(&model.solve(&Save::Steps)?);
    /// assert_eq!(warnings, ["y stays below 100 × atol for the whole run: its error is not controlled; set atol for y"]);
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn uncontrolled(&self, solution: &Trajectory) -> Vec<String> {
        if self.solver.step.is_some() {
            return Vec::new();
        }
        let small = self.small(solution);
        // Saved states alone say nothing of the steps between them.
        if small.is_empty() || solution.len() >= solution.stats.accepted.min(ROWS) {
            return small;
        }
        self.solve(&Save::Steps)
            .map_or(Vec::new(), |all| self.small(&all))
    }

    /// A warning for each state whose costate the gradient's method holds to an absolute tolerance that is none, being that of a large state: a costate has the
    /// reciprocal unit.
    ///
    /// ```
    /// use costate_model::{Model, Save};
    ///
    /// let text = "[states]\nV = 1e6\n[equations]\nV = \"-V\"\n[time]\nstart = 0.0\nend = 1.0\n[solver]\natol = 1.0";
    /// let mut model = Model::parse(text, "virus.toml")?;
    /// let solution = model.solve(&Save::Steps)?;
    /// assert!(model.uncontrolled_costates(&solution).is_empty()); // the discrete method has no tolerance of its own
    /// model.set_gradient("gauss")?;
    /// assert!(model.uncontrolled_costates(&solution)[0].starts_with("gauss holds the costate of V to the atol of V"));
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn uncontrolled_costates(&self, solution: &Trajectory) -> Vec<String> {
        // Of a loss of about one.
        const CONTROLLED: f64 = 1e-2;
        let name = self.fit.gradient.as_str();
        let of_exact_solution = METHODS.iter().any(|own| own.name == name && !own.exact);
        if self.solver.step.is_some() || !of_exact_solution {
            return Vec::new();
        }
        let states = self.states.iter().enumerate();
        let large = states.filter(|(i, state)| solution.largest(*i) * state.atol > CONTROLLED);
        large
            .map(|(i, StateVariable { name: state, atol, .. })| {
                format!(
                    "{name} holds the costate of {state} to the atol of {state}, {atol:e}, too: for states as large as {:.0e} that is no tolerance; take a smaller atol for {state}, or gradient = \"discrete\"",
                    solution.largest(i)
                )
            })
            .collect()
    }

    /// A warning for each state that stays below what its absolute tolerance controls.
    fn small(&self, solution: &Trajectory) -> Vec<String> {
        let initial = self.initial();
        let states = self.states.iter().enumerate();
        let small = states.filter(|(i, state)| {
            let largest = initial[*i].abs().max(solution.largest(*i));
            0.0 < largest && largest < 100.0 * state.atol
        });
        small
            .map(|(_, state)| {
                let name = &state.name;
                format!("{name} stays below 100 × atol for the whole run: its error is not controlled; set atol for {name}")
            })
            .collect()
    }

    /// Of a solution that went wrong: a state that went below zero while it was about as small as its absolute tolerance, so that its error, which was free,
    /// may have led there.
    pub(super) fn blamed_on_atol(&self, partial: &Trajectory) -> Option<String> {
        let went = |i: usize| {
            let small = 100.0 * self.states[i].atol;
            let values = (0..partial.len()).map(|row| partial.row(row)[i]);
            let mut before = values.take_while(|x| x.abs() < small);
            before.next().is_some_and(|start| start >= 0.0) && before.any(|x| x < 0.0)
        };
        let state = (0..self.states.len()).find(|&i| went(i))?;
        let StateVariable { name, atol, .. } = &self.states[state];
        Some(format!(
            "; {name} went below zero while it was about as small as its atol, {atol:e}, where its error is not controlled, and that may have led here: set a smaller atol for {name}"
        ))
    }
}
