//! A PolicyReport on one root object.
//!
//! Sources: kubernetes-sigs/wg-policy-prototypes, `policy-report/crd/v1alpha2`; openreports/
//! reports-api, `config/crd`, which has the same fields.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::family::Family;
use crate::engine::Identity;
use crate::report::policy_results;

/// A report is no longer than this, in bytes: an API server keeps thousands of them.
pub(super) const LONGEST: usize = 8 << 10;

/// Which API has the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports {
    /// `wgpolicyk8s.io/v1alpha2`.
    PolicyReport,
    /// `openreports.io/v1alpha1`.
    OpenReports,
}

/// The label by which our reports are found.
pub(super) const LABEL: (&str, &str) = ("portcullis.skao.int/report", "audit");

/// The annotation with a hash of the whole report, so that what has not changed is not written.
pub(super) const HASH: &str = "portcullis.skao.int/hash";

/// The annotation that says how many results there was no room for.
const LEFT_OUT: &str = "portcullis.skao.int/results-left-out";

/// A report that is to be in the cluster.
#[derive(Debug)]
pub(super) struct Record {
    /// `None` for the report on what lies in no namespace.
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) hash: String,
    pub(super) body: Vec<u8>,
    /// How many results deny; and how many warn.
    pub(super) weight: (usize, usize),
    /// How many results there was no room for.
    pub(super) left_out: usize,
}

impl Reports {
    pub(super) const fn group(self) -> &'static str {
        match self {
            Self::PolicyReport => "wgpolicyk8s.io",
            Self::OpenReports => "openreports.io",
        }
    }

    pub(super) const fn version(self) -> &'static str {
        match self {
            Self::PolicyReport => "v1alpha2",
            Self::OpenReports => "v1alpha1",
        }
    }

    pub(super) const fn kind(self, in_namespace: bool) -> &'static str {
        match (self, in_namespace) {
            (Self::PolicyReport, true) => "PolicyReport",
            (Self::PolicyReport, false) => "ClusterPolicyReport",
            (Self::OpenReports, true) => "Report",
            (Self::OpenReports, false) => "ClusterReport",
        }
    }
}

/// What a report on one object says, whatever of it there is room for.
struct Draft<'d> {
    root: &'d Identity,
    reports: Reports,
    namespace: Option<&'d str>,
    name: &'d str,
    summary: Json,
}

impl Record {
    /// The report on a family; `None` if there is nothing to report: a fail, a warn or an error.
    pub(super) fn of(family: &Family, reports: Reports) -> Option<Self> {
        let root = &*family.root;
        let mut results: Vec<Json> =
            family.findings.iter().map(|it| policy_results::finding(&it.shown())).collect();
        results.extend(family.shown_outcomes().map(|it| policy_results::outcome(&it)));
        let count = |word: &str| results.iter().filter(|it| word_of(it) == word).count();
        let [fail, warn, error, skip] = ["fail", "warn", "error", "skip"].map(count);
        if fail + warn + error == 0 {
            return None;
        }
        results.sort_by_key(|it| rank(word_of(it)));
        results.iter_mut().for_each(|result| leave_out_scope(result, root));
        let name = format!("portcullis-{}", root.uid.as_deref()?);
        let draft = Draft {
            root,
            reports,
            namespace: root.namespace.as_deref(),
            name: &name,
            summary: json!({
                "pass": family.passed, "fail": fail, "warn": warn, "error": error, "skip": skip,
            }),
        };
        let all = results.len();
        let annotations = |left_out: usize| {
            let count = (left_out > 0).then(|| (LEFT_OUT.to_owned(), json!(left_out.to_string())));
            count.into_iter().collect::<Map<String, Json>>()
        };
        let mut text = draft.text(&results, annotations(0));
        // The hash takes some room too.
        while text.len() + HASH.len() + 48 > LONGEST && !results.is_empty() {
            results.truncate(results.len() - 1 - results.len() / 8);
            text = draft.text(&results, annotations(all - results.len()));
        }
        let left_out = all - results.len();
        let hash = hash(&text);
        let mut annotations = annotations(left_out);
        annotations.insert(HASH.to_owned(), json!(hash));
        let body = draft.text(&results, annotations).into_bytes();
        let namespace = root.namespace.clone();
        Some(Self { namespace, hash, body, weight: (fail, warn), left_out, name })
    }
}

impl Draft<'_> {
    fn text(&self, results: &[Json], annotations: Map<String, Json>) -> String {
        let Self { root, reports, namespace, name, summary } = self;
        let labels = json!({"app.kubernetes.io/managed-by": "portcullis", (LABEL.0): LABEL.1});
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), json!(name));
        metadata.insert("labels".to_owned(), labels);
        metadata.insert("annotations".to_owned(), Json::Object(annotations));
        metadata.insert("ownerReferences".to_owned(), json!([owner(root)]));
        if let Some(namespace) = namespace {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        let draft = json!({
            "apiVersion": format!("{}/{}", reports.group(), reports.version()),
            "kind": reports.kind(namespace.is_some()),
            "metadata": metadata,
            "scope": resource(root),
            "summary": summary,
            "results": results,
        });
        draft.to_string()
    }
}

/// Takes the object out of a result about the object that the whole report is about.
fn leave_out_scope(result: &mut Json, root: &Identity) {
    let Some(fields) = result.as_object_mut() else { return };
    if fields.get("resources") == Some(&json!([resource(root)])) {
        fields.remove("resources");
    }
}

fn word_of(result: &Json) -> &str {
    result.get("result").and_then(Json::as_str).unwrap_or_default()
}

/// Which results go first, and stay if there is no room for all.
fn rank(result: &str) -> usize {
    let order = ["fail", "error", "warn", "skip"];
    order.iter().position(|it| *it == result).unwrap_or(order.len())
}

fn hash(text: &str) -> String {
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn resource(identity: &Identity) -> Json {
    let mut fields = owner(identity);
    if let (Some(fields), Some(namespace)) = (fields.as_object_mut(), &identity.namespace) {
        fields.insert("namespace".to_owned(), json!(namespace));
    }
    fields
}

fn owner(identity: &Identity) -> Json {
    json!({
        "apiVersion": identity.api_version(),
        "kind": identity.kind,
        "name": identity.name,
        "uid": identity.uid,
    })
}
