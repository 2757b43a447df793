//! Policy files into a checked policy set: every mistake at once, each with its place.
//!
//! ```text
//! Source ── load ──▶ Loaded { set, engine }     or Problems, and whoever has an engine keeps it
//! set ── export ──▶ one file that reads back to an equal set
//! types ── schema, definitions ──▶ JSON Schema for editors, definitions for an API server
//!
//! Source ── Cases::read ──▶ Cases ── run(engine) ──▶ Verdicts
//! Source ── KnownFacts::read ──▶ KnownFacts ── ready(engine) ──▶ Facts
//! ```
//!
//! A file is a stream of documents: `kind: Policy`, `kind: Waiver`, `kind: PolicySet`. Unknown
//! fields and keys that stand twice are mistakes, since a misspelt one would silently weaken a
//! policy.

mod artefacts;
mod cases;
mod configuration;
mod definition;
mod export;
mod facts;
mod keyword;
mod kind;
mod misfit;
mod part;
mod problem;
mod prune;
mod read;
mod schema;
mod shipped;
mod strict;

pub use self::artefacts::{
    ActionKind, ActionSettings, ArtefactDoor, ChatSettings, CredentialSettings, GitlabSettings,
    HookSettings, LimitSettings, RepositorySettings, ServerKind, ServerSettings, SweepSettings,
    TokenServerSettings, VerdictSettings, WorkSettings,
};
pub use self::cases::{Cases, Touched, Verdict};
pub use self::configuration::{Configuration, LintConfiguration};
pub use self::definition::definitions;
pub use self::export::{export, export_set};
pub use self::facts::{KnownFacts, KnownNamespace, ReadyFacts};
pub use self::kind::API_VERSION;
pub use self::problem::{Problem, Problems};
pub use self::read::{Loaded, Origin, Source, load, load_under};
pub use self::schema::schema;
pub use self::shipped::shipped;
