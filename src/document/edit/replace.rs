//! A value in place of another.

use super::render::{Quotes, scalar};
use super::source::{Hold, Source, Spot};
use super::{Edit, Refusal, refuse};
use crate::document::value::{Body, Span, Value};

pub(super) fn edit(
    source: &Source<'_>,
    root: &Value<'_>,
    tokens: &[String],
    new: &Value<'_>,
) -> Result<Edit, Refusal> {
    spot(source, source.find(root, tokens)?, new)
}

/// Writes `new` where the value of `spot` is.
pub(super) fn spot(
    source: &Source<'_>,
    spot: Spot<'_, '_>,
    new: &Value<'_>,
) -> Result<Edit, Refusal> {
    let old = spot.value;
    let is_missing = old.span.start == old.span.end;
    let is_collection = matches!(old.body, Body::Map(_) | Body::List(_)) && !source.is_flow(old);
    let keeps_flow = spot.in_flow || source.is_json || (source.is_flow(old) && !is_empty(old));
    if keeps_flow || (is_simple(new) && !is_collection && !becomes_block(source, old, new)) {
        let inline = in_line(source, spot, new);
        let replacement = if is_missing { format!(" {inline}") } else { inline };
        return Ok(Edit { span: old.span, replacement: with_end(source, old, replacement) });
    }
    if ends_in_block(source, new) && !source.ends_line(old.span.end) {
        return Err(refuse("what follows on the line would be lost"));
    }
    match spot.hold {
        Hold::Root => Err(refuse("the whole document would be written anew")),
        Hold::Field(entry) => {
            let colon = source.behind_colon(entry)?;
            source.blank(Span::new(colon, old.span.start))?;
            let column = source.column(entry.key_span.start);
            let replacement = source.block_value(new, column);
            let span = Span::new(colon, old.span.end);
            Ok(Edit { span, replacement: with_end(source, old, replacement) })
        }
        Hold::Item => {
            let column = source.column(old.span.start);
            let (column, space) = if is_missing { (column + 1, " ") } else { (column, "") };
            let replacement = format!("{space}{}", source.block_inside(new, column));
            Ok(Edit { span: old.span, replacement: with_end(source, old, replacement) })
        }
    }
}

/// `new` as the old value is written, if it can be.
fn in_line(source: &Source<'_>, spot: Spot<'_, '_>, new: &Value<'_>) -> String {
    let old = source.slice(spot.value.span).unwrap_or_default();
    let Body::Text(text) = &new.body else { return source.inline(new, spot.in_flow) };
    let was_text = matches!(spot.value.body, Body::Text(_));
    match old.as_bytes().first() {
        _ if source.is_json => source.inline(new, true),
        Some(b'"') => scalar(text, Quotes::Double, spot.in_flow),
        Some(b'\'') => scalar(text, Quotes::Single, spot.in_flow),
        Some(b'|' | b'>') if was_text => {
            let first = old.lines().nth(1).unwrap_or_default();
            let column = first.len() - first.trim_start_matches(' ').len();
            source.literal(text, column).unwrap_or_else(|| source.inline(new, false))
        }
        _ => source.inline(new, spot.in_flow),
    }
}

/// A block scalar's last line break is part of its token.
fn with_end(source: &Source<'_>, old: &Value<'_>, mut replacement: String) -> String {
    if source.slice(old.span).is_some_and(|old| old.starts_with(['|', '>']) && old.ends_with('\n'))
    {
        replacement.push_str(source.line_break);
    }
    replacement
}

/// Whether a text of several lines takes the place of one without quotes. A comment behind it would
/// become part of a block.
fn becomes_block(source: &Source<'_>, old: &Value<'_>, new: &Value<'_>) -> bool {
    let is_open = |old: &str| !old.starts_with(['"', '\'', '|', '>']);
    new.as_str().is_some_and(|text| text.contains('\n'))
        && source.slice(old.span).is_some_and(is_open)
        && source.ends_line(old.span.end)
}

/// Whether the last line of a value would be one of a block scalar.
fn ends_in_block(source: &Source<'_>, value: &Value<'_>) -> bool {
    match &value.body {
        Body::Map(map) => map.iter().last().is_some_and(|it| ends_in_block(source, &it.value)),
        Body::List(items) => items.last().is_some_and(|it| ends_in_block(source, it)),
        Body::Text(text) => source.literal(text, 0).is_some(),
        Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) => false,
    }
}

/// Whether a value has one line in any style.
fn is_simple(value: &Value<'_>) -> bool {
    match &value.body {
        Body::Map(_) | Body::List(_) => is_empty(value),
        _ => true,
    }
}

fn is_empty(value: &Value<'_>) -> bool {
    match &value.body {
        Body::Map(map) => map.is_empty(),
        Body::List(items) => items.is_empty(),
        _ => false,
    }
}
