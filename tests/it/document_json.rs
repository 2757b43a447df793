//! The JSON reader against `serde_json`, and each with places and without.

use portcullis::document::json::{Reader, Without};
use portcullis::document::{Body, Value, json, yaml};
use proptest::prelude::*;
use serde_json::Value as Json;

/// Any JSON value that `serde_json` can hold.
fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "\\PC{0,12}".prop_map(Json::from),
        proptest::collection::vec(any::<char>(), 0..12)
            .prop_map(|letters| Json::from(letters.into_iter().collect::<String>())),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
            proptest::collection::btree_map("\\PC{0,4}", inner, 0..40)
                .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

/// JSON with a letter changed here and there.
fn broken() -> impl Strategy<Value = String> {
    (value(), any::<prop::sample::Index>(), "[\\[\\]{}\",:\\\\u0-9a-f.eE+ \n-]{0,3}").prop_map(
        |(value, at, noise)| {
            let mut text = value.to_string();
            let at = text.floor_char_boundary(at.index(text.len()));
            let end = text.ceil_char_boundary(at + 1);
            text.replace_range(at..end, &noise);
            text
        },
    )
}

proptest! {
    #[test]
    fn a_text_is_read_as_serde_json_reads_it(value in value(), pretty in any::<bool>()) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        let read = json::read(&text).unwrap().value;
        prop_assert_eq!(&read, &Value::from(&value));
        prop_assert_eq!(&read, &serde_json::from_str::<Value<'_>>(&text).unwrap());
        prop_assert_eq!(&read, &Value::from(Json::from(&read)));
        let again = serde_json::to_string(&read).unwrap();
        prop_assert_eq!(&read, &json::read(&again).unwrap().value);
    }

    #[test]
    fn a_text_is_refused_where_serde_json_refuses_it(text in broken()) {
        let oracle = serde_json::from_str::<Value<'_>>(&text);
        match json::read(&text) {
            Ok(document) => prop_assert_eq!(document.value, oracle.unwrap()),
            Err(problem) => prop_assert!(oracle.is_err(), "{}: {}", text, problem),
        }
    }

    #[test]
    fn every_token_reads_back_alone(value in value()) {
        let text = format!("{value:#}");
        let mut open = vec![json::read(&text).unwrap().value];
        while let Some(value) = open.pop() {
            let source = &text[value.span.start as usize..value.span.end as usize];
            prop_assert_eq!(&json::read(source).unwrap().value, &value);
            match value.body {
                Body::List(items) => open.extend(items),
                Body::Map(map) => open.extend(map.into_iter().map(|entry| entry.value)),
                _ => {}
            }
        }
    }

    #[test]
    fn json_is_yaml_with_the_same_places(value in value()) {
        let text = serde_json::json!({"a": value}).to_string();
        let document = yaml::read(&text).next().unwrap().unwrap();
        prop_assert_eq!(document.value, json::read(&text).unwrap().value);
    }
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    let cases = [
        ("", 0, "text ends where a value must stand"),
        ("[1,]", 3, "no JSON value begins with this"),
        ("{\"a\": 1,}", 8, "a key in double quotes must stand here"),
        ("[01]", 2, "`,` or `]` must stand here"),
        ("[1.]", 3, "a digit must stand here"),
        ("[-]", 2, "a digit must stand here"),
        ("[1e999]", 1, "number is too large"),
        ("[\"a", 1, "quote is never closed"),
        ("[\"a\nb\"]", 3, "control character in a string"),
        ("[\"\\x\"]", 2, "unknown escape"),
        ("[\"\\ud800\"]", 2, "`\\u` names no character"),
        ("[\"\\u+123\"]", 2, "`\\u` names no character"),
        ("[nul]", 1, "no JSON value begins with this"),
        ("{} {}", 3, "text behind the end of the document"),
        ("{} é", 3, "text behind the end of the document"),
        ("{\"a\" 1}", 5, "`:` must stand here"),
        ("\u{feff}{}", 0, "no JSON value begins with this"),
    ];
    for (text, at, message) in cases {
        let problem = json::read(text).unwrap_err();
        assert_eq!((problem.span.start, problem.message.as_str()), (at, message), "{text}");
        assert!(text.get(at as usize..problem.span.end as usize).is_some(), "{text}");
    }
}

#[test]
fn numbers_are_those_of_the_api_server() {
    let text = "[9007199254740993, 9223372036854775808, 1.0, -0, -0.0, 1e2, 4611686018427387904.0]";
    let expected = [
        Body::Int(9_007_199_254_740_993),
        Body::Float(9_223_372_036_854_775_808.0),
        Body::Int(1),
        Body::Int(0),
        Body::Int(0),
        Body::Int(100),
        Body::Int(4_611_686_018_427_388_000),
    ];
    let read = json::read(text).unwrap().value;
    let bodies: Vec<_> = read.as_list().unwrap().iter().map(|item| item.body.clone()).collect();
    assert_eq!(bodies, expected);
    assert_eq!(read, serde_json::from_str::<Value<'_>>(text).unwrap());
}

#[test]
fn strings_without_escapes_are_borrowed() {
    let text = r#"{"a": "b", "c\n": ["d", "\u00e9"]}"#;
    for value in [json::read(text).unwrap().value, serde_json::from_str(text).unwrap()] {
        let borrowed: Vec<bool> = value
            .as_map()
            .unwrap()
            .iter()
            .map(|entry| matches!(entry.key, std::borrow::Cow::Borrowed(_)))
            .collect();
        assert_eq!(borrowed, [true, false]);
        assert!(matches!(
            value.get("a").unwrap().body,
            Body::Text(std::borrow::Cow::Borrowed("b"))
        ));
    }
}

#[test]
fn one_field_can_be_left_out_under_one_parent() {
    let text = r#"{"managedFields": 1, "metadata": {"managedFields": [{"a": 1}], "name": "x",
        "metadata": {"managedFields": 2}, "list": [{"managedFields": 3}]},
        "template": {"metadata": {"managedFields": {}, "labels": {}}}}"#;
    let without = Without { parent: "metadata", key: "managedFields" };
    let value = Reader::new(text).unwrap().without(without).value().unwrap();
    let expected = serde_json::json!({
        "managedFields": 1,
        "metadata": {"name": "x", "metadata": {}, "list": [{"managedFields": 3}]},
        "template": {"metadata": {"labels": {}}},
    });
    assert_eq!(value, Value::from(&expected));
}
