//! What the level restricted asks for besides.

use super::{Violation, has_own_users, is_safe_profile};
use crate::engine::Node;
use crate::resource::phrase;
use crate::resource::workload::{Container, containers};

const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

pub(super) fn judge<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    let containers: Vec<Container<'s>> = containers(pod).collect();
    let is_windows = pod.at(&["spec", "os", "name"]).as_str() == Some("windows");
    volumes(pod, found);
    if !is_windows {
        for container in &containers {
            escalation(container, found);
            capabilities(container, found);
        }
        inherited(pod, &containers, &SECCOMP, found);
    }
    if !has_own_users(pod) {
        inherited(pod, &containers, &NON_ROOT, found);
        root(pod, &containers, found);
    }
}

fn volumes<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    for volume in pod.at(&["spec", "volumes"]).items() {
        if !VOLUMES.iter().any(|kind| volume.get(kind).exists()) {
            let message = format!("volume {} is of a restricted type", volume.get("name").shown());
            let help = "use a claim, a ConfigMap, a Secret or an empty directory";
            found.push(Violation { place: volume, message, help });
        }
    }
}

fn escalation<'s>(container: &Container<'s>, found: &mut Vec<Violation<'s>>) {
    let place = container.node.at(&["securityContext", "allowPrivilegeEscalation"]);
    if place.as_bool() != Some(false) {
        let message = format!("{container} may gain more rights than it starts with");
        let help = "set `allowPrivilegeEscalation` to `false`";
        found.push(Violation { place, message, help });
    }
}

fn capabilities<'s>(container: &Container<'s>, found: &mut Vec<Violation<'s>>) {
    let capabilities = container.node.at(&["securityContext", "capabilities"]);
    let drop = capabilities.get("drop");
    if !drop.items().any(|it| it.as_str() == Some("ALL")) {
        let message = format!("{container} does not drop all capabilities");
        found.push(Violation { place: drop, message, help: "drop `ALL`" });
    }
    for place in capabilities.get("add").items() {
        if place.as_str().is_some_and(|it| it != "NET_BIND_SERVICE") {
            let message = format!("{container} adds capability {}", place.shown());
            found.push(Violation { place, message, help: "remove the capability" });
        }
    }
}

fn root<'s>(pod: Node<'s>, containers: &[Container<'s>], found: &mut Vec<Violation<'s>>) {
    for (whose, context) in super::contexts(pod, containers) {
        let place = context.get("runAsUser");
        if place.as_int() == Some(0) {
            let message = format!("{whose} runs as user 0, which is root");
            found.push(Violation { place, message, help: "choose another user" });
        }
    }
}

/// A setting that containers have from their pod unless they have their own.
struct Inherited {
    path: &'static [&'static str],
    /// The part of `path` whose presence counts as a setting.
    depth: usize,
    is_safe: fn(Node<'_>) -> bool,
    /// What whoever sets another value does.
    wrong: &'static str,
    /// What nobody does.
    absent: &'static str,
    help: &'static str,
}

const NON_ROOT: Inherited = Inherited {
    path: &["securityContext", "runAsNonRoot"],
    depth: 2,
    is_safe: |place| place.as_bool() == Some(true),
    wrong: "may run as root",
    absent: "says that it does not run as root",
    help: "set `runAsNonRoot` to `true`, in the pod",
};

const SECCOMP: Inherited = Inherited {
    path: &["securityContext", "seccompProfile", "type"],
    depth: 2,
    is_safe: is_safe_profile,
    wrong: "has a seccomp profile that is not allowed",
    absent: "names a seccomp profile",
    help: "set `seccompProfile.type` to `RuntimeDefault`, in the pod",
};

/// Whoever sets a wrong value is a finding; if nobody does, but neither the pod nor some containers
/// set a safe one, that is one finding at the pod.
fn inherited<'s>(
    pod: Node<'s>,
    containers: &[Container<'s>],
    setting: &Inherited,
    found: &mut Vec<Violation<'s>>,
) {
    let Inherited { path, depth, is_safe, wrong, absent, help } = *setting;
    let presence = path.get(..depth).unwrap_or(path);
    let spec = pod.get("spec");
    let before = found.len();
    let mut judge = |holder: Node<'s>, whose: &dyn std::fmt::Display| -> bool {
        let place = holder.at(path);
        let is_set = holder.at(presence).exists();
        if is_set && !is_safe(place) {
            found.push(Violation { place, message: format!("{whose} {wrong}"), help });
        }
        is_set
    };
    let is_set = judge(spec, &"the pod");
    let is_pod_safe = is_set && is_safe(spec.at(path));
    let mut silent = Vec::new();
    for container in containers {
        if !judge(container.node, container) && !is_pod_safe {
            silent.push(container.name);
        }
    }
    if found.len() == before && !silent.is_empty() {
        let containers = phrase::named("container", &silent);
        let message = format!("neither the pod nor {containers} {absent}");
        found.push(Violation { place: spec.at(path), message, help });
    }
}
