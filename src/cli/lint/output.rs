//! Reports beside the one on the standard output, each into a file of its own.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::cli::{Console, Failure, whole};
use crate::engine::nearest;
use crate::report::{self, Appearance, FORMATS, Format, Run};

/// A report that was asked for: `FORMAT=FILE`.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Output {
    pub(in crate::cli) format: &'static Format,
    /// `None` for the standard output.
    file: Option<PathBuf>,
}

impl Output {
    /// Whether it goes to the standard output.
    pub(in crate::cli) fn is_streamed(&self) -> bool {
        self.file.is_none()
    }
}

/// Reads one `FORMAT=FILE`, or several with commas between them, as an environment variable
/// gives them. A comma that no `FORMAT=` follows is a part of the file's name.
pub(in crate::cli) fn parse(text: &str) -> Result<Vec<Output>, String> {
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

/// Refuses one file for two reports: the first would be lost.
pub(in crate::cli) fn check<'o>(outputs: impl Iterator<Item = &'o Output>) -> Result<(), Failure> {
    let mut seen = HashSet::new();
    for file in outputs.filter_map(|output| output.file.as_ref()) {
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
pub(in crate::cli) fn write_files<'o>(
    run: &Run,
    outputs: impl Iterator<Item = &'o Output>,
    console: &mut Console,
) -> bool {
    let mut all_written = true;
    for Output { format, file } in outputs {
        let Some(file) = file else { continue };
        let text = (format.render)(run, Appearance::default());
        if let Err(error) = whole::write(file, text.as_bytes()) {
            let (name, file) = (format.name, file.display());
            console
                .note(format_args!("error: cannot write the {name} report to `{file}`: {error}"));
            all_written = false;
        }
    }
    all_written
}

/// Writes a report to the standard output.
pub(in crate::cli) fn stream(
    run: &Run,
    format: &Format,
    console: &mut Console,
) -> Result<(), Failure> {
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
