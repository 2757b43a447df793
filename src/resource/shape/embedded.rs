//! Documents in strings: JSON in a custom resource, files in a ConfigMap.

use super::form::Form;
use crate::document::{Value, json, yaml};

/// The document in `text`: none where none is meant, an error in words where one is and can't be
/// read.
pub(super) fn read<'t>(form: &Form, key: &str, text: &'t str) -> Option<Result<Value<'t>, String>> {
    match form {
        Form::Json => Some(read_json(text)),
        Form::File => match key.rsplit_once('.')?.1 {
            "json" => Some(read_json(text)),
            "yaml" | "yml" => read_yaml(text),
            _ => None,
        },
        _ => None,
    }
}

fn read_json(text: &str) -> Result<Value<'_>, String> {
    json::read(text).map(|document| document.value).map_err(|problem| problem.message)
}

/// A file of several YAML documents is none that a path could go on in.
fn read_yaml(text: &str) -> Option<Result<Value<'_>, String>> {
    let mut documents = yaml::read(text);
    let first = documents.next()?;
    if documents.next().is_some() {
        return None;
    }
    Some(first.map(|document| document.value).map_err(|problem| problem.message))
}
