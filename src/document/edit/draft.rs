//! A text under several edits, one after the other, and what they come to.

use super::Edit;
use crate::document::value::Span;

/// A text with all edits so far, which remembers what of it is still the original.
pub(super) struct Draft {
    text: String,
    original: usize,
    /// In order, without gaps in the text.
    pieces: Vec<Piece>,
}

/// A part of the text.
#[derive(Clone, Copy)]
struct Piece {
    length: usize,
    /// Where it stands in the original; `None` for what is written anew.
    original: Option<usize>,
}

impl Draft {
    pub(super) fn new(text: &str) -> Self {
        let piece = Piece { length: text.len(), original: Some(0) };
        Self { text: text.to_owned(), original: text.len(), pieces: vec![piece] }
    }

    /// Carries out one more edit, of the text as it is. `None` if it does not fit.
    pub(super) fn apply(&mut self, edit: &Edit) -> Option<()> {
        let (start, end) = (edit.span.start as usize, edit.span.end as usize);
        self.text.get(start..end)?;
        let written = Piece { length: edit.replacement.len(), original: None };
        let mut pieces = Vec::with_capacity(self.pieces.len() + 2);
        let mut at = 0;
        let mut is_written = false;
        for piece in &self.pieces {
            let (piece_start, piece_end) = (at, at + piece.length);
            at = piece_end;
            if piece_start < start {
                pieces.push(Piece { length: piece.length.min(start - piece_start), ..*piece });
            }
            if piece_end >= start && !is_written {
                pieces.push(written);
                is_written = true;
            }
            if piece_end > end {
                let skipped = end.saturating_sub(piece_start);
                let original = piece.original.map(|original| original + skipped);
                pieces.push(Piece { length: piece.length - skipped, original });
            }
        }
        self.pieces = pieces;
        self.text.replace_range(start..end, &edit.replacement);
        Some(())
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// All edits as one, of the original text, which begins at `base` of a larger one.
    pub(super) fn edits(&self, base: u32) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut replacement = String::new();
        let (mut at, mut original) = (0, 0);
        let end = Piece { length: 0, original: Some(self.original) };
        for piece in self.pieces.iter().chain([&end]) {
            let text = self.text.get(at..at + piece.length).unwrap_or_default();
            at += piece.length;
            let Some(kept) = piece.original else {
                replacement.push_str(text);
                continue;
            };
            if kept > original || !replacement.is_empty() {
                let place = |at: usize| base.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
                let span = Span::new(place(original), place(kept));
                edits.push(Edit { span, replacement: std::mem::take(&mut replacement) });
            }
            original = kept + piece.length;
        }
        edits
    }
}
