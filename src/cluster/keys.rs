//! The certificate that replicas share, and the steps of its rotation.
//!
//! An authority signs one certificate and its key is thrown away, so nobody can sign another. A
//! rotation goes in three steps, with time between them for everybody to follow: trust both
//! authorities, serve the new certificate, trust the new authority alone.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;

use crate::pki::{self, Authority, RENEW_BEFORE, Signed};

/// How long a step lasts at least: replicas, the webhook configuration and every API server have
/// to follow.
pub const OVERLAP: Duration = Duration::from_secs(10);
/// Set to any value, it asks for a rotation now.
pub const ROTATE: &str = "portcullis.skao.int/rotate";
const SINCE: &str = "portcullis.skao.int/rotating-since";

const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const AUTHORITY: &str = "ca.crt";
const NEXT_CERTIFICATE: &str = "next-tls.crt";
const NEXT_KEY: &str = "next-tls.key";

/// What the Secret holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Whom to trust: one authority, or two during a rotation; as PEM.
    pub authority: String,
    pub pair: Pair,
    /// What is served next.
    next: Option<Pair>,
    /// When the step of a rotation began.
    since: Option<Timestamp>,
}

/// Whom API servers are told to trust.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Told {
    /// Nobody looked yet.
    #[default]
    Unknown,
    /// They call nobody.
    Nothing,
    /// The authorities of a bundle, as PEM.
    Trust(String),
}

/// A certificate and its key, as PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}

impl Keys {
    /// New ones for these names.
    ///
    /// # Errors
    ///
    /// A name is none that a certificate can hold.
    pub fn make(hosts: &[String], time: SystemTime) -> Result<Self, rcgen::Error> {
        let (authority, trusted) = Authority::make(time)?;
        let Signed { certificate, key } = authority.sign(hosts, time)?;
        Ok(Self { authority: trusted, pair: Pair { certificate, key }, next: None, since: None })
    }

    /// What a Secret holds; `None` if something is missing.
    pub fn of(secret: &Secret) -> Option<Self> {
        let data = secret.data.as_ref()?;
        let text = |key: &str| String::from_utf8(data.get(key)?.0.clone()).ok();
        let pair = |certificate: &str, key: &str| {
            Some(Pair { certificate: text(certificate)?, key: text(key)? })
        };
        let annotations = secret.metadata.annotations.as_ref();
        let since = annotations.and_then(|all| all.get(SINCE)).and_then(|it| it.parse().ok());
        Some(Self {
            authority: text(AUTHORITY)?,
            pair: pair(CERTIFICATE, KEY)?,
            next: pair(NEXT_CERTIFICATE, NEXT_KEY),
            since,
        })
    }

    /// Puts these into a Secret, and nothing else of ours.
    pub fn put_into(&self, secret: &mut Secret) {
        let mut data = BTreeMap::new();
        let mut put = |key: &str, text: &str| {
            data.insert(key.to_owned(), ByteString(text.as_bytes().to_vec()));
        };
        put(AUTHORITY, &self.authority);
        put(CERTIFICATE, &self.pair.certificate);
        put(KEY, &self.pair.key);
        if let Some(next) = &self.next {
            put(NEXT_CERTIFICATE, &next.certificate);
            put(NEXT_KEY, &next.key);
        }
        secret.data = Some(data);
        let annotations = secret.metadata.annotations.get_or_insert_default();
        annotations.remove(ROTATE);
        annotations.remove(SINCE);
        if let Some(since) = self.since {
            annotations.insert(SINCE.to_owned(), since.to_string());
        }
    }

    /// Whether they can be served: a certificate for these names, trusted and not over.
    pub fn are_good(&self, hosts: &[String], time: SystemTime) -> bool {
        let Pair { certificate, key } = self.pair.clone();
        pki::is_trusted(&certificate, &self.authority)
            && pki::is_good(&Signed { certificate, key }, hosts, time)
    }

