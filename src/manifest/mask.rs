//! Lines of a file without what must not be shown.

use std::collections::HashMap;
use std::ops::Range;

use super::Manifest;
use super::veil::Veil;
use crate::document::{Lines, Snippet, Span};
use crate::engine::{MASK, Schema};
use crate::resource::secret;

/// The most lines of one excerpt.
const LINES: u32 = 3;

/// The most bytes of one line of an excerpt. Of a longer one there is but a part.
const LINE_BYTES: usize = 400;

/// How many lines above an excerpt are read for what a comment in it is about.
const LINES_ABOVE: u32 = 3;

/// A file whose sensitive values are known, document by document, once someone asks.
#[derive(Debug)]
pub struct Masked<'m, 't> {
    manifest: &'m Manifest<'t>,
    schema: &'static dyn Schema,
    veils: HashMap<usize, Veil>,
}

impl<'m, 't> Masked<'m, 't> {
    pub fn new(manifest: &'m Manifest<'t>, schema: &'static dyn Schema) -> Self {
        Self { manifest, schema, veils: HashMap::new() }
    }

    /// The lines on which `span` stands, the first few of them, with `•••` for every value that
    /// must not be shown, whichever object it is of, and for what looks like a secret elsewhere.
    ///
    /// What stands in no document that can be read is hidden: nobody knows what is in it.
    pub fn snippet(&mut self, span: Span) -> Snippet {
        let (manifest, schema) = (self.manifest, self.schema);
        let lines = manifest.lines();
        let (first_line, window) = window(lines, span);
        let mut hidden = Vec::new();
        let mut known = window.start;
        for (rank, document) in manifest.documents_in(window) {
            hidden.push(Span::new(known, document.start));
            known = document.end;
            let veil = self.veils.entry(rank).or_insert_with(|| Veil::over(manifest, rank, schema));
            let first = veil.hidden.partition_point(|it| it.end <= window.start);
            let within = veil.hidden.iter().skip(first).take_while(|it| it.start < window.end);
            hidden.extend(within);
            hidden.extend(veil.repeated.find(lines.text(), window));
        }
        hidden.push(Span::new(known, window.end));
        hidden.extend(conspicuous(lines, window));
        let mut writer = Writer { text: lines.text(), shown: String::new(), meant: [None; 2] };
        writer.write(window, &Span::joined(hidden), span);
        let Writer { shown, meant: [start, end], .. } = writer;
        let start = start.unwrap_or(shown.len());
        Snippet { first_line, start, end: end.unwrap_or(shown.len()).max(start), text: shown }
    }
}

/// The part of the text that an excerpt shows, and the line on which it begins.
fn window(lines: &Lines<'_>, span: Span) -> (u32, Span) {
    let first = lines.position(span.start).line;
    let last = lines.position(span.end.max(span.start + 1) - 1).line;
    let last = last.clamp(first, first + LINES - 1);
    let text = lines.text();
    let bounds = |line: u32| {
        let start = lines.start(line).unwrap_or_default() as usize;
        start..start + lines.line(line).map_or(0, str::len)
    };
    let whole = bounds(first).start..bounds(last).end;
    if (first..=last).all(|line| bounds(line).len() <= LINE_BYTES) {
        return (first, Span::from(whole));
    }
    let Range { start, end } = bounds(first);
    let at = (span.start as usize).clamp(start, end);
    let from = match end - start > LINE_BYTES {
        true => text.ceil_char_boundary(at.saturating_sub(LINE_BYTES / 2).max(start)),
        false => start,
    };
    (first, Span::from(from..text.floor_char_boundary(end.min(from + LINE_BYTES))))
}

