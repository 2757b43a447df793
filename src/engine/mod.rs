//! Judges one subject by rules, and says what to answer; knows no kind, file, socket or clock.

pub mod glob;
mod label;
mod selector;

pub use self::label::{is_label_key, is_label_value};
pub use self::selector::{LabelSelector, Operator, Requirement, SelectorError};
