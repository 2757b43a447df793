//! Published schemas, where they are there to compare with.

use jsonschema::Validator;
use serde_json::Value as Json;

/// Fails with all that a schema has against a document.
#[track_caller]
pub(super) fn assert_valid(schema: &Json, document: &Json) {
    let validator: Validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}
