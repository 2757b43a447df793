//! One document of a text, as a reader found it.

use super::path::Path;
use super::value::{Span, Value};

/// A reader refuses a longer text. A rendered chart has some hundred kilobytes, and a limit is
/// what keeps a file that is no manifest from filling the memory; it also keeps offsets in `u32`.
pub const MAX_BYTES: usize = 64 << 20;

/// A reader refuses a value that is nested deeper.
pub const MAX_DEPTH: usize = 256;

/// How many duplicates of one document are kept; a text of nothing else would double the memory.
pub(crate) const MAX_DUPLICATES: usize = 100;

/// One document of a text. All places are offsets in the whole text.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    pub value: Value<'a>,
    /// From the `---` line, where there is one, to the next.
    pub span: Span,
    /// There is nothing but comments and white space; the value is null.
    pub empty: bool,
    /// Keys that one map holds twice, in the order of the text, the first 100.
    pub duplicates: Vec<Duplicate>,
    /// Values that stand in the text and not in the tree: another value of their key won, or a
    /// merge did. Whoever shows the text can't tell from the tree what is in them.
    pub lost: Vec<Span>,
}

/// A key that its map holds already. The later one wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The later key.
    pub span: Span,
    /// The key before it.
    pub first: Span,
    /// The way to the field.
    pub path: Path,
}
