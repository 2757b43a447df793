//! A field or an item less.

use super::source::{Source, Spot};
use super::{Edit, Refusal, refuse, replace};
use crate::document::map::Map;
use crate::document::value::{Body, Span, Value};

pub(super) fn edit(
    source: &Source<'_>,
    root: &Value<'_>,
    tokens: &[String],
) -> Result<Edit, Refusal> {
    let Some((_, parents)) = tokens.split_last() else {
        return Err(refuse("the whole document would be removed"));
    };
    let parent = source.find(root, parents)?;
    // What is to be removed must stand here, too.
    let part = source.find(root, tokens)?;
    match &parent.value.body {
        Body::Map(map) if map.len() == 1 => {
            replace::spot(source, parent, &Value::new(Body::Map(Map::default())))
        }
        Body::List(items) if items.len() == 1 => {
            replace::spot(source, parent, &Value::new(Body::List(Vec::new())))
        }
        Body::Map(map) => {
            let mut parts: Vec<_> = map
                .iter()
                .map(|entry| Span::new(entry.key_span.start, entry.value.span.end))
                .collect();
            parts.sort_unstable();
            remove(source, parent, part.value, &parts)
        }
        Body::List(items) if source.is_flow(parent.value) => {
            let parts: Vec<_> = items.iter().map(|item| item.span).collect();
            remove(source, parent, part.value, &parts)
        }
        Body::List(items) => {
            let mut from = parent.value.span.start;
            let mut parts = Vec::with_capacity(items.len());
            for item in items {
                parts.push(Span::new(source.dash(from)?, item.span.end));
                from = item.span.end;
            }
            remove(source, parent, part.value, &parts)
        }
        _ => Err(refuse("the parent is neither a map nor a list")),
    }
}

/// Removes the part of a collection that ends with `value`. `parts` are in the order of the text.
fn remove(
    source: &Source<'_>,
    parent: Spot<'_, '_>,
    value: &Value<'_>,
    parts: &[Span],
) -> Result<Edit, Refusal> {
    let at = parts.iter().position(|part| part.end == value.span.end);
    let Some((at, part)) = at.and_then(|at| Some((at, *parts.get(at)?))) else {
        return Err(refuse("the place is missing"));
    };
    let next = parts.get(at + 1);
    let before = at.checked_sub(1).and_then(|before| parts.get(before));
    let span = match (source.is_flow(parent.value), next, before) {
        (true, Some(next), _) => Span::new(part.start, next.start),
        (true, None, Some(before)) => Span::new(before.end, part.end),
        _ => lines(source, part)?,
    };
    Ok(Edit { span, replacement: String::new() })
}

/// The lines of a part of a block collection. Where it shares its first line with the dash of an
/// outer list, what follows takes its place there.
fn lines(source: &Source<'_>, part: Span) -> Result<Span, Refusal> {
    let ends_line = source.text.get(..part.end as usize).is_some_and(|it| it.ends_with('\n'));
    let next_line = match ends_line {
        true => part.end,
        false => source.next_line(source.line_end(part.end)?),
    };
    let start = source.line_start(part.start);
    let is_first = source.blank(Span::new(start, part.start)).is_ok();
    if is_first && next_line as usize == source.text.len() && !source.text.ends_with('\n') {
        // The last line of a text without a line break at its end takes the one before it along.
        let before = source.text.get(..start as usize).unwrap_or_default();
        let kept = before.trim_end_matches(['\r', '\n']).len();
        return Ok(Span::new(u32::try_from(kept).unwrap_or(start), next_line));
    }
    if is_first {
        return Ok(Span::new(start, next_line));
    }
    let rest = source.text.get(next_line as usize..).unwrap_or_default();
    let indentation = rest.len() - rest.trim_start_matches(' ').len();
    let end = next_line.saturating_add(u32::try_from(indentation).unwrap_or_default());
    Ok(Span::new(part.start, end))
}
