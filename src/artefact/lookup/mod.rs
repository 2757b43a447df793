//! Looking up what was judged: questions, and the answers as JSON.
//!
//! The shapes here are the API's: fields are added to them and never renamed. Their description
//! for programs is [`openapi`].

pub mod openapi;

mod query;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Coordinates, Outcome, Verdict};

pub use query::{LIMIT, Query, Unasked};

/// A call for something to read, as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The path, beginning with `/`.
    pub path: &'a str,
    /// What stands behind the `?`; empty if nothing does.
    pub query: &'a str,
}

/// What there is to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub kind: Kind,
    pub media_type: &'static str,
    pub body: String,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Found,
    /// There is nothing there.
    Unknown,
    /// It is not understood; the body says why.
    Wrong,
    /// The database does not answer.
    Unable,
}

/// One verdict in a list.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Grows with time; `before` of a question takes it.
    pub id: i64,
    pub repository: String,
    /// The format in Nexus' word for it.
    pub format: String,
    /// The whole name in the repository.
    pub path: String,
    pub name: String,
    /// Empty where there is none.
    pub version: String,
    pub digest: String,
    /// The digest of the policy set that judged.
    pub policy_set: String,
    #[schemars(with = "String")]
    pub judged_at: Timestamp,
    pub outcome: Outcome,
    /// Who pushed it, in the repository's words; empty if that is not known.
    pub initiator: String,
}

/// Verdicts, the latest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Page {
    pub items: Vec<Summary>,
    /// The `before` of the next page; `null` if this is the last.
    pub next: Option<i64>,
}

/// All that is known of one verdict.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Detail {
    #[serde(flatten)]
    pub summary: Summary,
    pub verdict: Verdict,
    /// What is done about it.
    pub actions: Vec<Action>,
}

/// Something that is done about a verdict.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// `quarantine`, `author` or `chat`.
    pub kind: String,
    /// `open`, `done`, `dry` (only recorded) or `moot` (nothing was left to do).
    pub state: String,
    /// Where, or how.
    pub detail: String,
    #[schemars(with = "String")]
    pub changed_at: Timestamp,
}

/// What the last days brought.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Trends {
    /// Every day, the earliest first.
    pub days: Vec<Day>,
    /// Rules by how many verdicts they are in, the most frequent first.
    pub rules: Vec<RuleCount>,
}

/// How many verdicts of each outcome a day had, in UTC.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Day {
    /// `2026-11-22`.
    pub day: String,
    pub pass: i64,
    pub warn: i64,
    pub fail: i64,
}

/// How many verdicts a rule is in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RuleCount {
    pub rule: String,
    pub verdicts: i64,
}

impl Summary {
    /// What is meant, as a person writes it.
    pub fn coordinates(&self) -> Coordinates {
        Coordinates {
            repository: self.repository.clone(),
            format: self.format.clone(),
            path: self.path.clone(),
            name: self.name.clone(),
            version: self.version.clone(),
        }
    }
}

impl Answer {
    /// Something as JSON.
    pub fn json(kind: Kind, value: &impl Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(body) => Self { kind, media_type: "application/json", body },
            Err(error) => Self::text(Kind::Unable, error.to_string()),
        }
    }

    /// A page for people.
    pub const fn html(kind: Kind, body: String) -> Self {
        Self { kind, media_type: "text/html; charset=utf-8", body }
    }

    /// A line of text.
    pub const fn text(kind: Kind, body: String) -> Self {
        Self { kind, media_type: "text/plain; charset=utf-8", body }
    }
}
