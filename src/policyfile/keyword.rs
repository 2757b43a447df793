//! What the keywords of a JSON Schema say.

use serde_json::Value as Json;

use crate::document::{Body, Value};

pub(super) const A_STRING: &str = "a string";
pub(super) const A_LIST: &str = "a list";

/// The values of a schema that lists them, however it does.
pub(super) fn choices(schema: &Json) -> Option<Vec<&Json>> {
    if let Some(one) = schema.get("const") {
        return Some(vec![one]);
    }
    if let Some(several) = schema.get("enum").and_then(Json::as_array) {
        return Some(several.iter().collect());
    }
    if types(schema) == ["null"] {
        return Some(vec![&Json::Null]);
    }
    let branches = [list(schema, "oneOf"), list(schema, "anyOf")].concat();
    if branches.is_empty() {
        return None;
    }
    let nested: Option<Vec<_>> = branches.into_iter().map(choices).collect();
    nested.map(|nested| nested.concat()).filter(|all| all.iter().any(|choice| !choice.is_null()))
}

pub(super) fn list<'w>(schema: &'w Json, keyword: &str) -> Vec<&'w Json> {
    schema.get(keyword).and_then(Json::as_array).into_iter().flatten().collect()
}

pub(super) fn number(schema: &Json, keyword: &str) -> Option<u64> {
    schema.get(keyword)?.as_u64()
}

fn types(schema: &Json) -> Vec<&str> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn has_type(schema: &Json, value: &Value<'_>) -> bool {
    let types = types(schema);
    types.is_empty()
        || types.iter().any(|name| match &value.body {
            Body::Null => *name == "null",
            Body::Bool(_) => *name == "boolean",
            Body::Int(_) => matches!(*name, "integer" | "number"),
            Body::Float(_) => *name == "number",
            Body::Text(_) => *name == "string",
            Body::List(_) => *name == "array",
            Body::Map(_) => *name == "object",
        })
}

pub(super) fn type_names(schema: &Json) -> Vec<&'static str> {
    let name = |name| match name {
        "boolean" => Some("`true` or `false`"),
        "integer" => Some("an integer"),
        "number" => Some("a number"),
        "string" => Some(A_STRING),
        "array" => Some(A_LIST),
        "object" => Some("a map"),
        _ => None,
    };
    types(schema).into_iter().filter_map(name).collect()
}
