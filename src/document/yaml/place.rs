//! Places that the parser does not report as a reader of the file sees them.

use super::gap;
use crate::document::value::Span;

/// The span of a block scalar: from its `|` or `>` to the end of its last line. The parser's own
/// begins at the text, and ends where the next token begins. `before` is where the token before
/// it ends.
pub(super) fn block_scalar(text: &str, before: u32, parsed: Span) -> Span {
    let header = gap::find(text, Span::new(before, parsed.end), |byte| matches!(byte, b'|' | b'>'));
    let start = header.unwrap_or(parsed.start);
    let mut scalar = text.get(start as usize..parsed.end as usize).unwrap_or_default();
    // What follows the last line break may be the indentation of the next token.
    if (parsed.end as usize) < text.len()
        && let Some((lines, last)) = scalar.rfind('\n').map(|at| scalar.split_at(at + 1))
        && last.bytes().all(|byte| byte == b' ')
    {
        scalar = lines;
    }
    // Empty lines at the end are part of the text only if it keeps them: `|+`.
    if !scalar.bytes().take(3).any(|byte| byte == b'+') {
        let written = scalar.trim_end_matches(['\n', '\r']).len();
        let line_break = match scalar.get(written..) {
            Some(rest) if rest.starts_with("\r\n") => 2,
            Some(rest) => rest.len().min(1),
            None => 0,
        };
        scalar = scalar.get(..written + line_break).unwrap_or(scalar);
    }
    let end = u32::try_from(scalar.len()).map_or(parsed.end, |length| start + length);
    Span::new(start, end)
}

/// How far the line of `offset` is indented up to it, in columns.
pub(super) fn column(text: &str, offset: u32) -> u32 {
    let before = text.get(..offset as usize).unwrap_or_default();
    let line = before.rfind('\n').and_then(|newline| before.get(newline + 1..)).unwrap_or(before);
    u32::try_from(line.chars().count()).unwrap_or(u32::MAX)
}

/// The place of a value that is not written: right after the `:` that it would follow, else where
/// the token before it ends.
pub(super) fn missing(text: &str, before: u32, parsed: Span) -> Span {
    let gap = Span::new(before, parsed.end.saturating_add(1));
    let colon = gap::find(text, gap, |byte| byte == b':');
    let place = colon.map_or(before, |colon| colon + 1);
    Span::new(place, place)
}

/// The next dash of a list.
pub(super) fn dash(text: &str, before: u32, to: u32) -> Option<u32> {
    gap::find(text, Span::new(before, to), |byte| byte == b'-')
}
