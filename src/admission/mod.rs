//! AdmissionReview bytes in, AdmissionReview bytes out. No sockets.
//!
//! ```text
//! envelope ──▶ review ──▶ Engine::changes    (/mutate)
//!                    └──▶ Engine::evaluate   (/validate), twice where the ratchet needs it
//!                    ──▶ respond
//! ```

mod envelope;
mod respond;
mod review;
mod wording;

pub use self::review::{overdue, own, report, review, trace};

use std::fmt;
use std::sync::Arc;

use crate::engine::{Identity, Operation, Report, Traced};

/// Which of its questions the API server asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// May this object be? (`/validate`)
    Validate,
    /// What is missing in it? (`/mutate`)
    Mutate,
    /// May this policy or waiver be? (`/policies`)
    Policies,
}

/// An answer, and what may be said about it in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// The AdmissionReview to send back.
    pub body: Vec<u8>,
    pub allowed: bool,
    /// Whether a rule could not judge, or the object is denied, and its namespace or what owns it
    /// is one of which nobody has heard: it may have been made a moment ago, and the answer may
    /// soon be another.
    pub early: bool,
    pub summary: Summary,
}

/// Who asked for what, and what came of it: all that a log or a metric ever holds of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub uid: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
    pub operation: Operation,
    pub answer: Answer,
    /// The digest of the policy set that judged.
    pub policy_set: Arc<str>,
    /// The rules that ended as an error.
    pub failed: Vec<&'static str>,
}

/// How a review comes to its answer.
#[derive(Clone, Debug)]
pub struct Trace<'e> {
    pub subject: Arc<Identity>,
    pub operation: Operation,
    pub user: String,
    pub entries: Vec<Traced<'e>>,
    /// `None` if there is nothing to judge.
    pub report: Option<Report>,
}

/// A decision in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Allow,
    Warn,
    Deny,
    /// A rule or the whole review could not judge; `onError` decided.
    Error,
}

/// The body is no AdmissionReview: HTTP 400 with this text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

impl Stage {
    /// The stage that a request's path asks for.
    pub fn of_path(path: &str) -> Option<Self> {
        match path {
            "/validate" => Some(Self::Validate),
            "/mutate" => Some(Self::Mutate),
            "/policies" => Some(Self::Policies),
            _ => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Mutate => "mutate",
            Self::Policies => "policies",
        }
    }
}

impl Answer {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
