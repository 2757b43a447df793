//! Scalars with a tag: `!!str 12`, `!!int "12"`, `!!binary aGk=`.

use std::borrow::Cow;

use granit_parser::{ScalarStyle, Tag};

use super::resolve::{self, Numeric};
use crate::document::number;
use crate::document::value::Body;

/// The body of a scalar; `Err` says why the tag does not fit it. A float that JSON cannot hold is
/// `Ok(None)`.
pub(super) fn scalar<'a>(
    text: Cow<'a, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
) -> Result<Option<Body<'a>>, String> {
    let Some(tag) = tag else {
        return Ok(match style {
            ScalarStyle::Plain => resolve::plain(text),
            _ => Some(Body::Text(text)),
        });
    };
    match core_name(tag) {
        Some("binary") => match base64(&text) {
            Some(decoded) => Ok(Some(Body::Text(Cow::Owned(decoded)))),
            None => Err("`!!binary` value is no base64".into()),
        },
        Some(name @ ("int" | "float" | "bool" | "null")) => named(name, &text),
        Some("timestamp") => Err("`!!timestamp` has no form in JSON".into()),
        _ => Ok(Some(Body::Text(text))),
    }
}

/// The name behind `!!`.
fn core_name(tag: &Tag) -> Option<&str> {
    tag.core_suffix().or_else(|| match tag.parts() {
        ("!!" | "tag:yaml.org,2002:", name) => Some(name),
        (_, whole) => whole.strip_prefix("tag:yaml.org,2002:"),
    })
}

/// A text that its tag says to be of one sort. It may be quoted; the sort must be its own.
fn named<'a>(name: &str, text: &str) -> Result<Option<Body<'a>>, String> {
    let found = if text.is_empty() { Some(Body::Null) } else { resolve::word(text) };
    let body = match (name, found) {
        ("bool", Some(body @ Body::Bool(_))) | ("null", Some(body @ Body::Null)) => Some(body),
        ("int" | "float", None) => match (name, resolve::numeric(text)) {
            (_, Numeric::Int(body)) => Some(body),
            ("float", Numeric::Float(float)) => return Ok(number::from_float(float)),
            _ => None,
        },
        _ => None,
    };
    body.map(Some).ok_or_else(|| format!("value is no `!!{name}`"))
}

/// Standard base64 with padding; line breaks count for nothing. A byte that is no UTF-8 becomes
/// U+FFFD, as Go's JSON encoder writes it.
fn base64(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut group = 0_u32;
    let mut figures = 0_usize;
    let mut padding = 0_usize;
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        group = group << 6 | u32::from(value);
        figures += 1;
        if figures.is_multiple_of(4) {
            bytes.extend(group.to_be_bytes().into_iter().skip(1));
            group = 0;
        }
    }
    match (figures % 4, padding) {
        (0, 0) => {}
        (2, 2) => bytes.extend((group << 12).to_be_bytes().get(1..2)?),
        (3, 1) => bytes.extend((group << 6).to_be_bytes().get(1..3)?),
        _ => return None,
    }
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Some(decoded)
}
