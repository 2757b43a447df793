//! Where a command reads and writes: the process's streams, or a test's.

use std::fmt;
use std::io::{self, Read, Write};

use super::progress::Screen;
use super::{ALLOWED, COULD_NOT_RUN};
use crate::document::MAX_BYTES;

/// The streams of one run.
///
/// The report goes to `stdout` and nothing else does.
pub struct Console {
    pub stdin: Box<dyn Read>,
    pub stdout: Box<dyn Write>,
    pub stderr: Box<dyn Write>,
    /// Whether the report may be coloured.
    pub colour: bool,
    /// Where somebody watches how far a long run is.
    pub screen: Screen,
}

/// Why a command could not do what was asked: lines for a person.
#[derive(Debug)]
pub struct Failure {
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Console {
    /// Writes to the report.
    ///
    /// # Errors
    ///
    /// The stream is broken, for any reason but that the reader has read enough.
    pub fn write(&mut self, text: &str) -> Result<(), Failure> {
        let written = self.stdout.write_all(text.as_bytes()).and_then(|()| self.stdout.flush());
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("cannot write the report: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Tells the person something that is no part of the report.
    pub fn note(&mut self, text: impl fmt::Display) {
        // Nobody is left to tell if this fails.
        _ = writeln!(self.stderr, "{text}");
    }

    /// All of the standard input.
    ///
    /// # Errors
    ///
    /// It can't be read, or is longer than a reader takes.
    pub fn read(&mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let read = self.stdin.by_ref().take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| Failure::new(format!("cannot read the standard input: {error}")))?;
        if bytes.len() > MAX_BYTES {
            let limit = MAX_BYTES >> 20;
            return Err(Failure::new(format!("the standard input is longer than {limit} MiB")));
        }
        Ok(bytes)
    }

    pub(super) fn fail(&mut self, failure: &Failure) -> u8 {
        self.note(format_args!("error: {}", failure.message));
        if let Some(help) = &failure.help {
            self.note(format_args!("help: {help}"));
        }
        COULD_NOT_RUN
    }

    pub(super) fn usage(&mut self, error: &clap::Error) -> u8 {
        let text = if self.colour {
            error.render().ansi().to_string()
        } else {
            error.render().to_string()
        };
        if error.use_stderr() {
            self.note(text.trim_end());
            COULD_NOT_RUN
        } else {
            self.write(&text).map_or(COULD_NOT_RUN, |()| ALLOWED)
        }
    }
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// An error with its causes, outermost first.
    pub fn of(error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(Some(error), |error| error.source());
        Self::new(causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<crate::policyfile::Problems> for Failure {
    fn from(problems: crate::policyfile::Problems) -> Self {
        let lines: Vec<String> = problems.0.iter().map(ToString::to_string).collect();
        Self::new(format!("the policies can't be used\n{}", lines.join("\n")))
    }
}
