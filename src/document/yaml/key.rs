//! Keys: text, whatever the YAML says.

use std::borrow::Cow;

use granit_parser::{ScalarStyle, Tag};

use super::refuse;
use super::resolve::{self, Numeric};
use crate::document::problem::Problem;
use crate::document::value::{Body, Span, Value};

/// Whether a key is `<<`, which stands for the fields of its value.
pub(super) fn is_merge(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> bool {
    text == "<<"
        && match tag {
            None => style == ScalarStyle::Plain,
            Some(tag) => tag.core_suffix() == Some("merge"),
        }
}

/// The key of the JSON object that the API server sees: `yes:` is `"true"`, `0x10:` is `"16"`.
/// `source` is the text of the token.
pub(super) fn text<'a>(key: Value<'a>, source: &str) -> Result<Cow<'a, str>, Problem> {
    Ok(match key.body {
        Body::Text(text) => text,
        Body::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        Body::Int(_) | Body::Float(_) => match (resolve::numeric(source), key.body) {
            // A float without fraction is still a float where it is a key.
            (Numeric::Float(float), _) => Cow::Owned(shortest(float)),
            (_, Body::Int(number)) => Cow::Owned(number.to_string()),
            _ => return Err(refuse::large_key(key.span)),
        },
        Body::Null => return Err(refuse::null_key(key.span)),
        Body::List(_) | Body::Map(_) => return Err(refuse::collection_as_key(key.span)),
    })
}

/// The key that infinity or NaN is.
pub(super) fn not_finite(text: &str, token: Span) -> Cow<'static, str> {
    let source = text.get(token.range()).unwrap_or_default();
    Cow::Borrowed(match resolve::numeric(source) {
        Numeric::Float(f64::INFINITY) => ".inf",
        Numeric::Float(f64::NEG_INFINITY) => "-.inf",
        _ => ".nan",
    })
}

/// A float as Go's `strconv.FormatFloat(number, 'g', -1, 32)` writes it: sigs.k8s.io/yaml rounds
/// keys to 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "as sigs.k8s.io/yaml does")]
fn shortest(number: f64) -> String {
    let number = number as f32;
    let scientific = format!("{number:e}");
    match scientific.split_once('e').map(|(mantissa, exponent)| (mantissa, exponent.parse())) {
        Some((mantissa, Ok(exponent @ (..-4_i32 | 6..)))) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => number.to_string(),
    }
}
