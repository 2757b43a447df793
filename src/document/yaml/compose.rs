//! The parser's events into one tree.
//!
//! The tree is built in one pass with a stack of open collections; nothing recurses.

use std::borrow::Cow;
use std::collections::HashSet;

use granit_parser::{Event, Parser, ScalarStyle, StrInput, StructureStyle, Tag, options};

use super::alias::{Anchors, Budget, TooMuch};
use super::gap::{self, After};
use super::refuse::LineBreaks;
use super::{key, place, refuse, split, tag, wording};
use crate::document::map::{Entry, Map, MapBuilder};
use crate::document::path::{Path, Step};
use crate::document::problem::Problem;
use crate::document::source::{Document, Duplicate, MAX_DEPTH, MAX_DUPLICATES};
use crate::document::value::{Body, Span, Value};

/// Reads the one document that stands in `piece` of `text`.
pub(super) fn compose<'a>(
    text: &'a str,
    piece: Span,
    budget: &mut Budget,
) -> Result<Document<'a>, Problem> {
    let source = text.get(piece.range()).unwrap_or_default();
    refuse::carriage_return(text, piece)?;
    let mut composer = Composer {
        text,
        base: piece.start,
        budget,
        anchors: source.contains('*').then(Anchors::default),
        open: Vec::new(),
        root: None,
        last_end: piece.start.saturating_add(split::marker(source)),
        gap: source.contains('\t').then_some((piece.start, After::Line)),
        line_breaks: LineBreaks::find(text, piece),
        duplicates: Vec::new(),
        lost: Vec::new(),
    };
    let mut limits = options! { block_nesting_limit: MAX_DEPTH, flow_nesting_limit: MAX_DEPTH };
    limits.set_emit_comments(false);
    composer
        .read(Parser::new_from_str_with_options(source, limits))
        .and_then(|()| composer.finish(piece.end))
        .map_err(|problem| wording::with_template_help(text, problem))?;
    let Composer { root, duplicates, lost, .. } = composer;
    let empty = root.is_none();
    let value = root.unwrap_or(Value { span: piece, body: Body::Null });
    Ok(Document { value, span: piece, empty, duplicates, lost })
}

struct Composer<'a, 'b> {
    text: &'a str,
    /// Where in the text the piece begins that the parser sees.
    base: u32,
    budget: &'b mut Budget,
    /// `None` if no alias can follow, so that nothing needs to be kept for one.
    anchors: Option<Anchors<'a>>,
    open: Vec<Open<'a>>,
    root: Option<Value<'a>>,
    /// Where the last scalar, alias, bracket or dash ends.
    last_end: u32,
    /// Where the gap before the next token begins; `None` if no gap can hold a tab.
    gap: Option<(u32, After)>,
    line_breaks: LineBreaks,
    duplicates: Vec<Duplicate>,
    lost: Vec<Span>,
}

/// A collection whose end has not been seen.
struct Open<'a> {
    start: u32,
    block: bool,
    /// The column of the innermost block collection. It matters to tabs only.
    indent: u32,
    anchor: usize,
    inside: Inside<'a>,
}

enum Inside<'a> {
    List(Vec<Value<'a>>),
    Map {
        fields: MapBuilder<'a>,
        key: Option<Key<'a>>,
        /// The keys that came by a merge: to set one of them is no duplicate.
        merged: HashSet<Span>,
    },
}

enum Key<'a> {
    Field(Cow<'a, str>, Span),
    /// `<<`
    Merge,
}

