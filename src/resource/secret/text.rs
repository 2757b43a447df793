//! Secrets inside a text: a URL, a command line, a file in a ConfigMap.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::hint::{self, Hints};
use super::{is_literal, name_is_secret};
use crate::resource::byte_pattern::BytePattern;

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub what: What,
    /// Where the secret itself stands, in bytes.
    pub range: Range<usize>,
}

/// How a secret is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// `scheme://user:PASSWORD@host`.
    Url,
    /// `password=SECRET`, `"token": "SECRET"`.
    Named,
    /// `--password SECRET`.
    Flag,
    /// `-----BEGIN PRIVATE KEY-----`.
    PrivateKey,
    /// A token that its first letters give away.
    Token,
    /// `Authorization: Bearer SECRET`.
    Header,
}

impl What {
    /// A noun for a message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Url => "a URL with a password",
            Self::Named | Self::Flag => "a password or token",
            Self::PrivateKey => "a private key",
            Self::Token => "an access token",
            Self::Header => "an authorization header",
        }
    }
}

/// Whether any part of the text is a secret.
pub fn text_holds_secret(text: &str) -> bool {
    !find(text).is_empty()
}

/// All secrets in the text, by place; no two overlap.
pub fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    // Most texts hold nothing that even looks like one, and that is told in one pass.
    let hints = hint::of(text);
    for detector in DETECTORS.iter().filter(|it| hints.hold(it.hint)) {
        detector.find(text, &mut found);
    }
    found.sort_by_key(|it| (it.range.start, std::cmp::Reverse(it.range.end)));
    let mut end = 0;
    found.retain(|it| {
        let apart = it.range.start >= end;
        end = end.max(it.range.end);
        apart
    });
    found
}

/// Whether a document may hold a secret: `false` only if [`find`] finds none in any string of it,
/// and no name in it is that of a secret. Told from its text, far faster than by looking.
pub fn document_may_hold_secret(text: &str) -> bool {
    // What is written with an escape may be anything, and the sign for kelvin is a letter of `token`.
    memchr(b'\\', text.as_bytes()).is_some()
        || hint::is_in(text)
        || memmem::find(text.as_bytes(), "\u{212a}".as_bytes()).is_some()
}

/// One form in which secrets stand in texts.
struct Detector {
    what: What,
    /// What a text must hold for the pattern to be tried.
    hint: Hints,
    /// The secret is what `secret` captures; `name` and `sign`, where they are, must fit it.
    pattern: BytePattern,
}

