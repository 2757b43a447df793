//! From a place in a scalar's text back to the place in the source that it was decoded from.
//!
//! A text that is embedded in a string is read from the decoded string, and its places are
//! offsets there. An [`Origin`] turns them into offsets of the text that a person sees, through
//! escapes, doubled quotes, indentation and folded lines.

mod block;
mod flow;

use std::num::NonZeroU32;
use std::ops::Range;

use super::value::Span;

/// Where each part of one scalar's decoded text stands in its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// In the order of the text, without gaps in the decoded text.
    parts: Vec<Part>,
    /// Where the source of the text ends, which is before a closing quote.
    end: u32,
}

/// A run of decoded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    decoded: u32,
    source: u32,
    /// Where the source ends of one character that is not written as itself, which is behind a
    /// quote or a mark; `None` for a run of characters that are.
    end: Option<NonZeroU32>,
}

impl Origin {
    /// The origin of `decoded`, which the token `token` of `text` stands for: a YAML scalar of any
    /// style, or a JSON string. `None` if the token does not decode to this text.
    pub fn of(text: &str, token: Span, decoded: &str) -> Option<Self> {
        let source = text.get(token.range())?;
        let mut trace = Trace { base: token.start, decoded, at: 0, parts: Vec::new() };
        let end = match source.as_bytes().first() {
            Some(b'"') => flow::double_quoted(source, &mut trace)?,
            Some(b'\'') => flow::single_quoted(source, &mut trace)?,
            Some(b'|') => block::trace(source, false, &mut trace)?,
            Some(b'>') => block::trace(source, true, &mut trace)?,
            _ => flow::plain(source, &mut trace)?,
        };
        let end = token.start.saturating_add(u32::try_from(end).ok()?);
        (trace.at == decoded.len()).then_some(Self { parts: trace.parts, end })
    }

    /// Where parts of `decoded` stand, as in [`Origin::of`]: the whole token where it is all of
    /// the text, or where nobody can tell.
    pub fn of_parts(text: &str, token: Span, decoded: &str, parts: &[Range<usize>]) -> Vec<Span> {
        match parts {
            [] => Vec::new(),
            [whole] if *whole == (0..decoded.len()) => vec![token],
            parts => match Self::of(text, token, decoded) {
                Some(origin) => parts.iter().map(|it| origin.span(it.clone().into())).collect(),
                None => vec![token],
            },
        }
    }

    /// The source of a span of the decoded text.
    pub fn span(&self, decoded: Span) -> Span {
        let start = self.start(decoded.start);
        if decoded.end <= decoded.start {
            return Span::new(start, start);
        }
        // The end is where the last byte's source ends, not where the next line's text begins.
        Span::new(start, self.end(decoded.end))
    }

    /// Where the source begins of the character at `offset`.
    fn start(&self, offset: u32) -> u32 {
        match self.part(offset) {
            Some(Part { decoded, source, end: None }) => source + (offset - decoded),
            Some(Part { source, .. }) => source,
            None => self.end,
        }
    }

    /// Where the source ends of what is decoded before `offset`.
    fn end(&self, offset: u32) -> u32 {
        match self.part(offset.saturating_sub(1)) {
            Some(Part { decoded, source, end: None }) => source + (offset - decoded),
            Some(Part { end: Some(end), .. }) => end.get(),
            None => self.end,
        }
    }

    fn part(&self, offset: u32) -> Option<Part> {
        let behind = self.parts.partition_point(|part| part.decoded <= offset);
        self.parts.get(behind.checked_sub(1)?).copied()
    }
}

/// Decodes a scalar step by step, and compares each with what it is known to decode to.
struct Trace<'a> {
    base: u32,
    decoded: &'a str,
    at: usize,
    parts: Vec<Part>,
}

impl Trace<'_> {
    /// A run of the source that stands for itself.
    fn verbatim(&mut self, source: usize, run: &str) -> Option<()> {
        if run.is_empty() {
            return Some(());
        }
        let source = self.place(source)?;
        self.part(source, None, run)
    }

    /// A character that `length` bytes of the source stand for.
    fn character(&mut self, source: usize, length: usize, character: char) -> Option<()> {
        let end = NonZeroU32::new(self.place(source + length)?)?;
        let source = self.place(source)?;
        self.part(source, Some(end), character.encode_utf8(&mut [0; 4]))
    }

    fn part(&mut self, source: u32, end: Option<NonZeroU32>, decoded: &str) -> Option<()> {
        if !self.decoded.get(self.at..)?.starts_with(decoded) {
            return None;
        }
        self.parts.push(Part { decoded: u32::try_from(self.at).ok()?, source, end });
        self.at += decoded.len();
        Some(())
    }

    /// Where it is in the whole text.
    fn place(&self, source: usize) -> Option<u32> {
        self.base.checked_add(u32::try_from(source).ok()?)
    }
}
