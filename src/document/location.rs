//! A place as a person is told it.

use std::sync::Arc;

/// Where in which file. Lines and columns start at 1, columns count Unicode code points, the end
/// is exclusive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
    /// Whether it is the thing itself and not the nearest parent of what is missing.
    pub exact: bool,
}

/// Lines of a text around a place, with sensitive values as `•••`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    pub first_line: u32,
    pub text: String,
    /// The bytes of `text` that are meant.
    pub start: usize,
    pub end: usize,
}
