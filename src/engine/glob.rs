//! Globs for names: `mid-*`, `ska???`, `{a,b}`, always anchored at both ends.
//!
//! A list is compiled once, when a policy is loaded, and then answers in time that is linear in
//! the name. Lengths are limited, so a policy can't make a large automaton.

use std::borrow::Cow;
use std::fmt;

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};
use memchr::{memchr2_iter, memmem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many patterns one list may hold.
const MAX_PATTERNS: usize = 1_000;

/// How many bytes one pattern may have; no Kubernetes or TANGO name is longer.
const MAX_PATTERN_BYTES: usize = 255;

/// A list of globs that knows which of them matched; upper and lower case differ.
///
/// `?` is one character, `*` any number, `[a-z]` one of a class, `{a,b}` either. In policies it is
/// a list of strings. [`AnyCaseGlobs`] is the same with upper and lower case equal.
#[derive(Clone, Deserialize, Serialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Globs<const ANY_CASE: bool = false> {
    patterns: Vec<String>,
    matcher: Matcher,
}

#[derive(Clone)]
enum Matcher {
    /// The patterns themselves, where each is as simple as most are.
    Plain(Vec<Plain>),
    Set(GlobSet),
}

/// A pattern that is matched faster than any automaton does: a text, or several with any number
/// of characters between them.
#[derive(Clone)]
struct Plain {
    start: String,
    rest: Option<Rest>,
}

/// What comes behind the first star.
#[derive(Clone)]
struct Rest {
    middle: Vec<String>,
    end: String,
    /// The fewest bytes that all of them need.
    bytes: usize,
}

/// [`Globs`] for names whose case does not count, as TANGO's.
pub type AnyCaseGlobs = Globs<true>;

/// Why a list of globs can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    #[error("a glob must not be empty")]
    Empty,
    #[error("glob `{pattern}` is not valid: {reason}")]
    Syntax { pattern: String, reason: String },
    #[error("a glob of {bytes} bytes is longer than {MAX_PATTERN_BYTES}")]
    TooLong { bytes: usize },
    #[error("{count} globs are more than {MAX_PATTERNS}")]
    TooMany { count: usize },
    #[error("the globs are too large together: {reason}")]
    TooLarge { reason: String },
}

/// What `*` and `?` stand for.
#[derive(Clone, Copy)]
enum Wildcard {
    AnyText,
    /// Not for a `/`; `**` is for any number of segments.
    WithinSegment,
}

impl<const ANY_CASE: bool> Globs<ANY_CASE> {
    /// Globs for names, in which a `/` is a character as any other.
    pub fn new<P: Into<String>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, GlobError> {
        Self::compile(patterns.into_iter().map(P::into).collect(), Wildcard::AnyText)
    }

    /// Globs for paths: `*` and `?` stop at a `/`, and only `**` goes over it.
    pub fn for_paths<P: Into<String>>(
        patterns: impl IntoIterator<Item = P>,
    ) -> Result<Self, GlobError> {
        Self::compile(patterns.into_iter().map(P::into).collect(), Wildcard::WithinSegment)
    }

    /// Whether any pattern matches all of `name`.
    pub fn matches(&self, name: &str) -> bool {
        match &self.matcher {
            Matcher::Plain(_) => self.matching(name).is_some(),
            Matcher::Set(set) => set.is_match_candidate(&Candidate::from_bytes(name)),
        }
    }

    /// The first pattern that matches all of `name`.
    pub fn matching(&self, name: &str) -> Option<&str> {
        let first = match &self.matcher {
            Matcher::Plain(plain) => {
                plain.iter().position(|pattern| pattern.matches::<ANY_CASE>(name))?
            }
            Matcher::Set(set) => {
                let name = Candidate::from_bytes(name);
                // Most names match nothing, and that is answered without a list of matches.
                if !set.is_match_candidate(&name) {
                    return None;
                }
                set.matches_candidate(&name).into_iter().min()?
            }
        };
        self.patterns.get(first).map(String::as_str)
    }

    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    fn compile(patterns: Vec<String>, wildcard: Wildcard) -> Result<Self, GlobError> {
        if patterns.len() > MAX_PATTERNS {
            return Err(GlobError::TooMany { count: patterns.len() });
        }
        for pattern in &patterns {
            if pattern.is_empty() {
                return Err(GlobError::Empty);
            }
            if pattern.len() > MAX_PATTERN_BYTES {
                return Err(GlobError::TooLong { bytes: pattern.len() });
            }
        }
        let plain: Option<Vec<Plain>> = patterns.iter().map(|it| Plain::of(it, wildcard)).collect();
        let matcher = match plain {
            Some(plain) => Matcher::Plain(plain),
            None => Matcher::Set(set::<ANY_CASE>(&patterns, wildcard)?),
        };
        Ok(Self { patterns, matcher })
    }
}

