//! Block scalars, literal and folded.

use memchr::memchr_iter;

use super::Trace;

/// A line of the source.
#[derive(Clone, Copy)]
struct Line<'a> {
    /// Where its text begins, behind the indentation.
    start: usize,
    text: &'a str,
    /// Where the line break stands; at the end of the source there may be none.
    end: usize,
}

/// Follows a block scalar from its `|` or `>` on; returns where it ends.
pub(super) fn trace(source: &str, folded: bool, trace: &mut Trace<'_>) -> Option<usize> {
    let (header, body) = source.split_once('\n').unwrap_or((source, ""));
    let body_start = source.len() - body.len();
    let mark = header.get(1..)?.split([' ', '\t', '\r']).next()?;
    let (strip, keep) = (mark.contains('-'), mark.contains('+'));
    let indentation = indentation(body, trace.decoded);

    // A block ends with its last line that is not empty; what follows is chomped.
    let (last, empty_end) = match folded {
        true => fold(lines(body, body_start, indentation), trace)?,
        false => literal(source, body_start, indentation, trace)?,
    };
    if let Some(last) = last.filter(|_| !strip) {
        trace.character(last.end, source.len().saturating_sub(last.end).min(1), '\n')?;
    }
    if keep {
        for line in empty_end.into_iter().filter(|line| line.end < source.len()) {
            trace.character(line.end, 1, '\n')?;
        }
    }
    Some(last.map_or(body_start, |line| line.start + line.text.len()))
}

/// Follows the lines of a literal block, the first at `at`, up to the last that is not empty, which
/// is returned with the empty ones behind it.
fn literal<'a>(
    source: &'a str,
    mut at: usize,
    indentation: usize,
    trace: &mut Trace<'_>,
) -> Option<(Option<Line<'a>>, Vec<Line<'a>>)> {
    let text = trace.decoded.trim_end_matches('\n');
    let breaks = || memchr_iter(b'\n', text.as_bytes());
    // One for each line, and the last break.
    trace.parts.reserve_exact(breaks().count() + 2);
    let mut last = None;
    let mut begun = 0;
    for ended in breaks().chain((!text.is_empty()).then_some(text.len())) {
        let start = at + margin(source.get(at..)?, indentation);
        let end = start + (ended - begun);
        let (is_last, line_break) = (ended == text.len(), line_break_at(source, end)?);
        if line_break == 1 && !is_last {
            // A line and its break stand for themselves, in one piece.
            trace.verbatim(start, source.get(start..=end)?)?;
        } else {
            trace.verbatim(start, source.get(start..end)?)?;
            if !is_last {
                trace.character(end, 1, '\n')?;
            }
        }
        at = end + line_break;
        last = Some(Line { start, text: source.get(start..end)?, end });
        begun = ended + 1;
    }
    Some((last, lines(source.get(at..)?, at, indentation).collect()))
}

/// How long the line break is at `end`, which is none at the end of the source; `None` if there is
/// something else.
fn line_break_at(source: &str, end: usize) -> Option<usize> {
    match source.as_bytes().get(end..)? {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        [] => Some(0),
        _ => None,
    }
}

/// Follows the lines of a folded block up to the last that is not empty, which is returned with
/// the empty ones behind it.
fn fold<'a>(
    lines: impl Iterator<Item = Line<'a>>,
    trace: &mut Trace<'_>,
) -> Option<(Option<Line<'a>>, Vec<Line<'a>>)> {
    let mut lines: Vec<Line<'_>> = lines.collect();
    let written = lines.iter().rposition(|line| !line.text.is_empty()).map_or(0, |last| last + 1);
    let empty_end = lines.split_off(written);
    for (index, line) in lines.iter().enumerate() {
        trace.verbatim(line.start, line.text)?;
        if let Some(next) = lines.get(index + 1) {
            line_break(&lines, index, *line, *next, trace)?;
        }
    }
    Some((lines.last().copied(), empty_end))
}

/// Follows the break between two lines of a folded block.
fn line_break(
    lines: &[Line<'_>],
    index: usize,
    line: Line<'_>,
    next: Line<'_>,
    trace: &mut Trace<'_>,
) -> Option<()> {
    // Folding joins the last line with text before the break and the first one behind it; a line
    // that begins with white space is not folded, nor are the breaks around it.
    let indented = |line: Line<'_>| line.text.starts_with([' ', '\t']);
    if line.text.is_empty() {
        return trace.character(line.end, 1, '\n');
    }
    let behind = lines.iter().skip(index + 1).find(|line| !line.text.is_empty())?;
    match (indented(line) || indented(*behind), next.text.is_empty()) {
        (true, _) => trace.character(line.end, 1, '\n'),
        (false, true) => Some(()),
        (false, false) => trace.character(line.end, 1, ' '),
    }
}

/// How many columns of each line are indentation. The first line with text tells, by what is left
/// of its white space in the decoded text: an indicator such as `|2` counts from a column that the
/// scalar alone does not show.
fn indentation(body: &str, decoded: &str) -> usize {
    let white = |text: &str| {
        let line = text.split('\n').find(|line| !line.trim_end_matches([' ', '\r']).is_empty())?;
        Some(line.len() - line.trim_start_matches(' ').len())
    };
    // Of white space alone the longest line tells.
    let longest = |text: &str| text.lines().map(str::len).max().unwrap_or_default();
    match (white(body), white(decoded)) {
        (Some(source), Some(left)) => source.saturating_sub(left),
        _ => longest(body).saturating_sub(longest(decoded)),
    }
}

fn lines(body: &str, start: usize, indentation: usize) -> impl Iterator<Item = Line<'_>> {
    let bytes = body.as_bytes();
    let ends = memchr_iter(b'\n', bytes).chain((!body.is_empty()).then_some(body.len()));
    let mut at = 0;
    ends.filter(|&end| end < body.len() || !body.ends_with('\n')).map(move |end| {
        let content = body.get(at..end).unwrap_or_default();
        let content = content.strip_suffix('\r').unwrap_or(content);
        let text = content.get(margin(content, indentation)..).unwrap_or_default();
        let line_end = start + at + content.len();
        at = end + 1;
        Line { start: line_end - text.len(), text, end: line_end }
    })
}

/// How many of the first `most` characters of a line are spaces.
fn margin(line: &str, most: usize) -> usize {
    let begin = line.as_bytes().get(..most.min(line.len())).unwrap_or_default();
    begin.iter().position(|byte| *byte != b' ').unwrap_or(begin.len())
}
