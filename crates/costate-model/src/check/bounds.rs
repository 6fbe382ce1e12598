//! Values that leave the bounds of their parameters.

use super::Warning;
use crate::model::Model;

impl Model {
    /// Values that experiments give by expressions, and that lie outside the bounds of their parameters: a fit holds θ to its bounds, and no expression.
    /// Those of the chosen experiment, or else of all.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\ny = 1.0\n[parameters]\nk = { value = 2.0, lower = 0.1, upper = 3.0 }\n[equations]\ny = \"-k * y\"\n\
    ///     [time]\nstart = 0.0\nend = 1.0\n[experiments.warm]\nk = \"2 * k\"";
    /// let beyond = Model::parse(text, "decay.toml")?.beyond_bounds();
    /// assert_eq!(
    ///     beyond[0].to_string(),
    ///     "decay.toml:11: in experiment warm k = 4 is outside its bounds, 0.1 to 3; a fit does not hold an expression to that"
    /// );
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn beyond_bounds(&self) -> Vec<Warning> {
        let conditions = match self.selected {
            0 => 0..self.conditions.len(),
            chosen => chosen..chosen + 1,
        };
        let mut warnings = Vec::new();
        for under in conditions.map(|condition| self.under(condition)) {
            let (phi, condition) = (under.phi(), under.condition());
            for (symbol, formula) in &condition.overrides {
                let parameter = &under.parameters[condition.picks[*symbol]];
                let refusal = parameter.refusal(phi[*symbol]).filter(|_| !parameter.fixed);
                let Some(refusal) = refusal else { continue };
                let message = format!(
                    "in experiment {} {refusal}; a fit does not hold an expression to that",
                    condition.name.as_deref().unwrap_or_default()
                );
                warnings.push(Warning::new(Some(formula.formula.place()), message));
            }
        }
        warnings
    }
}
