//! The long layout: one row for each measurement.

use std::collections::HashMap;

use super::Data;
use super::read::{Columns, Common, Row};
use super::table::Table;
use crate::error::{Result, nearest};

/// One measurement.
struct Entry {
    row: Row,
    observable: usize,
    value: f64,
    bars: Vec<(usize, f64)>,
}

/// Reads measurements and puts those of the same experiment and time into one row. Times go in order for each observable of an experiment.
pub(super) fn read(
    data: &mut Data,
    table: &Table<'_>,
    wanted: &Columns<'_>,
    common: &Common<'_>,
    reader: &mut csv::Reader<&[u8]>,
    [what, number]: [usize; 2],
) -> Result<()> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut last: HashMap<(usize, usize), (f64, usize)> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| table.broken(&error))?;
        let row = common.row(data, table, &record)?;
        let name = &record[what];
        let Some(observable) = wanted.observables.iter().position(|known| known == name) else {
            if !data.ignored.iter().any(|known| known == name) {
                data.ignored.push(name.to_owned());
            }
            continue;
        };
        data.has[observable] = true;
        let key = (row.experiment, observable);
        common.follows(table, last.get(&key).copied(), &row)?;
        last.insert(key, (row.time, row.line));
        let value = table.number(row.line, number, &record[number])?;
        let own = wanted.bars.iter().enumerate();
        let bars = own.filter(|(_, (with, _))| *with == observable);
        let bars = bars.map(|(i, _)| {
            let column = common.bars[i];
            Ok((i, table.number(row.line, column, &record[column])?))
        });
        entries.push(Entry {
            observable,
            value,
            bars: bars.collect::<Result<_>>()?,
            row,
        });
    }
    if wanted.all
        && let Some(i) =
            (0..wanted.observables.len()).find(|&i| entries.iter().all(|e| e.observable != i))
    {
        let name = &wanted.observables[i];
        if wanted.observables[..i].contains(name) {
            let message = format!("'{name}' can measure one observable, but two name it");
            return Err(table.error(1, what, message).into());
        }
        let near = nearest(name, data.ignored.iter().map(String::as_str));
        let help = near.map(|near| format!("did you mean '{near}'?"));
        let error = table.error(1, what, format!("no row measures '{name}'"));
        return Err(error.with_help(help).into());
    }
    entries.sort_by(|a, b| {
        let along = |entry: &Entry| entry.row.time * wanted.direction;
        let key = |entry: &Entry| (entry.row.experiment, !entry.row.used);
        a.row
            .experiment
            .cmp(&b.row.experiment)
            .then(along(a).total_cmp(&along(b)))
            .then(key(a).cmp(&key(b)))
    });
    for entry in entries {
        put(data, entry);
    }
    Ok(())
}

/// Puts a measurement into the last row if that has its time and room for it, or else into a new one.
fn put(data: &mut Data, entry: Entry) {
    let last = data.times.len().wrapping_sub(1);
    let fits = data.times.last() == Some(&entry.row.time)
        && data.experiment[last] == entry.row.experiment
        && data.used[last] == entry.row.used
        && data.value(last, entry.observable).is_none();
    if !fits {
        data.times.push(entry.row.time);
        data.used.push(entry.row.used);
        data.experiment.push(entry.row.experiment);
        data.values.extend(vec![f64::NAN; data.columns]);
        data.lines.extend(vec![entry.row.line; data.columns]);
        data.bars.extend(vec![f64::NAN; data.bar_columns]);
    }
    let row = data.times.len() - 1;
    data.values[row * data.columns + entry.observable] = entry.value;
    data.lines[row * data.columns + entry.observable] = entry.row.line;
    for (i, bar) in entry.bars {
        data.bars[row * data.bar_columns + i] = bar;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::Layout;

    fn parse(text: &str) -> Result<Data> {
        let observables = ["prey", "predator"].map(str::to_owned);
        let bars = [(1, "sd".to_owned())];
        let columns = Columns {
            bars: &bars,
            experiment: Some("plot"),
            layout: Layout::Long {
                observable: "what",
                value: "y",
            },
            ..Columns::wide("t", &observables)
        };
        Data::parse(Path::new("d.csv"), text, &columns)
    }

    #[test]
    fn measurements_of_one_time_and_experiment_make_one_row() {
        let text = "plot,t,what,y,sd\nb,0,prey,1,\nb,1,prey,2,\na,0,prey,3,\nb,0,predator,4,0.5\nb,1,predator,5,0.6\n\
            b,1,predator,6,0.7\na,2,weather,9,\na,1,predator,7,0.8\n";
        let data = parse(text).unwrap();
        assert_eq!(data.experiments(), ["b", "a"]);
        assert_eq!(data.times(), [0.0, 1.0, 1.0, 0.0, 1.0]);
        let row = |i| {
            (
                data.experiment(i).unwrap(),
                data.value(i, 0),
                data.value(i, 1),
            )
        };
        assert_eq!(row(0), ("b", Some(1.0), Some(4.0)));
        assert_eq!(row(1), ("b", Some(2.0), Some(5.0)));
        assert_eq!(row(2), ("b", None, Some(6.0)));
        assert_eq!(row(3), ("a", Some(3.0), None));
        assert_eq!(row(4), ("a", None, Some(7.0)));
        assert_eq!((data.bar(1, 0), data.bar(2, 0)), (Some(0.6), Some(0.7)));
        assert_eq!(data.ignored(), ["weather"]);
        assert_eq!((data.line(0), data.line(4)), (2, 9));
    }

    #[test]
    fn an_observable_that_no_row_measures_is_told_with_the_nearest() {
        let message = parse("plot,t,what,y,sd\na,0,prey,1,\na,0,predtor,1,\n")
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("d.csv:1:3: no row measures 'predator'"),
            "{message}"
        );
        assert!(message.ends_with("did you mean 'predtor'?"), "{message}");
    }

    #[test]
    fn two_observables_of_one_name_are_told() {
        let observables = ["prey", "prey"].map(str::to_owned);
        let columns = Columns {
            layout: Layout::Long {
                observable: "what",
                value: "y",
            },
            ..Columns::wide("t", &observables)
        };
        let read = Data::parse(Path::new("d.csv"), "t,what,y\n0,prey,1\n", &columns);
        let message = read.unwrap_err().to_string();
        let told = "d.csv:1:2: 'prey' can measure one observable, but two name it";
        assert!(message.starts_with(told), "{message}");
    }

    #[test]
    fn times_go_in_order_for_each_observable_of_an_experiment() {
        let message =
            parse("plot,t,what,y,sd\na,1,prey,1,\nb,0,prey,1,\na,0,predator,1,\na,0,prey,1,\n")
                .unwrap_err()
                .to_string();
        assert!(
            message.starts_with(
                "d.csv:5:2: times are not increasing within the experiment: 0 follows 1 (line 2)"
            ),
            "{message}"
        );
    }
}
