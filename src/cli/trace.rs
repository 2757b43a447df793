//! How a review comes to its answer, for the author of a policy.

use std::fmt::Write as _;

use crate::admission::{Answer, Trace};
use crate::engine::{Finding, Ground, State, Traced};

/// One line for each entry: those that judge the object first, with what they say.
pub(super) fn text(trace: &Trace<'_>, answer: Answer) -> String {
    let subject = &trace.subject;
    let namespace = subject.namespace.as_deref().map(|it| format!("{it}/")).unwrap_or_default();
    let (version, kind, name) = (subject.api_version(), &subject.kind, subject.shown_name());
    let (operation, user) = (trace.operation.as_str(), &trace.user);
    let mut out =
        format!("{operation} of {version} {kind} {namespace}{name} by {user}: {answer}\n");
    if trace.report.is_none() {
        out.push_str("no policy is about such an object\n");
    }
    let (judging, others): (Vec<&Traced<'_>>, Vec<&Traced<'_>>) =
        trace.entries.iter().partition(|it| it.why_not.is_none());
    let width = trace.entries.iter().map(|it| it.policy.len() + it.entry.len() + 1).max();
    let width = width.unwrap_or_default();
    for entry in judging {
        for said in said(trace, entry) {
            let name = format!("{}/{}", entry.policy, entry.entry);
            _ = writeln!(out, "judges   {name:width$}  {said}");
        }
    }
    for entry in others {
        let name = format!("{}/{}", entry.policy, entry.entry);
        let why = entry.why_not.as_deref().unwrap_or_default();
        _ = writeln!(out, "does not {name:width$}  {why}");
    }
    out
}

/// What an entry says of the object: its findings, or one line without any.
fn said(trace: &Trace<'_>, entry: &Traced<'_>) -> Vec<String> {
    let Some(report) = &trace.report else { return vec!["there is nothing to judge".to_owned()] };
    let is_its = |policy: &str, name: &str| policy == entry.policy && name == entry.entry;
    let findings = report.findings.iter().filter(|it| is_its(&it.policy, &it.entry));
    let found: Vec<String> = findings.map(finding).collect();
    if !found.is_empty() {
        return found;
    }
    let outcome = report.outcomes.iter().find(|it| is_its(&it.policy, &it.entry));
    match outcome.and_then(|it| Some((it.status, it.reason.as_deref()?))) {
        Some((status, reason)) => vec![format!("{}: {reason}", status.as_str())],
        None => vec!["pass".to_owned()],
    }
}

fn finding(finding: &Finding) -> String {
    let effect = match finding.state {
        State::Waived => "waived".to_owned(),
        _ => Ground::Finding(finding).enforcement().as_str().to_lowercase(),
    };
    format!("{effect}: {}", finding.message)
}
