//! What of a text is not to be shown: more than the rule about literal secrets finds.
//!
//! A rule that cries wolf is turned off, so it asks [`find`](super::find). To show a secret costs
//! more than to hide a sentence, so whoever shows a text asks here.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr_iter;

use super::name::{may_hold_private_name, name_is_private, says_nothing};
use super::{find, random, tree};
use crate::document::{Span, embedded};
use crate::engine::MASK;
use crate::resource::byte_pattern::BytePattern;

/// The fewest bytes of a token that its first letters give away.
const SHORTEST_TOKEN: usize = 15;

/// The parts of a text that must not be shown, by place; no two overlap.
pub fn private_parts(text: &str) -> Vec<Range<usize>> {
    match is_word(text) {
        true if text.len() < SHORTEST_TOKEN => Vec::new(),
        true => {
            merged(find(text).into_iter().map(|it| it.range).chain(random::words(text)).collect())
        }
        false => parts_of_text(text),
    }
}

/// Whether a text is but one word, a name or a path: all that tells a secret in one is how it
/// begins, and how odd it is.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'-'..=b'9' | b'A'..=b'Z' | b'_'))
}

fn parts_of_text(text: &str) -> Vec<Range<usize>> {
    let mut parts = match tree::private_parts(text) {
        // JSON has no comments; what is written in YAML may say more than the document does.
        Some(parts) if embedded::is_json(text) => parts,
        parts => parts.into_iter().flatten().chain(lines(text)).collect(),
    };
    parts.extend(find(text).into_iter().map(|it| it.range));
    parts.extend(random::words(text));
    merged(parts)
}

/// The text with `•••` for every part that must not be shown.
pub fn mask(text: &str) -> Cow<'_, str> {
    let parts = private_parts(text);
    if parts.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for part in parts {
        masked.push_str(text.get(end..part.start).unwrap_or_default());
        masked.push_str(MASK);
        end = part.end;
    }
    masked.push_str(text.get(end..).unwrap_or_default());
    Cow::Owned(masked)
}

/// Names and values that stand in two fields of one thing, as in `name: PASSWORD, value: …`,
/// whatever marks of YAML, JSON or a comment stand between them.
pub fn private_pairs(text: &str) -> Vec<Range<usize>> {
    captured(text, &PAIR, |name, value| name_is_private(name) && !says_nothing(value))
}

/// The private parts of a text that is no document.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    if may_hold_private_name(text) {
        parts.extend(captured(text, &LINE, |name, value| {
            name_is_private(name) && !says_nothing(value)
        }));
        parts.extend(private_pairs(text));
        parts.extend(captured(text, &LOGIN, |_, value| !says_nothing(value)));
    }
    if may_hold_user(text) {
        // The port of a registry, and the tag before an image's digest.
        let is_port = |value: &str| {
            value.split('/').next().is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
        };
        parts.extend(captured(text, &URL, |_, value| !is_port(value)));
        parts.extend(captured(text, &TOKEN, |_, _| true));
        parts.extend(captured(text, &USER, |_, _| true).into_iter().filter(|it| {
            let after = text.get(it.end..).unwrap_or_default();
            !after.starts_with("@sha")
        }));
    }
    parts
}

/// What `pattern` captures as `secret` where name and value are as they must be.
fn captured(
    text: &str,
    pattern: &BytePattern,
    is_private: impl Fn(&str, &str) -> bool,
) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(captures) = pattern.captures_at(text, from) {
        let Some(secret) = captures.name("secret").map(|it| it.range()) else { break };
        let name = captures.name("name").map(|it| it.range());
        let part = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default();
        let matches = is_private(name.as_ref().map(part).unwrap_or_default(), part(&secret));
        // What follows a name that promises nothing may begin with one that does.
        let next = if matches { secret.end } else { name.map_or(secret.end, |it| it.end) };
        if matches {
            found.push(secret);
        }
        from = text.ceil_char_boundary(next.max(captures.get_match().start() + 1));
    }
    found
}

fn merged(parts: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let apart = Span::joined(parts.into_iter().map(Span::from).collect());
    apart.into_iter().map(Span::range).collect()
}

/// Whether there is an `@` behind a `:` or a slash, with no white space between.
fn may_hold_user(text: &str) -> bool {
    memchr_iter(b'@', text.as_bytes()).any(|at| {
        let before = text.as_bytes().get(..at).unwrap_or_default().iter().rev();
        let mut before = before.take_while(|it| **it != b'@' && !it.is_ascii_whitespace());
        before.any(|byte| matches!(byte, b':' | b'/'))
    })
}

