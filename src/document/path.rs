//! The way from an object's root to a place in it.

use std::borrow::Cow;
use std::fmt;

/// One step down: into a map by key, or into a list by index.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    Key(Box<str>),
    Index(u32),
}

/// A way down from a root. It goes on inside a document that is embedded in a string.
///
/// `Display` writes a JSON Pointer (RFC 6901): `/spec/containers/0/image`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    pub steps: Vec<Step>,
}

/// A path as its JSON Pointer, which takes a fraction of the memory. Whether a step of digits is a
/// key or an index is not told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pointer(Box<str>);

impl Path {
    /// The root itself.
    pub const fn root() -> Self {
        Self { steps: Vec::new() }
    }

    /// The path that a JSON Pointer writes. A step of digits is an index, since no key of a
    /// Kubernetes list differs from one.
    pub fn parse(pointer: &str) -> Option<Self> {
        if pointer.is_empty() {
            return Some(Self::root());
        }
        let step = |text: &str| match text.parse() {
            Ok(index) if text == "0" || !text.starts_with(['0', '+']) => Step::Index(index),
            _ => Step::Key(unescaped(text).into()),
        };
        Some(Self { steps: pointer.strip_prefix('/')?.split('/').map(step).collect() })
    }
}

impl Pointer {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn to_path(&self) -> Path {
        Path::parse(&self.0).unwrap_or_default()
    }

    /// The steps from the root, an index in digits.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = Cow<'_, str>> {
        self.0.strip_prefix('/').into_iter().flat_map(|steps| steps.split('/')).map(unescaped)
    }

    /// `text` is written as `Display` writes a path.
    pub(crate) fn written(text: &str) -> Self {
        Self(text.into())
    }
}

/// Writes a key as a step of a JSON Pointer.
pub(crate) fn write_escaped(key: &str, to: &mut impl fmt::Write) -> fmt::Result {
    key.split_inclusive(['~', '/']).try_for_each(|piece| {
        let (plain, special) = match piece.strip_suffix('/') {
            Some(plain) => (plain, "~1"),
            None => piece.strip_suffix('~').map_or((piece, ""), |plain| (plain, "~0")),
        };
        to.write_str(plain)?;
        to.write_str(special)
    })
}

fn unescaped(step: &str) -> Cow<'_, str> {
    match step.contains('~') {
        true => step.replace("~1", "/").replace("~0", "~").into(),
        false => step.into(),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            match step {
                Step::Key(key) => {
                    f.write_str("/")?;
                    write_escaped(key, f)?;
                }
                Step::Index(index) => write!(f, "/{index}")?,
            }
        }
        Ok(())
    }
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.into())
    }
}

impl From<u32> for Step {
    fn from(index: u32) -> Self {
        Self::Index(index)
    }
}
