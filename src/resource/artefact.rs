//! The tree of an artefact: what its inspector came upon.

use super::phrase;
use crate::engine::{MASK, Node};

/// The problems of a sort, `unsafe` or `broken`, each with its place and a phrase for a message.
pub fn problems<'s>(
    artefact: Node<'s>,
    sort: &'static str,
) -> impl Iterator<Item = (Node<'s>, String)> {
    let all = artefact.get("problems").items();
    all.filter(move |it| it.get("sort").as_str() == Some(sort)).map(|it| (it, message(it)))
}

fn message(problem: Node<'_>) -> String {
    let (place, message) = (problem.get("place"), problem.get("message"));
    let text = match message.as_str() {
        Some(_) if message.is_sensitive() => MASK.to_owned(),
        text => phrase::line(text.unwrap_or("it has a problem")),
    };
    if place.is_empty() { text } else { format!("{} {text}", place.shown()) }
}
