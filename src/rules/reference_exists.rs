use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Check, Configure, Context, Globs, Kinds, Missing, Node, Observer, ParameterError, Placement,
    PodKinds,
};
use crate::resource::field::FieldPath;

declare_rule! {
    /// Flags a reference to an object that does not exist.
    ///
    /// ## Why
    ///
    /// A misspelt name of a ConfigMap, a claim or a network keeps a pod waiting without end, and
    /// the reason stands in an event that nobody reads. This is a general rule: a policy says which
    /// field names what, and why, in its `message` and `help`.
    ///
    /// ## Fields
    ///
    /// The one that the policy names; its value is the name of the other object. An absent or empty
    /// field passes, and so does a reference beside which `optional: true` stands. An object that is
    /// being deleted counts as absent.
    ///
    /// Clients create objects in an order of their own, so at admission a finding is at most a
    /// warning. An audit, and lint of a set that is said to be complete, apply the policy in full.
    ///
    /// ## Parameters
    ///
    /// - `field`: the path to the field: keys joined by dots, `[*]` for every item of a list or
    ///   map, `["key"]` for a key with dots in it. A path that starts with `pod` starts at the pod
    ///   or the pod template of any kind; one that starts with `container` at each container,
    ///   init and ephemeral ones too.
    /// - `kind`: the kind of the other object, as a scope writes it: `v1/ConfigMap`,
    ///   `GROUP/VERSION/KIND`.
    /// - `namespace`: where the other object must be; if not given, in the namespace of the one that
    ///   names it, or in none.
    /// - `nameField`: the field of the other object that holds the name; `metadata.name` if not
    ///   given.
    /// - `except`: anchored globs of names that are never missed, such as what the cluster creates by
    ///   itself.
    ///
    /// ## Fix
    ///
    /// None: either side may be wrong.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {field: 'pod.spec.volumes[*].configMap.name', kind: v1/ConfigMap}
    /// # facts: {complete: true, objects: '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: low}}'}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    ///   namespace: low
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///   volumes:
    ///     - name: settings
    ///       configMap:
    ///         name: setings
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {field: 'pod.spec.volumes[*].configMap.name', kind: v1/ConfigMap, except: [kube-root-ca.crt]}
    /// # facts: {complete: true, objects: '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: low}}'}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: receiver
    ///   namespace: low
    /// spec:
    ///   containers:
    ///     - name: receive
    ///       image: artefact.skao.int/ska-sdp-receive:1.0.0
    ///   volumes:
    ///     - name: settings
    ///       configMap:
    ///         name: settings
    ///     - name: ca
    ///       configMap:
    ///         name: kube-root-ca.crt
    ///     - name: overrides
    ///       configMap:
    ///         name: overrides
    ///         optional: true
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [ConfigMaps: optional references](https://kubernetes.io/docs/concepts/configuration/configmap/)
    pub(crate) static REFERENCE_EXISTS = {
        id: "reference-exists",
        category: Reliability,
        severity: Medium,
        since: "0.1.0",
        kinds: &["*", "artefacts"],
        check: ReferenceExists,
    }
}

/// The namespace under which every object is noted besides its own.
const ANY: &str = "*";

/// The namespace of objects that have none, or none yet.
const NONE: &str = "";

struct ReferenceExists {
    field: FieldPath,
    kinds: Kinds,
    /// The kind's own name, for messages.
    kind: String,
    namespace: Option<String>,
    name_field: Option<FieldPath>,
    except: Globs,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The path to the field.
    field: FieldPath,
    /// The kind of the other object.
    kind: String,
    /// The namespace of the other object.
    namespace: Option<String>,
    /// The field of the other object that holds the name.
    name_field: Option<FieldPath>,
    /// Anchored globs of names that are never missed.
    #[serde(default)]
    except: Globs,
}

impl Configure for ReferenceExists {
    type Parameters = Parameters;

    fn configure(given: Parameters) -> Result<Self, ParameterError> {
        let kinds = Kinds::parse(&[&given.kind])
            .map_err(|(_, error)| ParameterError::new("kind", format!("is misspelt: {error}")))?;
        let kind = given.kind.rsplit('/').next().unwrap_or_default();
        if kind == "*" {
            return Err(ParameterError::new("kind", "must name one kind"));
        }
        Ok(Self {
            field: given.field,
            kind: kind.to_owned(),
            kinds,
            namespace: given.namespace,
            name_field: given.name_field,
            except: given.except,
        })
    }
}

impl Check for ReferenceExists {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        for place in self.field.places(cx.object(), cx.pod()) {
            let Some(name) = place.node.as_str().filter(|name| !name.is_empty()) else { continue };
            if self.except.matches(name) || is_optional(place.node) || self.exists(name, cx)? {
                continue;
            }
            let complete = cx.knows_all_others()?;
            let (problem, help) = if complete {
                ("which does not exist", "create it, or correct the name")
            } else {
                ("which is not among the objects that are known", "check that it exists elsewhere")
            };
            let (field, shown, kind) = (self.field.of(place), place.node.shown(), &self.kind);
            cx.report(place.node, format!("{field} names {kind} {shown}, {problem}"))
                .help(help)
                .rests_on_absence();
        }
        Ok(())
    }

    fn observes(&self, _judged: &Kinds) -> Kinds {
        self.kinds.clone()
    }

    fn observe<'s>(&'s self, other: &mut Observer<'s>) {
        let object = other.object();
        let names = match &self.name_field {
            None => vec![object.at(&["metadata", "name"])],
            Some(field) => {
                field.places(object, other.pod()).into_iter().map(|place| place.node).collect()
            }
        };
        let namespace = object.identity().namespace.as_deref().unwrap_or(NONE);
        for node in names {
            if let Some(name) = node.scalar() {
                other.note(key(namespace, &name), node);
                other.note(key(ANY, &name), node);
            }
        }
    }

    fn flaw(&self, kinds: &Kinds, pods: &PodKinds) -> Option<String> {
        let named = self.name_field.as_ref().and_then(|field| field.flaw(&self.kinds, pods));
        named.or_else(|| self.field.flaw(kinds, pods))
    }
}

impl ReferenceExists {
    /// Whether an object with this name is where it must be. One without a namespace is either of a
    /// kind that has none, or a manifest that gets one when it is applied; and a subject of which
    /// nobody knows the namespace may lie beside any object.
    fn exists(&self, name: &str, cx: &Context<'_>) -> Result<bool, Missing> {
        let identity = &cx.subject().identity;
        let own = match cx.object().schema().place(identity) {
            Placement::Namespace(namespace) => namespace,
            Placement::Cluster => NONE,
            Placement::Unknown => ANY,
        };
        let namespace = self.namespace.as_deref().unwrap_or(own);
        for namespace in [namespace, NONE] {
            if cx.others(&key(namespace, name))?.next().is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn key(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

/// Whether the reference says of itself that what it names need not exist.
fn is_optional(name: Node<'_>) -> bool {
    name.parent().get("optional").as_bool() == Some(true)
}
