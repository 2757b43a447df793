//! The way from an object's root to a place in it.

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
            _ => Step::Key(text.replace("~1", "/").replace("~0", "~").into()),
        };
        Some(Self { steps: pointer.strip_prefix('/')?.split('/').map(step).collect() })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            match step {
                Step::Key(key) => write!(f, "/{}", key.replace('~', "~0").replace('/', "~1"))?,
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
