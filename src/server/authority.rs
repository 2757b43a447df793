//! The certificate that the program makes for itself: a small authority, and what it signs.
//!
//! Callers trust `ca.crt`, which stays the same when the certificate is renewed. All of it is in
//! one directory, and is made again whenever something in it is missing, broken or about to end.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};

use super::certificate::Error;

/// The names in the directory are those in a Secret that cert-manager writes.
pub(super) const CERTIFICATE: &str = "tls.crt";
pub(super) const KEY: &str = "tls.key";
pub(super) const AUTHORITY: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";

const AUTHORITY_LIFE: Duration = Duration::from_secs(3_650 * DAY);
const LIFE: Duration = Duration::from_secs(90 * DAY);
/// A certificate is renewed with a third of its life left, as cert-manager does.
const RENEW_BEFORE: Duration = Duration::from_secs(30 * DAY);
/// Clocks differ: a certificate is valid from a little before it was made.
const BACKDATED: Duration = Duration::from_secs(3_600);
const DAY: u64 = 86_400;

/// Leaves a pair in `directory` that is good for a while, for `localhost`, 127.0.0.1 and `hosts`.
pub(super) fn keep(directory: &Path, hosts: &[String], time: SystemTime) -> Result<(), Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    names.extend(hosts.iter().cloned());
    names.sort_unstable();
    names.dedup();
    let failed = |source| Error::Make { hosts: names.join(", "), source };

    fs::create_dir_all(directory)
        .map_err(|source| Error::Write { path: directory.to_owned(), source })?;
    let authority = match Authority::kept(directory, time) {
        Some(authority) => authority,
        None => {
            let (authority, certificate) = Authority::make(time).map_err(failed)?;
            write(&directory.join(AUTHORITY_KEY), &authority.key.serialize_pem(), 0o600)?;
            write(&directory.join(AUTHORITY), &certificate, 0o644)?;
            authority
        }
    };
    if authority.made_a_good_one(directory, &names, time).unwrap_or(false) {
        return Ok(());
    }
    let (certificate, key) = authority.sign(&names, time).map_err(failed)?;
    write(&directory.join(KEY), &key, 0o600)?;
    write(&directory.join(CERTIFICATE), &certificate, 0o644)
}

struct Authority {
    key: KeyPair,
}

impl Authority {
    /// A new one, and its certificate as PEM.
    fn make(time: SystemTime) -> Result<(Self, String), rcgen::Error> {
        let key = KeyPair::generate()?;
        let certificate = Self::params(time)?.self_signed(&key)?.pem();
        Ok((Self { key }, certificate))
    }

    /// The one in `directory`, unless it is incomplete or ends before what it would sign.
    fn kept(directory: &Path, time: SystemTime) -> Option<Self> {
        let key = private_key(&directory.join(AUTHORITY_KEY))?;
        let der = CertificateDer::from_pem_file(directory.join(AUTHORITY)).ok()?;
        let (_, certificate) = X509Certificate::from_der(&der).ok()?;
        (fits(&certificate, &key) && lasts(&certificate, time + LIFE)).then_some(Self { key })
    }

    fn params(time: SystemTime) -> Result<CertificateParams, rcgen::Error> {
        let mut params = dated(CertificateParams::new([])?, time, AUTHORITY_LIFE);
        params.distinguished_name = named("Portcullis local authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(params)
    }

    /// A certificate and its key, as PEM.
    fn sign(&self, names: &[String], time: SystemTime) -> Result<(String, String), rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = dated(CertificateParams::new(names)?, time, LIFE);
        params.distinguished_name = named("portcullis");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let own = Self::params(time)?;
        let signed = params.signed_by(&key, &Issuer::from_params(&own, &self.key))?;
        Ok((signed.pem(), key.serialize_pem()))
    }

