//! Plain and quoted scalars: escapes, and lines that are folded into one.

use super::Trace;

/// Follows a plain scalar; where it ends in its token.
pub(super) fn plain(source: &str, trace: &mut Trace<'_>) -> Option<usize> {
    let mut at = run(source, 0, &[], trace)?;
    while at < source.len() {
        at = fold(source, at, false, trace)?;
        at = run(source, at, &[], trace)?;
    }
    Some(at)
}

/// Follows a single-quoted scalar; where its closing quote stands.
pub(super) fn single_quoted(source: &str, trace: &mut Trace<'_>) -> Option<usize> {
    let mut at = 1;
    loop {
        at = run(source, at, b"'", trace)?;
        match source.get(at..)? {
            rest if rest.starts_with("''") => {
                trace.character(at, 2, '\'')?;
                at += 2;
            }
            "'" => return Some(at),
            rest if rest.starts_with('\'') => return None,
            _ => at = fold(source, at, false, trace)?,
        }
    }
}

/// Follows a double-quoted scalar, or a string of JSON; where its closing quote stands.
pub(super) fn double_quoted(source: &str, trace: &mut Trace<'_>) -> Option<usize> {
    let mut at = 1;
    loop {
        at = run(source, at, b"\"\\", trace)?;
        match source.get(at..)? {
            "\"" => return Some(at),
            rest if rest.starts_with('"') => return None,
            rest if rest.starts_with("\\\n") => at = fold(source, at + 2, true, trace)?,
            rest if rest.starts_with("\\\r\n") => at = fold(source, at + 3, true, trace)?,
            rest if rest.starts_with('\\') => {
                let (character, length) = escape(rest)?;
                trace.character(at, length, character)?;
                at += length;
            }
            _ => at = fold(source, at, false, trace)?,
        }
    }
}

/// Follows what stands for itself: up to one of `special`, or to the white space before a line
/// break. Returns where that is.
fn run(source: &str, start: usize, special: &[u8], trace: &mut Trace<'_>) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut end = start;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' => break,
            _ if special.contains(&byte) => {
                end = at;
                break;
            }
            b' ' | b'\t' => at += 1,
            _ => {
                at += 1;
                end = at;
            }
        }
    }
    // A byte of `special` is none of a longer character, nor is white space.
    trace.verbatim(start, source.get(start..end)?)?;
    Some(end)
}

/// Follows white space with line breaks, and returns where the next line's text begins. One break
/// is a space, each further one a line break; after an escaped break there is no space.
fn fold(source: &str, start: usize, escaped: bool, trace: &mut Trace<'_>) -> Option<usize> {
    let rest = source.get(start..)?;
    let length = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let space = rest.get(..length)?;
    let mut breaks = space.match_indices('\n').map(|(at, _)| start + at);
    let end = start + length;
    if !escaped {
        let Some(first) = breaks.next() else {
            // White space at the very end of a plain scalar's token does not occur, and elsewhere
            // white space in a line is part of a run.
            return (length > 0).then_some(end);
        };
        if space.bytes().filter(|&byte| byte == b'\n').count() == 1 {
            trace.character(first, 1, ' ')?;
            return Some(end);
        }
    }
    for at in breaks {
        trace.character(at, 1, '\n')?;
    }
    Some(end)
}

/// The character that an escape stands for, and the escape's length.
fn escape(escape: &str) -> Option<(char, usize)> {
    let hex = |from: usize, digits: usize| -> Option<u32> {
        u32::from_str_radix(escape.get(from..from + digits)?, 16).ok()
    };
    let letter = escape.chars().nth(1)?;
    let simple = match letter {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        ' ' | '"' | '/' | '\\' => letter,
        'x' => return Some((char::from_u32(hex(2, 2)?)?, 4)),
        'U' => return Some((char::from_u32(hex(2, 8)?)?, 10)),
        'u' => {
            let first = hex(2, 4)?;
            // JSON writes a character beyond U+FFFF as two escapes.
            return match char::from_u32(first) {
                Some(character) => Some((character, 6)),
                None if escape.get(6..8)? == "\\u" => {
                    let pair = [u16::try_from(first).ok()?, u16::try_from(hex(8, 4)?).ok()?];
                    Some((char::decode_utf16(pair).next()?.ok()?, 12))
                }
                None => None,
            };
        }
        _ => return None,
    };
    Some((simple, 2))
}
