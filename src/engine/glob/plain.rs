//! Globs that are matched without an automaton: most are as simple, and an automaton takes longer
//! to build than a program needs that reads a few files and ends.

use std::ops::RangeInclusive;

use memchr::{memchr2_iter, memmem};

use super::Wildcard;

/// A glob of characters and classes in ASCII, and stars.
#[derive(Clone)]
pub(super) enum Plain {
    Name(Stars),
    /// Each is for one segment of a path that has as many.
    Path(Vec<Stars>),
}

/// A text, or several with any number of characters between them.
#[derive(Clone)]
pub(super) struct Stars {
    start: Text,
    rest: Option<Rest>,
}

/// What comes behind the first star.
#[derive(Clone)]
struct Rest {
    middle: Vec<Text>,
    end: Text,
    /// The fewest bytes that all of them need.
    bytes: usize,
}

/// Characters, one after another.
#[derive(Clone)]
enum Text {
    Bytes(Box<[u8]>),
    /// With a class among them.
    Atoms(Box<[Atom]>),
}

#[derive(Clone)]
enum Atom {
    Byte(u8),
    /// Any that is in one of the ranges.
    Class(Box<[RangeInclusive<u8>]>),
}

impl Plain {
    /// The glob, if it is as simple.
    pub(super) fn of(pattern: &str, wildcard: Wildcard) -> Option<Self> {
        match wildcard {
            Wildcard::AnyText => Stars::of(pattern).map(Self::Name),
            // A class may be for a slash, and stars that go over it are anywhere.
            Wildcard::WithinSegment if pattern.contains('[') => None,
            Wildcard::WithinSegment => match pattern.strip_suffix("**") {
                // `x/**` is for whatever begins with `x/`.
                Some(start) if start.ends_with('/') && !start.contains('*') => {
                    Stars::of(&format!("{start}*")).map(Self::Name)
                }
                _ if pattern.contains("**") => None,
                _ => pattern.split('/').map(Stars::of).collect::<Option<_>>().map(Self::Path),
            },
        }
    }

    /// Case is one of letters in ASCII, as with the automaton.
    pub(super) fn matches<const ANY_CASE: bool>(&self, name: &str) -> bool {
        match self {
            Self::Name(stars) => stars.matches::<ANY_CASE>(name.as_bytes()),
            Self::Path(all) => {
                let mut segments = name.as_bytes().split(|byte| *byte == b'/');
                let mut matches = |stars: &Stars| {
                    segments.next().is_some_and(|segment| stars.matches::<ANY_CASE>(segment))
                };
                all.iter().all(&mut matches) && segments.next().is_none()
            }
        }
    }
}

impl Stars {
    fn of(pattern: &str) -> Option<Self> {
        let (start, rest) = match pattern.split_once('*') {
            Some((start, rest)) => (start, Some(Rest::of(rest)?)),
            None => (pattern, None),
        };
        Some(Self { start: Text::of(start)?, rest })
    }

    fn matches<const ANY_CASE: bool>(&self, name: &[u8]) -> bool {
        match (self.start.begins::<ANY_CASE>(name), &self.rest) {
            (Some(behind), Some(rest)) => rest.matches::<ANY_CASE>(behind),
            (Some(behind), None) => behind.is_empty(),
            (None, _) => false,
        }
    }
}

impl Rest {
    /// `written`: what the pattern has behind its first star.
    fn of(written: &str) -> Option<Self> {
        let (middle, end) = written.rsplit_once('*').unwrap_or(("", written));
        let middle = middle.split('*').filter(|text| !text.is_empty());
        let middle: Vec<Text> = middle.map(Text::of).collect::<Option<_>>()?;
        let end = Text::of(end)?;
        let bytes = middle.iter().map(Text::len).sum::<usize>() + end.len();
        Some(Self { middle, end, bytes })
    }

    fn matches<const ANY_CASE: bool>(&self, mut name: &[u8]) -> bool {
        if name.len() < self.bytes {
            return false;
        }
        // The first place of each is as good as any other.
        for text in &self.middle {
            match text.first_in::<ANY_CASE>(name) {
                Some(behind) => name = behind,
                None => return false,
            }
        }
        let end = name.len().checked_sub(self.end.len()).and_then(|at| name.get(at..));
        end.is_some_and(|end| self.end.begins::<ANY_CASE>(end).is_some())
    }
}

impl Text {
    /// The text, if it has no other wildcards than classes.
    fn of(written: &str) -> Option<Self> {
        let mut atoms = Vec::with_capacity(written.len());
        let mut rest = written;
        while let Some(char) = rest.chars().next() {
            rest = rest.get(char.len_utf8()..)?;
            atoms.push(match char {
                '[' => {
                    let (class, behind) = rest.split_once(']')?;
                    rest = behind;
                    Atom::class(class)?
                }
                '?' | ']' | '{' | '}' | '\\' => return None,
                char => Atom::Byte(u8::try_from(char).ok().filter(u8::is_ascii)?),
            });
        }
        let byte = |atom: &Atom| match atom {
            Atom::Byte(byte) => Some(*byte),
            Atom::Class(_) => None,
        };
        let bytes = atoms.iter().map(byte).collect::<Option<_>>();
        Some(bytes.map_or_else(|| Self::Atoms(atoms.into()), Self::Bytes))
    }

    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Atoms(atoms) => atoms.len(),
        }
    }

    /// What stands behind the text in a name that begins with it.
    fn begins<'n, const ANY_CASE: bool>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        let (start, behind) = name.split_at_checked(self.len())?;
        let is_it = |(atom, byte): (&Atom, &u8)| atom.matches::<ANY_CASE>(*byte);
        let begins = match self {
            Self::Bytes(bytes) if ANY_CASE => start.eq_ignore_ascii_case(bytes),
            Self::Bytes(bytes) => start == &**bytes,
            Self::Atoms(atoms) => atoms.iter().zip(start).all(is_it),
        };
        begins.then_some(behind)
    }

    /// What stands in a name behind the first place of the text.
    fn first_in<'n, const ANY_CASE: bool>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        let behind = |at: usize| self.begins::<ANY_CASE>(name.get(at..)?);
        match self {
            Self::Bytes(bytes) if ANY_CASE => {
                let first = bytes.first()?;
                memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), name)
                    .find_map(behind)
            }
            Self::Bytes(bytes) => name.get(memmem::find(name, bytes)? + bytes.len()..),
            Self::Atoms(_) => (0..name.len()).find_map(behind),
        }
    }
}

impl Atom {
    /// A class of characters and ranges, as it stands between its brackets, if it is no more.
    fn class(written: &str) -> Option<Self> {
        let mut ranges = Vec::new();
        let mut rest = written.as_bytes();
        while let Some((&low, behind)) = rest.split_first() {
            let (high, behind) = match behind {
                [b'-', high, behind @ ..] => (*high, behind),
                _ => (low, behind),
            };
            let is_simple = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
            if !is_simple(low) || !is_simple(high) || low > high {
                return None;
            }
            ranges.push(low..=high);
            rest = behind;
        }
        (!ranges.is_empty()).then(|| Self::Class(ranges.into()))
    }

    fn matches<const ANY_CASE: bool>(&self, byte: u8) -> bool {
        match self {
            Self::Byte(own) if ANY_CASE => own.eq_ignore_ascii_case(&byte),
            Self::Byte(own) => *own == byte,
            Self::Class(ranges) => ranges.iter().any(|range| {
                range.contains(&byte)
                    || (ANY_CASE
                        && (range.contains(&byte.to_ascii_lowercase())
                            || range.contains(&byte.to_ascii_uppercase())))
            }),
        }
    }
}
