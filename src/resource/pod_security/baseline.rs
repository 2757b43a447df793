//! The controls of the level baseline.

use super::{Holder, Level, Pod, Violation, is_safe_profile};
use crate::engine::Node;
use crate::resource::workload::{Container, PROBES};

const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

const SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

const SELINUX_TYPES: [&str; 5] =
    ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

/// Before it was a field, a profile was an annotation for each container; both still count.
const APPARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn judge<'s>(pod: &Pod<'s>, level: Level, found: &mut Vec<Violation<'s>>) {
    host_namespaces(pod.node, found);
    sysctls(pod.node, found);
    apparmor_annotations(pod.node, found);
    for (holder, context) in pod.contexts() {
        judge_context(&holder, context, level, found);
    }
    // In the restricted level nothing loosens what a pod may see of `/proc`.
    let may_unmask = level == Level::Baseline && pod.has_own_users();
    for container in &pod.containers {
        judge_container(container, level, may_unmask, found);
    }
    if level == Level::Baseline {
        host_paths(pod.node, found);
    }
}

fn host_namespaces<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        if let Some(place) = switched_on(pod, &["spec", key]) {
            let message = format!("the pod uses a namespace of its node: `{key}`");
            found.push(Violation { place, message, help: "remove the field" });
        }
    }
}

fn sysctls<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    let sysctls = pod.find(&["spec", "securityContext", "sysctls"]);
    for sysctl in sysctls.into_iter().flat_map(Node::items) {
        let place = sysctl.get("name");
        if place.as_str().is_some_and(|name| !SYSCTLS.contains(&name)) {
            let message = format!("sysctl {} is not a safe one", place.shown());
            found.push(Violation { place, message, help: "let the node's administrators set it" });
        }
    }
}

fn apparmor_annotations<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    let annotations = pod.find(&["metadata", "annotations"]);
    for (key, place) in annotations.into_iter().flat_map(Node::fields) {
        let is_safe =
            |it: &str| it.is_empty() || it == "runtime/default" || it.starts_with("localhost/");
        if key.starts_with(APPARMOR_ANNOTATION) && place.as_str().is_some_and(|it| !is_safe(it)) {
            let message = format!("an annotation sets AppArmor profile {}", place.shown());
            found.push(Violation { place, message, help: "use the runtime's own profile" });
        }
    }
}

/// Judges what stands in the `securityContext` of a pod and of a container alike.
fn judge_context<'s>(
    holder: &Holder<'_, 's>,
    context: Node<'s>,
    level: Level,
    found: &mut Vec<Violation<'s>>,
) {
    if let Some(place) = switched_on(context, &["windowsOptions", "hostProcess"]) {
        let message = format!("{holder} is a process of its Windows node");
        found.push(Violation { place, message, help: "remove the field" });
    }
    let mut profile = |key, name| {
        let Some(profile) = context.find(&[key]) else { return };
        let place = profile.get("type");
        if !is_safe_profile(place) {
            let message = format!("{holder} has {name} profile {}", place.shown());
            let help = "use `RuntimeDefault` or `Localhost`";
            found.push(Violation { place, message, help });
        }
    };
    profile("appArmorProfile", "AppArmor");
    if level == Level::Baseline {
        profile("seccompProfile", "seccomp");
    }
    let Some(options) = context.find(&["seLinuxOptions"]) else { return };
    let place = options.get("type");
    if !SELINUX_TYPES.contains(&place.as_str().unwrap_or_default()) {
        let message = format!("{holder} has SELinux type {}", place.shown());
        found.push(Violation { place, message, help: "use `container_t`" });
    }
    for key in ["user", "role"] {
        let place = options.get(key);
        if !place.is_empty() {
            let message = format!("{holder} has an SELinux {key} of its own");
            found.push(Violation { place, message, help: "remove the field" });
        }
    }
}

fn judge_container<'s>(
    container: &Container<'s>,
    level: Level,
    may_unmask: bool,
    found: &mut Vec<Violation<'s>>,
) {
    let node = container.node;
    if let Some(place) = switched_on(node, &["securityContext", "privileged"]) {
        let message = format!("{container} is privileged");
        let help = "add only the capabilities that it needs";
        found.push(Violation { place, message, help });
    }
    if level == Level::Baseline {
        let added = node.find(&["securityContext", "capabilities", "add"]);
        for place in added.into_iter().flat_map(Node::items) {
            if place.as_str().is_some_and(|it| !CAPABILITIES.contains(&it)) {
                let message = format!("{container} adds capability {}", place.shown());
                found.push(Violation { place, message, help: "remove the capability" });
            }
        }
    }
    if let Some(place) = node.find(&["securityContext", "procMount"])
        && !may_unmask
        && place.as_str().is_some_and(|it| it != "Default")
    {
        let message = format!("{container} mounts `/proc` as {}", place.shown());
        found.push(Violation { place, message, help: "use `Default`" });
    }
    for port in node.get("ports").items() {
        if let Some(place) = port.find(&["hostPort"])
            && place.as_int().is_some_and(|number| number != 0)
        {
            let message = format!("{container} takes port {} of its node", place.shown());
            found.push(Violation { place, message, help: "use a Service" });
        }
    }
    let probes = PROBES.iter().filter_map(|(probe, _)| node.find(&[probe]));
    let hooks = ["postStart", "preStop"].iter().filter_map(|hook| node.find(&["lifecycle", hook]));
    for handler in probes.chain(hooks) {
        for action in ["httpGet", "tcpSocket"] {
            if let Some(place) = handler.find(&[action, "host"])
                && !place.is_empty()
            {
                let message = format!("{container} lets its node call another host");
                let help = "remove the host: the pod's own address is meant";
                found.push(Violation { place, message, help });
            }
        }
    }
}

fn host_paths<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    for volume in pod.at(&["spec", "volumes"]).items() {
        if let Some(place) = volume.find(&["hostPath"]) {
            let message = format!("volume {} is a path of the node", volume.get("name").shown());
            found.push(Violation { place, message, help: "use a claim" });
        }
    }
}

/// The field at the end of `keys` if it is `true`.
fn switched_on<'s>(node: Node<'s>, keys: &[&'s str]) -> Option<Node<'s>> {
    node.find(keys).filter(|it| it.as_bool() == Some(true))
}