static DETECTORS: [Detector; 9] = [
    Detector {
        what: What::Url,
        hint: Hints::URL,
        pattern: BytePattern::new(
            r#"[A-Za-z][A-Za-z0-9+.-]*://[^\s/@:"'<>]*:(?<secret>[^\s/"'<>]+)@"#,
        ),
    },
    Detector {
        what: What::Named,
        hint: Hints::NAME,
        pattern: BytePattern::new(
            r#"(?<name>[A-Za-z][A-Za-z0-9_.-]*)\\*["']?[ \t]*(?<sign>[=:])[ \t]*(?:\[[ \t]*)?(?<secret>\\*"(?:[^"\\]|\\[^"])*\\*"|'[^']*'|[^\s"'&;,\]})=:\\][^\s"'&;,\]})\\]*)"#,
        ),
    },
    Detector {
        what: What::Flag,
        hint: Hints::FLAG,
        pattern: BytePattern::new(
            r#"(?:^|[\s"'`])--?(?<name>[A-Za-z][A-Za-z0-9_-]*)[ \t]+(?<secret>"[^"]*"|'[^']*'|[^\s"'-][^\s"']*)"#,
        ),
    },
    Detector {
        what: What::Flag,
        hint: Hints::PROGRAM,
        pattern: BytePattern::new(
            r#"(?:(?:mysql|mariadb)[A-Za-z0-9_-]*[ \t](?:[^|;&\n]*?[ \t])?-p|(?-u:\b)(?:curl|wget)[ \t](?:[^|;&\n]*?[ \t])?(?:-u|--user)[ =]?["']?[^\s:"'$]+:|sshpass[ \t]+-p[ \t]*|redis-cli[ \t](?:[^|;&\n]*?[ \t])?-a[ \t]+)(?<secret>"[^"]+"|'[^']+'|[^\s"']+)"#,
        ),
    },
    Detector {
        what: What::Named,
        hint: Hints::QUOTED,
        pattern: BytePattern::new(
            r"(?i)(?:identified\s+by(?:\s+password)?|(?-u:\b)password)\s+'(?<secret>[^']+)'",
        ),
    },
    Detector {
        what: What::PrivateKey,
        hint: Hints::PRIVATE_KEY,
        pattern: BytePattern::new(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?<secret>(?s:.*?))(?:-----END|\z)",
        ),
    },
    Detector {
        what: What::Token,
        hint: Hints::TOKEN,
        pattern: BytePattern::new(
            r"(?-u:\b)(?<secret>gl(?:agent|cbt|dt|ft|imt|oas|pat|ptt|rt|soat)-[A-Za-z0-9_-]{20,}|gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}|xox[abeoprs]-[A-Za-z0-9_-]{10,}|hv[sbr]\.[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}|AIza[A-Za-z0-9_-]{35}|sk_(?:live|test)_[A-Za-z0-9_]{16,}|dckr_pat_[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{40,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})",
        ),
    },
    Detector {
        what: What::Token,
        hint: Hints::HOOK,
        pattern: BytePattern::new(
            r"hooks\.slack\.com/services/(?<secret>[A-Za-z0-9_]+/[A-Za-z0-9_]+/[A-Za-z0-9_]{8,})",
        ),
    },
    Detector {
        what: What::Header,
        hint: Hints::HEADER,
        pattern: BytePattern::new(
            r#"(?i)authorization\\*["']?\s*[:=]\s*\\*["']?(?:basic|bearer|token)\s+(?<secret>[A-Za-z0-9._~+/=-]{6,})"#,
        ),
    },
];

/// What stands before a secret, as far as its pattern captures it, and the secret.
struct Match<'t> {
    name: Option<&'t str>,
    sign: Option<&'t str>,
    secret: Range<usize>,
}

impl Detector {
    fn find(&self, text: &str, found: &mut Vec<Found>) {
        let part = |range: Range<usize>| text.get(range).unwrap_or_default();
        let mut from = 0;
        while let Some(captures) = self.pattern.captures_at(text, from) {
            let range = |name| captures.name(name).map(|it| it.range());
            let Some(secret) = range("secret") else { return };
            let it = Match { name: range("name").map(part), sign: range("sign").map(part), secret };
            let is_secret = it.name.is_none_or(name_is_secret)
                && is_literal(part(it.secret.clone()))
                && !is_prose_or_code(text, &it);
            // What looks like a value may be a name with its own: `--set=password=…`.
            from = if is_secret { it.secret.end } else { it.secret.start };
            from = text.ceil_char_boundary(from.max(captures.get_match().start() + 1));
            if is_secret {
                found.push(Found { what: self.what, range: it.secret });
            }
        }
    }
}

