//! Policy files, facts and cases: what is read, and every mistake at its place.

mod cases;
mod facts;
mod page;
mod reading;

use portcullis::declare_rule;
use portcullis::engine::{Check, Configure, Context, Missing, ParameterError, Rule};

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
