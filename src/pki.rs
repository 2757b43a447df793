//! Certificates that the program makes for itself: a small authority, and what it signs.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
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

/// How long a certificate is good for.
pub const LIFE: Duration = Duration::from_secs(90 * DAY);
/// A certificate is renewed with a third of its life left, as cert-manager does.
pub const RENEW_BEFORE: Duration = Duration::from_secs(30 * DAY);
const AUTHORITY_LIFE: Duration = Duration::from_secs(3_650 * DAY);
/// Clocks differ: a certificate is valid from a little before it was made.
const BACKDATED: Duration = Duration::from_secs(3_600);
const DAY: u64 = 86_400;

/// Signs certificates.
pub struct Authority {
    key: KeyPair,
}

/// A certificate and its key, as PEM.
pub struct Signed {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    /// A new one, and its certificate as PEM.
    ///
    /// # Errors
    ///
    /// No key can be made.
    pub fn make(time: SystemTime) -> Result<(Self, String), rcgen::Error> {
        let key = KeyPair::generate()?;
        let certificate = Self::params(time)?.self_signed(&key)?.pem();
        Ok((Self { key }, certificate))
    }

    /// The one with this key and certificate, unless they don't fit, or the certificate ends
    /// before what it would sign at `time`.
    pub fn of(key: &str, certificate: &str, time: SystemTime) -> Option<Self> {
        let key = KeyPair::from_pem(key).ok()?;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).ok()?;
        let (_, certificate) = X509Certificate::from_der(&der).ok()?;
        (fits(&certificate, &key) && lasts(&certificate, time + LIFE)).then_some(Self { key })
    }

    /// Its key as PEM.
    pub fn key(&self) -> String {
        self.key.serialize_pem()
    }

    fn params(time: SystemTime) -> Result<CertificateParams, rcgen::Error> {
        let mut params = dated(CertificateParams::new([])?, time, AUTHORITY_LIFE);
        params.distinguished_name = named("Portcullis local authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(params)
    }

    /// A certificate for `names`, which lasts for [`LIFE`].
    ///
    /// # Errors
    ///
    /// A name is none that a certificate can hold.
    pub fn sign(&self, names: &[String], time: SystemTime) -> Result<Signed, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = dated(CertificateParams::new(names)?, time, LIFE);
        params.distinguished_name = named("portcullis");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let own = Self::params(time)?;
        let signed = params.signed_by(&key, &Issuer::from_params(&own, &self.key))?;
        Ok(Signed { certificate: signed.pem(), key: key.serialize_pem() })
    }

    /// Whether a certificate is signed by this authority.
    pub fn signed(&self, certificate: &str, time: SystemTime) -> bool {
        let own = Self::params(time).map(|params| params.key_identifier(&self.key));
        own.is_ok_and(|own| issuer(certificate).is_some_and(|issuer| issuer == own))
    }
}

/// Whether a certificate, as PEM, fits its key, is for all of `names`, and still lasts at
/// `until`.
pub fn is_good(pair: &Signed, names: &[String], until: SystemTime) -> bool {
    let Ok(key) = KeyPair::from_pem(&pair.key) else { return false };
    let Ok(der) = CertificateDer::from_pem_slice(pair.certificate.as_bytes()) else { return false };
    let Ok((_, certificate)) = X509Certificate::from_der(&der) else { return false };
    let named = alternative_names(&certificate);
    fits(&certificate, &key)
        && names.iter().all(|name| named.contains(name))
        && lasts(&certificate, until)
}

/// Whether one of the authorities of a bundle, as PEM, signed a certificate.
pub fn is_trusted(certificate: &str, bundle: &str) -> bool {
    signer(certificate, bundle).is_some()
}

/// The authority of a bundle that signed a certificate; all as PEM.
pub fn signer(certificate: &str, bundle: &str) -> Option<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let issuer = issuer(certificate)?;
    let one = |text: &&str| {
        let der = CertificateDer::from_pem_slice(text.as_bytes()).ok();
        der.and_then(|der| own_key_identifier(&der)).is_some_and(|own| own == issuer)
    };
    let found = bundle.split_inclusive(END).find(one)?;
    Some(format!("{}\n", found.trim_start()))
}

/// Writes a file in one step: whoever reads it sees the old one or the new one. It has its mode
/// from its first byte on.
///
/// # Errors
///
/// It can't be written.
pub fn keep(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    // What an earlier process with this number left behind.
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all())?;
    fs::rename(&draft, path)
}

fn issuer(certificate: &str) -> Option<Vec<u8>> {
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    issuer_key_identifier(&certificate).map(<[u8]>::to_vec)
}

fn own_key_identifier(der: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
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
