//! Bytes, white space and lines.

use memchr::memchr;

use super::{NotMine, Read, Reader};

/// A line with text that is no comment.
#[derive(Clone, Copy)]
pub(super) struct Line {
    /// Where its indentation begins.
    start: usize,
    /// Where its text begins.
    pub(super) text: usize,
}

/// A break between two lines of one scalar.
pub(super) struct Fold {
    /// How many line breaks there are.
    pub(super) breaks: usize,
    /// Where the text of the next line begins, and how far it is indented.
    pub(super) text: usize,
    pub(super) column: usize,
}

impl Line {
    pub(super) const fn column(self) -> usize {
        self.text - self.start
    }
}

impl<'a> Reader<'a> {
    /// Goes on to the first line with text at or after `start`, which begins a line.
    pub(super) fn next_line(&mut self, mut start: usize) -> Read<()> {
        self.line = loop {
            let text = self.spaces(start);
            match self.rest(text).first() {
                None => break None,
                Some(b'\n') => start = text + 1,
                Some(b'#') => start = self.line_end(text) + 1,
                // The end of the document, or a scalar that looks much like it.
                Some(b'.') if text == start && self.rest(text).starts_with(b"...") => {
                    return Err(NotMine);
                }
                Some(_) => break Some(Line { start, text }),
            }
        };
        Ok(())
    }

    /// Goes on to the next line from behind a value, where only a comment may follow.
    pub(super) fn end_line(&mut self, end: usize) -> Read<()> {
        let at = self.spaces(end);
        match self.byte(at) {
            b'\n' => self.next_line(at + 1),
            b'#' if at > end => self.next_line(self.line_end(at) + 1),
            _ => Err(NotMine),
        }
    }

    /// The column of a place in the current line.
    pub(super) fn column(&self, at: usize) -> usize {
        self.line.map_or(0, |line| at - line.start)
    }

    /// Passes line breaks, blank lines and indentation inside a scalar or brackets. `None` at the
    /// end of the text.
    pub(super) fn fold(&self, line_end: usize) -> Option<Fold> {
        let mut fold = Fold { breaks: 0, text: line_end, column: 0 };
        while self.rest(fold.text).first()? == &b'\n' {
            let start = fold.text + 1;
            fold.breaks += 1;
            fold.text = self.spaces(start);
            fold.column = fold.text - start;
        }
        Some(fold)
    }

    /// The byte at a place; behind the text, a line break.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(b'\n')
    }

    /// Whether white space follows an indicator: it would be text without.
    pub(super) fn is_blank(&self, at: usize) -> bool {
        matches!(self.byte(at), b' ' | b'\n')
    }

    /// Whether an item of a block list begins here.
    pub(super) fn is_dash(&self, at: usize) -> bool {
        self.byte(at) == b'-' && self.is_blank(at + 1)
    }

    /// Where the spaces end that begin here.
    pub(super) fn spaces(&self, at: usize) -> usize {
        at + self.rest(at).iter().take_while(|&&byte| byte == b' ').count()
    }

    /// Where the line ends: at its line break, or at the end of the text.
    pub(super) fn line_end(&self, at: usize) -> usize {
        memchr(b'\n', self.rest(at)).map_or(self.text.len(), |length| at + length)
    }

    pub(super) fn rest(&self, at: usize) -> &'a [u8] {
        self.text.as_bytes().get(at..).unwrap_or_default()
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> Read<&'a str> {
        self.text.get(start..end).ok_or(NotMine)
    }
}
