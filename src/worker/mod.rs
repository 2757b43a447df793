//! The artefact door behind its listener: the durable queue, the sweep, the actions.
//!
//! ```text
//! hook ── Intake::keep ──▶ queue ── Labour ──▶ look, judge, act ──▶ verdicts, actions
//! sweep ─────────────────▶ queue
//! ```
//!
//! A hook and the sweep only say where to look. What a repository says when it is looked at is
//! what is judged, so late, repeated and lost hooks end in the same state.

pub mod chamber;
pub mod child;
pub mod database;
pub mod examine;
pub mod examiner;
pub mod intake;
pub mod judge;
pub mod keys;
pub mod laboratory;
pub mod leader;
pub mod lookup;
pub mod queue;
pub mod reception;
pub mod record;
pub mod source;
pub mod sweep;

mod act;
mod catalogue;
mod fetch;
mod forget;
mod labour;
mod metrics;
mod nexus;
mod registry;
mod shelf;
mod site;
mod trouble;

pub use metrics::Metrics;
pub use site::{Caller, Unfit};

pub use labour::{Labour, Running};

/// An error and what caused it, in one line.
pub(crate) fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
