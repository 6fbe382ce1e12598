//! What must go together in a model.

use super::Model;
use crate::error::Result;
use crate::file::ModelFile;

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
