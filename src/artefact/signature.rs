//! Whether a call comes from who knows the secret.
//!
//! Nexus writes the HMAC-SHA1 of the raw body as 40 lower-case hex digits into
//! `X-Nexus-Webhook-Signature` (`WebhookServiceImpl` in nexus-core). SHA-1 is sound in an HMAC.
//! Harbor and other registries sign nothing: they send a token that they were given.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

/// The header that holds the signature.
pub const HEADER: &str = "x-nexus-webhook-signature";

/// The secrets that are accepted: several while one takes the place of another.
#[derive(Clone)]
pub struct Secrets(Vec<hmac::Key>);

impl Secrets {
    /// `None` without any secret, or with an empty one: then anybody could sign.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let key = |secret: &'a [u8]| {
            let key = || hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
            (!secret.is_empty()).then(key)
        };
        let keys: Option<Vec<_>> = secrets.into_iter().map(key).collect();
        keys.filter(|keys| !keys.is_empty()).map(Self)
    }

    /// Whether one of the secrets signed the body. How long it takes says nothing of the secrets.
    pub fn signed(&self, body: &[u8], signature: &str) -> bool {
        let Some(signature) = bytes(signature) else { return false };
        // All are tried, so that time does not tell which one it was.
        self.0.iter().fold(false, |found, key| hmac::verify(key, body, &signature).is_ok() | found)
    }
}

/// The tokens that are accepted: several while one takes the place of another.
#[derive(Clone)]
pub struct Tokens(Vec<String>);

impl Tokens {
    /// `None` without any token, or with an empty one: then anybody would know it.
    pub fn new(tokens: &[String]) -> Option<Self> {
        let good = !tokens.is_empty() && tokens.iter().all(|token| !token.trim().is_empty());
        good.then(|| Self(tokens.iter().map(|token| token.trim().to_owned()).collect()))
    }

    /// Whether what stands in `Authorization` is one of them, alone or after `Bearer`. How long it
    /// takes says nothing of them but their length.
    pub fn known(&self, authorization: &str) -> bool {
        let shown = authorization.strip_prefix("Bearer ").unwrap_or(authorization).as_bytes();
        let same = |token: &String| verify_slices_are_equal(token.as_bytes(), shown).is_ok();
        self.0.iter().fold(false, |found, token| same(token) | found)
    }
}

/// What 40 lower-case hex digits say.
fn bytes(text: &str) -> Option<[u8; 20]> {
    let lower = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != 40 || !text.as_bytes().iter().all(lower) {
        return None;
    }
    let mut bytes = [0; 20];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"a":1}"#;

    fn sign(secret: &[u8], body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
        let tag = hmac::sign(&key, body);
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_test_vector_of_rfc_2202_is_signed() {
        let secrets = Secrets::new([&b"Jefe"[..]]).unwrap();
        let body = b"what do ya want for nothing?";
        assert!(secrets.signed(body, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
    }

    #[test]
    fn a_token_is_known_alone_and_as_a_bearer() {
        let tokens = Tokens::new(&["t0ken\n".to_owned(), "other".to_owned()]).unwrap();
        for shown in ["t0ken", "Bearer t0ken", "Bearer other"] {
            assert!(tokens.known(shown), "{shown}");
        }
        for shown in ["", "Bearer ", "t0ke", "t0ken ", "Basic t0ken", "T0KEN"] {
            assert!(!tokens.known(shown), "{shown}");
        }
        assert!(Tokens::new(&[]).is_none() && Tokens::new(&[" ".to_owned()]).is_none());
    }

    #[test]
    fn every_secret_signs_while_one_replaces_another() {
        let secrets = Secrets::new([&b"old"[..], b"new"]).unwrap();
        assert!(secrets.signed(BODY, &sign(b"old", BODY)));
        assert!(secrets.signed(BODY, &sign(b"new", BODY)));
        assert!(!secrets.signed(BODY, &sign(b"other", BODY)));
        assert!(!secrets.signed(b"{}", &sign(b"new", BODY)));
    }

    #[test]
    fn only_lower_case_hex_of_the_right_length_is_a_signature() {
        let secrets = Secrets::new([&b"s"[..]]).unwrap();
        let good = sign(b"s", BODY);
        for bad in [
            String::new(),
            good.to_uppercase(),
            format!("sha1={good}"),
            good[..38].to_owned(),
            "é".repeat(20),
        ] {
            assert!(!secrets.signed(BODY, &bad), "{bad}");
        }
    }

    #[test]
    fn there_is_no_empty_secret() {
        assert!(Secrets::new([]).is_none());
        assert!(Secrets::new([&b"good"[..], b""]).is_none());
    }
}
