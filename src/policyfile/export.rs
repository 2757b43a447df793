//! A policy set as one file.

use serde::Serialize;
use serde_json::Value as Json;

use super::kind::{API_VERSION, Kind};
use super::read::Loaded;
use crate::document::{Value, json};
use crate::engine::PolicySet;

pub(super) mod yaml;

/// The set in force as one policy file: the same bytes for equal sets, and an equal set when it
/// is read again. Waivers that are only proposed are not in it.
pub fn export(loaded: &Loaded) -> String {
    export_set(&loaded.set, loaded.engine.digest())
}

/// The same of a set and the digest of its engine.
pub fn export_set(set: &PolicySet, digest: &str) -> String {
    let mut file = format!("# Policy set {digest}\n");
    let mut policies: Vec<_> = set.policies.iter().collect();
    policies.sort_by(|one, two| one.name.cmp(&two.name));
    let mut waivers: Vec<_> = set.waivers.iter().filter(|waiver| !waiver.proposed).collect();
    waivers.sort_by(|one, two| one.name.cmp(&two.name));
    add(&mut file, Kind::PolicySet, None, &set.settings);
    for policy in policies {
        add(&mut file, Kind::Policy, Some(&policy.name), policy);
    }
    for waiver in waivers {
        add(&mut file, Kind::Waiver, Some(&waiver.name), waiver);
    }
    file
}

/// Adds one document. It goes through JSON text, in which fields keep the order of their type.
fn add(file: &mut String, kind: Kind, name: Option<&str>, spec: &impl Serialize) {
    let text = serde_json::to_string(spec).unwrap_or_else(|_| Json::Null.to_string());
    let spec = json::read(&text).map_or(Value::NULL, |document| document.value);
    let header = [("apiVersion", Value::text(API_VERSION)), ("kind", Value::text(kind.as_str()))];
    let name = name.map(|name| ("metadata", Value::map([("name", Value::text(name))])));
    let document = Value::map(header.into_iter().chain(name).chain([("spec", spec)]));
    file.push_str("---\n");
    file.push_str(&yaml::write(&document));
}
