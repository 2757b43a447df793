//! Kubernetes' Pod Security Standards, as version 1.36 of its own admission plugin checks them.
//!
//! Source: k8s.io/pod-security-admission `policy/check_*.go`. Restricted is all of baseline, but
//! for the controls that it has a stricter form of: capabilities, volumes, seccomp and `/proc`.

mod baseline;
mod restricted;

use schemars::JsonSchema;
use serde::Deserialize;

use super::workload::Container;
use crate::engine::Node;

/// How much a pod may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Baseline,
    Restricted,
}

/// One field that a level does not allow.
#[derive(Debug)]
pub struct Violation<'s> {
    pub place: Node<'s>,
    pub message: String,
    /// What to do, as an imperative.
    pub help: &'static str,
}

/// All that `level` does not allow of a pod or pod template.
pub fn violations(pod: Node<'_>, level: Level) -> Vec<Violation<'_>> {
    let mut found = Vec::new();
    baseline::judge(pod, level, &mut found);
    if level == Level::Restricted {
        restricted::judge(pod, &mut found);
    }
    found
}

/// The places that the pod and its containers have for a setting of theirs: with what to call each.
fn contexts<'s>(
    pod: Node<'s>,
    containers: &[Container<'s>],
) -> impl Iterator<Item = (String, Node<'s>)> {
    let of_pod = ("the pod".to_owned(), pod.at(&["spec", "securityContext"]));
    let of_containers: Vec<_> =
        containers.iter().map(|it| (it.to_string(), it.node.get("securityContext"))).collect();
    std::iter::once(of_pod).chain(of_containers)
}

/// Whether the pod has users of its own, so that root in it is nobody outside.
fn has_own_users(pod: Node<'_>) -> bool {
    pod.at(&["spec", "hostUsers"]).as_bool() == Some(false)
}

/// Whether a profile is one that the standards allow.
fn is_safe_profile(kind: Node<'_>) -> bool {
    matches!(kind.as_str(), Some("RuntimeDefault" | "Localhost"))
}
