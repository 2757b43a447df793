//! One document into a type, with every mistake told at once.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::misfit::misfits;
use super::part::nearer;
use super::problem::{Problem, Problems};
use super::read::{Found, Source, duplicate};
use super::schema::of_type;
use crate::document::{Lines, Value, from_value, yaml};

/// Reads the documents of a text, each with its tree.
///
/// # Errors
///
/// Every mistake of the text.
pub(super) fn read<'t, T: DeserializeOwned + JsonSchema>(
    source: &Source<'t>,
) -> Result<Vec<(T, Value<'t>)>, Problems> {
    let schema = of_type::<T>();
    let mut found = Vec::new();
    let mut all = Vec::new();
    for document in yaml::read(source.text) {
        match document {
            Ok(document) if document.empty => {}
            Ok(document) => {
                found.extend(document.duplicates.iter().map(|it| duplicate(it, source.text)));
                let read = typed(&document.value, &schema, &mut found);
                all.extend(read.map(|read| (read, document.value)));
            }
            Err(it) => found.push(Found { span: it.span, message: it.message, help: it.help }),
        }
    }
    if found.is_empty() { Ok(all) } else { Err(problems(source, found)) }
}

/// What was found in one text, by place.
pub(super) fn problems(source: &Source<'_>, mut found: Vec<Found>) -> Problems {
    found.sort_by_key(|it| it.span);
    let lines = Lines::new(source.text);
    let placed = found.into_iter().map(|it| Problem {
        help: it.help,
        ..Problem::new(source.name, &lines, it.span, it.message)
    });
    Problems(placed.collect())
}

fn typed<T: DeserializeOwned>(
    value: &Value<'_>,
    schema: &Json,
    found: &mut Vec<Found>,
) -> Option<T> {
    let misfits = misfits(schema, value);
    if !misfits.is_empty() {
        found.extend(misfits.into_iter().map(Found::from));
        return None;
    }
    let error = match from_value(value) {
        Ok(read) => return Some(read),
        Err(error) => error,
    };
    let (_, span) = nearer(value, error.path, &error.message);
    found.push(Found { span, message: error.message, help: None });
    None
}
