//! The judgement.

use std::borrow::Cow;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::compile::Entry;
use super::context::{Draft, OTHERS};
use super::scope::{Applies, Case};
use super::waiver::Standing;
use super::walk::{Exhausted, Walk};
use super::{
    Budget, Category, Context, Enforcement, Engine, Facts, Finding, FindingId, Identity, Missing,
    Outcome, Report, State, Status, Subject, Waiver,
};

impl Engine {
    /// Judges the subject by every rule in scope.
    ///
    /// Never fails and always says the same of the same subject and facts. A rule that panics
    /// or spends its budget is an outcome of `error`, and leaves no finding behind.
    ///
    /// The object is judged as it is; only a pod template is judged with the changes that its
    /// pods will get.
    pub fn evaluate(&self, subject: &Subject<'_>, facts: &Facts<'_>, budget: Budget) -> Report {
        match self.template_changed(subject, facts, budget) {
            Some(object) => self.judge(&subject.with_object(&object), facts, budget),
            None => self.judge(subject, facts, budget),
        }
    }

    /// The report on a subject that could not be judged at all: every rule that may be about it
    /// ends as `error`, for `reason`.
    pub fn unjudged(&self, subject: &Subject<'_>, facts: &Facts<'_>, reason: &str) -> Report {
        let candidates = self.candidates(&subject.identity.kind).iter();
        let case = Case::new(subject, facts, &self.settings, &self.pods);
        let entries = candidates.filter_map(|&index| self.entry(index));
        let entries = entries.filter(|entry| entry.scope.applies(&case) != Applies::No);
        let outcomes = entries.map(|entry| Outcome {
            policy: Arc::clone(&entry.policy),
            entry: Arc::clone(&entry.name),
            rule: entry.rule.id,
            status: Status::Error,
            reason: Some(reason.to_owned()),
            on_error: entry.on_error,
        });
        Report {
            subject: Arc::clone(&subject.identity),
            digest: Arc::clone(self.digest()),
            findings: Vec::new(),
            changes: Vec::new(),
            outcomes: outcomes.collect(),
            passed: 0,
        }
    }

    fn judge(&self, subject: &Subject<'_>, facts: &Facts<'_>, budget: Budget) -> Report {
        let walk = Walk::of(self.schema(), subject, budget);
        let case = Case::new(subject, facts, &self.settings, &self.pods);
        let mut findings = Vec::new();
        let mut outcomes = Vec::new();
        let mut passed = 0;
        for &index in self.candidates(&subject.identity.kind) {
            let Some(entry) = self.entry(index) else { continue };
            let cap = entry.cap(case.maker.is_some());
            let run = match entry.scope.applies(&case) {
                Applies::No => continue,
                Applies::Yes => self.run(entry, &case, &walk, budget),
                Applies::Unknown(Missing(fact)) => Err((Status::Skip, unknown(fact))),
                Applies::OtherVersion => {
                    let reason = format!(
                        "it names another version of the kind than `{}`",
                        subject.identity.version
                    );
                    Err((Status::Skip, reason))
                }
            };
            let (status, reason) = match run {
                Err((status, reason)) => (status, Some(reason)),
                Ok(drafts) if drafts.is_empty() => {
                    passed += 1;
                    continue;
                }
                Ok(drafts) => {
                    let first = findings.len();
                    self.add_findings(entry, cap, &case, drafts, &mut findings);
                    let added = findings.get(first..).unwrap_or_default();
                    (status_of(added), None)
                }
            };
            outcomes.push(Outcome {
                policy: Arc::clone(&entry.policy),
                entry: Arc::clone(&entry.name),
                rule: entry.rule.id,
                status,
                reason,
                on_error: entry.on_error.min(cap),
            });
        }
        walk.end();
        findings
            .sort_by(|one, two| (&one.path, one.rule, one.id).cmp(&(&two.path, two.rule, two.id)));
        Report {
            subject: Arc::clone(&subject.identity),
            digest: Arc::clone(self.digest()),
            findings,
            changes: Vec::new(),
            outcomes,
            passed,
        }
    }

