//! What has no influence on what was measured, or on what of it is fitted.

use std::collections::HashSet;

use super::Warning;
use crate::condition::Condition;
use crate::data::Data;
use crate::model::Model;
use crate::scope::{Part, Resolved, Symbol};

impl Model {
    /// Parameters that no row to fit depends on, though others do: copies of validation rows, what acts on observables that only these measure, and values that
    /// experiments replace.
    pub(crate) fn unfitted(&self, data: &Data) -> Vec<Warning> {
        let rows = (0..data.times().len()).filter(|&row| data.used(row) && data.measured(row) > 0);
        let experiments: HashSet<Option<&str>> = rows.map(|row| data.experiment(row)).collect();
        let fitted = experiments.into_iter().map(|name| self.condition_of(name));
        let fitted: Vec<&Condition> = fitted.map(|i| &self.conditions[i]).collect();
        let mut warnings = Vec::new();
        if fitted.is_empty() {
            return warnings;
        }
        let is_fitted = |i, row| data.used(row) && data.value(row, i).is_some();
        let by_fitted = self.reached(|i| (0..data.times().len()).any(|row| is_fitted(i, row)));
        let by_any = self.reached(|i| data.measurements_of(i) > 0);
        for (symbol, name) in self.symbols.iter().enumerate() {
            let own = Symbol::Parameter(symbol);
            let is_validated_only = by_any.contains(&own) && !by_fitted.contains(&own);
            let (mut unseen, mut replaced) = (Vec::new(), Vec::new());
            let copies = self.parameters.iter().enumerate();
            let copies = copies.filter(|(_, own)| own.symbol == symbol && !own.fixed);
            for (k, parameter) in copies {
                let having: Vec<_> = fitted.iter().filter(|c| c.picks[symbol] == k).collect();
                if having.is_empty() || is_validated_only {
                    unseen.push(parameter.name.as_str());
                } else if having.iter().all(|c| self.replaces(c, symbol)) {
                    replaced.push(parameter.name.as_str());
                }
            }
            let mut warn = |message| {
                let place = self.place_of("parameters", name);
                warnings.push(Warning::new(place.as_ref(), message));
            };
            match unseen.as_slice() {
                [] => {}
                [one] => warn(format!(
                    "no row to fit depends on {one}: a fit leaves it at its start, by which its validation rows are then judged; fit some of them too ('use' under [data]), or give it a value that is known"
                )),
                several => warn(format!(
                    "no row to fit depends on {}: a fit leaves them at their starts, by which their validation rows are then judged; fit some of them too ('use' under [data]), or give them values that are known",
                    several.join(", ")
                )),
            }
            if !replaced.is_empty() {
                warn(format!(
                    "every experiment to fit replaces {}: a fit has nothing to find that by; fix the parameter, or take it out of the experiments that are to tell it",
                    replaced.join(", ")
                ));
            }
        }
        warnings
    }

    /// Whether a condition gives a parameter a value that does not depend on the parameter's own.
    fn replaces(&self, condition: &Condition, symbol: usize) -> bool {
        let overrides = condition.overrides.iter();
        let formulas: Vec<&Resolved> = overrides.map(|(_, formula)| formula).collect();
        let all = self.parts.with_needed(&formulas);
        let mut symbols = all.iter().flat_map(|formula| &formula.symbols);
        condition.overrides.iter().any(|(i, _)| *i == symbol)
            && symbols.all(|used| *used != Symbol::Parameter(symbol))
    }

    /// Every symbol on which an observable depends that is looked at.
    pub(super) fn reached(&self, is_looked_at: impl Fn(usize) -> bool) -> HashSet<Symbol> {
        let looked_at = (0..self.observables.len()).filter(|&i| is_looked_at(i));
        let looked_at = looked_at.flat_map(|i| self.observables[i].formulas());
        let mut open: Vec<&Resolved> = looked_at.chain([&self.start, &self.end]).collect();
        // When something happens, and to which states, acts on everything behind it.
        open.extend(self.events.iter().flat_map(|event| event.formulas()));
        // A value of an experiment acts where the parameter does that it stands for.
        let of_parameter = |i: usize| {
            let all = self
                .conditions
                .iter()
                .flat_map(|condition| &condition.overrides);
            all.filter(move |(k, _)| *k == i)
                .map(|(_, formula)| formula)
        };
        let of_state = |i: usize| {
            let all = self.conditions.iter();
            all.filter_map(move |condition| condition.initial_of(i))
        };
        let mut reached = HashSet::new();
        while let Some(formula) = open.pop() {
            for &symbol in &formula.symbols {
                if !reached.insert(symbol) {
                    continue;
                }
                match symbol {
                    Symbol::State(i) => {
                        open.extend([&self.states[i].equation, &self.states[i].initial]);
                        open.extend(of_state(i));
                    }
                    Symbol::Parameter(i) => open.extend(of_parameter(i)),
                    _ => {}
                }
                match symbol.part() {
                    Some(Part::Definition(i)) => open.push(&self.parts.definitions[i]),
                    Some(Part::Network(i)) => open.extend(&self.parts.networks[i]),
                    None => {}
                }
            }
        }
        reached
    }

