//! What in the data does not fit the model.

use super::Warning;
use crate::condition::Condition;
use crate::data::Data;
use crate::model::Model;

impl Model {
    /// Experiments that only the model file or only the data know, and measurements of nothing.
    pub(super) fn oddities(&self, data: &Data) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let path = data.path().display();
        let mut warn = |message| warnings.push(Warning::new(None, message));
        let conditions = self.conditions.iter();
        let different = |c: &&Condition| !c.overrides.is_empty() || !c.initial.is_empty();
        let known: Vec<&str> = conditions
            .filter(different)
            .filter_map(|condition| condition.name.as_deref())
            .collect();
        for name in self.experiments() {
            let measured = data.experiments().iter().any(|other| other == name);
            match (measured, known.contains(&name)) {
                (false, _) => warn(format!("experiment {name} has no measurements in {path}")),
                (true, false) if !known.is_empty() => warn(format!(
                    "experiment {name} of {path} has no conditions of its own under [experiments]"
                )),
                _ => {}
            }
        }
        for (i, observable) in self.observables.iter().enumerate() {
            let (name, column) = (&observable.name, &observable.column);
            if data.has(i) && data.measurements_of(i) == 0 {
                warn(format!(
                    "observable {name} is never measured in {path}: all of {column} is empty"
                ));
            }
            let mut before = self.observables[..i].iter();
            if let Some(first) = before.find(|other| other.column == *column) {
                warn(format!(
                    "observables {} and {name} are both measured by the column {column} of {path}: each of its measurements counts twice; give each its own 'column', or leave out one of them",
                    first.name
                ));
            }
        }
        warnings.extend(repeated(data));
        let mut warn = |message| warnings.push(Warning::new(None, message));
        for name in data.ignored() {
            warn(format!(
                "{path} measures {name}, which is no observable of the model"
            ));
        }
        warnings
    }

    /// Rows to fit at times that the model does not reach.
    pub(super) fn outside(&self, data: &Data) -> Option<Warning> {
        let (start, end) = self.span();
        let rows = (0..data.times().len()).filter(|&row| data.used(row));
        let beyond: Vec<usize> = rows
            .filter(|&row| (data.times()[row] - start) * (end - data.times()[row]) < 0.0)
            .collect();
        let first = *beyond.first()?;
        Some(Warning {
            place: Some((data.path().display().to_string(), data.line(first))),
            message: format!(
                "{} of the rows to fit lie outside the model's time, {start} to {end} (this is the first, t = {}), and a fit refuses them: move [time], or leave them out by 'use' under [data]",
                beyond.len(),
                data.times()[first]
            ),
        })
    }
}

/// Rows of several measurements that say again what a row of the same time says: replicates seldom agree in all of them to the last digit.
fn repeated(data: &Data) -> Option<Warning> {
    let several = |row: &usize| data.measured(*row) > 1;
    let before = |row: usize| {
        let other =
            |other: &usize| data.together(*other, row) && data.times()[*other] == data.times()[row];
        let mut same = (0..row).rev().take_while(other);
        same.find(|other| data.row(*other).eq(data.row(row)))
    };
    let rows = (0..data.times().len()).filter(several);
    let again: Vec<(usize, usize)> = rows.filter_map(|row| Some((row, before(row)?))).collect();
    let (row, first) = *again.first()?;
    let others = match again.len() {
        1 => String::new(),
        n => format!(" (the first of {n} such rows)"),
    };
    Some(Warning {
        place: Some((data.path().display().to_string(), data.line(row))),
        message: format!(
            "this row repeats line {}{others}: each of its measurements counts twice",
            data.line(first)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{MODEL, warnings};

    #[test]
    fn a_row_that_repeats_another_is_warned_of() {
        let data = "[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
        let text = format!("{MODEL}y = {{ is = \"y\" }}\n{data}");
        let told = |rows: &str| {
            let mut told = warnings(&text, &format!("t,x,y\n{rows}"));
            told.retain(|text| text.contains("repeats"));
            told
        };
        let row = "1,0.4,1\n1,0.5,1\n";
        assert_eq!(
            told(&format!("{row}1,0.4,1\n1,0.5,1\n2,0.4,1\n")),
            [
                "d.csv:4: this row repeats line 2 (the first of 2 such rows): each of its measurements counts twice"
            ]
        );
        // Replicates, and single counts that are the same.
        assert_eq!(told(row), [""; 0]);
        assert_eq!(told("1,,0\n1,,0\n"), [""; 0]);
    }

    #[test]
    fn columns_that_are_empty_or_counted_twice_are_warned_of() {
        let rows = "t,x,y\n0,1,\n1,0.4,\n";
        let data = "[data]\nfile = \"d.csv\"\ntime = \"t\"\n";
        let plain = format!("{}{data}", MODEL.split("[observables]").next().unwrap());
        let told = "observable y is never measured in d.csv: all of y is empty";
        let told_of = warnings(&plain, rows);
        assert!(told_of.iter().any(|text| text == told), "{told_of:?}");
        // A state that the file has no column for is just not observed.
        let told_of = warnings(&plain, &rows.replace("y", "z"));
        assert!(
            told_of.iter().all(|text| !text.contains("empty")),
            "{told_of:?}"
        );
        let twice = format!("{MODEL}y = {{ is = \"2 * y\", column = \"x\" }}\n{data}");
        let told_of = warnings(&twice, rows);
        assert!(
            told_of.len() == 1
                && told_of[0]
                    .starts_with("observables x and y are both measured by the column x of d.csv"),
            "{told_of:?}"
        );
    }
}
