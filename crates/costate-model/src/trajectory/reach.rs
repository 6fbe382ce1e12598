//! Solutions as far as something is fitted to them.

use super::{Save, Trajectory, grid};
use crate::data::Data;
use crate::error::{Error, Result};
use crate::model::Model;

impl Model {
    /// Solves the model under the conditions of its chosen experiment; where no solution reaches the end, as far as that experiment's last row to fit,
    /// and `None` where none reaches that.
    ///
    /// # Errors
    /// As [`Model::solve`], but for [`Error::Solve`].
    pub fn solve_fitted(&self, data: &Data, save: &Save) -> Result<Option<Trajectory>> {
        let until = match self.solve(save) {
            Err(Error::Solve { .. }) => data.last_fitted(self.chosen_experiment()),
            solution => return solution.map(Some),
        };
        let Some(last) = until else { return Ok(None) };
        let save = match save {
            Save::Grid(count) => Save::At(grid(self.span().0, last, *count)),
            other => other.clone(),
        };
        match self.solve(&save) {
            Err(Error::Solve { partial, .. }) => Ok(partial.until(last)),
            solution => solution.map(Some),
        }
    }
}

impl Trajectory {
    /// The rows up to time t, if there are later ones.
    fn until(mut self, t: f64) -> Option<Self> {
        let (first, last) = (*self.times.first()?, *self.times.last()?);
        let is_before = |time: &f64| (time - first) * (t - time) >= 0.0;
        if is_before(&last) && last != t {
            return None;
        }
        let rows = self.times.iter().take_while(|time| is_before(time)).count();
        self.times.truncate(rows);
        self.values.truncate(rows * self.names.len());
        self.events.retain(|(_, time)| is_before(time));
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::room;

    #[test]
    fn a_solution_goes_as_far_as_what_was_fitted_or_is_none() {
        let text = "[states]\nx = 1.0\n[equations]\nx = \"x^2\"\n[time]\nstart = 0.0\nend = 2.0\n\
            [data]\nfile = \"d.csv\"\ntime = \"t\"\n";
        let solved = |rows: &str| {
            let folder = room(&[("d.csv", &format!("t,x\n{rows}"))]);
            let model = Model::parse(text, folder.join("m.toml")).unwrap();
            let data = model.data().unwrap();
            model.solve_fitted(&data, &Save::Grid(21)).unwrap()
        };
        let times = solved("0.5,2\n").unwrap().times;
        assert!(times.len() == 21 && times[20] == 0.5, "{times:?}");
        assert_eq!(solved("0.5,2\n1.5,3\n"), None);
    }
}
