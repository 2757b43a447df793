//! What a person asks of `lint`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use super::output::{self, Output};
use super::render;
use crate::cli::facts::Given;
use crate::cli::policies::Choice;
use crate::engine::{Applicability, Severity};
use crate::report::{self, Effect, FORMATS, Format, Needs, Run, Shown};

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
    /// How the report on the standard output looks
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "full",
        value_parser = formats(),
        env = "PORTCULLIS_FORMAT"
    )]
    format: String,
    /// Counts by rule and by owner in place of the findings: `--format stats`
    #[arg(long, conflicts_with = "format", env = "PORTCULLIS_STATS")]
    stats: bool,
    /// Writes one more report, as `sarif=report.sarif`; may be given several times. `-` for the
    /// standard output, behind the report there
    #[arg(
        long = "output",
        value_name = "FORMAT=FILE",
        value_parser = output::parse,
        env = "PORTCULLIS_OUTPUT"
    )]
    outputs: Vec<Vec<Output>>,
    /// Adds the pages of the rules that found something, with the policy entries in force, to a
    /// report for people
    #[arg(long, env = "PORTCULLIS_EXPLAIN")]
    pub(super) explain: bool,
    /// What makes the run fail: an effect that a finding has, or a severity that it reaches
    #[arg(
        long,
        value_name = "deny|warn|audit|SEVERITY",
        default_value = "deny",
        value_parser = ["deny", "warn", "audit", "info", "low", "medium", "high", "critical"],
        env = "PORTCULLIS_FAIL_ON"
    )]
    fail_on: String,
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
        let name = if self.stats { "stats" } else { self.format.as_str() };
        report::find(name).unwrap_or_else(|| unreachable!("clap checks it"))
    }

    /// The other reports, in the order in which they were asked for.
    pub(super) fn outputs(&self) -> impl Iterator<Item = &Output> {
        self.outputs.iter().flatten()
    }

    /// What any of the reports wants to know.
    pub(super) fn needs(&self) -> Needs {
        let others = self.outputs().map(|output| output.format.needs);
        others.fold(self.format().needs, Needs::or)
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
        reaches(run, &self.fail_on)
    }
}

/// Whether anything in a run reaches what `--fail-on` says, or would be denied.
pub(in crate::cli) fn reaches(run: &Run, bar: &str) -> bool {
    let is_over = |shown: &Shown| match bar {
        "deny" => shown.effect() == Effect::Deny,
        "warn" => shown.effect() <= Effect::Warn,
        "audit" => true,
        "info" => shown.finding.severity >= Severity::Info,
        "low" => shown.finding.severity >= Severity::Low,
        "medium" => shown.finding.severity >= Severity::Medium,
        "high" => shown.finding.severity >= Severity::High,
        _ => shown.finding.severity >= Severity::Critical,
    };
    run.summary.denied > 0 || run.findings.iter().any(|it| it.effect().counts() && is_over(it))
}

pub(in crate::cli) fn formats() -> PossibleValuesParser {
    FORMATS
        .iter()
        .map(|format| PossibleValue::new(format.name).help(format.about))
        .collect::<Vec<_>>()
        .into()
}
