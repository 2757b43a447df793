//! PolicyReports, as cluster tools read them: one for each namespace, and one for what is in none.
//!
//! Source: kubernetes-sigs/wg-policy-prototypes, `policy-report/crd/v1alpha2`. The text is a `List`
//! in JSON, which is YAML too: `kubectl apply` takes it.
//!
//! A result is `fail` if it denies, `warn` if it warns, is audited or was known before, and `skip`
//! if it is waived. No result carries a time: the same input gives the same bytes.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::run::{Shown, ShownOutcome};
use super::{Appearance, Effect, Run};
use crate::engine::{Identity, Placement, Schema as _, State, Status};
use crate::resource::KUBERNETES;

const API_VERSION: &str = "wgpolicyk8s.io/v1alpha2";
const NAME: &str = "portcullis-lint";

/// Which report a result is in. The cluster's comes first, then that of objects whose namespace
/// nobody has said, which `kubectl apply --namespace` puts into one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Home {
    Cluster,
    Unknown,
    Namespace(String),
}

/// One report while it grows.
#[derive(Default)]
struct Draft {
    results: Vec<Json>,
    counts: BTreeMap<&'static str, usize>,
}

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let mut drafts: BTreeMap<Home, Draft> = BTreeMap::new();
    for shown in &run.findings {
        let draft = drafts.entry(home(shown.subject.as_deref())).or_default();
        draft.add(result_word(shown), finding(shown));
    }
    for shown in &run.outcomes {
        let draft = drafts.entry(home(Some(&shown.subject))).or_default();
        draft.add(shown.outcome.status.as_str(), outcome(shown));
    }
    for object in run.objects.iter().filter(|it| it.passed > 0) {
        let draft = drafts.entry(home(Some(&object.subject))).or_default();
        *draft.counts.entry("pass").or_default() += object.passed;
    }
    drafts.retain(|_, draft| !draft.counts.is_empty());
    let items: Vec<Json> = drafts.into_iter().map(|(home, draft)| draft.report(home)).collect();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    super::pretty(&list)
}

impl Draft {
    fn add(&mut self, word: &'static str, mut result: Json) {
        *self.counts.entry(word).or_default() += 1;
        if let Some(result) = result.as_object_mut() {
            result.insert("result".to_owned(), json!(word));
            result.insert("source".to_owned(), json!("portcullis"));
        }
        self.results.push(result);
    }

    fn report(self, home: Home) -> Json {
        let mut metadata = json!({
            "name": NAME,
            "labels": {"app.kubernetes.io/managed-by": "portcullis"},
        });
        let kind = if home == Home::Cluster { "ClusterPolicyReport" } else { "PolicyReport" };
        if let (Home::Namespace(name), Some(metadata)) = (home, metadata.as_object_mut()) {
            metadata.insert("namespace".to_owned(), json!(name));
        }
        let count = |word| self.counts.get(word).copied().unwrap_or_default();
        json!({
            "apiVersion": API_VERSION,
            "kind": kind,
            "metadata": metadata,
            "summary": {
                "pass": count("pass"),
                "fail": count("fail"),
                "warn": count("warn"),
                "error": count("error"),
                "skip": count("skip"),
            },
            "results": self.results,
        })
    }
}

fn home(subject: Option<&Identity>) -> Home {
    match subject.map(|subject| KUBERNETES.place(subject)) {
        None | Some(Placement::Cluster) => Home::Cluster,
        Some(Placement::Unknown) => Home::Unknown,
        Some(Placement::Namespace(name)) => Home::Namespace(name.to_owned()),
    }
}

fn result_word(shown: &Shown) -> &'static str {
    match shown.effect() {
        Effect::Deny => Status::Fail.as_str(),
        Effect::Warn | Effect::Audit | Effect::Existing => Status::Warn.as_str(),
        Effect::Waived => Status::Skip.as_str(),
    }
}

fn finding(shown: &Shown) -> Json {
    let finding = &shown.finding;
    let at = &shown.location;
    let mut properties = BTreeMap::from([
        ("id", finding.id.to_string()),
        ("rule", finding.rule.to_owned()),
        ("enforcement", finding.enforcement.as_str().to_owned()),
        ("path", finding.path.to_string()),
        ("file", at.file.to_string()),
        ("line", at.line.to_string()),
    ]);
    properties.extend(finding.help.clone().map(|help| ("help", help)));
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
        "resources": resources(shown.subject.as_deref()),
        "properties": properties,
    })
}

fn outcome(shown: &ShownOutcome) -> Json {
    let outcome = &shown.outcome;
    json!({
        "policy": &*outcome.policy,
        "rule": &*outcome.entry,
        "message": outcome.reason.as_deref().unwrap_or("the rule could not judge"),
        "scored": false,
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
