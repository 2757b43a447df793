//! JSON by the letter (RFC 8259), with places.
//!
//! Integers are exact within `i64`. A key that stands twice is noted, and the last one wins.

mod count;
mod reader;
mod scalar;
mod skip;
mod text;

use super::problem::Problem;
use super::source::{Document, MAX_BYTES};
use super::value::Span;

pub use self::count::count_values;
pub use self::reader::{Read, Reader, Without};

/// Reads a text that is one JSON document.
pub fn read(text: &str) -> Result<Document<'_>, Problem> {
    let mut reader = Reader::new(text).map_err(|problem| *problem)?;
    let (value, end) = reader.document().map_err(|problem| *problem)?;
    reader.end().map_err(|problem| *problem)?;
    Ok(reader.into_document(value, Span::new(0, end)))
}

/// Reads the first document in `piece` of `text`, and tells where a further one would begin.
pub(super) fn read_one(text: &str, piece: Span) -> Result<(Document<'_>, Option<Span>), Problem> {
    let text = text.get(..piece.end as usize).unwrap_or(text);
    let mut reader = Reader::at(text, piece.start);
    let (value, end) = reader.document().map_err(|problem| *problem)?;
    let document = reader.into_document(value, Span::new(piece.start, end));
    Ok((document, (end < piece.end).then_some(Span::new(end, piece.end))))
}

/// Whether a text that is neither JSON nor YAML was meant as JSON.
pub(super) fn is_meant(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('{').map(str::trim_start);
    inside.is_some_and(|inside| inside.starts_with(['"', '}']))
}

pub(super) fn too_long() -> Problem {
    Problem::new(Span::new(0, 0), format!("longer than {} MiB", MAX_BYTES >> 20))
        .with_help("split the file")
}
