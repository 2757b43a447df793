//! JSON by the letter (RFC 8259), with places.
//!
//! Integers are exact within `i64`. A key that stands twice is noted, and the last one wins.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::map::{Entry, MapBuilder};
use super::number;
use super::path::{Path, Step};
use super::problem::Problem;
use super::source::{Document, Duplicate, MAX_BYTES, MAX_DEPTH, MAX_DUPLICATES};
use super::value::{Body, Span, Value};

/// Reads a text that is one JSON document.
pub fn read(text: &str) -> Result<Document<'_>, Problem> {
    let end = u32::try_from(text.len()).ok().filter(|_| text.len() <= MAX_BYTES);
    let Some(end) = end else { return Err(too_long()) };
    match read_one(text, Span::new(0, end))? {
        (document, None) => Ok(document),
        (_, Some(rest)) => Err(Reader::at(text, rest.start).behind()),
    }
}

/// Reads the first document in `piece` of `text`, and tells where a further one would begin.
pub(super) fn read_one(text: &str, piece: Span) -> Result<(Document<'_>, Option<Span>), Problem> {
    let mut reader = Reader::at(text.get(..piece.end as usize).unwrap_or(text), piece.start);
    let value = reader.value().map_err(|problem| *problem)?;
    reader.skip_space();
    let end = reader.offset(reader.at);
    let span = Span::new(piece.start, end);
    let Reader { duplicates, lost, .. } = reader;
    let document = Document { value, span, empty: false, duplicates, lost };
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

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// The way to the value that is being read.
    way: Vec<Way>,
    duplicates: Vec<Duplicate>,
    lost: Vec<Span>,
}

/// One step of the way, made into a [`Step`] only if there is a duplicate to tell of.
#[derive(Clone, Copy)]
enum Way {
    /// The place of the key.
    Key(u32),
    Index(usize),
}

/// An error is rare, and large.
type Read<T> = Result<T, Box<Problem>>;

/// At most how many values a JSON text holds, without building one: a tree can take thirty times
/// the memory of a dense text.
pub fn count_values(text: &[u8]) -> usize {
    let before_values = |text: &[u8]| {
        text.iter().map(|byte| usize::from(matches!(byte, b',' | b'[' | b'{'))).sum::<usize>()
    };
    let mut count = 1;
    let mut rest = text;
    while let Some((outside, inside)) = memchr(b'"', rest).and_then(|at| rest.split_at_checked(at))
    {
        count += before_values(outside);
        let mut at = 1;
        rest = loop {
            let Some(next) = inside.get(at..).and_then(|it| memchr2(b'"', b'\\', it)) else {
                return count;
            };
            at += next;
            match inside.get(at) {
                Some(b'"') => break inside.get(at + 1..).unwrap_or_default(),
                _ => at += 2,
            }
        };
    }
    count + before_values(rest)
}

/// How many bytes stand before the first that means something in a string: a quote, a backslash or
/// a control character. `None` if there is none.
#[inline]
fn plain_bytes(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    // The top bit of each byte that is smaller than `limit`, and of some behind such a byte.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & TOPS;
    let (words, rest) = text.as_chunks::<8>();
    for (rank, bytes) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*bytes);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let first = (quote | backslash | below(word, 0x20)).trailing_zeros() as usize / 8;
        if first < 8 {
            return Some(8 * rank + first);
        }
    }
    let last = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    last.map(|at| 8 * words.len() + at)
}

impl<'a> Reader<'a> {
    fn at(text: &'a str, start: u32) -> Self {
        let mut reader = Self {
            text,
            at: start as usize,
            way: Vec::new(),
            duplicates: Vec::new(),
            lost: Vec::new(),
        };
        reader.skip_space();
        reader
    }

    fn expect(&self, byte: u8, message: &str) -> Read<()> {
        if self.peek() == Some(byte) { Ok(()) } else { Err(self.problem(message)) }
    }

    fn behind(&self) -> Problem {
        *self.problem("text behind the end of the document")
    }

