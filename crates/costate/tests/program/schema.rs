use serde_json::Value;

use crate::room::{HYBRID, Room};

/// Where a document is not as its schema says: types, keys, and values of a list.
fn slip(schema: &Value, document: &Value, at: &str) -> Option<String> {
    if let Some(forms) = schema.get("anyOf").and_then(Value::as_array) {
        let slips: Vec<String> = forms
            .iter()
            .map_while(|form| slip(form, document, at))
            .collect();
        return (slips.len() == forms.len()).then(|| slips.join("; "));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return (!values.contains(document)).then(|| format!("{at} is {document}"));
    }
    let kind = match document {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is_kind = |allowed: &Value| allowed == kind || allowed == "number" && kind == "integer";
    let fits = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is_kind),
        Some(allowed) => is_kind(allowed),
        None => true,
    };
    if !fits {
        return Some(format!("{at} is {kind}"));
    }
    if let Some(items) = document.as_array() {
        let mut items = items.iter().enumerate();
        return items.find_map(|(i, item)| slip(&schema["items"], item, &format!("{at}[{i}]")));
    }
    let object = document.as_object()?;
    for name in schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = name.as_str().unwrap();
        if !object.contains_key(name) {
            return Some(format!("{at}.{name} is missing"));
        }
    }
    object.iter().find_map(|(name, value)| {
        let own = format!("{at}.{name}");
        match (
            schema["properties"].get(name),
            &schema["additionalProperties"],
        ) {
            (Some(inner), _) | (None, inner @ Value::Object(_)) => slip(inner, value, &own),
            (None, _) => Some(format!("{own} is not in the schema")),
        }
    })
}

#[test]
fn what_commands_write_as_json_is_as_their_schemas_say() {
    let room = Room::new();
    room.write(
        "hybrid.toml",
        &HYBRID.replace("iterations = 60", "iterations = 3"),
    );
    room.variant(
        "split.toml",
        "time = \"year\"",
        "time = \"year\"\nuse = \"t <= 1915\"",
    );
    room.variant(
        "loose.toml",
        "delta = 0.024",
        "delta = { value = 0.024, upper = 0.024 }\nidle = 1.0",
    );
    for (of, command) in [
        (
            "solve",
            "solve lynx-hare.toml --save-at 1900,1910 --format json",
        ),
        ("fit", "fit lynx-hare.toml --format json --quiet"),
        ("fit", "fit split.toml --format json --quiet"),
        ("fit", "fit loose.toml --format json --quiet"),
        ("fit", "fit hybrid.toml --format json --quiet"),
        ("gradient", "gradient lynx-hare.toml --wrt-times"),
        ("gradient", "gradient hybrid.toml"),
        ("audit", "audit lynx-hare.toml --format json"),
        ("check", "check loose.toml --format json"),
        ("check", "check hybrid.toml --format json"),
        ("methods", "methods --format json"),
    ] {
        let schema: Value =
            serde_json::from_str(&room.run(&format!("schema {of}")).done().out).unwrap();
        let document: Value = serde_json::from_str(&room.run(command).out).unwrap();
        assert_eq!(slip(&schema, &document, of), None, "{command}");
    }
}

#[test]
fn a_document_that_is_not_as_its_schema_says_is_noticed() {
    let schema: Value =
        serde_json::from_str(include_str!("../../src/command/schema/fit.json")).unwrap();
    let room = Room::new();
    let run = room.run("fit lynx-hare.toml --format json --quiet").done();
    let document: Value = serde_json::from_str(&run.out).unwrap();
    for (name, value) in [
        ("loss", Value::Null),
        ("verdict", "done".into()),
        ("new", 1.into()),
        ("parameters", serde_json::json!([{}])),
    ] {
        let mut other = document.clone();
        other[name] = value;
        assert!(slip(&schema, &other, "fit").is_some(), "{name}");
    }
}
