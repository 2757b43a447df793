//! Kubernetes quantities, exact: `500m`, `1Gi`, `1e3`.
//!
//! Source: k8s.io/apimachinery `pkg/api/resource/quantity.go`. As there, a value finer than a
//! nano is rounded away from zero, one with a binary suffix is at most 2^63-1, and a missing
//! number is zero with most suffixes. There are no floats.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::document::{Body, Value};

/// Billionths in one.
const ONE: i128 = 1_000_000_000;
const MILLI: i128 = 1_000_000;
const DECIMAL_SUFFIXES: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY_SUFFIXES: [(&str, u32); 6] =
    [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// An amount. Equality and order are those of the value: `1000m` is `1`.
///
/// `Display` writes the canonical form: no fraction, and the largest suffix of the sort that was
/// read.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    notation: Notation,
}

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    #[error("quantity is empty")]
    Empty,
    #[error("`{0}` is no quantity")]
    Format(String),
    #[error("`{suffix}` is no suffix of a quantity{}", hint(.suffix))]
    Suffix { suffix: String },
    #[error("quantity `{0}` is too large")]
    TooLarge(String),
    #[error("{0} is no quantity")]
    Type(&'static str),
}

/// Which sort of suffix is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    /// `k`, `M`, `m`, or none.
    Decimal,
    /// `Ki`, `Mi`.
    Binary,
    /// `e3`.
    Exponent,
}

/// A text cut into its parts.
struct Parts<'a> {
    negative: bool,
    /// Without leading zeros.
    whole: &'a str,
    fraction: &'a str,
    scale: Scale,
}

#[derive(Clone, Copy)]
enum Scale {
    Ten { exponent: i32, notation: Notation },
    Two(u32),
}

impl Quantity {
    pub const ZERO: Self = Self { nanos: 0, notation: Notation::Decimal };

    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        match Self::of_usual(text.as_bytes()) {
            Some(amount) => Ok(amount),
            None => Parts::split(text.trim())?.amount(text),
        }
    }

    /// The amount of a text such as most are: up to nine digits, and a usual suffix.
    fn of_usual(text: &[u8]) -> Option<Self> {
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, suffix) =
            text.split_at_checked(digits).filter(|_| (1..=9).contains(&digits))?;
        let (unit, notation) = match suffix {
            b"" => (ONE, Notation::Decimal),
            b"m" => (MILLI, Notation::Decimal),
            b"Ki" => (ONE << 10, Notation::Binary),
            b"Mi" => (ONE << 20, Notation::Binary),
            b"Gi" => (ONE << 30, Notation::Binary),
            _ => return None,
        };
        let number = number.iter().fold(0, |number, byte| number * 10 + u64::from(byte - b'0'));
        Some(Self { nanos: i128::from(number) * unit, notation })
    }

    /// The quantity that a field holds: a string, or a number as JSON writes it.
    pub fn of(value: &Value<'_>) -> Result<Self, QuantityError> {
        match &value.body {
            Body::Text(text) => Self::parse(text),
            Body::Int(number) => Self::parse(&number.to_string()),
            Body::Float(number) => Self::parse(&number.to_string()),
            _ => Err(QuantityError::Type(value.type_name())),
        }
    }

    /// The value in billionths.
    pub fn nanos(self) -> i128 {
        self.nanos
    }

    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Away from zero to the next thousandth, as the API server rounds each item of a resource list
    /// (`SetDefaults_ResourceList`).
    #[must_use]
    pub fn rounded_to_milli(self) -> Self {
        Self { nanos: divide_away_from_zero(self.nanos, MILLI) * MILLI, ..self }
    }
}

