//! The custom resources: the same documents as in policy files, as an API server keeps them.
//!
//! A CustomResourceDefinition takes a part of JSON Schema alone, a "structural" one:
//! <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema>

use serde_json::{Map, Value as Json, json};

use super::export::yaml;
use super::kind::{API_VERSION, Kind};
use super::schema;
use crate::document::Value;

/// The definitions of `Policy` and `Waiver`, as one YAML file. They stay when the chart that
/// holds them is uninstalled, since whatever they define would be deleted with them.
pub fn definitions() -> String {
    let mut file = String::new();
    for definition in [policy(), waiver()] {
        file.push_str("---\n");
        file.push_str(&yaml::write(&Value::from(&definition)));
    }
    file
}

fn policy() -> Json {
    let columns = [
        column("Enforcement", ".status.enforcement", "The strongest enforcement in force"),
        column("Ready", READY, "Whether it is in force as it is written"),
        column("Origin", ".status.origin", "Shipped with the program, or written here"),
        column("Rules", ".status.rules", "How many rules it names"),
    ];
    let status = json!({
        "enforcement": {
            "type": "string",
            "description": "The strongest enforcement of its entries, under the set's `maxEnforcement`.",
        },
        "origin": {"type": "string", "description": "`Shipped`, `File` or `Resource`."},
        "rules": {"type": "integer", "format": "int32", "description": "How many rules it names."},
    });
    definition(Kind::Policy, "policies", "Cluster", &columns, status)
}

fn waiver() -> Json {
    let columns = [
        column("Owner", ".spec.owner", "Who answers for it"),
        column("Until", ".spec.until", "The last day on which it holds"),
        column("Ready", READY, "Whether it is in force as it is written"),
    ];
    definition(Kind::Waiver, "waivers", "Namespaced", &columns, json!({}))
}

const READY: &str = r#".status.conditions[?(@.type=="Ready")].status"#;

fn column(name: &str, path: &str, description: &str) -> Json {
    json!({"name": name, "type": "string", "jsonPath": path, "description": description})
}

fn definition(kind: Kind, plural: &str, scope: &str, columns: &[Json], status: Json) -> Json {
    let (group, version) = API_VERSION.split_once('/').unwrap_or_default();
    let document = schema::of_kind(kind);
    let spec = document.pointer("/properties/spec").cloned().unwrap_or_default();
    let age = json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"});
    let columns: Vec<&Json> = columns.iter().chain([&age]).collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.{group}"),
            "annotations": {"helm.sh/resource-policy": "keep"},
            "labels": {"app.kubernetes.io/name": "portcullis"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": {
                "kind": kind.as_str(),
                "listKind": format!("{}List", kind.as_str()),
                "plural": plural,
                "singular": kind.as_str().to_lowercase(),
                "categories": ["portcullis"],
            },
            "versions": [{
                "name": version,
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "additionalPrinterColumns": columns,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "description": spec.get("description"),
                    "required": ["spec"],
                    "properties": {
                        "apiVersion": {"type": "string"},
                        "kind": {"type": "string"},
                        "metadata": {"type": "object"},
                        "spec": structural(spec.clone()),
                        "status": with_status(status),
                    },
                }},
            }],
        },
    })
}

fn with_status(own: Json) -> Json {
    let text = json!({"type": "string"});
    let mut properties = json!({
        "observedGeneration": {
            "type": "integer",
            "format": "int64",
            "description": "The generation that this status is about.",
        },
        "digest": {
            "type": "string",
            "description": "The digest of the policy set in force.",
        },
        "conditions": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
            "items": {
                "type": "object",
                "required": ["type", "status", "lastTransitionTime", "reason", "message"],
                "properties": {
                    "type": text,
                    "status": {"type": "string", "enum": ["True", "False", "Unknown"]},
                    "observedGeneration": {"type": "integer", "format": "int64"},
                    "lastTransitionTime": {"type": "string", "format": "date-time"},
                    "reason": text,
                    "message": text,
                },
            },
        },
    });
    if let (Some(all), Json::Object(own)) = (properties.as_object_mut(), own) {
        all.extend(own);
    }
    json!({"type": "object", "properties": properties})
}

/// A schema in the words that an API server takes. What it can't say is checked by our webhook.
fn structural(schema: Json) -> Json {
    let Json::Object(mut fields) = schema else { return schema };
    if let Some(Json::Array(choices)) = fields.remove("anyOf") {
        // An optional field: what it may be, or null.
        let some = choices.into_iter().find(|it| it.get("type") != Some(&json!("null")));
        if let Some(Json::Object(some)) = some {
            for (key, value) in some {
                fields.entry(key).or_insert(value);
            }
        }
        fields.insert("nullable".to_owned(), json!(true));
    }
    if let Some(Json::Array(choices)) = fields.remove("oneOf") {
        let words: Vec<&Json> = choices.iter().filter_map(|it| it.get("const")).collect();
        fields.insert("enum".to_owned(), json!(words));
        fields.insert("type".to_owned(), json!("string"));
    }
    if let Some(Json::Array(types)) = fields.get("type").cloned() {
        let some = types.into_iter().find(|it| *it != json!("null"));
        fields.insert("type".to_owned(), some.unwrap_or_default());
        fields.insert("nullable".to_owned(), json!(true));
    }
    match fields.get("additionalProperties") {
        Some(Json::Bool(false)) => {
            fields.remove("additionalProperties");
        }
        Some(Json::Bool(true)) => {
            fields.remove("additionalProperties");
            fields.insert("x-kubernetes-preserve-unknown-fields".to_owned(), json!(true));
        }
        _ => {}
    }
    fields.remove("title");
    fields.retain(|key, _| !key.starts_with("x-") || key.starts_with("x-kubernetes-"));
    let below = |fields: Map<String, Json>| -> Map<String, Json> {
        fields.into_iter().map(|(key, value)| (key, structural(value))).collect()
    };
    for key in ["items", "additionalProperties"] {
        if let Some(schema) = fields.remove(key) {
            fields.insert(key.to_owned(), structural(schema));
        }
    }
    if let Some(Json::Object(properties)) = fields.remove("properties") {
        fields.insert("properties".to_owned(), Json::Object(below(properties)));
    }
    Json::Object(fields)
}
