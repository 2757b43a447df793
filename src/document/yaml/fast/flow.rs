//! Collections in brackets.

use std::borrow::Cow;

use super::duplicate::next_item;
use super::scalar::Token;
use super::{NotMine, Read, Reader};
use crate::document::map::{Entry, Keys};
use crate::document::path::Step;
use crate::document::value::{Body, Span, Value};

impl<'a> Reader<'a> {
    /// The collection whose bracket is at `at`. Its further lines are indented more than `outer`.
    pub(super) fn flow(&mut self, at: usize, outer: usize) -> Read<Value<'a>> {
        self.enter()?;
        let (body, end) = match self.byte(at) {
            b'[' => self.flow_list(at, outer)?,
            _ => self.flow_map(at, outer)?,
        };
        self.depth -= 1;
        Ok(Value { span: Span::from(at..end), body })
    }

    fn flow_list(&mut self, at: usize, outer: usize) -> Read<(Body<'a>, usize)> {
        let mut at = self.flow_gap(at + 1, outer)?;
        let first = self.open_items.len();
        while self.byte(at) != b']' {
            let known = self.duplicates.count();
            let item = self.flow_value(at, outer)?;
            let items = self.open_items.get(first..).unwrap_or_default();
            self.duplicates.lead(known, || next_item(items));
            at = self.flow_comma(item.span.end as usize, b']', outer)?;
            self.open_items.push(item);
        }
        Ok((Body::List(self.open_items.split_off(first)), at + 1))
    }

    fn flow_map(&mut self, at: usize, outer: usize) -> Read<(Body<'a>, usize)> {
        let mut at = self.flow_gap(at + 1, outer)?;
        let (first, mut keys) = (self.open_fields.len(), Keys::default());
        while self.byte(at) != b'}' {
            let key = self.flow_token(at)?;
            let colon = key.end;
            let value = self.spaces(colon + 1);
            if self.byte(colon) != b':' || value == colon + 1 && key.plain {
                return Err(NotMine);
            }
            let (key, key_span) = self.key(key, colon)?;
            let known = self.duplicates.count();
            let value = self.flow_value(value, outer)?;
            at = self.flow_comma(value.span.end as usize, b'}', outer)?;
            self.duplicates.lead(known, || Step::from(&*key));
            let entry = Entry { key, key_span, value };
            self.put(first, &mut keys, entry);
        }
        Ok((Body::Map(self.open_fields.split_off(first).into()), at + 1))
    }

    fn flow_value(&mut self, at: usize, outer: usize) -> Read<Value<'a>> {
        match self.byte(at) {
            b'[' | b'{' => self.flow(at, outer),
            _ => self.flow_token(at)?.value(),
        }
    }

    /// Goes on from behind a value to the next one, or to the bracket that closes.
    fn flow_comma(&self, end: usize, close: u8, outer: usize) -> Read<usize> {
        let at = self.flow_gap(end, outer)?;
        match self.byte(at) {
            b',' => self.flow_gap(at + 1, outer),
            byte if byte == close => Ok(at),
            _ => Err(NotMine),
        }
    }

    /// White space inside brackets.
    fn flow_gap(&self, at: usize, outer: usize) -> Read<usize> {
        let at = self.spaces(at);
        if self.byte(at) != b'\n' {
            return Ok(at);
        }
        let fold = self.fold(at).ok_or(NotMine)?;
        match self.byte(fold.text) {
            b']' | b'}' => Ok(fold.text),
            _ if fold.column > outer => Ok(fold.text),
            _ => Err(NotMine),
        }
    }

    fn flow_token(&self, at: usize) -> Read<Token<'a>> {
        if matches!(self.byte(at), b'"' | b'\'') {
            return self.quoted(at, None);
        }
        self.begin_plain(at)?;
        let ends = |at: usize| matches!(self.byte(at), b'\n' | b',' | b'[' | b']' | b'{' | b'}');
        if self.byte(at) == b':' || self.byte(at) == b'-' && ends(at + 1) {
            return Err(NotMine);
        }
        let mut stop = at;
        loop {
            match self.byte(stop) {
                b',' | b']' | b'}' | b'\n' => break,
                b':' if self.byte(stop + 1) == b' ' => break,
                b':' if ends(stop + 1) => return Err(NotMine),
                b'[' | b'{' | b'#' | b'"' | b'\'' | b'\t' | b'?' => return Err(NotMine),
                _ => stop += 1,
            }
        }
        let text = self.slice(at, stop)?.trim_end_matches(' ');
        let (end, text) = (at + text.len(), Cow::Borrowed(text));
        Ok(Token { start: at, end, text, plain: true, one_line: true })
    }
}
