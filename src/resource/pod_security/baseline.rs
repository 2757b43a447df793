//! The controls of the level baseline.

use super::{Level, Violation, contexts, has_own_users, is_safe_profile};
use crate::engine::Node;
use crate::resource::workload::{Container, PROBES, containers};

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

pub(super) fn judge<'s>(pod: Node<'s>, level: Level, found: &mut Vec<Violation<'s>>) {
    let containers: Vec<Container<'s>> = containers(pod).collect();
    host_namespaces(pod, found);
    sysctls(pod, found);
    apparmor_annotations(pod, found);
    for (whose, context) in contexts(pod, &containers) {
        if !context.is_empty() {
            judge_context(&whose, context, level, found);
        }
    }
    // In the restricted level nothing loosens what a pod may see of `/proc`.
    let may_unmask = level == Level::Baseline && has_own_users(pod);
    for container in &containers {
        judge_container(container, level, may_unmask, found);
    }
    if level == Level::Baseline {
        host_paths(pod, found);
    }
}

fn host_namespaces<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    for key in ["hostNetwork", "hostPID", "hostIPC"] {
        let place = pod.get("spec").get(key);
        if place.as_bool() == Some(true) {
            let message = format!("the pod uses a namespace of its node: `{key}`");
            found.push(Violation { place, message, help: "remove the field" });
        }
    }
}

fn sysctls<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    for sysctl in pod.at(&["spec", "securityContext", "sysctls"]).items() {
        let place = sysctl.get("name");
        if place.as_str().is_some_and(|name| !SYSCTLS.contains(&name)) {
            let message = format!("sysctl {} is not a safe one", place.shown());
            found.push(Violation { place, message, help: "let the node's administrators set it" });
        }
    }
}

fn apparmor_annotations<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    for (key, place) in pod.at(&["metadata", "annotations"]).fields() {
        let is_safe =
            |it: &str| it.is_empty() || it == "runtime/default" || it.starts_with("localhost/");
        if key.starts_with(APPARMOR_ANNOTATION) && place.as_str().is_some_and(|it| !is_safe(it)) {
            let message = format!("an annotation sets AppArmor profile {}", place.shown());
            found.push(Violation { place, message, help: "use the runtime's own profile" });
        }
    }
}

/// Judges what stands in the `securityContext` of a pod and of a container alike.
fn judge_context<'s>(whose: &str, context: Node<'s>, level: Level, found: &mut Vec<Violation<'s>>) {
    let host_process = context.at(&["windowsOptions", "hostProcess"]);
    if host_process.as_bool() == Some(true) {
        let message = format!("{whose} is a process of its Windows node");
        found.push(Violation { place: host_process, message, help: "remove the field" });
    }
    let profile = context.get("appArmorProfile");
    let kind = profile.get("type");
    if profile.exists() && !is_safe_profile(kind) {
        let message = format!("{whose} has AppArmor profile {}", kind.shown());
        let help = "use `RuntimeDefault` or `Localhost`";
        found.push(Violation { place: kind, message, help });
    }
    let profile = context.get("seccompProfile");
    let kind = profile.get("type");
    if level == Level::Baseline && profile.exists() && !is_safe_profile(kind) {
        let message = format!("{whose} has seccomp profile {}", kind.shown());
        let help = "use `RuntimeDefault` or `Localhost`";
        found.push(Violation { place: kind, message, help });
    }
    let options = context.get("seLinuxOptions");
    let kind = options.get("type");
    if !SELINUX_TYPES.contains(&kind.as_str().unwrap_or_default()) {
        let message = format!("{whose} has SELinux type {}", kind.shown());
        found.push(Violation { place: kind, message, help: "use `container_t`" });
    }
    for key in ["user", "role"] {
        let place = options.get(key);
        if !place.is_empty() {
            let message = format!("{whose} has an SELinux {key} of its own");
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
    let context = container.node.get("securityContext");
    let privileged = context.get("privileged");
    if privileged.as_bool() == Some(true) {
        let message = format!("{container} is privileged");
        let help = "add only the capabilities that it needs";
        found.push(Violation { place: privileged, message, help });
    }
    if level == Level::Baseline {
        for place in context.at(&["capabilities", "add"]).items() {
            if place.as_str().is_some_and(|it| !CAPABILITIES.contains(&it)) {
                let message = format!("{container} adds capability {}", place.shown());
                found.push(Violation { place, message, help: "remove the capability" });
            }
        }
    }
    let proc_mount = context.get("procMount");
    if !may_unmask && proc_mount.as_str().is_some_and(|it| it != "Default") {
        let message = format!("{container} mounts `/proc` as {}", proc_mount.shown());
        found.push(Violation { place: proc_mount, message, help: "use `Default`" });
    }
    for port in container.node.get("ports").items() {
        let place = port.get("hostPort");
        if place.as_int().is_some_and(|number| number != 0) {
            let message = format!("{container} takes port {} of its node", place.shown());
            found.push(Violation { place, message, help: "use a Service" });
        }
    }
    let probes = PROBES.iter().map(|(probe, _)| container.node.get(probe));
    let lifecycle = container.node.get("lifecycle");
    for handler in probes.chain([lifecycle.get("postStart"), lifecycle.get("preStop")]) {
        for action in ["httpGet", "tcpSocket"] {
            let place = handler.at(&[action, "host"]);
            if !place.is_empty() {
                let message = format!("{container} lets its node call another host");
                let help = "remove the host: the pod's own address is meant";
                found.push(Violation { place, message, help });
            }
        }
    }
}

fn host_paths<'s>(pod: Node<'s>, found: &mut Vec<Violation<'s>>) {
    for volume in pod.at(&["spec", "volumes"]).items() {
        let place = volume.get("hostPath");
        if place.exists() {
            let message = format!("volume {} is a path of the node", volume.get("name").shown());
            found.push(Violation { place, message, help: "use a claim" });
        }
    }
}
