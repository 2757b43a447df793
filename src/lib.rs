//! Judges Kubernetes objects and artefacts against policies: one engine, and doors to it.
//!
//! Modules are listed lowest first; a module uses only modules on lower levels
//! (`docs/architecture.md`, held by `tests/architecture.rs`).

// The pure core: no file, no network, no clock, no environment.
#[deny(clippy::disallowed_methods)]
pub mod document;
#[deny(clippy::disallowed_methods)]
pub mod engine;
#[deny(clippy::disallowed_methods)]
pub mod resource;
#[deny(clippy::disallowed_methods)]
pub mod rules;

// One vocabulary of the outside world each; bytes in, bytes out, still no I/O.
pub mod admission;
#[cfg(feature = "artefact")]
#[deny(clippy::disallowed_methods)]
pub mod artefact;
pub mod manifest;
#[cfg(feature = "server")]
pub mod pki;
#[deny(clippy::disallowed_methods)]
pub mod policyfile;
#[cfg(any(feature = "artefact", feature = "cli", feature = "cluster"))]
pub mod report;
#[cfg(feature = "server")]
pub mod telemetry;

// Sockets, files and threads.
#[cfg(feature = "cluster")]
pub mod cluster;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "artefact")]
pub mod worker;

// The command line, and the wiring of everything else.
#[cfg(feature = "cli")]
pub mod cli;
