//! From a decision to the bytes that the API server reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::review::sentence;
use crate::document::{Path, Step};
use crate::engine::{Changed, Decision, Ground, Outcome, Report, State};

/// The API server cuts every warning at 256 characters once all together exceed 4,096
/// (apiserver, pkg/endpoints/filters/warning.go); more than that is not sent.
const WARNINGS_CHARS: usize = 4_096;
const WARNING_CHARS: usize = 256;

/// What a message or an annotation may hold. Ours: a bound for kubectl and for the audit log.
const MESSAGE_CHARS: usize = 8_192;

/// `response` of an AdmissionReview.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    uid: String,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, String>,
}

/// `metav1.Status`, as far as a denial fills it.
#[derive(Debug, Serialize)]
struct Status {
    status: &'static str,
    message: String,
    reason: &'static str,
    details: Details,
    code: u16,
}

#[derive(Debug, Serialize)]
struct Details {
    causes: Vec<Cause>,
}

/// `metav1.StatusCause`.
#[derive(Debug, Serialize)]
struct Cause {
    reason: &'static str,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Review<'r> {
    api_version: &'static str,
    kind: &'static str,
    response: &'r Response,
}

impl Response {
    /// Nothing was judged, and nothing is wrong.
    pub(super) fn allowed(digest: &str) -> Self {
        Self {
            uid: String::new(),
            allowed: true,
            status: None,
            patch_type: None,
            patch: None,
            warnings: Vec::new(),
            audit_annotations: [("policy-set", digest.to_owned())].into(),
        }
    }

    /// The answer to `/validate`.
    pub(super) fn of(decision: &Decision<'_>, report: &Report) -> Self {
        let mut response = Self::allowed(&report.digest);
        response.allowed = decision.allowed();
        if !decision.allowed() {
            response.status = Some(Status {
                status: "Failure",
                message: joined(&decision.denials, MESSAGE_CHARS),
                reason: "Forbidden",
                details: Details { causes: decision.denials.iter().map(Cause::of).collect() },
                code: 403,
            });
        }
        response.warnings = warnings(&decision.warnings);
        response.annotate(
            "audit",
            &decision.audited,
            |ground| !matches!(ground, Ground::Finding(finding) if finding.state == State::Waived),
        );
        response.annotate(
            "waived",
            &decision.audited,
            |ground| matches!(ground, Ground::Finding(finding) if finding.state == State::Waived),
        );
        response
    }

    /// The answer to `/mutate`: always allowed; whether it may be is the other question.
    pub(super) fn changed(changed: &Changed, digest: &str) -> Self {
        let mut response = Self::allowed(digest);
        if !changed.patch.is_empty()
            && let Ok(patch) = serde_json::to_vec(&changed.patch)
        {
            response.patch_type = Some("JSONPatch");
            response.patch = Some(STANDARD.encode(patch));
            let names = changed.changes.iter().map(|it| format!("{}/{}", it.policy, it.entry));
            let mut names: Vec<String> = names.collect();
            names.dedup();
            response.audit_annotations.insert("changed", clipped(&names.join(", "), MESSAGE_CHARS));
        }
        response.annotate_unjudged(&changed.outcomes);
        response
    }

    /// The answer to `/mutate` where nothing could be worked out.
    pub(super) fn unchanged(report: &Report) -> Self {
        let mut response = Self::allowed(&report.digest);
        response.annotate_unjudged(&report.outcomes);
        response
    }

    pub(super) fn is_allowed(&self) -> bool {
        self.allowed
    }

    pub(super) fn warns(&self) -> bool {
        !self.warnings.is_empty()
    }

    pub(super) fn write(mut self, uid: &str) -> Vec<u8> {
        uid.clone_into(&mut self.uid);
        let review =
            Review { api_version: "admission.k8s.io/v1", kind: "AdmissionReview", response: &self };
        serde_json::to_vec(&review).unwrap_or_else(|_| unreachable!("strings and lists only"))
    }

    fn annotate(
        &mut self,
        key: &'static str,
        grounds: &[Ground<'_>],
        include: impl Fn(&Ground<'_>) -> bool,
    ) {
        let included: Vec<Ground<'_>> = grounds.iter().copied().filter(include).collect();
        if !included.is_empty() {
            self.audit_annotations.insert(key, joined(&included, MESSAGE_CHARS));
        }
    }

    fn annotate_unjudged(&mut self, outcomes: &[Outcome]) {
        let grounds: Vec<Ground<'_>> = outcomes.iter().map(Ground::Unjudged).collect();
        self.annotate("unjudged", &grounds, |_| true);
    }
}

impl Cause {
    fn of(ground: &Ground<'_>) -> Self {
        let field = match ground {
            Ground::Finding(finding) => field_path(&finding.path),
            Ground::Unjudged(_) => String::new(),
        };
        Self { reason: "FieldValueInvalid", message: printable(&sentence(ground)), field }
    }
}

/// One warning a ground, the most severe first, within what the API server passes on.
fn warnings(grounds: &[Ground<'_>]) -> Vec<String> {
    let mut warnings: Vec<String> = grounds
        .iter()
        .map(|ground| {
            let text = printable(&sentence(ground));
            match ground {
                Ground::Finding(finding) if finding.state == State::Existing => {
                    format!("{text} (existing)")
                }
                _ => text,
            }
        })
        .collect();
    let total: usize = warnings.iter().map(|it| it.chars().count()).sum();
    if total <= WARNINGS_CHARS {
        return warnings;
    }
    let keep = WARNINGS_CHARS / WARNING_CHARS - 1;
    let left_out = warnings.len().saturating_sub(keep);
    warnings.truncate(keep);
    for warning in &mut warnings {
        *warning = clipped(warning, WARNING_CHARS);
    }
    if left_out > 0 {
        warnings.push(format!("and {left_out} more"));
    }
    warnings
}

/// The sentences of all grounds in one line.
fn joined(grounds: &[Ground<'_>], limit: usize) -> String {
    let mut text = String::new();
    for (index, ground) in grounds.iter().enumerate() {
        let sentence = printable(&sentence(ground));
        if index > 0 && text.chars().count() + sentence.chars().count() > limit {
            _ = write!(text, "; and {} more", grounds.len() - index);
            break;
        }
        if index > 0 {
            text.push_str("; ");
        }
        text.push_str(&clipped(&sentence, limit));
    }
    text
}

/// A path as the API server writes one: `spec.containers[0].image`, `metadata.labels[a/b]`.
fn field_path(path: &Path) -> String {
    let mut text = String::new();
    for step in &path.steps {
        match step {
            Step::Index(index) => _ = write!(text, "[{index}]"),
            Step::Key(key) if key.contains(['.', '/', ' ']) => _ = write!(text, "[{key}]"),
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => _ = write!(text, ".{key}"),
        }
    }
    text
}

/// Without characters that an HTTP header can't carry.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

fn clipped(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit - 1).chain(['…']).collect(),
    }
}
