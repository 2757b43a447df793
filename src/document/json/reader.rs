//! Values one after another.

use std::borrow::Cow;

use super::too_long;
use crate::document::map::{Entry, Keys, Map};
use crate::document::path::{Path, Step};
use crate::document::problem::Problem;
use crate::document::source::{Document, Duplicate, MAX_BYTES, MAX_DEPTH, MAX_DUPLICATES};
use crate::document::value::{Body, Span, Value};

/// Reads a text from its beginning to its end: for whoever wants parts of it.
///
/// Each method reads what stands at the reader's place, and leaves it behind that.
#[derive(Debug)]
pub struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    without: Option<Without>,
    /// The way to the value that is being read.
    way: Vec<Way>,
    /// Fields of the maps that are being read, and items of the lists: each is as long as it must
    /// be once it is whole.
    open_fields: Vec<Entry<'a>>,
    open_items: Vec<Value<'a>>,
    duplicates: Vec<Duplicate>,
    lost: Vec<Span>,
}

/// A field that is skipped and not built, wherever it stands directly under another. Half of a
/// stored object may be such a field.
#[derive(Clone, Copy, Debug)]
pub struct Without {
    /// The key of the map that holds the field.
    pub parent: &'static str,
    /// The key of the field.
    pub key: &'static str,
}

/// One step of the way, made into a [`Step`] only if there is a duplicate to tell of.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The place of the key.
    Key(u32),
    Index(usize),
}

/// How much there is room for at first.
const USUAL: usize = 16;

/// An error is rare, and large.
pub type Read<T> = Result<T, Box<Problem>>;

impl<'a> Reader<'a> {
    /// A reader at the beginning of a text.
    ///
    /// # Errors
    ///
    /// The text is longer than [`MAX_BYTES`].
    pub fn new(text: &'a str) -> Read<Self> {
        match text.len() <= MAX_BYTES {
            true => Ok(Self::at(text, 0)),
            false => Err(Box::new(too_long())),
        }
    }

    /// The same reader, which leaves out a field.
    #[must_use]
    pub fn without(self, without: Without) -> Self {
        Self { without: Some(without), ..self }
    }

    pub(super) fn at(text: &'a str, start: u32) -> Self {
        let mut reader = Self {
            text,
            at: start as usize,
            without: None,
            way: Vec::with_capacity(USUAL),
            open_fields: Vec::with_capacity(USUAL),
            open_items: Vec::with_capacity(USUAL),
            duplicates: Vec::new(),
            lost: Vec::new(),
        };
        reader.skip_space();
        reader
    }

