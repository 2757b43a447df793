//! What the server asks of whoever judges: one review in, one answer out.
//!
//! The server knows sockets and deadlines and nothing of policies; behind [`Review`] is a judge
//! that knows policies and nothing of sockets.

use tokio::sync::watch;

use crate::admission::{Malformed, Reviewed, Stage};

/// Judges reviews.
pub trait Review: Send + Sync + 'static {
    /// Answers one review. The work is bounded, and there is no I/O in it.
    fn review(&self, stage: Stage, body: &[u8]) -> Result<Reviewed, Malformed>;

    /// What to answer when no answer could be worked out, for `reason`: the policies' `onError`
    /// decides. It only reads the envelope.
    fn overdue(&self, stage: Stage, body: &[u8], reason: &str) -> Result<Reviewed, Malformed>;

    /// Changes whenever more is known than before; `None` if nothing is ever learnt.
    fn news(&self) -> Option<watch::Receiver<()>>;
}
