//! A document inside a string of another.

use super::problem::Problem;
use super::source::Document;
use super::{json, yaml};

/// Whether a text is meant as JSON; all else is meant as YAML.
pub fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Reads the document that a string holds: JSON, which need not keep to the letter, or YAML. Of
/// several the first. Places are offsets in `text`.
pub fn read(text: &str) -> Result<Document<'_>, Problem> {
    let in_json = match is_json(text) {
        true => json::read(text),
        false => Err(Problem::new(super::Span::new(0, 0), "empty text")),
    };
    in_json.or_else(|in_json| match yaml::read(text).next() {
        Some(Ok(document)) => Ok(document),
        Some(Err(_)) if is_json(text) => Err(in_json),
        Some(Err(in_yaml)) => Err(in_yaml),
        None => Err(in_json),
    })
}
