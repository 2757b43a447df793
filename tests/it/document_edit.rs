//! A patch is written into the text, and nothing else of the text changes.

use std::collections::VecDeque;

use json_patch::Patch;
use portcullis::document::edit::{Edit, apply, edits};
use portcullis::document::{Value, json, yaml};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn patch(operations: Json) -> Patch {
    serde_json::from_value(operations).unwrap()
}

/// The text after the patch, or why there is none.
fn edited(text: &str, operations: Json) -> Result<String, String> {
    let document = yaml::read(text).next().unwrap().unwrap();
    let edits = edits(text, &document, &patch(operations)).map_err(|it| it.to_string())?;
    Ok(apply(text, &edits))
}

fn add(path: &str, value: Json) -> Json {
    json!([{"op": "add", "path": path, "value": value}])
}

fn replace(path: &str, value: Json) -> Json {
    json!([{"op": "replace", "path": path, "value": value}])
}

fn remove(path: &str) -> Json {
    json!([{"op": "remove", "path": path}])
}

#[track_caller]
fn assert_edit(text: &str, operations: Json, expected: &str) {
    assert_eq!(edited(text, operations).as_deref(), Ok(expected));
}

#[test]
fn a_scalar_keeps_its_quotes_and_its_comment() {
    assert_edit("a: x # c\n", replace("/a", json!("v")), "a: v # c\n");
    assert_edit("a: 'x' # c\n", replace("/a", json!("it's")), "a: 'it''s' # c\n");
    assert_edit("a: \"x\"\n", replace("/a", json!("y\n\"z\"")), "a: \"y\\n\\\"z\\\"\"\n");
    assert_edit("a: x # c\n", replace("/a", json!("y\nz")), "a: \"y\\nz\" # c\n");
    assert_edit("- - ~ # c\n", replace("/0/0", json!("y\nz")), "- - \"y\\nz\" # c\n");
    let refused = edited("a: x # c\n", replace("/a", json!({"b": "y\nz"}))).unwrap_err();
    assert!(refused.contains("follows on the line"), "{refused}");
    assert_edit("a: x\n", replace("/a", json!("yes")), "a: \"yes\"\n");
    assert_edit("a: x\n", replace("/a", json!("12")), "a: \"12\"\n");
    assert_edit("a: x\n", replace("/a", json!("b: c")), "a: \"b: c\"\n");
    assert_edit("a: 'x'\n", replace("/a", json!(12)), "a: 12\n");
    assert_edit("a: x\n", replace("/a", json!(1.5)), "a: 1.5\n");
    assert_edit("a: &x !!str 1 # c\n", replace("/a", json!("2")), "a: &x !!str \"2\" # c\n");
    assert_edit("- x\n-   y\n", replace("/1", json!("z")), "- x\n-   z\n");
    assert_edit(
        "a: {b: x, c: [y]}\n",
        replace("/a/c/0", json!("p,q")),
        "a: {b: x, c: [\"p,q\"]}\n",
    );
    assert_edit("a: one\n  two # c\nb: x\n", replace("/a", json!("v")), "a: v # c\nb: x\n");
}

#[test]
fn a_value_that_is_not_written_is_written() {
    assert_edit("a:\nb: # c\n", replace("/a", json!(1)), "a: 1\nb: # c\n");
    assert_edit("a:\nb: # c\n", replace("/b", json!("x")), "a:\nb: x # c\n");
    assert_edit("-\n- \n", replace("/0", json!(1)), "- 1\n- \n");
    assert_edit("a: {b: , c}\n", replace("/a/b", json!(1)), "a: {b: 1 , c}\n");
}

#[test]
fn a_text_of_several_lines_stays_a_block() {
    let text = "a: | # c\n    one\n    two\nb: x\n";
    let expected = "a: |\n    three\n\n    four\nb: x\n";
    assert_edit(text, replace("/a", json!("three\n\nfour\n")), expected);
    assert_edit(text, replace("/a", json!("five")), "a: five\nb: x\n");
    assert_edit("a: x\n", replace("/a", json!("one\ntwo")), "a: |-\n  one\n  two\n");
    assert_edit("a: x\n", replace("/a", json!(" one\ntwo")), "a: \" one\\ntwo\"\n");
}

