//! One line a finding: `FILE:LINE:COLUMN: EFFECT[RULE] MESSAGE (POLICY/ENTRY)`.

use std::fmt::Write as _;

use super::run::{unjudged_lines, word_of};
use super::{Appearance, Run};

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let mut out = String::new();
    for shown in &run.findings {
        let (finding, at) = (&shown.finding, &shown.location);
        let word = word_of(shown);
        _ = writeln!(
            out,
            "{}:{}:{}: {word}[{}] {} ({}/{})",
            at.file,
            at.line,
            at.column,
            finding.rule,
            finding.message,
            finding.policy,
            finding.entry,
        );
    }
    for line in unjudged_lines(run).iter().chain(&run.summary.notices) {
        _ = writeln!(out, "{line}");
    }
    _ = writeln!(out, "{}", run.summary.line(run));
    out
}
