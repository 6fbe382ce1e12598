//! TOML with places: tables whose keys are checked, values whose types are checked, all with their spans.

use std::ops::Range;
use std::sync::Arc;

use toml_edit::{Item, TableLike, Value};

use crate::error::{Diagnostic, Place, Result, Source, nearest};
use crate::expression::Formula;

/// A table of the file under the name that messages use for it.
pub(crate) struct Section<'a> {
    pub(crate) name: String,
    source: &'a Arc<Source>,
    table: &'a dyn TableLike,
    place: Range<usize>,
}

/// A key with its value.
#[derive(Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    /// The name of the table that holds it.
    section: String,
    source: &'a Arc<Source>,
    key_span: Range<usize>,
    item: &'a Item,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// The keys that a table may have.
pub(crate) type Keys = &'static [&'static str];

impl<'a> Section<'a> {
    pub(crate) fn root(source: &'a Arc<Source>, table: &'a dyn TableLike) -> Self {
        Section {
            name: String::new(),
            source,
            table,
            place: 0..0,
        }
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Diagnostic {
        self.source.error(self.place.clone(), message)
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            source: self.source.clone(),
            span: self.place.clone(),
        }
    }

    /// The entries in the order of the file.
    pub(crate) fn entries(&self) -> Vec<Entry<'a>> {
        let mut entries: Vec<Entry<'a>> = self
            .table
            .iter()
            .filter_map(|(key, _)| self.get(key))
            .collect();
        entries.sort_by_key(|entry| entry.key_span.start);
        entries
    }

    pub(crate) fn get(&self, key: &str) -> Option<Entry<'a>> {
        let (key, item) = self.table.get_key_value(key)?;
        // A table made by a dotted header may have no place for its key: its own stands in.
        let key_span = key
            .span()
            .or_else(|| item.span())
            .unwrap_or_else(|| self.place.clone());
        Some(Entry {
            key: key.get(),
            section: self.name.clone(),
            source: self.source,
            key_span,
            item,
        })
    }

    /// Refuses every key that the table cannot have.
    pub(crate) fn check(&self, keys: Keys) -> Result<()> {
        for entry in self.entries() {
            if keys.contains(&entry.key) {
                continue;
            }
            let within = if self.name.is_empty() {
                "a model file".into()
            } else {
                self.name.clone()
            };
            let help = match nearest(entry.key, keys.iter().copied()) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("known keys: {}", keys.join(", ")),
            };
            return Err(entry
                .at_key(format!("{within} has no key '{}'", entry.key))
                .with_help(Some(help))
                .into());
        }
        Ok(())
    }

    /// The value of a key that must be there.
    pub(crate) fn required(&self, key: &str) -> Result<Entry<'a>> {
        self.get(key)
            .ok_or_else(|| self.error(format!("{} needs '{key}'", self.name)).into())
    }
}

impl<'a> Entry<'a> {
    pub(crate) fn at_key(&self, message: impl Into<String>) -> Diagnostic {
        self.source.error(self.key_span.clone(), message)
    }

    pub(crate) fn key_place(&self) -> Place {
        Place {
            source: self.source.clone(),
            span: self.key_span.clone(),
        }
    }

    pub(crate) fn place(&self) -> Place {
        Place {
            source: self.source.clone(),
            span: self.item.span().unwrap_or_else(|| self.key_span.clone()),
        }
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Diagnostic {
        self.place().error(message)
    }

    fn placed<T>(&self, value: T) -> Placed<T> {
        Placed {
            value,
            place: self.place(),
        }
    }

    fn wanted(&self, what: &str, example: &str) -> crate::Error {
        let given = match self.item {
            Item::Value(Value::String(_)) => "text",
            Item::Value(Value::Float(_)) if what == "a whole number" => "a decimal number",
            Item::Value(Value::Integer(_)) | Item::Value(Value::Float(_)) => "a number",
            Item::Value(Value::Boolean(_)) => "true or false",
            Item::Value(Value::Datetime(_)) => "a date",
            Item::Value(Value::Array(_)) => "a list",
            _ => "a table",
        };
        self.error(format!("'{}' must be {what}, not {given}", self.key))
            .with_help(Some(format!("for example: {example}")))
            .into()
    }

    /// The table under this key, named `[section.key]` in messages.
    pub(crate) fn section(&self) -> Result<Section<'a>> {
        self.section_such_as(&format!("[{}]", self.key))
    }