/// What looks like a secret in a part of the text, whatever the tree says of it: in a key, in a
/// comment, or in a value that `Veil` took for harmless.
fn conspicuous(lines: &Lines<'_>, window: Span) -> Vec<Span> {
    let text = lines.text();
    let first = lines.position(window.start).line.saturating_sub(LINES_ABOVE).max(1);
    let last = lines.position(window.end).line;
    let start = (lines.start(first).unwrap_or_default() as usize)
        .max((window.start as usize).saturating_sub(LINE_BYTES * LINES_ABOVE as usize));
    let start = text.floor_char_boundary(start);
    let end = text.ceil_char_boundary((window.end as usize + LINE_BYTES).min(text.len()));
    let around = text.get(start..end).unwrap_or_default();
    let shifted = |range: Range<usize>| Span::from(start + range.start..start + range.end);
    let mut found: Vec<Span> =
        secret::find(around).into_iter().map(|it| shifted(it.range)).collect();

    // Comments in lines that follow one another are one text.
    let mut comments = String::new();
    let mut places: Vec<(usize, usize)> = Vec::new();
    for line in first..=last {
        let Some(source) = lines.line(line).filter(|it| it.len() <= LINE_BYTES * 10) else {
            continue;
        };
        if let Some(at) = comment(source) {
            let begins = lines.start(line).unwrap_or_default() as usize + at;
            places.push((comments.len(), begins));
            comments.push_str(source.get(at..).unwrap_or_default());
            comments.push('\n');
        }
    }
    for part in secret::private_parts(&comments) {
        for (rank, &(joined, begins)) in places.iter().enumerate() {
            let ends = places.get(rank + 1).map_or(comments.len(), |next| next.0);
            let (from, to) = (part.start.max(joined), part.end.min(ends));
            if from < to {
                found.push(Span::from(begins + from - joined..begins + to - joined));
            }
        }
    }
    found
}

/// Where a comment may begin in a line.
fn comment(line: &str) -> Option<usize> {
    let mut before = b' ';
    line.bytes().position(|byte| {
        let begins = byte == b'#' && matches!(before, b' ' | b'\t');
        before = byte;
        begins
    })
}

/// Writes a part of a text, and notes where what is meant begins and ends.
struct Writer<'t> {
    text: &'t str,
    shown: String,
    meant: [Option<usize>; 2],
}

impl Writer<'_> {
    fn write(&mut self, window: Span, hidden: &[Span], meant: Span) {
        let mut hidden = hidden.iter().filter(|it| it.end > window.start).peekable();
        let mut at = window.start;
        while at < window.end {
            self.note(at, meant);
            let next = hidden.peek().copied();
            let covered = next.filter(|it| it.start <= at);
            let end = match covered {
                Some(span) => span.end,
                None => {
                    let edges = [next.map_or(window.end, |it| it.start), meant.start, meant.end];
                    edges.into_iter().filter(|edge| *edge > at).min().unwrap_or(window.end)
                }
            };
            let end = end.min(window.end);
            let part = self.text.get(at as usize..end as usize).unwrap_or_default();
            if covered.is_some() {
                if at < meant.start && meant.start < end {
                    self.note(meant.start, meant);
                }
                self.hide(part);
                hidden.next();
            } else {
                self.shown.extend(part.chars().filter(|char| *char != '\r'));
            }
            at = end;
        }
        self.note(at, meant);
    }

    fn note(&mut self, at: u32, meant: Span) {
        let [start, end] = &mut self.meant;
        if start.is_none() && at >= meant.start {
            *start = Some(self.shown.len());
        }
        if end.is_none() && at >= meant.end {
            *end = Some(self.shown.len());
        }
    }

    /// Writes `•••` for what is hidden, in each of its lines.
    fn hide(&mut self, part: &str) {
        for (rank, line) in part.split_inclusive('\n').enumerate() {
            let content = line.trim();
            if rank > 0 {
                let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
                self.shown.push_str(line.get(..indent).unwrap_or_default());
            }
            if !content.is_empty() {
                self.shown.push_str(MASK);
            }
            if line.ends_with('\n') {
                self.shown.push('\n');
            }
        }
    }
}