    /// The next step of a rotation, if there is one to be made: `asked` says that somebody wants
    /// one, `told` what API servers are told.
    ///
    /// # Errors
    ///
    /// No certificate can be made.
    pub fn step(
        &self,
        hosts: &[String],
        asked: bool,
        told: &Told,
        now: SystemTime,
    ) -> Result<Option<Self>, rcgen::Error> {
        let Some(since) = self.since else {
            return match asked || !self.last_until(hosts, now + RENEW_BEFORE) {
                true => self.begin(hosts, now).map(Some),
                false => Ok(None),
            };
        };
        let followed = match told {
            Told::Unknown => false,
            Told::Nothing => true,
            Told::Trust(authority) => *authority == self.authority,
        };
        if !followed || SystemTime::from(since) + OVERLAP > now {
            return Ok(None);
        }
        Ok(Some(match &self.next {
            Some(next) => Self {
                pair: next.clone(),
                next: None,
                since: Timestamp::try_from(now).ok(),
                authority: self.authority.clone(),
            },
            None => {
                let signer = pki::signer(&self.pair.certificate, &self.authority);
                Self {
                    authority: signer.unwrap_or(self.authority.clone()),
                    since: None,
                    ..self.clone()
                }
            }
        }))
    }

    fn begin(&self, hosts: &[String], now: SystemTime) -> Result<Self, rcgen::Error> {
        let made = Self::make(hosts, now)?;
        Ok(Self {
            authority: format!("{}{}", self.authority, made.authority),
            pair: self.pair.clone(),
            next: Some(made.pair),
            since: Timestamp::try_from(now).ok(),
        })
    }

    fn last_until(&self, hosts: &[String], time: SystemTime) -> bool {
        let Pair { certificate, key } = self.pair.clone();
        pki::is_good(&Signed { certificate, key }, hosts, time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Vec<String> {
        vec!["portcullis.own.svc".to_owned()]
    }

    #[test]
    fn a_rotation_trusts_both_serves_the_new_one_and_forgets_the_old_one() {
        let start = SystemTime::now();
        let first = Keys::make(&hosts(), start).unwrap();
        assert!(first.are_good(&hosts(), start));
        assert_eq!(first.step(&hosts(), false, &Told::Nothing, start).unwrap(), None);

        let both = first.step(&hosts(), true, &Told::Nothing, start).unwrap().unwrap();
        assert_eq!(both.pair, first.pair);
        assert!(both.authority.starts_with(&first.authority));
        assert!(both.are_good(&hosts(), start));

        let later = start + OVERLAP * 2;
        for stale in [Told::Trust(first.authority.clone()), Told::Unknown] {
            assert_eq!(both.step(&hosts(), false, &stale, later).unwrap(), None, "{stale:?}");
        }
        assert_eq!(both.step(&hosts(), false, &Told::Nothing, start).unwrap(), None, "too early");
        let told = &Told::Trust(both.authority.clone());
        let second = both.step(&hosts(), false, told, later).unwrap().unwrap();
        assert_ne!(second.pair, first.pair);
        assert_eq!(second.authority, both.authority);
        assert!(second.are_good(&hosts(), later));

        let end = later + OVERLAP * 2;
        let last = second.step(&hosts(), false, told, end).unwrap().unwrap();
        assert_eq!(last.pair, second.pair);
        assert!(both.authority.ends_with(&last.authority));
        assert!(last.are_good(&hosts(), end));
        assert_eq!(last.step(&hosts(), false, &Told::Nothing, end).unwrap(), None);
    }

    #[test]
    fn what_is_about_to_end_is_rotated() {
        let start = SystemTime::now();
        let keys = Keys::make(&hosts(), start).unwrap();
        let day = Duration::from_secs(86_400);
        assert!(keys.step(&hosts(), false, &Told::Nothing, start + day * 59).unwrap().is_none());
        assert!(keys.step(&hosts(), false, &Told::Nothing, start + day * 61).unwrap().is_some());
        assert!(!keys.are_good(&hosts(), start + day * 91));
    }

    #[test]
    fn a_secret_gives_back_what_was_put_into_it() {
        let keys = Keys::make(&hosts(), SystemTime::now()).unwrap();
        let both = keys.step(&hosts(), true, &Told::Nothing, SystemTime::now()).unwrap().unwrap();
        for keys in [keys.clone(), both] {
            let mut secret = Secret::default();
            keys.put_into(&mut secret);
            let read = Keys::of(&secret).unwrap();
            assert_eq!(
                (&read.pair, &read.next, &read.authority),
                (&keys.pair, &keys.next, &keys.authority)
            );
            assert_eq!(read.since.is_some(), keys.since.is_some());
        }
        let mut other = Secret::default();
        Keys::make(&hosts(), SystemTime::now()).unwrap().put_into(&mut other);
        let foreign = Keys { pair: Keys::of(&other).unwrap().pair, ..keys };
        assert!(!foreign.are_good(&hosts(), SystemTime::now()), "signed by somebody else");
        assert_eq!(Keys::of(&Secret::default()), None);
    }
}