    /// Whether the certificate in `directory` is signed by this authority, fits its key, is for
    /// all of `names`, and lasts.
    fn made_a_good_one(
        &self,
        directory: &Path,
        names: &[String],
        time: SystemTime,
    ) -> Option<bool> {
        let key = private_key(&directory.join(KEY))?;
        let der = CertificateDer::from_pem_file(directory.join(CERTIFICATE)).ok()?;
        let (_, certificate) = X509Certificate::from_der(&der).ok()?;
        let named = alternative_names(&certificate);
        Some(
            issuer_key_identifier(&certificate)?
                == Self::params(time).ok()?.key_identifier(&self.key)
                && fits(&certificate, &key)
                && names.iter().all(|name| named.contains(name))
                && lasts(&certificate, time + RENEW_BEFORE),
        )
    }
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn dated(mut params: CertificateParams, time: SystemTime, life: Duration) -> CertificateParams {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_1970(time - BACKDATED);
    params.not_after = epoch + since_1970(time + life);
    params
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn private_key(path: &Path) -> Option<KeyPair> {
    KeyPair::from_pem(&fs::read_to_string(path).ok()?).ok()
}

fn fits(certificate: &X509Certificate<'_>, key: &KeyPair) -> bool {
    certificate.public_key().raw == key.subject_public_key_info()
}

fn lasts(certificate: &X509Certificate<'_>, until: SystemTime) -> bool {
    let end = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
    end > since_1970(until).as_secs()
}

fn issuer_key_identifier<'a>(certificate: &X509Certificate<'a>) -> Option<&'a [u8]> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => Some(id.key_identifier.as_ref()?.0),
        _ => None,
    })
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    };
    names.value.general_names.iter().filter_map(text).collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let short = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    short.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Writes a file in one step: whoever reads it sees the old one or the new one. It has its mode
/// from its first byte on.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    // What an earlier process with this number left behind.
    let _ = fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(&draft).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&draft, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn contents(directory: &Path) -> [String; 2] {
        [AUTHORITY, CERTIFICATE].map(|name| fs::read_to_string(directory.join(name)).unwrap())
    }

    #[test]
    fn a_pair_is_used_again_while_it_lasts_and_renewed_under_the_same_authority() {
        let directory = tempfile::tempdir().unwrap();
        let start = SystemTime::now();
        keep(directory.path(), &[], start).unwrap();
        let [authority, first] = contents(directory.path());

        keep(directory.path(), &[], start + Duration::from_secs(59 * DAY)).unwrap();
        assert_eq!(contents(directory.path()), [authority.clone(), first.clone()]);

        keep(directory.path(), &[], start + Duration::from_secs(61 * DAY)).unwrap();
        let [same, second] = contents(directory.path());
        assert_eq!(same, authority);
        assert_ne!(second, first);
    }

    #[test]
    fn an_authority_is_replaced_before_it_ends() {
        let directory = tempfile::tempdir().unwrap();
        let start = SystemTime::now();
        keep(directory.path(), &[], start).unwrap();
        let [first, _] = contents(directory.path());
        keep(directory.path(), &[], start + Duration::from_secs(3_561 * DAY)).unwrap();
        let [second, _] = contents(directory.path());
        assert_ne!(first, second);
    }

    #[test]
    fn another_host_or_a_lost_key_makes_a_new_certificate() {
        let directory = tempfile::tempdir().unwrap();
        let time = SystemTime::now();
        let hosts = ["webhook.example".to_owned(), "::1".to_owned()];
        keep(directory.path(), &[], time).unwrap();
        let [authority, first] = contents(directory.path());
        keep(directory.path(), &hosts, time).unwrap();
        let [same, second] = contents(directory.path());
        assert_eq!(same, authority);
        assert_ne!(first, second);

        keep(directory.path(), &hosts, time).unwrap();
        assert_eq!(contents(directory.path()), [same, second.clone()]);
        fs::remove_file(directory.path().join(KEY)).unwrap();
        keep(directory.path(), &hosts, time).unwrap();
        assert_ne!(contents(directory.path())[1], second);
    }

    #[test]
    fn keys_are_for_their_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        keep(directory.path(), &[], SystemTime::now()).unwrap();
        for key in [KEY, AUTHORITY_KEY] {
            let mode = fs::metadata(directory.path().join(key)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{key}");
        }
    }

    #[test]
    fn a_host_that_is_no_name_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let error = keep(directory.path(), &["caf\u{e9}".to_owned()], SystemTime::now());
        assert!(error.unwrap_err().to_string().contains("127.0.0.1, café, localhost"));
    }
}
