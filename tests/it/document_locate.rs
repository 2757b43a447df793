//! A path leads to a place in the text, also through strings that hold documents.

use portcullis::document::scalar::Origin;
use portcullis::document::{Body, Path, Place, Span, Step, Value, locate, yaml};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn place(text: &str, path: &str) -> Place {
    let document = yaml::read(text).next().unwrap().unwrap();
    locate(text, &document.value, &Path::parse(path).unwrap())
}

fn source(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

/// What the path leads to, which must exist.
fn found<'a>(text: &'a str, path: &str) -> &'a str {
    let place = place(text, path);
    assert!(place.exact, "{path}: {place:?}");
    source(text, place.span)
}

/// What stands in for what the path does not lead to.
fn nearest<'a>(text: &'a str, path: &str) -> &'a str {
    let place = place(text, path);
    assert!(!place.exact, "{path}: {place:?}");
    source(text, place.span)
}

const POD: &str = "\
kind: Pod
metadata:
  annotations:
    a/b~c: x
spec:
  containers:
  - name: web # the one
    image: nginx
  - name: log
";

#[test]
fn a_field_is_its_value_and_has_a_key() {
    assert_eq!(found(POD, "/spec/containers/1/name"), "log");
    assert_eq!(found(POD, "/metadata/annotations/a~1b~0c"), "x");
    assert_eq!(source(POD, place(POD, "/spec/containers/0/image").key.unwrap()), "image");
    assert_eq!(found(POD, "/spec/containers/1"), "name: log");
    assert_eq!(place(POD, "/spec/containers/1").key, None);
    assert_eq!(found(POD, ""), POD.trim_end());
}

#[test]
fn what_is_missing_is_shown_at_its_nearest_parent() {
    assert_eq!(nearest(POD, "/spec/hostNetwork"), "spec");
    assert_eq!(nearest(POD, "/spec/containers/0/resources/limits"), "name: web # the one");
    assert_eq!(nearest(POD, "/spec/containers/2"), "containers");
    assert_eq!(nearest(POD, "/spec/containers/0/image/x"), "image");
    assert_eq!(nearest(POD, "/data"), "kind: Pod");
    assert_eq!(nearest("# nothing\n", "/data"), "# nothing");
}

#[test]
fn a_value_without_places_has_none() {
    let value = Value::map([("a", Value::text("b"))]);
    assert!(locate("", &value, &Path::parse("/a").unwrap()).span.is_none());
    assert!(locate("", &value, &Path::parse("/b").unwrap()).span.is_none());
}

