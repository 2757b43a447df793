//! What a person asks of `lint`.

use std::path::PathBuf;

use clap::Args;

use super::render;
use crate::cli::facts::Given;
use crate::cli::output::Reporting;
use crate::cli::policies::Choice;
use crate::engine::Applicability;
use crate::report::{self, Format, Needs, Run};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Files, directories or globs of manifests, charts, kustomizations; `-` for the standard input
    #[arg(value_name = "PATH", default_value = ".")]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) policies: Choice,
    /// The file with flags for this repository, in place of the `.portcullis.yaml` in this folder or
    /// in the nearest one above
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    config: Option<PathBuf>,
    /// Reads no `.portcullis.yaml`
    #[arg(long, conflicts_with = "config", env = "PORTCULLIS_NO_CONFIG")]
    no_config: bool,
    #[command(flatten)]
    pub(super) reporting: Reporting,
    /// Counts by rule and by owner in place of the findings: `--format stats`
    #[arg(long, conflicts_with = "format", env = "PORTCULLIS_STATS")]
    stats: bool,
    /// Adds the pages of the rules that found something, with the policy entries in force, to a
    /// report for people
    #[arg(long, env = "PORTCULLIS_EXPLAIN")]
    pub(super) explain: bool,
    /// Takes the findings of this file for known: they are shown, and don't count
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_BASELINE")]
    pub(super) baseline: Option<PathBuf>,
    /// Writes the findings of this run as a baseline, and takes them all for known
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_WRITE_BASELINE")]
    pub(super) write_baseline: Option<PathBuf>,
    /// Judges only what is other than where the branch left BASE: documents and charts that
    /// changed, and what is new. Rules still know of all the others
    #[arg(
        long,
        value_name = "BASE",
        conflicts_with = "write_baseline",
        env = "PORTCULLIS_GIT_DIFF"
    )]
    pub(super) git_diff: Option<String>,
    /// Writes safe fixes into the files, with what the policies change by themselves
    #[arg(long, group = "fixing", env = "PORTCULLIS_FIX")]
    pub(super) fix: bool,
    /// Shows what `--fix` would do, in place of the report, and does nothing
    #[arg(long, group = "fixing", env = "PORTCULLIS_DIFF")]
    pub(super) diff: bool,
    /// Takes fixes that may change what an object does, too
    #[arg(long = "unsafe", requires = "fixing", env = "PORTCULLIS_UNSAFE")]
    with_unsafe: bool,
    #[command(flatten)]
    pub(super) given: Given,
    /// Reads YAML by the exact reader alone, which takes longer and reads the same
    #[arg(long, env = "PORTCULLIS_EXACT_READER")]
    pub(super) exact_reader: bool,
    /// Fails if a rule could not judge
    #[arg(long, env = "PORTCULLIS_STRICT")]
    strict: bool,
    /// Takes a run without any object for a good one
    #[arg(long, env = "PORTCULLIS_ALLOW_EMPTY")]
    pub(super) allow_empty: bool,
    // Last, since its heading goes on to the end.
    #[command(flatten)]
    pub(super) charts: render::Flags,
}

impl Arguments {
    /// The report on the standard output.
    pub(super) fn format(&self) -> &'static Format {
        let stats = || report::find("stats").filter(|_| self.stats);
        stats().unwrap_or_else(|| self.reporting.format())
    }

    /// What any of the reports wants to know.
    pub(super) fn needs(&self) -> Needs {
        self.reporting.needs(self.format())
    }

    /// Which fixes are wanted, if any.
    pub(super) fn fixes(&self) -> Option<Applicability> {
        let most = if self.with_unsafe { Applicability::Unsafe } else { Applicability::Safe };
        (self.fix || self.diff).then_some(most)
    }

    /// Whether the exit code says no.
    pub(super) fn fails(&self, run: &Run) -> bool {
        if self.strict && run.summary.skipped + run.summary.errors > 0 {
            return true;
        }
        if self.write_baseline.is_some() {
            return false;
        }
        self.reporting.is_failed_by(run)
    }
}
