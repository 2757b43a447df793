//! Accepted findings.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Globs, Identity};

/// An accepted finding: who accepted it, why, and until when.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Waiver {
    #[serde(skip)]
    pub name: String,
    /// Anchored globs of policy names.
    pub policy: Globs,
    /// Anchored globs of rule ids or of entry ids.
    pub rule: Globs,
    /// What it owns, and what that owns, is covered too.
    pub object: WaivedObject,
    /// Who answers for it.
    #[schemars(length(min = 1))]
    pub owner: String,
    #[schemars(length(min = 1))]
    pub reason: String,
    /// Where the work on it is tracked.
    #[schemars(length(min = 1))]
    pub ticket: String,
    /// The last day on which it holds, to its last second UTC: `2026-12-31`.
    #[schemars(with = "String", regex(pattern = r"^\d{4}-\d{2}-\d{2}$"))]
    #[schemars(extend("x-wanted" = "a date such as `2026-12-31`"))]
    pub until: Date,
    /// Whether it is only proposed: it came with what is judged, from a place that the policy
    /// set does not trust.
    #[serde(skip)]
    pub proposed: bool,
}

/// The object of a waiver. Globs, never empty and never a lone `*`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WaivedObject {
    pub kind: Globs,
    /// Left out for objects without a namespace.
    #[serde(default, skip_serializing_if = "Globs::is_empty")]
    pub namespace: Globs,
    pub name: Globs,
}

/// How a waiver stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Holds,
    /// Holds, and ends within 30 days.
    EndsSoon,
    Ended,
}

impl Waiver {
    /// How long before its end a waiver says so.
    const NOTICE_DAYS: i64 = 30;

    /// Whether it is about this finding on this object or what that owns, whatever the date.
    pub fn covers(&self, policy: &str, entry: &str, rule: &str, object: &Identity) -> bool {
        let namespace = object.namespace.as_deref();
        self.policy.matches(policy)
            && (self.rule.matches(rule) || self.rule.matches(entry))
            && self.object.kind.matches(&object.kind)
            && self.object.name.matches(&object.name)
            && match namespace {
                None => self.object.namespace.is_empty(),
                Some(namespace) => self.object.namespace.matches(namespace),
            }
    }

    /// How it stands at `now`.
    pub fn standing(&self, now: Timestamp) -> Standing {
        let today = now.to_zoned(TimeZone::UTC).date();
        let days_left = (self.until - today).get_days();
        if today > self.until {
            Standing::Ended
        } else if i64::from(days_left) <= Self::NOTICE_DAYS {
            Standing::EndsSoon
        } else {
            Standing::Holds
        }
    }

    /// What is to be told of it at `now`: that it ends soon, or has ended.
    pub fn notice(&self, now: Timestamp) -> Option<String> {
        let ends = match self.standing(now) {
            Standing::Holds => return None,
            Standing::EndsSoon => "ends",
            Standing::Ended => "ended",
        };
        Some(format!("waiver `{}` of {} {ends} on {}", self.name, self.owner, self.until))
    }

    /// When it has ended; `None` beyond the end of the calendar.
    pub fn end(&self) -> Option<Timestamp> {
        let after = self.until.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?;
        Some(after.timestamp())
    }

    /// What types can't say: a glob that means everything.
    pub(super) fn flaws(&self) -> Vec<(&'static [&'static str], String)> {
        let fields: [(&'static [&'static str], &Globs); 4] = [
            (&["policy"], &self.policy),
            (&["rule"], &self.rule),
            (&["object", "kind"], &self.object.kind),
            (&["object", "name"], &self.object.name),
        ];
        let mut flaws = Vec::new();
        for (path, globs) in fields {
            if globs.is_empty() {
                flaws.push((path, format!("a waiver names its {}", path.join("."))));
            }
        }
        for (path, globs) in
            fields.into_iter().chain([(&["object", "namespace"][..], &self.object.namespace)])
        {
            if globs.patterns().iter().any(|glob| glob.chars().all(|char| char == '*')) {
                flaws.push((path, "a lone `*` waives everything".to_owned()));
            }
        }
        for (path, text) in [
            (&["owner"][..], &self.owner),
            (&["reason"], &self.reason),
            (&["ticket"], &self.ticket),
        ] {
            if text.trim().is_empty() {
                flaws.push((path, format!("a waiver gives its {}", path.join("."))));
            }
        }
        flaws
    }
}
