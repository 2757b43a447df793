//! Label selectors, as Kubernetes has them.
//!
//! Sources: `meta/v1.LabelSelector`; k8s.io/apimachinery `pkg/labels` for what matches. A
//! requirement that a value is *not* one of some holds where the label is absent.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::label::{is_label_key, is_label_value};

/// A label selector whose keys, operators and values are known to be valid.
///
/// An empty one matches everything. Where no selector means something else, that is an `Option`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct LabelSelector {
    fields: Fields,
}

/// One of a selector's `matchExpressions`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    pub key: String,
    pub operator: Operator,
    /// Needed by `In` and `NotIn`, and by them alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// How a [`Requirement`] looks at a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// Why a selector can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    #[error("label key `{0}` is not valid")]
    Key(String),
    #[error("value `{value}` of label `{key}` is not valid")]
    Value { key: String, value: String },
    #[error("operator `{operator}` for label `{key}` needs values")]
    NoValues { key: String, operator: &'static str },
    #[error("operator `{operator}` for label `{key}` takes no values")]
    Values { key: String, operator: &'static str },
}

/// The fields as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename = "LabelSelector", rename_all = "camelCase", deny_unknown_fields)]
struct Fields {
    /// Labels that must be there with these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    match_labels: BTreeMap<String, String>,
    /// Further requirements; all must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    match_expressions: Vec<Requirement>,
}

impl LabelSelector {
    pub fn new(
        match_labels: BTreeMap<String, String>,
        match_expressions: Vec<Requirement>,
    ) -> Result<Self, SelectorError> {
        Fields { match_labels, match_expressions }.try_into()
    }

    /// Whether all requirements hold. `labels` gives the value of a label, if it is there.
    pub fn matches<'l>(&self, labels: impl Fn(&str) -> Option<&'l str>) -> bool {
        let equal = |(key, value): (&String, &String)| labels(key) == Some(value.as_str());
        self.fields.match_labels.iter().all(equal)
            && self.fields.match_expressions.iter().all(|it| it.holds(labels(&it.key)))
    }

    /// Whether this matches everything.
    pub fn is_empty(&self) -> bool {
        self.fields.match_labels.is_empty() && self.fields.match_expressions.is_empty()
    }
}

impl Requirement {
    fn holds(&self, label: Option<&str>) -> bool {
        let listed = label.is_some_and(|label| self.values.iter().any(|value| value == label));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
        }
    }

    fn check(&self) -> Result<(), SelectorError> {
        let (key, operator) = (self.key.clone(), self.operator.name());
        let lists_values = matches!(self.operator, Operator::In | Operator::NotIn);
        match (lists_values, self.values.is_empty()) {
            (true, true) => return Err(SelectorError::NoValues { key, operator }),
            (false, false) => return Err(SelectorError::Values { key, operator }),
            _ => {}
        }
        self.values.iter().try_for_each(|value| check_label(&self.key, value))?;
        if is_label_key(&key) { Ok(()) } else { Err(SelectorError::Key(key)) }
    }
}

impl Operator {
    const fn name(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
        }
    }
}

impl TryFrom<Fields> for LabelSelector {
    type Error = SelectorError;

    fn try_from(fields: Fields) -> Result<Self, SelectorError> {
        fields.match_labels.iter().try_for_each(|(key, value)| check_label(key, value))?;
        fields.match_expressions.iter().try_for_each(Requirement::check)?;
        Ok(Self { fields })
    }
}

impl From<LabelSelector> for Fields {
    fn from(selector: LabelSelector) -> Self {
        selector.fields
    }
}

fn check_label(key: &str, value: &str) -> Result<(), SelectorError> {
    if !is_label_key(key) {
        Err(SelectorError::Key(key.into()))
    } else if !is_label_value(value) {
        Err(SelectorError::Value { key: key.into(), value: value.into() })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<LabelSelector, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    fn matches(json: &str, labels: &[(&str, &str)]) -> bool {
        read(json)
            .unwrap()
            .matches(|key| labels.iter().find(|(held, _)| *held == key).map(|(_, value)| *value))
    }

    #[test]
    fn an_empty_selector_matches_everything() {
        assert!(matches("{}", &[]) && matches("{}", &[("a", "b")]));
        assert!(read("{}").unwrap().is_empty());
    }

    #[test]
    fn all_match_labels_must_be_equal() {
        let selector = r#"{"matchLabels": {"app": "a", "tier": ""}}"#;
        assert!(matches(selector, &[("app", "a"), ("tier", ""), ("x", "y")]));
        assert!(!matches(selector, &[("app", "a")]));
        assert!(!matches(selector, &[("app", "A"), ("tier", "")]));
    }

    #[test]
    fn expressions_treat_an_absent_label_as_kubernetes_does() {
        let one = |operator: &str, values: &str| {
            format!(r#"{{"matchExpressions":[{{"key":"k","operator":"{operator}"{values}}}]}}"#)
        };
        let values = r#","values":["a","b"]"#;
        let cases: [(&str, &str, [bool; 3]); 4] = [
            ("In", values, [true, false, false]),
            ("NotIn", values, [false, true, true]),
            ("Exists", "", [true, true, false]),
            ("DoesNotExist", "", [false, false, true]),
        ];
        for (operator, values, expected) in cases {
            let selector = one(operator, values);
            let found = [&[("k", "b")][..], &[("k", "c")], &[]].map(|it| matches(&selector, it));
            assert_eq!(found, expected, "{operator}");
        }
    }

    #[test]
    fn a_bad_selector_is_refused_with_its_reason() {
        let cases = [
            (r#"{"matchLabels": {"a b": "c"}}"#, "label key `a b` is not valid"),
            (r#"{"matchLabels": {"a": "b c"}}"#, "value `b c` of label `a` is not valid"),
            (
                r#"{"matchExpressions": [{"key": "a", "operator": "In"}]}"#,
                "operator `In` for label `a` needs values",
            ),
            (
                r#"{"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}"#,
                "operator `Exists` for label `a` takes no values",
            ),
            (
                r#"{"matchExpressions": [{"key": "", "operator": "Exists"}]}"#,
                "label key `` is not valid",
            ),
            (r#"{"matchLabel": {}}"#, "unknown field `matchLabel`"),
            (r#"{"matchExpressions": [{"key": "a", "operator": "in"}]}"#, "unknown variant `in`"),
        ];
        for (json, expected) in cases {
            let error = read(json).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn it_is_written_as_it_was_read() {
        let json =
            r#"{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"c","operator":"Exists"}]}"#;
        assert_eq!(serde_json::to_string(&read(json).unwrap()).unwrap(), json);
        let schema = schemars::schema_for!(LabelSelector).to_value().to_string();
        assert!(schema.contains("matchExpressions") && schema.contains("DoesNotExist"), "{schema}");
    }
}
