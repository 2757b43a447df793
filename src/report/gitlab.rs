//! GitLab Code Quality: findings on the lines of a merge request.
//!
//! Source: GitLab, [Code Quality report format](https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format).
//! A fingerprint is the finding's id: it stays when lines move, and GitLab then shows only what a
//! merge request adds. A waived finding is accepted, and left out; GitLab has no word for it.

use serde::Serialize;

use super::run::{Shown, host_file};
use super::{Appearance, Run};
use crate::engine::{Severity, State};

#[derive(Serialize)]
struct Degradation<'r> {
    description: String,
    check_name: &'r str,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let counts = run.findings.iter().filter(|it| it.finding.state != State::Waived);
    let all: Vec<Degradation<'_>> = counts.map(degradation).collect();
    super::pretty(&all)
}

fn degradation(shown: &Shown) -> Degradation<'_> {
    let at = shown.host_location();
    Degradation {
        description: shown.message_and_help(),
        check_name: shown.finding.rule,
        fingerprint: shown.finding.id.to_string(),
        severity: severity(shown.finding.severity),
        location: Place { path: host_file(&at.file).to_owned(), lines: Lines { begin: at.line } },
    }
}

/// Five words each; the worst is the one with which GitLab would not merge.
const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Low => "minor",
        Severity::Medium => "major",
        Severity::High => "critical",
        Severity::Critical => "blocker",
    }
}