    /// Runs one rule, and contains what goes wrong in it.
    pub(super) fn run<'s>(
        &'s self,
        entry: &'s Entry,
        case: &'s Case<'s>,
        walk: &'s Walk<'s>,
        budget: Budget,
    ) -> Result<Vec<Draft>, (Status, String)> {
        walk.restart(budget);
        let ended = contained(|| {
            let mut cx = Context {
                object: walk.root(),
                case,
                table: entry.table,
                judged_at_owner: entry.observes(case.maker.as_ref(), &self.pods),
                drafts: Vec::new(),
            };
            entry.check.check(&mut cx).map(|()| cx.drafts)
        });
        match ended {
            Ok(Ok(drafts)) => Ok(drafts),
            Ok(Err(missing)) => Err((Status::Skip, lack(missing, entry, case.facts))),
            Err(reason) => Err((Status::Error, reason)),
        }
    }

    fn add_findings(
        &self,
        entry: &Entry,
        cap: Enforcement,
        case: &Case<'_>,
        drafts: Vec<Draft>,
        findings: &mut Vec<Finding>,
    ) {
        let &Case { subject, facts, .. } = case;
        let complete = facts.inventory.is_some_and(|inventory| inventory.complete);
        let waiver = self.waiver_for(entry, case);
        let mut seen: HashSet<_, RandomState> = HashSet::default();
        for draft in drafts {
            let id = FindingId::new(
                &entry.policy,
                &entry.name,
                entry.rule.id,
                &subject.identity,
                &draft.stable_path,
            );
            if !seen.insert(id) {
                continue;
            }
            let mut enforcement = entry.enforcement.min(cap);
            if draft.rests_on_absence && !complete {
                enforcement = enforcement.min(Enforcement::Warn);
            }
            let mut state = State::New;
            match &waiver {
                Some((_, Standing::Holds | Standing::EndsSoon)) => state = State::Waived,
                // What was accepted until yesterday must not stop a pod from coming back.
                Some((_, Standing::Ended)) if case.maker.is_some() => {
                    enforcement = enforcement.min(Enforcement::Warn);
                }
                _ => {}
            }
            findings.push(Finding {
                id,
                policy: Arc::clone(&entry.policy),
                entry: Arc::clone(&entry.name),
                rule: entry.rule.id,
                category: entry.rule.category,
                severity: entry.severity,
                enforcement,
                if_existing: entry.existing,
                state,
                message: entry.message.clone().unwrap_or(draft.message),
                help: entry.help.clone().map(Cow::Owned).or(draft.help),
                path: draft.path,
                about: draft.about,
                related: draft.related,
                fix: draft.fix,
                waiver: waiver.as_ref().map(|(waiver, _)| Arc::clone(waiver)),
                sensitive: draft.sensitive,
            });
        }
    }

    /// The waiver that is about the findings of an entry on the subject or on what owns it: one
    /// that holds before one that has ended.
    fn waiver_for(&self, entry: &Entry, case: &Case<'_>) -> Option<(Arc<Waiver>, Standing)> {
        let now = case.facts.now?;
        if !entry.waivable || !self.has_waivers() {
            return None;
        }
        let family = self.family(case);
        let is_about = |waiver: &Waiver, object: &Identity| {
            waiver.covers(&entry.policy, &entry.name, entry.rule.id, object)
        };
        let covers = |waiver: &&Arc<Waiver>| {
            !waiver.proposed && family.iter().any(|object| is_about(waiver, object))
        };
        let covering = self.waivers.iter().filter(covers);
        let standing = covering.map(|waiver| (Arc::clone(waiver), waiver.standing(now)));
        standing.min_by_key(|(_, standing)| *standing == Standing::Ended)
    }
}

impl Entry {
    /// The most that it may do to a subject: what a controller made is judged at its owner, so
    /// that only security rules refuse it.
    fn cap(&self, owned: bool) -> Enforcement {
        if owned && self.rule.category != Category::Security {
            Enforcement::Audit
        } else {
            Enforcement::Deny
        }
    }
}

/// Runs `rule` and turns a panic in it into words.
///
/// The payload is not shown: a panic message may quote what the subject holds.
pub(super) fn contained<T>(rule: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(rule)).map_err(|payload| {
        if payload.is::<Exhausted>() {
            "the object is too large for the rule's budget".to_owned()
        } else {
            "the rule failed; this is a bug in it".to_owned()
        }
    })
}

pub(super) fn unknown(fact: &str) -> String {
    format!("{fact} not known")
}

/// Names the fact, and says why nobody has it if that is known.
fn lack(missing: Missing, entry: &Entry, facts: &Facts<'_>) -> String {
    let inventory = facts.inventory.filter(|_| missing == OTHERS);
    match inventory.and_then(|inventory| inventory.lacks(entry.table)) {
        Some(why) => format!("{}: {why}", unknown(missing.0)),
        None => unknown(missing.0),
    }
}

fn status_of(findings: &[Finding]) -> Status {
    let counted = findings.iter().filter(|it| it.state != State::Waived);
    match counted.map(|it| it.enforcement).max() {
        None => Status::Pass,
        Some(Enforcement::Deny) => Status::Fail,
        Some(Enforcement::Warn | Enforcement::Audit) => Status::Warn,
    }
}
