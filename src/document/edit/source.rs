//! The text that is edited: where its values stand, and how it is laid out.

use super::{Refusal, refuse};
use crate::document::map::Entry;
use crate::document::value::{Body, Span, Value};
use crate::document::yaml;

pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    /// Strings and keys must be in double quotes.
    pub(super) is_json: bool,
    pub(super) line_break: &'static str,
    /// How much deeper a map is indented than its key.
    pub(super) map_indent: usize,
    /// How much deeper a list is indented than its key.
    pub(super) list_indent: usize,
}

/// A value on the way to what is edited.
#[derive(Clone, Copy)]
pub(super) struct Spot<'v, 'a> {
    pub(super) value: &'v Value<'a>,
    pub(super) hold: Hold<'v, 'a>,
    /// Inside `{}` or `[]`, where indentation means nothing.
    pub(super) in_flow: bool,
}

/// What holds a value.
#[derive(Clone, Copy)]
pub(super) enum Hold<'v, 'a> {
    Root,
    Field(&'v Entry<'a>),
    Item,
}

impl<'a> Source<'a> {
    pub(super) fn new(text: &'a str, root: &Value<'_>) -> Self {
        let mut layout = Layout::default();
        layout.look(text, root);
        Self {
            text,
            is_json: text.trim_start().starts_with('{')
                && crate::document::json::read(text.trim()).is_ok(),
            line_break: if text.contains("\r\n") { "\r\n" } else { "\n" },
            map_indent: layout.map_indent.unwrap_or(2),
            list_indent: layout.list_indent.unwrap_or(2),
        }
    }

    pub(super) fn slice(&self, span: Span) -> Option<&'a str> {
        self.text.get(span.range())
    }

    /// Whether a value is written as `{…}` or `[…]`.
    pub(super) fn is_flow(&self, value: &Value<'_>) -> bool {
        self.slice(value.span).is_some_and(|source| source.starts_with(['{', '[']))
    }

    /// The value at the end of `tokens`. Refuses what an alias or a merge stands for: to edit it
    /// would change another place as well.
    pub(super) fn find<'v, 'b>(
        &self,
        root: &'v Value<'b>,
        tokens: &[String],
    ) -> Result<Spot<'v, 'b>, Refusal> {
        let mut spot = Spot { value: root, hold: Hold::Root, in_flow: false };
        for token in tokens {
            let outer = spot.value;
            let in_flow = spot.in_flow || self.is_flow(outer);
            let inner = match &outer.body {
                Body::Map(map) => map.entry(token).map(|entry| Spot {
                    value: &entry.value,
                    hold: Hold::Field(entry),
                    in_flow,
                }),
                Body::List(items) => token
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get(index))
                    .map(|value| Spot { value, hold: Hold::Item, in_flow }),
                _ => None,
            };
            spot = inner.ok_or_else(|| refuse("the place is missing"))?;
            let inside = |span: Span| outer.span.start <= span.start && span.end <= outer.span.end;
            let by_merge = matches!(spot.hold, Hold::Field(entry) if !inside(entry.key_span));
            if by_merge || !inside(spot.value.span) || self.is_alias(spot.value) {
                return Err(refuse("the place is written once for several, by an alias"));
            }
        }
        Ok(spot)
    }

    fn is_alias(&self, value: &Value<'_>) -> bool {
        self.slice(value.span).is_some_and(|source| source.starts_with('*'))
    }

    /// How many columns stand before `offset` in its line.
    pub(super) fn column(&self, offset: u32) -> usize {
        column(self.text, offset)
    }

    /// Where the line of `offset` begins.
    pub(super) fn line_start(&self, offset: u32) -> u32 {
        let before = self.text.get(..offset as usize).unwrap_or_default();
        before.rfind('\n').map_or(0, |newline| to_offset(newline + 1))
    }

    /// Where the line of `offset` ends, without its line break. Refuses a line on which more than
    /// a comment follows.
    pub(super) fn line_end(&self, offset: u32) -> Result<u32, Refusal> {
        let rest = self.text.get(offset as usize..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let blank = line.trim_start_matches([' ', '\t']);
        if !blank.is_empty() && (!blank.starts_with('#') || blank.len() == line.len()) {
            return Err(refuse("more follows on the line"));
        }
        Ok(offset.saturating_add(to_offset(line.len())))
    }

    /// Whether nothing follows on the line, not even a comment.
    pub(super) fn ends_line(&self, offset: u32) -> bool {
        self.line_end(offset).is_ok_and(|end| end == offset)
    }

    /// Where the next line begins, or the text ends.
    pub(super) fn next_line(&self, offset: u32) -> u32 {
        let rest = self.text.get(offset as usize..).unwrap_or_default();
        let length = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        offset.saturating_add(to_offset(length))
    }

    /// Right behind the `:` of a field.
    pub(super) fn behind_colon(&self, entry: &Entry<'_>) -> Result<u32, Refusal> {
        let gap = Span::new(entry.key_span.end, to_offset(self.text.len()));
        yaml::gap::find(self.text, gap, |byte| byte == b':')
            .map(|colon| colon + 1)
            .ok_or_else(|| refuse("the field has no colon"))
    }

    /// The dash of an item of a block list, the first one behind `from`.
    pub(super) fn dash(&self, from: u32) -> Result<u32, Refusal> {
        let gap = Span::new(from, to_offset(self.text.len()));
        yaml::gap::find(self.text, gap, |byte| byte == b'-')
            .ok_or_else(|| refuse("the item has no dash"))
    }

    /// Refuses a stretch that holds more than white space, such as a comment or an anchor.
    pub(super) fn blank(&self, span: Span) -> Result<(), Refusal> {
        match self.slice(span) {
            Some(source) if source.trim().is_empty() => Ok(()),
            _ => Err(refuse("a comment, a tag or an anchor would be lost")),
        }
    }
}

/// How the text indents, as its first nested map and list show.
#[derive(Default)]
struct Layout {
    map_indent: Option<usize>,
    list_indent: Option<usize>,
}

impl Layout {
    fn look(&mut self, text: &str, value: &Value<'_>) {
        if self.map_indent.is_some() && self.list_indent.is_some() {
            return;
        }
        match &value.body {
            Body::List(items) => items.iter().for_each(|item| self.look(text, item)),
            Body::Map(map) => {
                for entry in map {
                    let inner = entry.value.span.start;
                    let is_below = text
                        .get(entry.key_span.end as usize..inner as usize)
                        .is_some_and(|gap| gap.contains('\n'));
                    let deeper =
                        column(text, inner).checked_sub(column(text, entry.key_span.start));
                    if let (true, Some(deeper)) = (is_below, deeper) {
                        match &entry.value.body {
                            Body::Map(_) => self.map_indent = self.map_indent.or(Some(deeper)),
                            Body::List(_) => self.list_indent = self.list_indent.or(Some(deeper)),
                            _ => {}
                        }
                    }
                    self.look(text, &entry.value);
                }
            }
            _ => {}
        }
    }
}

fn column(text: &str, offset: u32) -> usize {
    let before = text.get(..offset as usize).unwrap_or_default();
    before.len() - before.rfind('\n').map_or(0, |newline| newline + 1)
}

pub(super) fn to_offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
