use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{Check, Configure, Context, Kinds, Missing, Node, Observer, ParameterError};
use crate::resource::limit_range;
use crate::resource::phrase;
use crate::resource::quantity::Quantity;
use crate::resource::workload::{Container, Sort, runs};

declare_rule! {
    /// Flags a container that does not say what it needs of the node, or how much it may take.
    ///
    /// ## Why
    ///
    /// Without requests the scheduler packs pods onto a node that can't hold them; without a
    /// memory limit one pod can push the others off it. Namespaces with a quota refuse such pods.
    ///
    /// ## Fields
    ///
    /// `resources.requests` and `resources.limits` of containers, sidecars and a `DeviceServer`,
    /// and of init containers where a parameter says so; ephemeral containers can't have any.
    /// A limit alone is a request too, as the API server makes it one. What the pod as a whole
    /// asks for (`spec.resources`) counts for each container. One finding names all that is
    /// missing. A quantity that can't be read, is zero or negative counts as missing.
    ///
    /// What a LimitRange of the namespace puts into every container counts as said, where the
    /// LimitRange is known. A Pod that the API server has seen is judged by what it has: it was
    /// filled in when it was made.
    ///
    /// ## Parameters
    ///
    /// - `requests`: the resources that must be requested. The default is `cpu` and `memory`.
    /// - `limits`: the resources that must be limited. The default is `cpu` and `memory`.
    /// - `initContainers`: whether init containers are judged that do not keep running. The
    ///   default is `true`.
    ///
    /// ## Fix
    ///
    /// None: how much a program needs has to be measured.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata:
    ///   name: tangodb
    /// spec:
    ///   template:
    ///     spec:
    ///       initContainers:
    ///         - name: prepare
    ///           image: artefact.skao.int/ska-tango-images-tango-db:11.0.2
    ///       containers:
    ///         - name: tangodb
    ///           image: artefact.skao.int/ska-tango-images-tango-db:11.0.2
    ///           resources:
    ///             requests:
    ///               cpu: 100m
    ///               memory: 256Mi
    /// ```
    ///
    /// ```yaml
    /// # params: {requests: [cpu, memory, ephemeral-storage], limits: []}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: tangotest-test
    /// spec:
    ///   resources:
    ///     requests:
    ///       cpu: 100m
    ///       memory: 256Mi
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {initContainers: false}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   initContainers:
    ///     - name: prepare
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///       resources:
    ///         limits:
    ///           cpu: 100m
    ///           memory: 256Mi
    /// ```
    ///
    /// ## References
    ///
    /// - SKA developer portal, [Container Orchestration Guidelines](https://developer.skatelescope.org/en/latest/tools/containers/orchestration-guidelines.html):
    ///   requests and limits on every container
    pub(crate) static CONTAINER_RESOURCES = {
        id: "container-resources",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["pods", "tango.tango-controls.org/*/DeviceServer"],
        check: ContainerResources,
    }
}

struct ContainerResources {
    parameters: Parameters,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The resources that must be requested.
    #[serde(default = "cpu_and_memory")]
    requests: Vec<String>,
    /// The resources that must be limited.
    #[serde(default = "cpu_and_memory")]
    limits: Vec<String>,
    /// Whether init containers are judged that do not keep running.
    #[serde(default = "yes")]
    init_containers: bool,
}

impl Configure for ContainerResources {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        if parameters.requests.is_empty() && parameters.limits.is_empty() {
            return Err(ParameterError::new(
                "requests",
                "must name a resource if `limits` is empty",
            ));
        }
        Ok(Self { parameters })
    }
}

impl Check for ContainerResources {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let identity = &cx.subject().identity;
        let is_made = identity.kind == "Pod" && identity.uid.is_some();
        let of_pod = cx.pod().and_then(|pod| pod.find(&["spec", "resources"]));
        for container in runs(cx) {
            if !self.judges(&container) {
                continue;
            }
            let resources = container.node.get("resources");
            let mut missing = self.missing(resources, of_pod);
            missing.retain(|it| is_made || !limit_range::fills(cx, it).unwrap_or(false));
            if !missing.is_empty() {
                cx.report(resources, format!("{container} has no {}", phrase::any(&missing)))
                    .about_key()
                    .help("measure what it needs, and say so");
            }
        }
        Ok(())
    }

    fn observes(&self, _: &Kinds) -> Kinds {
        Kinds::parse(&["v1/LimitRange"]).unwrap_or_default()
    }

    fn observe<'s>(&'s self, observer: &mut Observer<'s>) {
        limit_range::note(observer);
    }
}

impl ContainerResources {
    fn judges(&self, container: &Container<'_>) -> bool {
        match container.sort {
            Sort::Regular | Sort::DeviceServer => true,
            Sort::Init => container.is_sidecar() || self.parameters.init_containers,
            Sort::Ephemeral | Sort::Artefact => false,
        }
    }

    /// What neither the container nor the pod says: `cpu request`, `memory limit`.
    fn missing<'s>(&'s self, resources: Node<'s>, of_pod: Option<Node<'s>>) -> Vec<String> {
        let says = |list: &'static str, name: &'s str| {
            [Some(resources), of_pod]
                .into_iter()
                .flatten()
                .any(|it| it.find(&[list, name]).is_some_and(is_amount))
        };
        let Parameters { requests, limits, .. } = &self.parameters;
        let requests = requests
            .iter()
            .filter(|name| !says("requests", name) && !says("limits", name))
            .map(|name| format!("{name} request"));
        let limits =
            limits.iter().filter(|name| !says("limits", name)).map(|name| format!("{name} limit"));
        requests.chain(limits).collect()
    }
}

fn is_amount(node: Node<'_>) -> bool {
    node.value()
        .and_then(|value| Quantity::of(value).ok())
        .is_some_and(|amount| !amount.is_zero() && !amount.is_negative())
}

fn cpu_and_memory() -> Vec<String> {
    vec!["cpu".to_owned(), "memory".to_owned()]
}

fn yes() -> bool {
    true
}