impl<'a> Composer<'a, '_> {
    fn read(&mut self, mut parser: Parser<'a, StrInput<'a>>) -> Result<(), Problem> {
        let mut documents = 0;
        while let Some(event) = parser.next_event() {
            let (event, parsed) =
                event.map_err(|error| wording::problem(self.text, self.base, &error))?;
            let (start, end) = (parsed.start.byte_offset(), parsed.end.byte_offset());
            let span = Span::new(self.offset(start), self.offset(end));
            match event {
                Event::Scalar(text, style, anchor, tag) => {
                    self.scalar(text, style, anchor, tag.as_deref(), span)?;
                }
                Event::SequenceStart(style, anchor, _) => {
                    self.begin(span, style, anchor, Inside::List(Vec::new()))?;
                }
                Event::MappingStart(style, anchor, _) => {
                    let fields = MapBuilder::default();
                    let inside = Inside::Map { fields, key: None, merged: HashSet::new() };
                    self.begin(span, style, anchor, inside)?;
                }
                Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
                Event::Alias(anchor) => self.alias(anchor, span)?,
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(refuse::second_document(span));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Looks at what follows the last token.
    fn finish(&mut self, end: u32) -> Result<(), Problem> {
        self.token(Span::new(end, end), After::Line)?;
        self.line_breaks.pass(self.text, Span::new(end, end), false)
    }

    /// Looks at the gap before a token, and begins the next one.
    fn token(&mut self, span: Span, after: After) -> Result<(), Problem> {
        let Some((start, before)) = &mut self.gap else { return Ok(()) };
        let gap = Span::new(std::mem::replace(start, span.end), span.start);
        let before = std::mem::replace(before, after);
        let in_flow = self.open.last().is_some_and(|open| !open.block);
        match gap::indenting_tab(self.text, gap, before) {
            Some(tab) if !in_flow => Err(refuse::tab(tab)),
            _ => Ok(()),
        }
    }

    fn offset(&self, byte: Option<usize>) -> u32 {
        let byte = byte.and_then(|byte| u32::try_from(byte).ok()).unwrap_or_default();
        self.base.saturating_add(byte)
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        parsed: Span,
    ) -> Result<(), Problem> {
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        // The parser writes a missing value as a `~` of no length.
        let missing = style == ScalarStyle::Plain && parsed.start == parsed.end;
        let in_flow = self.open.last().is_some_and(|open| !open.block);
        let at_key = self.at_key();
        self.pass_dash();
        let span = match block {
            true => place::block_scalar(self.text, self.last_end, parsed),
            false if missing && !at_key => place::missing(self.text, self.last_end, parsed),
            false => parsed,
        };
        let before = Span::new(self.last_end, span.start);
        self.last_end = span.end;
        let text = if missing { Cow::Borrowed("") } else { text };
        if !missing {
            let after = match style {
                ScalarStyle::Literal | ScalarStyle::Folded => After::Line,
                ScalarStyle::Plain => {
                    After::Plain { indent: self.open.last().map_or(0, |open| open.indent) }
                }
                _ => After::Token,
            };
            self.token(span, after)?;
            let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
            self.line_breaks.pass(self.text, span, quoted)?;
            refuse::scalar(self.text, span, style, in_flow)?;
            if at_key && in_flow {
                refuse::broken_key(self.text, before, span)?;
            }
        }
        if at_key {
            if key::is_merge(&text, style, tag) {
                self.add_key(Key::Merge);
                return Ok(());
            }
        } else if missing && anchor == 0 && tag.is_none() && self.open.is_empty() {
            return Ok(());
        }
        let body = match tag::scalar(text, style, tag) {
            Ok(Some(body)) => body,
            Ok(None) if at_key => Body::Text(key::not_finite(self.text, span)),
            Ok(None) => return Err(refuse::not_finite(span)),
            Err(message) => return Err(Problem::new(span, message)),
        };
        let value = Value { span, body };
        self.remember(&value, anchor)?;
        self.add(value, false)
    }

    fn at_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { inside: Inside::Map { key: None, .. }, .. }))
    }

    fn begin(
        &mut self,
        span: Span,
        style: StructureStyle,
        anchor: usize,
        inside: Inside<'a>,
    ) -> Result<(), Problem> {
        if self.at_key() {
            return Err(refuse::collection_as_key(span));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(refuse::too_deep(span));
        }
        self.pass_dash();
        let block = style == StructureStyle::Block;
        let mut start = span.start;
        if !block {
            self.last_end = span.end;
            self.token(span, After::Token)?;
        } else if let Inside::List(_) = inside
            && let Some(dash) = place::dash(self.text, self.last_end, span.end.saturating_add(1))
        {
            // Below its key's column, a list's own place is behind its first dash.
            start = dash;
            self.last_end = dash + 1;
        }
        let indent = match block && self.gap.is_some() {
            true => place::column(self.text, start),
            false => self.open.last().map_or(0, |open| open.indent),
        };
        self.open.push(Open { start, block, indent, anchor, inside });
        Ok(())
    }

    /// Goes on to behind the dash of an item that begins, if it is not the first.
    fn pass_dash(&mut self) {
        if let Some(Open { block: true, inside: Inside::List(items), .. }) = self.open.last()
            && !items.is_empty()
            && let Some(dash) = place::dash(self.text, self.last_end, u32::MAX)
        {
            self.last_end = dash + 1;
        }
    }

    fn end(&mut self, parsed: Span) -> Result<(), Problem> {
        let Some(Open { start, block, anchor, inside, .. }) = self.open.pop() else {
            return Ok(());
        };
        if !block {
            self.last_end = parsed.end;
            self.gap = self.gap.map(|_| (parsed.end, After::Token));
        }
        let body = match inside {
            Inside::List(items) => Body::List(items),
            Inside::Map { fields, .. } => Body::Map(fields.build()),
        };
        let value = Value { span: Span::new(start, self.last_end), body };
        self.remember(&value, anchor)?;
        self.add(value, false)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Problem> {
        self.pass_dash();
        self.last_end = span.end;
        self.token(span, After::Token)?;
        let depth = self.open.len();
        let anchors = self.anchors.as_ref();
        match anchors.and_then(|anchors| anchors.copy(anchor, depth, self.budget)) {
            Some(Ok(value)) => self.add(Value { span, body: value.body }, true),
            Some(Err(TooMuch)) => Err(refuse::too_many_copies(span)),
            None => Err(refuse::contains_itself(span)),
        }
    }

    /// Keeps a value that is read to its end for the aliases of its anchor.
    fn remember(&mut self, value: &Value<'a>, anchor: usize) -> Result<(), Problem> {
        match &mut self.anchors {
            Some(anchors) if anchor != 0 => anchors
                .insert(anchor, value, self.budget)
                .map_err(|TooMuch| refuse::too_many_copies(value.span)),
            _ => Ok(()),
        }
    }

    fn add(&mut self, value: Value<'a>, is_alias: bool) -> Result<(), Problem> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(value);
            return Ok(());
        };
        let start = open.start;
        match &mut open.inside {
            Inside::List(items) => items.push(value),
            Inside::Map { fields, key, merged } => match key.take() {
                None => {
                    let span = value.span;
                    let source = self.text.get(span.range());
                    let field = Key::Field(key::text(value, source.unwrap_or_default())?, span);
                    self.add_key(field);
                }
                Some(Key::Merge) => merge(value, is_alias, fields, merged, &mut self.lost)?,
                Some(Key::Field(key, key_span)) => {
                    let entry = Entry { key, key_span, value };
                    let name = entry.key.clone();
                    if let Some(held) = fields.insert(entry)
                        && held.key_span.start >= start
                        && !merged.contains(&held.key_span)
                    {
                        self.lost.push(held.value.span);
                        self.duplicate(&name, key_span, held.key_span);
                    }
                }
            },
        }
        Ok(())
    }

    fn add_key(&mut self, new: Key<'a>) {
        if let Some(Open { inside: Inside::Map { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(new);
        }
    }

    fn duplicate(&mut self, key: &str, span: Span, first: Span) {
        if self.duplicates.len() >= MAX_DUPLICATES {
            return;
        }
        let outer = self.open.iter().take(self.open.len().saturating_sub(1));
        let mut steps: Vec<Step> = outer
            .filter_map(|open| match &open.inside {
                Inside::List(items) => u32::try_from(items.len()).ok().map(Step::Index),
                Inside::Map { key: Some(Key::Field(key, _)), .. } => Some(Step::from(&**key)),
                Inside::Map { .. } => None,
            })
            .collect();
        steps.push(Step::from(key));
        self.duplicates.push(Duplicate { span, first, path: Path { steps } });
    }
}

/// Adds the fields of `<<: *anchor`, which set what the map holds already: go-yaml v2 lets a merge
/// win over keys before it, against the specification. Of several maps the first wins.
fn merge<'a>(
    value: Value<'a>,
    is_alias: bool,
    fields: &mut MapBuilder<'a>,
    merged: &mut HashSet<Span>,
    lost: &mut Vec<Span>,
) -> Result<(), Problem> {
    let mut take = |map: Map<'a>| {
        for entry in map {
            merged.insert(entry.key_span);
            let held = fields.insert(entry);
            // What came by another merge stands elsewhere in the text, and in the tree.
            lost.extend(held.filter(|it| !merged.contains(&it.key_span)).map(|it| it.value.span));
        }
    };
    match value.body {
        Body::Map(map) => take(map),
        Body::List(items) if !is_alias => {
            for item in items.into_iter().rev() {
                match item.body {
                    Body::Map(map) => take(map),
                    _ => return Err(refuse::merge_of_no_map(item.span)),
                }
            }
        }
        _ => return Err(refuse::merge_of_no_map(value.span)),
    }
    Ok(())
}
