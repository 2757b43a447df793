//! What a rule says about a subject.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Fix, Identity, Waiver};
use crate::document::{Path, Span};

/// How bad. The words of the PolicyReport API.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

/// What happens to a subject with a finding. The words of ValidatingAdmissionPolicy's
/// `validationActions`, weakest first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Enforcement {
    /// Recorded, and shown to nobody who did not ask.
    Audit,
    /// Allowed, with a warning to the caller.
    Warn,
    /// Refused.
    Deny,
}

/// What a rule is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    Convention,
    Reliability,
    Security,
}

/// One thing wrong, in one place.
#[derive(Clone, Debug)]
pub struct Finding {
    pub id: FindingId,
    pub policy: Arc<str>,
    /// The entry of the policy; its id, or the rule's where the entry has none.
    pub entry: Arc<str>,
    pub rule: &'static str,
    pub category: Category,
    pub severity: Severity,
    /// What the policy asks for, after the caps that hold for this subject.
    pub enforcement: Enforcement,
    /// The most that the policy asks for where an updated object had it already.
    pub if_existing: Enforcement,
    pub state: State,
    /// One lower-case phrase; never a value that must not be shown.
    pub message: String,
    /// What to do, as an imperative.
    pub help: Option<Cow<'static, str>>,
    pub path: Path,
    /// What it is about of what stands there.
    pub about: About,
    /// The other places of a finding about several.
    pub related: Vec<Related>,
    pub fix: Option<Fix>,
    pub waiver: Option<Arc<Waiver>>,
    /// Whether the value at the place must not be shown.
    pub sensitive: bool,
}

/// What a finding is about of what stands at its path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum About {
    #[default]
    Value,
    /// The key that leads to the value, such as the name of a TANGO device.
    Key,
    /// A part of the value, which is a string; the span counts the bytes of that string.
    Part(Span),
}

/// Whether a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    New,
    /// The old object had it already.
    Existing,
    Waived,
}

/// Another place that a finding is about, in the subject or in another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// `None` for the subject itself.
    pub subject: Option<Identity>,
    pub path: Path,
    pub message: String,
}

/// What a finding is known by: the same for the same thing wrong at the same place, wherever
/// lines move and however items are ordered.
///
/// A hash of policy, entry, rule, subject, and the path with list items named by their merge
/// key. `Display` writes 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId([u8; 16]);

impl FindingId {
    /// The id of what a rule of a policy's entry finds at a place of a subject. `stable_path` is
    /// a path whose list items are named by their merge key.
    pub fn new(
        policy: &str,
        entry: &str,
        rule: &str,
        subject: &Identity,
        stable_path: &str,
    ) -> Self {
        let mut hash = Sha256::new();
        let parts = [
            policy,
            entry,
            rule,
            subject.format.as_deref().unwrap_or_default(),
            &subject.group,
            &subject.kind,
            subject.namespace.as_deref().unwrap_or_default(),
            subject.stable_name(),
            stable_path,
        ];
        for part in parts {
            hash.update(part);
            hash.update([0]);
        }
        let digest = hash.finalize();
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(digest) {
            *to = from;
        }
        Self(id)
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Severity {
    /// The word that policies and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Enforcement {
    /// The word that policies and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "Audit",
            Self::Warn => "Warn",
            Self::Deny => "Deny",
        }
    }
}

impl Category {
    /// The word that policies and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Convention => "convention",
            Self::Reliability => "reliability",
            Self::Security => "security",
        }
    }
}

impl State {
    /// The word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Existing => "existing",
            Self::Waived => "waived",
        }
    }
}
