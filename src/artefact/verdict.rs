//! What came of judging an artefact: what is stored, shown and acted on.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{Decision, Enforcement, Ground, Report, Severity, State};

/// A judged artefact.
///
/// It is written into the database as JSON: fields are added to it and never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// The digest of the policy set that judged.
    pub policy_set: String,
    pub outcome: Outcome,
    /// What is wrong, the worst first.
    pub faults: Vec<Fault>,
    /// How many rules had nothing to say.
    pub passed: usize,
    /// What the artefact says of the pipeline that made it.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// What the policies say of an artefact, in one word.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing is wrong, or only for the record.
    Pass,
    /// It stays, and its author is told.
    Warn,
    /// It does not stay.
    Fail,
}

/// One thing wrong with an artefact, in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    pub policy: String,
    pub entry: String,
    pub rule: String,
    pub severity: Severity,
    pub enforcement: Enforcement,
    /// Whether a waiver accepts it.
    #[serde(default)]
    pub waived: bool,
    /// The object that the artefact renders and that is meant; empty for the artefact itself.
    #[serde(default)]
    pub object: String,
    /// The place in it.
    pub place: String,
    pub message: String,
    /// What to do.
    #[serde(default)]
    pub help: Option<String>,
}

impl Verdict {
    /// What reports mean for an artefact with these metadata: that of the artefact itself, and
    /// those of the objects that it renders.
    pub fn of<'r>(
        policy_set: &str,
        reports: impl IntoIterator<Item = &'r Report>,
        metadata: BTreeMap<String, String>,
    ) -> Self {
        let mut faults = Vec::new();
        let mut passed = 0;
        for report in reports {
            let Decision { denials, warnings, audited } = Decision::of(report);
            let object = match report.subject.format {
                Some(_) => String::new(),
                None => report.subject.to_string(),
            };
            let grounds = denials.into_iter().chain(warnings).chain(audited);
            faults.extend(grounds.map(|ground| Fault::of(&ground, object.clone())));
            passed += report.passed;
        }
        faults.sort_by_key(|fault| Reverse((fault.enforcement, fault.severity)));
        let outcome = match faults.first().map(|worst| worst.enforcement) {
            Some(Enforcement::Deny) => Outcome::Fail,
            Some(Enforcement::Warn) => Outcome::Warn,
            Some(Enforcement::Audit) | None => Outcome::Pass,
        };
        Self { policy_set: policy_set.to_owned(), outcome, faults, passed, metadata }
    }
}

impl Fault {
    fn of(ground: &Ground<'_>, object: String) -> Self {
        let (rule, waived, place, help) = match ground {
            Ground::Finding(it) => {
                (it.rule, it.state == State::Waived, it.path.to_string(), it.help.clone())
            }
            Ground::Unjudged(it) => (it.rule, false, String::new(), None),
        };
        Self {
            policy: ground.policy().to_owned(),
            entry: ground.entry().to_owned(),
            rule: rule.to_owned(),
            severity: ground.severity(),
            enforcement: ground.enforcement(),
            waived,
            object,
            place,
            message: ground.message().into_owned(),
            help: help.map(Cow::into_owned),
        }
    }
}

impl Outcome {
    /// The word that is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}
