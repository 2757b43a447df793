use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Missing, Node, ParameterError};
use crate::resource::cni::{VERSIONS, address_fields, plugins};
use crate::resource::phrase;

declare_rule! {
    /// Flags a NetworkAttachmentDefinition that gives pods no network, or SDP no supernet.
    ///
    /// ## Why
    ///
    /// Kubernetes takes any text as its configuration. Multus reads it when a pod starts, so what
    /// is wrong comes to light as a receiver that hangs in `ContainerCreating`. The SDP Helm
    /// deployer takes a definition as a resource only if the label is exactly `"true"`, and makes
    /// a supernet of it.
    ///
    /// ## Fields
    ///
    /// - `spec.config`, CNI JSON: a `type`, of each plugin where there is a list; a `cniVersion`
    ///   that exists; an `ipam` with a `type`; networks, ranges and addresses of the address
    ///   managers `whereabouts`, `host-local` and `static` that can be read. Other address
    ///   managers are let be. JSON that can't be read is left to `embedded-document-unreadable`.
    /// - `metadata.labels["sdp.skao.int/available-for-allocation"]`: `"true"` or `"false"`, as a
    ///   string. With `"true"` the configuration must name a network.
    ///
    /// ## Parameters
    ///
    /// - `allocationLabel`: the label by which SDP finds definitions. The default is
    ///   `sdp.skao.int/available-for-allocation`.
    ///
    /// ## Fix
    ///
    /// None: what was meant is for a person to say.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: k8s.cni.cncf.io/v1
    /// kind: NetworkAttachmentDefinition
    /// metadata:
    ///   name: cbf
    ///   labels:
    ///     sdp.skao.int/available-for-allocation: "True"
    /// spec:
    ///   config: |
    ///     {
    ///       "cniVersion": "0.3.2",
    ///       "master": "eth1",
    ///       "ipam": {"type": "whereabouts", "range": "10.20.0.0/33"}
    ///     }
    /// ```
    ///
    /// Without a network there is no supernet:
    ///
    /// ```yaml
    /// apiVersion: k8s.cni.cncf.io/v1
    /// kind: NetworkAttachmentDefinition
    /// metadata:
    ///   name: cbf
    ///   labels:
    ///     sdp.skao.int/available-for-allocation: "true"
    /// spec:
    ///   config: '{"cniVersion": "0.3.1", "type": "macvlan", "ipam": {"type": "dhcp"}}'
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// apiVersion: k8s.cni.cncf.io/v1
    /// kind: NetworkAttachmentDefinition
    /// metadata:
    ///   name: cbf
    ///   labels:
    ///     sdp.skao.int/available-for-allocation: "true"
    /// spec:
    ///   config: |
    ///     {
    ///       "cniVersion": "1.0.0",
    ///       "plugins": [
    ///         {
    ///           "type": "macvlan",
    ///           "master": "eth1",
    ///           "ipam": {"type": "whereabouts", "range": "10.20.0.10-10.20.0.99/16"}
    ///         },
    ///         {"type": "tuning"}
    ///       ]
    ///     }
    /// ```
    ///
    /// ## References
    ///
    /// - [CNI specification](https://www.cni.dev/docs/spec/)
    /// - SKA SDP, [Helm deployer](https://developer.skao.int/projects/ska-sdp-helmdeploy/en/latest/):
    ///   which fields the supernet is made from is not public; that there must be a network is ours
    /// - ska-ser-ansible-collections, `k8s/roles/multihoming`
    pub(crate) static NETWORK_ATTACHMENT_CONFIG = {
        id: "network-attachment-config",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["k8s.cni.cncf.io/*/NetworkAttachmentDefinition"],
        check: NetworkAttachmentConfig,
    }
}

struct NetworkAttachmentConfig {
    allocation_label: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The label by which SDP finds definitions.
    #[serde(default = "of_sdp")]
    allocation_label: String,
}

impl Configure for NetworkAttachmentConfig {
    type Parameters = Parameters;

    fn configure(Parameters { allocation_label }: Parameters) -> Result<Self, ParameterError> {
        if !crate::engine::is_label_key(&allocation_label) {
            return Err(ParameterError::new("allocationLabel", "must be the key of a label"));
        }
        Ok(Self { allocation_label })
    }
}

impl Check for NetworkAttachmentConfig {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let object = cx.object();
        let label = object.at(&["metadata", "labels", &self.allocation_label]);
        let configuration = object.at(&["spec", "config"]);
        let is_allocatable = label.as_str() == Some("true");
        if label.exists() && !is_allocatable && label.as_str() != Some("false") {
            let found = label.value().map_or("nothing", |value| value.type_name());
            let message = match label.as_str() {
                Some(_) => format!("label `{}` is {}", self.allocation_label, label.shown()),
                None => format!("label `{}` is {found}, not a string", self.allocation_label),
            };
            cx.report(label, message).help("write `\"true\"` or `\"false\"`, in quotes");
        }
        if configuration.broken().is_some() {
            return Ok(());
        }
        if configuration.holds_document() {
            judge_configuration(cx, configuration);
        }
        if is_allocatable && !has_network(configuration) {
            cx.report(
                configuration,
                "the configuration of an allocatable network names no network",
            )
            .help("give its `ipam` a range, or set the label to `\"false\"`");
        }
        Ok(())
    }
}

fn judge_configuration<'s>(cx: &mut Context<'s>, configuration: Node<'s>) {
    let version = configuration.get("cniVersion");
    match version.as_str() {
        Some(text) if VERSIONS.contains(&text) => {}
        Some(_) => {
            cx.report(version, format!("there is no CNI version {}", version.shown()))
                .help(format!("use one of {}", phrase::either(&VERSIONS)));
        }
        None => {
            cx.report(version, "the configuration has no `cniVersion`")
                .help("use `0.3.1` or newer");
        }
    }
    let all = plugins(configuration);
    if all.is_empty() {
        cx.report(configuration.get("plugins"), "the configuration has no plugin")
            .help("name at least one");
    }
    for plugin in all {
        let kind = plugin.get("type");
        if kind.as_str().is_none_or(str::is_empty) {
            cx.report(kind, "the plugin has no `type`")
                .help("name the program: `macvlan`, `ipvlan`, …");
        }
        let ipam = plugin.get("ipam");
        if !ipam.is_empty() && ipam.get("type").as_str().is_none_or(str::is_empty) {
            cx.report(ipam.get("type"), "the address manager has no `type`")
                .help("name the program: `whereabouts`, `static`, …");
        }
        for field in address_fields(ipam) {
            if !field.node.as_str().is_some_and(|text| field.form.holds(text)) {
                let shown = field.node.shown();
                let message =
                    format!("`{}` {shown} is not {}", name(field.node), field.form.as_str());
                cx.report(field.node, message);
            }
        }
    }
}

fn has_network(configuration: Node<'_>) -> bool {
    plugins(configuration)
        .into_iter()
        .flat_map(|plugin| address_fields(plugin.get("ipam")))
        .any(|field| field.gives_addresses)
}

/// The field's key; an item of a list goes by the key of the list.
fn name(node: Node<'_>) -> &str {
    match node.key() {
        "" => node.parent().key(),
        key => key,
    }
}

fn of_sdp() -> String {
    "sdp.skao.int/available-for-allocation".to_owned()
}
