//! The one tree that every door judges.

use std::borrow::Cow;
use std::ops::Range;

use super::map::{Entry, Map};

/// Where a value stands in its text, in bytes; [`Span::NONE`] for a value that no text holds.
///
/// Lines and columns are worked out from it when a place is shown, never before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

/// A JSON value that borrows from its text what it can, with the place of each part.
///
/// Built from YAML ([`yaml`](super::yaml)) or JSON ([`json`](super::json)), or by serde, then
/// without places. Equality ignores places.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    pub span: Span,
    pub body: Body<'a>,
}

/// What a [`Value`] is.
///
/// Integers beyond `i64` are floats, as they are to the API server.
#[derive(Clone, Debug, PartialEq)]
pub enum Body<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Map(Map<'a>),
}

impl Span {
    /// No place: the value was not read from a text that a person sees.
    pub const NONE: Self = Self { start: u32::MAX, end: u32::MAX };

    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    pub const fn is_none(self) -> bool {
        self.start == u32::MAX
    }

    /// The bytes as a text is indexed by them.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The same places in order, with none that overlap or touch, and without empty ones.
    pub fn joined(mut spans: Vec<Self>) -> Vec<Self> {
        spans.retain(|span| span.start < span.end && !span.is_none());
        spans.sort_unstable();
        let mut joined: Vec<Self> = Vec::new();
        for span in spans {
            match joined.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => joined.push(span),
            }
        }
        joined
    }
}

/// Offsets of a text that is read are below [`MAX_BYTES`](super::MAX_BYTES).
impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self::new(offset(range.start), offset(range.end))
    }
}

impl<'a> Value<'a> {
    pub const NULL: Self = Self { span: Span::NONE, body: Body::Null };

    /// A value without a place.
    pub const fn new(body: Body<'a>) -> Self {
        Self { span: Span::NONE, body }
    }

    /// A text without a place.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(Body::Text(text.into()))
    }

    /// A map without places, from fields whose keys differ.
    pub fn map<K: Into<Cow<'a, str>>>(fields: impl IntoIterator<Item = (K, Value<'a>)>) -> Self {
        let entry =
            |(key, value): (K, Value<'a>)| Entry { key: key.into(), key_span: Span::NONE, value };
        Self::new(Body::Map(fields.into_iter().map(entry).collect()))
    }

    pub fn is_null(&self) -> bool {
        matches!(self.body, Body::Null)
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self.body {
            Body::Bool(flag) => Some(flag),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self.body {
            Body::Int(number) => Some(number),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.body {
            Body::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Value<'a>]> {
        match &self.body {
            Body::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_map(&self) -> Option<&Map<'a>> {
        match &self.body {
            Body::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The field `key`; `None` where this is no map or has no such field.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.as_map()?.get(key)
    }

    /// The field `key`, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value<'a>> {
        match &mut self.body {
            Body::Map(map) => map.get_mut(key),
            _ => None,
        }
    }

    /// The field at the end of `keys`.
    pub fn at(&self, keys: &[&str]) -> Option<&Value<'a>> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// What this is, in the words of a message: `a string`, `a list`, …
    pub fn type_name(&self) -> &'static str {
        match self.body {
            Body::Null => "null",
            Body::Bool(_) => "a boolean",
            Body::Int(_) | Body::Float(_) => "a number",
            Body::Text(_) => "a string",
            Body::List(_) => "a list",
            Body::Map(_) => "a map",
        }
    }

    /// The same value, owning all of it.
    pub fn into_owned(self) -> Value<'static> {
        let body = match self.body {
            Body::Null => Body::Null,
            Body::Bool(flag) => Body::Bool(flag),
            Body::Int(number) => Body::Int(number),
            Body::Float(number) => Body::Float(number),
            Body::Text(text) => Body::Text(Cow::Owned(text.into_owned())),
            Body::List(items) => Body::List(items.into_iter().map(Value::into_owned).collect()),
            Body::Map(map) => Body::Map(map.into_iter().map(Entry::into_owned).collect()),
        };
        Value { span: self.span, body }
    }
}

/// Places do not count.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body
    }
}