fn set<const ANY_CASE: bool>(
    patterns: &[String],
    wildcard: Wildcard,
) -> Result<GlobSet, GlobError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern)
            .case_insensitive(ANY_CASE)
            .literal_separator(matches!(wildcard, Wildcard::WithinSegment))
            .backslash_escape(true)
            .empty_alternates(true)
            .build()
            .map_err(|error| GlobError::Syntax {
                pattern: pattern.clone(),
                reason: error.kind().to_string(),
            })?;
        set.add(glob);
    }
    set.build().map_err(|error| GlobError::TooLarge { reason: error.kind().to_string() })
}

impl Plain {
    /// The pattern, if it is as simple: in ASCII, with no wildcard but stars.
    fn of(pattern: &str, wildcard: Wildcard) -> Option<Self> {
        let (start, rest) = match (pattern.split_once('*'), wildcard) {
            (None, _) => (pattern, None),
            (Some((start, rest)), Wildcard::AnyText) => (start, Some(rest)),
            // `x/**` is for whatever begins with `x/`.
            (Some((start, "*")), Wildcard::WithinSegment) if start.ends_with('/') => {
                (start, Some(""))
            }
            (Some(_), Wildcard::WithinSegment) => return None,
        };
        let is_text =
            |text: &str| text.is_ascii() && !text.contains(['?', '[', ']', '{', '}', '\\']);
        let is_plain = is_text(start) && rest.is_none_or(is_text);
        is_plain.then(|| Self { start: start.to_owned(), rest: rest.map(Rest::new) })
    }

    /// Case is one of letters in ASCII, as with the automaton.
    fn matches<const ANY_CASE: bool>(&self, name: &str) -> bool {
        let name = name.as_bytes();
        let Some(rest) = &self.rest else { return is_same::<ANY_CASE>(name, &self.start) };
        match name.split_at_checked(self.start.len()) {
            Some((start, behind)) if is_same::<ANY_CASE>(start, &self.start) => {
                rest.matches::<ANY_CASE>(behind)
            }
            _ => false,
        }
    }
}

impl Rest {
    /// `written`: what the pattern has behind its first star.
    fn new(written: &str) -> Self {
        let (middle, end) = written.rsplit_once('*').unwrap_or(("", written));
        let middle = middle.split('*').filter(|text| !text.is_empty());
        let middle: Vec<String> = middle.map(str::to_owned).collect();
        let bytes = middle.iter().map(String::len).sum::<usize>() + end.len();
        Self { middle, end: end.to_owned(), bytes }
    }

    fn matches<const ANY_CASE: bool>(&self, name: &[u8]) -> bool {
        if name.len() < self.bytes {
            return false;
        }
        let split = name.len().checked_sub(self.end.len()).and_then(|at| name.split_at_checked(at));
        let Some((mut name, end)) = split else { return false };
        if !is_same::<ANY_CASE>(end, &self.end) {
            return false;
        }
        // The first place of each is as good as any other.
        for text in &self.middle {
            match behind::<ANY_CASE>(name, text) {
                Some(behind) => name = behind,
                None => return false,
            }
        }
        true
    }
}

fn is_same<const ANY_CASE: bool>(part: &[u8], text: &str) -> bool {
    // What begins or ends with a star has an empty part: see `document::same`.
    if part.is_empty() || text.is_empty() {
        return part.len() == text.len();
    }
    if ANY_CASE { part.eq_ignore_ascii_case(text.as_bytes()) } else { part == text.as_bytes() }
}

/// What stands in `name` behind the first `text`.
fn behind<'n, const ANY_CASE: bool>(name: &'n [u8], text: &str) -> Option<&'n [u8]> {
    if !ANY_CASE {
        let at = memmem::find(name, text.as_bytes())?;
        return name.get(at + text.len()..);
    }
    let first = text.bytes().next()?;
    memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), name).find_map(|at| {
        let (part, behind) = name.get(at..)?.split_at_checked(text.len())?;
        is_same::<ANY_CASE>(part, text).then_some(behind)
    })
}

impl<const ANY_CASE: bool> Default for Globs<ANY_CASE> {
    fn default() -> Self {
        Self { patterns: Vec::new(), matcher: Matcher::Plain(Vec::new()) }
    }
}

impl<const ANY_CASE: bool> TryFrom<Vec<String>> for Globs<ANY_CASE> {
    type Error = GlobError;

    fn try_from(patterns: Vec<String>) -> Result<Self, GlobError> {
        Self::new(patterns)
    }
}

impl<const ANY_CASE: bool> From<Globs<ANY_CASE>> for Vec<String> {
    fn from(globs: Globs<ANY_CASE>) -> Self {
        globs.patterns
    }
}

impl<const ANY_CASE: bool> fmt::Debug for Globs<ANY_CASE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.patterns).finish()
    }
}

/// Lists are equal when their patterns are.
impl<const ANY_CASE: bool> PartialEq for Globs<ANY_CASE> {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl<const ANY_CASE: bool> Eq for Globs<ANY_CASE> {}

impl<const ANY_CASE: bool> JsonSchema for Globs<ANY_CASE> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Globs".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "maxItems": MAX_PATTERNS,
            "items": {"type": "string", "minLength": 1, "maxLength": MAX_PATTERN_BYTES},
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(patterns: &[&str]) -> Globs {
        Globs::new(patterns.iter().copied()).unwrap()
    }

