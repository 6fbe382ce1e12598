//! What must go together in a model.

use super::Model;
use crate::error::Result;
use crate::file::ModelFile;
use crate::hybrid::When;

impl Model {
    /// # Errors
    /// An input that does not reach over the whole time.
    pub(crate) fn check_inputs(&self) -> Result<()> {
        let (start, end) = self.span();
        let (from, to) = (start.min(end), start.max(end));
        for input in self.inputs.iter() {
            let (first, last) = input.range();
            if from < first || to > last {
                let message = format!(
                    "the input '{}' is known from t = {first} to {last}, but the model's time runs from {start} to {end}{}: give {} more rows, or move [time]",
                    input.name,
                    self.within(),
                    input.file.display()
                );
                return Err(input.place.error(message).into());
            }
        }
        Ok(())
    }

    /// # Errors
    /// An event that repeats against the direction of time.
    pub(super) fn check_repeats(&self, start: f64, end: f64) -> Result<()> {
        let phi = self.phi();
        for event in &self.events {
            let When::Every { every, count, .. } = &event.when else {
                continue;
            };
            let period = self.evaluate(every, &phi);
            let forward = end >= start;
            if *count < 2 || (if forward { period } else { -period }) > 0.0 {
                continue;
            }
            let message = match forward {
                true => format!("'every' is positive, and this is {period}"),
                false => {
                    format!("where time runs backwards 'every' is negative, and this is {period}")
                }
            };
            return Err(every.formula.place().error(message).into());
        }
        Ok(())
    }

    /// # Errors
    /// An infusion that takes no time, or that of a model whose time falls.
    pub(super) fn check_infusions(&self, start: f64, end: f64) -> Result<()> {
        let phi = self.phi();
        for over in self.events.iter().filter_map(|event| event.over.as_ref()) {
            let duration = self.evaluate(over, &phi);
            let message = match duration > 0.0 {
                false => format!("an infusion takes longer than no time, and this is {duration}"),
                true if end < start => {
                    "an infusion needs time that runs forward: end is before start".into()
                }
                true => continue,
            };
            return Err(over.formula.place().error(message).into());
        }
        Ok(())
    }

    /// # Errors
    /// Something that goes beside no algebraic equation, or an algebraic equation that cannot be differentiated by t.
    pub(super) fn check_algebra(&self) -> Result<()> {
        let algebraic = self.algebraic();
        let Some(&first) = algebraic.first() else {
            return Ok(());
        };
        let refused = |place: &crate::error::Place, what: &str, help: &str| {
            let name = &self.states[first].name;
            let message = format!("{what} beside algebraic equations, here that of '{name}'");
            Err(place.error(message).with_help(Some(help.into())).into())
        };
        for &z in &algebraic {
            let equation = &self.states[z].equation;
            let depends = self.parts.dependence(equation);
            let mut all = self.parts.with_needed(&[equation]).into_iter();
            let compares = all.any(|formula| !formula.answers.is_empty());
            let what = match (depends.inputs, compares) {
                (true, _) => "an input: it has no formula to differentiate by t",
                (_, true) => {
                    "a comparison: its sides are differentiated by t, and where it turns they jump"
                }
                _ => continue,
            };
            let message = format!(
                "the algebraic equation of '{}' depends on {what}",
                self.states[z].name
            );
            let help = "solve it for the state and make that a definition, or write the switch smoothly: sigmoid((a - b) / width)";
            let error = equation.formula.place().error(message);
            return Err(error.with_help(Some(help.into())).into());
        }
        if let Some(over) = self.events.iter().find_map(|event| event.over.as_ref()) {
            return refused(
                over.formula.place(),
                "no infusion ('over') goes",
                "write it as a term of the equation: rate * pulse(t, start, duration)",
            );
        }
        let (batch, segments) = (&self.fit.batch_place, &self.fit.segments_place);
        if let Some(place) = batch.as_ref().or(segments.as_ref()) {
            let help = "a window that grows begins with what meets the equations: curriculum = 8";
            return refused(place, "windows and segments do not go", help);
        }
        Ok(())
    }

    /// # Errors
    /// No start that meets the algebraic equations.
    pub(super) fn check_algebraic(&self) -> Result<()> {
        if self.algebraic().is_empty() {
            return Ok(());
        }
        let initial = self.initial();
        let lost = |state: &&super::StateVariable| state.is_algebraic;
        let all = self.states.iter().zip(&initial);
        let found = all
            .filter(|(state, _)| lost(state))
            .find(|(_, x)| !x.is_finite());
        match found {
            None => Ok(()),
            Some((state, _)) => {
                let message = format!(
                    "no start meets the algebraic equations{}: Newton's method finds none from these values",
                    self.within()
                );
                let help = format!(
                    "'{}' under [states] is a first guess, and a nearer one may help; where the equations do not determine the algebraic states (an index above 1), differentiate them by t first",
                    state.name
                );
                let error = state.equation.formula.place().error(message);
                Err(error.with_help(Some(help)).into())
            }
        }
    }

    /// # Errors
    /// A prior without noise to weigh it against, or noise for some observables alone.
    pub(super) fn check_likelihood(&self, file: &ModelFile) -> Result<()> {
        if !self.has_likelihood() {
            let prior = file
                .parameters
                .iter()
                .find_map(|block| block.prior.as_ref());
            return match prior {
                Some((_, place)) => {
                    let error = place.error("a prior is weighed against the noise of measurements: give observables 'noise'");
                    Err(error
                        .with_help(Some(
                            "under [observables]: x = { is = \"x\", noise = \"sigma\" }".into(),
                        ))
                        .into())
                }
                None => Ok(()),
            };
        }
        let blocks = file.observables.iter().flatten();
        match blocks
            .zip(&self.observables)
            .find(|(_, observable)| observable.noise.is_none())
        {
            Some((block, observable)) => {
                let message = format!(
                    "'{}' has no 'noise', but other observables have: a likelihood needs it for each",
                    observable.name
                );
                Err(block.name.place.error(message).into())
            }
            None => Ok(()),
        }
    }
}
