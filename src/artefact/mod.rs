//! What is pushed to a repository: hook payloads, signatures, components, what is in their files.
//!
//! ```text
//! body, signature ── Secrets::signed ──▶ yes or no
//! body ── Delivery::read, Told::of_… ──▶ hints: which components to look at
//! a component as the repository describes it ── Push::read ──▶ Push { coordinates, assets, digest }
//! the bytes of a file ── inspect::file ──▶ Artefact, the tree that rules judge
//! Report ── Verdict::of ──▶ Verdict { outcome, faults, metadata }
//! ```
//!
//! Bytes in, values out: nothing here opens a socket or knows where things are stored.

pub mod delivery;
pub mod event;
pub mod inspect;
pub mod lookup;
pub mod signature;
pub mod subject;
pub mod vulnerability;

mod coordinates;
mod hook;
mod push;
mod verdict;

pub use coordinates::Coordinates;
pub use hook::{Hook, Received, Sender};
pub use push::{Asset, Malformed, Page, Push};
pub use verdict::{Fault, Outcome, Verdict};