#[test]
fn a_field_goes_behind_the_last_one_of_its_map() {
    let text = "a:\n  b: 1 # one\n  # two\n\nc: 3\n";
    assert_edit(text, add("/a/d", json!("x")), "a:\n  b: 1 # one\n  d: x\n  # two\n\nc: 3\n");
    assert_edit(
        text,
        add("/d", json!({"e": [1, {"f": null}]})),
        "a:\n  b: 1 # one\n  # two\n\nc: 3\nd:\n  e:\n    - 1\n    - f: null\n",
    );
    assert_edit("a: 1", add("/b", json!(2)), "a: 1\nb: 2");
    assert_edit("a: 1\r\n", add("/b", json!({"c": 2})), "a: 1\r\nb:\r\n  c: 2\r\n");
    assert_edit(
        "- a: 1\n  b: 2\n-   c: 3\n",
        add("/1/d", json!(4)),
        "- a: 1\n  b: 2\n-   c: 3\n    d: 4\n",
    );
    assert_edit(
        "a:\n  b: |\n    x\n\nc: 1\n",
        add("/a/d", json!(1)),
        "a:\n  b: |\n    x\n  d: 1\n\nc: 1\n",
    );
    assert_edit("a:\n  b: |\n    x", add("/c", json!(1)), "a:\n  b: |\n    x\nc: 1");
    assert_edit(
        "a:\n  b: |+\n    x\n\nc: 1\n",
        add("/a/d", json!(1)),
        "a:\n  b: |+\n    x\n\n  d: 1\nc: 1\n",
    );
    assert_edit("a:\n  b:\n", add("/a/c", json!("x y")), "a:\n  b:\n  c: x y\n");
    assert_edit(
        "a: &x {b: 1}\nc:\n  <<: *x\n",
        add("/c/d", json!(1)),
        "a: &x {b: 1}\nc:\n  <<: *x\n  d: 1\n",
    );
}

#[test]
fn a_list_is_laid_out_as_the_others() {
    let text = "a:\n- b\nc:\n  d: 1\n";
    assert_edit(text, add("/c/e", json!(["x"])), "a:\n- b\nc:\n  d: 1\n  e:\n  - x\n");
    let text = "a:\n    - b\nc:\n    d: 1\n";
    assert_edit(
        text,
        add("/c/e", json!(["x"])),
        "a:\n    - b\nc:\n    d: 1\n    e:\n        - x\n",
    );
}

#[test]
fn the_first_field_of_an_empty_map_is_added() {
    assert_edit("a: {} # c\nb: 1\n", add("/a/x", json!("v")), "a:\n  x: v # c\nb: 1\n");
    assert_edit("a:\n  - {}\n", add("/a/0/x", json!({"v": 1})), "a:\n  - x:\n      v: 1\n");
    assert_edit("a: [{}]\n", add("/a/0/x", json!("v")), "a: [{x: v}]\n");
    assert_edit("a:\nb: 1\n", add("/a", json!({"x": 1})), "a:\n  x: 1\nb: 1\n");
    assert_edit("a: []\n", add("/a/-", json!("x")), "a:\n  - x\n");
    assert_edit("{}", add("/a", json!("x")), "{\"a\": \"x\"}");
}

#[test]
fn an_item_goes_where_it_belongs() {
    let text = "a:\n- x # one\n# two\n- y: 1\n  z: 2\nb: 1\n";
    assert_edit(text, add("/a/-", json!("w")), "a:\n- x # one\n# two\n- y: 1\n  z: 2\n- w\nb: 1\n");
    assert_edit(
        text,
        add("/a/1", json!({"v": 1, "w": [2]})),
        "a:\n- x # one\n# two\n- v: 1\n  w:\n  - 2\n- y: 1\n  z: 2\nb: 1\n",
    );
    assert_edit(
        text,
        add("/a/0", json!([1, 2])),
        "a:\n- - 1\n  - 2\n- x # one\n# two\n- y: 1\n  z: 2\nb: 1\n",
    );
    assert_edit("a:\n  - x\n", add("/a/1", json!("v")), "a:\n  - x\n  - v\n");
    assert_edit("- - a\n  - b\n", add("/0/0", json!("c")), "- - c\n  - a\n  - b\n");
    assert_edit("a: [x, y]\n", add("/a/1", json!("z")), "a: [x, z, y]\n");
    assert_edit("a: [x, y, ]\n", add("/a/2", json!("z: w")), "a: [x, y, \"z: w\", ]\n");
    assert_edit(
        "a: [\n  x,\n  y\n]\n",
        add("/a/-", json!({"z": 1})),
        "a: [\n  x,\n  y,\n  {z: 1}\n]\n",
    );
}

