//! What there is to say of the rules of a run, for formats that carry their own documentation.

use super::Run;
use crate::engine::{Category, Rule, Severity};
use crate::rules;

/// A rule that has a finding, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) id: &'static str,
    /// What it flags.
    pub(super) summary: String,
    pub(super) why: String,
    /// The page, in Markdown.
    pub(super) page: String,
    /// `None` for the linter's own findings.
    pub(super) category: Option<Category>,
    pub(super) severity: Severity,
}

impl About {
    /// The rules that have findings, by id.
    pub(super) fn of(run: &Run) -> Vec<Self> {
        let mut ids: Vec<&'static str> = run.findings.iter().map(|it| it.finding.rule).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(Self::new).collect()
    }

    fn new(id: &'static str) -> Self {
        if let Some(rule) = rules::find(id) {
            return Self::of_rule(rule);
        }
        let (summary, why) = match id {
            "duplicate-key" => (
                "Flags a key that stands twice in one map.",
                "The API server takes the last one, which is seldom what was meant.",
            ),
            _ => (
                "Flags a document that can't be read.",
                "The API server refuses it too, and nobody knows what is in it.",
            ),
        };
        Self {
            id,
            summary: summary.to_owned(),
            why: why.to_owned(),
            page: format!("{summary}\n\n{why}"),
            category: None,
            severity: Severity::Medium,
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
            category: Some(rule.category),
            severity: rule.severity,
        }
    }
}
