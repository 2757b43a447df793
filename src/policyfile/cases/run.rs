//! Judging cases, and what is not as expected.

use serde_json::Value as Json;

use super::{Case, Cases, Effect, Expected, ExpectedState};
use crate::document::{Lines, Path, Position, Span, Step, Value};
use crate::engine::{Budget, Decision, Engine, Finding, Operation, Outcome, Report, Subject, User};
use crate::policyfile::facts::subject_of;
use crate::policyfile::part::span_at;
use crate::policyfile::read::Found;
use crate::policyfile::{Problem, strict};

/// How one case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub name: String,
    /// Where the case begins.
    pub place: Position,
    /// What is not as expected, each at the expectation or at the place in the object; nothing
    /// if the case passed.
    pub problems: Vec<Problem>,
}

impl Cases<'_> {
    /// Judges every case.
    pub fn run(&self, engine: &Engine) -> Vec<Verdict> {
        let lines = Lines::new(self.source.text);
        let judge = |case: &Case<'_>| {
            let mut check = Check { case, found: Vec::new() };
            check.judge(engine);
            Verdict {
                name: case.written.name.clone(),
                place: lines.position(case.place(&["name"]).start),
                problems: strict::problems(&self.source, check.found).0,
            }
        };
        self.cases.iter().map(judge).collect()
    }
}

impl Verdict {
    pub fn passed(&self) -> bool {
        self.problems.is_empty()
    }
}

impl<'t> Case<'t> {
    /// What to point at for a field of the case.
    fn place(&self, keys: &[&str]) -> Span {
        span_at(&self.tree, &Path { steps: keys.iter().map(|key| Step::from(*key)).collect() })
    }

    fn subject<'a>(&'a self) -> Option<Subject<'a>>
    where
        't: 'a,
    {
        let written = &self.written;
        let implied = if self.old.is_some() { Operation::Update } else { Operation::Create };
        let user =
            |it: &super::WrittenUser| User { name: it.name.clone(), groups: it.groups.clone() };
        Some(Subject {
            operation: written.operation.unwrap_or(implied),
            subresource: written.subresource.clone(),
            user: written.user.as_ref().map(user),
            ..subject_of(&self.object)?
        })
    }
}

struct Check<'c, 't> {
    case: &'c Case<'t>,
    found: Vec<Found>,
}

impl Check<'_, '_> {
    fn judge(&mut self, engine: &Engine) {
        let case = self.case;
        let Some(subject) = case.subject() else { return };
        let facts = case.facts.ready(engine);
        let facts = facts.facts();
        let changed = engine.changes(&subject, &facts, Budget::default());
        let object = changed.object.as_ref().unwrap_or(subject.object);
        let subject = subject.with_object(object);
        let mut report = engine.evaluate(&subject, &facts, Budget::default());
        if let Some(old) = case.old.as_ref().filter(|_| !Decision::of(&report).allowed()) {
            let before = subject.with_object(old);
            report.mark_existing(&engine.evaluate(&before, &facts, Budget::default()));
        }
        if let Some(patched) = &case.patched {
            self.compare_object(patched, object);
        }
        for outcome in changed.outcomes.iter().chain(&report.outcomes) {
            self.check_outcome(outcome);
        }
        self.compare_findings(&report);
        self.compare_decision(&report);
    }

    fn compare_object(&mut self, expected: &Value<'_>, object: &Value<'_>) {
        let mut way = Vec::new();
        if let Some(message) = difference(&expected.into(), &object.into(), &mut way) {
            let path = Path { steps: way };
            let span = span_at(expected, &path);
            self.tell(span, format!("the changed object differs at `{path}`: {message}"), None);
        }
    }

    fn check_outcome(&mut self, outcome: &Outcome) {
        let known = self.case.written.unjudged.iter().any(|entry| **entry == *outcome.entry);
        if outcome.could_not_judge() && !known {
            let reason = outcome.reason.as_deref().unwrap_or("no reason given");
            let message = format!("entry `{}` could not judge: {reason}", outcome.entry);
            let help = "give the facts, or name the entry in `unjudged`".to_owned();
            self.tell(self.case.place(&["name"]), message, Some(help));
        }
    }

