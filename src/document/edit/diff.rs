//! Small steps in place of large ones: whoever replaces a list by one with an item more wants to
//! keep the comments in it.

use serde_json::{Map, Value as Json};

use super::{Refusal, refuse};

/// A way down from the root: keys, and indices in figures.
pub(super) type Tokens = Vec<String>;

/// A change of one place.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Puts a field where none is, or an item before another or behind the last.
    Insert(Tokens, Json),
    /// Writes a value anew that is no map or list, or is to be none, or is empty.
    Replace(Tokens, Json),
    Remove(Tokens),
}

pub(super) fn add(root: &Json, mut tokens: Tokens, new: &Json) -> Result<Vec<Step>, Refusal> {
    let Some(last) = tokens.pop() else { return replace(root, tokens, new) };
    match get(root, &tokens) {
        Some(Json::Object(fields)) => {
            let is_there = fields.contains_key(&last);
            tokens.push(last);
            match is_there {
                true => replace(root, tokens, new),
                false => Ok(vec![Step::Insert(tokens, new.clone())]),
            }
        }
        Some(Json::Array(items)) => {
            tokens.push(if last == "-" { items.len().to_string() } else { last });
            Ok(vec![Step::Insert(tokens, new.clone())])
        }
        _ => Err(refuse("the parent is missing")),
    }
}

pub(super) fn replace(root: &Json, tokens: Tokens, new: &Json) -> Result<Vec<Step>, Refusal> {
    let old = get(root, &tokens).ok_or_else(|| refuse("what is to be replaced is missing"))?;
    let mut steps = Vec::new();
    diff(old, new, &tokens, &mut steps);
    Ok(steps)
}

fn diff(old: &Json, new: &Json, way: &Tokens, steps: &mut Vec<Step>) {
    match (old, new) {
        _ if old == new => {}
        (Json::Object(old), Json::Object(new)) if !old.is_empty() && !new.is_empty() => {
            diff_maps(old, new, way, steps);
        }
        (Json::Array(old), Json::Array(new)) if !old.is_empty() && !new.is_empty() => {
            diff_lists(old, new, way, steps);
        }
        _ => steps.push(Step::Replace(way.clone(), new.clone())),
    }
}

/// Adds before it removes, so that no map is empty in between.
fn diff_maps(old: &Map<String, Json>, new: &Map<String, Json>, way: &Tokens, to: &mut Vec<Step>) {
    for (key, new) in new {
        match old.get(key) {
            Some(old) => diff(old, new, &below(way, key), to),
            None => to.push(Step::Insert(below(way, key), new.clone())),
        }
    }
    let gone = old.keys().filter(|key| !new.contains_key(*key));
    to.extend(gone.map(|key| Step::Remove(below(way, key))));
}

/// Leaves equal items at both ends as they are.
fn diff_lists(old: &[Json], new: &[Json], way: &Tokens, steps: &mut Vec<Step>) {
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let old = old.get(..old.len() - tail).unwrap_or_default();
    let new = new.get(..new.len() - tail).unwrap_or_default();
    let at = |index: usize| below(way, &(head + index).to_string());
    for (index, (old, new)) in old.iter().zip(new).enumerate() {
        diff(old, new, &at(index), steps);
    }
    for (index, item) in new.iter().enumerate().skip(old.len()) {
        steps.push(Step::Insert(at(index), item.clone()));
    }
    steps.extend((new.len()..old.len()).rev().map(|index| Step::Remove(at(index))));
}

fn below(way: &Tokens, token: &str) -> Tokens {
    way.iter().cloned().chain([token.to_owned()]).collect()
}

fn get<'v>(root: &'v Json, tokens: &[String]) -> Option<&'v Json> {
    tokens.iter().try_fold(root, |value, token| match value {
        Json::Object(fields) => fields.get(token),
        Json::Array(items) => items.get(token.parse::<usize>().ok()?),
        _ => None,
    })
}
