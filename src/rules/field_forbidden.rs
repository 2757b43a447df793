use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Applicability, Check, Configure, Context, FieldStep, Fix, Kinds, Missing, ParameterError,
    PodKinds,
};
use crate::resource::field::FieldPath;

declare_rule! {
    /// Flags an object in which a field is set that must not be.
    ///
    /// ## Why
    ///
    /// Some fields belong to somebody else: a cluster's operators, a controller, another team. This
    /// is a general rule: a policy says which field of which kinds, and why, in its `message` and
    /// `help`.
    ///
    /// ## Fields
    ///
    /// The one that the policy names. An empty string, list or map counts as absent, and so does
    /// what the API server drops, such as `hostNetwork: false`. A policy that forbids a field which
    /// the API server always fills is refused when it is loaded.
    ///
    /// ## Parameters
    ///
    /// - `field`: the path to the field: keys joined by dots, `[*]` for every item of a list or
    ///   map, `["key"]` for a key with dots in it. A path that starts with `pod` starts at the pod
    ///   or the pod template of any kind; one that starts with `container` at each container,
    ///   init and ephemeral ones too.
    ///
    /// ## Fix
    ///
    /// Removes the field. Unsafe: whoever set it may rely on it.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {field: 'spec.rules[*].host'}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: taranta
    /// spec:
    ///   rules:
    ///     - host: taranta.example.org
    /// ```
    ///
    /// In a pod template, whatever the kind:
    ///
    /// ```yaml
    /// # params: {field: pod.spec.nodeName}
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   selector:
    ///     matchLabels:
    ///       app: receiver
    ///   template:
    ///     metadata:
    ///       labels:
    ///         app: receiver
    ///     spec:
    ///       nodeName: node-7
    ///       containers:
    ///         - name: receive
    ///           image: artefact.skao.int/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {field: 'spec.rules[*].host'}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: taranta
    /// spec:
    ///   rules:
    ///     - http:
    ///         paths: []
    /// ```
    ///
    /// What the API server drops is as good as absent:
    ///
    /// ```yaml
    /// # params: {field: pod.spec.hostNetwork}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   hostNetwork: false
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [API conventions: optional vs. required](https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#optional-vs-required)
    pub(crate) static FIELD_FORBIDDEN = {
        id: "field-forbidden",
        category: Convention,
        severity: Medium,
        since: "0.1.0",
        kinds: &["*", "artefacts"],
        check: FieldForbidden,
    }
}

struct FieldForbidden {
    field: FieldPath,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The path to the field.
    field: FieldPath,
}

impl Configure for FieldForbidden {
    type Parameters = Parameters;

    fn configure(parameters: Parameters) -> Result<Self, ParameterError> {
        Ok(Self { field: parameters.field })
    }
}

impl Check for FieldForbidden {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for place in self.field.places(cx.object(), cx.pod()) {
            if !place.node.is_empty() {
                let title = format!("remove `{}`", self.field);
                let fix = Fix::remove(title.as_str(), Applicability::Unsafe, place.node);
                cx.report(place.node, format!("{} is set", self.field.of(place)))
                    .help(title)
                    .fix(fix);
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
