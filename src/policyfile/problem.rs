//! What is wrong with a policy file, for the person who wrote it.

use std::fmt;

use crate::document::{Lines, Position, Span};

/// One thing wrong in one place of a file.
///
/// `Display` writes `FILE:LINE:COLUMN: MESSAGE`, and the help in a line of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problem {
    pub file: String,
    pub start: Position,
    /// Behind the last character.
    pub end: Position,
    /// One lower-case phrase.
    pub message: String,
    /// What to do, as an imperative.
    pub help: Option<String>,
}

/// Everything that is wrong, in the order of the files and their lines. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problem {
    pub(super) fn new(file: &str, lines: &Lines<'_>, span: Span, message: String) -> Self {
        let (start, end) = lines.positions(span);
        // What it quotes may be written over several lines.
        let message = message.replace(char::is_control, " ");
        Self { file: file.to_owned(), start, end, message, help: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.start;
        write!(f, "{}:{line}:{column}: {}", self.file, self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (rank, problem) in self.0.iter().enumerate() {
            if rank > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}
