//! YAML means what it means to `kubectl`, in all that its versions and readers differ in.
//!
//! `kubectl annotate --local --filename=FILE --output=json zz=1` is asked, with each case as a field
//! of a ConfigMap.

use std::process::Command;

use portcullis::document::yaml;
use serde_json::Value;

use crate::cluster::program::program;
use crate::folder::Folder;

/// A text, and the JSON that it stands for.
pub(crate) const READ: &[(&str, &str)] = &[
    // Numbers.
    ("[0644, 0o644, 0x1F, 0b11, -010, 08, 1_000]", "[420, 420, 31, 3, -8, 8, 1000]"),
    ("[+0x10, -0, +0, 0_1, _1, 1_, 0o, 0x]", r#"[16, 0, 0, 1, "_1", 1, "0o", "0x"]"#),
    ("[{? b\n c: d}, {\"e\":f}]", r#"[{"b c": "d"}, {"e": "f"}]"#),
    ("[0b+1, 0b-11, 0B+1, -0b+1, 0x+5, 0+7]", r#"[1, -3, "0B+1", "-0b+1", "0x+5", "0+7"]"#),
    (
        "[1.0, 1e3, 5., .5, 1.5e-3, 1E3, 6.02e+23, .5_1, ._5]",
        r#"[1, 1000, 5, 0.5, 0.0015, 1000, 6.02e23, 0.51, "._5"]"#,
    ),
    ("[1e400, 1e, ., +, 1.2.3, 1e5.0]", r#"["1e400", "1e", ".", "+", "1.2.3", "1e5.0"]"#),
    ("[9007199254740993, -9223372036854775808]", "[9007199254740993, -9223372036854775808]"),
    ("[9223372036854775807]", "[9223372036854775807]"),
    (
        "[9223372036854775808, 18446744073709551615]",
        "[9223372036854775808.0, 1.8446744073709552e19]",
    ),
    ("[4611686018427387904.0, 1e18, 1e19]", "[4611686018427388000, 1000000000000000000, 1e19]"),
    ("[123456789012345678901234567890]", "[1.2345678901234568e29]"),
    ("[12:30:45, 2001-12-14, 1:2]", r#"["12:30:45", "2001-12-14", "1:2"]"#),
    // Words.
    ("[y, Y, yes, on, On, true, TRUE]", "[true, true, true, true, true, true, true]"),
    ("[n, no, NO, off, false, False]", "[false, false, false, false, false, false]"),
    ("[yEs, tRUE, oN, 'yes', \"no\"]", r#"["yEs", "tRUE", "oN", "yes", "no"]"#),
    ("[~, null, Null, NULL, nULL, nil]", r#"[null, null, null, null, "nULL", "nil"]"#),
    ("{a: , b, c: ''}", r#"{"a": null, "b": null, "c": ""}"#),
    ("[=, <, '<<']", r#"["=", "<", "<<"]"#),
    // Keys.
    (
        "{yes: 1, n: 2, 0x10: 3, 1.5: 4, 'no': 5}",
        r#"{"true": 1, "false": 2, "16": 3, "1.5": 4, "no": 5}"#,
    ),
    (
        "1e6: a\n1234567.5: b\n0.00001: c\n123456.5: d",
        r#"{"1e+06": "a", "1.2345675e+06": "b", "1e-05": "c", "123456.5": "d"}"#,
    ),
    ("{.inf: 1, -.INF: 2, .NaN: 3}", r#"{".inf": 1, "-.inf": 2, ".nan": 3}"#),
    ("a: 1\nb: 2\na: 3", r#"{"a": 3, "b": 2}"#),
    ("? a\n: b\n? c", r#"{"a": "b", "c": null}"#),
    // Tags.
    (
        "{a: !!str 12, b: !!int '12', c: !foo bar, d: !!float 1, e: ! 12, f: ! }",
        r#"{"a": "12", "b": 12, "c": "bar", "d": 1, "e": "12", "f": ""}"#,
    ),
    (
        "{a: !!binary aGVsbG8=, b: !!bool 'yes', c: !!null ''}",
        r#"{"a": "hello", "b": true, "c": null}"#,
    ),
    // Anchors and merges: a merge wins over keys before it, the first of several maps wins.
    ("x: &a {p: 1}\nw: {q: *a, r: *a}", r#"{"x": {"p": 1}, "w": {"q": {"p": 1}, "r": {"p": 1}}}"#),
    ("x: &a {p: 1}\nw: {p: 9, <<: *a}", r#"{"x": {"p": 1}, "w": {"p": 1}}"#),
    ("x: &a {p: 1}\nw: {<<: *a, p: 9}", r#"{"x": {"p": 1}, "w": {"p": 9}}"#),
    (
        "x: &a {p: 1}\nz: &b {p: 2, q: 3}\nw:\n  <<: [*a, *b]",
        r#"{"x": {"p": 1}, "z": {"p": 2, "q": 3}, "w": {"p": 1, "q": 3}}"#,
    ),
    ("a: &x 1\nb: &x 2\nc: *x", r#"{"a": 1, "b": 2, "c": 2}"#),
    // Texts.
    (
        r#"["\u00e9\x41\n\t\0\e", "a\
        b", 'it''s']"#,
        r#"["éA\n\t\u0000\u001b", "ab", "it's"]"#,
    ),
    ("a: x\n  y\n\n  z\nb: \"x\n  y\"", r#"{"a": "x y\nz", "b": "x y"}"#),
    (
        "a: |\n  x\n   y\nb: >\n  x\n  y\n\n  z\nc: |-\n  x\nd: |+\n  x\n\ne: |2\n    two",
        r#"{"a": "x\n y\n", "b": "x y\nz\n", "c": "x", "d": "x\n\n", "e": "  two\n"}"#,
    ),
    ("a: |\r\n  l1\r\n  l2\r\nb: x\r\n", r#"{"a": "l1\nl2\n", "b": "x"}"#),
    ("a: \"b\u{2028}c\"", "{\"a\": \"b\u{2028}c\"}"),
    ("a: b\n \t\n  \tc\n", r#"{"a": "b\nc"}"#),
    ("a:\t1\nb: x\ty\t# c", r#"{"a": 1, "b": "x\ty"}"#),
    (
        "a: http://x:80/y?z\nb: a:b\nc: a#b\nd: a # b",
        r#"{"a": "http://x:80/y?z", "b": "a:b", "c": "a#b", "d": "a"}"#,
    ),
    ("a:\n- 1\n- b: 2\n  c:\n  - 3", r#"{"a": [1, {"b": 2, "c": [3]}]}"#),
    ("[a,\n b ,\n# c\n {d: [e,]}]", r#"["a", "b", {"d": ["e"]}]"#),
    ("\u{feff}a: b", r#"{"a": "b"}"#),
    // JSON is read as JSON: YAML would refuse the surrogates, and the length of the key.
    (r#"{"a": "\ud83d\ude00\/", "b": 1.0, "c": -0}"#, r#"{"a": "😀/", "b": 1, "c": 0}"#),
];

/// A text that is refused, the part of it that the problem points at, and the problem.
const REFUSED: &[(&str, &str, &str)] = &[
    ("[.inf]", ".inf", "number has no form in JSON"),
    ("[-.INF, .nan]", "-.INF", "number has no form in JSON"),
    ("null: a", "null", "a key must be a text, not null"),
    ("  : v", "", "a key must be a text, not null"),
    ("? [a, b]\n: c", "[", "a key must be a text, not a list or a map"),
    (
        "18446744073709551615: a",
        "18446744073709551615",
        "a key must be a text, not a number of this size",
    ),
    ("a: *nope", "*", "alias names no anchor before it"),
    ("a: &x [*x]", "*x", "alias stands inside the value that it names"),
    ("x: &a [1]\nw: {<<: *a}", "*a", "`<<` takes an alias of a map, or a list of such aliases"),
    (
        "x: &a [{p: 1}]\nw: {<<: *a}",
        "*a",
        "`<<` takes an alias of a map, or a list of such aliases",
    ),
    ("a: \"b", "\"", "quote is never closed"),
    ("a: {b: c", "{", "`{` is never closed"),
    ("a: [b}", "[", "`[` is closed by `}`"),
    ("a:\n   b: 1\n  c: 2", "c", "indentation fits no open map or list"),
    ("a:\n\tb: 1", "b", "tab as indentation"),
    ("a:\n  \tb: 1", "\t", "tab as indentation"),
    ("a:\n-\tb", "\t", "tab as indentation"),
    ("a: b # c\n\t# d", "\t", "tab as indentation"),
    ("a: b\n\t\nc: d", "\t", "tab as indentation"),
    ("a: |\n  \tb", "\t", "tab as indentation"),
    ("a: b\u{85}c", "\u{85}", "U+0085 ends the line"),
    ("# a\n\t\n", "\t", "tab as indentation"),
    ("[:a]", ":", "`:` marks a value here"),
    ("a: %b", "%", "`%` cannot begin a text"),
    ("a: @b", "@", "`@` cannot begin a text"),
    ("a: `b`", "`", "a backtick cannot begin a text"),
    ("a: b: c", ":", "`: ` where no value can begin"),
    ("a: \"x\u{0}y\"", "\u{0}", "control character U+0000"),
    ("a: x\u{7}y", "\u{7}", "control character U+0007"),
    ("a: \"\\q\"", "\\", "unknown escape in a double-quoted text"),
    ("a: \"é\\é b\\/c\"", "\\", "unknown escape in a double-quoted text"),
    ("a: \"x\\t\\/c\"", "\\", "unknown escape in a double-quoted text"),
    ("a: {b\n c: d}", "b\n c", "a key must stand on one line with its `:`"),
    ("a: {\"b\"\n : c}", "\"b\"", "a key must stand on one line with its `:`"),
    ("a: \"x\\ud83d\\ude00\"", "\\ud83d", "`\\u` names half a character"),
    ("{a: ?x}", "?", "`?` marks a key here"),
    ("{a: http://x?y}", "?", "`?` marks a key here"),
    ("a: !!int b", "b", "value is no `!!int`"),
    ("a: !!binary '*'", "'*'", "`!!binary` value is no base64"),
    ("a: 1\n...\nb: 2", "", "text after `...` is not read by kubectl"),
    ("%YAML 1.1", "", "directive without a document"),
    ("{\"a\": 1,\n \"b\" 2}", "2", "`:` must stand here"),
];

/// The same of texts that `kubectl` takes for something else than they look like.
const MISLEADING: &[(&str, &str, &str)] = &[
    ("# é a\u{2028}b: c", "\u{2028}", "U+2028 ends the line"),
    ("a: \"b \u{2029}c\"", "\u{2029}", "U+2029 ends the line"),
    ("a: b\rc: d", "\r", "carriage return without a line feed"),
    ("a: [b:]", ":", "`:` belongs to the text here"),
    ("a: [b:, c]", ":", "`:` belongs to the text here"),
    ("a: {b:}", ":", "`:` belongs to the text here"),
];

#[test]
fn a_text_means_what_it_means_to_kubectl() {
    for (text, json) in READ {
        let documents: Vec<_> = yaml::read(text).collect();
        let [Ok(document)] = documents.as_slice() else { panic!("{text}: {documents:?}") };
        let expected: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(document.value, (&expected).into(), "{text}");
    }
}

/// The case as a field of an object; `None` if it can stand only at the root.
fn as_field(text: &str) -> Option<String> {
    let is_root = text.starts_with(['\u{feff}', '%']) || text.contains("...");
    let is_json = || serde_json::from_str::<Value>(text).is_ok_and(|it| it.is_object());
    let line = |line: &str| format!("  {line}");
    let lines: Vec<String> = text.split('\n').map(line).collect();
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: case}";
    (!is_root && !is_json()).then(|| format!("{head}\nfield:\n{}\n", lines.join("\n")))
}

/// What `kubectl` reads, or what it says.
fn kubectl(folder: &Folder, manifest: &str) -> Result<Value, String> {
    let file = folder.write("case.yaml", manifest);
    let ran = Command::new(program("kubectl"))
        .args(["annotate", "--local", "--output=json", "zz=1", "--filename", &file])
        .output()
        .unwrap();
    match ran.status.success() {
        true => Ok(serde_json::from_slice(&ran.stdout).unwrap()),
        false => Err(String::from_utf8(ran.stderr).unwrap()),
    }
}

#[test]
fn kubectl_takes_the_texts_that_it_is_said_to_take() {
    let folder = Folder::new();
    let mut asked = 0;
    for (text, json) in READ {
        let Some(manifest) = as_field(text) else { continue };
        let read = kubectl(&folder, &manifest).unwrap_or_else(|said| panic!("{text}: {said}"));
        let expected: Value = serde_json::from_str(json).unwrap();
        assert_eq!(numbers_alike(&read["field"]), numbers_alike(&expected), "{text}");
        asked += 1;
    }
    assert!(asked >= 40, "{asked}");
}

#[test]
fn kubectl_refuses_the_texts_that_it_is_said_to_refuse() {
    let folder = Folder::new();
    let manifests: Vec<String> = REFUSED.iter().filter_map(|(text, ..)| as_field(text)).collect();
    assert!(manifests.len() >= 40, "{}", manifests.len());
    for manifest in manifests {
        let said = kubectl(&folder, &manifest).expect_err(&manifest);
        assert!(said.contains("error parsing"), "{manifest}: {said}");
    }
    for (text, ..) in MISLEADING {
        assert!(as_field(text).is_some_and(|it| kubectl(&folder, &it).is_ok()), "{text}");
    }
}

/// The value with all numbers as floats: beyond 2^53 `kubectl` writes the digits of one.
fn numbers_alike(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().into(),
        Value::Array(items) => items.iter().map(numbers_alike).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), numbers_alike(value))).collect()
        }
        other => other.clone(),
    }
}

#[test]
fn a_text_that_kubectl_refuses_is_a_problem_with_its_place() {
    for (text, place, message) in REFUSED.iter().chain(MISLEADING) {
        let problem = yaml::read(text).find_map(Result::err);
        let Some(problem) = problem else { panic!("{text}: was read") };
        let found = &text[problem.span.start as usize..problem.span.end as usize];
        assert_eq!((found, problem.message.as_str()), (*place, *message), "{text}");
    }
}

#[test]
fn what_a_template_leaves_is_told_as_such() {
    for text in ["a: {{ .Values.x }}", "{{- if .Values.x }}\na: b\n{{- end }}", "a: b\n{{ c }}: d"]
    {
        let help = yaml::read(text).find_map(Result::err).unwrap().help;
        assert_eq!(help.as_deref(), Some("render the chart first, as with `helm template`"));
    }
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let text = "a: 1\n---\nb: [\n--- # c\nc: 3\n---\n";
    let documents: Vec<_> = yaml::read(text).collect();
    let [Ok(first), Err(problem), Ok(third), Ok(last)] = documents.as_slice() else {
        panic!("{documents:?}")
    };
    assert_eq!(first.value.get("a").unwrap().as_int(), Some(1));
    assert_eq!(problem.span.start, 12);
    assert_eq!(third.value.get("c").unwrap().as_int(), Some(3));
    assert!(last.empty);
}

#[test]
fn an_empty_document_is_told_from_null() {
    for text in ["---\n", "# only this\n", "# é\n", "---\n# and this\n\n", " \n\r\n", "--- # c"] {
        let document = yaml::read(text).next().unwrap().unwrap();
        assert!(document.empty && document.value.is_null(), "{text}");
    }
    for text in ["null", "--- ~", "---\n!!null\n"] {
        let document = yaml::read(text).next().unwrap().unwrap();
        assert!(!document.empty && document.value.is_null(), "{text}");
    }
    assert!(yaml::read("").next().is_none());
}

#[test]
fn json_documents_may_stand_one_behind_the_other() {
    let text = "{\"a\": 1}{\"a\": 2}\n{\"a\": 3}\n---\na: 4\n";
    let numbers: Vec<_> =
        yaml::read(text).map(|it| it.unwrap().value.get("a").unwrap().as_int().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
}
