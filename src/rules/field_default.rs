use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::document::Value;
use crate::engine::{
    Applicability, Check, Configure, Context, FieldStep, Fix, Kinds, Missing, Node, ParameterError,
    PodKinds,
};
use crate::resource::field::FieldPath;

declare_rule! {
    /// Flags an object that leaves out a field for which the policy has a default.
    ///
    /// ## Why
    ///
    /// A default that everybody has to repeat is forgotten by somebody. With `mutate: true` the
    /// policy fills the field when the object is created; without it the field is only asked for.
    /// This is a general rule: a policy says which field of which kinds, and the value.
    ///
    /// ## Fields
    ///
    /// The one that the policy names. An empty string counts as absent. A policy that fills a
    /// field which the API server always fills is refused when it is loaded.
    ///
    /// ## Parameters
    ///
    /// - `field`: the path to the field: keys joined by dots, `[*]` for every item of a list or
    ///   map, `["key"]` for a key with dots in it. A path that starts with `pod` starts at the pod
    ///   or the pod template of any kind; one that starts with `container` at each container,
    ///   init and ephemeral ones too. It ends with a key.
    /// - `value`: what to put there: anything but null.
    /// - `unless`: the path to another field: where that is there, nothing is asked for, as its
    ///   author has said enough. The default is none.
    ///
    /// ## Fix
    ///
    /// Adds the field with the value, and the maps on the way that are missing. Safe: nobody said
    /// anything else.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {field: spec.imagePullPolicy, value: IfNotPresent}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: central-node
    /// spec:
    ///   image: artefact.skao.int/ska-tmc-centralnode:1.0.0
    /// ```
    ///
    /// ```yaml
    /// # params: {field: 'metadata.labels["skao.int/team"]', value: unknown}
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: settings
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {field: spec.imagePullPolicy, value: IfNotPresent}
    /// apiVersion: tango.tango-controls.org/v1
    /// kind: DeviceServer
    /// metadata:
    ///   name: central-node
    /// spec:
    ///   image: artefact.skao.int/ska-tmc-centralnode:1.0.0
    ///   imagePullPolicy: Always
    /// ```
    ///
    /// ```yaml
    /// # params: {field: container.resources.requests.cpu, value: 65m, unless: pod.spec.resources}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    /// spec:
    ///   resources:
    ///     requests: {cpu: 10m}
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Mutating admission webhooks: good practices](https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/)
    pub(crate) static FIELD_DEFAULT = {
        id: "field-default",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["*", "artefacts"],
        check: FieldDefault,
    }
}

struct FieldDefault {
    field: FieldPath,
    value: Value<'static>,
    unless: Option<FieldPath>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The path to the field.
    field: FieldPath,
    /// What to put there.
    #[serde(deserialize_with = "crate::document::owned")]
    #[schemars(with = "serde_json::Value")]
    value: Value<'static>,
    /// Where this field is there, nothing is asked for.
    #[serde(default)]
    unless: Option<FieldPath>,
}

impl Configure for FieldDefault {
    type Parameters = Parameters;

    fn configure(Parameters { field, value, unless }: Parameters) -> Result<Self, ParameterError> {
        if !field.ends_with_key() {
            return Err(ParameterError::new("field", "must end with a key, not with `[*]`"));
        }
        if value.is_null() {
            return Err(ParameterError::new("value", "must not be null"));
        }
        Ok(Self { field, value, unless })
    }
}

impl Check for FieldDefault {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let said = |field: &'s FieldPath| {
            let places = field.places(cx.object(), cx.pod());
            places.into_iter().any(|place| !place.node.is_empty())
        };
        if self.unless.as_ref().is_some_and(said) {
            return Ok(());
        }
        for place in self.field.places(cx.object(), cx.pod()) {
            if is_absent(place.node) {
                let title = format!("set `{}` to its default", self.field);
                let fix = Fix::set(title.as_str(), Applicability::Safe, place.node, &self.value);
                cx.report(place.node, format!("{} is not set", self.field.of(place)))
                    .help(title)
                    .fix(fix);
            }
        }
        Ok(())
    }

    fn judges_presence_of<'p>(&'p self, template: Option<&[&'p str]>) -> Vec<Vec<FieldStep<'p>>> {
        self.field.from_root(template)
    }

    fn fills(&self) -> Option<&Value<'static>> {
        Some(&self.value)
    }

    fn flaw(&self, kinds: &Kinds, pods: &PodKinds) -> Option<String> {
        let fields = [Some(&self.field), self.unless.as_ref()];
        fields.into_iter().flatten().find_map(|field| field.flaw(kinds, pods))
    }
}

fn is_absent(node: Node<'_>) -> bool {
    !node.exists() || node.as_str() == Some("")
}
