//! The reports of a run: one on the standard output, and others, each into a file of its own.

use std::collections::HashSet;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use super::{Console, Failure, whole};
use crate::engine::{Severity, nearest};
use crate::report::{self, Appearance, Effect, FORMATS, Format, Needs, Run, Shown};

/// Flags of whoever makes a run.
#[derive(Debug, Args)]
pub(super) struct Reporting {
    /// How the report on the standard output looks
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "full",
        value_parser = formats(),
        env = "PORTCULLIS_FORMAT"
    )]
    format: String,
    /// Writes one more report, as `sarif=report.sarif`; may be given several times. `-` for the
    /// standard output, behind the report there
    #[arg(
        long = "output",
        value_name = "FORMAT=FILE",
        value_parser = parse,
        env = "PORTCULLIS_OUTPUT"
    )]
    outputs: Vec<Vec<Output>>,
    /// What makes the run fail: an effect that a finding has, or a severity that it reaches
    #[arg(
        long,
        value_name = "deny|warn|audit|SEVERITY",
        default_value = "deny",
        value_parser = ["deny", "warn", "audit", "info", "low", "medium", "high", "critical"],
        env = "PORTCULLIS_FAIL_ON"
    )]
    fail_on: String,
}

/// A report that was asked for: `FORMAT=FILE`.
#[derive(Clone, Debug)]
pub(super) struct Output {
    format: &'static Format,
    /// `None` for the standard output.
    file: Option<PathBuf>,
}

impl Reporting {
    /// The report on the standard output.
    pub(super) fn format(&self) -> &'static Format {
        report::find(&self.format).unwrap_or_else(|| unreachable!("clap checks it"))
    }

    /// What the other reports want to know, and one like `first`.
    pub(super) fn needs(&self, first: &Format) -> Needs {
        self.others().map(|output| output.format.needs).fold(first.needs, Needs::or)
    }

    /// Refuses one file for two reports: the first would be lost.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let mut seen = HashSet::new();
        for file in self.others().filter_map(|output| output.file.as_ref()) {
            if !seen.insert(file) {
                let message = format!("two reports would go to `{}`", file.display());
                return Err(Failure::new(message).help("give each report a file of its own"));
            }
        }
        Ok(())
    }

    /// Writes the reports that have a file. What becomes of one takes nothing from the others.
    ///
    /// Returns whether all are written; tells the person of each that is not.
    pub(super) fn write_files(&self, run: &Run, console: &mut Console) -> bool {
        let mut all_written = true;
        for Output { format, file } in self.others() {
            let Some(file) = file else { continue };
            let text = (format.render)(run, Appearance::default());
            if let Err(error) = whole::write(file, text.as_bytes()) {
                let (name, file) = (format.name, file.display());
                console.note(format_args!(
                    "error: cannot write the {name} report to `{file}`: {error}"
                ));
                all_written = false;
            }
        }
        all_written
    }

    /// Writes the reports that go to the standard output behind the first one.
    pub(super) fn stream_others(&self, run: &Run, console: &mut Console) -> Result<(), Failure> {
        for output in self.others().filter(|output| output.file.is_none()) {
            stream(run, output.format, console)?;
        }
        Ok(())
    }

    /// Whether anything in a run reaches what `--fail-on` says, or would be denied.
    pub(super) fn is_failed_by(&self, run: &Run) -> bool {
        let reaches = |shown: &Shown| match self.fail_on.as_str() {
            "deny" => shown.effect() == Effect::Deny,
            "warn" => shown.effect() <= Effect::Warn,
            "audit" => true,
            "info" => shown.finding.severity >= Severity::Info,
            "low" => shown.finding.severity >= Severity::Low,
            "medium" => shown.finding.severity >= Severity::Medium,
            "high" => shown.finding.severity >= Severity::High,
            _ => shown.finding.severity >= Severity::Critical,
        };
        run.summary.denied > 0 || run.findings.iter().any(|it| it.effect().counts() && reaches(it))
    }

    /// The other reports, in the order in which they were asked for.
    fn others(&self) -> impl Iterator<Item = &Output> {
        self.outputs.iter().flatten()
    }
}

fn formats() -> PossibleValuesParser {
    FORMATS
        .iter()
        .map(|format| PossibleValue::new(format.name).help(format.about))
        .collect::<Vec<_>>()
        .into()
}

/// Reads one `FORMAT=FILE`, or several with commas between them, as an environment variable
/// gives them. A comma that no `FORMAT=` follows is a part of the file's name.
fn parse(text: &str) -> Result<Vec<Output>, String> {
    let mut pieces: Vec<String> = Vec::new();
    for piece in text.split(',') {
        let begins = |piece: &str| piece.split_once('=').is_some_and(|(it, _)| names_format(it));
        match pieces.last_mut() {
            Some(last) if !begins(piece) => *last = format!("{last},{piece}"),
            _ => pieces.push(piece.to_owned()),
        }
    }
    pieces.iter().map(|piece| one(piece)).collect()
}

/// Writes a report to the standard output.
pub(super) fn stream(run: &Run, format: &Format, console: &mut Console) -> Result<(), Failure> {
    console.write(&(format.render)(run, Appearance { colour: console.colour }))
}

fn names_format(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase())
}

fn one(piece: &str) -> Result<Output, String> {
    let (name, file) = piece.split_once('=').ok_or("expected FORMAT=FILE")?;
    let Some(format) = report::find(name) else {
        let names = || FORMATS.iter().map(|format| format.name);
        let near = nearest(name, names()).map(|near| format!("; did you mean `{near}`?"));
        let all = names().collect::<Vec<_>>().join(", ");
        let near = near.unwrap_or_else(|| format!("; there are {all}"));
        return Err(format!("there is no format `{name}`{near}"));
    };
    match file {
        "" => Err(format!("the {name} report has no file")),
        "-" => Ok(Output { format, file: None }),
        file => Ok(Output { format, file: Some(file.into()) }),
    }
}
