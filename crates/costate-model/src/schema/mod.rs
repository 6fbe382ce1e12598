//! The schema of model files, for editors.

/// The keys of a model file with what they mean, as a JSON schema (draft 7). Editors that know TOML schemas complete and check by it, where a
/// model begins with `#:schema model.schema.json`.
///
/// ```
/// assert!(costate_model::SCHEMA.contains("\"interpolate\""));
/// ```
pub const SCHEMA: &str = include_str!("model.schema.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::SCHEMA;
    use crate::model::Model;

    /// Where in a model file the keys of each of the parser's tables stand.
    const TABLES: [(&str, &str); 15] = [
        ("ROOT", ""),
        ("TIME", "[time]"),
        ("PARAMETER", "[parameters.k]"),
        ("PRIOR", "[parameters.k]\nvalue = 1\n[parameters.k.prior]"),
        ("NETWORK", "[networks.n]"),
        (
            "BASIS",
            "[networks.n]\ninputs = [\"x\"]\noutputs = [\"u\"]\n[networks.n.depth_basis]",
        ),
        ("INPUT", "[inputs.u]"),
        ("EVENT", "[[events]]"),
        ("EVERY", "[[events]]\n[events.at]"),
        ("SOLVER", "[solver]"),
        ("OBSERVABLE", "[observables.o]"),
        (
            "NOISE",
            "[observables.o]\nis = \"x\"\n[observables.o.noise]",
        ),
        ("DATA", "[data]"),
        ("FIT", "[fit]"),
        ("BATCH", "[fit.batch]"),
    ];

    /// The keys that the schema gives each table, by the last names on the way to it.
    fn keys_of_the_schema(table: &str) -> BTreeSet<String> {
        let path: &[&str] = match table {
            "ROOT" => &[],
            "TIME" => &["time"],
            "PARAMETER" => &["parameters", "*"],
            "PRIOR" => &["parameters", "*", "prior"],
            "NETWORK" => &["networks", "*"],
            "BASIS" => &["networks", "*", "depth_basis"],
            "INPUT" => &["inputs", "*"],
            "EVENT" => &["events", "*"],
            "EVERY" => &["events", "*", "at"],
            "SOLVER" => &["solver"],
            "OBSERVABLE" => &["observables", "*"],
            "NOISE" => &["observables", "*", "noise"],
            "DATA" => &["data"],
            "FIT" => &["fit"],
            "BATCH" => &["fit", "batch"],
            other => panic!("the parser has a table {other}: say where it stands"),
        };
        let mut at: &serde_json::Value = &serde_json::from_str(SCHEMA).unwrap();
        let root = at.clone();
        at = &root;
        for name in path {
            at = match *name {
                "*" => at
                    .get("additionalProperties")
                    .filter(|inner| inner.is_object())
                    .or(at.get("items"))
                    .unwrap(),
                name => &at["properties"][name],
            };
            // One of several forms: the table.
            if let Some(forms) = at.get("anyOf") {
                let mut tables = forms.as_array().unwrap().iter();
                at = tables
                    .find(|form| form.get("properties").is_some())
                    .unwrap();
            }
        }
        at["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    }

    /// The quoted words between two marks.
    fn words(text: &str) -> impl Iterator<Item = String> {
        text.split('"').skip(1).step_by(2).map(String::from)
    }

    /// Every table of keys in the parser's own source: its name, and all its keys.
    fn keys_of_the_parser() -> Vec<(String, BTreeSet<String>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/file");
        let mut found = Vec::new();
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                for part in text.split(": Keys = &[").collect::<Vec<_>>().windows(2) {
                    let name = part[0].rsplit(' ').next().unwrap().to_owned();
                    let (keys, _) = part[1].split_once("];").unwrap();
                    found.push((name, words(keys).collect()));
                }
            }
        }
        found
    }

    #[test]
    fn the_schema_has_every_key_that_the_parser_knows() {
        let tables = keys_of_the_parser();
        assert!(tables.len() >= 9, "{tables:?}");
        for (table, keys) in tables {
            let ours = keys_of_the_schema(&table);
            let missing: Vec<_> = keys.difference(&ours).collect();
            assert!(
                missing.is_empty(),
                "{table}: {missing:?} are not in the schema"
            );
        }
    }

    #[test]
    fn the_parser_knows_every_key_of_the_schema() {
        // A table where a key should have something else is refused, but not as unknown.
        let message = |heading: &str, key: &str| {
            let mut text = String::from("states = { x = 1 }\nequations = { x = \"-x\" }\n");
            if !heading.contains("time") {
                text += "time = { start = 0, end = 1 }\n";
            }
            text += &format!("{heading}\n{key} = {{ a = 1 }}\n");
            Model::parse(&text, "m.toml").map_or_else(|error| error.to_string(), |_| String::new())
        };
        for (table, heading) in TABLES {
            let told = message(heading, "qqq");
            assert!(told.contains("has no key 'qqq'"), "{heading}: {told}");
            for key in keys_of_the_schema(table) {
                let told = message(heading, &key);
                assert!(
                    !told.contains(&format!("has no key '{key}'")),
                    "{heading} {key}: {told}"
                );
            }
        }
    }
}
