//! YAML as `kubectl` and the API server read it (sigs.k8s.io/yaml over go-yaml v2), with places.
//!
//! What YAML leaves open or has changed between its versions is decided as they decide it: which
//! words are booleans, which digits are octal, that a later duplicate key wins, that a merge wins
//! over keys before it, which texts are refused. A document that is JSON is read as JSON, as
//! `kubectl` does.
//!
//! What rendered manifests use is read by a [fast] reader, and everything else by the exact one,
//! which alone knows errors and oddities. They agree in every value and place.
//!
//! A broken document is one problem, and does not hide those after it. No text makes the reader
//! use more than a small multiple of its size, except for copies by aliases, which are budgeted.
//!
//! The span of a scalar is its source token: with the quotes, and for a block scalar from the `|`
//! or `>` to the end of its last line. The span of a block map or list ends with its last value. A
//! value that is not written (`key:`) has an empty span behind the `:` or `-`. What an alias stands
//! for has the span of the alias, and inside it the spans of the anchored text.

mod alias;
mod compose;
pub mod fast;
pub(super) mod gap;
mod key;
mod place;
mod refuse;
mod resolve;
mod split;
mod tag;
mod wording;

use self::alias::Budget;
use self::split::Pieces;
use super::json;
use super::problem::Problem;
use super::source::{Document, MAX_BYTES};
use super::value::{Body, Span, Value};

/// The documents of `text`, in order; each is read when it is asked for.
pub fn read(text: &str) -> Documents<'_> {
    Documents { fast: true, ..read_exactly(text) }
}

/// The documents of `text`, all by the exact reader: what [`read`] must equal.
pub fn read_exactly(text: &str) -> Documents<'_> {
    Documents {
        text,
        pieces: Pieces::new(text),
        json: None,
        budget: Budget::new(),
        ended: false,
        fast: false,
    }
}

/// The documents of a text, as [`read`] finds them.
pub struct Documents<'a> {
    text: &'a str,
    pieces: Pieces<'a>,
    /// What is left of a piece that holds JSON documents one behind the other.
    json: Option<Span>,
    budget: Budget,
    ended: bool,
    /// Whether the fast reader is tried first.
    fast: bool,
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<Document<'a>, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if self.text.len() > MAX_BYTES {
            self.ended = true;
            return Some(Err(json::too_long()));
        }
        let piece = self.json.take().or_else(|| self.pieces.next())?;
        Some(self.document(piece))
    }
}

impl<'a> Documents<'a> {
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The document that stands in `piece`, the span of one that was found before.
    ///
    /// # Errors
    ///
    /// It can't be read.
    pub fn document(&mut self, piece: Span) -> Result<Document<'a>, Problem> {
        let source = self.text.get(piece.range()).unwrap_or_default();
        if split::is_empty(source) {
            return Ok(Document {
                value: Value { span: piece, body: Body::Null },
                span: piece,
                empty: true,
                duplicates: Vec::new(),
                lost: Vec::new(),
            });
        }
        if !source.trim_start().starts_with('{') {
            if self.fast
                && let Some(document) = fast::read(self.text, piece)
            {
                return Ok(document);
            }
            return compose::compose(self.text, piece, &mut self.budget);
        }
        match json::read_one(self.text, piece) {
            Ok((document, rest)) => {
                self.json = rest;
                Ok(document)
            }
            Err(in_json) => compose::compose(self.text, piece, &mut self.budget)
                .map_err(|in_yaml| if json::is_meant(source) { in_json } else { in_yaml }),
        }
    }
}
