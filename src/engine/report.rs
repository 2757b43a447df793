//! All that is known of one subject after it was judged.

use std::sync::Arc;

use super::{Enforcement, Finding, Fix, Identity, State};
use crate::document::Path;

/// All findings, changes and outcomes for one subject.
#[derive(Clone, Debug)]
pub struct Report {
    pub subject: Arc<Identity>,
    /// The policy set that judged.
    pub digest: Arc<str>,
    /// By path, then rule, then id.
    pub findings: Vec<Finding>,
    /// What policies changed by themselves before the subject was judged.
    pub changes: Vec<Change>,
    /// How each rule ended that had something to say or could not judge, by policy and entry.
    pub outcomes: Vec<Outcome>,
    /// How many rules had nothing to say. Most do, so that they are not told one by one.
    pub passed: usize,
}

/// A fix that a policy applied by itself.
#[derive(Clone, Debug)]
pub struct Change {
    pub policy: Arc<str>,
    pub entry: Arc<str>,
    pub rule: &'static str,
    pub path: Path,
    pub fix: Fix,
}

/// How one rule ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub policy: Arc<str>,
    pub entry: Arc<str>,
    pub rule: &'static str,
    pub status: Status,
    /// Why, where it is `error` or `skip`.
    pub reason: Option<String>,
    /// What the policy wants to happen when the rule can't judge.
    pub on_error: Enforcement,
}

/// The words of the PolicyReport API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Pass,
    /// A finding that denies or would deny.
    Fail,
    /// Findings, none of which denies.
    Warn,
    /// The rule could not judge: it panicked, or had no steps left.
    Error,
    /// The rule could not judge without a fact that nobody has.
    Skip,
}

impl Report {
    /// Marks the findings that `old`, a report on the object before an update, has too.
    pub fn mark_existing(&mut self, old: &Self) {
        let known: std::collections::HashSet<_> = old.findings.iter().map(|it| it.id).collect();
        for finding in &mut self.findings {
            if finding.state == State::New && known.contains(&finding.id) {
                finding.state = State::Existing;
            }
        }
    }
}

impl Status {
    /// The word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Skip => "skip",
        }
    }
}
