//! Policy files, facts and cases: what is read, and every mistake at its place.

mod cases;
mod facts;
mod page;
mod reading;

use portcullis::declare_rule;
use portcullis::document::Value;
use portcullis::engine::{
    Check, Configure, Context, FieldStep, Identity, Missing, Node, ParameterError, Placement, Rule,
    Schema, Shape,
};

/// A schema that knows nothing but that a Deployment holds pods.
#[derive(Debug)]
struct Plain;

impl Schema for Plain {
    fn root(&self, _: &Identity) -> Shape {
        Shape::UNKNOWN
    }
    fn field(&self, _: Shape, _: &str) -> Shape {
        Shape::UNKNOWN
    }
    fn item(&self, _: Shape) -> Shape {
        Shape::UNKNOWN
    }
    fn default<'s>(&self, _: Node<'s>, _: &str) -> Option<&'s Value<'s>> {
        None
    }
    fn injected(&self, _: Shape, _: &Value<'_>) -> bool {
        false
    }
    fn embedded<'t>(&self, _: Shape, _: &str, _: &'t str) -> Option<Result<Value<'t>, String>> {
        None
    }
    fn sensitive(&self, _: Node<'_>) -> bool {
        false
    }
    fn item_key(&self, _: Shape) -> Option<&'static str> {
        None
    }
    fn pod_template(&self, _: &str, kind: &str) -> Option<&'static [&'static str]> {
        (kind == "Deployment").then_some(&["spec", "template"])
    }
    fn pod_kinds(&self) -> &'static [(&'static str, &'static str)] {
        &[("apps", "Deployment")]
    }
    fn built_in(&self, _: &str) -> bool {
        false
    }
    fn place<'i>(&self, identity: &'i Identity) -> Placement<'i> {
        identity.namespace.as_deref().map_or(Placement::Unknown, Placement::Namespace)
    }
    fn always_filled(&self, _: &str, _: &str, _: &[FieldStep<'_>]) -> Option<String> {
        None
    }
}

struct LabelRequired(Labels);

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Labels {
    /// The labels that must be there.
    #[schemars(length(min = 1))]
    labels: Vec<String>,
    #[serde(default)]
    on_templates: bool,
}

declare_rule! {
    /// Flags objects without a label.
    static LABEL_REQUIRED = {
        id: "label-required",
        category: Convention,
        severity: Medium,
        since: "0.1.0",
        kinds: &["*"],
        check: LabelRequired,
    }
}

impl Configure for LabelRequired {
    type Parameters = Labels;

    fn configure(labels: Labels) -> Result<Self, ParameterError> {
        match labels.labels.iter().any(|label| label.contains(' ')) {
            true => Err(ParameterError::new("labels", "must not hold white space")),
            false => Ok(Self(labels)),
        }
    }
}

impl Check for LabelRequired {
    fn check<'s>(&'s self, cx: &mut Context<'s>) -> Result<(), Missing> {
        let labels = cx.object().at(&["metadata", "labels"]);
        for label in &self.0.labels {
            if !self.0.on_templates && !labels.get(label).exists() {
                cx.report(labels.get(label), format!("label `{label}` is missing"));
            }
        }
        Ok(())
    }
}

const RULES: &[&Rule] = &[&LABEL_REQUIRED];