    /// Each finding must be expected, and each expected one found, as often as it stands there.
    fn compare_findings(&mut self, report: &Report) {
        let case = self.case;
        let Some(expected) = &case.written.findings else { return };
        let mut left: Vec<&Finding> = report.findings.iter().collect();
        // The most particular expectations choose first.
        let mut ranked: Vec<(usize, &Expected)> = expected.iter().enumerate().collect();
        ranked.sort_by_key(|(_, expected)| std::cmp::Reverse(expected.particulars()));
        for (rank, expected) in ranked {
            match left.iter().position(|finding| expected.fits(finding)) {
                Some(at) => _ = left.remove(at),
                None => {
                    let rank = u32::try_from(rank).unwrap_or(u32::MAX);
                    let path = Path { steps: vec!["findings".into(), rank.into()] };
                    self.tell_missing(expected, span_at(&case.tree, &path), report);
                }
            }
        }
        for finding in left {
            let message = format!("entry `{}` finds: {}", finding.entry, finding.message);
            let help = format!("expect it at `{}`, or put the object right", finding.path);
            self.tell(span_at(&case.object, &finding.path), message, Some(help));
        }
    }

    fn tell_missing(&mut self, expected: &Expected, span: Span, report: &Report) {
        let of_entry = report.findings.iter().filter(|it| *it.entry == *expected.entry);
        let found: Vec<String> = of_entry
            .map(|it| {
                let state = match it.state {
                    crate::engine::State::New => String::new(),
                    state => format!(" ({})", state.as_str()),
                };
                format!("`{}`: {}, {}{state}", it.path, it.message, it.severity.as_str())
            })
            .collect();
        let message = format!("entry `{}` does not find this", expected.entry);
        let help = match found.as_slice() {
            [] => "it finds nothing".to_owned(),
            all => format!("it finds {}", all.join("; ")),
        };
        self.tell(span, message, Some(help));
    }

    fn compare_decision(&mut self, report: &Report) {
        let Some(expected) = self.case.written.decision else { return };
        let decision = Decision::of(report);
        let (effect, grounds) = match (decision.denials.as_slice(), decision.warnings.as_slice()) {
            ([], []) => (Effect::Allow, &[][..]),
            ([], warnings) => (Effect::Warn, warnings),
            (denials, _) => (Effect::Deny, denials),
        };
        if effect != expected {
            let message =
                format!("the decision is `{}`, not `{}`", effect.as_str(), expected.as_str());
            let ground = grounds.first();
            let help = ground
                .map(|ground| format!("because of `{}`: {}", ground.entry(), ground.message()));
            self.tell(self.case.place(&["decision"]), message, help);
        }
    }

    fn tell(&mut self, span: Span, message: String, help: Option<String>) {
        self.found.push(Found { span, message, help });
    }
}

impl Expected {
    fn fits(&self, finding: &Finding) -> bool {
        *self.entry == *finding.entry
            && self.path.as_ref().is_none_or(|path| *path == finding.path)
            && self.message.as_ref().is_none_or(|message| *message == finding.message)
            && self.severity.is_none_or(|severity| severity == finding.severity)
            && self.state.is_none_or(|state| state == ExpectedState::from(finding.state))
    }

    /// How much it says of the finding.
    fn particulars(&self) -> usize {
        [self.path.is_some(), self.message.is_some(), self.severity.is_some(), self.state.is_some()]
            .into_iter()
            .filter(|given| *given)
            .count()
    }
}

/// The first place where two objects differ, and how. The order of fields does not count.
fn difference(expected: &Json, found: &Json, way: &mut Vec<Step>) -> Option<String> {
    match (expected, found) {
        (Json::Object(expected), Json::Object(found)) => {
            for (key, value) in expected {
                way.push(Step::from(key.as_str()));
                match found.get(key) {
                    None => return Some("this is not there".to_owned()),
                    Some(other) => {
                        if let Some(message) = difference(value, other, way) {
                            return Some(message);
                        }
                    }
                }
                way.pop();
            }
            let extra = found.iter().find(|(key, _)| !expected.contains_key(*key))?;
            Some(format!("`{}` is also there: {}", extra.0, extra.1))
        }
        (Json::Array(expected), Json::Array(found)) if expected.len() == found.len() => {
            for (index, (value, other)) in (0..).zip(expected.iter().zip(found)) {
                way.push(Step::Index(index));
                if let Some(message) = difference(value, other, way) {
                    return Some(message);
                }
                way.pop();
            }
            None
        }
        (expected, found) => (expected != found).then(|| format!("it is {found}")),
    }
}
