//! A fast reader for the YAML that rendered manifests use, beside the exact one.
//!
//! It knows block maps and lists, plain and quoted scalars also on several lines, block scalars,
//! flow collections, comments and duplicate keys, and reads them in one pass over the text. Its
//! answer is a tree or "not mine", never an error: anchors, tags, merges, tabs outside of comments
//! and block scalars, carriage returns, directives, text on the `---` line, whatever is doubtful and
//! whatever is wrong is left to the exact reader. What it does read has the values, the order and
//! the places that the exact reader gives it.

mod block;
mod duplicate;
mod flow;
mod line;
mod literal;
mod quoted;
mod scalar;

use self::duplicate::Duplicates;
use self::line::Line;
use crate::document::map::{Entry, Keys};
use crate::document::source::Document;
use crate::document::value::{Span, Value};

/// Reads the one document that stands in `piece` of `text`; `None` if only the exact reader can.
///
/// A piece begins at the start of the text or with a `---` line, and ends where the next begins.
pub fn read(text: &str, piece: Span) -> Option<Document<'_>> {
    let text = text.get(..piece.end as usize)?;
    let source = text.get(piece.start as usize..)?;
    if !is_familiar(source) {
        return None;
    }
    let mut reader = Reader {
        text,
        line: None,
        depth: 0,
        open_fields: Vec::with_capacity(USUAL),
        open_items: Vec::with_capacity(USUAL),
        duplicates: Duplicates::default(),
    };
    let value = reader.document(piece.start as usize).ok()?;
    let (duplicates, lost) = reader.duplicates.build();
    Some(Document { value, span: piece, empty: false, duplicates, lost })
}

/// How deep collections may be nested; the exact reader goes deeper.
const MAX_DEPTH: usize = 100;

/// How much there is room for at first.
const USUAL: usize = 32;

/// What stands here is left to the exact reader.
struct NotMine;

type Read<T> = Result<T, NotMine>;

struct Reader<'a> {
    /// Up to the end of the piece.
    text: &'a str,
    /// The line that is read, or once a value has been read to its end, the next one with text.
    line: Option<Line>,
    depth: usize,
    /// Fields of the maps that are being read, and items of the lists: each is as long as it must
    /// be once it is whole.
    open_fields: Vec<Entry<'a>>,
    open_items: Vec<Value<'a>>,
    duplicates: Duplicates,
}

impl<'a> Reader<'a> {
    /// Takes a field into the map whose fields are those that are open from `first` on.
    fn put(&mut self, first: usize, keys: &mut Keys, entry: Entry<'a>) {
        let span = entry.key_span;
        if let Some(lost) = keys.put(&mut self.open_fields, first, entry) {
            self.duplicates.note(&lost, span);
        }
    }

    fn document(&mut self, start: usize) -> Read<Value<'a>> {
        let mut line = start;
        if self.rest(start).starts_with(b"---") {
            let at = self.spaces(start + 3);
            if self.byte(at) != b'\n' && (self.byte(at) != b'#' || at == start + 3) {
                return Err(NotMine);
            }
            line = self.line_end(at) + 1;
        }
        self.next_line(line)?;
        let at = self.line.ok_or(NotMine)?.text;
        let value = match self.is_dash(at) {
            true => self.list(at)?,
            false => {
                let key = self.token(at, 0)?.ok_or(NotMine)?;
                let colon = self.colon(&key).ok_or(NotMine)?;
                self.map(key, colon)?
            }
        };
        if self.line.is_some() { Err(NotMine) } else { Ok(value) }
    }

    /// Goes one level deeper.
    fn enter(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(NotMine) } else { Ok(()) }
    }
}

/// Whether a text holds only characters that every reader of YAML takes alike: no control
/// characters besides tab and line feed, no other line breaks, no byte order mark.
fn is_familiar(text: &str) -> bool {
    /// Long enough for wide registers, short enough to end soon at the first other byte.
    const CHUNK: usize = 128;
    // Without a branch, so that many bytes are looked at in one step.
    let is_odd = |chunk: &[u8]| {
        let odd = |byte: u8| (!(b' '..=b'~').contains(&byte)) & (byte != b'\n') & (byte != b'\t');
        chunk.iter().fold(false, |any, &byte| any | odd(byte))
    };
    !text.as_bytes().chunks(CHUNK).any(is_odd)
        || text.chars().all(|character| {
            matches!(character,
                '\n' | '\t' | ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}'
                | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
        })
}
