//! What the parser or YAML allows, and the reader of `kubectl` and the API server does not.

use granit_parser::ScalarStyle;

use super::alias::Budget;
use crate::document::problem::Problem;
use crate::document::source::MAX_DEPTH;
use crate::document::value::Span;

/// Refuses a scalar that go-yaml, which reads YAML 1.1, takes for something else.
pub(super) fn scalar(
    text: &str,
    span: Span,
    style: ScalarStyle,
    in_flow: bool,
) -> Result<(), Problem> {
    let source = || text.get(span.start as usize..span.end as usize).unwrap_or_default();
    match style {
        ScalarStyle::Plain if in_flow => match source().find('?') {
            Some(at) => Err(Problem::new(sub(span, at, 1), "`?` marks a key here")
                .with_help("put the text in quotes")),
            None => Ok(()),
        },
        ScalarStyle::DoubleQuoted => match surrogate(source()) {
            Some(at) => Err(Problem::new(sub(span, at, 6), "`\\u` names half a character")
                .with_help("write the character itself, or all of it as `\\U` and eight digits")),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Where an escape in a double-quoted scalar names a UTF-16 surrogate. JSON writes characters
/// beyond U+FFFF as two of them; YAML does not.
fn surrogate(source: &str) -> Option<usize> {
    let mut rest = source;
    while let Some(at) = rest.find('\\') {
        let escape = rest.get(at..)?;
        let [_, letter, digits @ ..] = escape.as_bytes() else { return None };
        let high = |digits: &[u8]| {
            matches!(digits, [b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..])
        };
        let found = match letter {
            b'u' => high(digits),
            b'U' => digits.starts_with(b"0000") && digits.get(4..).is_some_and(high),
            _ => false,
        };
        if found {
            return Some(source.len() - escape.len());
        }
        let after = 1 + escape.get(1..)?.chars().next()?.len_utf8();
        rest = escape.get(after..)?;
    }
    None
}

fn sub(span: Span, at: usize, length: u32) -> Span {
    let start = span.start.saturating_add(u32::try_from(at).unwrap_or_default());
    Span::new(start, start.saturating_add(length).min(span.end))
}

pub(super) fn second_document(span: Span) -> Problem {
    Problem::new(span, "text after `...` is not read by kubectl")
        .with_help("begin the next document with a line `---`")
}

pub(super) fn not_finite(text: &str, span: Span) -> Problem {
    let source = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    Problem::new(span, format!("`{source}` has no form in JSON"))
        .with_help("put it in quotes if it is a text")
}

pub(super) fn collection_as_key(span: Span) -> Problem {
    Problem::new(span, "a key must be a text, not a list or a map")
        .with_help("put a text that begins with a bracket in quotes")
}

pub(super) fn null_key(span: Span) -> Problem {
    Problem::new(span, "a key must be a text, not null").with_help("put the key in quotes")
}

pub(super) fn large_key(span: Span) -> Problem {
    Problem::new(span, "a key must be a text, not a number of this size")
        .with_help("put the key in quotes")
}

pub(super) fn too_deep(span: Span) -> Problem {
    Problem::new(span, format!("nested deeper than {MAX_DEPTH} levels"))
}

pub(super) fn too_many_copies(span: Span) -> Problem {
    Problem::new(
        span,
        format!(
            "aliases stand for more than {} values, or are nested deeper than {MAX_DEPTH} levels",
            Budget::VALUES
        ),
    )
}

pub(super) fn contains_itself(text: &str, span: Span) -> Problem {
    let alias = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    Problem::new(span, format!("alias `{alias}` stands inside the value that it names"))
}

pub(super) fn merge_of_no_map(span: Span) -> Problem {
    Problem::new(span, "`<<` takes an alias of a map, or a list of such aliases")
        .with_help("put the key in quotes if it is a text")
}
