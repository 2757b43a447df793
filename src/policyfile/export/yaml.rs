//! A value as YAML in block style, which reads back to the same value.

use crate::document::{Body, Value};

/// The text of `value`, with a line break at its end.
pub(in crate::policyfile) fn write(value: &Value<'_>) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

/// Writes a value from the start of a line.
fn block(text: &mut String, value: &Value<'_>, depth: usize) {
    match &value.body {
        Body::Map(map) if !map.is_empty() => {
            for (rank, entry) in map.iter().enumerate() {
                if rank > 0 || !text.ends_with("- ") {
                    indent(text, depth);
                }
                text.push_str(&scalar(&entry.key));
                text.push(':');
                below(text, &entry.value, depth);
            }
        }
        Body::List(items) if !items.is_empty() => {
            for item in items {
                indent(text, depth);
                text.push('-');
                match &item.body {
                    // The first key of a map stands on the line of its `-`.
                    Body::Map(map) if !map.is_empty() => {
                        text.push(' ');
                        block(text, item, depth + 1);
                    }
                    _ => below(text, item, depth),
                }
            }
        }
        _ => {
            text.push_str(&flow(value));
            text.push('\n');
        }
    }
}

/// Writes a value behind its `key:` or `-`.
fn below(text: &mut String, value: &Value<'_>, depth: usize) {
    match &value.body {
        Body::Map(map) if !map.is_empty() => {
            text.push('\n');
            block(text, value, depth + 1);
        }
        Body::List(items) if !items.is_empty() => {
            text.push('\n');
            block(text, value, depth + 1);
        }
        _ => {
            text.push(' ');
            block(text, value, depth);
        }
    }
}

fn flow(value: &Value<'_>) -> String {
    match &value.body {
        Body::Text(text) => scalar(text),
        Body::List(_) => "[]".to_owned(),
        Body::Map(_) => "{}".to_owned(),
        _ => serde_json::Value::from(value).to_string(),
    }
}

/// A text as it stands where nothing can take it for anything else, or else in double quotes.
fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            // What YAML does not print, and what it takes for a line break or an encoding mark.
            char if char.is_control()
                || matches!(
                    char,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                ) =>
            {
                quoted.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether no reader of YAML, of whichever version, takes a plain `text` for anything but it.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.ends_with(|last: char| last.is_ascii_alphanumeric())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "-_./ ".contains(char))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn indent(text: &mut String, depth: usize) {
    for _ in 0..depth {
        text.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::yaml;

    fn read(text: &str) -> Value<'_> {
        yaml::read(text).next().unwrap().unwrap().value
    }

    #[test]
    fn maps_lists_and_texts_are_written_as_people_write_them() {
        let value = read(
            "{a: {b: [x, {c: 1, d: ['y']}, [z]], e: {}, f: []}, 'yes': 'no', g: \"a: b\\n\", h: ~}",
        );
        let text = "\
a:
  b:
    - x
    - c: 1
      d:
        - \"y\"
    -
      - z
  e: {}
  f: []
\"yes\": \"no\"
g: \"a: b\\n\"
h: null
";
        assert_eq!(write(&value), text);
    }

    fn any_value() -> impl Strategy<Value = Value<'static>> {
        let leaf = prop_oneof![
            Just(Value::NULL),
            any::<bool>().prop_map(|flag| Value::new(Body::Bool(flag))),
            any::<i64>().prop_map(|number| Value::new(Body::Int(number))),
            any::<f64>().prop_map(|number| Value::from(serde_json::Value::from(number))),
            any::<String>().prop_map(Value::text),
            "[a-zA-Z0-9:#&*!|>'\"%@`{}\\[\\], .?~<=-]{0,8}".prop_map(Value::text),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|it| Value::new(Body::List(it))),
                prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(Value::map),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_reads_back_as_it_was(value in any_value()) {
            let text = write(&value);
            prop_assert_eq!(read(&text), value, "{}", text);
        }
    }
}
