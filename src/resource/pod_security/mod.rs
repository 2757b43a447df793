//! Kubernetes' Pod Security Standards, as version 1.36 of its own admission plugin checks them.
//!
//! Source: k8s.io/pod-security-admission `policy/check_*.go`. Restricted is all of baseline, but
//! for the controls that it has a stricter form of: capabilities, volumes, seccomp and `/proc`.

mod baseline;
mod restricted;

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::workload::{Container, containers};
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

/// A pod and what runs in it.
struct Pod<'s> {
    node: Node<'s>,
    containers: Vec<Container<'s>>,
}

/// Who has a setting, for people.
enum Holder<'p, 's> {
    Pod,
    Container(&'p Container<'s>),
}

/// All that `level` does not allow of a pod or pod template.
pub fn violations(pod: Node<'_>, level: Level) -> Vec<Violation<'_>> {
    let mut found = Vec::new();
    let pod = Pod { node: pod, containers: containers(pod).collect() };
    baseline::judge(&pod, level, &mut found);
    if level == Level::Restricted {
        restricted::judge(&pod, &mut found);
    }
    found
}

impl<'s> Pod<'s> {
    /// The security contexts that are there, of the pod and of its containers.
    fn contexts(&self) -> impl Iterator<Item = (Holder<'_, 's>, Node<'s>)> {
        let of_pod = self.node.find(&["spec", "securityContext"]).map(|it| (Holder::Pod, it));
        let of_containers = self
            .containers
            .iter()
            .filter_map(|it| Some((Holder::Container(it), it.node.find(&["securityContext"])?)));
        of_pod.into_iter().chain(of_containers)
    }

    /// Whether it has users of its own, so that root in it is nobody outside.
    fn has_own_users(&self) -> bool {
        self.node.at(&["spec", "hostUsers"]).as_bool() == Some(false)
    }
}

impl fmt::Display for Holder<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pod => f.write_str("the pod"),
            Self::Container(container) => container.fmt(f),
        }
    }
}

/// Whether a profile is one that the standards allow.
fn is_safe_profile(kind: Node<'_>) -> bool {
    matches!(kind.as_str(), Some("RuntimeDefault" | "Localhost"))
}
