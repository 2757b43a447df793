use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Check, Configure, Context, FieldStep, Kinds, Missing, ParameterError, PodKinds,
};
use crate::resource::field::FieldPath;

declare_rule! {
    /// Flags an object in which a field is absent or empty.
    ///
    /// ## Why
    ///
    /// What a convention asks for is easily forgotten, and nobody notices until something relies
    /// on it. This rule says so while the object is written. It is a general rule: a policy says
    /// which field of which kinds, and why, in its `message` and `help`.
    ///
    /// ## Fields
    ///
    /// The one that the policy names. An empty string, list or map counts as absent. A field that
    /// the API server fills with a default counts as there; a policy that requires a field which
    /// the API server always fills is refused when it is loaded.
    ///
    /// ## Parameters
    ///
    /// - `field`: the path to the field: keys joined by dots, `[*]` for every item of a list or
    ///   map, `["key"]` for a key with dots in it. A path that starts with `pod` starts at the pod
    ///   or the pod template of any kind; one that starts with `container` at each container,
    ///   init and ephemeral ones too. Where a list is absent, `[*]` asks for nothing.
    ///
    /// ## Fix
    ///
    /// None: what belongs there is for a person to say. `field-default` fills a field.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {field: spec.ingressClassName}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: taranta
    /// spec: {}
    /// ```
    ///
    /// A device server that names an image without anything in it:
    ///
    /// ```yaml
    /// # params: {field: spec.image}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: central-node
    /// spec:
    ///   image: ''
    /// ```
    ///
    /// One of two containers:
    ///
    /// ```yaml
    /// # params: {field: container.workingDir}
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
    ///       workingDir: /data
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {field: 'metadata.annotations["skao.int/contact"]'}
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata:
    ///   name: dish-lmc
    ///   annotations:
    ///     skao.int/contact: team-karoo
    /// ```
    ///
    /// No port, so no port without a name:
    ///
    /// ```yaml
    /// # params: {field: 'container.ports[*].name'}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Object names and fields](https://kubernetes.io/docs/concepts/overview/working-with-objects/)
    pub(crate) static FIELD_REQUIRED = {
        id: "field-required",
        category: Convention,
        severity: Medium,
        since: "0.1.0",
        kinds: &["*", "artefacts"],
        check: FieldRequired,
    }
}

struct FieldRequired {
    field: FieldPath,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The path to the field.
    field: FieldPath,
}

impl Configure for FieldRequired {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { field: parameters.field })
    }
}

impl Check for FieldRequired {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for place in self.field.places(cx.object(), cx.pod()) {
            if place.node.is_empty() {
                cx.report(place.node, format!("{} is not set", self.field.of(place)))
                    .help(format!("set `{}`", self.field));
            }
        }
        Ok(())
    }

    fn judges_presence_of<'p>(&'p self, template: Option<&[&'p str]>) -> Vec<Vec<FieldStep<'p>>> {
        self.field.from_root(template)
    }

    fn flaw(&self, kinds: &Kinds, pods: &PodKinds) -> Option<String> {
        self.field.flaw(kinds, pods)
    }
}
