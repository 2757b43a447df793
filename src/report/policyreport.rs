//! PolicyReports, as cluster tools read them: one for each namespace, and one for what is in none.
//!
//! Source: kubernetes-sigs/wg-policy-prototypes, `policy-report/crd/v1alpha2`. The text is a `List`
//! in JSON, which is YAML too: `kubectl apply` takes it.
//!
//! What a result says is in [`policy_results`].

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::policy_results::{self, result_word};
use super::{Appearance, Run};
use crate::engine::{Identity, Placement, Schema as _};
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
    for shown in run.findings.iter() {
        let draft = drafts.entry(home(shown.subject.as_deref())).or_default();
        draft.add(result_word(shown), policy_results::finding(shown));
    }
    for shown in &run.outcomes {
        let draft = drafts.entry(home(Some(&shown.subject))).or_default();
        draft.add(shown.outcome.status.as_str(), policy_results::outcome(shown));
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
    fn add(&mut self, word: &'static str, result: Json) {
        *self.counts.entry(word).or_default() += 1;
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
