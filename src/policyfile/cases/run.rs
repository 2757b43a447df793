//! Judging cases, and what is not as expected.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{Case, Cases, Effect, Expected, ExpectedState};
use crate::document::{Lines, Path, Position, Span, Step, Value, locate};
use crate::engine::{
    Budget, Changed, Decision, Engine, Facts, Finding, Operation, Outcome, Report, Subject, User,
};
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
    /// The entries that judged or changed the object.
    pub touched: Vec<Touched>,
}

/// What an entry did in a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    pub policy: String,
    pub entry: String,
    /// Whether it found or changed something; else it let the object pass.
    pub found: bool,
}

impl Cases<'_> {
    /// Judges every case.
    pub fn run(&self, engine: &Engine) -> Vec<Verdict> {
        let lines = Lines::new(self.source.text);
        let judge = |case: &Case<'_>| {
            let mut check = Check {
                case,
                text: self.source.text,
                lines: &lines,
                found: Vec::new(),
                touched: Vec::new(),
            };
            check.judge(engine);
            Verdict {
                touched: check.touched,
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
            user: written.user.as_ref().map(user).map(Arc::new),
            ..subject_of(&self.object)?
        })
    }
}

struct Check<'c, 't> {
    case: &'c Case<'t>,
    text: &'t str,
    lines: &'c Lines<'t>,
    found: Vec<Found>,
    touched: Vec<Touched>,
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
        self.touched = touched(engine, &subject, &facts, &report, &changed);
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
            match left.iter().position(|it| expected.fits(it, self.line_of(it))) {
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
                let line = expected.line.map(|_| format!(" on line {}", self.line_of(it)));
                let (line, severity) = (line.unwrap_or_default(), it.severity.as_str());
                format!("`{}`{line}: {}, {severity}{state}", it.path, it.message)
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

    /// On which line of the object a finding is, from 1.
    fn line_of(&self, finding: &Finding) -> u32 {
        let object = &self.case.object;
        let place = locate(self.text, object, &finding.path).span;
        let line = |offset| self.lines.position(offset).line;
        (line(place.start) + 1).saturating_sub(line(object.span.start))
    }

    fn tell(&mut self, span: Span, message: String, help: Option<String>) {
        self.found.push(Found { span, message, help });
    }
}

impl Expected {
    fn fits(&self, finding: &Finding, line: u32) -> bool {
        *self.entry == *finding.entry
            && self.line.is_none_or(|wanted| wanted == line)
            && self.path.as_ref().is_none_or(|path| *path == finding.path)
            && self.message.as_ref().is_none_or(|message| *message == finding.message)
            && self.severity.is_none_or(|severity| severity == finding.severity)
            && self.state.is_none_or(|state| state == ExpectedState::from(finding.state))
    }

    /// How much it says of the finding.
    fn particulars(&self) -> usize {
        let Self { entry: _, path, line, message, severity, state } = self;
        [path.is_some(), line.is_some(), message.is_some(), severity.is_some(), state.is_some()]
            .into_iter()
            .filter(|given| *given)
            .count()
    }
}

/// What each entry that is about the subject did.
fn touched(
    engine: &Engine,
    subject: &Subject<'_>,
    facts: &Facts<'_>,
    report: &Report,
    changed: &Changed,
) -> Vec<Touched> {
    let judging = engine.trace(subject, facts).into_iter().filter(|it| it.why_not.is_none());
    let touched = judging.filter_map(|it| {
        let is_its = |policy: &str, entry: &str| policy == it.policy && entry == it.entry;
        let mut outcomes = report.outcomes.iter().filter(|it| it.could_not_judge());
        if outcomes.any(|it| is_its(&it.policy, &it.entry)) {
            return None;
        }
        let found = report.findings.iter().any(|it| is_its(&it.policy, &it.entry))
            || changed.changes.iter().any(|it| is_its(&it.policy, &it.entry));
        Some(Touched { policy: it.policy.to_owned(), entry: it.entry.to_owned(), found })
    });
    touched.collect()
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
