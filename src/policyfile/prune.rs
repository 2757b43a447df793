//! A document without its mistakes, so that what is left of it can be checked further.
//!
//! Spans stay, so whatever is found in the rest is still found at its place in the file.

use serde_json::Value as Json;

use super::misfit::misfits;
use crate::document::{Body, Path, Step, Value};

/// Takes out what is at `paths`, and then whatever does not fit `schema` for the lack of it;
/// `None` if that is all of it.
pub(super) fn without<'t>(
    value: Value<'t>,
    mut paths: Vec<Path>,
    schema: &Json,
) -> Option<Value<'t>> {
    let mut rest = value;
    while !paths.is_empty() {
        // From the last to the first: what is taken out moves only items that follow it.
        paths.sort();
        paths.dedup();
        for path in paths.iter().rev() {
            rest = take_out(rest, &path.steps)?;
        }
        paths = misfits(schema, &rest).into_iter().map(|misfit| misfit.path).collect();
    }
    Some(rest)
}

fn take_out<'t>(value: Value<'t>, way: &[Step]) -> Option<Value<'t>> {
    let (step, below) = way.split_first()?;
    let span = value.span;
    let body = match (value.body, step) {
        (Body::Map(map), Step::Key(key)) => {
            let kept = map.into_iter().filter_map(|mut entry| {
                if entry.key == **key {
                    entry.value = take_out(entry.value, below)?;
                }
                Some(entry)
            });
            Body::Map(kept.collect())
        }
        (Body::List(items), Step::Index(index)) => {
            let kept = (0..).zip(items).filter_map(|(at, item)| match at == *index {
                true => take_out(item, below),
                false => Some(item),
            });
            Body::List(kept.collect())
        }
        (body, _) => body,
    };
    Some(Value { span, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::json;

    fn value(text: &str) -> Value<'_> {
        json::read(text).unwrap().value
    }

    #[test]
    fn several_items_of_one_list_are_taken_out_at_once() {
        let paths = ["/a/0", "/a/2", "/b"].map(|path| Path::parse(path).unwrap());
        let rest = without(value(r#"{"a": [1, 2, 3], "b": 4, "c": 5}"#), paths.into(), &Json::Null);
        assert_eq!(rest, Some(value(r#"{"a": [2], "c": 5}"#)));
    }

    #[test]
    fn a_map_goes_with_the_field_that_it_needs() {
        let schema: Json = serde_json::from_str(
            r#"{"type": "object", "additionalProperties": {"type": "object", "required": ["x"]}}"#,
        )
        .unwrap();
        let path = Path::parse("/one/x").unwrap();
        let rest = without(value(r#"{"one": {"x": 1}, "two": {"x": 2}}"#), vec![path], &schema);
        assert_eq!(rest, Some(value(r#"{"two": {"x": 2}}"#)));
    }
}
