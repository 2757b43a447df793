//! Offsets in a text to lines and columns.

use std::sync::OnceLock;

use memchr::memchr_iter;

/// The lines of one text. Nothing is counted before the first question.
///
/// A line ends with `\n` or `\r\n`. Lines and columns begin at 1; a column counts characters
/// (Unicode scalar values), as editors and code hosts do.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a str,
    starts: OnceLock<Vec<u32>>,
}

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

impl<'a> Lines<'a> {
    pub const fn new(text: &'a str) -> Self {
        Self { text, starts: OnceLock::new() }
    }

    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// How many lines there are. A line break at the end of the text begins no further line.
    pub fn count(&self) -> u32 {
        let lines = self.starts().len() - usize::from(self.text.ends_with('\n'));
        u32::try_from(lines).unwrap_or(u32::MAX)
    }

    /// Where `offset` stands. An offset inside a character is at the character, one behind the
    /// end is at the end.
    pub fn position(&self, offset: u32) -> Position {
        let starts = self.starts();
        let line = starts.partition_point(|&start| start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or_default();
        let end = self.text.floor_char_boundary(offset as usize);
        let before = self.text.get(start as usize..end).unwrap_or_default();
        let column = u32::try_from(before.chars().count()).map_or(u32::MAX, |count| count + 1);
        Position { line: u32::try_from(line).unwrap_or(u32::MAX), column }
    }

    /// The text of a line, without its line break.
    pub fn line(&self, line: u32) -> Option<&'a str> {
        if line > self.count() {
            return None;
        }
        let index = line.checked_sub(1)? as usize;
        let start = *self.starts().get(index)? as usize;
        let end = self.starts().get(index + 1).map_or(self.text.len(), |&next| next as usize);
        let line = self.text.get(start..end)?;
        Some(line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line)))
    }

    /// Where a line begins.
    pub fn start(&self, line: u32) -> Option<u32> {
        self.starts().get(line.checked_sub(1)? as usize).copied()
    }

    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| {
            let breaks = memchr_iter(b'\n', self.text.as_bytes());
            [0].into_iter().chain(breaks.map_while(|at| u32::try_from(at + 1).ok())).collect()
        })
    }
}
