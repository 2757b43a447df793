//! A regular expression that is built twice, if at all.
//!
//! What matches fastest takes a hundred microseconds to build, and a program that reads a few files
//! and ends asks most patterns about a few short texts. So a pattern begins as what is built
//! fastest; only what is asked about more text is built again. Both give the same answers.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex_automata::Input;
use regex_automata::meta::{BuildError, Builder, Config, Regex};
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;

/// How many bytes of text take as long to match as it takes to build what matches faster.
const ENOUGH_BYTES: usize = 2 << 10;

/// A regular expression, ready to match.
#[derive(Debug)]
pub(super) struct Automaton {
    pattern: Box<str>,
    meaning: Meaning,
    first: Regex,
    fastest: OnceLock<Regex>,
    /// How many bytes of text it was asked about.
    asked: AtomicUsize,
}

/// What a pattern is made of, and how large it may become.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meaning {
    /// Whether it is about characters, else about bytes.
    pub(super) unicode: bool,
    pub(super) max_bytes: usize,
}

impl Automaton {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// It is misspelt, or too large.
    pub(super) fn new(pattern: &str, meaning: Meaning) -> Result<Self, Box<BuildError>> {
        let quick = Config::new().auto_prefilter(false).hybrid(false).onepass(false);
        Ok(Self {
            pattern: pattern.into(),
            meaning,
            first: build(pattern, meaning, quick)?,
            fastest: OnceLock::new(),
            asked: AtomicUsize::new(0),
        })
    }

    /// Whether it matches somewhere in the text.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex(text.len()).is_match(text)
    }

    /// The first match at or behind `from`, a place between two characters.
    pub(super) fn captures_at(&self, text: &str, from: usize) -> Option<Captures> {
        let behind = Input::new(text).range(from..);
        let regex = self.regex(text.len() - from);
        let mut captures = regex.create_captures();
        regex.search_captures(&behind, &mut captures);
        captures.is_match().then_some(captures)
    }

    /// What is to match so many bytes.
    fn regex(&self, bytes: usize) -> &Regex {
        if let Some(fastest) = self.fastest.get() {
            return fastest;
        }
        let before = self.asked.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) < ENOUGH_BYTES {
            return &self.first;
        }
        self.fastest.get_or_init(|| {
            let built = build(&self.pattern, self.meaning, Config::new());
            built.unwrap_or_else(|_| self.first.clone())
        })
    }
}

fn build(pattern: &str, meaning: Meaning, config: Config) -> Result<Regex, Box<BuildError>> {
    let Meaning { unicode, max_bytes } = meaning;
    let limits = Config::new()
        .nfa_size_limit(Some(max_bytes))
        .hybrid_cache_capacity(max_bytes)
        .utf8_empty(unicode);
    let built = Builder::new()
        .configure(limits)
        .configure(config)
        .syntax(syntax::Config::new().unicode(unicode).utf8(unicode))
        .build(pattern);
    Ok(built?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_often_gives_the_same_answers() {
        let text = "kubectl wait job é x; echo ready";
        for unicode in [true, false] {
            let meaning = Meaning { unicode, max_bytes: 1 << 20 };
            let pattern = Automaton::new(r"job (?<what>[^ ]+) x|(?:^|\s)ready$", meaning).unwrap();
            let ask = || {
                let captures = pattern.captures_at(text, 3).unwrap();
                let place = captures.get_match().unwrap().range();
                let name = captures.get_group_by_name("what").map(|it| it.range());
                let last = pattern.captures_at(text, place.end).and_then(|it| it.get_match());
                (place, name, last.map(|it| it.range()), pattern.is_match("nothing"))
            };
            let first = ask();
            assert_eq!(first, (13..21, Some(17..19), Some(27..33), false), "{unicode}");
            assert!(pattern.fastest.get().is_none());
            while pattern.fastest.get().is_none() {
                assert_eq!(ask(), first);
            }
            assert_eq!(ask(), first);
            assert_eq!(pattern.captures_at(text, text.len()).map(|_| ()), None);
        }
    }

    #[test]
    fn a_long_text_is_matched_fast_from_the_first() {
        let meaning = Meaning { unicode: false, max_bytes: 1 << 20 };
        let pattern = Automaton::new("b$", meaning).unwrap();
        assert!(pattern.is_match(&("a".repeat(ENOUGH_BYTES) + "b")));
        assert!(pattern.fastest.get().is_some());
    }
}
