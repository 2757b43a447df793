//! What the parser or YAML allows, and the reader of `kubectl` and the API server does not.

use granit_parser::ScalarStyle;
use memchr::memchr_iter;

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
    let source = || text.get(span.range()).unwrap_or_default();
    match style {
        ScalarStyle::Plain if in_flow => match source().find('?') {
            Some(at) => Err(Problem::new(sub(span, at, 1), "`?` marks a key here")
                .with_help("put the text in quotes")),
            None if source().starts_with(':') => {
                Err(Problem::new(sub(span, 0, 1), "`:` marks a value here")
                    .with_help("put the text in quotes"))
            }
            None => Ok(()),
        },
        ScalarStyle::DoubleQuoted => match surrogate(source()) {
            Some(at) => Err(Problem::new(sub(span, at, 6), "`\\u` names half a character")
                .with_help("write the character itself, or all of it as `\\U` and eight digits")),
            None => Ok(()),
        },
        ScalarStyle::Literal | ScalarStyle::Folded => match indenting_tab(source()) {
            Some(at) => Err(tab(sub(span, at, 1))
                .with_help("write how far the text is indented, as in `|2`, or begin with a word")),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The tab that a block scalar begins with, where its indentation is still to be found out.
fn indenting_tab(source: &str) -> Option<usize> {
    let (header, _) = source.split_once('\n')?;
    if header.bytes().take(3).any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let text = source.get(header.len()..)?.trim_start_matches([' ', '\n', '\r']);
    text.starts_with('\t').then_some(source.len() - text.len())
}

/// Refuses a carriage return that ends a line alone: to YAML it does, to no editor of today.
pub(super) fn carriage_return(text: &str, piece: Span) -> Result<(), Problem> {
    let source = text.get(piece.range()).unwrap_or_default().as_bytes();
    match memchr_iter(b'\r', source).find(|&at| source.get(at + 1) != Some(&b'\n')) {
        Some(at) => Err(Problem::new(sub(piece, at, 1), "carriage return without a line feed")
            .with_help("save the file with line feeds as line ends")),
        None => Ok(()),
    }
}

/// The characters beyond ASCII that end a line to YAML 1.1, and to no editor: NEL, LS and PS.
pub(super) struct LineBreaks {
    /// Where they stand, last first.
    places: Vec<u32>,
}

impl LineBreaks {
    pub(super) fn find(text: &str, piece: Span) -> Self {
        let source = text.get(piece.range()).unwrap_or_default();
        if source.is_ascii() {
            return Self { places: Vec::new() };
        }
        let found = source.rmatch_indices(['\u{85}', '\u{2028}', '\u{2029}']);
        let place = |(at, _)| piece.start.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
        Self { places: found.map(place).collect() }
    }

    /// Refuses those before the end of a scalar, except where they stay as they are: LS and PS
    /// amid the words of a quoted scalar.
    pub(super) fn pass(&mut self, text: &str, scalar: Span, quoted: bool) -> Result<(), Problem> {
        while let Some(place) = self.places.pop_if(|place| *place < scalar.end) {
            let (before, after) = text.split_at_checked(place as usize).unwrap_or_default();
            let mut after = after.chars();
            let found = after.next().unwrap_or_default();
            let word = |letter: Option<char>| {
                letter.is_some_and(|letter| !letter.is_whitespace() && letter != '\\')
            };
            let amid = word(before.chars().next_back()) && word(after.next());
            if found == '\u{85}' || !quoted || place < scalar.start || !amid {
                let end = place.saturating_add(found.len_utf8().try_into().unwrap_or(0));
                let message = format!("U+{:04X} ends the line", u32::from(found));
                return Err(Problem::new(Span::new(place, end), message)
                    .with_help("remove it, or write it as an escape in double quotes"));
            }
        }
        Ok(())
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

pub(super) fn tab(span: Span) -> Problem {
    Problem::new(span, "tab as indentation").with_help("indent with spaces")
}

pub(super) fn second_document(span: Span) -> Problem {
    Problem::new(span, "text after `...` is not read by kubectl")
        .with_help("begin the next document with a line `---`")
}

pub(super) fn not_finite(span: Span) -> Problem {
    Problem::new(span, "number has no form in JSON").with_help("put it in quotes if it is a text")
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

pub(super) fn contains_itself(span: Span) -> Problem {
    Problem::new(span, "alias stands inside the value that it names")
}

pub(super) fn merge_of_no_map(span: Span) -> Problem {
    Problem::new(span, "`<<` takes an alias of a map, or a list of such aliases")
        .with_help("put the key in quotes if it is a text")
}
