//! The documents of a stream, split before any of them is read.
//!
//! YAML allows no `---` at the start of a line inside any scalar, so a split there is exact; one
//! broken document does not hide those after it, and each can be read by itself.

use memchr::{memchr, memchr2, memmem};

use crate::document::value::Span;

/// The spans of the documents of `text`, in order and without gaps. All but the first begin with
/// a `---` line.
pub(super) struct Pieces<'a> {
    text: &'a str,
    start: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, start }
    }
}

impl Iterator for Pieces<'_> {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let rest = self.text.as_bytes().get(self.start..).filter(|rest| !rest.is_empty())?;
        let end = memmem::find_iter(rest, b"\n---")
            .map(|newline| newline + 1)
            .find(|&line| rest.get(line..).is_some_and(is_marker))
            .map_or(self.text.len(), |line| self.start + line);
        let piece = Span::new(u32::try_from(self.start).ok()?, u32::try_from(end).ok()?);
        self.start = end;
        Some(piece)
    }
}

/// Whether a line that begins here is `---`, alone or before white space.
fn is_marker(rest: &[u8]) -> bool {
    rest.starts_with(b"---") && matches!(rest.get(3), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
}

/// How long the marker is with which a piece begins.
pub(super) fn marker(piece: &str) -> u32 {
    if is_marker(piece.as_bytes()) { 3 } else { 0 }
}

/// Whether a piece holds nothing but its marker, white space and comments, and no character that
/// could be a problem even so.
pub(super) fn is_empty(piece: &str) -> bool {
    let bytes = piece.as_bytes();
    let mut rest = if is_marker(bytes) { bytes.get(3..).unwrap_or_default() } else { bytes };
    loop {
        rest = rest.trim_ascii_start();
        match rest.first() {
            None => return piece.is_ascii() && memchr2(b'\t', b'\r', bytes).is_none(),
            Some(b'#') => {
                let (_, after) = rest.split_at(memchr(b'\n', rest).unwrap_or(rest.len()));
                rest = after;
            }
            Some(_) => return false,
        }
    }
}
