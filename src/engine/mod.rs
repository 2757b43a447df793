//! Decides. Never reads, never writes, never waits.
//!
//! ```text
//! PolicySet ── Engine::compile ──▶ Engine
//!
//! Subject + Facts ── Engine::changes ──▶ Changed        what policies put right
//! Subject + Facts ── Engine::evaluate ─▶ Report         what is wrong
//!                        │                  │
//!                        │                  └─ Decision::of   what to answer
//!                        └─ Check::check, once for each rule in scope
//! ```

mod change;
mod compile;
mod context;
mod decision;
mod demand;
mod documents;
mod evaluate;
mod facts;
mod finding;
pub mod glob;
mod inventory;
mod kind;
mod label;
mod node;
mod observe;
mod owner;
mod patch;
mod policy;
mod questions;
mod report;
pub mod rule;
mod schema;
mod scope;
mod selector;
mod subject;
mod suggest;
mod trace;
mod waiver;
mod walk;

pub use self::change::Changed;
pub use self::compile::{Engine, Flaw, Part};
pub use self::context::{Context, Draft};
pub use self::decision::{Decision, Ground};
pub use self::demand::Demand;
pub use self::documents::Documents;
pub use self::facts::{Facts, Known, Namespaces};
pub use self::finding::{
    About, Category, Enforcement, Finding, FindingId, Related, Severity, State,
};
pub use self::glob::Globs;
pub use self::inventory::{Inventory, Mention, Notes};
pub use self::kind::{ARTEFACT, BadKind, KindPattern, Kinds, PodKinds};
pub use self::label::{is_label_key, is_label_value};
pub use self::node::{MASK, Node};
pub use self::observe::Observer;
pub use self::owner::MAX_OWNERS;
pub use self::patch::{Applicability, Fix, Unfit};
pub use self::policy::{PodTemplate, Policy, PolicyEntry, PolicySet, Scope, Settings, TierMapping};
pub use self::questions::{Question, Questions};
pub use self::report::{Change, Outcome, Report, Status};
pub use self::rule::{Check, Configure, Missing, ParameterError, Rule};
pub use self::schema::{FieldStep, Placement, Schema, Shape};
pub use self::selector::{LabelSelector, Operator, Requirement, SelectorError};
pub use self::subject::{Controller, Identity, Operation, Subject, User};
pub use self::suggest::nearest;
pub use self::trace::Traced;
pub use self::waiver::{Standing, WaivedObject, Waiver};
pub use self::walk::{Budget, Walk};
