//! The results of PolicyReports, wherever these are.
//!
//! A result is `fail` if it denies, `warn` if it warns, is audited or was known before, and `skip`
//! if it is waived. No result carries a time: the same input gives the same bytes.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::Effect;
use super::run::{Shown, ShownOutcome};
use crate::engine::{Identity, State, Status};

const SOURCE: &str = "portcullis";

pub(super) fn result_word(shown: &Shown) -> &'static str {
    match shown.effect() {
        Effect::Deny => Status::Fail.as_str(),
        Effect::Warn | Effect::Audit | Effect::Existing => Status::Warn.as_str(),
        Effect::Waived => Status::Skip.as_str(),
    }
}

/// The result of a finding.
pub(crate) fn finding(shown: &Shown) -> Json {
    let finding = &shown.finding;
    let at = &shown.location;
    let mut properties = BTreeMap::from([
        ("id", finding.id.to_string()),
        ("rule", finding.rule.to_owned()),
        ("enforcement", finding.enforcement.as_str().to_owned()),
        ("path", finding.path.to_string()),
    ]);
    // An object in a cluster has no line.
    if at.line > 0 {
        properties.insert("file", at.file.to_string());
        properties.insert("line", at.line.to_string());
    }
    properties.extend(finding.help.as_deref().map(|help| ("help", help.to_owned())));
    properties.extend(shown.owner.as_deref().map(|owner| ("owner", owner.charts())));
    if let Some(waiver) = finding.waiver.as_deref().filter(|_| finding.state == State::Waived) {
        properties.insert("waiver", waiver.name.clone());
        properties.insert("waivedUntil", waiver.until.to_string());
    }
    json!({
        "policy": &*finding.policy,
        "rule": &*finding.entry,
        "category": finding.category.as_str(),
        "severity": finding.severity.as_str(),
        "message": finding.message,
        "scored": true,
        "result": result_word(shown),
        "source": SOURCE,
        "resources": resources(shown.subject.as_deref()),
        "properties": properties,
    })
}

/// The result of a rule that could not judge.
pub(crate) fn outcome(shown: &ShownOutcome) -> Json {
    let outcome = &shown.outcome;
    json!({
        "policy": &*outcome.policy,
        "rule": &*outcome.entry,
        "message": outcome.reason.as_deref().unwrap_or("the rule could not judge"),
        "scored": false,
        "result": outcome.status.as_str(),
        "source": SOURCE,
        "resources": resources(Some(&shown.subject)),
        "properties": {"rule": outcome.rule, "file": &*shown.file},
    })
}

/// The object; none for a file that could not be read.
fn resources(subject: Option<&Identity>) -> Vec<Json> {
    let resource = |subject: &Identity| {
        let mut resource = Map::new();
        let mut add = |key: &str, value: &str| resource.insert(key.to_owned(), json!(value));
        add("apiVersion", &subject.api_version());
        add("kind", &subject.kind);
        add("name", subject.shown_name());
        subject.namespace.as_deref().map(|namespace| add("namespace", namespace));
        subject.uid.as_deref().map(|uid| add("uid", uid));
        Json::Object(resource)
    };
    subject.map(resource).into_iter().collect()
}
