use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Check, Configure, Context, Kinds, Mention, Missing, Node, Observer, ParameterError,
};
use crate::resource::cni::{address_fields, network_of, overlap, plugins};

declare_rule! {
    /// Flags two allocatable networks that share addresses.
    ///
    /// ## Why
    ///
    /// The SDP Helm deployer makes a supernet of each NetworkAttachmentDefinition that is marked
    /// for it, and gives addresses out of it to receivers. Where two supernets overlap, two
    /// receivers get one address, and the correlator's data arrives at either.
    ///
    /// ## Fields
    ///
    /// The networks of `spec.config` in definitions with the label
    /// `sdp.skao.int/available-for-allocation: "true"`, of any namespace, IPv4 and IPv6: `range`
    /// and `ipRanges` of `whereabouts`, `subnet` and `ranges` of `host-local`. Of a range
    /// `10.20.0.10-10.20.0.99/16` the network counts (`10.20.0.0/16`), since the supernet is
    /// made of it. Networks that touch are no overlap. One definition may name a network twice.
    ///
    /// ## Parameters
    ///
    /// - `allocationLabel`: the label by which SDP finds definitions. The default is
    ///   `sdp.skao.int/available-for-allocation`.
    ///
    /// ## Fix
    ///
    /// None: the network's planners know whose the addresses are.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: k8s.cni.cncf.io/v1, kind: NetworkAttachmentDefinition, metadata: {name: archive, namespace: kube-system, labels: {sdp.skao.int/available-for-allocation: "true"}}, spec: {config: "{\"type\": \"macvlan\", \"ipam\": {\"type\": \"whereabouts\", \"range\": \"10.20.128.0/17\"}}"}}'}
    /// apiVersion: k8s.cni.cncf.io/v1
    /// kind: NetworkAttachmentDefinition
    /// metadata:
    ///   name: cbf
    ///   namespace: kube-system
    ///   labels:
    ///     sdp.skao.int/available-for-allocation: "true"
    /// spec:
    ///   config: '{"type": "macvlan", "ipam": {"type": "whereabouts", "range": "10.20.0.10-10.20.0.99/16"}}'
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # facts: {objects: '{apiVersion: k8s.cni.cncf.io/v1, kind: NetworkAttachmentDefinition, metadata: {name: archive, namespace: kube-system, labels: {sdp.skao.int/available-for-allocation: "true"}}, spec: {config: "{\"type\": \"macvlan\", \"ipam\": {\"type\": \"whereabouts\", \"range\": \"10.21.0.0/16\"}}"}}'}
    /// apiVersion: k8s.cni.cncf.io/v1
    /// kind: NetworkAttachmentDefinition
    /// metadata:
    ///   name: cbf
    ///   namespace: kube-system
    ///   labels:
    ///     sdp.skao.int/available-for-allocation: "true"
    /// spec:
    ///   config: '{"type": "macvlan", "ipam": {"type": "whereabouts", "range": "10.20.0.0/16"}}'
    /// ```
    ///
    /// ## References
    ///
    /// - SKA SDP, [Helm deployer](https://developer.skao.int/projects/ska-sdp-helmdeploy/en/latest/):
    ///   from which fields the supernet is made is not public; what is read here is ours
    pub(crate) static NETWORK_OVERLAP = {
        id: "network-overlap",
        category: Reliability,
        severity: High,
        since: "0.1.0",
        kinds: &["k8s.cni.cncf.io/*/NetworkAttachmentDefinition"],
        check: NetworkOverlap,
    }
}

/// What all allocatable networks are noted under.
const NETWORKS: &str = "networks";

/// How many of the other definitions are shown.
const MOST_RELATED: usize = 10;

struct NetworkOverlap {
    label: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The label by which SDP finds definitions.
    #[serde(default = "of_sdp")]
    allocation_label: String,
}

impl Configure for NetworkOverlap {
    type Parameters = Parameters;

    fn configure(Parameters { allocation_label }: Parameters) -> Result<Self, ParameterError> {
        if !crate::engine::is_label_key(&allocation_label) {
            return Err(ParameterError::new("allocationLabel", "must be the key of a label"));
        }
        Ok(Self { label: allocation_label })
    }
}

impl Check for NetworkOverlap {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for (place, network) in self.networks(cx.object()) {
            let others: Vec<&Mention> = cx
                .others(NETWORKS)?
                .filter(|it| it.text.parse().is_ok_and(|other| overlap(&network, &other)))
                .take(MOST_RELATED)
                .collect();
            let Some(other) = others.first().filter(|_| cx.speaks_for(others.iter().copied()))
            else {
                continue;
            };
            let message =
                format!("network `{network}` overlaps with `{}` of {}", other.text, other.subject);
            let draft = cx.report(place, message);
            draft.help("give each definition addresses of its own");
            for other in others {
                draft.related_to(other, "it overlaps with this");
            }
        }
        Ok(())
    }

    fn observes(&self, judged: &Kinds) -> Kinds {
        judged.clone()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        for (place, network) in self.networks(observer.object()) {
            observer.note_with(NETWORKS, place, network.to_string());
        }
    }
}

impl NetworkOverlap {
    /// The networks of a definition that SDP may give addresses from, and where each stands.
    fn networks<'s>(&'s self, object: Node<'s>) -> Vec<(Node<'s>, IpNet)> {
        if object.at(&["metadata", "labels", &self.label]).as_str() != Some("true") {
            return Vec::new();
        }
        plugins(object.at(&["spec", "config"]))
            .into_iter()
            .flat_map(|plugin| address_fields(plugin.get("ipam")))
            .filter(|field| field.gives_addresses)
            .filter_map(|field| Some((field.node, network_of(field.node.as_str()?)?)))
            .collect()
    }
}

fn of_sdp() -> String {
    "sdp.skao.int/available-for-allocation".to_owned()
}
