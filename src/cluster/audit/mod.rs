//! What already exists, judged as it would be at admission.
//!
//! ```text
//! scan ──▶ Scan ── families ──▶ findings by root object ──▶ shown: a report::Run, for people
//!                                                      └──▶ written: PolicyReports in the cluster
//! ```
//!
//! One audit lists every kind that is judged or that a rule asks for, page by page and at a pace;
//! never Secrets. It makes an inventory of its own, so that it judges a complete set as lint does.

mod counts;
mod family;
mod owners;
mod periodic;
mod record;
mod scan;
mod show;
mod write;

use kube::discovery::ApiResource;

pub(super) use self::counts::Counts;
pub use self::periodic::Plan;
pub(super) use self::periodic::{Auditor, Reporting, run};
pub use self::record::Reports;
pub use self::scan::{Court, Judged, Scan, scan};
pub use self::show::show;
pub use self::write::{Limits, Unwritten, Written, write};
use super::words;
use crate::document::Problem;

/// How an audit goes about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Judges the objects of one namespace only.
    pub namespace: Option<String>,
    /// At most; 0 for as many as there can be.
    pub requests_per_second: f64,
    /// Keeps what was judged and has nothing wrong, too.
    pub all: bool,
}

/// An audit that came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the API server does not say what exists: {}", words(.0))]
    Api(#[source] kube::Error),
    #[error("a list of `{kind}` can't be read: {problem}")]
    Unreadable { kind: String, problem: String },
    #[error("the program is ending")]
    Stopped,
}

impl Default for Options {
    fn default() -> Self {
        Self { namespace: None, requests_per_second: 10.0, all: false }
    }
}

impl Error {
    fn unreadable(api: &ApiResource, problem: &Problem) -> Self {
        Self::Unreadable { kind: api.kind.clone(), problem: problem.to_string() }
    }
}
