//! What is wrong with a file itself, as findings of the door's own.

use std::borrow::Cow;

use crate::document::Path;
use crate::engine::{About, Finding, FindingId, Identity, State};
use crate::rules::own::OwnRule;

/// What the policy of such findings is called: no policy file turns them off.
const POLICY: &str = "portcullis";

/// A file as a subject: for findings that are about no object.
pub fn file_identity(name: &str) -> Identity {
    Identity { kind: "File".to_owned(), name: name.to_owned(), ..Identity::default() }
}

/// A finding about a text.
pub fn problem_finding(
    rule: &'static OwnRule,
    subject: &Identity,
    path: Path,
    message: String,
    help: Option<String>,
) -> Finding {
    Finding {
        id: FindingId::new(POLICY, rule.id, rule.id, subject, &path.to_string()),
        policy: POLICY.into(),
        entry: rule.id.into(),
        rule: rule.id,
        category: OwnRule::CATEGORY,
        severity: rule.severity,
        enforcement: rule.enforcement,
        if_existing: rule.enforcement,
        state: State::New,
        message,
        help: help.map(Cow::Owned),
        path,
        about: About::Value,
        related: Vec::new(),
        fix: None,
        waiver: None,
        sensitive: false,
    }
}