/// What the API server writes back for `text` in a resource list (`requests`, `limits`, `hard`).
///
/// That is the canonical form, except that it keeps some texts as they are: `1.500` stays, while
/// `1.5` becomes `1500m`.
pub fn stored(text: &str) -> Result<Cow<'_, str>, QuantityError> {
    let trimmed = text.trim();
    let parts = Parts::split(trimmed)?;
    if trimmed == "0" || parts.is_kept_as_written() {
        return Ok(Cow::Borrowed(trimmed));
    }
    Ok(Cow::Owned(parts.amount(text)?.rounded_to_milli().to_string()))
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Empty);
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, rest) = split_digits(unsigned.trim_start_matches('0'));
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
        let letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let exponent = letters.strip_prefix(['+', '-']).unwrap_or(letters);
        if !split_digits(exponent).1.is_empty() {
            return Err(QuantityError::Format(text.into()));
        }
        let scale =
            Scale::of(suffix).ok_or_else(|| QuantityError::Suffix { suffix: suffix.to_owned() })?;
        let has_number = !fraction.is_empty() || unsigned.starts_with(|c: char| c.is_ascii_digit());
        if !has_number && !scale.takes_no_number_for_zero() {
            return Err(QuantityError::Format(text.into()));
        }
        Ok(Self { negative, whole, fraction, scale })
    }

    fn amount(&self, text: &str) -> Result<Quantity, QuantityError> {
        let (size, notation) = match self.scale {
            Scale::Ten { exponent, notation } => (self.in_decimal(exponent), notation),
            Scale::Two(exponent) => {
                let most = i128::from(i64::MAX) * ONE;
                let size = self.in_binary(exponent).map_or(most, |size| size.min(most));
                (Some(size), Notation::Binary)
            }
        };
        let size = size.ok_or_else(|| QuantityError::TooLarge(text.trim().into()))?;
        Ok(Quantity { nanos: if self.negative { -size } else { size }, notation })
    }

    /// The size in nanos: all digits before the point, which is moved right by `exponent + 9`.
    fn in_decimal(&self, exponent: i32) -> Option<i128> {
        let digits = || self.whole.bytes().chain(self.fraction.bytes()).map(digit);
        let count = i64::try_from(self.whole.len() + self.fraction.len()).ok()?;
        let point = i64::try_from(self.whole.len()).ok()? + i64::from(exponent) + 9;
        let kept = usize::try_from(point).unwrap_or(0);
        let mut size = digits()
            .take(kept)
            .try_fold(0_i128, |size, digit| size.checked_mul(10)?.checked_add(digit))?;
        if size != 0 {
            for _ in count..point {
                size = size.checked_mul(10)?;
            }
        }
        let rounds_up = digits().skip(kept).any(|digit| digit != 0);
        size.checked_add(i128::from(rounds_up))
    }

    /// The size in nanos: `(whole + fraction) * 2^exponent`.
    fn in_binary(&self, exponent: u32) -> Option<i128> {
        let unit = (1_i128 << exponent) * ONE;
        let whole = self
            .whole
            .bytes()
            .map(digit)
            .try_fold(0_i128, |size, digit| size.checked_mul(10)?.checked_add(digit))?;
        // Multiplied by hand, from the last digit: any number of digits stays exact.
        let (carry, rounds_up) =
            self.fraction.bytes().rev().map(digit).fold((0_i128, false), |(carry, rest), digit| {
                let product = digit * unit + carry;
                (product / 10, rest || product % 10 != 0)
            });
        whole.checked_mul(unit)?.checked_add(carry)?.checked_add(i128::from(rounds_up))
    }

    /// Whether the API server keeps the text instead of writing the canonical form, in a resource
    /// list: it takes the text for canonical by a quick look at it (`ParseQuantity`).
    fn is_kept_as_written(&self) -> bool {
        let whole = if self.whole.is_empty() { "0" } else { self.whole };
        let digits = || whole.bytes().chain(self.fraction.bytes());
        let count = whole.len() + self.fraction.len();
        match self.scale {
            Scale::Ten { exponent, .. } => {
                let thousand = digits().rev().take(3).filter(|it| *it == b'0').count() == 3;
                let places = i64::from(exponent) - self.fraction.len() as i64;
                count <= 18
                    && places >= -3
                    && places % 3 == 0
                    && !thousand
                    && !whole.starts_with('0')
            }
            Scale::Two(exponent) => {
                let fits = count + (exponent * 3 / 10) as usize <= 14;
                let last_bits =
                    digits().map(digit).fold(0, |value, digit| (value * 10 + digit) % 8);
                fits && self.fraction.is_empty() && last_bits != 0
            }
        }
    }
}

impl Scale {
    fn of(suffix: &str) -> Option<Self> {
        let decimal = |exponent| Self::Ten { exponent, notation: Notation::Decimal };
        if let Some((_, exponent)) = DECIMAL_SUFFIXES.iter().find(|(it, _)| *it == suffix) {
            return Some(decimal(*exponent));
        }
        if let Some((_, exponent)) = BINARY_SUFFIXES.iter().find(|(it, _)| *it == suffix) {
            return Some(Self::Two(*exponent));
        }
        let exponent = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
        Some(Self::Ten { exponent, notation: Notation::Exponent })
    }

    /// Whether the API server reads a suffix without a number as zero. It does where its parser
    /// has a short way: `Ki` is zero, `Pi` an error.
    const fn takes_no_number_for_zero(self) -> bool {
        match self {
            Self::Ten { exponent, .. } => exponent >= -9,
            Self::Two(exponent) => exponent <= 40,
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.nanos / ONE;
        let has_fraction = self.nanos % ONE != 0;
        if self.nanos == 0 {
            f.write_str("0")
        } else if self.notation == Notation::Binary && !has_fraction && whole.abs() >= 1024 {
            let fits = |(_, exponent): &&(&str, u32)| whole % (1 << exponent) == 0;
            match BINARY_SUFFIXES.iter().rev().find(fits) {
                Some((suffix, exponent)) => write!(f, "{}{suffix}", whole >> exponent),
                None => write!(f, "{whole}"),
            }
        } else {
            self.write_decimal(f)
        }
    }
}

impl Quantity {
    fn write_decimal(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let largest = if self.notation == Notation::Exponent { i32::MAX } else { 18 };
        let (mut number, mut exponent) = (self.nanos, -9);
        while number % 1000 == 0 && exponent < largest {
            number /= 1000;
            exponent += 3;
        }
        if self.notation == Notation::Exponent && exponent != 0 {
            return write!(f, "{number}e{exponent}");
        }
        let suffix = DECIMAL_SUFFIXES.iter().find(|(_, it)| *it == exponent);
        write!(f, "{number}{}", suffix.map_or("", |(suffix, _)| suffix))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    text.split_at(text.len() - rest.len())
}

fn digit(byte: u8) -> i128 {
    i128::from(byte - b'0')
}

fn divide_away_from_zero(number: i128, by: i128) -> i128 {
    number / by + if number % by == 0 { 0 } else { number.signum() }
}

/// The suffix that was probably meant.
fn hint(suffix: &str) -> String {
    let meant = match suffix {
        "K" => "k",
        "g" => "G",
        "KI" | "ki" | "kI" => "Ki",
        "MI" | "mi" | "mI" => "Mi",
        "GI" | "gi" | "gI" => "Gi",
        _ => return String::new(),
    };
    format!("; `{meant}` is")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Quantity::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
    }

