//! Every value knows its token in the text.

use portcullis::document::{Body, Document, Path, Value, yaml};

fn read(text: &str) -> Document<'_> {
    yaml::read(text).next().unwrap().unwrap()
}

/// The source of the value at the end of `keys`.
fn source<'a>(text: &'a str, keys: &[&str]) -> &'a str {
    let document = read(text);
    let span = document.value.at(keys).unwrap().span;
    &text[span.start as usize..span.end as usize]
}

/// Each span is a slice of the text.
pub(crate) fn assert_spans(text: &str, value: &Value<'_>) {
    let slice = |start: u32, end: u32| text.get(start as usize..end as usize);
    assert!(slice(value.span.start, value.span.end).is_some(), "{text:?}: {value:?}");
    match &value.body {
        Body::List(items) => items.iter().for_each(|item| assert_spans(text, item)),
        Body::Map(map) => {
            for entry in map {
                assert!(slice(entry.key_span.start, entry.key_span.end).is_some(), "{text:?}");
                assert_spans(text, &entry.value);
            }
        }
        _ => {}
    }
}

#[test]
fn a_scalar_is_its_token_with_the_quotes() {
    let text = "a: x y # c\nb: \"q\\n\"\n'c': 'it''s'\nd: {e: 1 , \"f\":2}\n";
    assert_eq!(source(text, &["a"]), "x y");
    assert_eq!(source(text, &["b"]), "\"q\\n\"");
    assert_eq!(source(text, &["c"]), "'it''s'");
    assert_eq!(source(text, &["d"]), "{e: 1 , \"f\":2}");
    assert_eq!(source(text, &["d", "e"]), "1");
    assert_eq!(source(text, &["d", "f"]), "2");
    let document = read(text);
    let key = document.value.as_map().unwrap().entry("c").unwrap().key_span;
    assert_eq!(&text[key.start as usize..key.end as usize], "'c'");
}

#[test]
fn a_block_scalar_is_from_its_indicator_to_its_last_line() {
    let text = "a: |\n  x\n   y\n\n\nb: !t &z >+2 # |\n\n    f\n\n# c\nc:\n- |-\n    x\n- >\n\n- |\n  last";
    assert_eq!(source(text, &["a"]), "|\n  x\n   y\n");
    assert_eq!(source(text, &["b"]), ">+2 # |\n\n    f\n\n");
    let document = read(text);
    let items = document.value.get("c").unwrap().as_list().unwrap();
    let source = |item: &Value<'_>| &text[item.span.start as usize..item.span.end as usize];
    assert_eq!(items.iter().map(source).collect::<Vec<_>>(), ["|-\n    x\n", ">\n", "|\n  last"]);
}

#[test]
fn a_block_collection_ends_with_its_last_value() {
    let text = "a:\n  b:\n  - 1\n  - c: 2 # c\n\n# d\ne: f\n\n";
    assert_eq!(source(text, &["a"]), "b:\n  - 1\n  - c: 2");
    assert_eq!(source(text, &["a", "b"]), "- 1\n  - c: 2");
    assert_eq!(source(text, &[]), text.trim_end());
}

#[test]
fn a_value_that_is_not_written_stands_behind_its_indicator() {
    let text = "a:\nb : # c\nc:\n-\n- \n-  # d\n- - \nd: {e: , f}\n? g\n";
    let document = read(text);
    let start = |keys: &[&str]| {
        let value = document.value.at(keys).unwrap();
        assert!(value.is_null() && value.span.start == value.span.end);
        &text[..value.span.start as usize]
    };
    assert!(start(&["a"]).ends_with("a:"));
    assert!(start(&["b"]).ends_with("b :"));
    assert!(start(&["d", "e"]).ends_with("e:"));
    assert!(start(&["d", "f"]).ends_with('f'));
    assert!(start(&["g"]).ends_with('g'));
    let items = document.value.get("c").unwrap().as_list().unwrap();
    let starts: Vec<_> = items.iter().map(|item| item.span.start).collect();
    assert_eq!(starts, [15, 17, 20, 28]);
    assert_eq!(items[3].as_list().unwrap()[0].span.start, 29);
}

#[test]
fn an_alias_stands_where_it_is_written_and_its_inside_where_that_is() {
    let text = "a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n";
    assert_eq!(source(text, &["c"]), "*x");
    assert_eq!(source(text, &["d"]), "<<: *x");
    let document = read(text);
    let inside = document.value.at(&["a", "b"]).unwrap().span;
    assert_eq!(document.value.at(&["c", "b"]).unwrap().span, inside);
    assert_eq!(document.value.at(&["d", "b"]).unwrap().span, inside);
}

#[test]
fn places_count_from_the_start_of_the_whole_text() {
    let text = "\u{feff}a: 1\n---\r\nb: é\r\n--- {c: 3}\n";
    let documents: Vec<_> = yaml::read(text).map(Result::unwrap).collect();
    let sources: Vec<_> = documents
        .iter()
        .flat_map(|document| document.value.as_map().unwrap())
        .map(|entry| &text[entry.value.span.start as usize..entry.value.span.end as usize])
        .collect();
    assert_eq!(sources, ["1", "é", "3"]);
    let span = documents[1].span;
    assert_eq!(&text[span.start as usize..span.end as usize], "---\r\nb: é\r\n");
}

#[test]
fn the_dashes_of_a_marker_begin_no_list() {
    for text in ["---\n- a\n-", "--- # c\n- a\n-", "--- # -\n- a"] {
        assert_eq!(source(text, &[]), text[text.rfind("- a").unwrap()..].trim_end());
    }
    let text = "---\n-\n";
    assert_eq!(read(text).value.as_list().unwrap()[0].span.start, 5);
}

#[test]
fn a_key_that_stands_twice_is_told_with_both_places() {
    let text = "a:\n- b: 1\n  c: 2\n  \"b\": 3\n  b: 4\n";
    let document = read(text);
    let told: Vec<_> = document
        .duplicates
        .iter()
        .map(|it| (it.first.start, it.span.start, it.path.to_string()))
        .collect();
    assert_eq!(told, [(5, 19, "/a/0/b".into()), (19, 28, "/a/0/b".to_owned())]);

    let text = r#"{"a": [0, {"b": 1, "b": 2}]}"#;
    let document = read(text);
    assert_eq!(document.duplicates[0].path, Path::parse("/a/1/b").unwrap());
}

#[test]
fn a_key_over_a_merged_one_is_no_duplicate() {
    for text in ["x: &a {p: 1}\ny: {<<: *a, p: 9}", "{x: &a {p: 1}, <<: *a, p: 2}"] {
        assert_eq!(read(text).duplicates, []);
    }
}
