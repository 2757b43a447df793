//! Numbers as the API server keeps them.

use super::value::Body;

/// The body that a float becomes. The API server writes objects with Go's encoder, where `1.0` is
/// `1`, and reads what has no fraction and fits `i64` as an integer. `None` for infinity and NaN,
/// which JSON cannot hold.
pub(crate) fn from_float(number: f64) -> Option<Body<'static>> {
    // Beyond 2^53 Go writes the shortest digits that mean the same float, filled up with zeros,
    // and reads back those; Rust's `Display` writes the same digits.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !number.is_finite() {
        return None;
    }
    if number.fract() != 0.0 {
        return Some(Body::Float(number));
    }
    if number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within 2^53")]
        return Some(Body::Int(number as i64));
    }
    // From 1e21 on Go writes an exponent, and what has an exponent is no integer.
    let whole = (number.abs() < 1e19).then(|| number.to_string().parse().ok()).flatten();
    Some(whole.map_or(Body::Float(number), Body::Int))
}

/// The body of a whole number that may lie beyond `i64`.
pub(crate) fn from_unsigned(number: u64) -> Body<'static> {
    #[expect(clippy::cast_precision_loss, reason = "the API server loses it as well")]
    i64::try_from(number).map_or(Body::Float(number as f64), Body::Int)
}
