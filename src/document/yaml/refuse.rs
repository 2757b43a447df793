//! What the parser or YAML allows, and the reader of `kubectl` and the API server does not.

use granit_parser::ScalarStyle;
use memchr::memchr_iter;

use super::alias::Budget;
use super::gap;
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
            None => colon(text, span),
        },
        ScalarStyle::DoubleQuoted => escape(source(), span),
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

/// Refuses a colon right behind a plain scalar in brackets, with no space behind it: it belongs to
/// the text.
fn colon(text: &str, scalar: Span) -> Result<(), Problem> {
    let behind = text.as_bytes().get(scalar.end as usize..).unwrap_or_default();
    match behind {
        [b':', b',' | b'[' | b']' | b'{' | b'}', ..] => {
            let place = Span::new(scalar.end, scalar.end + 1);
            Err(Problem::new(place, "`:` belongs to the text here")
                .with_help("put a space behind it if it marks a value, or else the text in quotes"))
        }
        _ => Ok(()),
    }
}

/// Refuses a key in brackets that begins in another line than its colon stands in, if no `?` marks
/// it in the gap before.
pub(super) fn broken_key(text: &str, gap: Span, key: Span) -> Result<(), Problem> {
    let behind = Span::new(key.end, u32::MAX);
    let colon = gap::find(text, behind, |byte| byte == b':').unwrap_or(key.end);
    let is_broken =
        text.get(key.start as usize..colon as usize).is_some_and(|it| it.contains('\n'));
    match is_broken && gap::find(text, gap, |byte| byte == b'?').is_none() {
        true => Err(Problem::new(key, "a key must stand on one line with its `:`")),
        false => Ok(()),
    }
}

/// Refuses escapes of a double-quoted scalar: `\/`, and those that name a UTF-16 surrogate. JSON
/// writes characters beyond U+FFFF as two of them; YAML does not.
fn escape(source: &str, scalar: Span) -> Result<(), Problem> {
    let high = |digits: &[u8]| {
        matches!(digits, [b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..])
    };
    let mut at = 0;
    while let Some(backslash) = source.get(at..).and_then(|rest| rest.find('\\')) {
        at += backslash;
        match source.as_bytes().get(at + 1..).unwrap_or_default() {
            [b'/', ..] => return Err(unknown_escape(sub(scalar, at, 1))),
            [b'u', digits @ ..] | [b'U', b'0', b'0', b'0', b'0', digits @ ..] if high(digits) => {
                return Err(Problem::new(sub(scalar, at, 6), "`\\u` names half a character")
                    .with_help(
                        "write the character itself, or all of it as `\\U` and eight digits",
                    ));
            }
            _ => {}
        }
        at = source.ceil_char_boundary(at + 2);
    }
    Ok(())
}

pub(super) fn unknown_escape(span: Span) -> Problem {
    Problem::new(span, "unknown escape in a double-quoted text")
        .with_help("write `\\\\` for a backslash, or use single quotes")
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
