//! One line a finding: `FILE:LINE:COLUMN: EFFECT[RULE] MESSAGE (POLICY/ENTRY)`.

use std::fmt::Write as _;

use super::run::unjudged_lines;
use super::{Appearance, Run, Shown};

/// How long is what stands in a line besides texts: numbers, an effect, brackets.
const USUAL_MARKS: usize = 32;

pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let mut out = String::with_capacity(run.findings.iter().map(usual_bytes).sum());
    run.findings.iter().for_each(|shown| write_line(shown, &mut out));
    for line in unjudged_lines(run).iter().chain(&run.summary.notices) {
        _ = writeln!(out, "{line}");
    }
    _ = writeln!(out, "{}", run.summary.line(run));
    out
}

/// About how long the line of a finding is.
fn usual_bytes(shown: &Shown) -> usize {
    let finding = &shown.finding;
    let texts = [&*shown.location.file, &*finding.message, &*finding.policy, &*finding.entry];
    texts.iter().map(|text| text.len()).sum::<usize>() + finding.rule.len() + USUAL_MARKS
}

/// Writes a finding behind the others, with its line break: a run may have a hundred thousand.
pub(super) fn write_line(shown: &Shown, out: &mut String) {
    let finding = &shown.finding;
    let column = shown.location.column;
    _ = match shown.location.line {
        0 => write!(out, "{}", shown.place()),
        line => write!(out, "{}:{line}:{column}", shown.location.file),
    };
    let parts = [
        ": ",
        shown.effect().as_str(),
        "[",
        finding.rule,
        "] ",
        &finding.message,
        " (",
        &finding.policy,
        "/",
        &finding.entry,
        ")\n",
    ];
    out.extend(parts);
}
