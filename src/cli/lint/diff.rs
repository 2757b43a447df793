//! What fixes would change, line by line, without what must not be shown.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use crate::document::Span;
use crate::manifest::{Manifest, Masked};
use crate::resource::KUBERNETES;

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// The lines of a text, as a person may see them.
struct Lines<'m, 't> {
    masked: Masked<'m, 't>,
    /// Where each line begins and ends.
    spans: Vec<Span>,
}

/// The difference of two texts of a file, as `diff -u` writes it. It is for people: where a line is
/// hidden or long, no program can apply it.
pub(super) fn unified(name: &str, old: &str, new: &str) -> String {
    let (before, after) = (Manifest::read(name, old), Manifest::read(name, new));
    let (mut before, mut after) = (Lines::of(&before, old), Lines::of(&after, new));
    let mut out = format!("--- {name}\n+++ {name}\n");
    let diff = TextDiff::from_lines(old, new);
    for group in diff.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let range = |start: usize, end: usize| format!("{},{}", start + 1, end - start);
        _ = writeln!(
            out,
            "@@ -{} +{} @@",
            range(first.old_range().start, last.old_range().end),
            range(first.new_range().start, last.new_range().end),
        );
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, line) = match change.tag() {
                ChangeTag::Equal => (' ', before.line(change.old_index())),
                ChangeTag::Delete => ('-', before.line(change.old_index())),
                ChangeTag::Insert => ('+', after.line(change.new_index())),
            };
            _ = writeln!(out, "{sign}{line}");
        }
    }
    out
}

impl<'m, 't> Lines<'m, 't> {
    fn of(manifest: &'m Manifest<'t>, text: &str) -> Self {
        let mut spans = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + u32::try_from(line.trim_end().len()).unwrap_or_default();
            spans.push(Span::new(start, end));
            start += u32::try_from(line.len()).unwrap_or_default();
        }
        Self { masked: Masked::new(manifest, &KUBERNETES), spans }
    }

    fn line(&mut self, index: Option<usize>) -> String {
        let span = index.and_then(|index| self.spans.get(index)).copied();
        span.map(|span| self.masked.snippet(span).text).unwrap_or_default()
    }
}