#[test]
fn a_field_is_removed_with_its_lines() {
    let text = "a: 1 # one\n# b\nb:\n  c: 2\n  # d\n  d: |\n    x\ne: 3\n";
    assert_edit(text, remove("/a"), "# b\nb:\n  c: 2\n  # d\n  d: |\n    x\ne: 3\n");
    assert_edit(text, remove("/b"), "a: 1 # one\n# b\ne: 3\n");
    assert_edit(text, remove("/b/d"), "a: 1 # one\n# b\nb:\n  c: 2\n  # d\ne: 3\n");
    assert_edit(text, remove("/e"), text.strip_suffix("e: 3\n").unwrap());
    assert_edit("a: 1\nb: 2", remove("/b"), "a: 1");
    assert_edit("- a: 1\n  b: 2\n", remove("/0/a"), "- b: 2\n");
    assert_edit("- a: 1 # c\n  # d\n  b: 2\n", remove("/0/a"), "- # d\n  b: 2\n");
    assert_edit("a:\n  b: 1\nc: 2\n", remove("/a/b"), "a: {}\nc: 2\n");
    assert_edit("a: {b: 1, c: 2}\n", remove("/a/b"), "a: {c: 2}\n");
    assert_edit("a: {b: 1, c: 2}\n", remove("/a/c"), "a: {b: 1}\n");
    assert_edit("a: {b: 1}\n", remove("/a/b"), "a: {}\n");
}

#[test]
fn an_item_is_removed_with_its_lines() {
    let text = "a:\n- x # one\n- y: 1\n  z: 2\n- w\nb: 1\n";
    assert_edit(text, remove("/a/0"), "a:\n- y: 1\n  z: 2\n- w\nb: 1\n");
    assert_edit(text, remove("/a/1"), "a:\n- x # one\n- w\nb: 1\n");
    assert_edit(text, remove("/a/2"), "a:\n- x # one\n- y: 1\n  z: 2\nb: 1\n");
    assert_edit("a:\n- x\nb: 1\n", remove("/a/0"), "a: []\nb: 1\n");
    assert_edit("- - a\n  - b\n", remove("/0/0"), "- - b\n");
    assert_edit("a: [x, y, z]\n", remove("/a/1"), "a: [x, z]\n");
    assert_edit("a: [x, y]\n", remove("/a/1"), "a: [x]\n");
}

#[test]
fn a_map_in_place_of_another_changes_only_what_differs() {
    let text = "a:\n  b: 1 # one\n  c: 'x' # two\n  d: 3 # three\n";
    let new = json!({"b": 1, "c": "v", "e": 5});
    assert_edit(text, replace("/a", new), "a:\n  b: 1 # one\n  c: 'v' # two\n  e: 5\n");
    let text = "a:\n- x # one\n- u # two\n- z # three\n";
    assert_edit(text, replace("/a", json!(["x", "z"])), "a:\n- x # one\n- z # three\n");
    assert_edit(
        text,
        replace("/a", json!(["x", "w", "u", "z"])),
        "a:\n- x # one\n- w\n- u # two\n- z # three\n",
    );
    assert_edit(text, add("/a", json!(["x", "u", "v"])), "a:\n- x # one\n- u # two\n- v # three\n");
}

#[test]
fn another_sort_of_value_takes_the_place() {
    assert_edit("a:\n  b: 1\nc: 2\n", replace("/a", json!("x")), "a: x\nc: 2\n");
    assert_edit(
        "a: x\nc: 2\n",
        replace("/a", json!({"b": {"c": 1}})),
        "a:\n  b:\n    c: 1\nc: 2\n",
    );
    assert_edit("a:\n- 1\nc: 2\n", replace("/a", json!({"b": 1})), "a:\n  b: 1\nc: 2\n");
    assert_edit("- a: 1\n  b: 2\n- c\n", replace("/0", json!("x")), "- x\n- c\n");
    assert_edit(
        "- x\n- c\n",
        replace("/0", json!({"a": 1, "b": [2]})),
        "- a: 1\n  b:\n    - 2\n- c\n",
    );
    assert_edit("a: |\n  x\nc: 2\n", replace("/a", json!({"b": 1})), "a:\n  b: 1\nc: 2\n");
}

