//! Offsets in a text to lines and columns.

use std::sync::OnceLock;

use memchr::{memchr, memchr_iter, memrchr};

use super::value::Span;

/// The lines of one text. Nothing is counted before the first question, and then one number is kept
/// for every few kilobytes.
///
/// A line ends with `\n` or `\r\n`. Lines and columns begin at 1; a column counts characters
/// (Unicode scalar values), as editors and code hosts do.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    /// How many line breaks there are before each chunk, and in all.
    breaks: OnceLock<Vec<u32>>,
}

/// So many bytes are looked through for each question.
const CHUNK: usize = 4096;

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl<'a> Lines<'a> {
    pub const fn new(text: &'a str) -> Self {
        Self { text, breaks: OnceLock::new() }
    }

    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// How many lines there are. A line break at the end of the text begins no further line.
    pub fn count(&self) -> u32 {
        let breaks = self.breaks().last().copied().unwrap_or_default();
        breaks + u32::from(!self.text.ends_with('\n'))
    }

    /// Where `offset` stands. An offset inside a character is at the character, one behind the
    /// end is at the end.
    pub fn position(&self, offset: u32) -> Position {
        let end = self.text.floor_char_boundary(offset as usize);
        let chunk = end / CHUNK;
        let before = self.breaks().get(chunk).copied().unwrap_or_default();
        let (text, bytes) = (self.text, self.text.as_bytes());
        let here = bytes.get(chunk * CHUNK..end).unwrap_or_default();
        let line = before as usize + memchr_iter(b'\n', here).count() + 1;
        let start = memrchr(b'\n', bytes.get(..end).unwrap_or_default()).map_or(0, |at| at + 1);
        let before = text.get(start..end).unwrap_or_default();
        let column = u32::try_from(before.chars().count()).map_or(u32::MAX, |count| count + 1);
        Position { line: u32::try_from(line).unwrap_or(u32::MAX), column }
    }

    /// Where `span` begins and ends.
    pub fn positions(&self, span: Span) -> (Position, Position) {
        let start = self.position(span.start);
        let inside = self.text.get(span.range());
        let end = match inside.filter(|inside| memchr(b'\n', inside.as_bytes()).is_none()) {
            Some(inside) => {
                let characters = u32::try_from(inside.chars().count()).unwrap_or(u32::MAX);
                Position { column: start.column.saturating_add(characters), ..start }
            }
            None => self.position(span.end.max(span.start)),
        };
        (start, end)
    }

    /// The text of a line, without its line break.
    pub fn line(&self, line: u32) -> Option<&'a str> {
        let start = self.start(line).filter(|_| line <= self.count())? as usize;
        let rest = self.text.get(start..)?;
        let end = memchr(b'\n', rest.as_bytes());
        let line = rest.get(..end.unwrap_or(rest.len()))?;
        Some(line.strip_suffix('\r').filter(|_| end.is_some()).unwrap_or(line))
    }

    /// Where a line begins.
    pub fn start(&self, line: u32) -> Option<u32> {
        let breaks = line.checked_sub(1)?;
        if breaks == 0 {
            return Some(0);
        }
        // The break before the line is in the last chunk with fewer breaks before it.
        let chunk = self.breaks().partition_point(|&before| before < breaks).checked_sub(1)?;
        let first = chunk * CHUNK;
        let here = self.text.as_bytes().get(first..)?;
        let nth = breaks - self.breaks().get(chunk)?;
        let at = memchr_iter(b'\n', here).nth(nth as usize - 1)?;
        u32::try_from(first + at + 1).ok()
    }

    fn breaks(&self) -> &[u32] {
        self.breaks.get_or_init(|| {
            let chunks = self.text.as_bytes().chunks(CHUNK);
            let mut breaks = 0;
            let counted = chunks.map(|chunk| {
                breaks += u32::try_from(memchr_iter(b'\n', chunk).count()).unwrap_or(u32::MAX);
                breaks
            });
            [0].into_iter().chain(counted).collect()
        })
    }
}
