//! Scalars in quotes.

use std::borrow::Cow;
use std::iter::repeat_n;

use super::line::Fold;
use super::scalar::Token;
use super::{NotMine, Read, Reader};

impl<'a> Reader<'a> {
    /// The scalar in quotes at `at`. Its further lines are indented more than `outer`; without
    /// an `outer` it has none.
    pub(super) fn quoted(&self, at: usize, outer: Option<usize>) -> Read<Token<'a>> {
        let mark = self.byte(at);
        let mut text = String::new();
        let mut one_line = true;
        // From here on, the source stands for itself.
        let mut start = at + 1;
        let mut stop = start;
        loop {
            let special = |&byte: &u8| byte == mark || matches!(byte, b'\\' | b'\n' | b'\t');
            stop += self.rest(stop).iter().position(special).ok_or(NotMine)?;
            match self.byte(stop) {
                b'\\' if mark == b'\'' => {
                    stop += 1;
                    continue;
                }
                b'\\' => {
                    text.push_str(self.slice(start, stop)?);
                    (one_line, start) = self.escape(stop, outer, one_line, &mut text)?;
                }
                b'\n' => {
                    let fold = self.fold_quoted(stop, outer)?;
                    text.push_str(self.slice(start, stop)?.trim_end_matches(' '));
                    fold.write(&mut text);
                    (one_line, start) = (false, fold.text);
                }
                b'\'' if mark == b'\'' && self.byte(stop + 1) == b'\'' => {
                    text.push_str(self.slice(start, stop + 1)?);
                    start = stop + 2;
                }
                b'\t' => return Err(NotMine),
                _ => break,
            }
            stop = start;
        }
        let last = self.slice(start, stop)?;
        let text = match start == at + 1 {
            true => Cow::Borrowed(last),
            false => Cow::Owned(text + last),
        };
        Ok(Token { start: at, end: stop + 1, text, plain: false, one_line })
    }

    /// Decodes an escape; returns whether the scalar is on one line still, and where the escape
    /// ends.
    fn escape(
        &self,
        at: usize,
        outer: Option<usize>,
        one_line: bool,
        text: &mut String,
    ) -> Read<(bool, usize)> {
        let (character, length) = match self.byte(at + 1) {
            b'n' => ('\n', 2),
            b't' => ('\t', 2),
            b'r' => ('\r', 2),
            byte @ (b'"' | b'\\' | b' ') => (char::from(byte), 2),
            b'x' => (self.hexadecimal(at + 2, 2)?, 4),
            b'u' => (self.hexadecimal(at + 2, 4)?, 6),
            b'U' => (self.hexadecimal(at + 2, 8)?, 10),
            b'\n' => {
                let fold = self.fold_quoted(at + 1, outer)?;
                text.extend(repeat_n('\n', fold.breaks - 1));
                return Ok((false, fold.text));
            }
            _ => return Err(NotMine),
        };
        text.push(character);
        Ok((one_line, at + length))
    }

    fn hexadecimal(&self, at: usize, digits: usize) -> Read<char> {
        let digits = self.text.get(at..at + digits).ok_or(NotMine)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(NotMine);
        }
        u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).ok_or(NotMine)
    }

    fn fold_quoted(&self, line_end: usize, outer: Option<usize>) -> Read<Fold> {
        let outer = outer.ok_or(NotMine)?;
        self.fold(line_end).filter(|fold| fold.column > outer).ok_or(NotMine)
    }
}

impl Fold {
    /// One line break is a space; of several, each but the first is itself.
    pub(super) fn write(&self, text: &mut String) {
        match self.breaks {
            1 => text.push(' '),
            breaks => text.extend(repeat_n('\n', breaks - 1)),
        }
    }
}
