//! The fast reader of YAML reads what rendered manifests use, as the exact one does.

use std::fs;
use std::path::Path;

use portcullis::document::yaml;

/// What the fast reader knows, and reads as the exact one.
const FAST: &[&str] = &[
    // Maps and lists, with any indentation.
    "a: b\nc:\n  d: e\n  f:\n     g: h\ni: j\n",
    "  a: b\n  c: d",
    "a:\n- b\n- c: d\n  e: f\n-\n  g: h\ni:\n  - j\n",
    "- - a\n  - b\n-   - c\n    - d: e\n      f: g\n- h",
    "- a:\n  - b\n  c:\n    - d\n  e:\n- f",
    "a:\n- - b\n  - c\n-  - d\ne: f",
    "a : b\nc   :   d  \n\"e\" : f\n",
    // Comments, blank lines and markers.
    "---\n# c\n\n   # c\na: b # c\n\n  # c\nc: # c\n  # c\n  d: e\n",
    "---\na: b#c\nc: '#d' # e\nf: # é\t\n- g",
    "# é\n---   # c\n- a # c\n-  # c\n  b: c\n- # c\n",
    "--- \na: b\n---\nc: d\n---\n# only this\n---\n---\n- e\n",
    "\u{feff}a: b\n",
    // Values that are not written.
    "a:\nb:\n  c:\nd :\ne: # c\n",
    "-\n- \n-  # c\n- - \n- a:\n  b:\n-",
    "---\n-",
    "---\n  - a\n",
    // Plain scalars.
    "a: b c  d\ne: b:c#d::e\nf: -g\nh: --- i\nj: a[b]{c}, d\nk: a'b\"c\nl: a!b&c*d\n",
    "a: b\n  c\n\n\n   d # e\nf:\n  g\n   h\n i\n",
    "- a\n  b\n- - c\n   d\n-\n  e\n f\n- g: h\n   i",
    "a: b\n  - c\n  \"d\n  & e\n  , f\n",
    "a: b\n  # c\nd: e # f\n  # g\n",
    "a: é \u{1f600} \u{a0}\u{fffd}\u{e000}\u{ff00}\nkéy: b\nc:\n- é",
    "a: ::1\n:b: c\nf:\n- :g\n- ::1\n",
    // What plain scalars mean.
    "a: 1\nb: 0644\nc: 0o17\nd: 0x1F\ne: 1.0\nf: 1e3\ng: 1_000\nh: -0\ni: 9223372036854775808\n",
    "a: yes\nb: Off\nc: ~\nd: NULL\ne: nil\nf: tRUE\ng: .5\nh: 12:30\ni: 2001-01-01\nj: =\n",
    "1: a\n0x10: b\nyes: c\n1.5: d\n'no': e\n1e6: f\n1.0: g\n",
    // Quoted scalars.
    "a: \"\"\nb: ''\n'c''d': 'e''f'''\n\"g\\\"h\": \"\\n\\t\\r\\\\\\ \\x41\\u00e9\\U0001F600\"\n",
    "a: \"b  \n    c\n\n\n   d\\\n     e\\\n\n   f \\  \n   g\"\nh: 'i\n\n  j''\n   k '\n",
    "- \"a\n  b\"\n- 'c\n d' # e\n-\n  'f'\n- \"g\": 'h: i'\n  'j # k': \"l\"\n",
    "a: 'b\\n'\nc: 'd\\'\ne: \"'\"\nf: '\"'\n",
    // Block scalars.
    "a: |\n  b\n   c\n\n  d\n\n\ne: |-\n  f\n\n\ng: |+\n  h\n\n\ni: j\n",
    "a: >\n  b\n  c\n\n  d\n   e\n   f\n\n  g\n  h\n\n\n  i\ne: >-\n  f\n  g\n\nh: >+\n  i\n\n\n",
    "a: >\n  b\n  \tc\n  d\n\n  \te\n",
    "a: |\n\n  \n  b\n     \n  c\n   \n \nd: e\n",
    "a: |  \n  b # c\n # d\ne: |\n  f\n  \tg\n",
    "a: |\n b\tc\n  \t\n# d\ne: f\n",
    "- |\n a\n- - |-\n   b\n  - >\n   c\n- d: |\n    e\n  f: g\n-\n  h: |\n   i\n",
    "a:\n- |\n  b\n- c\nd:\n  - |+\n   e\n\n  - f\n",
    "a: |\n  b",
    "a: |-\n  b\n  \n\n",
    "a: |+\n  b\n\n---\nc: >+\n  d\n\n\n  \n---\ne: f\n",
    "a:\n  |\n  b\n",
    "a: |\n  - b: {c\n  --- \n  ... %\n",
    // Brackets.
    "a: []\nb: {}\nc: [ ]\nd: [1, b c, 'd', \"e\" , [f], {g: h}]\ni: {j: 1, k: 'l', \"m\":2, n: [o]}\n",
    "a: [b,\n  c,\n\n  d\n]\ne: {f: g,\n  h: i,\n }\nj: [k, ]\nl:\n  [m]\nn:\n  {o: p}\n",
    "- [a, b]\n- {c: d} # e\n- - [f]\n- []\n",
    "a: [http://c:80/d, -e, f-g, h:i]\nb: {a: b:c, d: -e}\n",
    // Keys that stand twice.
    "a: 1\nb:\n- c: 2\n  d: 3\n  c: [{e: 1, f: 2, e: 3}]\n  c: 4\na: 5\n\"a\": 6\n",
    "a:\n  - - b: 1\n      b: 2\n    - c\nd: [0, {e: {f: 1, f: 2}}]\n",
];

