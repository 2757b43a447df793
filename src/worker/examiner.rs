//! What the queue asks of whoever inspects and judges: a push in, a verdict out.

use std::future::Future;
use std::pin::Pin;

use crate::artefact::{Push, Verdict};

/// Inspects and judges artefacts.
pub trait Examiner: Send + Sync + 'static {
    /// The digest of the policy set in force.
    fn policy_set(&self) -> String;

    /// Fetches, inspects and judges. `earlier` are the other digests that the same version was
    /// seen with. The bytes that are judged have the digest of the push.
    fn examine<'a>(&'a self, push: &'a Push, earlier: &'a [String]) -> Examining<'a>;
}

/// A verdict that is being worked out.
pub type Examining<'a> = Pin<Box<dyn Future<Output = Result<Verdict, Unexamined>> + Send + 'a>>;

/// Why there is no verdict. What is wrong with an artefact is a verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unexamined {
    /// Somebody else's server does not work at the moment. It is asked again, for as long as it
    /// takes.
    #[error("{0}")]
    Away(String),
    /// The artefact is not what it was when it was looked at. It is looked at again.
    #[error("the artefact changed while it was read")]
    Changed,
    /// It is asked again a few times, and then a person has to look.
    #[error("{0}")]
    Failed(String),
}
