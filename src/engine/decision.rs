//! From a report to an answer: the one place where enforcement, waivers, ratchet and on-error
//! meet.

use std::borrow::Cow;

use super::{Enforcement, Finding, Outcome, Report, Severity, State, Status};

/// What to tell the caller. Each list is by severity, the worst first.
#[derive(Debug)]
pub struct Decision<'r> {
    pub denials: Vec<Ground<'r>>,
    pub warnings: Vec<Ground<'r>>,
    pub audited: Vec<Ground<'r>>,
}

/// What an answer rests on.
#[derive(Clone, Copy, Debug)]
pub enum Ground<'r> {
    Finding(&'r Finding),
    /// A rule that could not judge.
    Unjudged(&'r Outcome),
}

impl<'r> Decision<'r> {
    /// What the policies want to happen, given what was found.
    ///
    /// A waived finding is only recorded; one that an updated object had already denies only if
    /// its entry says so; a rule that could not judge does what the policy's `onError` says.
    pub fn of(report: &'r Report) -> Self {
        let findings = report.findings.iter().map(Ground::Finding);
        let unjudged = report.outcomes.iter().filter(|it| it.could_not_judge());
        let mut decision = Self { denials: Vec::new(), warnings: Vec::new(), audited: Vec::new() };
        for ground in findings.chain(unjudged.map(Ground::Unjudged)) {
            match ground.enforcement() {
                Enforcement::Deny => decision.denials.push(ground),
                Enforcement::Warn => decision.warnings.push(ground),
                Enforcement::Audit => decision.audited.push(ground),
            }
        }
        for list in [&mut decision.denials, &mut decision.warnings, &mut decision.audited] {
            list.sort_by_key(|ground| std::cmp::Reverse(ground.severity()));
        }
        decision
    }

    pub fn allowed(&self) -> bool {
        self.denials.is_empty()
    }
}

impl<'r> Ground<'r> {
    /// What it does to the subject.
    pub fn enforcement(&self) -> Enforcement {
        match self {
            Self::Finding(finding) => match finding.state {
                State::New => finding.enforcement,
                State::Existing => finding.enforcement.min(finding.if_existing),
                State::Waived => Enforcement::Audit,
            },
            Self::Unjudged(outcome) => outcome.on_error,
        }
    }

    pub fn severity(&self) -> Severity {
        match self {
            Self::Finding(finding) => finding.severity,
            Self::Unjudged(_) => Severity::Medium,
        }
    }

    pub fn policy(&self) -> &'r str {
        match self {
            Self::Finding(finding) => &finding.policy,
            Self::Unjudged(outcome) => &outcome.policy,
        }
    }

    /// The entry of the policy.
    pub fn entry(&self) -> &'r str {
        match self {
            Self::Finding(finding) => &finding.entry,
            Self::Unjudged(outcome) => &outcome.entry,
        }
    }

    /// What is wrong, in one phrase.
    pub fn message(&self) -> Cow<'r, str> {
        match self {
            Self::Finding(finding) => Cow::Borrowed(&finding.message),
            Self::Unjudged(outcome) => {
                let reason = outcome.reason.as_deref().unwrap_or("no reason given");
                format!("rule `{}` could not judge: {reason}", outcome.rule).into()
            }
        }
    }
}

impl Outcome {
    /// Whether the rule did not judge at all.
    pub fn could_not_judge(&self) -> bool {
        matches!(self.status, Status::Error | Status::Skip)
    }
}