#[test]
fn a_path_goes_on_inside_a_document_in_a_string() {
    let text = r#"
spec:
  config: |
    {
      "servers": {"x": ["a", 12]}
    }
  yaml: >-
    a:
      - b: "c\td"

  plain: {"key": 1}
data:
  nested.json: '{"it''s": "{\"inner\": [true]}"}'
  other.json: "{\"a\": \"\\u00e9\\n\", \
    \"b\": {}}"
"#;
    assert_eq!(found(text, "/spec/config/servers/x/1"), "12");
    assert_eq!(found(text, "/spec/config/servers/x/0"), "\"a\"");
    assert_eq!(source(text, place(text, "/spec/config/servers/x").key.unwrap()), "\"x\"");
    assert_eq!(found(text, "/spec/yaml/a/0/b"), "\"c\\td\"");
    assert_eq!(found(text, "/data/nested.json/it's/inner/0"), "true");
    assert_eq!(found(text, "/data/other.json/a"), r#"\"\\u00e9\\n\""#);
    assert_eq!(found(text, "/data/other.json/b"), "{}");
    assert_eq!(nearest(text, "/data/nested.json/it's/outer"), "\\\"it''s\\\"".replace('\\', ""));
    assert_eq!(nearest(text, "/spec/config/clients"), "config");
    assert_eq!(nearest(text, "/spec/config/servers/y"), "\"servers\"");
}

#[test]
fn a_string_that_holds_no_document_is_the_place() {
    let text = "a: '{\"b'\nc: x\n";
    assert_eq!(nearest(text, "/a/b"), "a");
    assert_eq!(nearest(text, "/c/d"), "c");
}

#[test]
fn a_copy_by_an_alias_is_shown_where_its_inside_is_written() {
    let text = "a: &a {b: '{\"c\": 1}'}\nd: *a\ne: &e '{\"f\": 2}'\ng: *e\n";
    assert_eq!(found(text, "/d"), "*a");
    assert_eq!(found(text, "/d/b/c"), "1");
    assert_eq!(nearest(text, "/g/f"), "g", "the alias does not show what it stands for");
}

#[test]
fn every_sort_of_scalar_is_traced() {
    let texts = [
        "a: one\n  two\n\n\n  three\n",
        "a: 'one \n  ''two''\n\n  three '\n",
        "a: \"one \n  \\\"two\\\"\\x41\\\n  \\ three\\\n\n   four \\U0001f600é\\t \"\n",
        "{\"a\": \"\\ud83d\\ude00\\/\\b\"}",
        "a: |\n  one\n   two\n\n  three  \n",
        "a: |-\r\n  one\r\n\r\n  two\r\n",
        "a: |+\n\n  one\n\n\n",
        "a: |2-\n     one\n\n  two\n   \n",
        "a: >\n  one\n  two\n\n\n  three\n   four\n    five\n\n  six\n  seven\n",
        "a: >+\n\n   one\n\n   two\n    \n\n",
        "a: >1-\n   one\n  two\n\n one\n",
        "a: |\n  one",
        "a: |+\n\n",
        "a: |\n",
        "a: ''\n",
        "- - |2\n      one\n",
    ];
    for text in texts {
        let document = yaml::read(text).next().unwrap().unwrap();
        let mut value = &document.value;
        while let Some(inner) = value.get("a").or_else(|| value.as_list()?.first()) {
            value = inner;
        }
        let decoded = value.as_str().unwrap();
        let origin = Origin::of(text, value.span, decoded);
        let Some(origin) = origin else { panic!("{text:?} to {decoded:?}") };
        for (at, letter) in decoded.char_indices().filter(|(_, letter)| letter.is_alphabetic()) {
            let span = Span::new(at as u32, (at + letter.len_utf8()) as u32);
            let source = source(text, origin.span(span));
            let written = source.starts_with(letter) || source.starts_with('\\');
            assert!(written, "{text:?}: {letter} at {at} is {source:?}");
        }
    }
}

#[test]
fn a_token_that_does_not_decode_to_the_text_has_no_origin() {
    for token in ["x", "'x", "\"x", "\"\\q\"", "|\n  x", "'x'y"] {
        assert_eq!(Origin::of(token, Span::new(0, token.len() as u32), "y"), None, "{token}");
    }
}

/// JSON whose strings need every sort of quoting.
fn embedded() -> impl Strategy<Value = Json> {
    let text = "[a-z '\"\\\\\n\té😀:#{}]{0,8}";
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i16>().prop_map(Json::from),
        text.prop_map(Json::from),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::btree_map(text, inner, 0..4)
                .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    });
    proptest::collection::vec(tree, 1..4).prop_map(Json::from)
}