#[test]
fn json_stays_json() {
    let text = "{\n  \"a\": {\"b\": 1},\n  \"c\": [1, \"x\"]\n}\n";
    assert_edit(
        text,
        add("/d", json!({"e": "f"})),
        "{\n  \"a\": {\"b\": 1},\n  \"c\": [1, \"x\"],\n  \"d\": {\"e\": \"f\"}\n}\n",
    );
    assert_edit(
        text,
        add("/a/d", json!("yes")),
        "{\n  \"a\": {\"b\": 1, \"d\": \"yes\"},\n  \"c\": [1, \"x\"]\n}\n",
    );
    assert_edit(
        text,
        replace("/c/1", json!("v")),
        "{\n  \"a\": {\"b\": 1},\n  \"c\": [1, \"v\"]\n}\n",
    );
    assert_edit(text, remove("/a"), "{\n  \"c\": [1, \"x\"]\n}\n");
    assert_edit(text, remove("/c"), "{\n  \"a\": {\"b\": 1}\n}\n");
    assert_edit(
        text,
        add("/c/0", json!(null)),
        "{\n  \"a\": {\"b\": 1},\n  \"c\": [null, 1, \"x\"]\n}\n",
    );
    assert_edit("{\"a\":1,\"b\":2}", add("/c", json!(3)), "{\"a\":1,\"b\":2,\"c\":3}");
}

#[test]
fn the_other_documents_of_a_text_stay() {
    let text = "a: 1\n---\n# two\nb: é\n--- # three\nc: 3\n";
    let documents: Vec<_> = yaml::read(text).map(Result::unwrap).collect();
    let edits = edits(text, &documents[1], &patch(replace("/b", json!("x")))).unwrap();
    assert_eq!(
        edits,
        [Edit { span: documents[1].value.get("b").unwrap().span, replacement: "x".into() }]
    );
    assert_eq!(apply(text, &edits), "a: 1\n---\n# two\nb: x\n--- # three\nc: 3\n");
}

#[test]
fn several_operations_come_to_few_edits() {
    let text = "a: 1\nb:\n  c: 2\n";
    let operations = json!([
        {"op": "test", "path": "/a", "value": 1},
        {"op": "add", "path": "/b/d", "value": {}},
        {"op": "add", "path": "/b/d/e", "value": "x"},
        {"op": "replace", "path": "/b/d/e", "value": "v"},
        {"op": "remove", "path": "/a"},
    ]);
    let document = yaml::read(text).next().unwrap().unwrap();
    let edits = edits(text, &document, &patch(operations)).unwrap();
    let spans: Vec<_> = edits.iter().map(|it| (it.span.start, it.span.end)).collect();
    assert_eq!(spans, [(0, 5), (14, 14)]);
    assert_eq!(apply(text, &edits), "b:\n  c: 2\n  d:\n    e: v\n");
}

#[test]
fn what_cannot_be_written_for_certain_is_refused() {
    let refused = |text: &str, operations: Json| edited(text, operations).unwrap_err();
    let anchored = "a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n";
    let alias = "the place is written once for several, by an alias";
    assert_eq!(refused(anchored, replace("/c/b", json!(2))), alias);
    assert_eq!(refused(anchored, replace("/c", json!(2))), alias);
    assert_eq!(refused(anchored, replace("/d/b", json!(2))), alias);
    let meaning = "the text would not mean what the patch asks for";
    assert_eq!(refused(anchored, replace("/a/b", json!(2))), meaning);
    assert_eq!(refused("a: 1\na: 2\nb: 3\n", remove("/a")), meaning);
    assert_eq!(refused("a: '{{ x }}'\n", replace("/a", json!(2))), "a template would be lost");
    let lost = "a comment, a tag or an anchor would be lost";
    assert_eq!(refused("a: # c\n  b: 1\n", replace("/a", json!(2))), lost);
    let fit = "the patch does not fit the document";
    assert_eq!(refused("a: 1\n", remove("/b")), fit);
    assert_eq!(refused("a: 1\n", add("/b/c", json!(1))), fit);
    assert_eq!(refused("a: 1\n", json!([{"op": "test", "path": "/a", "value": 2}])), fit);
    let several = "what is moved or copied could be written in more than one way";
    assert_eq!(refused("a: 1\n", json!([{"op": "move", "from": "/a", "path": "/b"}])), several);
    assert_eq!(
        refused("a: 1\n", replace("", json!(1))),
        "the whole document would be written anew"
    );
}

