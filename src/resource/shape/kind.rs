//! The kinds: whether one lives in a namespace, and where it keeps its pods.

use std::sync::LazyLock;

use super::form::Form;
use super::table::KINDS;
use crate::document::same;
use crate::engine::{Identity, Placement};

/// The way from an object's root to its pod template.
pub(super) type TemplatePath = &'static [&'static str];

/// What is known of a kind.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) group: &'static str,
    /// The version that has this form; `None` for all that no other row names.
    pub(super) version: Option<&'static str>,
    pub(super) name: &'static str,
    pub(super) form: &'static Form,
    pub(super) pod_template: Option<TemplatePath>,
    is_namespaced: bool,
}

/// The API groups of Kubernetes itself, besides the core group.
const GROUPS: [&str; 23] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// The groups that hold nothing but requests.
const REQUEST_GROUPS: [&str; 2] = ["authentication.k8s.io", "authorization.k8s.io"];

/// Requests that are never stored, and what the parts of a cluster write to keep it running.
const MACHINERY: [(&str, &str); 17] = [
    ("", "Binding"),
    ("", "Endpoints"),
    ("", "Event"),
    ("", "NodeProxyOptions"),
    ("", "PodAttachOptions"),
    ("", "PodExecOptions"),
    ("", "PodPortForwardOptions"),
    ("", "PodProxyOptions"),
    ("", "ServiceProxyOptions"),
    ("apps", "ControllerRevision"),
    ("autoscaling", "Scale"),
    ("coordination.k8s.io", "Lease"),
    ("coordination.k8s.io", "LeaseCandidate"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("events.k8s.io", "Event"),
    ("policy", "Eviction"),
    ("storage.k8s.io", "CSINode"),
];

/// A kind whose objects live in a namespace.
pub(super) const fn namespaced(
    group: &'static str,
    name: &'static str,
    form: &'static Form,
) -> Kind {
    Kind { group, version: None, name, form, pod_template: None, is_namespaced: true }
}

/// A kind whose objects belong to the whole cluster.
pub(super) const fn cluster(group: &'static str, name: &'static str, form: &'static Form) -> Kind {
    Kind { group, version: None, name, form, pod_template: None, is_namespaced: false }
}

/// A kind that is a pod or makes pods.
pub(super) const fn pods(
    group: &'static str,
    name: &'static str,
    form: &'static Form,
    template: TemplatePath,
) -> Kind {
    let pod_template = Some(template);
    Kind { group, version: None, name, form, pod_template, is_namespaced: true }
}

impl Kind {
    pub(super) const fn of_version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }
}

/// The kind in any version, the newest form first.
pub(super) fn find(group: &str, name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name && same(kind.group, group))
}

/// The place of the object's kind in the table.
pub(super) fn position(identity: &Identity) -> Option<usize> {
    if identity.format.is_some() {
        return None;
    }
    let mut of_any_version = None;
    for (at, kind) in KINDS.iter().enumerate() {
        if kind.name != identity.kind || !same(kind.group, &identity.group) {
            continue;
        }
        match kind.version {
            Some(version) if version == identity.version => return Some(at),
            Some(_) => {}
            None => of_any_version = of_any_version.or(Some(at)),
        }
    }
    of_any_version
}

/// Every kind that is a pod or makes pods, as group and name.
pub(super) fn pod_kinds() -> &'static [(&'static str, &'static str)] {
    static PODS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
        let pods = KINDS.iter().filter(|kind| kind.pod_template.is_some());
        pods.map(|kind| (kind.group, kind.name)).collect()
    });
    &PODS
}

pub(super) fn is_built_in(group: &str) -> bool {
    group.is_empty() || GROUPS.binary_search(&group).is_ok()
}

pub(super) fn is_machinery(group: &str, kind: &str) -> bool {
    // The kind first: few are, and their names differ in length.
    MACHINERY.iter().any(|it| it.1 == kind && same(it.0, group)) || REQUEST_GROUPS.contains(&group)
}

pub(super) fn place(identity: &Identity) -> Placement<'_> {
    let known = find(&identity.group, &identity.kind);
    match known {
        Some(Kind { group: "", name: "Namespace", .. }) if !identity.name.is_empty() => {
            return Placement::Namespace(&identity.name);
        }
        Some(Kind { is_namespaced: false, .. }) => return Placement::Cluster,
        _ => {}
    }
    match identity.namespace.as_deref().filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => Placement::Namespace(namespace),
        None if identity.format.is_some() => Placement::Cluster,
        // By convention `ClusterIssuer` and its like have no namespace.
        None if known.is_none() && identity.kind.starts_with("Cluster") => Placement::Cluster,
        None => Placement::Unknown,
    }
}
