//! Strings.

use std::borrow::Cow;

use super::reader::{Read, Reader};

/// The room that a string with escapes begins with: such are lines of text, and whole documents.
const USUAL: usize = 256;

impl<'a> Reader<'a> {
    /// Reads the string that begins here, borrowed if it has no escape.
    #[inline]
    pub(super) fn string(&mut self) -> Read<Cow<'a, str>> {
        let start = self.at + 1;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        // What ends a run is ASCII, so that a run is whole characters.
        if let Some(plain) = plain_bytes(rest)
            && rest.get(plain) == Some(&b'"')
            && let Some(run) = self.text.get(start..start + plain)
        {
            self.at = start + plain + 1;
            return Ok(Cow::Borrowed(run));
        }
        self.escaped().map(Cow::Owned)
    }

    /// Reads a string with escapes, or tells what is wrong with it.
    #[cold]
    fn escaped(&mut self) -> Read<String> {
        let opening = self.at;
        self.at += 1;
        let mut decoded = String::with_capacity(USUAL);
        loop {
            let start = self.at;
            let rest = self.text.as_bytes().get(start..).unwrap_or_default();
            let end = plain_bytes(rest).map(|plain| start + plain);
            let run = end.and_then(|end| self.text.get(start..end));
            let (Some(end), Some(run)) = (end, run) else {
                self.at = opening;
                return Err(self.problem("quote is never closed"));
            };
            decoded.push_str(run);
            self.at = end;
            if self.skip(b'"') {
                return Ok(decoded);
            }
            if self.peek() != Some(b'\\') {
                return Err(self.problem("control character in a string"));
            }
            decoded.push(self.escape()?);
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
}

/// How many bytes stand before the first that means something in a string: a quote, a backslash or
/// a control character. `None` if there is none.
#[inline]
pub(super) fn plain_bytes(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    // The top bit of each byte that is smaller than `limit`, and of some behind such a byte.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & TOPS;
    let (words, rest) = text.as_chunks::<8>();
    for (rank, bytes) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*bytes);
        // With its second bit turned over, a quote is next to the control characters.
        let quote_or_control = below(word ^ (ONES * 2), 0x21);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = quote_or_control | backslash;
        if found != 0 {
            return Some(8 * rank + found.trailing_zeros() as usize / 8);
        }
    }
    let last = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    last.map(|at| 8 * words.len() + at)
}

#[cfg(test)]
mod tests {
    use super::*;

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
