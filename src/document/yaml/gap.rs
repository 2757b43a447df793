//! What stands between two tokens: white space, comments, indicators, tags and anchors.

use memchr::memchr;

use crate::document::value::Span;

/// What a gap follows. It decides whether go-yaml looks for a key there, and where it does, a tab
/// is no white space to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The start of the document, or a block scalar: a line begins.
    Line,
    /// A plain scalar, which may go on with the next line, in a collection that is indented by
    /// so many columns.
    Plain { indent: u32 },
    /// Any other token.
    Token,
}

/// The first indicator that `wanted` names.
pub(in crate::document) fn find(text: &str, gap: Span, wanted: impl Fn(u8) -> bool) -> Option<u32> {
    let bytes = text.as_bytes();
    let bytes = bytes.get(gap.start as usize..bytes.len().min(gap.end as usize))?;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if wanted(byte) {
            return u32::try_from(gap.start as usize + at).ok();
        }
        at += step(bytes.get(at..)?)?;
    }
    None
}

/// The first tab that stands where go-yaml looks for a key, and so takes for indentation.
pub(super) fn indenting_tab(text: &str, gap: Span, after: After) -> Option<Span> {
    let bytes = text.as_bytes().get(gap.range())?;
    memchr(b'\t', bytes)?;
    let mut line_begins = after == After::Line;
    let mut scalar_goes_on = after;
    let mut column = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let step = step(bytes.get(at..)?).unwrap_or(1);
        match byte {
            b'\t'
                if line_begins
                    && !matches!(scalar_goes_on, After::Plain { indent } if column > indent) =>
            {
                let place = gap.start.saturating_add(u32::try_from(at).ok()?);
                return Some(Span::new(place, place.saturating_add(1)));
            }
            b'\n' => (line_begins, column) = (true, 0),
            b' ' | b'\t' | b'\r' => column += 1,
            b'-' | b'?' if bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace) => {
                (line_begins, scalar_goes_on) = (true, After::Token);
            }
            b'#' => scalar_goes_on = After::Token,
            _ => (line_begins, scalar_goes_on) = (false, After::Token),
        }
        at += step;
    }
    None
}

/// How long the piece of a gap is that begins here; `None` where no gap goes on.
fn step(rest: &[u8]) -> Option<usize> {
    Some(match rest.first()? {
        b'#' => memchr(b'\n', rest).unwrap_or(rest.len()),
        b'!' | b'&' => rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len()),
        b' ' | b'\t' | b'\r' | b'\n' | b':' | b'-' | b'?' | b',' | b'[' | b'{' => 1,
        _ => return None,
    })
}
