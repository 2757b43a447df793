//! Who may read.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HOST};

/// What whoever reads must know. Only its hash is kept.
#[derive(Clone)]
pub struct Token(Digest);

/// Who may read.
#[derive(Clone)]
pub(super) enum Guard {
    /// Who knows the token: as a bearer token (RFC 6750), or as the password of any user (RFC
    /// 7617), which browsers ask for.
    Token(Token),
    /// This machine. A page from elsewhere that a browser shows here is not it, though its name
    /// may lead here: it must call us by a name of this machine.
    Machine,
}

impl Token {
    /// None if it is empty.
    pub fn new(token: &str) -> Option<Self> {
        (!token.is_empty()).then(|| Self(digest(&SHA256, token.as_bytes())))
    }

    fn is(&self, token: &[u8]) -> bool {
        let theirs = digest(&SHA256, token);
        verify_slices_are_equal(self.0.as_ref(), theirs.as_ref()).is_ok()
    }
}

/// Shows nothing of the token.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Guard {
    /// Whether whoever sent these headers may read. `authority` is the host in the request's own
    /// URI, as HTTP/2 has it.
    pub(super) fn lets_in(&self, headers: &HeaderMap, authority: Option<&str>) -> bool {
        match self {
            Self::Token(token) => given(headers).is_some_and(|given| token.is(&given)),
            Self::Machine => {
                let header = headers.get(HOST).and_then(|host| host.to_str().ok());
                authority.or(header).is_some_and(is_here)
            }
        }
    }
}

/// The token that came with a request.
fn given(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(rest).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    pair.get(colon + 1..).map(<[u8]>::to_vec)
}

/// Whether `host`, with or without a port, names this machine.
fn is_here(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = name.parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: hyper::header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().expect("a header"))])
    }

    #[test]
    fn the_token_is_taken_in_both_ways_and_no_other_is() {
        let guard = Guard::Token(Token::new("s3:cret").expect("a token"));
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for (value, let_in) in [
            ("Bearer s3:cret".to_owned(), true),
            ("bearer  s3:cret ".to_owned(), true),
            (basic("anyone:s3:cret"), true),
            (basic(":s3:cret"), true),
            (basic("s3:cret"), false),
            (basic("anyone:other"), false),
            ("Bearer".to_owned(), false),
            ("Bearer s3:cre".to_owned(), false),
            ("Digest s3:cret".to_owned(), false),
            ("Basic !".to_owned(), false),
        ] {
            assert_eq!(guard.lets_in(&with(AUTHORIZATION, &value), None), let_in, "{value}");
        }
        assert!(!guard.lets_in(&HeaderMap::new(), Some("localhost")));
        assert!(Token::new("").is_none());
    }

    #[test]
    fn this_machine_is_known_by_its_names() {
        for (host, here) in [
            ("localhost", true),
            ("LOCALHOST:8445", true),
            ("127.0.0.1:8445", true),
            ("127.1.2.3", true),
            ("[::1]:8445", true),
            ("evil.example:8445", false),
            ("localhost.evil.example", false),
            ("10.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(Guard::Machine.lets_in(&with(HOST, host), None), here, "{host}");
        }
        assert!(!Guard::Machine.lets_in(&HeaderMap::new(), None));
        assert!(!Guard::Machine.lets_in(&with(HOST, "localhost"), Some("evil.example")));
    }
}
