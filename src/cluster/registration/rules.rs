//! The rules of a webhook: kinds become resources by what the API server serves.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::admissionregistration::v1::RuleWithOperations;

use super::is_spared;
use crate::cluster::discovery::{Resource, Served};
use crate::engine::{Demand, Engine, Operation, Schema as _};
use crate::resource::KUBERNETES;

/// Which part of what an engine demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// What may be denied, and must not pass unjudged.
    Denied,
    /// The same, of objects in namespaces.
    DeniedInside,
    /// What is judged and is not in `Denied`.
    Rest,
    /// All that is judged of custom kinds in namespaces, where an entry spells them out.
    Custom,
    /// What is changed when it is created.
    Changed,
}

/// Kinds that are never asked about: to hold them up is to stop the cluster.
const NEVER: [(&str, &str); 5] = [
    ("", "Node"),
    ("", "Event"),
    ("events.k8s.io", "Event"),
    ("coordination.k8s.io", "Lease"),
    ("", "Binding"),
];

/// Groups of which nothing is ever asked about: requests that are answered and not kept, and the
/// way out when a webhook stands in it.
pub(super) const fn named_groups() -> [&'static str; 3] {
    ["authentication.k8s.io", "authorization.k8s.io", "admissionregistration.k8s.io"]
}

/// What one rule of a webhook has in common: group, version, scope, operations.
type Key = (String, String, &'static str, Vec<&'static str>);

/// The rules for one part of what is demanded, in a fixed order.
pub(super) fn rules_for(engine: &Engine, served: &Served, ask: Ask) -> Vec<RuleWithOperations> {
    let mut rules: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
    let mut add = |resource: &Resource, operations: &BTreeSet<Operation>, name: String| {
        if !operations.is_empty() {
            let operations = operations.iter().map(|it| it.as_str()).collect();
            let scope = if resource.namespaced { "Namespaced" } else { "Cluster" };
            let key = (resource.api.group.clone(), resource.api.version.clone(), scope, operations);
            rules.entry(key).or_default().insert(name);
        }
    };
    for resource in &served.resources {
        let api = &resource.api;
        if is_spared(&api.group)
            || !resource.can_be_written()
            || NEVER.contains(&(&*api.group, &*api.kind))
        {
            continue;
        }
        let demand = engine.demand(&api.group, &api.version, &api.kind);
        if resource.preferred || demand.versioned {
            add(resource, &ask.of(&demand, resource), api.plural.clone());
        }
        for part in resource.subresources.iter().filter(|part| part.name != "status") {
            let of_part = engine.demand(&part.group, &part.version, &part.kind);
            let is_pod = (&*api.group, &*api.kind) == ("", "Pod");
            let operations = match part.name.as_str() {
                // Both hold a whole Pod, and are written by updates alone.
                "ephemeralcontainers" | "resize" if is_pod => {
                    let mut operations = ask.of(&demand, resource);
                    operations.retain(|it| *it == Operation::Update);
                    operations
                }
                _ if of_part.spelt_out && part.kind != api.kind => ask.of(&of_part, resource),
                _ => continue,
            };
            if resource.preferred || of_part.versioned {
                add(resource, &operations, format!("{}/{}", api.plural, part.name));
            }
        }
    }
    let rule = |((group, version, scope, operations), resources): (Key, BTreeSet<String>)| {
        let operations = operations.into_iter().map(str::to_owned).collect();
        RuleWithOperations {
            api_groups: Some(vec![group]),
            api_versions: Some(vec![version]),
            operations: Some(operations),
            resources: Some(resources.into_iter().collect()),
            scope: Some(scope.to_owned()),
        }
    };
    rules.into_iter().map(rule).collect()
}

/// The kinds that policies name and that are not served: policy, group and kind.
pub fn unserved(engine: &Engine, served: &Served) -> BTreeSet<(String, String, String)> {
    let is_part = |group: &str, kind: &str| {
        let parts = served.resources.iter().flat_map(|it| &it.subresources);
        let mut parts = parts.filter(|it| it.kind == kind);
        parts.any(|it| group == "*" || it.group == group)
    };
    engine
        .spelt_out()
        .into_iter()
        .filter(|(_, group, kind)| !served.has(group, kind) && !is_part(group, kind))
        .map(|(policy, group, kind)| (policy.to_owned(), group, kind))
        .collect()
}

impl Ask {
    fn of(self, demand: &Demand, resource: &Resource) -> BTreeSet<Operation> {
        let rest = || demand.judged.difference(&demand.denied).copied().collect();
        match self {
            Self::Denied => demand.denied.clone(),
            Self::DeniedInside if resource.namespaced => demand.denied.clone(),
            Self::Rest => rest(),
            Self::Custom if resource.namespaced && demand.spelt_out => {
                match KUBERNETES.built_in(&resource.api.group) {
                    false => demand.judged.clone(),
                    true => BTreeSet::new(),
                }
            }
            Self::Changed if demand.changed => BTreeSet::from([Operation::Create]),
            _ => BTreeSet::new(),
        }
    }
}
