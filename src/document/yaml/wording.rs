//! The parser's errors in our words.

use granit_parser::{ErrorKind, ScanError};

use super::refuse;
use crate::document::problem::Problem;
use crate::document::value::Span;

/// The problem that `error` tells of, for a parser that sees `text` from `base` on.
pub(super) fn problem(text: &str, base: u32, error: &ScanError) -> Problem {
    let byte = error.marker().byte_offset().unwrap_or_default();
    let mut start = (base as usize).saturating_add(byte).min(text.len());
    // The parser may tell of a part of a scalar at the start of the scalar.
    let rest = text.get(start..).unwrap_or_default();
    start += match error.kind() {
        ErrorKind::UnexpectedCharacter { character } => rest.find(*character).unwrap_or_default(),
        ErrorKind::UnknownQuotedScalarEscape => unknown_escape(rest).unwrap_or_default(),
        _ => 0,
    };
    let rest = text.get(start..).unwrap_or_default();
    let length = match rest.chars().next() {
        None | Some('\n' | '\r') => 0,
        Some(character) => character.len_utf8(),
    };
    let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    let span = Span::new(place(start), place(start + length));
    if *error.kind() == ErrorKind::UnknownQuotedScalarEscape {
        return refuse::unknown_escape(span);
    }
    let (message, help) = words(error.kind(), span);
    Problem { message, help: help.map(Into::into), span }
}

/// Where the first escape stands that YAML does not know, in a text from a double quote on.
fn unknown_escape(text: &str) -> Option<usize> {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' {
            let (_, escape) = letters.next()?;
            if !"0abt\tnvfre \"/\\N_LPxuU\r\n".contains(escape) {
                return Some(at);
            }
        }
    }
    None
}

/// A chart's template is no YAML before it is rendered, and the parser can't know.
pub(super) fn with_template_help(text: &str, mut problem: Problem) -> Problem {
    let (before, after) = text.split_at_checked(problem.span.start as usize).unwrap_or((text, ""));
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = before.len() + after.find('\n').unwrap_or(after.len());
    if text.get(line_start..line_end).is_some_and(|line| line.contains("{{")) {
        problem.help = Some("render the chart first, as with `helm template`".into());
    }
    problem
}

fn words(kind: &ErrorKind, span: Span) -> (String, Option<&'static str>) {
    match kind {
        ErrorKind::UnclosedFlowCollection { open } => (format!("`{open}` is never closed"), None),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("`{open}` is closed by `{close}`"), None)
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            ("bracket closes nothing".into(), Some("put a text that begins with it in quotes"))
        }
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("quote is never closed".into(), None)
        }
        ErrorKind::UnknownAnchor => (
            "alias names no anchor before it".into(),
            Some("put a text that begins with `*` in quotes"),
        ),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            (format!("control character U+{:04X}", u32::from(*character)), None)
        }
        ErrorKind::UnexpectedCharacter { character: '`' } => {
            ("a backtick cannot begin a text".into(), Some("put the text in quotes"))
        }
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("`{character}` cannot begin a text"), Some("put the text in quotes"))
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => ("tab as indentation".into(), Some("indent with spaces")),
        ErrorKind::MappingValueNotAllowed => (
            "`: ` where no value can begin".into(),
            Some("put a text that holds `: ` in quotes, or check the indentation"),
        ),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => (
            "indentation fits no open map or list".into(),
            Some("indent the line like its neighbours"),
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("key without `:`".into(), Some("write `key: value`"))
        }
        ErrorKind::ExpectedFlowMappingSeparator => ("`,` or `}` is missing".into(), None),
        ErrorKind::ExpectedFlowSequenceSeparator => ("`,` or `]` is missing".into(), None),
        ErrorKind::RecursionLimitExceeded => (refuse::too_deep(span).message, None),
        ErrorKind::ExpectedDocumentStart => (
            "directive without a document".into(),
            Some("kubectl reads no directives: remove the line"),
        ),
        other => (plain(&other.to_string()), None),
    }
}

/// A sentence as our messages are written.
fn plain(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.').replace(['`', '\''], "`");
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
