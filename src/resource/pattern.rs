//! Regular expressions in the parameters of rules.
//!
//! They are those of RE2, which Kubernetes' own schemas use: `\d`, `\w`, `\s` and `\b` mean ASCII
//! alone. They are not anchored; who means the whole text writes `^` and `$`. Matching takes time
//! that is linear in the text, and the size of the automaton is limited.

use std::borrow::Cow;
use std::fmt;

use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many bytes a pattern may have.
const MAX_BYTES: usize = 2_000;

/// How many bytes its automaton may have.
const MAX_AUTOMATON_BYTES: usize = 1 << 20;

/// A regular expression, ready to match.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// Why a text is no pattern that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("pattern of {0} bytes is longer than {MAX_BYTES}")]
    TooLong(usize),
    #[error("pattern `{pattern}` is not valid: {reason}")]
    Syntax { pattern: String, reason: String },
    #[error("pattern `{0}` needs too much memory")]
    TooLarge(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// It is misspelt, or too large.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_BYTES {
            return Err(PatternError::TooLong(text.len()));
        }
        let built = RegexBuilder::new(&ascii_classes(text))
            .size_limit(MAX_AUTOMATON_BYTES)
            .dfa_size_limit(MAX_AUTOMATON_BYTES)
            .build();
        match built {
            Ok(regex) => Ok(Self { text: text.to_owned(), regex }),
            Err(regex::Error::CompiledTooBig(_)) => Err(PatternError::TooLarge(text.to_owned())),
            Err(error) => {
                Err(PatternError::Syntax { pattern: text.to_owned(), reason: reason(&error) })
            }
        }
    }

    /// Whether it matches somewhere in the text.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        Self::new(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl JsonSchema for Pattern {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "regex", "maxLength": MAX_BYTES})
    }
}

/// The pattern with its named classes spelt out in ASCII, since the regex crate's are Unicode's:
/// `^\d$` would match `٣`.
fn ascii_classes(pattern: &str) -> String {
    let mut spelt = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '\\' {
            spelt.push(char);
            continue;
        }
        match chars.next() {
            Some('d') => spelt.push_str("[0-9]"),
            Some('D') => spelt.push_str("[^0-9]"),
            Some('w') => spelt.push_str("[0-9A-Za-z_]"),
            Some('W') => spelt.push_str("[^0-9A-Za-z_]"),
            Some('s') => spelt.push_str("[\\t\\n\\f\\r\\x20]"),
            Some('S') => spelt.push_str("[^\\t\\n\\f\\r\\x20]"),
            // `\b{start}` and its like are the regex crate's own.
            Some('b') if chars.peek() != Some(&'{') => spelt.push_str("(?-u:\\b)"),
            escaped => spelt.extend([char].into_iter().chain(escaped)),
        }
    }
    spelt
}

/// The last line of the crate's message; those before it draw the pattern.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default();
    line.trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).unwrap().matches(text)
    }

    #[test]
    fn it_matches_anywhere_unless_it_is_anchored() {
        assert!(matches("ska-", "x/ska-y") && !matches("^ska-", "x/ska-y"));
        assert!(matches("^(ska|mid)-.*$", "mid-tmc"));
    }

    #[test]
    fn named_classes_are_ascii_as_in_re2() {
        assert!(matches(r"^\d+$", "42") && !matches(r"^\d$", "٣"));
        assert!(matches(r"^\w+$", "a_9") && !matches(r"^\w$", "é"));
        assert!(matches(r"^[\w.-]+$", "a.b-c") && !matches(r"^[\w.-]+$", "é"));
        assert!(matches(r"^[^\d]+$", "ab") && !matches(r"^[^\d]+$", "a1"));
        assert!(matches(r"^[\D]$", "a") && !matches(r"^[\D]$", "1"));
        assert!(matches(r"^\D\S\W$", "éé!") && !matches(r"\s", "\u{a0}"));
        assert!(matches(r"\bska\b", "a ska b") && !matches(r"\bska\b", "skaska"));
        assert!(
            matches(r"^\\d$", r"\d") && matches(r"^a\.b$", "a.b") && !matches(r"^a\.b$", "axb")
        );
        assert!(matches(r"(?x) ^ \d \s $ # two", "1 "));
    }

    #[test]
    fn a_character_is_a_character_of_unicode() {
        assert!(matches("^.$", "é") && matches("^[é]$", "é") && matches(r"^\p{Greek}$", "λ"));
    }

    #[test]
    fn a_bad_pattern_is_refused_with_its_reason() {
        let refused = |text: &str| Pattern::new(text).unwrap_err().to_string();
        assert_eq!(refused("a("), "pattern `a(` is not valid: unclosed group");
        assert_eq!(
            refused("(?=a)"),
            "pattern `(?=a)` is not valid: look-around, including look-ahead and look-behind, is not supported"
        );
        assert_eq!(refused("(a{1000}){1000}"), "pattern `(a{1000}){1000}` needs too much memory");
        assert_eq!(refused(&"a".repeat(2_001)), "pattern of 2001 bytes is longer than 2000");
        assert_eq!(
            refused("a\\"),
            "pattern `a\\` is not valid: incomplete escape sequence, reached end of pattern prematurely"
        );
    }
}
