//! The metadata that SKA pipelines put into an artefact.
//!
//! Sources: developer.skatelescope.org (software package release procedure) and ska-cicd-makefile
//! (`.make-metadata-support`, `.make-oci-support`) for the keys, the portal's sample for the shape
//! of each value.

use std::sync::LazyLock;

use regex::Regex;

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `Name <name@example.org>`.
    Author,
    /// 40 hexadecimal digits.
    Sha,
    /// 8 hexadecimal digits.
    ShortSha,
    /// `2025-03-01T12:00:00+00:00`.
    Timestamp,
    /// Decimal digits.
    Number,
    Url,
    Email,
    /// Anything but nothing.
    Text,
}

/// Every key, with what stands in it.
pub const KEYS: [(&str, Form); 21] = [
    ("CI_COMMIT_AUTHOR", Form::Author),
    ("CI_COMMIT_REF_NAME", Form::Text),
    ("CI_COMMIT_REF_SLUG", Form::Text),
    ("CI_COMMIT_SHA", Form::Sha),
    ("CI_COMMIT_SHORT_SHA", Form::ShortSha),
    ("CI_COMMIT_TIMESTAMP", Form::Timestamp),
    ("CI_JOB_ID", Form::Number),
    ("CI_JOB_URL", Form::Url),
    ("CI_PIPELINE_ID", Form::Number),
    ("CI_PIPELINE_IID", Form::Number),
    ("CI_PIPELINE_URL", Form::Url),
    ("CI_PROJECT_ID", Form::Number),
    ("CI_PROJECT_PATH_SLUG", Form::Text),
    ("CI_PROJECT_URL", Form::Url),
    ("CI_RUNNER_ID", Form::Number),
    ("CI_RUNNER_REVISION", Form::Text),
    ("CI_RUNNER_TAGS", Form::Text),
    ("GITLAB_USER_EMAIL", Form::Email),
    ("GITLAB_USER_ID", Form::Number),
    ("GITLAB_USER_LOGIN", Form::Text),
    ("GITLAB_USER_NAME", Form::Text),
];

impl Form {
    /// Whether `text` has the form.
    pub fn holds(self, text: &str) -> bool {
        static AUTHOR: LazyLock<Regex> = LazyLock::new(|| regex(r"^\S.*<[^<>\s]+@[^<>\s]+>$"));
        static TIMESTAMP: LazyLock<Regex> = LazyLock::new(|| {
            regex(
                r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})$",
            )
        });
        let hex = |length| text.len() == length && text.bytes().all(|it| it.is_ascii_hexdigit());
        match self {
            Self::Author => AUTHOR.is_match(text),
            Self::Sha => hex(40),
            Self::ShortSha => hex(8),
            Self::Timestamp => TIMESTAMP.is_match(text),
            Self::Number => text.bytes().all(|it| it.is_ascii_digit()) && !text.is_empty(),
            Self::Url => text.strip_prefix("https://").is_some_and(|rest| {
                !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace)
            }),
            Self::Email => text.split_once('@').is_some_and(|(local, host)| {
                !local.is_empty() && host.contains('.') && !text.contains(char::is_whitespace)
            }),
            Self::Text => !text.trim().is_empty(),
        }
    }

    /// With its article, for a message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Author => "an author as `Name <address>`",
            Self::Sha => "a commit of 40 hexadecimal digits",
            Self::ShortSha => "a short commit of 8 hexadecimal digits",
            Self::Timestamp => "a time as in RFC 3339",
            Self::Number => "a number",
            Self::Url => "an `https` URL",
            Self::Email => "an e-mail address",
            Self::Text => "a text",
        }
    }
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| unreachable!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_takes_what_pipelines_write() {
        for (form, good, bad) in [
            (Form::Author, "Ada Lovelace <ada@skao.int>", "ada@skao.int"),
            (Form::Sha, "0123456789012345678901234567890123456789", "0123"),
            (Form::ShortSha, "c557b975", "c557b97"),
            (Form::Timestamp, "2025-03-01T12:00:00+00:00", "2025-03-01"),
            (Form::Number, "42", "4x"),
            (Form::Url, "https://gitlab.com/ska-telescope/x", "gitlab.com/x"),
            (Form::Email, "ada@skao.int", "ada"),
            (Form::Text, "main", " "),
        ] {
            assert!(form.holds(good), "{good}");
            assert!(!form.holds(bad), "{bad}");
        }
    }
}
