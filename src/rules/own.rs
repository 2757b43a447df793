//! What a door says of a text itself, whatever the policies.

use crate::engine::{Category, Enforcement, Severity};

/// A rule that no policy asks for: of a text that holds no object to judge, or half of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnRule {
    pub id: &'static str,
    /// What it flags.
    pub summary: &'static str,
    pub why: &'static str,
    pub severity: Severity,
    pub enforcement: Enforcement,
}

impl OwnRule {
    /// The one of this id.
    pub fn find(id: &str) -> Option<&'static Self> {
        let all = [&UNREADABLE, &DUPLICATE_KEY, &DUPLICATE_OBJECT, &RENDERING_DIFFERS];
        all.into_iter().find(|rule| rule.id == id)
    }

    /// What all of them are about.
    pub const CATEGORY: Category = Category::Reliability;
}

/// Of a document that can't be read.
pub static UNREADABLE: OwnRule = OwnRule {
    id: "document-unreadable",
    summary: "Flags a document that can't be read.",
    why: "The API server refuses it too, and nobody knows what is in it.",
    severity: Severity::High,
    enforcement: Enforcement::Deny,
};

/// Of a key that stands twice.
pub static DUPLICATE_KEY: OwnRule = OwnRule {
    id: "duplicate-key",
    summary: "Flags a key that stands twice in one map.",
    why: "The API server takes the last one, which is seldom what was meant.",
    severity: Severity::Medium,
    enforcement: Enforcement::Warn,
};

/// Of a chart that renders to something else each time.
pub static RENDERING_DIFFERS: OwnRule = OwnRule {
    id: "rendering-differs",
    summary: "Flags a value that is another one each time a chart is rendered.",
    why: "Every upgrade changes the object, and restarts what it runs, though nobody changed the chart.",
    severity: Severity::Medium,
    enforcement: Enforcement::Warn,
};

/// Of an object that two charts of one rendering bring.
pub static DUPLICATE_OBJECT: OwnRule = OwnRule {
    id: "duplicate-object",
    summary: "Flags an object that stands twice in one rendering.",
    why: "Helm refuses the release, or one chart's object takes the place of the other's.",
    severity: Severity::High,
    enforcement: Enforcement::Warn,
};