/// Any value whose keys are few, so that patches meet.
fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i16>().prop_map(Json::from),
        "[a-z]{1,6}".prop_map(Json::from),
        "[a-z :#'\"\\\\,}\n\t-]{0,10}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Json> {
    proptest::collection::btree_map("[a-d]", value(), 1..4)
        .prop_map(|fields| Json::Object(fields.into_iter().collect()))
}

/// `value` as YAML in a style that `dice` chooses anew for each part, with comments.
fn styled(value: &Json, column: usize, dice: &mut VecDeque<u8>) -> String {
    let roll = dice.pop_front().unwrap_or_default();
    let margin = format!("\n{}", " ".repeat(column));
    let comment = if roll & 64 == 0 { "" } else { " # comment" };
    match value {
        Json::Object(fields) if !fields.is_empty() && roll & 3 != 0 => {
            let fields = fields.iter().map(|(key, value)| {
                let roll = dice.pop_front().unwrap_or_default();
                match value {
                    Json::Object(inner) if !inner.is_empty() && roll & 3 != 0 => {
                        let column = column + 1 + usize::from(roll >> 4 & 3);
                        dice.push_front(1);
                        let inner = styled(value, column, dice);
                        format!("{key}:{comment}\n{}{inner}", " ".repeat(column))
                    }
                    Json::Array(items) if !items.is_empty() && roll & 3 != 0 => {
                        let column = column + usize::from(roll >> 4 & 3);
                        dice.push_front(1);
                        let inner = styled(value, column, dice);
                        format!("{key}:\n{}{inner}", " ".repeat(column))
                    }
                    value => format!("{key}: {}{comment}", flow(value, roll)),
                }
            });
            fields.collect::<Vec<_>>().join(&margin)
        }
        Json::Array(items) if !items.is_empty() && roll & 3 != 0 => {
            let items = items.iter().map(|item| format!("- {}", styled(item, column + 2, dice)));
            items.collect::<Vec<_>>().join(&margin)
        }
        value => format!("{}{comment}", flow(value, roll)),
    }
}

fn flow(value: &Json, roll: u8) -> String {
    match value {
        Json::Null if roll & 8 == 0 => "~".into(),
        Json::String(text) if roll & 8 == 0 && !text.contains(['\n', '\t']) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        value => value.to_string(),
    }
}

/// A patch of one or two operations at places that there may be.
fn operations() -> impl Strategy<Value = Patch> {
    let operation =
        ("(/[a-d0-2]){1,3}(/-)?", value(), 0..3_u8).prop_map(|(path, value, sort)| match sort {
            0 => json!({"op": "add", "path": path, "value": value}),
            1 => json!({"op": "replace", "path": path, "value": value}),
            _ => json!({"op": "remove", "path": path}),
        });
    proptest::collection::vec(operation, 1..3).prop_map(|all| patch(Json::from(all)))
}

proptest! {
    #[test]
    fn the_edited_text_means_the_patched_value(
        object in object(),
        dice in proptest::collection::vec(any::<u8>(), 60),
        patch in operations(),
    ) {
        let mut dice: VecDeque<u8> = std::iter::once(1).chain(dice).collect();
        let text = format!("# head\n{}\n", styled(&object, 0, &mut dice));
        let document = yaml::read(&text).next().unwrap().unwrap();
        prop_assert_eq!(&document.value, &Value::from(&object), "{}", text);
        let mut expected = object.clone();
        let fits = json_patch::patch(&mut expected, &patch).is_ok();
        match edits(&text, &document, &patch) {
            Ok(edits) => {
                let edited = apply(&text, &edits);
                let again = yaml::read(&edited).next().unwrap().unwrap();
                prop_assert!(fits);
                prop_assert_eq!(again.value, Value::from(&expected));
                prop_assert!(edited.starts_with("# head\n"));
            }
            Err(refusal) => {
                let reason = refusal.to_string();
                let known = !fits || reason.contains("would be lost") || reason.contains("whole");
                prop_assert!(known, "{}: {:?}\n{}", reason, patch, text);
            }
        }
    }

    #[test]
    fn json_is_edited_to_json(object in object(), pretty in any::<bool>(), patch in operations()) {
        let text = if pretty { format!("{object:#}\n") } else { object.to_string() };
        let document = yaml::read(&text).next().unwrap().unwrap();
        let mut expected = object.clone();
        if json_patch::patch(&mut expected, &patch).is_ok() {
            let edits = edits(&text, &document, &patch).unwrap();
            let edited = apply(&text, &edits);
            prop_assert_eq!(json::read(edited.trim()).unwrap().value, Value::from(&expected));
        }
    }
}
