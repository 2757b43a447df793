//! The rules: one file each, and one list of them.
//!
//! A rule's doc comment is its page: `portcullis explain`, the web page and the tests read it.
//! Rules know nothing of who calls, and reach nothing but the subject and the facts.

mod field_default;
mod field_forbidden;
mod field_required;

use crate::engine::Rule;

/// Every rule, by id.
pub static ALL: &[&Rule] = &[
    &field_default::FIELD_DEFAULT,
    &field_forbidden::FIELD_FORBIDDEN,
    &field_required::FIELD_REQUIRED,
];

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}
