//! One call of a webhook, and what became of it.

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Nexus,
    Harbor,
    /// A registry that sends the notifications of CNCF Distribution.
    Registry,
}

/// A call, as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Hook<'h> {
    pub sender: Sender,
    /// The delivery's own id; empty if it has none.
    pub id: &'h str,
    /// What shows who sent it: of Nexus the signature of the body, of others what the header
    /// `Authorization` holds; empty if nothing does.
    pub proof: &'h str,
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
    /// It is about a repository that is not judged, or tells of nothing that is.
    Elsewhere,
    /// Nobody who is known sent it.
    Forged,
    /// It is no event, and why.
    Malformed(String),
    /// There is no room for it, or no database.
    Full(String),
}
