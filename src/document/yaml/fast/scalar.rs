//! Plain scalars, and what a scalar means.

use std::borrow::Cow;

use super::{NotMine, Read, Reader};
use crate::document::value::{Body, Span, Value};
use crate::document::yaml::resolve;

/// A plain or quoted scalar.
pub(super) struct Token<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: Cow<'a, str>,
    pub(super) plain: bool,
    /// Only such a one can be a key.
    pub(super) one_line: bool,
}

impl<'a> Token<'a> {
    pub(super) fn value(self) -> Read<Value<'a>> {
        let body = match self.plain {
            true => resolve::plain(self.text).ok_or(NotMine)?,
            false => Body::Text(self.text),
        };
        Ok(Value { span: Span::from(self.start..self.end), body })
    }
}

impl<'a> Reader<'a> {
    /// The plain or quoted scalar at `at`, whose further lines are indented more than `outer`.
    /// `None` where a block scalar or a bracket begins.
    pub(super) fn token(&self, at: usize, outer: usize) -> Read<Option<Token<'a>>> {
        match self.byte(at) {
            b'"' | b'\'' => self.quoted(at, Some(outer)).map(Some),
            b'|' | b'>' | b'[' | b'{' => Ok(None),
            _ => self.plain(at, outer).map(Some),
        }
    }

    fn plain(&self, at: usize, outer: usize) -> Read<Token<'a>> {
        self.begin_plain(at)?;
        let (mut end, mut stop) = self.plain_line(at)?;
        let mut text = Cow::Borrowed(self.slice(at, end)?);
        while self.byte(stop) == b'\n'
            && let Some(fold) = self.fold(stop)
            && fold.column > outer
            && self.byte(fold.text) != b'#'
        {
            (end, stop) = self.plain_line(fold.text)?;
            if self.byte(stop) == b':' {
                return Err(NotMine);
            }
            let text = text.to_mut();
            fold.write(text);
            text.push_str(self.slice(fold.text, end)?);
        }
        let one_line = matches!(text, Cow::Borrowed(_));
        Ok(Token { start: at, end, text, plain: true, one_line })
    }

    /// Refuses what begins with an indicator.
    pub(super) fn begin_plain(&self, at: usize) -> Read<()> {
        match self.byte(at) {
            b'?' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>'
            | b'\'' | b'"' | b'%' | b'@' | b'`' | b' ' | b'\n' => Err(NotMine),
            b'-' | b':' if self.is_blank(at + 1) => Err(NotMine),
            _ => Ok(()),
        }
    }

    /// Where a plain scalar ends in a line, and the `:`, `#` or line break before which it does.
    fn plain_line(&self, at: usize) -> Read<(usize, usize)> {
        let mut stop = at;
        loop {
            let special = |&byte: &u8| matches!(byte, b':' | b'#' | b'\n' | b'\t');
            stop = match self.rest(stop).iter().position(special) {
                Some(length) => stop + length,
                None => self.text.len(),
            };
            match self.byte(stop) {
                b':' if !self.is_blank(stop + 1) => stop += 1,
                b'#' if self.byte(stop - 1) != b' ' => stop += 1,
                b'\t' => return Err(NotMine),
                _ => break,
            }
        }
        Ok((at + self.slice(at, stop)?.trim_end_matches(' ').len(), stop))
    }
}