    #[test]
    fn the_canonical_form_is_the_one_of_the_api_server() {
        let cases = [
            ("0", "0"),
            ("0Ki", "0"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5", "1500m"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("007Mi", "7Mi"),
            ("999999999Gi", "999999999Gi"),
            ("9999999999Gi", "9223372036854775807"),
            ("1234567890m", "1234567890m"),
            ("100.035Ki", "102435840m"),
            ("1025Ki", "1025Ki"),
            ("1024", "1024"),
            ("1000", "1k"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("1.5e0", "1500e-3"),
            ("12E", "12E"),
            ("1000E", "1000E"),
            ("-1.5Gi", "-1536Mi"),
            ("+1", "1"),
            (".5", "500m"),
            ("1.", "1"),
            ("1.G", "1G"),
            ("3.001n", "4n"),
            ("-3.001n", "-4n"),
            ("0.000000000001Ki", "2n"),
            ("1E-30", "1e-9"),
            ("9Ei", "9223372036854775807"),
            ("9223372036854775807Ei", "9223372036854775807"),
            ("0.9999999999999999999999999999999999999999999999Ei", "1Ei"),
            // The API server takes these for zero.
            ("Ki", "0"),
            ("-", "0"),
            (".", "0"),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text), expected, "{text}");
        }
    }

    #[test]
    fn order_and_equality_are_those_of_the_value() {
        let quantity = |text| Quantity::parse(text).unwrap();
        for (left, right) in [("1000m", "1"), ("1Gi", "1073741824"), ("1e3", "1k"), ("0", "-0")] {
            assert_eq!(quantity(left), quantity(right));
        }
        let ascending =
            ["-1Ki", "-1", "-1m", "0", "1n", "1m", "999m", "1", "1M", "1Mi", "1G", "1e10"];
        assert!(ascending.map(quantity).is_sorted_by(|left, right| left < right));
        assert_eq!(quantity("1").nanos(), ONE);
    }

    #[test]
    fn what_is_no_quantity_is_refused_with_a_reason() {
        let cases = [
            ("", "quantity is empty"),
            ("1 Gi", "`1 Gi` is no quantity"),
            ("1.2.3", "`1.2.3` is no quantity"),
            ("--1", "`-1` is no suffix of a quantity"),
            ("a", "`a` is no quantity"),
            ("Pi", "`Pi` is no quantity"),
            ("1GB", "`1GB` is no quantity"),
            ("1K", "`K` is no suffix of a quantity; `k` is"),
            ("512mi", "`mi` is no suffix of a quantity; `Mi` is"),
            ("1e", "`e` is no suffix of a quantity"),
            ("1ee", "`ee` is no suffix of a quantity"),
            ("1e30", "quantity `1e30` is too large"),
            ("1e2000000000", "quantity `1e2000000000` is too large"),
        ];
        for (text, expected) in cases {
            assert_eq!(Quantity::parse(text).unwrap_err().to_string(), expected);
        }
        assert!(Quantity::parse("0e2000000000").unwrap().is_zero());
    }

    #[test]
    fn a_field_may_hold_a_number() {
        let of = |body| Quantity::of(&Value::new(body)).map(|it| it.to_string());
        assert_eq!(of(Body::Int(2)).unwrap(), "2");
        assert_eq!(of(Body::Float(0.1)).unwrap(), "100m");
        assert_eq!(of(Body::Text("1Gi".into())).unwrap(), "1Gi");
        assert_eq!(of(Body::Bool(true)).unwrap_err().to_string(), "a boolean is no quantity");
    }

    #[test]
    fn the_api_server_stores_some_texts_as_they_are() {
        let cases = [
            ("1.500", "1.500"),
            ("1.5", "1500m"),
            ("01", "01"),
            ("+1", "+1"),
            ("1E3", "1E3"),
            ("1000m", "1"),
            ("100u", "1m"),
            ("1024Mi", "1Gi"),
            ("1025Mi", "1025Mi"),
            ("8Mi", "8Mi"),
            ("2500m", "2500m"),
            ("0.1", "100m"),
            (" 1 ", "1"),
        ];
        for (text, expected) in cases {
            assert_eq!(stored(text).unwrap(), expected, "{text}");
        }
    }
}
