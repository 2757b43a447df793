//! Block maps and lists: what indentation holds together.

use std::borrow::Cow;

use super::duplicate::next_item;
use super::scalar::Token;
use super::{NotMine, Read, Reader};
use crate::document::map::{Entry, Keys};
use crate::document::path::Step;
use crate::document::value::{Body, Span, Value};
use crate::document::yaml::key;

impl<'a> Reader<'a> {
    /// The map whose first key is `key`.
    pub(super) fn map(&mut self, mut key: Token<'a>, mut colon: usize) -> Read<Value<'a>> {
        self.enter()?;
        let column = self.column(key.start);
        let start = key.start;
        let (first, mut keys) = (self.open_fields.len(), Keys::default());
        let last = loop {
            let (key_text, key_span) = self.key(key, colon)?;
            let known = self.duplicates.count();
            let value = self.field(colon, column)?;
            let last = value.span;
            self.duplicates.lead(known, || Step::from(&*key_text));
            let entry = Entry { key: key_text, key_span, value };
            self.put(first, &mut keys, entry);
            match self.line {
                Some(line) if line.column() == column && !self.is_dash(line.text) => {
                    key = self.token(line.text, column)?.ok_or(NotMine)?;
                    colon = self.colon(&key).ok_or(NotMine)?;
                }
                Some(line) if line.column() > column => return Err(NotMine),
                _ => break last,
            }
        };
        self.depth -= 1;
        let fields = self.open_fields.split_off(first).into();
        Ok(Value { span: from(start, last), body: Body::Map(fields) })
    }

    /// The list whose first dash is at `dash`.
    pub(super) fn list(&mut self, mut dash: usize) -> Read<Value<'a>> {
        self.enter()?;
        let column = self.column(dash);
        let start = dash;
        let first = self.open_items.len();
        let last = loop {
            let known = self.duplicates.count();
            let item = self.item(dash, column)?;
            let last = item.span;
            let items = self.open_items.get(first..).unwrap_or_default();
            self.duplicates.lead(known, || next_item(items));
            self.open_items.push(item);
            match self.line {
                Some(line) if line.column() == column && self.is_dash(line.text) => {
                    dash = line.text;
                }
                Some(line) if line.column() > column => return Err(NotMine),
                _ => break last,
            }
        };
        self.depth -= 1;
        let items = self.open_items.split_off(first);
        Ok(Value { span: from(start, last), body: Body::List(items) })
    }

    /// The `:` behind a key; `None` if the token is none.
    pub(super) fn colon(&self, key: &Token<'_>) -> Option<usize> {
        let at = self.spaces(key.end);
        (key.one_line && self.byte(at) == b':' && self.is_blank(at + 1)).then_some(at)
    }

    /// What a key means, and its place.
    pub(super) fn key(&self, key: Token<'a>, colon: usize) -> Read<(Cow<'a, str>, Span)> {
        /// Up to this many bytes, every reader takes a token for a key.
        const LONGEST: usize = 1_000;
        let is_merge = key.plain && key.text == "<<";
        if is_merge || colon - key.start > LONGEST {
            return Err(NotMine);
        }
        let source = self.slice(key.start, key.end)?;
        let key = key.value()?;
        let span = key.span;
        Ok((key::text(key, source).map_err(|_| NotMine)?, span))
    }

    /// The value behind the `:` of a map in `column`.
    fn field(&mut self, colon: usize, column: usize) -> Read<Value<'a>> {
        let at = self.spaces(colon + 1);
        if !matches!(self.byte(at), b'\n' | b'#') {
            return self.inline(at, column);
        }
        self.next_line(self.line_end(at) + 1)?;
        match self.line {
            Some(line) if line.column() > column => self.node(line.text, column),
            // The dashes of a list may stand below its key.
            Some(line) if line.column() == column && self.is_dash(line.text) => {
                self.list(line.text)
            }
            _ => Ok(missing(colon + 1)),
        }
    }

    /// The item behind a dash of a list in `column`.
    fn item(&mut self, dash: usize, column: usize) -> Read<Value<'a>> {
        let at = self.spaces(dash + 1);
        if !matches!(self.byte(at), b'\n' | b'#') {
            return self.node(at, column);
        }
        self.next_line(self.line_end(at) + 1)?;
        match self.line {
            Some(line) if line.column() > column => self.node(line.text, column),
            _ => Ok(missing(dash + 1)),
        }
    }

    /// What stands behind a dash or on a line of its own, in a collection in the column `outer`.
    fn node(&mut self, at: usize, outer: usize) -> Read<Value<'a>> {
        if self.is_dash(at) {
            return self.list(at);
        }
        match self.token(at, outer)? {
            Some(token) => match self.colon(&token) {
                Some(colon) => self.map(token, colon),
                None => self.scalar(token),
            },
            None => self.bracketed(at, outer),
        }
    }

    /// What stands behind a key on its line: no block collection.
    fn inline(&mut self, at: usize, outer: usize) -> Read<Value<'a>> {
        match self.token(at, outer)? {
            Some(token) if self.colon(&token).is_some() => Err(NotMine),
            Some(token) => self.scalar(token),
            None => self.bracketed(at, outer),
        }
    }

    fn scalar(&mut self, token: Token<'a>) -> Read<Value<'a>> {
        self.end_line(token.end)?;
        token.value()
    }

    /// A block scalar, or a collection in brackets.
    fn bracketed(&mut self, at: usize, outer: usize) -> Read<Value<'a>> {
        if matches!(self.byte(at), b'|' | b'>') {
            return self.block_scalar(at, outer);
        }
        let value = self.flow(at, outer)?;
        self.end_line(value.span.end as usize)?;
        Ok(value)
    }
}

fn missing(at: usize) -> Value<'static> {
    Value { span: Span::from(at..at), body: Body::Null }
}

/// A collection ends with its last value.
fn from(start: usize, last: Span) -> Span {
    Span { end: last.end, ..Span::from(start..start) }
}
