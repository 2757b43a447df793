//! What a single value can be asked to be.

use std::net::IpAddr;

use ipnet::IpNet;
use semver::VersionReq;

use super::format::Format;
use super::pattern::Pattern;
use super::quantity::Quantity;
use super::scalar::Scalar;

/// One thing that must hold for a value.
#[derive(Clone, Debug)]
pub enum Test {
    Matches(Pattern),
    NeverMatches(Pattern),
    Is(Format),
    OneOf(Vec<Scalar>),
    NotOneOf(Vec<Scalar>),
    /// The bound as it is written, and what it means.
    AtLeast(Scalar, Quantity),
    AtMost(Scalar, Quantity),
    Version(VersionReq),
    Within(Vec<IpNet>),
    /// In characters.
    LengthAtLeast(usize),
    LengthAtMost(usize),
}

impl Test {
    /// What is wrong with a text, as the end of a sentence: `which is less than …`. Where the text
    /// must not be shown there is nothing of it in the words.
    pub fn problem(&self, text: &str, sensitive: bool) -> Option<String> {
        let (holds, problem) = match self {
            Self::Matches(pattern) => {
                (pattern.matches(text), format!("which does not match `{pattern}`"))
            }
            Self::NeverMatches(pattern) => {
                (!pattern.matches(text), format!("which matches `{pattern}`"))
            }
            Self::Is(format) => match format.check(text) {
                Ok(()) => return None,
                Err(departure) => {
                    let reason = departure.reason.filter(|_| !sensitive);
                    let reason = reason.map(|it| format!(": it {it}")).unwrap_or_default();
                    return Some(format!("which is not {}{reason}", format.noun()));
                }
            },
            Self::OneOf(values) => (
                values.iter().any(|value| value.as_str() == text),
                format!("which is none of {}", alternatives(values)),
            ),
            Self::NotOneOf(values) => (
                values.iter().all(|value| value.as_str() != text),
                "which is not allowed".to_owned(),
            ),
            Self::AtLeast(bound, least) => return compared(text, |it| it < *least, "less", bound),
            Self::AtMost(bound, most) => return compared(text, |it| it > *most, "more", bound),
            Self::Version(range) => match semver::Version::parse(text) {
                Err(_) => return Some("which is no semantic version".to_owned()),
                Ok(version) => {
                    (range.matches(&version), format!("which is not in the range `{range}`"))
                }
            },
            Self::Within(networks) => match network(text) {
                None => return Some("which is no IP address and no network".to_owned()),
                Some(inner) => (
                    networks.iter().any(|network| network.contains(&inner)),
                    format!("which is not within {}", alternatives(networks)),
                ),
            },
            Self::LengthAtLeast(least) => (
                text.chars().count() >= *least,
                format!("which is shorter than {least} characters"),
            ),
            Self::LengthAtMost(most) => {
                (text.chars().count() <= *most, format!("which is longer than {most} characters"))
            }
        };
        (!holds).then_some(problem)
    }
}

fn compared(
    text: &str,
    fails: impl Fn(Quantity) -> bool,
    word: &str,
    bound: &Scalar,
) -> Option<String> {
    match Quantity::parse(text) {
        Err(_) => Some("which is no number".to_owned()),
        Ok(quantity) if fails(quantity) => Some(format!("which is {word} than `{bound}`")),
        Ok(_) => None,
    }
}

/// A network, or a single address as the network that holds nothing else.
pub fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// Values in the words of a message: `` `a`, `b` or `c` ``.
pub fn alternatives(values: &[impl ToString]) -> String {
    let values: Vec<String> =
        values.iter().map(|value| format!("`{}`", value.to_string())).collect();
    match values.as_slice() {
        [one] => one.clone(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
        [] => String::new(),
    }
}
