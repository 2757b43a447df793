//! Named formats of single values, for the parameters of rules.

use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::ImageRef;
use super::name::{NameError, check_dns_label, check_dns_subdomain};
use super::quantity::Quantity;
use super::tango::{DeviceName, ServerName};
use super::tango_host::TangoHost;
use crate::engine::{is_label_key, is_label_value};

/// What a value can be asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// A network: `10.20.0.0/16`, `fd00::/8`.
    Cidr,
    /// Lower-case letters, digits and `-`, up to 63: the name of a Namespace, a Service.
    DnsLabel,
    /// DNS labels joined by dots, up to 253 characters: the name of most objects.
    DnsSubdomain,
    /// An address of electronic mail, as HTML forms take it.
    Email,
    /// An image with an optional registry, tag and digest.
    ImageReference,
    /// A whole number, as a number or as text.
    Integer,
    /// An IP address.
    Ip,
    /// The key of a label or annotation.
    LabelKey,
    /// The value of a label.
    LabelValue,
    /// A Kubernetes quantity: `500m`, `1Gi`.
    Quantity,
    /// A date and time (RFC 3339): `2026-11-21T09:00:00Z`.
    Rfc3339,
    /// A semantic version without a leading `v`: `1.2.3`, `1.2.3-rc.1`.
    Semver,
    /// `domain/family/member`.
    TangoDevice,
    /// `host:port` of a TANGO database, or several with commas between.
    TangoHost,
    /// `server/instance`.
    TangoServer,
    /// A URL with a scheme and a host.
    Url,
}

/// How a text departs from a [`Format`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// What is wrong, where more can be said than that it has another format.
    pub reason: Option<NameError>,
}

impl Format {
    /// What the format is, with its article, in the words of a message.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Cidr => "a network as `10.0.0.0/8`",
            Self::DnsLabel => "a DNS label",
            Self::DnsSubdomain => "a DNS subdomain",
            Self::Email => "an e-mail address",
            Self::ImageReference => "an image reference",
            Self::Integer => "a whole number",
            Self::Ip => "an IP address",
            Self::LabelKey => "the key of a label",
            Self::LabelValue => "the value of a label",
            Self::Quantity => "a quantity",
            Self::Rfc3339 => "a time as `2026-11-21T09:00:00Z`",
            Self::Semver => "a semantic version",
            Self::TangoDevice => "a TANGO device name as `domain/family/member`",
            Self::TangoHost => "a TANGO host as `host:port`",
            Self::TangoServer => "a TANGO server name as `server/instance`",
            Self::Url => "a URL",
        }
    }

    /// Checks a text.
    ///
    /// # Errors
    ///
    /// It has another format.
    pub fn check(self, text: &str) -> Result<(), Departure> {
        let holds = match self {
            Self::DnsLabel => return check_dns_label(text).map_err(Departure::from),
            Self::DnsSubdomain => return check_dns_subdomain(text).map_err(Departure::from),
            Self::Cidr => text.parse::<IpNet>().is_ok(),
            Self::Email => is_email(text),
            Self::ImageReference => ImageRef::parse(text).is_ok(),
            Self::Integer => is_integer(text),
            Self::Ip => text.parse::<IpAddr>().is_ok(),
            Self::LabelKey => is_label_key(text),
            Self::LabelValue => is_label_value(text),
            Self::Quantity => Quantity::parse(text).is_ok(),
            Self::Rfc3339 => is_rfc_3339(text),
            Self::Semver => semver::Version::parse(text).is_ok(),
            Self::TangoDevice => DeviceName::parse(text).is_ok(),
            Self::TangoHost => TangoHost::parse(text).is_ok(),
            Self::TangoServer => ServerName::parse(text).is_ok(),
            Self::Url => is_url(text),
        };
        if holds { Ok(()) } else { Err(Departure { reason: None }) }
    }
}

impl From<NameError> for Departure {
    fn from(error: NameError) -> Self {
        Self { reason: Some(error) }
    }
}

