//! Block scalars, literal and folded.

use std::borrow::Cow;
use std::iter::repeat_n;

use super::{NotMine, Read, Reader};
use crate::document::value::{Body, Span, Value};

/// Joins the lines of a block scalar.
struct Lines {
    text: String,
    folded: bool,
    /// The line breaks since the last line with text.
    breaks: usize,
    /// Whether a line has been written, and if so, whether folding may join it with the next:
    /// not if it begins with white space.
    foldable: Option<bool>,
}

impl<'a> Reader<'a> {
    /// The block scalar at `at`, whose text is indented more than `outer`; goes on to the line
    /// behind it.
    pub(super) fn block_scalar(&mut self, at: usize, outer: usize) -> Read<Value<'a>> {
        let chomp = self.byte(at + 1);
        let header_end = self.spaces(at + 1 + usize::from(matches!(chomp, b'-' | b'+')));
        let indentation = self.block_indentation(header_end)?;
        if indentation <= outer {
            return Err(NotMine);
        }
        let start = header_end + 1;
        let (next, bytes) = self.block_extent(start, indentation)?;
        let mut lines = Lines {
            text: String::with_capacity(bytes),
            folded: self.byte(at) == b'>',
            breaks: 0,
            foldable: None,
        };
        let mut line_start = start;
        while line_start < next {
            let line_end = self.line_end(line_start);
            match self.slice(line_start, line_end)?.get(indentation..) {
                Some(text) if !text.is_empty() => lines.push(text),
                _ => lines.breaks += 1,
            }
            line_start = line_end + 1;
        }
        let whole = self.slice(at, next)?;
        let end = match chomp {
            b'+' => next,
            // Empty lines at the end are part of the text only if it keeps them.
            _ => next.min(at + whole.trim_end_matches('\n').len() + 1),
        };
        let body = Body::Text(Cow::Owned(lines.chomped(chomp)));
        self.next_line(next)?;
        Ok(Value { span: Span::from(at..end), body })
    }

    /// Where the lines end that are indented so far, and how many bytes they are made of at most.
    fn block_extent(&self, start: usize, indentation: usize) -> Read<(usize, usize)> {
        let (mut next, mut bytes) = (start, 0);
        while next < self.text.len() {
            let line_end = self.line_end(next);
            let line = self.slice(next, line_end)?;
            let is_blank = |part: &str| part.bytes().all(|byte| byte == b' ');
            if !is_blank(line.get(..indentation).unwrap_or(line)) {
                break;
            }
            if line_end == self.text.len() && is_blank(line) {
                // White space at the very end of a file belongs to nobody.
                return Err(NotMine);
            }
            bytes += line.len().saturating_sub(indentation) + 1;
            next = line_end + 1;
        }
        Ok((next.min(self.text.len()), bytes))
    }

    /// How far the first line with text below the header is indented.
    fn block_indentation(&self, header_end: usize) -> Read<usize> {
        let mut line_end = header_end;
        let mut longest = 0;
        while self.rest(line_end).first() == Some(&b'\n') {
            let start = line_end + 1;
            line_end = self.spaces(start);
            let indentation = line_end - start;
            match self.byte(line_end) {
                b'\n' => longest = longest.max(indentation),
                // Longer white space before the text is refused by some readers.
                b'\t' => break,
                _ if longest > indentation => break,
                _ => return Ok(indentation),
            }
        }
        Err(NotMine)
    }
}

impl Lines {
    fn push(&mut self, line: &str) {
        let foldable = self.folded && !line.starts_with([' ', '\t']);
        match (self.foldable, self.breaks) {
            (Some(true), 1) if foldable => self.text.push(' '),
            (Some(true), breaks) if foldable => self.text.extend(repeat_n('\n', breaks - 1)),
            (_, 1) => self.text.push('\n'),
            (_, breaks) => self.text.extend(repeat_n('\n', breaks)),
        }
        self.text.push_str(line);
        (self.breaks, self.foldable) = (1, Some(foldable));
    }

    fn chomped(mut self, chomp: u8) -> String {
        match chomp {
            b'-' => {}
            b'+' => self.text.extend(repeat_n('\n', self.breaks)),
            _ => self.text.push('\n'),
        }
        self.text
    }
}
