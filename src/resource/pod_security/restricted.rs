//! What the level restricted asks for besides.

use super::{Holder, Pod, Violation, is_safe_profile};
use crate::engine::Node;
use crate::resource::phrase;
use crate::resource::workload::Container;

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

pub(super) fn judge<'s>(pod: &Pod<'s>, found: &mut Vec<Violation<'s>>) {
    let is_windows = pod.node.at(&["spec", "os", "name"]).as_str() == Some("windows");
    volumes(pod.node, found);
    if !is_windows {
        for container in &pod.containers {
            escalation(container, found);
            capabilities(container, found);
        }
        inherited(pod, &SECCOMP, found);
    }
    if !pod.has_own_users() {
        inherited(pod, &NON_ROOT, found);
        root(pod, found);
    }
}

fn volumes<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    for volume in pod.at(&["spec", "volumes"]).items() {
        if !VOLUMES.iter().any(|kind| volume.find(&[kind]).is_some()) {
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

fn root<'s>(pod: &Pod<'s>, found: &mut Vec<Violation<'s>>) {
    for (holder, context) in pod.contexts() {
        let place = context.get("runAsUser");
        if place.as_int() == Some(0) {
            let message = format!("{holder} runs as user 0, which is root");
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
fn inherited<'s>(pod: &Pod<'s>, setting: &Inherited, found: &mut Vec<Violation<'s>>) {
    let Inherited { path, depth, is_safe, wrong, absent, help } = *setting;
    let presence = path.get(..depth).unwrap_or(path);
    let spec = pod.node.get("spec");
    let before = found.len();
    let mut judge = |node: Node<'s>, holder: Holder<'_, 's>| -> bool {
        let is_set = node.find(presence).is_some();
        if is_set && !is_safe(node.at(path)) {
            let message = format!("{holder} {wrong}");
            found.push(Violation { place: node.at(path), message, help });
        }
        is_set
    };
    let is_set = judge(spec, Holder::Pod);
    let is_pod_safe = is_set && is_safe(spec.at(path));
    let mut silent = Vec::new();
    for container in &pod.containers {
        if !judge(container.node, Holder::Container(container)) && !is_pod_safe {
            silent.push(container.name);
        }
    }
    if found.len() == before && !silent.is_empty() {
        let containers = phrase::named("container", &silent);
        let message = format!("neither the pod nor {containers} {absent}");
        found.push(Violation { place: spec.at(path), message, help });
    }
}
