//! The fitted model as a model file, with everything that the user wrote kept as it was.

use std::path::{Component, Path, PathBuf};

use toml_edit::{DocumentMut, InlineTable, Item, Value};

use crate::model::Model;
use crate::settings::Parameter;
use crate::weights;

impl Model {
    /// This model as the text of a model file that will stand in `folder`, with its networks' weights beside it in the file
    /// `weights`: the file it was read from, comments included, with the present values in it.
    ///
    /// ```
    /// use costate_model::Model;
    ///
    /// let text = "[states]\ny = 4.0\n[parameters]\nk = 2.0\n[equations]\ny = \"-k * y\"\n[time]\nstart = 0.0\nend = 1.0";
    /// let mut model = Model::parse(text, "decay.toml")?;
    /// model.set("k", 2.5)?;
    /// assert_eq!(model.to_file("".as_ref(), "weights.safetensors").trim_end(), text.replace("k = 2.0", "k = 2.5"));
    /// # Ok::<(), costate_model::Error>(())
    /// ```
    pub fn to_file(&self, folder: &Path, weights: &str) -> String {
        let mut document: DocumentMut = self.source.text.parse().expect("the text was read before");
        let root = document.as_table_mut();
        for (symbol, name) in self.symbols.iter().enumerate() {
            let own = self.parameters.iter().filter(|own| own.symbol == symbol);
            let copies: Vec<&Parameter> = own.collect();
            let entry = &mut root["parameters"][name.as_str()];
            let entry = match entry.is_table_like() {
                true => &mut entry["value"],
                false => entry,
            };
            match copies[..] {
                [one] if one.copy.is_none() => put(entry, one.value),
                _ => put_copies(entry, &copies),
            }
        }
        for state in &self.states {
            if let Some(value) = state.initial.formula.literal() {
                put(&mut root["states"][&state.name], value);
            }
        }
        for network in &self.networks {
            let block = &mut root["networks"][network.name()];
            put(&mut block["weights"], weights);
            // What the weights mean must not change where somebody changes [time].
            if let Some([start, end]) = network.depth().map(|basis| basis.interval()) {
                let own = &mut block["depth_basis"];
                if own.get("start").is_none() {
                    put(&mut own["start"], start);
                    put(&mut own["end"], end);
                }
            }
        }
        if let Some(data) = &self.data {
            put(&mut root["data"]["file"], relative(folder, &data.file));
        }
        for input in self.inputs.iter() {
            put(
                &mut root["inputs"][input.name.as_str()]["file"],
                relative(folder, &input.file),
            );
        }
        if let Some(file) = &self.conditions_file {
            put(&mut root["experiments"]["file"], relative(folder, file));
        }
        if self.overridden.method {
            put(&mut root["solver"]["method"], self.solver.method.name);
        }
        if let (true, Some(step)) = (self.overridden.step, self.solver.step) {
            put(&mut root["solver"]["step"], step);
        }
        if self.overridden.rtol {
            put(&mut root["solver"]["rtol"], self.solver.rtol);
        }
        if self.overridden.atol {
            put(&mut root["solver"]["atol"], self.states[0].atol);
        }
        document.to_string()
    }

    /// The weights of all networks, as a safetensors file; `None` without networks.
    pub fn weights_file(&self) -> Option<Vec<u8>> {
        let values: Vec<f64> = self
            .networks
            .iter()
            .flat_map(|network| network.weights().to_vec())
            .collect();
        (!self.networks.is_empty()).then(|| weights::write(&self.networks, &values))
    }
}

/// One value for all copies of a parameter if they agree, or else a table of them.
fn put_copies(entry: &mut Item, copies: &[&Parameter]) {
    let Some(first) = copies.first() else {
        return;
    };
    if !entry.is_table_like() && copies.iter().all(|copy| copy.value == first.value) {
        return put(entry, first.value);
    }
    let mut table = InlineTable::new();
    for copy in copies {
        table.insert(copy.copy.as_deref().unwrap_or_default(), copy.value.into());
    }
    match entry.as_value() {
        Some(_) => put(entry, table),
        None => *entry = Item::Value(table.into()),
    }
}

/// Replaces a value; spaces and comments around it stay. An equal number stays as it is written.
fn put(item: &mut Item, value: impl Into<Value>) {
    let mut value = value.into();
    if let Some(old) = item.as_value() {
        let number = |value: &Value| {
            value
                .as_float()
                .or_else(|| value.as_integer().map(|whole| whole as f64))
        };
        if number(old).is_some() && number(old) == number(&value) {
            return;
        }
        *value.decor_mut() = old.decor().clone();
    }
    *item = Item::Value(value);
}

/// The way from a folder to a file, or the file's whole path where there is none.
fn relative(folder: &Path, file: &Path) -> String {
    let (folder, file) = (absolute(folder), absolute(file));
    let (mut from, mut to) = (folder.components().peekable(), file.components().peekable());
    let mut shared = false;
    while let (Some(a), Some(b)) = (from.peek(), to.peek()) {
        if a != b {
            break;
        }
        shared |= matches!(a, Component::Normal(_));
        from.next();
        to.next();
    }
    let path: PathBuf = match shared {
        true => from.map(|_| Component::ParentDir).chain(to).collect(),
        false => file,
    };
    path.to_string_lossy().into_owned()
}

/// The path from the root with links followed, as far as it exists.
fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = path
        .ancestors()
        .find_map(|ancestor| Some((ancestor, std::fs::canonicalize(ancestor).ok()?)));
    match found {
        Some((ancestor, real)) => match path.strip_prefix(ancestor) {
            Ok(rest) if rest.as_os_str().is_empty() => real,
            Ok(rest) => real.join(rest),
            Err(_) => path,
        },
        None => path,
    }
}
