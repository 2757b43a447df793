//! Small steps in place of large ones: whoever replaces a list by one with an item more wants to
//! keep the comments in it.

use super::{Refusal, refuse};
use crate::document::map::Map;
use crate::document::value::{Body, Value};

/// A way down from the root: keys, and indices in figures.
pub(super) type Tokens = Vec<String>;

/// A change of one place.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// Puts a field where none is, or an item before another or behind the last.
    Insert(Tokens, Value<'static>),
    /// Writes a value anew that is no map or list, or is to be none, or is empty.
    Replace(Tokens, Value<'static>),
    Remove(Tokens),
}

pub(super) fn add(
    root: &Value<'_>,
    mut tokens: Tokens,
    new: &Value<'_>,
) -> Result<Vec<Step>, Refusal> {
    let Some(last) = tokens.pop() else { return replace(root, tokens, new) };
    let insert = |tokens| Ok(vec![Step::Insert(tokens, new.clone().into_owned())]);
    match get(root, &tokens).map(|parent| &parent.body) {
        Some(Body::Map(map)) => {
            let is_there = map.get(&last).is_some();
            tokens.push(last);
            if is_there { replace(root, tokens, new) } else { insert(tokens) }
        }
        Some(Body::List(items)) => {
            tokens.push(if last == "-" { items.len().to_string() } else { last });
            insert(tokens)
        }
        _ => Err(refuse("the parent is missing")),
    }
}

pub(super) fn replace(
    root: &Value<'_>,
    tokens: Tokens,
    new: &Value<'_>,
) -> Result<Vec<Step>, Refusal> {
    let old = get(root, &tokens).ok_or_else(|| refuse("what is to be replaced is missing"))?;
    let mut steps = Vec::new();
    diff(old, new, &tokens, &mut steps);
    Ok(steps)
}

fn diff(old: &Value<'_>, new: &Value<'_>, way: &Tokens, steps: &mut Vec<Step>) {
    match (&old.body, &new.body) {
        _ if old == new => {}
        (Body::Map(old), Body::Map(new)) if !old.is_empty() && !new.is_empty() => {
            diff_maps(old, new, way, steps);
        }
        (Body::List(old), Body::List(new)) if !old.is_empty() && !new.is_empty() => {
            diff_lists(old, new, way, steps);
        }
        _ => steps.push(Step::Replace(way.clone(), new.clone().into_owned())),
    }
}

/// Adds before it removes, so that no map is empty in between.
fn diff_maps(old: &Map<'_>, new: &Map<'_>, way: &Tokens, steps: &mut Vec<Step>) {
    for entry in new {
        let way = below(way, &entry.key);
        match old.get(&entry.key) {
            Some(old) => diff(old, &entry.value, &way, steps),
            None => steps.push(Step::Insert(way, entry.value.clone().into_owned())),
        }
    }
    let gone = old.iter().filter(|entry| new.get(&entry.key).is_none());
    steps.extend(gone.map(|entry| Step::Remove(below(way, &entry.key))));
}

/// Leaves equal items at both ends as they are.
fn diff_lists(old: &[Value<'_>], new: &[Value<'_>], way: &Tokens, steps: &mut Vec<Step>) {
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
        steps.push(Step::Insert(at(index), item.clone().into_owned()));
    }
    steps.extend((new.len()..old.len()).rev().map(|index| Step::Remove(at(index))));
}

fn below(way: &Tokens, token: &str) -> Tokens {
    way.iter().cloned().chain([token.to_owned()]).collect()
}

fn get<'v, 'a>(root: &'v Value<'a>, tokens: &[String]) -> Option<&'v Value<'a>> {
    tokens.iter().try_fold(root, |value, token| match &value.body {
        Body::Map(map) => map.get(token),
        Body::List(items) => items.get(token.parse::<usize>().ok()?),
        _ => None,
    })
}
