//! The JSON Schema of policy files, from the types that read them.

use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value as Json, json};

use super::kind::{API_VERSION, Kind};
use crate::engine::{Policy, Rule, Settings, Waiver};

/// The names that the API server takes for a custom resource.
const NAME: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

/// The JSON Schema of one document of a policy file, with the parameters of these rules: for
/// editors, and for whoever checks policies with something else.
pub fn schema(rules: &[&'static Rule]) -> Json {
    let kinds = Kind::ALL.map(|kind| {
        let mut schema = of_kind(kind).clone();
        if kind == Kind::Policy {
            add_rules(&mut schema, rules);
        }
        schema
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("https://{API_VERSION}/policy.schema.json"),
        "title": "Portcullis policy file",
        "description": "One document of a policy file: a policy, a waiver, or the settings of the whole set.",
        "oneOf": kinds,
    })
}

/// The schema of a document of one kind. What a rule's parameters may be is not in it.
pub(super) fn of_kind(kind: Kind) -> &'static Json {
    static POLICY: LazyLock<Json> = LazyLock::new(|| document(Kind::Policy));
    static WAIVER: LazyLock<Json> = LazyLock::new(|| document(Kind::Waiver));
    static POLICY_SET: LazyLock<Json> = LazyLock::new(|| document(Kind::PolicySet));
    match kind {
        Kind::Policy => &POLICY,
        Kind::Waiver => &WAIVER,
        Kind::PolicySet => &POLICY_SET,
    }
}

fn document(kind: Kind) -> Json {
    let spec = match kind {
        Kind::Policy => of_type::<Policy>(),
        Kind::Waiver => of_type::<Waiver>(),
        Kind::PolicySet => of_type::<Settings>(),
    };
    let required = match kind {
        Kind::Policy | Kind::Waiver => json!(["apiVersion", "kind", "metadata", "spec"]),
        Kind::PolicySet => json!(["apiVersion", "kind", "spec"]),
    };
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    json!({
        "title": kind.as_str(),
        "type": "object",
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": kind.as_str()},
            "metadata": {
                "type": "object",
                "properties": {
                    "name": {
                        "description": format!("What the {} is called.", kind.noun()),
                        "type": "string",
                        "maxLength": 253,
                        "pattern": NAME,
                        "x-wanted": "lower-case letters, digits, `-` and `.`",
                    },
                    "labels": texts,
                    "annotations": texts,
                },
                "additionalProperties": false,
                "required": ["name"],
            },
            "spec": spec,
        },
        "additionalProperties": false,
        "required": required,
    })
}

/// The schema of a type, all of it in one piece.
pub(super) fn of_type<T: JsonSchema>() -> Json {
    let generator =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = generator.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
    }
    schema
}

/// Says which rules there are, and what `params` holds for each.
fn add_rules(policy: &mut Json, rules: &[&'static Rule]) {
    let Some(entry) = policy.pointer_mut("/properties/spec/properties/rules/items") else { return };
    let ids: Vec<&str> = rules.iter().map(|rule| rule.id).collect();
    let parameters = |rule: &&Rule| {
        let mut schema = (rule.parameters)().to_value();
        if let Some(schema) = schema.as_object_mut() {
            schema.remove("$schema");
        }
        let required = schema.get("required").is_some_and(|fields| *fields != json!([]));
        let required = if required { json!(["params"]) } else { json!([]) };
        json!({
            "if": {"properties": {"rule": {"const": rule.id}}},
            "then": {"properties": {"params": schema}, "required": required},
        })
    };
    let parameters: Vec<Json> = rules.iter().map(parameters).collect();
    if let Some(entry) = entry.as_object_mut() {
        entry.insert("allOf".to_owned(), Json::Array(parameters));
    }
    if let Some(rule) = entry.pointer_mut("/properties/rule").and_then(Json::as_object_mut) {
        rule.insert("enum".to_owned(), json!(ids));
    }
}
