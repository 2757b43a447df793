//! Findings into text: one file a format, one line each in [`FORMATS`].
//!
//! A format sees only what is in a [`Run`], which holds no value that must not be shown: lines
//! are masked before they get here.

mod concise;
mod fold;
mod full;
mod github;
mod gitlab;
pub(crate) mod html;
mod json;
mod junit;
mod markdown;
mod owned;
pub(crate) mod policy_results;
mod policyreport;
mod rule;
mod run;
mod sarif;
mod stats;
mod ticks;
pub(crate) mod xml;

use serde::Serialize;

#[cfg(feature = "cli")]
pub(crate) use self::run::plural;
pub use self::run::{
    Appearance, Effect, Findings, Rendered, Run, Shown, ShownChange, ShownEdit, ShownObject,
    ShownOutcome, ShownRelated, Summary,
};

/// A way to write a run.
#[derive(Debug)]
pub struct Format {
    pub name: &'static str,
    /// What it is for, for `--help`.
    pub about: &'static str,
    pub needs: Needs,
    pub render: fn(&Run, Appearance) -> String,
}

impl Format {
    /// Whether a person reads it, and no program.
    pub fn is_for_people(&self) -> bool {
        matches!(self.name, "full" | "concise" | "stats")
    }
}

/// What a run is to hold for a format. It costs time to find out, and memory to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The lines of findings.
    pub lines: bool,
    /// Fixes as edits of the text.
    pub edits: bool,
    /// All objects, also those without a finding.
    pub objects: bool,
}

/// Every format, the default first.
pub static FORMATS: &[Format] = &[
    format("full", "for people: the line, what is wrong, what to do", LINES, full::render),
    format("concise", "one line a finding", NOTHING, concise::render),
    format("stats", "counts by rule and by owner", NOTHING, stats::render),
    format("json", "for scripts: versioned", NOTHING, json::render),
    format("sarif", "SARIF 2.1.0, for code hosts and editors", LINES_AND_EDITS, sarif::render),
    format("gitlab", "GitLab Code Quality", NOTHING, gitlab::render),
    format("github", "GitHub annotations, for the log of a step", NOTHING, github::render),
    format("markdown", "a comment on a merge request", NOTHING, markdown::render),
    format("html", "one page with everything in it, to look around in", LINES, html::render),
    format("policyreport", "PolicyReports, one for each namespace", OBJECTS, policyreport::render),
    format("junit", "JUnit XML: a test for each object and finding", OBJECTS, junit::render),
];

const NOTHING: Needs = Needs { lines: false, edits: false, objects: false };
const LINES: Needs = Needs { lines: true, ..NOTHING };
const LINES_AND_EDITS: Needs = Needs { edits: true, ..LINES };
const OBJECTS: Needs = Needs { objects: true, ..NOTHING };

/// The format with this name.
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

impl Needs {
    /// What either needs.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            lines: self.lines || other.lines,
            edits: self.edits || other.edits,
            objects: self.objects || other.objects,
        }
    }
}

/// JSON for programs that people look over the shoulder of.
pub(crate) fn pretty(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document);
    text.unwrap_or_else(|_| unreachable!("strings, numbers and lists only")) + "\n"
}

const fn format(
    name: &'static str,
    about: &'static str,
    needs: Needs,
    render: fn(&Run, Appearance) -> String,
) -> Format {
    Format { name, about, needs, render }
}
