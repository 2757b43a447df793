//! GitHub annotations: workflow commands, one line each, for the log of a step.
//!
//! Sources: GitHub, [Workflow commands](https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands);
//! actions/toolkit, `packages/core/src/command.ts` (what is escaped) and
//! `docs/problem-matchers.md` (10 annotations of a level in a step).

use std::cmp::Reverse;
use std::fmt::Write as _;

use super::run::{Shown, host_file, plural};
use super::{Appearance, Effect, Run};

/// GitHub shows no more of one level in a step.
const LIMIT: usize = 10;

/// A level of annotations, and what their findings do.
const LEVELS: [(&str, Effect); 3] =
    [("error", Effect::Deny), ("warning", Effect::Warn), ("notice", Effect::Audit)];

/// The worst ten of each level of what counts, in the order of the report, and how many more there are.
pub(super) fn render(run: &Run, _appearance: Appearance) -> String {
    let mut out = String::new();
    let mut left_out = Vec::new();
    for (level, effect) in LEVELS {
        let mut findings: Vec<(usize, &Shown)> =
            run.findings.iter().filter(|it| it.effect() == effect).enumerate().collect();
        // One notice is kept for what is left out.
        let limit = if effect == Effect::Audit { LIMIT - 1 } else { LIMIT };
        if let Some(more @ 1..) = findings.len().checked_sub(limit) {
            left_out.push(plural(more, level));
        }
        findings.sort_by_key(|(rank, shown)| (Reverse(shown.finding.severity), *rank));
        findings.truncate(limit);
        findings.sort_by_key(|(rank, _)| *rank);
        for (_, shown) in findings {
            _ = writeln!(out, "{}", annotation(level, shown));
        }
    }
    if !left_out.is_empty() {
        let text = format!(
            "not shown: {}. GitHub shows {LIMIT} of a level in a step; another report has them all",
            left_out.join(", "),
        );
        _ = writeln!(out, "::notice title=Portcullis::{}", data(&text));
    }
    out
}

fn annotation(level: &str, shown: &Shown) -> String {
    let at = shown.host_location();
    let mut command = format!("::{level} file={},line={}", property(host_file(&at.file)), at.line);
    if at.end_line == at.line && at.end_column > at.column {
        // GitHub takes columns of one line only.
        _ = write!(command, ",col={},endColumn={}", at.column, at.end_column);
    } else {
        _ = write!(command, ",endLine={}", at.end_line);
    }
    _ = write!(command, ",title={}", property(shown.finding.rule));
    format!("{command}::{}", data(&shown.message_and_help()))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn nothing_ends_a_command_early() {
        assert_eq!(data("50%\r\n::error::x"), "50%25%0D%0A::error::x");
        assert_eq!(property("a,b:c%\n.yaml"), "a%2Cb%3Ac%25%0A.yaml");
    }
}
