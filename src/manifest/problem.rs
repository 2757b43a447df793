//! What is wrong with a file itself, as findings of the door's own.

use crate::document::Path;
use crate::engine::{About, Category, Enforcement, Finding, FindingId, Identity, Severity, State};

/// The rule of findings about a document that can't be read.
pub const UNREADABLE: &str = "document-unreadable";

/// The rule of findings about a key that stands twice.
pub const DUPLICATE_KEY: &str = "duplicate-key";

/// What the policy of such findings is called: no policy file turns them off.
const POLICY: &str = "portcullis";

/// A file as a subject: for findings that are about no object.
pub fn file_identity(name: &str) -> Identity {
    Identity { kind: "File".to_owned(), name: name.to_owned(), ..Identity::default() }
}

/// A finding about a text. The API server refuses what can't be read, so that denies; of a key
/// that stands twice it takes the last, which is seldom what was meant.
pub fn problem_finding(
    rule: &'static str,
    subject: &Identity,
    path: Path,
    message: String,
    help: Option<String>,
) -> Finding {
    let (severity, enforcement) = match rule {
        UNREADABLE => (Severity::High, Enforcement::Deny),
        _ => (Severity::Medium, Enforcement::Warn),
    };
    Finding {
        id: FindingId::new(POLICY, rule, rule, subject, &path.to_string()),
        policy: POLICY.into(),
        entry: rule.into(),
        rule,
        category: Category::Reliability,
        severity,
        enforcement,
        if_existing: enforcement,
        state: State::New,
        message,
        help,
        path,
        about: About::Value,
        related: Vec::new(),
        fix: None,
        waiver: None,
        sensitive: false,
    }
}