/// Source: the HTML standard, "valid e-mail address".
fn is_email(text: &str) -> bool {
    let in_local = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && local.chars().all(in_local)
            && check_dns_subdomain(&domain.to_ascii_lowercase()).is_ok()
    })
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// jiff reads more forms than RFC 3339 has, so the form is looked at first.
fn is_rfc_3339(text: &str) -> bool {
    let form: String =
        text.chars().map(|char| if char.is_ascii_digit() { '0' } else { char }).collect();
    let Some(rest) = form.strip_prefix("0000-00-00T00:00:00") else { return false };
    let offset = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let offset = fraction.trim_start_matches('0');
            if offset.len() == fraction.len() {
                return false;
            }
            offset
        }
    };
    matches!(offset, "Z" | "+00:00" | "-00:00") && text.parse::<Timestamp>().is_ok()
}

/// `scheme://host…`, without white space or control characters (RFC 3986 has neither).
fn is_url(text: &str) -> bool {
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    text.split_once("://").is_some_and(|(scheme, rest)| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(in_scheme)
            && !host.is_empty()
            && !host.starts_with(':')
            && !text.chars().any(|c| c.is_whitespace() || c.is_control())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_takes_its_own_and_refuses_the_rest() {
        let cases: [(Format, &[&str], &[&str]); 16] = [
            (Format::Cidr, &["10.20.0.0/16", "fd00::/8"], &["10.20.0.0", "10.0.0.0/33", ""]),
            (Format::DnsLabel, &["mid-tmc", "9"], &["Mid", "a.b", "-a", ""]),
            (Format::DnsSubdomain, &["a.b", "mid-tmc"], &["a..b", "A.b", ""]),
            (Format::Email, &["a.b@skao.int", "root@localhost"], &["a", "@b", "a b@c", "a@b@c"]),
            (Format::ImageReference, &["a", "r:5/a:1"], &["", "a b", "a:"]),
            (Format::Integer, &["0", "-12"], &["", "-", "1.0", "1e3", "+1"]),
            (Format::Ip, &["10.0.0.1", "::1"], &["10.0.0", "010.0.0.1", "a"]),
            (Format::LabelKey, &["a.b/c", "a"], &["", "a/b/c", "/a"]),
            (Format::LabelValue, &["", "a_B.c"], &["a b", "-a"]),
            (Format::Quantity, &["1Gi", "500m", "0.5"], &["1 Gi", "1gb", "a"]),
            (
                Format::Rfc3339,
                &["2026-11-21T09:00:00Z", "2026-11-21T09:00:00.123+02:00"],
                &[
                    "2026-11-21",
                    "2026-11-21T09:00Z",
                    "2026-13-21T09:00:00Z",
                    "2026-11-21T09:00:00",
                    "2026-11-21T09:00:00.Z",
                    "2026-11-21 09:00:00Z",
                    "2026-11-21T09:00:00Z[UTC]",
                ],
            ),
            (Format::Semver, &["1.2.3", "1.2.3-rc.1+b"], &["v1.2.3", "1.2", "01.2.3"]),
            (Format::TangoDevice, &["mid-tmc/central-node/0"], &["a/b", "a/b/c/d", "a//c"]),
            (Format::TangoHost, &["databaseds:10000", "a:1,b:2"], &[":1", "a:x"]),
            (Format::TangoServer, &["DsConfig/01"], &["a", "a/b/c"]),
            (
                Format::Url,
                &["https://artefact.skao.int/x?y#z", "tango+ssl://u:p@h:1", "http://[::1]:80/"],
                &[
                    "artefact.skao.int",
                    "https://",
                    "https:///a",
                    "://a",
                    "http://:80",
                    "http://a b",
                ],
            ),
        ];
        for (format, good, bad) in cases {
            for text in good {
                assert_eq!(format.check(text), Ok(()), "{format:?} {text}");
            }
            for text in bad {
                assert!(format.check(text).is_err(), "{format:?} {text}");
            }
        }
    }
}
