use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::engine::{
    Check, Configure, Context, Identity, Kinds, Mention, Missing, Node, Observer, ParameterError,
    PodKinds,
};
use crate::resource::field::{FieldPath, Place};

declare_rule! {
    /// Flags a value that another object, or another place of the same object, has too.
    ///
    /// ## Why
    ///
    /// Two Ingresses with one host, two device servers with one name, two ports with one number:
    /// each object is right by itself, and together they fail, often much later. This is a general
    /// rule: a policy says which field of which kinds, and why, in its `message` and `help`.
    ///
    /// ## Fields
    ///
    /// The one that the policy names, in every object of the kinds in scope. Absent and empty
    /// fields don't count. An object that is being deleted doesn't count, nor one that a controller
    /// of these kinds made: the controller's own value counts.
    ///
    /// Two objects that are created at one moment can both pass at admission; an audit finds them.
    ///
    /// ## Parameters
    ///
    /// - `field`: the path to the field: keys joined by dots, `[*]` for every item of a list or
    ///   map, `["key"]` for a key with dots in it. A path that starts with `pod` starts at the pod
    ///   or the pod template of any kind; one that starts with `container` at each container,
    ///   init and ephemeral ones too.
    /// - `within`: `object` (no value twice in one object), `namespace` (nor in two objects of a
    ///   namespace), or `cluster` (nor in any two objects); `namespace` if not given.
    /// - `ignoreCase`: whether upper and lower case are the same.
    ///
    /// ## Fix
    ///
    /// None: which of the two should change is for people to settle.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {field: 'spec.rules[*].host', within: cluster}
    /// # facts: {objects: '{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: jive, namespace: low}, spec: {rules: [{host: taranta.example.org}]}}'}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: taranta
    ///   namespace: mid
    /// spec:
    ///   rules:
    ///     - host: taranta.example.org
    /// ```
    ///
    /// Twice in one object:
    ///
    /// ```yaml
    /// # params: {field: 'spec.ports[*].nodePort', within: object}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: databaseds
    /// spec:
    ///   ports:
    ///     - name: database
    ///       port: 10000
    ///       nodePort: 30123
    ///     - name: events
    ///       port: 10001
    ///       nodePort: 30123
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {field: 'spec.rules[*].host'}
    /// # facts: {objects: '{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: jive, namespace: low}, spec: {rules: [{host: taranta.example.org}]}}'}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: taranta
    ///   namespace: mid
    /// spec:
    ///   rules:
    ///     - host: taranta.example.org
    /// ```
    ///
    /// ## References
    ///
    /// - Kubernetes, [Ingress: hostname](https://kubernetes.io/docs/concepts/services-networking/ingress/)
    pub(crate) static UNIQUE = {
        id: "unique",
        category: Convention,
        severity: Medium,
        since: "0.1.0",
        kinds: &["*", "artefacts"],
        check: Unique,
    }
}

/// How many of the other objects with the value are shown.
const MOST_RELATED: usize = 10;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Unique {
    /// The path to the field.
    field: FieldPath,
    /// Where a value may stand but once.
    #[serde(default)]
    within: Within,
    /// Whether upper and lower case are the same.
    #[serde(default)]
    ignore_case: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Within {
    Object,
    #[default]
    Namespace,
    Cluster,
}

impl Configure for Unique {
    type Parameters = Self;

    fn configure(parameters: Self) -> Result<Self, ParameterError> {
        Ok(parameters)
    }
}

impl Check for Unique {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let identity = &cx.subject().identity;
        let elsewhere = self.within != Within::Object && !cx.is_judged_at_owner();
        let mut seen: HashMap<String, Place<'s>> = HashMap::new();
        for place in self.field.places(cx.object(), cx.pod()) {
            let Some(key) = self.key(identity, place.node) else { continue };
            let field = self.field.of(place);
            let shown = || place.node.shown();
            if let Some(first) = seen.get(&key) {
                let first = first.node;
                cx.report(place.node, format!("{field} is {}, which stands here twice", shown()))
                    .help("give each its own value")
                    .related_here(first, "the same value");
                continue;
            }
            let others: Vec<&Mention> = match elsewhere {
                true => cx.others(&key)?.take(MOST_RELATED).collect(),
                false => Vec::new(),
            };
            if let Some(other) = others.first()
                && cx.speaks_for(others.iter().copied())
            {
                let message = format!("{field} is {}, as in {}", shown(), other.subject);
                let draft = cx.report(place.node, message).help("give each object its own value");
                for other in others {
                    draft.related_to(other, "the same value");
                }
            }
            seen.insert(key, place);
        }
        Ok(())
    }

    fn observes(&self, judged: &Kinds) -> Kinds {
        if self.within == Within::Object { Kinds::default() } else { judged.clone() }
    }

    fn observe<'s>(&'s self, object: &mut Observer<'s>) {
        if object.is_made_by_observed() {
            return;
        }
        for place in self.field.places(object.object(), object.pod()) {
            if let Some(key) = self.key(object.object().identity(), place.node) {
                object.note(key, place.node);
            }
        }
    }

    fn flaw(&self, kinds: &Kinds, pods: &PodKinds) -> Option<String> {
        self.field.flaw(kinds, pods)
    }
}

impl Unique {
    /// What equal values have in common; `None` where there is no value to compare.
    fn key(&self, identity: &Identity, node: Node<'_>) -> Option<String> {
        let value = node.scalar().filter(|value| !value.is_empty())?;
        let value = if self.ignore_case { value.to_lowercase().into() } else { value };
        // No namespace holds a slash, so no two keys run into one another.
        match (self.within, &identity.namespace) {
            (Within::Namespace, Some(namespace)) => Some(format!("{namespace}/{value}")),
            _ => Some(format!("/{value}")),
        }
    }
}
