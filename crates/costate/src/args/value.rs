//! What stands behind an option: numbers, times, settings, names of files.

use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) value: f64,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .ok_or("expected NAME=VALUE, such as alpha=0.5")?;
        Ok(Setting {
            name: name.trim().into(),
            value: number(value)?,
        })
    }
}

/// The times to save at, in the order of the trajectory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SaveAt(pub(crate) Vec<f64>);

/// More rows than anyone reads; a slip in STEP should not fill a disk.
const MOST_TIMES: f64 = 1e7;

impl FromStr for SaveAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let times = match text.split(':').collect::<Vec<_>>()[..] {
            [start, step, end] => range(number(start)?, number(step)?, number(end)?)?,
            [list] => list.split(',').map(number).collect::<Result<_, _>>()?,
            _ => return Err("expected START:STEP:END or a list such as 0,1,2.5".into()),
        };
        if times.is_sorted_by(|a, b| a < b) || times.is_sorted_by(|a, b| a > b) {
            Ok(SaveAt(times))
        } else {
            Err("the times must increase throughout, or decrease throughout".into())
        }
    }
}

/// start, start + step, …, up to and including `end` where the steps meet it (to rounding, and then exactly).
fn range(start: f64, step: f64, end: f64) -> Result<Vec<f64>, String> {
    if step == 0.0 {
        return Err("the step is zero: START:STEP:END is for example 0:0.5:10".into());
    }
    let steps = (end - start) / step;
    if steps.is_nan() || steps < 0.0 {
        return Err(format!("steps of {step} do not lead from {start} to {end}"));
    }
    if steps >= MOST_TIMES {
        return Err(format!(
            "{steps:.1e} times are too many; the most is {MOST_TIMES:.0e}"
        ));
    }
    let meets = (steps - steps.round()).abs() < 1e-9 * steps.max(1.0);
    let last = if meets { steps.round() } else { steps.floor() } as usize;
    Ok((0..=last)
        .map(|i| {
            if meets && i == last {
                end
            } else {
                start + i as f64 * step
            }
        })
        .collect())
}

pub(super) fn svg(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    match path.extension() {
        Some(ending) if ending.eq_ignore_ascii_case("svg") => Ok(path),
        _ => Err("pictures are SVG; give a name that ends in .svg".into()),
    }
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1".into()),
        Ok(n) => Ok(n),
        Err(_) => Err(format!("'{text}' is not a count")),
    }
}

fn number(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => Err(format!("'{}' is not a number", text.trim())),
    }
}

pub(super) fn small(text: &str) -> Result<f64, String> {
    number(text).map_err(|message| format!("{message} such as 0.001 or 1e-3"))
}

pub(super) fn tolerance(text: &str) -> Result<f64, String> {
    match text.split_once('=') {
        Some((state, _)) => Err(format!(
            "one number for all states is wanted here; that of a state stands in the model file, under [solver]: atol = {{ {} = 1e-3 }}",
            state.trim()
        )),
        None => small(text),
    }
}

pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(x) if x >= 0.0 => Ok(x),
        _ => Err("a number of seconds from 0 on, such as 2.5".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_exactly_where_its_steps_meet_the_end() {
        let SaveAt(times) = "0:0.1:1".parse().unwrap();
        assert_eq!((times.len(), times[3], times[10]), (11, 3.0 * 0.1, 1.0));
        let SaveAt(times) = "0:0.3:1".parse().unwrap();
        assert_eq!(times, [0.0, 0.3, 0.6, 3.0 * 0.3]);
        let SaveAt(times) = "5:-2:1".parse().unwrap();
        assert_eq!(times, [5.0, 3.0, 1.0]);
        let SaveAt(times) = "2:1:2".parse().unwrap();
        assert_eq!(times, [2.0]);
        let SaveAt(times) = "-1,0,2.5".parse().unwrap();
        assert_eq!(times, [-1.0, 0.0, 2.5]);
    }

    #[test]
    fn times_that_lead_nowhere_are_refused() {
        for text in [
            "0:-1:5",
            "0:0:5",
            "0:1e-300:1",
            "0:nan:1",
            "0,1,1",
            "0,2,1",
            "",
            "0:1",
            "0;1",
            "1,x",
        ] {
            assert!(text.parse::<SaveAt>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_setting_is_a_name_and_a_finite_number() {
        assert_eq!(
            "alpha = 0.5".parse(),
            Ok(Setting {
                name: "alpha".into(),
                value: 0.5
            })
        );
        for text in ["alpha", "alpha=", "alpha=0,5", "alpha=inf"] {
            assert!(text.parse::<Setting>().is_err(), "{text}");
        }
    }
}
