//! Tags of images: which move, and how exactly the others name a version.
//!
//! Source: developer.skatelescope.org ("Container Orchestration Guidelines": at least major and
//! minor version, never `latest`). The other moving names are ours.

use super::image::Pin;
use crate::engine::Globs;

/// Tags that name another image from one day to the next.
const MOVING: [&str; 12] = [
    "HEAD",
    "dev",
    "develop",
    "development",
    "edge",
    "latest",
    "local",
    "main",
    "master",
    "nightly",
    "snapshot",
    "stable",
];

/// How exactly a tag names a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// No number in it: a branch, a distribution.
    None,
    /// A major version alone: `9`, `v2-alpine`.
    Major,
    /// Major and minor version, a date or a commit.
    Exact,
}

/// The tags that move, unless a policy says otherwise.
pub fn moving_tags() -> Globs {
    Globs::new(MOVING).unwrap_or_default()
}

/// Whether what a reference pins can be another image tomorrow, given the tags that move.
pub fn is_moving(pin: Pin<'_>, moving: &Globs) -> bool {
    match pin {
        Pin::None | Pin::Latest => moving.matches("latest"),
        Pin::Tag(tag) => moving.matches(tag),
        Pin::Digest(_) => false,
    }
}

/// How exactly `tag` names a version. It does with two numbers, a date of six digits, or a commit
/// of seven hexadecimal ones.
pub fn precision(tag: &str) -> Precision {
    let (mut has_number, mut is_exact) = (false, false);
    // How many digits, and how many hexadecimal ones, stand in a row right before.
    let (mut digits, mut hexadecimal) = (0, 0);
    let mut after_number = false;
    for byte in tag.bytes() {
        let is_digit = byte.is_ascii_digit();
        is_exact |= is_digit && after_number;
        after_number = digits > 0 && matches!(byte, b'.' | b'_' | b'-');
        digits = if is_digit { digits + 1 } else { 0 };
        let is_hexadecimal = is_digit || matches!(byte, b'a'..=b'f');
        hexadecimal = if is_hexadecimal { hexadecimal + 1 } else { 0 };
        is_exact |= digits == 6 || hexadecimal == 7;
        has_number |= is_digit;
    }
    match (has_number, is_exact) {
        (false, _) => Precision::None,
        (true, true) => Precision::Exact,
        (true, false) => Precision::Major,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_exact_with_two_numbers_a_date_or_a_commit() {
        for tag in [
            "1.2",
            "v1.2.3",
            "3.12-slim",
            "22.04",
            "1_2",
            "RELEASE.2023-01-01T00",
            "20230101",
            "0.1.0-dev.c557b9753",
            "c557b975",
            "effaced-1",
            "jammy-20230101",
        ] {
            assert_eq!(precision(tag), Precision::Exact, "{tag}");
        }
        for tag in ["9", "v2", "9-alpine", "alpine3", "1.a2", "12345", "1..2", "C557B97"] {
            assert_eq!(precision(tag), Precision::Major, "{tag}");
        }
        for tag in ["alpine", "bookworm", "default", "effaced"] {
            assert_eq!(precision(tag), Precision::None, "{tag}");
        }
    }

    #[test]
    fn a_digest_never_moves() {
        let moving = moving_tags();
        assert!(is_moving(Pin::None, &moving) && is_moving(Pin::Latest, &moving));
        assert!(is_moving(Pin::Tag("main"), &moving));
        assert!(!is_moving(Pin::Tag("1.0"), &moving) && !is_moving(Pin::Digest("x"), &moving));
    }
}
