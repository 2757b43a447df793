//! One call of a webhook, and what became of it.

/// A call, as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Hook<'h> {
    /// The delivery's own id; empty if it has none.
    pub id: &'h str,
    /// What is said to be the signature of the body; empty if nothing is.
    pub signature: &'h str,
    pub body: &'h [u8],
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is on the disk.
    Kept {
        /// It was there already.
        repeated: bool,
        /// It is older than a call should be.
        late: bool,
    },
    /// It is about a repository that is not judged.
    Elsewhere,
    /// No secret signed it.
    Forged,
    /// It is no event, and why.
    Malformed(String),
    /// There is no room for it, or no database.
    Full(String),
}
