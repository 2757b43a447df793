//! Names: what Kubernetes accepts for objects, and what SKA calls its artefacts.
//!
//! Sources: RFC 1123 and k8s.io/apimachinery `pkg/util/validation` for DNS names, PEP 503 for
//! Python, developer.skatelescope.org ("Central Artefact Repository") for the `ska-` prefix.

use std::borrow::Cow;

/// The longest DNS label: the name of a Service, a Namespace, a container.
pub const MAX_LABEL: usize = 63;

/// The longest DNS subdomain: the name of most objects.
pub const MAX_SUBDOMAIN: usize = 253;

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("is empty")]
    Empty,
    #[error("has {length} characters, more than {limit}")]
    TooLong { length: usize, limit: usize },
    #[error("has upper-case letters")]
    UpperCase,
    #[error("has a `{0}`")]
    Character(char),
    #[error("begins with a `{0}`")]
    Start(char),
    #[error("ends with a `{0}`")]
    End(char),
    #[error("has an empty part")]
    EmptyPart,
    #[error("does not begin with `{0}`")]
    Prefix(&'static str),
}

/// How an artefact's name is written in its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameStyle {
    /// `ska-tango-examples`.
    Hyphens,
    /// The same after the normalisation of PEP 503, so `ska_tango.examples` too.
    Python,
    /// `ska_tango_examples`, where a hyphen can't stand.
    Underscores,
}

/// Checks a DNS label (RFC 1123): lower-case letters, digits and `-`, up to 63 of them.
pub fn check_dns_label(name: &str) -> Result<(), NameError> {
    check_length(name, MAX_LABEL)?;
    check_part(name)
}

/// Checks a DNS label as the older RFC 1035 has it, which a Service's name is: the first
/// character is a letter.
pub fn check_dns_label_of_rfc_1035(name: &str) -> Result<(), NameError> {
    check_dns_label(name)?;
    match name.chars().next() {
        Some(first) if first.is_ascii_digit() => Err(NameError::Start(first)),
        _ => Ok(()),
    }
}

/// Checks a DNS subdomain: parts as in a DNS label, joined by `.`, up to 253 characters in all.
pub fn check_dns_subdomain(name: &str) -> Result<(), NameError> {
    check_length(name, MAX_SUBDOMAIN)?;
    name.split('.').try_for_each(check_part)
}

/// The name of a Python distribution as indexes compare it (PEP 503): lower case, with `-` for
/// each run of `-`, `_` and `.`.
pub fn normalized_python_name(name: &str) -> Cow<'_, str> {
    let plain = |c: char| !c.is_ascii_uppercase() && !matches!(c, '_' | '.');
    if name.chars().all(plain) && !name.contains("--") {
        return Cow::Borrowed(name);
    }
    let mut normalized = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if normalized.ends_with('-') => {}
            '-' | '_' | '.' => normalized.push('-'),
            _ => normalized.push(character.to_ascii_lowercase()),
        }
    }
    Cow::Owned(normalized)
}

impl NameStyle {
    /// The style of a format, by the name that Nexus has for it; `docker`, `helm`, `raw` and all
    /// others have hyphens.
    ///
    /// Ansible collections are stored as `raw`, so whoever knows that it is one says `ansible`.
    pub fn of_format(format: &str) -> Self {
        match format {
            "pypi" | "python" => Self::Python,
            "ansible" => Self::Underscores,
            _ => Self::Hyphens,
        }
    }

    /// Checks the name of an SKA artefact: `ska-`, then words of lower-case letters and digits,
    /// joined by single hyphens (or underscores, in that style).
    pub fn check_artefact(self, name: &str) -> Result<(), NameError> {
        let (name, separator, prefix) = match self {
            Self::Hyphens => (Cow::Borrowed(name), '-', "ska-"),
            Self::Python => (normalized_python_name(name), '-', "ska-"),
            Self::Underscores => (Cow::Borrowed(name), '_', "ska_"),
        };
        let name = name.as_ref();
        if name.is_empty() {
            return Err(NameError::Empty);
        }
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == separator;
        if let Some(other) = name.chars().find(|c| !allowed(*c)) {
            let upper = other.is_uppercase();
            return Err(if upper { NameError::UpperCase } else { NameError::Character(other) });
        }
        let words = name.strip_prefix(prefix).ok_or(NameError::Prefix(prefix))?;
        if words.ends_with(separator) {
            Err(NameError::End(separator))
        } else if words.split(separator).any(str::is_empty) {
            Err(NameError::EmptyPart)
        } else {
            Ok(())
        }
    }
}

