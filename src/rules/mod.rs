//! The rules: one file each, and one list of them.
//!
//! A rule's doc comment is its page: `portcullis explain`, the web page and the tests read it.
//! Rules know nothing of who calls, and reach nothing but the subject and the facts.

mod field_default;
mod field_forbidden;
mod field_matches;
mod field_required;
mod label_required;
mod reference_exists;
mod unique;

use crate::engine::Rule;

/// Every rule, by id.
pub static ALL: &[&Rule] = &[
    &field_default::FIELD_DEFAULT,
    &field_forbidden::FIELD_FORBIDDEN,
    &field_matches::FIELD_MATCHES,
    &field_required::FIELD_REQUIRED,
    &label_required::LABEL_REQUIRED,
    &reference_exists::REFERENCE_EXISTS,
    &unique::UNIQUE,
];

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}