    /// The same with an example for who writes something else.
    pub(crate) fn section_such_as(&self, example: &str) -> Result<Section<'a>> {
        let table = self
            .item
            .as_table_like()
            .ok_or_else(|| self.wanted("a table", example))?;
        let name = match self.section.as_str() {
            "" => format!("[{}]", self.key),
            outer if outer.starts_with("[[") => format!("'{}' of {outer}", self.key),
            outer => format!("{}.{}]", outer.trim_end_matches(']'), self.key),
        };
        let place = self
            .item
            .span()
            .filter(|span| !span.is_empty())
            .unwrap_or_else(|| self.key_span.clone());
        Ok(Section {
            name,
            source: self.source,
            table,
            place,
        })
    }

    pub(crate) fn is_table(&self) -> bool {
        self.item.is_table_like()
    }

    pub(crate) fn is_list(&self) -> bool {
        self.item.is_array()
    }

    /// The tables of a list of tables, `[[key]]`.
    pub(crate) fn tables(&self) -> Result<Vec<Section<'a>>> {
        let name = format!("[[{}]]", self.key);
        let section = |table: &'a dyn TableLike, span: Option<Range<usize>>| Section {
            name: name.clone(),
            source: self.source,
            table,
            place: span
                .filter(|span| !span.is_empty())
                .unwrap_or_else(|| self.key_span.clone()),
        };
        if let Some(tables) = self.item.as_array_of_tables() {
            let one = |table: &'a toml_edit::Table| section(table, table.span());
            return Ok(tables.iter().map(one).collect());
        }
        let tables = self.item.as_array().map(|array| {
            let one = |value: &'a Value| {
                let table = value.as_inline_table()?;
                Some(section(table, value.span()))
            };
            array.iter().map(one).collect::<Option<Vec<_>>>()
        });
        tables
            .flatten()
            .ok_or_else(|| self.wanted("a list of tables", &format!("[[{}]]", self.key)))
    }

    pub(crate) fn number(&self) -> Result<Placed<f64>> {
        let value = self
            .item
            .as_float()
            .or_else(|| self.item.as_integer().map(|whole| whole as f64));
        match value {
            Some(value) if value.is_finite() => Ok(self.placed(value)),
            Some(_) => Err(self
                .error(format!("'{}' must be a finite number", self.key))
                .into()),
            None => {
                let quoted = self.item.as_str().map(str::trim);
                let quoted = quoted.filter(|text| text.parse::<f64>().is_ok_and(f64::is_finite));
                let value = quoted.unwrap_or("1.0");
                Err(self.wanted("a number", &format!("{} = {value}", self.key)))
            }
        }
    }

    /// A number greater than zero.
    pub(crate) fn positive(&self) -> Result<Placed<f64>> {
        let number = self.number()?;
        if number.value <= 0.0 {
            return Err(self
                .error(format!("'{}' must be positive", self.key))
                .into());
        }
        Ok(number)
    }

    /// A number that is zero or greater.
    pub(crate) fn not_negative(&self) -> Result<Placed<f64>> {
        let number = self.number()?;
        if number.value < 0.0 {
            return Err(self
                .error(format!("'{}' must not be negative", self.key))
                .into());
        }
        Ok(number)
    }

    /// A whole number from `least` up.
    pub(crate) fn count(&self, least: u64) -> Result<Placed<u64>> {
        match self.item.as_integer() {
            Some(value) if value >= 0 && value as u64 >= least => Ok(self.placed(value as u64)),
            Some(_) => Err(self
                .error(format!("'{}' must be at least {least}", self.key))
                .into()),
            None => Err(self.wanted(
                "a whole number",
                &format!("{} = {}", self.key, least.max(1)),
            )),
        }
    }

    pub(crate) fn truth(&self) -> Result<bool> {
        self.item
            .as_bool()
            .ok_or_else(|| self.wanted("true or false", &format!("{} = true", self.key)))
    }

    pub(crate) fn text(&self) -> Result<Placed<String>> {
        match self.item.as_str() {
            Some(text) => Ok(self.placed(text.to_owned())),
            None => Err(self.wanted("text", &format!("{} = \"…\"", self.key))),
        }
    }

    /// A formula, or a number that stands for itself.
    pub(crate) fn formula(&self) -> Result<Formula> {
        match self.item.as_str() {
            Some(text) => formula(text, self.place()),
            None if self.item.is_value()
                && !self.item.is_array()
                && !self.item.is_inline_table() =>
            {
                let is_number = self.item.is_float() || self.item.is_integer();
                match self.number() {
                    Ok(number) => Ok(Formula::number(number.value, number.place)),
                    Err(error) if is_number => Err(error),
                    Err(_) => Err(self.wanted_formula()),
                }
            }
            None => Err(self.wanted_formula()),
        }
    }

    fn wanted_formula(&self) -> crate::Error {
        let example = format!("{} = \"2 * a\", with a parameter a", self.key);
        self.wanted("a number or a formula", &example)
    }

    fn elements(&self, example: &str) -> Result<Vec<(&'a Value, Place)>> {
        let array = self
            .item
            .as_array()
            .ok_or_else(|| self.wanted("a list", example))?;
        let place = |value: &Value| Place {
            source: self.source.clone(),
            span: value.span().unwrap_or_else(|| self.place().span),
        };
        Ok(array.iter().map(|value| (value, place(value))).collect())
    }

    pub(crate) fn texts(&self) -> Result<Vec<Placed<String>>> {
        let example = format!("{} = [\"a\", \"b\"]", self.key);
        let text = |(value, place): (&Value, Place)| match value.as_str() {
            Some(text) => Ok(Placed {
                value: text.to_owned(),
                place,
            }),
            None => Err(place
                .error(format!("'{}' must be a list of texts", self.key))
                .with_help(Some(format!("for example: {example}")))
                .into()),
        };
        self.elements(&example)?.into_iter().map(text).collect()
    }

    pub(crate) fn numbers(&self) -> Result<Vec<f64>> {
        let example = format!("{} = [0.5, 0.1]", self.key);
        let number = |(value, place): (&Value, Place)| {
            let number = value
                .as_float()
                .or_else(|| value.as_integer().map(|whole| whole as f64));
            number.filter(|number| number.is_finite()).ok_or_else(|| {
                let error = place.error(format!("'{}' must be a list of numbers", self.key));
                error
                    .with_help(Some(format!("for example: {example}")))
                    .into()
            })
        };
        self.elements(&example)?.into_iter().map(number).collect()
    }

    pub(crate) fn formulas(&self) -> Result<Vec<Formula>> {
        self.texts()?
            .into_iter()
            .map(|text| formula(&text.value, text.place))
            .collect()
    }

    /// A list of formulas in which plain numbers need no quotes.
    pub(crate) fn formulas_or_numbers(&self) -> Result<Vec<Formula>> {
        let example = format!("{} = [2.0, \"t_dose\"]", self.key);
        let one = |(value, place): (&Value, Place)| {
            let number = value
                .as_float()
                .or_else(|| value.as_integer().map(|whole| whole as f64));
            match (value.as_str(), number) {
                (Some(text), _) => formula(text, place),
                (None, Some(number)) if number.is_finite() => Ok(Formula::number(number, place)),
                _ => Err(place
                    .error(format!(
                        "'{}' must be a list of numbers or formulas",
                        self.key
                    ))
                    .with_help(Some(format!("for example: {example}")))
                    .into()),
            }
        };
        self.elements(&example)?.into_iter().map(one).collect()
    }

    pub(crate) fn counts(&self) -> Result<Vec<usize>> {
        let example = format!("{} = [16, 16]", self.key);
        let count = |(value, place): (&Value, Place)| match value.as_integer() {
            Some(count @ 1..=1_000_000) => Ok(count as usize),
            _ => Err(place
                .error(format!(
                    "'{}' must be a list of whole numbers from 1",
                    self.key
                ))
                .with_help(Some(format!("for example: {example}")))
                .into()),
        };
        self.elements(&example)?.into_iter().map(count).collect()
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T> {
        let word = self.text()?.value;
        if let Some(&(_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return Ok(value);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        Err(self.unknown(&word, &names).into())
    }

    /// The message for a word that is none of `names`.
    pub(crate) fn unknown(&self, word: &str, names: &[&str]) -> Diagnostic {
        let help = match nearest(word, names.iter().copied()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("known: {}", names.join(", ")),
        };
        let key = self.key.replace('_', " ");
        let article = match key.starts_with(['a', 'e', 'i', 'o', 'u']) {
            true => "an",
            false => "a",
        };
        self.error(format!("'{word}' is not {article} {key}"))
            .with_help(Some(help))
    }
}

/// A formula inside a string: its parts are placed in the file wherever the string is written without escapes.
fn formula(text: &str, place: Place) -> Result<Formula> {
    let raw = &place.source.text[place.span.clone()];
    let offset = raw
        .find(text)
        .filter(|_| !raw.contains('\\') || raw.starts_with('\''))
        .map(|at| place.span.start + at);
    Formula::parse(text, place, offset)
}
