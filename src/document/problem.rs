//! Why a text could not be read, and where.

use super::value::Span;

/// What is wrong with a text, in words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong: one lower-case phrase.
    pub message: String,
    /// What to do about it: an imperative.
    pub help: Option<String>,
    /// Where in the whole text.
    pub span: Span,
}

impl Problem {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, span }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
