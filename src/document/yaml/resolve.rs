//! What a plain scalar means to `kubectl`: the rules of go-yaml v2, which keep much of YAML 1.1.
//!
//! `yes` and `on` are booleans, `0644` and `0o644` are octal, `1_000` is a number, `1.0` is `1`.

use std::borrow::Cow;

use crate::document::number;
use crate::document::value::Body;

/// The body of a scalar without quotes and tag; `None` for infinity and NaN, which have none.
pub(super) fn plain(text: Cow<'_, str>) -> Option<Body<'_>> {
    let Some(&first) = text.as_bytes().first() else { return Some(Body::Null) };
    match first {
        b'+' | b'-' | b'.' | b'0'..=b'9' => match numeric(&text) {
            Numeric::Int(body) => Some(body),
            Numeric::Float(float) => number::from_float(float),
            Numeric::No => Some(Body::Text(text)),
        },
        b'~' | b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => {
            Some(word(&text).unwrap_or(Body::Text(text)))
        }
        _ => Some(Body::Text(text)),
    }
}

/// What digits mean, before a float without fraction becomes an integer.
pub(super) enum Numeric {
    Int(Body<'static>),
    Float(f64),
    No,
}

/// The number that a scalar writes, if it does.
pub(super) fn numeric(text: &str) -> Numeric {
    match text {
        ".nan" | ".NaN" | ".NAN" => return Numeric::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Numeric::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Numeric::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let digits = match text.contains('_') && underscores_count_for_nothing(text) {
        true => Cow::Owned(text.replace('_', "")),
        false => Cow::Borrowed(text),
    };
    if let Some(body) = integer(&digits) {
        return Numeric::Int(body);
    }
    match digits.parse::<f64>() {
        Ok(float) if is_float(&digits) && float.is_finite() => Numeric::Float(float),
        _ => Numeric::No,
    }
}

/// Underscores may stand anywhere in a number, except if it begins with a point: then only
/// between digits.
fn underscores_count_for_nothing(text: &str) -> bool {
    let digit = |part: Option<u8>| part.is_some_and(|byte| byte.is_ascii_digit());
    !text.starts_with('.')
        || text
            .split('_')
            .zip(text.split('_').skip(1))
            .all(|(before, after)| digit(before.bytes().next_back()) && digit(after.bytes().next()))
}

/// The integer that `digits` writes, with a sign and a prefix or without.
fn integer(digits: &str) -> Option<Body<'static>> {
    // Go reads what is behind `0b` by itself, and takes a sign there.
    if let Some(signed) = digits.strip_prefix("0b").filter(|it| it.starts_with(['+', '-'])) {
        return i64::from_str_radix(signed, 2).ok().map(Body::Int);
    }
    let (sign, unsigned) = match digits.as_bytes().first()? {
        sign @ (b'-' | b'+') => (Some(*sign), digits.get(1..)?),
        _ => (None, digits),
    };
    let (radix, figures) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, unsigned.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, unsigned.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, unsigned.get(2..)?),
        [b'0', _, ..] => (8, unsigned.get(1..)?),
        [b'0'..=b'9', ..] => (10, unsigned),
        _ => return None,
    };
    if figures.starts_with(['+', '-']) {
        return None;
    }
    let number = u64::from_str_radix(figures, radix).ok()?;
    match sign {
        Some(b'-') => 0_i64.checked_sub_unsigned(number).map(Body::Int),
        Some(_) => i64::try_from(number).ok().map(Body::Int),
        None => Some(number::from_unsigned(number)),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the pattern of go-yaml.
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
        }
        None => (text, None),
    };
    let figures = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    figures(whole)
        && figures(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && figures(exponent))
}

/// The boolean or null that a word is.
pub(super) fn word(text: &str) -> Option<Body<'static>> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Body::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Body::Bool(false))
        }
        "~" | "null" | "Null" | "NULL" => Some(Body::Null),
        _ => None,
    }
}
