//! What must not be shown of a document: by the names above a value and beside it.

use std::ops::Range;

use super::argument::{password_behind_p, password_in};
use super::name::{name_is_private, says_nothing};
use super::{private_parts_of_key, wide};
use crate::document::scalar::Origin;
use crate::document::{Body, Map, Span, Value, embedded};

/// What is known of a scalar besides its text.
#[derive(Clone, Default)]
pub(super) struct Around<'a> {
    /// Its key, or that of the list it is in.
    pub(super) key: &'a str,
    /// The name beside it, where it is the `value` of something that has one.
    pub(super) name: &'a str,
    /// It stands somewhere below the name of a secret.
    pub(super) within: bool,
    /// The arguments before it on its command line.
    pub(super) before: Vec<&'a str>,
}

/// Keys of values that have their name beside them.
pub(super) const VALUES: [&str; 3] = ["default", "value", "values"];

/// Keys of that name.
pub(super) const NAMES: [&str; 2] = ["name", "key"];

/// The parts of a scalar that must not be shown, in bytes of its text.
pub(super) fn parts(around: &Around<'_>, text: &str) -> Vec<Range<usize>> {
    let whole = 0..text.len();
    let is_named = around.within || name_is_private(around.key) || name_is_private(around.name);
    if is_named && !says_nothing(text) {
        return vec![whole];
    }
    let mut parts = wide::private_parts(text);
    let is_argument = matches!(around.key, "args" | "command");
    let password = password_in(around.before.iter().copied(), text)
        .or_else(|| password_behind_p(text).filter(|_| is_argument));
    let is_said = |range: &Range<usize>| text.get(range.clone()).is_some_and(says_nothing);
    if let Some(password) = password.filter(|range| !is_said(range)) {
        parts.push(password);
    }
    parts
}

/// The parts of a text that is a document in JSON or YAML; `None` if it is none.
pub(super) fn private_parts(text: &str) -> Option<Vec<Range<usize>>> {
    let may_be_yaml = text.contains('\n') && text.contains(':');
    if !may_be_yaml && !embedded::is_json(text) {
        return None;
    }
    let document = embedded::read(text).ok()?;
    if !matches!(document.value.body, Body::Map(_) | Body::List(_)) {
        return None;
    }
    let mut walker = Walker { text, found: document.lost };
    walker.walk(&document.value, &Around::default());
    Some(walker.found.into_iter().map(Span::range).collect())
}

struct Walker<'t> {
    text: &'t str,
    found: Vec<Span>,
}

impl Walker<'_> {
    fn walk(&mut self, value: &Value<'_>, around: &Around<'_>) {
        match &value.body {
            Body::Map(map) => self.walk_map(map, around),
            Body::List(items) => {
                let is_command = matches!(around.key, "command" | "args");
                for (rank, item) in items.iter().enumerate() {
                    let before = items.iter().take(if is_command { rank } else { 0 });
                    let before = before.filter_map(Value::as_str).collect();
                    self.walk(item, &Around { before, ..around.clone() });
                }
            }
            Body::Text(text) => self.hide(value.span, text, around),
            Body::Int(number) => self.hide(value.span, &number.to_string(), around),
            Body::Float(number) => self.hide(value.span, &number.to_string(), around),
            Body::Null | Body::Bool(_) => {}
        }
    }

    fn walk_map(&mut self, map: &Map<'_>, around: &Around<'_>) {
        let text = |key: &str| map.get(key).and_then(Value::as_str);
        let is_secret = text("kind") == Some("Secret");
        let name = NAMES.iter().find_map(|key| text(key)).unwrap_or_default();
        for entry in map {
            let key = &*entry.key;
            self.hide_parts(entry.key_span, key, private_parts_of_key(key));
            let within = around.within
                || name_is_private(key)
                || (is_secret && matches!(key, "data" | "stringData"));
            let name = if VALUES.contains(&key) { name } else { "" };
            self.walk(&entry.value, &Around { key, name, within, before: Vec::new() });
        }
    }

    fn hide(&mut self, token: Span, text: &str, around: &Around<'_>) {
        self.hide_parts(token, text, parts(around, text));
    }

    fn hide_parts(&mut self, token: Span, text: &str, parts: Vec<Range<usize>>) {
        self.found.extend(Origin::of_parts(self.text, token, text, &parts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_private_by_what_is_above_it_and_beside_it() {
        for (text, private) in [
            (r#"{"password": "hunter2", "port": 80}"#, vec![r#""hunter2""#]),
            (r#"{"password": ["hunter2", "$(B)"]}"#, vec![r#""hunter2""#]),
            (r#"{"credentials": {"user": "ska"}}"#, vec![r#""ska""#]),
            (r#"[{"name": "DB_PASSWORD", "value": 12}]"#, vec!["12"]),
            (r#"{"args": ["--token", "hunter2", "x"]}"#, vec![r#""hunter2""#]),
            (r#"{"command": ["mysql", "-phunter2"]}"#, vec!["hunter2"]),
            (r#"{"kind": "Secret", "data": {"a": "aHVu"}}"#, vec![r#""aHVu""#]),
            (r#"{"url": "a:\/\/b:hunter2@c"}"#, vec!["hunter2"]),
            (r#"{"password": "hunter2", "password": "$(B)"}"#, vec![r#""hunter2""#]),
            ("{password: hunter2, port: 80}", vec!["hunter2"]),
            ("credentials:\n  user: ska\nport: 80", vec!["ska"]),
            (r#"{"a": "{\"password\": \"hunter2\"}"}"#, vec![r#"\"hunter2\""#]),
        ] {
            let found = private_parts(text).unwrap();
            let found: Vec<&str> = found.into_iter().map(|it| &text[it]).collect();
            assert_eq!(found, private, "{text}");
        }
        assert_eq!(private_parts("password: hunter2"), None);
    }
}