fn check_length(name: &str, limit: usize) -> Result<(), NameError> {
    let length = name.chars().count();
    if length > limit { Err(NameError::TooLong { length, limit }) } else { Ok(()) }
}

/// Checks all of a DNS label but its length.
fn check_part(part: &str) -> Result<(), NameError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match part.chars().find(|c| !allowed(*c)) {
        Some(other) if other.is_uppercase() => return Err(NameError::UpperCase),
        Some(other) => return Err(NameError::Character(other)),
        None => {}
    }
    if part.is_empty() {
        Err(NameError::Empty)
    } else if part.starts_with('-') {
        Err(NameError::Start('-'))
    } else if part.ends_with('-') {
        Err(NameError::End('-'))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dns_label_has_63_lower_case_letters_digits_and_hyphens() {
        for name in ["a", "0", "a-b", "a--b", &"a".repeat(63)] {
            assert_eq!(check_dns_label(name), Ok(()), "{name}");
        }
        let cases = [
            ("", NameError::Empty),
            ("A", NameError::UpperCase),
            ("a.b", NameError::Character('.')),
            ("a_b", NameError::Character('_')),
            ("é", NameError::Character('é')),
            ("-a", NameError::Start('-')),
            ("a-", NameError::End('-')),
            (&"a".repeat(64), NameError::TooLong { length: 64, limit: 63 }),
        ];
        for (name, error) in cases {
            assert_eq!(check_dns_label(name), Err(error), "{name}");
        }
        assert_eq!(check_dns_label_of_rfc_1035("0a"), Err(NameError::Start('0')));
        assert_eq!(check_dns_label_of_rfc_1035("a0"), Ok(()));
    }

    #[test]
    fn a_dns_subdomain_is_labels_of_any_length_joined_by_dots() {
        for name in ["a", "a.b-c.d", &"a".repeat(253)] {
            assert_eq!(check_dns_subdomain(name), Ok(()), "{name}");
        }
        for name in ["", ".", "a.", ".a", "a..b", "a.-b", &"a".repeat(254)] {
            assert!(check_dns_subdomain(name).is_err(), "{name}");
        }
    }

    #[test]
    fn python_names_are_normalised_as_indexes_do() {
        let cases = [
            ("ska-sdp", "ska-sdp"),
            ("SKA_Sdp", "ska-sdp"),
            ("ska-_.sdp", "ska-sdp"),
            ("ska--sdp", "ska-sdp"),
            ("_ska.", "-ska-"),
        ];
        for (name, expected) in cases {
            assert_eq!(normalized_python_name(name), expected);
        }
    }

    #[test]
    fn artefacts_begin_with_ska_in_the_style_of_their_format() {
        let check = |format, name| NameStyle::of_format(format).check_artefact(name);
        for (format, name) in [
            ("docker", "ska-tango-examples"),
            ("helm", "ska-3"),
            ("pypi", "ska_tango_examples"),
            ("pypi", "SKA.tango"),
            ("ansible", "ska_cicd_roles"),
        ] {
            assert_eq!(check(format, name), Ok(()), "{name}");
        }
        let cases = [
            ("docker", "tango", NameError::Prefix("ska-")),
            ("docker", "ska", NameError::Prefix("ska-")),
            ("docker", "skampi-a", NameError::Prefix("ska-")),
            ("docker", "ska-", NameError::EmptyPart),
            ("docker", "ska-a-", NameError::End('-')),
            ("docker", "ska--a", NameError::EmptyPart),
            ("helm", "ska-Tango", NameError::UpperCase),
            ("helm", "ska_tango", NameError::Character('_')),
            ("raw", "", NameError::Empty),
            ("ansible", "ska-cicd", NameError::Character('-')),
            ("pypi", "tango", NameError::Prefix("ska-")),
        ];
        for (format, name, error) in cases {
            assert_eq!(check(format, name), Err(error), "{name}");
        }
    }
}