/// Whether what looks like a name and a value is a sentence (`token: the one to use`), or code in
/// which the value comes from elsewhere (`token = read_token()`, `password=self.password`).
fn is_prose_or_code(text: &str, Match { name, sign, secret }: &Match<'_>) -> bool {
    let (Some(name), Some(sign)) = (name, sign) else { return false };
    let written = text.get(secret.clone()).unwrap_or_default();
    if written.starts_with(['"', '\'', '\\']) {
        return false;
    }
    let after = text.get(secret.end..).unwrap_or_default();
    let rest_of_line = after.split(['\n', '\r']).next().unwrap_or_default().trim_start();
    let ends_here = rest_of_line.is_empty()
        || rest_of_line.starts_with([',', ';', '}', '&', ']', ')', '"', '\'', '\\', '#', '|']);
    let (_, member) = written.rsplit_once('.').unwrap_or(("", ""));
    (*sign == ":" && !ends_here)
        || written.contains(['(', '['])
        || rest_of_line.starts_with('(')
        || written == *name
        || name_is_secret(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_secret_is_a_hint() {
        for name in ["apiKey", "CREDENTIALS", "PGPASSWORD", "db.passwd", "DB_PWD", "clientSecret"] {
            let text = format!("{{\"{name}\": \"x\"}}");
            assert!(document_may_hold_secret(&text) && name_is_secret(name), "{name}");
        }
        assert!(document_may_hold_secret(r#"{"\u0070assword": "x"}"#));
        for text in
            ["{\"to\u{212a}en\": \"x\"}", "a://b/ c://d@e", "PrIVATE Key", "1 key", "pasPASS"]
        {
            assert!(document_may_hold_secret(text), "{text}");
        }
        for text in
            [r#"{"servers": {"Motor": {}}}"#, "a://b/c@d", "pas sive secs tokamak crest", "ke", "é"]
        {
            assert!(!document_may_hold_secret(text), "{text}");
        }
    }

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijkl";

    #[test]
    fn secrets_are_found_where_they_stand() {
        let cases = [
            ("postgres://ska:hunter2@db:5432/x", What::Url, "hunter2"),
            ("redis://:hunter2@db", What::Url, "hunter2"),
            ("amqp://me:p@ss@host/", What::Url, "p@ss"),
            ("user=ska password=hunter2 host=db", What::Named, "hunter2"),
            ("Server=db;Password=hunter2;", What::Named, "hunter2"),
            ("PGPASSWORD=hunter2 psql", What::Named, "hunter2"),
            ("--set=db.password=hunter2", What::Named, "hunter2"),
            (r#"{"password": "hunter2"}"#, What::Named, r#""hunter2""#),
            (r#"{"password": ["hunter2"]}"#, What::Named, r#""hunter2""#),
            (r#"{\"api_key\": \"hunter2\"}"#, What::Named, r#"\"hunter2\""#),
            ("user: a\npassword: hunter2\n", What::Named, "hunter2"),
            ("password: 'hunter two'", What::Named, "'hunter two'"),
            ("serve --token hunter2 --port 80", What::Flag, "hunter2"),
            ("serve --db_password hunter2é", What::Flag, "hunter2é"),
            ("mysql -u root -phunter2 -e 'select 1'", What::Flag, "hunter2"),
            ("mysqladmin ping -h db -uroot -phunter2", What::Flag, "hunter2"),
            ("curl -s -u me:hunter2 https://x", What::Flag, "hunter2"),
            ("redis-cli -h db -a hunter2 ping", What::Flag, "hunter2"),
            ("CREATE USER t IDENTIFIED BY 'hunter2';", What::Named, "hunter2"),
            ("-H 'Authorization: Bearer hunter22'", What::Header, "hunter22"),
            ("x glpat-abcdefghij0123456789 y", What::Token, "glpat-abcdefghij0123456789"),
            (JWT, What::Token, JWT),
            ("https://hooks.slack.com/services/T0/B0/abcdefgh1", What::Token, "T0/B0/abcdefgh1"),
        ];
        for (text, what, secret) in cases {
            let found: Vec<_> =
                find(text).iter().map(|it| (it.what, &text[it.range.clone()])).collect();
            assert_eq!(found, [(what, secret)], "{text}");
            assert!(document_may_hold_secret(text), "{text}");
        }
        let key = "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(find(key)[0].what, What::PrivateKey);
    }

    #[test]
    fn what_only_looks_like_a_secret_is_none() {
        for text in [
            "",
            "https://artefact.skao.int/x@1",
            "ssh://git@gitlab.com/ska",
            "http://user:$(PASSWORD)@host",
            "postgres://user:${DB_PASSWORD}@host",
            "token: the one that the operator made",
            "PASSWORD=$(cat /run/secrets/db)",
            "token = read_token()",
            "password = os.environ['PASSWORD']",
            "login(password=password)",
            "login(token=self.token)",
            "def login(user: str, password: str):",
            "allow_empty_password: true",
            "password_file: /etc/password",
            "serve --token-file /etc/token",
            "serve --password --verbose",
            "mkdir -p /data",
            "mysql -u root -p -e 'select 1'",
            "curl -u me https://x",
            "-----BEGIN CERTIFICATE-----\nMIIE",
            "secretKeyRef: {name: a, key: b}",
            "secret::token::x",
        ] {
            assert_eq!(find(text), [], "{text}");
        }
    }
}
