//! Which pods a selector in an object selects.
//!
//! Labels are noted as text, one `key=value` a line, so that a rule can ask for them when it judges
//! another object.

use std::collections::BTreeMap;

use crate::document::from_value;
use crate::engine::{LabelSelector, Node, Requirement};

/// The labels in a map, or the pairs of a plain selector: one `key=value` a line, without those
/// that are not valid.
pub fn label_lines(labels: Node<'_>) -> String {
    let mut lines = String::new();
    for (key, value) in labels.fields() {
        if let Some(value) = value.as_str().filter(|value| !value.contains('\n')) {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(key);
            lines.push('=');
            lines.push_str(value);
        }
    }
    lines
}

/// The value of a label in such lines.
pub fn label<'l>(lines: &'l str, key: &str) -> Option<&'l str> {
    lines.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

/// A plain selector, as a Service has it: labels and their values. `None` if it is empty or can't
/// be read.
pub fn plain_selector(node: Node<'_>) -> Option<LabelSelector> {
    let labels = pairs(node);
    if labels.is_empty() { None } else { LabelSelector::new(labels, Vec::new()).ok() }
}

/// A selector with `matchLabels` and `matchExpressions`. `None` if it is empty, so that it selects
/// everything, or can't be read.
pub fn selector(node: Node<'_>) -> Option<LabelSelector> {
    let requirement = |node: Node<'_>| from_value::<Requirement>(node.value()?).ok();
    let expressions: Option<Vec<Requirement>> =
        node.get("matchExpressions").items().map(requirement).collect();
    let selector = LabelSelector::new(pairs(node.get("matchLabels")), expressions?).ok()?;
    if selector.is_empty() { None } else { Some(selector) }
}

fn pairs(node: Node<'_>) -> BTreeMap<String, String> {
    let pair = |(key, value): (&str, Node<'_>)| Some((key.to_owned(), value.as_str()?.to_owned()));
    node.fields().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_found_by_its_whole_key() {
        let lines = "app=rest\napp.kubernetes.io/name=a=b\nempty=";
        assert_eq!(label(lines, "app"), Some("rest"));
        assert_eq!(label(lines, "app.kubernetes.io/name"), Some("a=b"));
        assert_eq!((label(lines, "empty"), label(lines, "ap")), (Some(""), None));
    }
}
