//! Where objects keep the configuration of TANGO devices.
//!
//! In operator mode `DeviceServer.spec.config` holds dsconfig JSON, in classic mode a ConfigMap
//! does: `{"servers": {SERVER: {INSTANCE: {CLASS: {DEVICE: {…}}}}}}`. Source: ska-tango-charts
//! (`_operator-ds.yaml`, `_configuration.yaml`).

use super::workload::{TANGO_GROUP, is_device_server};
use crate::engine::{Identity, Node};

/// A device as a configuration defines it.
#[derive(Clone, Copy, Debug)]
pub struct Device<'s> {
    /// Where its key stands.
    pub node: Node<'s>,
    pub server: &'s str,
    pub instance: &'s str,
    pub class: &'s str,
    pub name: &'s str,
}

/// An instance of a server as a configuration defines it.
#[derive(Clone, Copy, Debug)]
pub struct Instance<'s> {
    pub node: Node<'s>,
    pub server: &'s str,
    pub name: &'s str,
}

/// The kinds that hold a configuration, as a rule names them.
pub const CONFIGURED: &[&str] = &["tango.tango-controls.org/*/DeviceServer", "v1/ConfigMap"];

/// The configurations in an object that can be read: one in a `DeviceServer`, those in the
/// `*.json` of a ConfigMap.
pub fn configurations(object: Node<'_>) -> Vec<Node<'_>> {
    let identity = object.identity();
    let candidates: Vec<Node<'_>> = if is_device_server(identity) {
        vec![object.at(&["spec", "config"])]
    } else if identity.kind == "ConfigMap" && identity.group.is_empty() {
        object.get("data").fields().map(|(_, value)| value).collect()
    } else {
        Vec::new()
    };
    let may_define = |text: &str| text.contains("servers") || text.contains('\\');
    candidates
        .into_iter()
        .filter(|it| it.as_str().is_some_and(may_define))
        .filter(|it| it.holds_document() && !it.get("servers").is_empty())
        .collect()
}

/// The servers of a configuration with their instances, as the text has them.
pub fn instances<'s>(configuration: Node<'s>) -> impl Iterator<Item = Instance<'s>> {
    entries(configuration.get("servers")).flat_map(|(server, instances)| {
        entries(instances).map(move |(name, node)| Instance { node, server, name })
    })
}

/// The devices of a configuration, as the text has them.
pub fn devices<'s>(configuration: Node<'s>) -> impl Iterator<Item = Device<'s>> {
    instances(configuration).flat_map(|Instance { node, server, name: instance }| {
        entries(node).flat_map(move |(class, devices)| {
            let device = move |(name, node)| Device { node, server, instance, class, name };
            entries(devices).map(device)
        })
    })
}

/// The devices that a `DeviceServer` serves: those of the instance that its `args` name. Where that
/// is not said, or not to be found, all that its configuration defines.
pub fn served(object: Node<'_>) -> Vec<Device<'_>> {
    let spec = object.get("spec");
    let plain = |text: &str| text.replace('_', "-").to_ascii_lowercase();
    let server = spec.get("dsname").as_str().map(|it| it.split('/').next().unwrap_or(it));
    let instance = spec.get("args").scalar();
    let instance = instance.as_deref().and_then(|it| it.split_whitespace().next());
    let all: Vec<Device<'_>> = configurations(object).into_iter().flat_map(devices).collect();
    let is_own = |device: &&Device<'_>| {
        server.is_none_or(|it| it.eq_ignore_ascii_case(device.server))
            && instance.is_none_or(|it| plain(it) == plain(device.instance))
    };
    let own: Vec<Device<'_>> = all.iter().filter(is_own).copied().collect();
    if own.is_empty() { all } else { own }
}

/// The TANGO database of a `DeviceServer`, in lower case and as a name that another object in the
/// namespace also uses; empty where the object does not say.
pub fn database(object: Node<'_>) -> String {
    object.at(&["spec", "databaseds"]).as_str().unwrap_or_default().to_ascii_lowercase()
}

/// Whether the subject is a TANGO `DatabaseDS` of the operator.
pub fn is_database(identity: &Identity) -> bool {
    identity.group == TANGO_GROUP && identity.kind == "DatabaseDS"
}

/// The fields of a map, also those that a template left empty (`null`).
fn entries<'s>(map: Node<'s>) -> impl Iterator<Item = (&'s str, Node<'s>)> {
    let entries = map.value().and_then(|value| value.as_map()).into_iter().flatten();
    let mut fields = map.fields().peekable();
    entries.map(move |entry| {
        let key: &'s str = &entry.key;
        fields.next_if(|(name, _)| *name == key).unwrap_or_else(|| (key, map.get(key)))
    })
}
