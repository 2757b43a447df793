//! Numbers, and the words `true`, `false` and `null`.

use super::reader::{Read, Reader};
use crate::document::number;
use crate::document::value::Body;

impl<'a> Reader<'a> {
    pub(super) fn scalar(&mut self) -> Read<Body<'a>> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Body::Bool(true)),
            Some(b'f') => self.word("false", Body::Bool(false)),
            Some(b'n') => self.word("null", Body::Null),
            Some(_) => Err(self.problem("no JSON value begins with this")),
            None => Err(self.problem("text ends where a value must stand")),
        }
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
        number.ok_or_else(|| self.wrong(start, "number is too large"))
    }

    fn figures(&mut self) -> usize {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    pub(super) fn word<T>(&mut self, word: &str, meaning: T) -> Read<T> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.problem("no JSON value begins with this"));
        }
        self.at += word.len();
        Ok(meaning)
    }
}
