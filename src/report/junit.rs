//! JUnit XML: objects as test cases, for CI servers that count tests.
//!
//! A suite is a file, or the chart that wrote the objects. What denies is a failure; what only
//! warns, is audited, was known before or is waived is skipped, with its text; a rule that broke
//! is an error. An object without a finding is a test that passes.
//!
//! Sources: jenkinsci/xunit-plugin, `junit-10.xsd` (elements and attributes); GitLab,
//! [Unit test reports](https://docs.gitlab.com/ci/testing/unit_test_reports) (a test is known by
//! `classname` and `name`; of two that are the same only the first counts).

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use super::run::{Shown, ShownOutcome, name_of};
use super::xml::{attribute, text};
use super::{Appearance, Effect, Run};
use crate::engine::{Identity, Status};
use crate::resource::owner::Owner;

#[derive(Default)]
struct Suite {
    cases: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    /// How often a name was used.
    names: HashMap<String, usize>,
}

/// How a test ended.
enum Ended<'r> {
    Passed,
    Failed { kind: &'r str, message: &'r str, text: String },
    Skipped { message: String },
    Errored { kind: &'r str, message: &'r str },
}

/// Suites in the order in which the report first speaks of them.
#[derive(Default)]
struct Suites {
    names: Vec<String>,
    by_name: HashMap<String, Suite>,
}

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let mut suites = Suites::default();
    let mut told: HashSet<(&str, &Identity)> = HashSet::new();
    for shown in run.findings.iter() {
        told.extend(shown.subject.as_deref().map(|subject| (&**shown.input(), subject)));
    }
    for object in &run.objects {
        let suite = suites.of(object.owner.as_deref(), &object.file);
        if !told.contains(&(&*object.file, &object.subject)) {
            suite.add(&object.file, &name_of(&object.subject), Ended::Passed);
        }
    }
    for shown in run.findings.iter() {
        let suite = suites.of(shown.owner.as_deref(), shown.input());
        suite.add(shown.input(), &name(shown), ended(shown));
    }
    for outcome in &run.outcomes {
        add_outcome(suites.of(None, &outcome.file), outcome);
    }
    suites.write()
}

impl Suites {
    fn of(&mut self, owner: Option<&Owner>, file: &str) -> &mut Suite {
        let name = owner.map_or_else(|| file.to_owned(), Owner::charts);
        if !self.by_name.contains_key(&name) {
            self.names.push(name.clone());
        }
        self.by_name.entry(name).or_default()
    }

    fn write(&self) -> String {
        let all: Vec<(&str, &Suite)> =
            self.names.iter().filter_map(|it| Some((it.as_str(), self.by_name.get(it)?))).collect();
        let sum = |of: fn(&Suite) -> usize| all.iter().map(|(_, suite)| of(suite)).sum::<usize>();
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        _ = writeln!(
            out,
            "<testsuites name=\"portcullis\" tests=\"{}\" failures=\"{}\" errors=\"{}\">",
            sum(|suite| suite.tests),
            sum(|suite| suite.failures),
            sum(|suite| suite.errors),
        );
        for (name, suite) in all {
            _ = writeln!(
                out,
                "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
                attribute(name),
                suite.tests,
                suite.failures,
                suite.errors,
                suite.skipped,
            );
            out.push_str(&suite.cases);
            out.push_str("  </testsuite>\n");
        }
        out.push_str("</testsuites>\n");
        out
    }
}

impl Suite {
    fn add(&mut self, file: &str, name: &str, ended: Ended<'_>) {
        let used = self.names.entry(format!("{file}\0{name}")).or_default();
        *used += 1;
        let name = match used {
            1 => name.to_owned(),
            number => format!("{name} ({number})"),
        };
        self.tests += 1;
        let (class, name) = (attribute(file), attribute(&name));
        _ = write!(self.cases, "    <testcase classname=\"{class}\" name=\"{name}\"");
        let inner = match ended {
            Ended::Passed => {
                self.cases.push_str("/>\n");
                return;
            }
            Ended::Failed { kind, message, text: body } => {
                self.failures += 1;
                let (kind, message) = (attribute(kind), attribute(message));
                format!("<failure type=\"{kind}\" message=\"{message}\">{}</failure>", text(&body))
            }
            Ended::Skipped { message } => {
                self.skipped += 1;
                format!("<skipped message=\"{}\"/>", attribute(&message))
            }
            Ended::Errored { kind, message } => {
                self.errors += 1;
                format!("<error type=\"{}\" message=\"{}\"/>", attribute(kind), attribute(message))
            }
        };
        _ = writeln!(self.cases, ">{inner}</testcase>");
    }
}

/// The same wherever lines move, so that a server can compare two runs.
fn name(shown: &Shown) -> String {
    let finding = &shown.finding;
    match &shown.subject {
        Some(subject) => format!("{}: {}{}", finding.rule, name_of(subject), finding.path),
        None => format!("{}: line {}", finding.rule, shown.location.line),
    }
}

fn ended(shown: &Shown) -> Ended<'_> {
    let finding = &shown.finding;
    let at = &shown.location;
    let place = match at.line {
        0 => shown.place(),
        line => format!("{}:{line}:{}", at.file, at.column),
    };
    let body = format!("{place}: {}", shown.message_and_help());
    match shown.effect() {
        Effect::Waived => {
            let until = finding.waiver.as_ref().map(|it| format!(" until {}", it.until));
            Ended::Skipped { message: format!("waived{}: {body}", until.unwrap_or_default()) }
        }
        Effect::Deny => Ended::Failed {
            kind: finding.severity.as_str(),
            message: &finding.message,
            text: format!("{body}\npolicy {}/{}", finding.policy, finding.entry),
        },
        effect => Ended::Skipped { message: format!("{}: {body}", effect.as_str()) },
    }
}

fn add_outcome(suite: &mut Suite, shown: &ShownOutcome) {
    let outcome = &shown.outcome;
    let name = format!("{}: {}", outcome.entry, name_of(&shown.subject));
    let reason = outcome.reason.as_deref().unwrap_or("it could not judge");
    let ended = match outcome.status {
        Status::Error => Ended::Errored { kind: outcome.rule, message: reason },
        _ => Ended::Skipped { message: reason.to_owned() },
    };
    suite.add(&shown.file, &name, ended);
}
