//! From a path to the place in the text, also inside embedded documents.

use super::embedded;
use super::path::{Path, Step};
use super::scalar::Origin;
use super::value::{Body, Span, Value};

/// Where something stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// What the path leads to. If it leads to nothing, what comes nearest: the key of the last
    /// parent that exists, or the first line of a parent without a key.
    pub span: Span,
    /// The key of the field that the path leads to, or of that parent.
    pub key: Option<Span>,
    /// The path leads to this. Otherwise something in it is missing, and this is a parent.
    pub exact: bool,
}

/// Finds what `path` leads to in `value`, which was read from `text`.
///
/// Where the path goes on inside a string, the string is read as an [embedded
/// document](embedded::read), and the place is the one in `text` that was decoded to what is
/// found.
pub fn locate(text: &str, value: &Value<'_>, path: &Path) -> Place {
    let whole = Place { span: first_line(text, value.span), key: None, exact: false };
    walk(text, value, &path.steps).unwrap_or(whole)
}

/// `None` if not even the first step leads anywhere.
fn walk(text: &str, root: &Value<'_>, steps: &[Step]) -> Option<Place> {
    let mut nearest = None;
    let mut value = root;
    let mut key = None;
    for (index, step) in steps.iter().enumerate() {
        let next = match &value.body {
            Body::Map(map) => match step {
                Step::Key(name) => map.entry(name),
                Step::Index(number) => map.entry(&number.to_string()),
            }
            .map(|entry| (&entry.value, Some(entry.key_span))),
            Body::List(items) => {
                let at = match step {
                    Step::Index(at) => Some(*at as usize),
                    Step::Key(name) => name.parse().ok(),
                };
                at.and_then(|at| items.get(at)).map(|item| (item, None))
            }
            Body::Text(decoded) => {
                let inside = embedded_place(text, value.span, decoded, steps.get(index..)?);
                return inside.or(nearest);
            }
            Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) => None,
        };
        let Some((inner, inner_key)) = next else { return nearest };
        (value, key) = (inner, inner_key);
        let span = key.unwrap_or_else(|| first_line(text, value.span));
        nearest = Some(Place { span, key, exact: false });
    }
    Some(Place { span: value.span, key, exact: true })
}

fn embedded_place(text: &str, token: Span, decoded: &str, steps: &[Step]) -> Option<Place> {
    let document = embedded::read(decoded).ok()?;
    // A string that holds but a string would lead to itself.
    if !matches!(document.value.body, Body::Map(_) | Body::List(_)) {
        return None;
    }
    let Place { span, key, exact } = walk(decoded, &document.value, steps)?;
    let origin = Origin::of(text, token, decoded)?;
    Some(Place { span: origin.span(span), key: key.map(|key| origin.span(key)), exact })
}

/// The part of a span that stands in its first line.
fn first_line(text: &str, span: Span) -> Span {
    let source = text.get(span.start as usize..span.end as usize).unwrap_or_default();
    let line = source.lines().next().unwrap_or_default();
    Span::new(span.start, span.start.saturating_add(u32::try_from(line.len()).unwrap_or(u32::MAX)))
}