    #[test]
    fn a_simple_glob_matches_what_the_automaton_does() {
        const PATTERNS: [&str; 25] = [
            "a", "a*", "*a", "*", "**", "a/*", "*/a", "a.*", "é*", "a,b", "!a", "-", "a*a", "a/**",
            "a/b", "k*", "*a*", "*ab*", "a*b*a", "*a*b", "*a*a*", "**a**b**", "*ba*ab*", "s", "*k",
        ];
        const NAMES: [&str; 24] = [
            "",
            "a",
            "ab",
            "ba",
            "a/",
            "a/b",
            "b/a",
            "a.b",
            ".a",
            "é",
            "éa",
            "a,b",
            "-",
            "aa",
            "aba",
            "A/B/c",
            "\u{212a}",
            "abba",
            "babab",
            "BAaB",
            "aXbXa",
            "\u{17f}",
            "s\u{212a}é",
            "S",
        ];
        fn compare<const ANY_CASE: bool>(
            globs: Result<Globs<ANY_CASE>, GlobError>,
            slow: &GlobBuilder<'_>,
            name: &str,
        ) {
            let globs = globs.unwrap();
            let slowly = slow.build().unwrap().compile_matcher().is_match(name);
            assert_eq!(globs.matches(name), slowly, "{globs:?} {name}");
            assert_eq!(globs.matching(name).is_some(), slowly, "{globs:?} {name}");
        }
        for pattern in PATTERNS {
            for name in NAMES {
                let mut slow = GlobBuilder::new(pattern);
                slow.empty_alternates(true);
                compare(Globs::<false>::new([pattern]), &slow, name);
                compare(Globs::<true>::new([pattern]), slow.case_insensitive(true), name);
                slow.literal_separator(true);
                compare(Globs::<true>::for_paths([pattern]), &slow, name);
                compare(Globs::<false>::for_paths([pattern]), slow.case_insensitive(false), name);
            }
        }
    }

    #[test]
    fn a_glob_matches_the_whole_name() {
        let globs = globs(&["mid-*", "ska???", "{sys,test}"]);
        for name in ["mid-", "mid-tmc", "mid-tmc/a.b", "ska001", "sys", "test"] {
            assert!(globs.matches(name), "{name}");
        }
        for name in ["", "a-mid-tmc", "ska01", "ska0011", "systems", "tes", "MID-TMC"] {
            assert!(!globs.matches(name), "{name}");
        }
    }

    #[test]
    fn the_first_matching_pattern_is_named() {
        let globs = globs(&["low-*", "*-tmc", "mid-*"]);
        assert_eq!(globs.matching("mid-tmc"), Some("*-tmc"));
        assert_eq!(globs.matching("mid-csp"), Some("mid-*"));
        assert_eq!(globs.matching("sys"), None);
    }

    #[test]
    fn an_empty_list_matches_nothing() {
        assert!(!Globs::<false>::default().matches(""));
        assert!(!globs(&[]).matches("a"));
    }

    #[test]
    fn case_counts_unless_the_list_says_otherwise() {
        let globs = AnyCaseGlobs::new(["SKA???", "mid-*"]).unwrap();
        assert_eq!(globs.matching("ska001"), Some("SKA???"));
        assert!(globs.matches("MID-x"));
    }

    #[test]
    fn in_paths_a_star_stops_at_a_slash() {
        let globs = Globs::<false>::for_paths(["a/*", "b/**"]).unwrap();
        assert!(globs.matches("a/x") && globs.matches("b/x/y"));
        assert!(!globs.matches("a/x/y") && !globs.matches("b"));
    }

    #[test]
    fn dots_and_trailing_slashes_are_characters_as_any_other() {
        let globs = globs(&["*.b", "**/c", "a*"]);
        assert!(globs.matches("a.b") && globs.matches(".b") && globs.matches("a/"));
        assert!(globs.matches("x/y.b") && globs.matches("x/c"));
        assert!(!globs.matches("x.bb") && !globs.matches("x/cc"));
    }

    #[test]
    fn a_bad_list_is_refused_with_its_reason() {
        let refused = |patterns: &[&str]| {
            Globs::<false>::new(patterns.iter().copied()).unwrap_err().to_string()
        };
        assert_eq!(refused(&["a", ""]), "a glob must not be empty");
        assert_eq!(
            refused(&["mid-["]),
            "glob `mid-[` is not valid: unclosed character class; missing ']'"
        );
        assert_eq!(refused(&["a".repeat(256).as_str()]), "a glob of 256 bytes is longer than 255");
        assert_eq!(refused(&vec!["a"; 1_001]), "1001 globs are more than 1000");
    }

    #[test]
    fn it_is_a_list_of_strings_in_policies() {
        let globs: Globs = serde_json::from_str(r#"["mid-*"]"#).unwrap();
        assert_eq!(serde_json::to_string(&globs).unwrap(), r#"["mid-*"]"#);
        let error = serde_json::from_str::<Globs>(r#"["{"]"#).unwrap_err().to_string();
        assert!(error.starts_with("glob `{` is not valid: unclosed alternate group"), "{error}");
    }
}