/// `name = value` up to the end of the line, or of the quote.
static LINE: BytePattern = BytePattern::new(
    r#"(?<name>[A-Za-z][A-Za-z0-9_.-]*)\\*["']?[ \t]*[=:][ \t]*(?<secret>\\*"(?:[^"\\]|\\[^"])*\\*"|'[^']*'|[^\s"'][^\r\n]*)"#,
);

static PAIR: BytePattern = BytePattern::new(
    r#"(?:name|key)\\*["']?[ \t]*[:=][ \t]*\\*["']?(?<name>[A-Za-z][A-Za-z0-9_.-]*)\\*["']?[\s,#]*\\*["']?values?\\*["']?[ \t]*[:=][\s\[#-]*(?<secret>\\*"(?:[^"\\]|\\[^"])*\\*"|'[^']*'|[^\s"'][^\r\n]*)"#,
);

/// What `.netrc` holds. It has the word for a password in it.
static LOGIN: BytePattern = BytePattern::new(r"(?i)login\s+\S+\s+password\s+(?<secret>\S+)");

/// A password with a slash in it.
static URL: BytePattern = BytePattern::new(r#"[A-Za-z]://[^\s/@:"'<>\[]*:(?<secret>[^\s"'<>@]+)@"#);

/// A token that stands where the user does.
static TOKEN: BytePattern = BytePattern::new(r#"[A-Za-z]://(?<secret>[^\s/@:"'<>]{16,})@"#);

/// `user:password@host` without a scheme.
static USER: BytePattern =
    BytePattern::new(r#"(?:^|[\s"'`=,;])[A-Za-z0-9_.-]+:(?<secret>[^\s@:/"',;]+)@[A-Za-z0-9(\[]"#);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_text_keeps_all_but_the_secrets() {
        for (text, masked) in [
            ("a://b:hunter2@c --token hunter2", "a://b:•••@c --token •••"),
            ("password=hunter2;x\nuser=ska", "password=•••\nuser=ska"),
            ("user=ska\npassword: correct horse\nport=1", "user=ska\npassword: •••\nport=1"),
            ("X_TOKEN='hunter 2' run", "X_TOKEN=••• run"),
            ("password: $hunter2", "password: •••"),
            ("--set=db.password=hunter2", "--set=db.password=•••"),
            ("# - name: DB_PASSWORD\n#   value: hunter2", "# - name: DB_PASSWORD\n#   value: •••"),
            ("machine h login me password hunter2", "machine h login me password •••"),
            ("redis://:ab/cd@host", "redis://:•••@host"),
            ("https://abcdef0123456789@host/x", "https://•••@host/x"),
            ("ska:hunter2@tcp(db)/eda", "ska:•••@tcp(db)/eda"),
            ("Cookie: hunter2", "Cookie: •••"),
            ("got kJ8s2Lq0Zx9Tn4Vb7Wc1", "got •••"),
            (
                r#"{"env": [{"name": "DB_PASSWORD", "value": "hunter2"}], "port": 1}"#,
                r#"{"env": [{"name": "DB_PASSWORD", "value": •••}], "port": 1}"#,
            ),
        ] {
            assert_eq!(mask(text), masked);
        }
    }

    #[test]
    fn a_word_is_judged_as_any_other_text() {
        for word in [
            "",
            "password",
            "xoxb-0123456789",
            "glpat-abcdefghij0123456789",
            "hooks.slack.com/services/T0/B0/abcdefgh1",
            "kJ8s2Lq0Zx9Tn4Vb7Wc1",
            "mid-dish/kJ8s2Lq0Zx9Tn4Vb7Wc1",
            "app.kubernetes.io/managed-by",
            "mysql-phunter2",
            "AUTHORIZATION",
        ] {
            assert!(is_word(word));
            assert_eq!(private_parts(word), parts_of_text(word), "{word}");
        }
        assert_eq!(mask("xoxb-0123456789"), MASK);
        for text in ["a=b", "a:b", "a b", "a@b", "\"a\"", "'a'", "a\n", "é", "{}", "`a"] {
            assert!(!is_word(text), "{text}");
        }
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is() {
        for text in [
            "nothing here",
            "tango-databaseds.ska-mid.svc.cluster.local:10000",
            "artefact.skao.int/ska-tango-images-tango-db:11.0.2",
            "busybox:1.36@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "docker://registry:5000/x@sha256:9f86",
            "mid-dish/dish-manager/SKA001",
            "token: true",
            "PASSWORD=$(PASSWORD)",
            "password: {{ .Values.password }}",
            "key: config.json",
            r#"{"servers": {"Motor": {"1": {"Motor": {"mid-dish/motor/1": {}}}}}}"#,
            r#"[{"name": "macvlan@eth0"}]"#,
            "ops@skao.int",
        ] {
            assert_eq!(mask(text), text);
        }
    }
}
