//! A field or an item where none is.

use super::render::{Quotes, scalar};
use super::source::{Source, Spot, to_offset};
use super::{Edit, Refusal, refuse, replace};
use crate::document::map::Map;
use crate::document::value::{Body, Span, Value};

pub(super) fn edit(
    source: &Source<'_>,
    root: &Value<'_>,
    tokens: &[String],
    new: &Value<'_>,
) -> Result<Edit, Refusal> {
    let Some((last, parents)) = tokens.split_last() else {
        return Err(refuse("the whole document would be written anew"));
    };
    let parent = source.find(root, parents)?;
    match &parent.value.body {
        Body::Map(map) if map.is_empty() => {
            replace::spot(source, parent, &Value::map([(last.as_str(), new.clone())]))
        }
        Body::List(items) if items.is_empty() => {
            replace::spot(source, parent, &Value::new(Body::List(vec![new.clone()])))
        }
        Body::Map(map) if source.is_flow(parent.value) => {
            flow_field(source, parent, map, last, new)
        }
        Body::Map(_) => {
            let column = source.column(parent.value.span.start);
            append(source, parent, column, &source.block_field(last, new, column))
        }
        Body::List(items) => {
            let index = last.parse::<usize>().map_err(|_| refuse("the index is no number"))?;
            match (items.get(index), source.is_flow(parent.value)) {
                (Some(before), true) => {
                    let replacement = format!("{}, ", source.inline(new, true));
                    let place = before.span.start;
                    Ok(Edit { span: Span::new(place, place), replacement })
                }
                (None, true) => {
                    let first = items.first().map_or(parent.value.span.start, |it| it.span.start);
                    let last = items.last().map_or(parent.value.span.end, |it| it.span.end);
                    flow_end(source, parent, first, last, &source.inline(new, true))
                }
                (Some(_), false) => before_item(source, parent, items, index, new),
                (None, false) => {
                    let column = source.column(parent.value.span.start);
                    append(source, parent, column, &source.block_item(new, column))
                }
            }
        }
        _ => Err(refuse("the parent is neither a map nor a list")),
    }
}

/// Adds lines behind the last of a block collection whose keys or dashes stand in `column`.
fn append(
    source: &Source<'_>,
    parent: Spot<'_, '_>,
    column: usize,
    lines: &str,
) -> Result<Edit, Refusal> {
    let end = parent.value.span.end;
    let indentation = " ".repeat(column);
    // The token of a block scalar holds its last line break.
    let (place, replacement) = match source.text.get(..end as usize) {
        Some(before) if before.ends_with('\n') => {
            (end, format!("{indentation}{lines}{}", source.line_break))
        }
        _ => (source.line_end(end)?, format!("{}{lines}", source.new_line(column))),
    };
    Ok(Edit { span: Span::new(place, place), replacement })
}

fn before_item(
    source: &Source<'_>,
    parent: Spot<'_, '_>,
    items: &[Value<'_>],
    index: usize,
    new: &Value<'_>,
) -> Result<Edit, Refusal> {
    let before = index.checked_sub(1).and_then(|before| items.get(before));
    let dash = source.dash(before.map_or(parent.value.span.start, |before| before.span.end))?;
    let column = source.column(dash);
    let item = source.block_item(new, column);
    let replacement = format!("{item}{}", source.new_line(column));
    Ok(Edit { span: Span::new(dash, dash), replacement })
}

fn flow_field(
    source: &Source<'_>,
    parent: Spot<'_, '_>,
    map: &Map<'_>,
    key: &str,
    new: &Value<'_>,
) -> Result<Edit, Refusal> {
    let start = parent.value.span.start;
    let keys = || map.iter().map(|entry| entry.key_span);
    let first = keys().min().unwrap_or(parent.value.span);
    let last = map.iter().map(|it| it.value.span.end).max().unwrap_or(parent.value.span.end);
    let is_quoted = source.slice(first).is_some_and(|key| key.starts_with('"'));
    let quotes = if is_quoted || source.is_json { Quotes::Double } else { Quotes::Plain };
    // `{"a":1}` goes on without spaces.
    let colon = match source.slice(Span::new(start, last)) {
        Some(inside) if source.is_json && !inside.contains(": ") => ":",
        _ => ": ",
    };
    let field = format!("{}{colon}{}", scalar(key, quotes, true), source.inline(new, true));
    flow_end(source, parent, first.start, last, &field)
}

/// Adds to a flow collection behind its last part, on a line of its own if the first part has
/// one.
fn flow_end(
    source: &Source<'_>,
    parent: Spot<'_, '_>,
    first: u32,
    last: u32,
    part: &str,
) -> Result<Edit, Refusal> {
    let span = parent.value.span;
    let before = source.slice(Span::new(span.start, first)).unwrap_or_default();
    let inside = source.slice(Span::new(span.start, last)).unwrap_or_default();
    let separator = match before.rfind('\n') {
        Some(newline) => {
            let indentation = before.get(newline + 1..).unwrap_or_default();
            format!(",{}{indentation}", source.line_break)
        }
        None if source.is_json && inside.contains(',') && !inside.contains(", ") => ",".to_owned(),
        None => ", ".to_owned(),
    };
    let end = span.start.saturating_add(to_offset(inside.len()));
    Ok(Edit { span: Span::new(end, end), replacement: format!("{separator}{part}") })
}
