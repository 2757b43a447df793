//! From a decision to the bytes that the API server reads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use std::collections::BTreeMap;

use super::wording;
use crate::engine::{Changed, Decision, Ground, Outcome, Report, State};

/// What a message or an annotation may hold. Ours: a bound for kubectl and for the audit log.
const MESSAGE_CHARS: usize = 8_192;

/// How many causes a denial names, and what one may hold; for the same reason.
const CAUSES: usize = 256;
const CAUSE_CHARS: usize = 1_024;

/// Room for an answer that allows.
const USUAL_BYTES: usize = 1_024;

/// `response` of an AdmissionReview.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    uid: String,
    allowed: bool,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'static str, String>,
}

/// `metav1.Status`, as far as an answer fills it. The API server reads it of a denial only; other
/// readers (kube-core) want one in every answer.
#[derive(Debug, Serialize)]
struct Status {
    code: u16,
    #[serde(flatten)]
    denial: Option<Denial>,
}

#[derive(Debug, Serialize)]
struct Denial {
    status: &'static str,
    reason: &'static str,
    message: String,
    details: Details,
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
            status: Status { code: 200, denial: None },
            patch_type: None,
            patch: None,
            warnings: Vec::new(),
            audit_annotations: [("policy-set", digest.to_owned())].into(),
        }
    }

    /// The answer to `/validate`, with `notices` behind the warnings.
    pub(super) fn of(decision: &Decision<'_>, report: &Report, notices: Vec<String>) -> Self {
        let mut response = Self::allowed(&report.digest);
        response.allowed = decision.allowed();
        if !decision.allowed() {
            let denials = &decision.denials;
            let denial = Denial {
                status: "Failure",
                reason: "Forbidden",
                message: wording::joined(denials, MESSAGE_CHARS),
                details: Details { causes: denials.iter().take(CAUSES).map(Cause::of).collect() },
            };
            response.status = Status { code: 403, denial: Some(denial) };
        }
        response.warnings = wording::warnings(&decision.warnings, notices);
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

    /// A refusal for these reasons.
    pub(super) fn refused(digest: &str, reasons: &[String]) -> Self {
        let cause = |reason: &String| Cause {
            reason: "FieldValueInvalid",
            message: wording::clipped(wording::printable(reason.clone()), CAUSE_CHARS),
            field: String::new(),
        };
        let denial = Denial {
            status: "Failure",
            reason: "Forbidden",
            message: wording::clipped(wording::printable(reasons.join("; ")), MESSAGE_CHARS),
            details: Details { causes: reasons.iter().take(CAUSES).map(cause).collect() },
        };
        let status = Status { code: 403, denial: Some(denial) };
        Self { allowed: false, status, ..Self::allowed(digest) }
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
            names.sort_unstable();
            names.dedup();
            let names = wording::clipped(names.join(", "), MESSAGE_CHARS);
            response.audit_annotations.insert("changed", names);
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
        let mut body = Vec::with_capacity(USUAL_BYTES);
        serde_json::to_writer(&mut body, &review)
            .unwrap_or_else(|_| unreachable!("strings and lists only"));
        body
    }

    fn annotate(
        &mut self,
        key: &'static str,
        grounds: &[Ground<'_>],
        include: impl Fn(&Ground<'_>) -> bool,
    ) {
        let included: Vec<Ground<'_>> = grounds.iter().copied().filter(include).collect();
        if !included.is_empty() {
            self.audit_annotations.insert(key, wording::joined(&included, MESSAGE_CHARS));
        }
    }

    fn annotate_unjudged(&mut self, outcomes: &[Outcome]) {
        let grounds: Vec<Ground<'_>> = outcomes.iter().map(Ground::Unjudged).collect();
        self.annotate("unjudged", &grounds, |_| true);
    }
}

impl Cause {
    fn of(ground: &Ground<'_>) -> Self {
        Self {
            // The words of metav1.CauseType and of apimachinery's field errors.
            reason: match ground {
                Ground::Finding(_) => "FieldValueInvalid",
                Ground::Unjudged(_) => "InternalError",
            },
            message: wording::clipped(wording::message(ground), CAUSE_CHARS),
            field: wording::clipped(wording::field(ground), CAUSE_CHARS),
        }
    }
}
