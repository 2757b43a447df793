//! Typed structs from a value.

use std::collections::BTreeMap;

use portcullis::document::{Field, TypeError, from_value, yaml};
use serde::Deserialize;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params<'a> {
    #[serde(borrow)]
    field: &'a str,
    #[serde(default)]
    allowed: Vec<String>,
    limit: Option<u8>,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    by_name: BTreeMap<String, Shape>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
enum Mode {
    #[default]
    Deny,
    Warn,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Shape {
    Point,
    Circle(f64),
    Box { width: u32, height: u32 },
}

fn refused(text: &str) -> TypeError {
    let document = yaml::read(text).next().unwrap().unwrap();
    from_value::<Params<'_>>(&document.value).unwrap_err()
}

#[test]
fn a_value_becomes_a_struct_that_borrows_from_it() {
    let text = "
        field: spec.image
        allowed: [a, b]
        limit: 3
        mode: Warn
        byName: {p: point, c: {circle: 2}, b: {box: {width: 1, height: 2}}}
    ";
    let document = yaml::read(text).next().unwrap().unwrap();
    let params: Params<'_> = from_value(&document.value).unwrap();
    assert_eq!(params.field, "spec.image");
    assert_eq!(params.allowed, ["a", "b"]);
    assert_eq!((params.limit, params.mode), (Some(3), Mode::Warn));
    assert_eq!(params.by_name["p"], Shape::Point);
    assert_eq!(params.by_name["c"], Shape::Circle(2.0));
    assert_eq!(params.by_name["b"], Shape::Box { width: 1, height: 2 });
}

#[test]
fn null_is_an_absent_option() {
    let document = yaml::read("{field: x, limit: }").next().unwrap().unwrap();
    assert_eq!(from_value::<Params<'_>>(&document.value).unwrap().limit, None);
}

#[test]
fn an_error_names_the_place_and_what_was_found() {
    let cases = [
        ("{field: 1}", "/field", "`1` where a string must stand"),
        ("{field: x, allowed: [a, {b: c}]}", "/allowed/1", "a map where a string must stand"),
        ("{field: x, limit: 256}", "/limit", "`256` where a whole number from 0 to 255 must stand"),
        ("{field: x, mode: Of}", "/mode", "`Of` is none of `Deny`, `Warn`"),
        (
            "{field: x, byName: {b: {box: {width: 1}}}}",
            "/byName/b/box",
            "field `height` is missing",
        ),
        ("{field: x, byName: {b: {}}}", "/byName/b", "a map of one field must stand here"),
        ("[x]", "", "a list where a map must stand"),
        ("{}", "", "field `field` is missing"),
    ];
    for (text, path, message) in cases {
        let error = refused(text);
        assert_eq!((error.path.to_string().as_str(), error.message.as_str()), (path, message));
    }
}

#[test]
fn a_field_that_is_unknown_or_missing_is_named() {
    let unknown = refused("{field: x, byname: {}}").field.unwrap();
    let Field::Unknown { name, known } = unknown else { panic!("{unknown:?}") };
    assert_eq!(name, "byname");
    assert_eq!(known, ["field", "allowed", "limit", "mode", "byName"]);
    assert_eq!(refused("{}").field, Some(Field::Missing("field")));
}
