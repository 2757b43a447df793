//! Patterns of our own, over the bytes of a text.
//!
//! `\s`, `\w`, `\b` and `(?i)` mean ASCII alone, and any other character is some bytes that are none
//! of it. What a pattern says of Unicode makes its automaton many times larger, which counts
//! where a program reads a few files and ends.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::util::captures;

use super::automaton::{Automaton, Meaning};

/// How many bytes an automaton of ours may have.
const MAX_AUTOMATON_BYTES: usize = 2 << 20;

/// A pattern that is made ready when it is first asked for.
#[derive(Debug)]
pub struct BytePattern {
    pattern: &'static str,
    automaton: OnceLock<Automaton>,
}

/// Where a pattern matched, in bytes.
#[derive(Debug)]
pub struct Captures {
    pub all: Range<usize>,
    groups: captures::Captures,
}

impl BytePattern {
    pub const fn new(pattern: &'static str) -> Self {
        Self { pattern, automaton: OnceLock::new() }
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.automaton().is_match(text)
    }

    /// The first match at or behind `from`, a place between two characters.
    pub fn captures_at(&self, text: &str, from: usize) -> Option<Captures> {
        let groups = self.automaton().captures_at(text, from)?;
        Some(Captures { all: groups.get_match()?.range(), groups })
    }

    fn automaton(&self) -> &Automaton {
        self.automaton.get_or_init(|| {
            let meaning = Meaning { unicode: false, max_bytes: MAX_AUTOMATON_BYTES };
            let read = Automaton::new(self.pattern, meaning);
            read.unwrap_or_else(|error| unreachable!("{error}"))
        })
    }
}

impl Captures {
    /// What the group of this name captured, if it took part.
    pub fn group(&self, name: &str) -> Option<Range<usize>> {
        Some(self.groups.get_group_by_name(name)?.range())
    }
}
