use schemars::JsonSchema;
use serde::Deserialize;

use crate::declare_rule;
use crate::document::Value;
use crate::engine::{
    Applicability, Check, Configure, Context, FieldStep, Fix, Missing, ParameterError,
    is_label_key, is_label_value,
};
use crate::resource::phrase;
use crate::resource::secret::mask;

declare_rule! {
    /// Flags an object without a label whose value follows from its namespace or its owner.
    ///
    /// ## Why
    ///
    /// Dashboards, log searches and bills go by labels that are the same for all of a namespace, or
    /// that repeat the name of what made the pod. Whoever has to write them again forgets some. With
    /// `mutate: true` the policy writes them when the object is created. This is a general rule: a
    /// policy says which label, and where its value comes from.
    ///
    /// ## Fields
    ///
    /// The label of `metadata.labels` that the policy names. An empty one counts as absent. Where
    /// there is nothing to derive it from (the namespace has no such label, nothing controls the
    /// object), or what there is can't be the value of a label, nothing is flagged.
    ///
    /// ## Parameters
    ///
    /// - `label`: the key of the label.
    /// - `from`: where its value comes from: `namespace`, its name; `namespaceLabel`, a label of the
    ///   namespace; or `owner`, the name of the controller, of a ReplicaSet that of its Deployment.
    /// - `key`: the label of the namespace, where `from` is `namespaceLabel`. The default is `label`.
    ///
    /// ## Fix
    ///
    /// Adds the label. Safe: nobody said anything else. A Service or a NetworkPolicy may select by
    /// it, so choose labels that none does.
    ///
    /// ## Invalid
    ///
    /// ```yaml
    /// # params: {label: skao.int/team, from: namespaceLabel, key: cicd.skao.int/team}
    /// # facts: {namespaces: {ci-ska-tmc: {cicd.skao.int/team: himalaya}}}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: central-node
    ///   namespace: ci-ska-tmc
    /// ```
    ///
    /// ```yaml
    /// # params: {label: component, from: owner}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: motor-01-0
    ///   ownerReferences:
    ///     - {apiVersion: apps/v1, kind: StatefulSet, name: motor-01, uid: 1f0c, controller: true}
    /// ```
    ///
    /// ## Valid
    ///
    /// ```yaml
    /// # params: {label: skao.int/team, from: namespaceLabel}
    /// # facts: {namespaces: {ci-ska-tmc: {project: ska-tmc}}}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: central-node
    ///   namespace: ci-ska-tmc
    /// ```
    ///
    /// ## References
    ///
    /// - ska-cicd-makefile, `resources/namespace.yml`: the labels of a namespace
    /// - Kubernetes, [Recommended labels](https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/)
    pub(crate) static LABEL_DEFAULT = {
        id: "label-default",
        category: Convention,
        severity: Low,
        since: "0.1.0",
        kinds: &["*"],
        check: LabelDefault,
    }
}

struct LabelDefault {
    label: String,
    from: Source,
    key: String,
    /// What it fills in, so that two entries can be compared: the source and its key.
    described: Value<'static>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The key of the label.
    label: String,
    /// Where its value comes from.
    from: Source,
    /// The label of the namespace.
    #[serde(default)]
    key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Source {
    Namespace,
    NamespaceLabel,
    Owner,
}

impl Configure for LabelDefault {
    type Parameters = Parameters;

    fn configure(Parameters { label, from, key }: Parameters) -> Result<Self, ParameterError> {
        if !is_label_key(&label) {
            return Err(ParameterError::new("label", "must be the key of a label"));
        }
        if key.is_some() && from != Source::NamespaceLabel {
            return Err(ParameterError::new("key", "is only for `from: namespaceLabel`"));
        }
        let key = key.unwrap_or_else(|| label.clone());
        let described = match from {
            Source::Namespace => Value::text("namespace"),
            Source::NamespaceLabel => Value::map([("namespaceLabel", Value::text(key.clone()))]),
            Source::Owner => Value::text("owner"),
        };
        Ok(Self { label, from, key, described })
    }
}

impl Check for LabelDefault {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let place = cx.object().at(&["metadata", "labels", &self.label]);
        if !place.is_empty() {
            return Ok(());
        }
        let fits = |it: &&str| !it.is_empty() && is_label_value(it) && mask(it) == **it;
        let Some(value) = self.value(cx)?.filter(fits) else { return Ok(()) };
        let label = phrase::line(&self.label);
        let whose = match self.from {
            Source::Namespace => "the name of its namespace",
            Source::NamespaceLabel => "what its namespace says",
            Source::Owner => "the name of its owner",
        };
        let title = format!("set label `{label}` to {whose}");
        let value = Value::text(value);
        let fix = Fix::set(title.as_str(), Applicability::Safe, place, &value);
        cx.report(place, format!("label `{label}` is not set")).about_key().help(title).fix(fix);
        Ok(())
    }

    fn judges_presence_of<'p>(&'p self, _: Option<&[&'p str]>) -> Vec<Vec<FieldStep<'p>>> {
        vec![["metadata", "labels", &self.label].map(FieldStep::Key).to_vec()]
    }

    fn fills(&self) -> Option<&Value<'static>> {
        Some(&self.described)
    }
}

impl LabelDefault {
    /// The value, if there is anything to derive it from.
    fn value<'s>(&self, cx: &Context<'s>) -> Result<Option<&'s str>, Missing> {
        match self.from {
            Source::Namespace => Ok(cx.subject().identity.namespace.as_deref()),
            Source::NamespaceLabel => cx.namespace_label(&self.key),
            Source::Owner => Ok(owner(cx)),
        }
    }
}

/// The name of the controller; of a ReplicaSet without what its Deployment added to it.
fn owner<'s>(cx: &Context<'s>) -> Option<&'s str> {
    let owner = cx.subject().controller()?;
    let hash = || cx.subject().label("pod-template-hash");
    match owner.kind {
        "ReplicaSet" => {
            let suffix = hash().and_then(|hash| owner.name.strip_suffix(hash));
            Some(suffix.and_then(|name| name.strip_suffix('-')).unwrap_or(owner.name))
        }
        _ => Some(owner.name),
    }
}
