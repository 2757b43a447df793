//! Patterns of our own, over the bytes of a text.
//!
//! `\s`, `\w`, `\b` and `(?i)` mean ASCII alone, and any other character is some bytes that are none
//! of it. What a pattern says of Unicode makes its automaton many times larger, which counts
//! where a program reads a few files and ends.

use std::sync::OnceLock;

use regex::bytes::{Captures, Regex, RegexBuilder};

/// A pattern that is made ready when it is first asked for.
#[derive(Debug)]
pub struct BytePattern {
    pattern: &'static str,
    regex: OnceLock<Regex>,
}

impl BytePattern {
    pub const fn new(pattern: &'static str) -> Self {
        Self { pattern, regex: OnceLock::new() }
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_match(text.as_bytes())
    }

    /// The first match at or behind `from`, a place between two characters.
    pub fn captures_at<'t>(&self, text: &'t str, from: usize) -> Option<Captures<'t>> {
        self.regex().captures_at(text.as_bytes(), from)
    }

    fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| {
            let built = RegexBuilder::new(self.pattern).unicode(false).build();
            built.unwrap_or_else(|error| unreachable!("{error}"))
        })
    }
}
