//! Why work on a component stops, and what becomes of it then.

use super::database;
use super::examiner::Unexamined;

/// Why a component was not worked off.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Somebody else's server does not work at the moment. It is tried for as long as it takes.
    #[error("{0}")]
    Away(String),
    /// It is tried a few times, and then a person has to look.
    #[error("{0}")]
    Failed(String),
    /// The component is not what it was a moment ago: it is looked at again.
    #[error("the component changed meanwhile")]
    Changed,
    /// The lease is over: whatever is left to do is somebody else's.
    #[error("the lease is over")]
    Lost,
    #[error(transparent)]
    Database(#[from] database::Error),
}

impl From<Unexamined> for Trouble {
    fn from(unexamined: Unexamined) -> Self {
        match unexamined {
            Unexamined::Away(what) => Self::Away(what),
            Unexamined::Failed(what) => Self::Failed(what),
            Unexamined::Changed => Self::Changed,
        }
    }
}