    pub(super) fn without_influence(&self, reached: &HashSet<Symbol>, data: bool) -> Vec<Warning> {
        let kind = if data {
            "measured observable"
        } else {
            "observable"
        };
        let mut warnings = Vec::new();
        let mut warn = |table: &str, key: &str, message: String| {
            let place = self.place_of(table, key);
            warnings.push(Warning::new(place.as_ref(), message));
        };
        for parameter in self.parameters.iter() {
            if !parameter.fixed && !reached.contains(&Symbol::Parameter(parameter.symbol)) {
                let name = &parameter.name;
                let message = format!(
                    "parameter {name} changes no {kind}: fix it, or observe what it acts on"
                );
                warn("parameters", &self.symbols[parameter.symbol], message);
            }
        }
        for (i, state) in self.states.iter().enumerate() {
            if !reached.contains(&Symbol::State(i)) {
                let name = &state.name;
                let message = format!("state {name} is never observed and changes no {kind}");
                warn("states", name, message);
            }
        }
        for (network, block) in self.networks.iter().enumerate() {
            let used = |index| reached.contains(&Symbol::Output { network, index });
            if !(0..block.outputs().len()).any(used) {
                let name = block.name();
                let message =
                    format!("network {name} changes no {kind}: its weights cannot be fitted");
                warn("networks", name, message);
            }
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{MODEL, warnings};

    #[test]
    fn what_only_validation_rows_measure_is_warned_of() {
        let text = MODEL.replace("is = \"x\"", "is = \"x\" }\ny = { is = \"y\"");
        let text = format!("{text}[data]\nfile = \"d.csv\"\ntime = \"t\"\nuse = \"t < 2\"\n");
        let told = warnings(&text, "t,x,y\n0,1,\n1,0.4,\n2,,0.3\n");
        let expected = [
            "m.toml:6: no row to fit depends on b: ",
            "m.toml:7: no row to fit depends on y0: ",
        ];
        let pairs = told.iter().zip(expected);
        assert!(
            told.len() == 2 && pairs.clone().all(|(told, own)| told.starts_with(own)),
            "{told:?}"
        );
        assert!(warnings(&text, "t,x,y\n0,1,\n1,0.4,0.3\n2,,0.3\n").is_empty());
    }

    #[test]
    fn what_no_row_to_fit_depends_on_is_warned_of_with_its_names() {
        let text = MODEL
            .replace("a = 1.0", "a = { value = 1.0, per = \"plot\" }")
            .replace("is = \"x\"", "is = \"x + y\"");
        let text = format!(
            "{text}[data]\nfile = \"d.csv\"\ntime = \"t\"\nexperiment = \"plot\"\nuse = \"train\"\n"
        );
        let rows = "plot,t,x,train\nn,0,1,1\nn,1,0.4,1\ns,0,1,0\ns,1,0.4,0\n";
        let told = warnings(&text, rows);
        assert!(
            told.len() == 1
                && told[0].starts_with(
                    "m.toml:5: no row to fit depends on a[s]: a fit leaves it at its start"
                ),
            "{told:?}"
        );
        assert!(warnings(&text, &rows.replace("s,1,0.4,0", "s,1,0.4,1")).is_empty());
        // In all experiments that are fitted.
        let with = |value: &str| format!("{text}[experiments.n]\nb = {value}\n");
        let all = rows.replace(",0\n", ",1\n");
        let told = warnings(&with("3.0"), rows);
        assert!(
            told.iter()
                .any(|text| text.starts_with("m.toml:6: every experiment to fit replaces b: ")),
            "{told:?}"
        );
        for (text, rows) in [(with("3.0"), all.as_str()), (with("\"2 * b\""), rows)] {
            let told = warnings(&text, rows);
            assert!(
                told.iter().all(|text| !text.contains("replaces")),
                "{told:?}"
            );
        }
    }
}
