//! What was known before: findings by their ids, in a file that a team keeps beside its manifests.
//!
//! An id holds no line and no file: a finding stays known when lines move, documents change
//! places, or a file is renamed.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cli::policies::unreadable;
use crate::cli::{Console, Failure, whole};
use crate::engine::{Finding, State};
use crate::report::{self, Run, Shown};
use crate::rules::own::UNREADABLE;

const VERSION: u32 = 1;

/// How many stale findings are named.
const NAMED: usize = 3;

/// The findings that are known. Empty if nobody named a file.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    /// By id, with what a person calls it.
    known: BTreeMap<String, String>,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    version: u32,
    findings: Vec<Known>,
}

/// All but the id is for people, who read it in a review.
#[derive(Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct Known {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    rule: String,
    id: String,
}

impl Baseline {
    /// Reads a file that `--write-baseline` wrote.
    pub(super) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(file) = file else { return Ok(Self::default()) };
        let help = "write one with `--write-baseline`";
        let text = fs::read_to_string(file).map_err(|error| unreadable(file, &error).help(help))?;
        let failure = |problem: String| {
            Failure::new(format!("`{}` is no baseline: {problem}", file.display())).help(help)
        };
        let document: Document =
            serde_json::from_str(&text).map_err(|error| failure(error.to_string()))?;
        if document.version != VERSION {
            return Err(failure(format!("its version is {}, not {VERSION}", document.version)));
        }
        let name = |known: Known| (known.id, format!("{} of {}", known.rule, known.subject));
        Ok(Self { known: document.findings.into_iter().map(name).collect() })
    }

    /// Marks what is known.
    pub(super) fn mark(&self, findings: &mut [Finding]) {
        if self.known.is_empty() {
            return;
        }
        for finding in findings.iter_mut().filter(|it| it.state == State::New) {
            if self.known.contains_key(&finding.id.to_string()) {
                finding.state = State::Existing;
            }
        }
    }

    /// A line about what is known and not found any more, if anything is.
    pub(super) fn stale(&self, run: &Run) -> Option<String> {
        if self.known.is_empty() {
            return None;
        }
        let found: HashSet<String> =
            run.findings.iter().map(|it| it.finding.id.to_string()).collect();
        let gone: Vec<&str> = self
            .known
            .iter()
            .filter_map(|(id, name)| (!found.contains(id)).then_some(name.as_str()))
            .collect();
        let named = gone.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = match gone.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let help = "write the baseline again to forget them";
        (!gone.is_empty()).then(|| format!("in the baseline and not found: {named}{more}; {help}"))
    }
}

/// Writes what was found as known, but for what is waived or could not be read. Returns whether it
/// is written; tells the person if it is not.
pub(super) fn write(file: &Path, run: &Run, console: &mut Console) -> bool {
    let is_known = |shown: &&Shown| {
        shown.finding.state != State::Waived && shown.finding.rule != UNREADABLE.id
    };
    let mut findings: Vec<Known> = run.findings.iter().filter(is_known).map(known).collect();
    findings.sort();
    findings.dedup();
    let text = report::pretty(&Document { version: VERSION, findings });
    let written = whole::write(file, text.as_bytes());
    if let Err(error) = &written {
        let file = file.display();
        console.note(format_args!("error: cannot write the baseline to `{file}`: {error}"));
    }
    written.is_ok()
}

fn known(shown: &Shown) -> Known {
    let finding = &shown.finding;
    Known {
        subject: shown.subject_line(),
        path: finding.path.to_string(),
        rule: finding.rule.to_owned(),
        id: finding.id.to_string(),
    }
}