/// What is left to the exact reader, which reads some of it and refuses the rest.
const EXACT: &[&str] = &[
    // Other kinds of documents.
    "a",
    "'a'",
    "[a]",
    "--- a: b\n",
    "--- [a]\n",
    "---\n|\n a\n",
    "%YAML 1.1\n---\na: b\n",
    "a: b\n...\n",
    "a: b\n...\nc: d\n",
    "...a: b\n",
    // Names and tags.
    "a: &b c\n",
    "a: *b\n",
    "a: !!str 1\n",
    "! a: b\n",
    "&a b: c\n",
    "a: &b\n  c: d\ne:\n  <<: *b\n",
    "<<: {a: b}\n",
    "a: {<<: {b: c}}\n",
    "? a\n: b\n",
    "- ? a\n",
    // White space.
    "a:\tb\n",
    "a: b\tc\n",
    "a: b\t\n",
    "a: b\t# c\n",
    "\ta: b\n",
    "a:\n\tb: c\n",
    "-\ta\n",
    "a: 'b\tc'\n",
    "a: [b,\tc]\n",
    "a: \"b\"\t\n",
    "a: |\n\tb\n",
    "a: |\n  \n\tb\n",
    "a: b\r\n",
    "a: |\n  b\r\n",
    "a: \u{85}b\n",
    "a: b\u{2028}c\n",
    "a: \"b\u{2029}c\"\n",
    "a: b\u{feff}\n",
    "a: \u{7f}\n",
    "a: \u{1}\n",
    "a: \u{fffe}\n",
    // Indentation.
    "a: b\n c: d\n",
    "a:\n  b: c\n d: e\n",
    "  a: b\n c: d\n",
    "a: b\n- c\n",
    "- a\nb: c\n",
    "- a\n b: c\n",
    "a:\n  - b\n - c\n",
    "a:\n  - b\n  c: d\n",
    "a:\n- b\n  c: d\n",
    "- - a\n - b\n",
    "a: - b\n",
    "a: [b,\nc]\n",
    "- a: {b: c,\n  d: e}\n",
    "a: b: c\n",
    "a: 'b': c\n",
    "a: [b]: c\n",
    "a: b\n  c: d\n",
    "a: b # c\n  d\n",
    "a: b\n  # c\n  d\n",
    "a\nb: c\n",
    "a: b\nc\n",
    ": a\n",
    // Quotes.
    "a: 'b\n",
    "a: \"b\n",
    "a: \"b\nc\"\n",
    "- 'a\nb'\n",
    "'a\n b': c\n",
    "\"a\\\n b\": c\n",
    "- \"a\\\n  b\": c\n",
    "a: [\"b\\\n  c\": d]\n",
    "a: 'b' c\n",
    "a: 'b'# c\n",
    "a: \"\\d\"\n",
    "a: \"\\ud83d\\ude00\"\n",
    "a: \"\\x4\"\n",
    "a: \"\\u+123\"\n",
    "a: \"\\UFFFFFFFF\"\n",
    "a: \"b\\",
    // Block scalars.
    "a: |2\n    b\n",
    "a: |-1\n  b\n",
    "a: | # c\n  b\n",
    "a: |b\n",
    "a: |\n",
    "a: |\nb: c\n",
    "a: |\n\n",
    "- |\n- a\n",
    "a: |\n    \n  b\n",
    "a: |\n  b\n  ",
    "a: |\n  b\n    ",
    "a: |\n   b\n  c\n",
    "- |\n  a\n b\n",
    // Brackets.
    "a: [b\n",
    "a: [b\nc]\n",
    "a: {b: c\n",
    "a: [b]]\n",
    "a: {b}\n",
    "a: {b: }\n",
    "a: {b:c}\n",
    "a: {b : c}\n",
    "a: [b: c]\n",
    "a: [? b]\n",
    "a: [b?]\n",
    "a: [:b]\n",
    "a: [::b]\n",
    "a: [,]\n",
    "a: [b,,c]\n",
    "a: [-]\n",
    "a: [- b]\n",
    "a: [b # c\n ]\n",
    "a: [b, # c\n c]\n",
    "a: [b'c]\n",
    "a: [b[c]]\n",
    "a: {b:\n  c}\n",
    "a: {'b'\n : c}\n",
    "a: [b]c\n",
    "a: [b]# c\n",
    // Values that have no form in JSON, and keys that are none.
    "a: .inf\n",
    ".nan: a\n",
    "~: a\n",
    "null: a\n",
    "9223372036854775808: a\n",
    "a: @b\n",
    "a: `b\n",
    "a: %b\n",
    "a: ?b\n",
    "a: ,b\n",
    "a: ]\n",
];

