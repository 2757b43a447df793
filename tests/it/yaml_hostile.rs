//! A text from outside can be anything, and costs no more than a small multiple of its size.

use std::fmt::Write;

use portcullis::document::{MAX_BYTES, MAX_DEPTH, Problem, json, yaml};
use proptest::prelude::*;

fn refusal(text: &str) -> Problem {
    yaml::read(text).find_map(Result::err).unwrap()
}

#[test]
fn aliases_that_stand_for_billions_of_values_are_refused() {
    let mut text = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for pair in "abcdefghij".as_bytes().windows(2) {
        let [from, to] = [char::from(pair[0]), char::from(pair[1])];
        let aliases = vec![format!("*{from}"); 9].join(", ");
        writeln!(text, "{to}: &{to} [{aliases}]").unwrap();
    }
    assert!(refusal(&text).message.starts_with("aliases stand for more than 1000000 values"));
}

#[test]
fn merges_that_stand_for_billions_of_fields_are_refused() {
    let mut text = String::from("m0: &m0 {x: {a: 1, b: 2}}\n");
    for level in 1..40 {
        let last = level - 1;
        writeln!(text, "m{level}: &m{level}\n  <<: *m{last}\n  l: *m{last}\n  r: *m{last}")
            .unwrap();
    }
    assert!(refusal(&text).message.starts_with("aliases stand for more than"));
}

#[test]
fn long_texts_are_not_copied_without_end() {
    let long = "x".repeat(1 << 20);
    let text = format!("a: &a \"{long}\"\nb: [{}]\n", "*a, ".repeat(100));
    assert!(refusal(&text).message.starts_with("aliases stand for more than"));
}

#[test]
fn aliases_do_not_nest_deeper_than_brackets_may() {
    let mut text = String::from("a0: &a0 []\n");
    for level in 1..10_000 {
        writeln!(text, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert!(refusal(&text).message.contains("nested deeper than"));
}

#[test]
fn depth_is_bounded_in_each_style() {
    let block: String = (0..3_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let flow = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let mixed = format!("{}{flow}", "- ".repeat(MAX_DEPTH - 10));
    let texts = ["[".repeat(10_000), "{a: ".repeat(10_000), "- ".repeat(10_000), block, mixed];
    for text in &texts {
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        assert_eq!(refusal(text).message, message, "{}", &text[..20]);
    }
    assert!(json::read(&"[".repeat(10_000)).unwrap_err().message.starts_with("nested deeper"));
}

#[test]
fn what_fits_the_depth_is_read() {
    let brackets = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(yaml::read(&brackets).all(|document| document.is_ok()));
    assert!(json::read(&brackets).is_ok());
}

#[test]
fn a_map_of_many_keys_is_read_in_linear_time() {
    let keys = 50_000;
    let text: String = (0..keys).map(|key| format!("k{key}: v\n")).collect();
    let document = yaml::read(&text).next().unwrap().unwrap();
    assert_eq!(document.value.as_map().unwrap().len(), keys);

    let doubled = format!("{text}{text}");
    let document = yaml::read(&doubled).next().unwrap().unwrap();
    assert_eq!(document.value.as_map().unwrap().len(), keys);
    assert_eq!(document.duplicates.len(), 100);
}

#[test]
fn a_text_beyond_the_limit_is_one_problem() {
    let text = "a: b\n---\n".repeat(MAX_BYTES / 9 + 1);
    let documents: Vec<_> = yaml::read(&text).collect();
    let [Err(problem)] = documents.as_slice() else { panic!("{} documents", documents.len()) };
    assert_eq!(problem.message, "longer than 64 MiB");
    assert_eq!(json::read(&text).unwrap_err().message, "longer than 64 MiB");
}

/// Pieces that YAML gives a meaning, so that random texts reach the corners of the readers.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a: "),
        Just("- "),
        Just("\n"),
        Just("\n  "),
        Just("    "),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(", "),
        Just(": "),
        Just("? "),
        Just("&x "),
        Just("*x"),
        Just("<<: "),
        Just("|\n"),
        Just(">-\n"),
        Just("\""),
        Just("'"),
        Just("\\"),
        Just("\\u00e9"),
        Just("# c\n"),
        Just("---\n"),
        Just("..."),
        Just("!!int "),
        Just("1"),
        Just("0x1"),
        Just("é"),
        Just("\u{2028}"),
        Just("\r\n"),
        Just("\t"),
        Just("~"),
        Just("\u{feff}"),
        Just("|2+ # c\n"),
        Just("key"),
        Just("\u{0}"),
        Just("%YAML 1.1\n"),
        Just("!"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic_or_leave_the_text(text in text()) {
        for document in yaml::read(&text) {
            match document {
                Ok(document) => crate::yaml_places::assert_spans(&text, &document.value),
                Err(problem) => {
                    let place = problem.span.start as usize..problem.span.end as usize;
                    prop_assert!(text.get(place).is_some());
                }
            }
        }
        if let Err(problem) = json::read(&text) {
            let place = problem.span.start as usize..problem.span.end as usize;
            prop_assert!(text.get(place).is_some());
        }
    }
}
