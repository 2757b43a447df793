//! One line a finding: `FILE:LINE:COLUMN: EFFECT[RULE] MESSAGE (POLICY/ENTRY)`.

use std::fmt::Write as _;

use super::run::unjudged_lines;
use super::{Appearance, Run, Shown};

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let mut out: String = run.findings.iter().map(line).collect();
    for line in unjudged_lines(run).iter().chain(&run.summary.notices) {
        _ = writeln!(out, "{line}");
    }
    _ = writeln!(out, "{}", run.summary.line(run));
    out
}

/// A finding with its line break.
pub(super) fn line(shown: &Shown) -> String {
    let finding = &shown.finding;
    let place = match shown.location.line {
        0 => shown.place(),
        line => format!("{}:{line}:{}", shown.location.file, shown.location.column),
    };
    format!(
        "{place}: {}[{}] {} ({}/{})\n",
        shown.effect().as_str(),
        finding.rule,
        finding.message,
        finding.policy,
        finding.entry,
    )
}