/// Both readers find the same documents: values, types, order, places, duplicates, problems.
pub(crate) fn assert_agreement(text: &str) {
    let either: Vec<_> = yaml::read(text).collect();
    let exact: Vec<_> = yaml::read_exactly(text).collect();
    assert_eq!(format!("{either:?}"), format!("{exact:?}"), "{text}");
}

/// Whether the fast reader reads all of a text in which something is written.
pub(crate) fn is_fast(text: &str) -> bool {
    yaml::read_exactly(text).all(|document| {
        document.is_ok_and(|it| it.empty || yaml::fast::read(text, it.span).is_some())
    })
}

#[test]
fn the_fast_reader_knows_what_manifests_use() {
    for text in FAST {
        assert_agreement(text);
        assert!(is_fast(text), "{text}");
    }
}

#[test]
fn what_is_odd_or_wrong_is_left_to_the_exact_reader() {
    for text in EXACT {
        assert_agreement(text);
        assert!(!is_fast(text), "{text}");
    }
}

#[test]
fn both_readers_take_texts_as_kubectl_does() {
    for (text, _) in crate::yaml_kubectl::READ {
        assert_agreement(text);
        let fields: String = text.lines().map(|line| format!("  {line}\n")).collect();
        assert_agreement(&format!("data:\n{fields}"));
        assert_agreement(&format!("-  {}", fields.trim_start()));
    }
}

#[test]
fn limits_are_told_by_the_exact_reader() {
    let nested = |depth: usize| -> String {
        (0..depth).map(|level| format!("{}a:\n", " ".repeat(level))).collect()
    };
    assert!(is_fast(&nested(100)) && !is_fast(&nested(101)));
    for depth in [100, 101, 256, 257, 3_000] {
        assert_agreement(&nested(depth));
        assert_agreement(&"- ".repeat(depth));
        assert_agreement(&format!("a: {}{}", "[".repeat(depth), "]".repeat(depth)));
        assert_agreement(&format!("a: {}", "{a: ".repeat(depth)));
    }
    for length in [999, 1_000, 1_001, 1_023, 1_024, 1_025, 70_000] {
        let key = "k".repeat(length);
        assert_agreement(&format!("{key}: a\n"));
        assert_agreement(&format!("a: {{\"{key}\": a}}\n"));
        assert_agreement(&format!("- \"{key}\" : a\n"));
    }
    for keys in [23, 24, 25, 60] {
        let map: String = (0..keys).map(|key| format!("k{key}: {key}\n")).collect();
        assert_agreement(&format!("{map}{map}"));
    }
}

#[test]
fn more_duplicates_than_are_kept_are_the_first_for_both() {
    let text: String = (0..150)
        .map(|item| format!("- a: {item}\n  b:\n    c: {{d: 1, d: 2}}\n  a: 2\n"))
        .collect();
    assert!(is_fast(&text));
    assert_agreement(&text);
    let document = yaml::read(&text).next().unwrap().unwrap();
    assert_eq!(document.duplicates[0].path.to_string(), "/0/b/c/d");
    assert_eq!(document.duplicates[99].path.to_string(), "/49/a");
}

#[test]
fn manifests_are_read_fast_and_as_the_exact_reader_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = 0;
    for folder in
        ["tests/fixtures/pairs", "tests/fixtures/defaults", "policies", "../shared/corpus"]
    {
        // Files of other folders than ours need not be there.
        for file in fs::read_dir(root.join(folder)).into_iter().flatten() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|it| it == "yaml") {
                let text = fs::read_to_string(&path).unwrap();
                assert_agreement(&text);
                let has_anchors = text.contains(": &");
                assert!(is_fast(&text) || has_anchors, "{}", path.display());
                texts += 1;
            }
        }
    }
    assert!(texts >= 30, "{texts}");
}