/// A manifest that holds `inner` in a scalar of one style.
fn manifest(inner: &str, style: usize, indent: usize) -> String {
    let block = |mark: &str| {
        let margin = " ".repeat(indent + 1);
        let lines = inner.lines().map(|line| format!("{margin}{line}\n")).collect::<String>();
        format!("a:\n- {{}}\n- b: {mark}\n{lines}  c: d\n")
            .replace("- b", "-  b")
            .replace("  c: d", "   c: d")
    };
    let quoted = |quote: &str, text: &str| format!("a:\n- {{}}\n-  b: {quote}{text}{quote}\n");
    match style {
        0 => block("|"),
        1 => block("|-"),
        2 => block(">"),
        3 => block(&format!("|{}+ # c", indent - 2)),
        4 => quoted("'", &inner.replace('\'', "''").replace('\n', "\n\n     ")),
        5 => quoted("\"", &inner.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")),
        6 => {
            let escaped = inner.replace('\\', "\\x5c").replace('"', "\\u0022");
            quoted("\"", &escaped.replace('\n', "\\\n\n     ").replace('é', "\\xe9"))
        }
        _ => json!({"a": [0, {"b": inner}]}).to_string(),
    }
}

/// Every place below a value, with the value.
fn nodes<'v, 'a>(value: &'v Value<'a>, way: &Path, found: &mut Vec<(Path, &'v Value<'a>)>) {
    found.push((way.clone(), value));
    let below = |step: Step| {
        let mut way = way.clone();
        way.steps.push(step);
        way
    };
    match &value.body {
        Body::List(items) => {
            for (index, item) in items.iter().enumerate() {
                nodes(item, &below(Step::Index(index as u32)), found);
            }
        }
        Body::Map(map) => {
            for entry in map {
                nodes(&entry.value, &below(Step::from(&*entry.key)), found);
            }
        }
        _ => {}
    }
}

/// Asserts that `slice`, cut from a scalar of one style, is `token` written in that style.
fn assert_same(slice: &str, token: &str, style: usize) {
    match style {
        0..=3 => {
            let lines = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(lines(slice), lines(token));
        }
        4 => assert_eq!(
            slice.replace("''", "'").split_whitespace().collect::<String>(),
            token.split_whitespace().collect::<String>()
        ),
        _ => {
            let quoted = format!("\"{slice}\"");
            let again = yaml::read(&quoted).next().unwrap().unwrap();
            assert_eq!(again.value.as_str(), Some(token));
        }
    }
}

proptest! {
    #[test]
    fn every_node_of_an_embedded_document_is_its_own_token(
        inner in embedded(), pretty in any::<bool>(), style in 0_usize..8, indent in 4_usize..9,
    ) {
        let inner = if pretty { format!("{inner:#}") } else { inner.to_string() };
        let text = manifest(&inner, style, indent);
        let document = yaml::read(&text).next().unwrap().unwrap();
        let value = document.value.get("a").unwrap().as_list().unwrap()[1].get("b").unwrap();
        let decoded = value.as_str().unwrap();
        let read = portcullis::document::json::read(decoded).unwrap();
        let mut all = Vec::new();
        nodes(&read.value, &Path::parse("/a/1/b").unwrap(), &mut all);
        for (path, node) in all.iter().skip(1) {
            let place = locate(&text, &document.value, path);
            prop_assert!(place.exact);
            assert_same(source(&text, place.span), source(decoded, node.span), style);
        }
    }

    #[test]
    fn a_document_inside_a_document_inside_a_document_is_followed(
        inner in embedded(), style in 0_usize..8,
    ) {
        let middle = json!({"x": [inner.to_string()]}).to_string();
        let text = manifest(&middle, style, 5);
        let document = yaml::read(&text).next().unwrap().unwrap();
        let middle = portcullis::document::json::read(&middle).unwrap();
        let string = &middle.value.get("x").unwrap().as_list().unwrap()[0];
        let read = portcullis::document::json::read(string.as_str().unwrap()).unwrap();
        let mut all = Vec::new();
        nodes(&read.value, &Path::parse("/a/1/b/x/0").unwrap(), &mut all);
        for (path, node) in all.iter().skip(1) {
            let place = locate(&text, &document.value, path);
            prop_assert!(place.exact);
            let origin = Origin::of(&text, value_at(&document.value).span, value_at(&document.value).as_str().unwrap());
            prop_assert!(origin.is_some());
            let slice = source(&text, place.span);
            let token = source(string.as_str().unwrap(), node.span);
            let escaped = serde_json::to_string(token).unwrap();
            assert_same(slice, &escaped[1..escaped.len() - 1], style);
        }
    }
}

fn value_at<'v, 'a>(value: &'v Value<'a>) -> &'v Value<'a> {
    value.get("a").unwrap().as_list().unwrap()[1].get("b").unwrap()
}
