//! Lines of a file without what must not be shown.

use std::collections::HashMap;

use super::{Item, Manifest};
use crate::document::Span;
use crate::engine::{Budget, Node, Schema, Walk};
use crate::resource::secret;

/// What stands for a value that must not be shown.
const HIDDEN: &str = "•••";

/// The most lines of one excerpt.
const LINES: u32 = 3;

/// The most characters of one line of an excerpt.
const LINE_CHARS: usize = 400;

/// A file whose sensitive values are known, item by item, once someone asks.
#[derive(Debug)]
pub struct Masked<'m, 't> {
    manifest: &'m Manifest<'t>,
    schema: &'static dyn Schema,
    hidden: HashMap<usize, Vec<Span>>,
}

/// Some lines, with the part that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    pub first_line: u32,
    pub text: String,
    /// The bytes of `text` that are meant.
    pub start: usize,
    pub end: usize,
}

impl<'m, 't> Masked<'m, 't> {
    pub fn new(manifest: &'m Manifest<'t>, schema: &'static dyn Schema) -> Self {
        Self { manifest, schema, hidden: HashMap::new() }
    }

    /// The lines on which `span` stands, the first few of them, with `•••` for every value of
    /// `item` that must not be shown, and for what looks like a secret anywhere else.
    ///
    /// `rank` is the item's rank in its file.
    pub fn excerpt(&mut self, rank: usize, item: &Item, span: Span) -> Excerpt {
        let (manifest, schema) = (self.manifest, self.schema);
        let hidden = self.hidden.entry(rank).or_insert_with(|| sensitive(manifest, item, schema));
        excerpt(manifest, hidden, span)
    }

    /// The same for a place in no object: what can't be read is not shown at all, since nobody
    /// knows what is sensitive in it.
    pub fn place_only(&self, span: Span) -> Excerpt {
        let lines = self.manifest.lines();
        let first_line = lines.position(span.start).line;
        Excerpt { first_line, text: String::new(), start: 0, end: 0 }
    }
}

fn excerpt(manifest: &Manifest<'_>, hidden: &[Span], span: Span) -> Excerpt {
    let lines = manifest.lines();
    let first_line = lines.position(span.start).line;
    let last_line = lines.position(span.end.max(span.start + 1) - 1).line;
    let last_line = last_line.clamp(first_line, first_line + LINES - 1);
    let start = lines.start(first_line).unwrap_or_default();
    let end = lines.start(last_line).unwrap_or(start)
        + u32::try_from(lines.line(last_line).map_or(0, str::len)).unwrap_or_default();
    let text = lines.text();
    let mut shown = String::new();
    let (mut from, mut to) = (None, None);
    let mut at = start;
    while at < end {
        let here = shown.len();
        if from.is_none() && at >= span.start {
            from = Some(here);
        }
        if to.is_none() && at >= span.end {
            to = Some(here);
        }
        if let Some(secret) = hidden.iter().find(|it| it.start <= at && at < it.end) {
            shown.push_str(HIDDEN);
            at = secret.end.max(at + 1);
            continue;
        }
        let Some(char) = text.get(at as usize..).and_then(|rest| rest.chars().next()) else {
            break;
        };
        shown.push(char);
        at += u32::try_from(char.len_utf8()).unwrap_or(1);
    }
    let from = from.unwrap_or(shown.len());
    let to = to.unwrap_or(shown.len()).max(from);
    defended(first_line, &shown, from, to)
}

/// Hides what looks like a secret in what is left, as in a comment, and cuts long lines.
fn defended(first_line: u32, shown: &str, from: usize, to: usize) -> Excerpt {
    let parts = [shown.get(..from), shown.get(from..to), shown.get(to..)];
    let mut text = String::new();
    let mut ends = [0; 3];
    let suspicious = secret::text_holds_secret(shown);
    for (part, end) in parts.into_iter().zip(&mut ends) {
        let part = part.unwrap_or_default();
        if suspicious {
            text.push_str(&secret::mask(part));
        } else {
            text.push_str(part);
        }
        *end = text.len();
    }
    // A secret that lies across the edge of what is meant.
    if secret::text_holds_secret(&text) {
        let masked = secret::mask(&text).into_owned();
        let length = masked.len();
        return Excerpt { first_line, text: masked, start: 0, end: length };
    }
    let [start, end, _] = ends;
    if text.lines().any(|line| line.chars().count() > LINE_CHARS) {
        return clipped(first_line, &text, start, end);
    }
    Excerpt { first_line, text, start, end }
}

/// An excerpt of a very long line: only the part that is meant, as far as it fits.
fn clipped(first_line: u32, text: &str, start: usize, end: usize) -> Excerpt {
    let line_start = text.get(..start).and_then(|it| it.rfind('\n')).map_or(0, |at| at + 1);
    let before = text.get(..start).map_or(0, |it| it.matches('\n').count());
    let line = u32::try_from(before).map_or(first_line, |before| first_line + before);
    let rest = text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
    let lead = start - line_start;
    let skip = rest
        .char_indices()
        .map(|(at, _)| at)
        .take_while(|at| *at <= lead)
        .last()
        .unwrap_or_default();
    let skip = if skip > LINE_CHARS / 2 { skip } else { 0 };
    let kept: String = rest.get(skip..).unwrap_or_default().chars().take(LINE_CHARS).collect();
    let start = (lead - skip.min(lead)).min(kept.len());
    let end = (start + (end.saturating_sub(line_start + lead))).min(kept.len()).max(start);
    let end = kept.floor_char_boundary(end);
    Excerpt { first_line: line, start, end, text: kept }
}

/// The places of an object's values that must not be shown.
fn sensitive(manifest: &Manifest<'_>, item: &Item, schema: &'static dyn Schema) -> Vec<Span> {
    let subject = manifest.subject(item);
    let walk = Walk::new(schema, &subject.identity, subject.object, Budget { steps: u64::MAX });
    let mut places = Vec::new();
    collect(walk.root(), &mut |node| places.push(manifest.span(item, &node.path()).0));
    places
}

fn collect<'s>(node: Node<'s>, add: &mut impl FnMut(Node<'s>)) {
    if node.is_sensitive() {
        add(node);
        return;
    }
    for (_, field) in node.fields() {
        collect(field, add);
    }
    for item in node.items() {
        collect(item, add);
    }
}
