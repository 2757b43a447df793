//! What is read past.

use super::reader::{Read, Reader};
use super::text::plain_bytes;

impl<'a> Reader<'a> {
    /// Reads past a value, however deep it is nested, and gives its text. Of a map or a list only
    /// the end is looked for: what is between may be no JSON.
    ///
    /// # Errors
    ///
    /// No value begins here, or it has no end.
    pub fn skipped(&mut self) -> Read<&'a str> {
        let start = self.at;
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested()?,
            Some(b'"') => drop(self.string()?),
            _ => drop(self.scalar()?),
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn skip_nested(&mut self) -> Read<()> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        let mut depth = 0_usize;
        while let Some(byte) = bytes.get(at) {
            at += 1;
            match byte {
                b'"' => at = behind_string(bytes, at),
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth > 1 => depth -= 1,
                b'}' | b']' => {
                    self.at = at;
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(self.problem("what begins here has no end"))
    }
}

/// Where the string ends whose first character is at `at`.
#[inline]
fn behind_string(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(plain) = plain_bytes(rest) else { return bytes.len() };
        at += plain + 1;
        match rest.get(plain) {
            Some(b'"') => return at,
            // What is escaped may be a quote.
            Some(b'\\') => at += 1,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_ends_where_its_last_bracket_does() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for value in [
            "1",
            "null",
            r#""a\"b""#,
            "{}",
            r#"{"a": [1, {"b": "]}"}], "c": "\\"}"#,
            r#"["\\\"]", "é", "\u005d"]"#,
            &deep,
        ] {
            let text = format!("{value}, 7");
            let mut reader = Reader::new(&text).unwrap();
            assert_eq!(reader.skipped().unwrap(), value);
            assert_eq!(reader.offset(), value.len());
        }
    }

    #[test]
    fn what_has_no_end_is_told() {
        for text in ["[", r#"{"a": "}"#, r#"{"a": "}\"#, r#"["\"]"#, "[{]", "", "x"] {
            let Ok(mut reader) = Reader::new(text) else { unreachable!("it is short") };
            assert!(reader.skipped().is_err(), "{text}");
        }
    }
}