    /// Reads a value, whatever it is.
    ///
    /// # Errors
    ///
    /// It is no JSON, or nested deeper than [`MAX_DEPTH`].
    pub fn value(&mut self) -> Read<Value<'a>> {
        self.value_under(false)
    }

    /// Reads a map field by field. `read` gets each key, and reads the value.
    ///
    /// # Errors
    ///
    /// It is no map, or `read` failed.
    pub fn fields(
        &mut self,
        mut read: impl FnMut(&mut Self, Cow<'a, str>) -> Read<()>,
    ) -> Read<()> {
        self.expect(b'{', "a map must stand here")?;
        if self.open(b'}')? {
            return Ok(());
        }
        loop {
            let (key, span) = self.key()?;
            self.way.push(Way::Key(span.start));
            read(self, key)?;
            self.way.pop();
            if self.closes(b'}')? {
                return Ok(());
            }
        }
    }

    /// Reads a list item by item.
    ///
    /// # Errors
    ///
    /// It is no list, or `read` failed.
    pub fn list(&mut self, mut read: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.expect(b'[', "a list must stand here")?;
        if self.open(b']')? {
            return Ok(());
        }
        for rank in 0.. {
            self.way.push(Way::Index(rank));
            read(self)?;
            self.way.pop();
            if self.closes(b']')? {
                break;
            }
        }
        Ok(())
    }

    /// Reads a string.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn text(&mut self) -> Read<Cow<'a, str>> {
        self.expect(b'"', "a string must stand here")?;
        self.string()
    }

    /// Whether `null` stood here.
    ///
    /// # Errors
    ///
    /// Something begins like it.
    pub fn null(&mut self) -> Read<bool> {
        match self.peek() {
            Some(b'n') => self.word("null", true),
            _ => Ok(false),
        }
    }

    /// Makes sure that nothing more stands in the text.
    ///
    /// # Errors
    ///
    /// Something does.
    pub fn end(&mut self) -> Read<()> {
        self.skip_space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.problem("text behind the end of the document")),
        }
    }

    /// The problem of a value that was read from `start` on.
    pub fn wrong(&self, start: usize, message: impl Into<String>) -> Box<Problem> {
        Box::new(Problem::new(self.span(start), message))
    }

    /// Where the next value begins, in bytes.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Reads a value and the space behind it, and tells where that ends.
    pub(super) fn document(&mut self) -> Read<(Value<'a>, u32)> {
        let value = self.value()?;
        self.skip_space();
        Ok((value, offset(self.at)))
    }

    pub(super) fn into_document(self, value: Value<'a>, span: Span) -> Document<'a> {
        let Self { duplicates, lost, .. } = self;
        Document { value, span, empty: false, duplicates, lost }
    }

    /// Reads a value; `inside` if it belongs to the key that may hold what is left out.
    fn value_under(&mut self, inside: bool) -> Read<Value<'a>> {
        let start = self.at;
        let body = match self.peek() {
            Some(b'"') => Body::Text(self.string()?),
            Some(b'{') => self.map(inside)?,
            Some(b'[') => self.items()?,
            _ => self.scalar()?,
        };
        Ok(Value { span: self.span(start), body })
    }

    fn map(&mut self, inside: bool) -> Read<Body<'a>> {
        if self.open(b'}')? {
            return Ok(Body::Map(Map::EMPTY));
        }
        let first = self.open_fields.len();
        let mut keys = Keys::default();
        loop {
            let (key, key_span) = self.key()?;
            self.way.push(Way::Key(key_span.start));
            if inside && self.without.is_some_and(|without| key == without.key) {
                self.skipped()?;
            } else {
                let parent = self.without.is_some_and(|without| key == without.parent);
                let value = self.value_under(parent)?;
                self.field(first, &mut keys, Entry { key, key_span, value });
            }
            self.way.pop();
            if self.closes(b'}')? {
                return Ok(Body::Map(self.open_fields.split_off(first).into()));
            }
        }
    }

    /// Takes a field into the map whose fields begin at `first`.
    fn field(&mut self, first: usize, keys: &mut Keys, entry: Entry<'a>) {
        let later = entry.key_span;
        if let Some(held) = keys.put(&mut self.open_fields, first, entry) {
            self.duplicate(later, held.key_span);
            self.lost.push(held.value.span);
        }
    }

    fn items(&mut self) -> Read<Body<'a>> {
        if self.open(b']')? {
            return Ok(Body::List(Vec::new()));
        }
        let first = self.open_items.len();
        loop {
            self.way.push(Way::Index(self.open_items.len() - first));
            let item = self.value_under(false)?;
            self.open_items.push(item);
            self.way.pop();
            if self.closes(b']')? {
                return Ok(Body::List(self.open_items.split_off(first)));
            }
        }
    }

    #[inline]
    fn key(&mut self) -> Read<(Cow<'a, str>, Span)> {
        let start = self.at;
        self.expect(b'"', "a key in double quotes must stand here")?;
        let key = self.string()?;
        let span = self.span(start);
        self.skip_space();
        self.expect(b':', "`:` must stand here")?;
        self.at += 1;
        self.skip_space();
        Ok((key, span))
    }

    /// Steps into a map or list; whether it is empty, and stepped out of again.
    fn open(&mut self, end: u8) -> Read<bool> {
        if self.way.len() >= MAX_DEPTH {
            return Err(self.problem(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.at += 1;
        self.skip_space();
        Ok(self.skip(end))
    }

    /// What follows a field or an item: whether it is the end.
    #[inline]
    fn closes(&mut self, end: u8) -> Read<bool> {
        self.skip_space();
        if self.skip(b',') {
            self.skip_space();
            return Ok(false);
        }
        if self.skip(end) {
            return Ok(true);
        }
        let end = char::from(end);
        Err(self.problem(format!("`,` or `{end}` must stand here")))
    }

    #[cold]
    fn duplicate(&mut self, span: Span, first: Span) {
        if self.duplicates.len() < MAX_DUPLICATES {
            let steps = self.way.iter().map(|way| match *way {
                Way::Key(at) => {
                    let key = Self::at(self.text, at).string();
                    Step::from(&*key.unwrap_or_default())
                }
                Way::Index(index) => Step::Index(offset(index)),
            });
            let path = Path { steps: steps.collect() };
            self.duplicates.push(Duplicate { span, first, path });
        }
    }

    fn expect(&self, byte: u8, message: &str) -> Read<()> {
        if self.peek() == Some(byte) { Ok(()) } else { Err(self.problem(message)) }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    pub(super) fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    fn skip_space(&mut self) {
        if matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.skip_wide_space();
        }
    }

    fn skip_wide_space(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        // Behind a line break there is often a wide margin.
        let (eights, _) = rest.get(1..).unwrap_or_default().as_chunks::<8>();
        let wide = if rest.first() == Some(&b'\n') {
            8 * eights.iter().take_while(|eight| **eight == [b' '; 8]).count()
        } else {
            0
        };
        let rest = rest.get(1 + wide..).unwrap_or_default();
        let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += 1 + wide + rest.iter().take_while(is_space).count();
    }

    fn span(&self, start: usize) -> Span {
        Span::new(offset(start), offset(self.at))
    }

    /// A problem with the character that comes next.
    #[cold]
    pub(super) fn problem(&self, message: impl Into<String>) -> Box<Problem> {
        let next = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let end = self.at + next.map_or(0, char::len_utf8);
        let span =
            Span::new(offset(self.at.min(self.text.len())), offset(end.min(self.text.len())));
        Box::new(Problem::new(span, message))
    }
}

/// Texts that are read are shorter than [`MAX_BYTES`].
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