    fn value(&mut self) -> Read<Value<'a>> {
        let start = self.at;
        let body = match self.peek() {
            Some(b'"') => Body::Text(self.string()?),
            Some(b'{') => self.map()?,
            Some(b'[') => self.list()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Body::Bool(true))?,
            Some(b'f') => self.word("false", Body::Bool(false))?,
            Some(b'n') => self.word("null", Body::Null)?,
            Some(_) => return Err(self.problem("no JSON value begins with this")),
            None => return Err(self.problem("text ends where a value must stand")),
        };
        Ok(Value { span: self.span(start), body })
    }

    fn map(&mut self) -> Read<Body<'a>> {
        let mut fields = MapBuilder::default();
        if self.open(b'}')? {
            return Ok(Body::Map(fields.build()));
        }
        loop {
            let start = self.offset(self.at);
            let (key, key_span) = self.key()?;
            self.way.push(Way::Key(start));
            let value = self.value()?;
            if let Some(held) = fields.insert(Entry { key, key_span, value }) {
                self.duplicate(key_span, held.key_span);
                self.lost.push(held.value.span);
            }
            self.way.pop();
            if self.closes(b'}')? {
                return Ok(Body::Map(fields.build()));
            }
        }
    }

    fn list(&mut self) -> Read<Body<'a>> {
        let mut items = Vec::new();
        if self.open(b']')? {
            return Ok(Body::List(items));
        }
        loop {
            self.way.push(Way::Index(items.len()));
            items.push(self.value()?);
            self.way.pop();
            if self.closes(b']')? {
                return Ok(Body::List(items));
            }
        }
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

    fn key(&mut self) -> Read<(Cow<'a, str>, Span)> {
        let start = self.at;
        self.expect(b'"', "a key in double quotes must stand here")?;
        let key = self.string()?;
        let span = self.span(start);
        self.skip_space();
        if !self.skip(b':') {
            return Err(self.problem("`:` must stand here"));
        }
        self.skip_space();
        Ok((key, span))
    }

    fn string(&mut self) -> Read<Cow<'a, str>> {
        let opening = self.at;
        self.at += 1;
        let mut decoded = Cow::Borrowed("");
        loop {
            let start = self.at;
            let rest = self.text.as_bytes().get(start..).unwrap_or_default();
            let end = plain_bytes(rest).map(|plain| start + plain);
            // What ends a run is ASCII, so that a run is whole characters.
            let run = end.and_then(|end| self.text.get(start..end));
            let (Some(end), Some(run)) = (end, run) else {
                self.at = opening;
                return Err(self.problem("quote is never closed"));
            };
            match &mut decoded {
                Cow::Borrowed("") => decoded = Cow::Borrowed(run),
                whole => whole.to_mut().push_str(run),
            }
            self.at = end;
            if self.skip(b'"') {
                return Ok(decoded);
            }
            if self.peek() != Some(b'\\') {
                return Err(self.problem("control character in a string"));
            }
            let character = self.escape()?;
            decoded.to_mut().push(character);
        }
    }

    fn escape(&mut self) -> Read<char> {
        let start = self.at;
        let letter = self.text.as_bytes().get(start + 1);
        self.at += 2;
        let character = match letter {
            Some(&mark @ (b'"' | b'\\' | b'/')) => char::from(mark),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let decoded = self.unit().and_then(|first| {
                    let second = match first {
                        0xd800..0xdc00 if self.skip(b'\\') && self.skip(b'u') => self.unit(),
                        _ => None,
                    };
                    char::decode_utf16([first].into_iter().chain(second)).next()?.ok()
                });
                match decoded {
                    Some(character) => character,
                    None => {
                        self.at = start;
                        return Err(self.problem("`\\u` names no character"));
                    }
                }
            }
            _ => {
                self.at = start;
                return Err(self.problem("unknown escape"));
            }
        };
        Ok(character)
    }

    /// The four digits of a `\u` escape.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let unit = u16::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
        self.at += 4;
        Some(unit)
    }

    fn number(&mut self) -> Read<Body<'a>> {
        let start = self.at;
        self.skip(b'-');
        if !self.skip(b'0') && self.figures() == 0 {
            return Err(self.problem("a digit must stand here"));
        }
        let mut whole = true;
        if self.skip(b'.') {
            whole = false;
            if self.figures() == 0 {
                return Err(self.problem("a digit must stand here"));
            }
        }
        if self.skip(b'e') || self.skip(b'E') {
            whole = false;
            let _signed = self.skip(b'+') || self.skip(b'-');
            if self.figures() == 0 {
                return Err(self.problem("a digit must stand here"));
            }
        }
        let figures = self.text.get(start..self.at).unwrap_or_default();
        if whole && let Ok(number) = figures.parse() {
            return Ok(Body::Int(number));
        }
        let number = figures.parse().ok().and_then(number::from_float);
        number.ok_or_else(|| Box::new(Problem::new(self.span(start), "number is too large")))
    }

    fn figures(&mut self) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn word(&mut self, word: &str, body: Body<'a>) -> Read<Body<'a>> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.problem("no JSON value begins with this"));
        }
        self.at += word.len();
        Ok(body)
    }

    fn duplicate(&mut self, span: Span, first: Span) {
        if self.duplicates.len() < MAX_DUPLICATES {
            let steps = self.way.iter().map(|way| match *way {
                Way::Key(at) => {
                    let key = Self::at(self.text, at).string();
                    Step::from(&*key.unwrap_or_default())
                }
                Way::Index(index) => Step::Index(u32::try_from(index).unwrap_or(u32::MAX)),
            });
            let path = Path { steps: steps.collect() };
            self.duplicates.push(Duplicate { span, first, path });
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_space(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let Some((first, rest)) = rest.split_first().filter(|(first, _)| is_space(first)) else {
            return;
        };
        // Behind a line break there is often a wide margin.
        let (eights, _) = rest.as_chunks::<8>();
        let wide = if *first == b'\n' {
            8 * eights.iter().take_while(|eight| **eight == [b' '; 8]).count()
        } else {
            0
        };
        let rest = rest.get(wide..).unwrap_or_default();
        self.at += 1 + wide + rest.iter().take_while(|byte| is_space(byte)).count();
    }

    fn offset(&self, at: usize) -> u32 {
        u32::try_from(at.min(self.text.len())).unwrap_or(u32::MAX)
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.offset(start), self.offset(self.at))
    }

    /// A problem with the character that comes next.
    #[cold]
    fn problem(&self, message: impl Into<String>) -> Box<Problem> {
        let next = self.text.get(self.at..).and_then(|rest| rest.chars().next());
        let end = self.at + next.map_or(0, char::len_utf8);
        Box::new(Problem::new(Span::new(self.offset(self.at), self.offset(end)), message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_where_they_are_and_not_in_strings() {
        for (text, count) in [
            ("1", 1),
            ("[]", 2),
            ("[1,2]", 3),
            (r#"{"a": 1, "b": [{}, 2]}"#, 6),
            (r#""a,[{b""#, 1),
            (r#"["\",[", "\\", {"\\\"": 1}]"#, 5),
            (r#"["#, 2),
            (r#"["a,"#, 2),
            (r#"["a\"#, 2),
        ] {
            assert_eq!(count_values(text.as_bytes()), count, "{text}");
        }
    }

    #[test]
    fn the_end_of_plain_text_is_found_at_every_place() {
        let naive = |text: &[u8]| text.iter().position(|it| matches!(it, b'"' | b'\\' | 0..0x20));
        let plain = [b'a', b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff];
        for length in 0..20 {
            for filler in plain {
                let mut text = vec![filler; length];
                assert_eq!(plain_bytes(&text), None);
                for at in 0..length {
                    for end in [b'"', b'\\', 0, 1, 0x1f, b'\n'] {
                        for after in [b'"', 0, b'\\', filler] {
                            text.fill(filler);
                            text[at..].fill(after);
                            text[at] = end;
                            assert_eq!(plain_bytes(&text), naive(&text), "{text:?}");
                        }
                    }
                }
            }
        }
    }
}
