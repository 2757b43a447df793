//! Objects with the canary put into them, one place at a time.

use regex::Regex;
use serde_json::{Value as Json, json};

use super::CANARY;

/// How deep documents in strings are poisoned.
const DEPTH: usize = 2;

/// The object with the canary in each of its texts in turn, in all texts and keys that are the same,
/// in each key that somebody chose, and beside everything at once.
pub(super) fn variants(object: &Json) -> Vec<Json> {
    let mut beside = object.clone();
    surround(&mut beside);
    let mut all = vec![beside];
    poison(object, "", DEPTH, &mut |variant| all.push(variant));
    let whole = object.to_string();
    for known in words(object) {
        let pattern = Regex::new(&format!("(?i){}", regex::escape(&known))).unwrap();
        // Also inside the documents in strings, and in their keys.
        for text in texts(&known).iter().filter(|text| !text.contains('\n')) {
            if let Ok(mut variant) =
                serde_json::from_str::<Json>(&pattern.replace_all(&whole, text))
            {
                // What a thing is called is no secret.
                for key in ["apiVersion", "kind", "metadata", "format", "name", "version"] {
                    match object.get(key) {
                        Some(kept) => variant[key] = kept.clone(),
                        None => _ = variant.as_object_mut().and_then(|it| it.remove(key)),
                    }
                }
                all.push(variant);
            }
        }
    }
    all
}

/// Texts that hold the canary so that it must be told from the rest, given what was there.
fn texts(before: &str) -> [String; 6] {
    [
        // A token, in letters that a name and a tag can have.
        format!("{before}-glpat-{CANARY}-{CANARY}-{CANARY}"),
        format!("postgres://ska:{CANARY}@{before}"),
        format!("{before} --token={CANARY}"),
        // Told only at the start of a text, and so not behind what a message puts before it.
        format!("ska:{CANARY}@h{before}"),
        format!("--token {CANARY}/{before}"),
        format!("{before}\nAuthorization: Basic {CANARY}"),
    ]
}

fn poison(value: &Json, key: &str, depth: usize, found: &mut dyn FnMut(Json)) {
    match value {
        Json::Object(map) => {
            for (name, below) in map.iter().filter(|(name, _)| !is_identity(key, name)) {
                poison(below, name, depth, &mut |variant| {
                    let mut map = map.clone();
                    map.insert(name.clone(), variant);
                    found(map.into());
                });
            }
            for (name, below) in map.iter().filter(|_| is_free(key) || depth < DEPTH) {
                for key in texts(name) {
                    let mut map = map.clone();
                    map.remove(name);
                    map.insert(key, below.clone());
                    found(map.into());
                }
            }
        }
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                poison(item, key, depth, &mut |variant| {
                    let mut items = items.clone();
                    items[at] = variant;
                    found(items.into());
                });
            }
        }
        Json::String(text) => {
            for text in texts(text) {
                found(text.into());
            }
            if let Ok(document @ (Json::Object(_) | Json::Array(_))) = serde_json::from_str(text)
                && depth > 0
            {
                poison(&document, "", depth - 1, &mut |variant| found(variant.to_string().into()));
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {
            found(format!("postgres://ska:{CANARY}@{value}").into());
        }
    }
}

/// Fields by which everybody calls the object.
fn is_identity(parent: &str, key: &str) -> bool {
    match parent {
        "" => matches!(key, "apiVersion" | "kind" | "format" | "repository" | "name" | "version"),
        "metadata" => matches!(key, "name" | "namespace"),
        _ => false,
    }
}

/// Texts and keys that stand more than once in the object, in small letters.
fn words(object: &Json) -> Vec<String> {
    let text = object.to_string().replace('\\', "");
    let all = text.split('"').filter(|it| it.len() > 2 && !it.contains(['{', '[', ':']));
    let mut words: Vec<String> = all.map(str::to_lowercase).collect();
    words.sort();
    let twice = words.chunk_by(|one, other| one == other).filter(|same| same.len() > 1);
    twice.map(|same| same[0].clone()).filter(|it| it.contains(['/', '.', '-'])).collect()
}

/// Whether the keys of this field are whatever somebody chose.
fn is_free(key: &str) -> bool {
    matches!(key, "annotations" | "labels" | "data" | "matchLabels" | "metadata.labels")
}

/// Puts the canary beside everything: into every map, and behind every command.
fn surround(value: &mut Json) {
    match value {
        Json::Object(map) => {
            for (key, below) in map.iter_mut() {
                match below {
                    Json::Array(items) if matches!(&**key, "command" | "args") => {
                        items.extend([json!("--password"), json!(CANARY)]);
                    }
                    below => surround(below),
                }
            }
            map.insert("password".to_owned(), CANARY.into());
            map.insert("token".to_owned(), json!([CANARY]));
        }
        Json::Array(items) => items.iter_mut().for_each(surround),
        Json::String(text) => {
            if let Ok(mut document @ Json::Object(_)) = serde_json::from_str(text) {
                surround(&mut document);
                *text = document.to_string();
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// The object in YAML with a comment on every line, which holds the canary too.
pub(super) fn commented(object: &Json) -> String {
    let mut text = String::new();
    write(object, 0, &mut text);
    text.lines().map(|line| format!("{line}  # password: {CANARY}\n")).collect()
}

fn write(value: &Json, indent: usize, text: &mut String) {
    let margin = " ".repeat(indent);
    match value {
        Json::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                text.push_str(&format!("\n{margin}{}:", json!(key)));
                write(value, indent + 2, text);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                text.push_str(&format!("\n{margin}-"));
                write(item, indent + 2, text);
            }
        }
        value => text.push_str(&format!(" {value}")),
    }
}
