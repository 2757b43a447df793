//! What there is to say of the rules of a run, for formats that carry their own documentation.

use super::Run;
use crate::engine::{Category, Rule, Severity};
use crate::rules::{self, own::OwnRule};

/// A rule that has a finding, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RuleText {
    pub(super) id: &'static str,
    /// What it flags.
    pub(super) summary: String,
    pub(super) why: String,
    /// The page, in Markdown.
    pub(super) page: String,
    pub(super) category: Category,
    pub(super) severity: Severity,
}

impl RuleText {
    /// The rules that have findings, by id.
    pub(super) fn of(run: &Run) -> Vec<Self> {
        let mut ids: Vec<&'static str> = run.findings.iter().map(|it| it.finding.rule).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(Self::new).collect()
    }

    fn new(id: &str) -> Option<Self> {
        rules::find(id).map(Self::of_rule).or_else(|| OwnRule::find(id).map(Self::of_own))
    }

    fn of_own(rule: &OwnRule) -> Self {
        Self {
            id: rule.id,
            summary: rule.summary.to_owned(),
            why: rule.why.to_owned(),
            page: format!("{}\n\n{}", rule.summary, rule.why),
            category: OwnRule::CATEGORY,
            severity: rule.severity,
        }
    }

    fn of_rule(rule: &Rule) -> Self {
        let lines: Vec<&str> =
            rule.doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        let why = lines.iter().skip_while(|line| **line != "## Why").skip(1);
        let why: Vec<&str> = why.take_while(|line| !line.starts_with("## ")).copied().collect();
        Self {
            id: rule.id,
            summary: rule.summary().to_owned(),
            why: why.join(" ").trim().to_owned(),
            page: lines.join("\n").trim().to_owned(),
            category: rule.category,
            severity: rule.severity,
        }
    }
}
