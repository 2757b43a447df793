//! The certificate in use, and how it is replaced while the server runs.
//!
//! The files are compared by content on a timer. A watch on a file would miss the kubelet, which
//! swaps a symlink two directories up. What does not parse or does not match changes nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tracing::{info, warn};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::certificate::{self, Pair, Source};
use super::metrics::Metrics;

/// A certificate and its key, where they come from, and the way to a newer pair.
pub(super) struct Identity {
    source: Source,
    metrics: Arc<Metrics>,
    current: Arc<Current>,
    pair: Pair,
    /// Why the files as they are were not taken, so that it is logged once.
    refused: Option<String>,
}

/// Why a pair can't be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Source(#[from] certificate::Error),
    #[error("there is no certificate in `{}`", .0.display())]
    NoCertificate(PathBuf),
    #[error("there is no private key in `{}`", .0.display())]
    NoKey(PathBuf),
    #[error("`{}` and `{}` cannot be served", certificate.display(), key.display())]
    Pair { certificate: PathBuf, key: PathBuf, source: rustls::Error },
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// What [`Identity::refresh`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refreshed {
    Same,
    Replaced,
    /// The files are not fit to be served; the pair in use stays.
    Refused,
}

impl Identity {
    pub(super) fn load(source: Source, metrics: Arc<Metrics>) -> Result<Self, Error> {
        let pair = source.pair(SystemTime::now())?;
        let certified = certified(&source, &pair)?;
        metrics.certificate_end(end(&certified));
        let current = Arc::new(Current(ArcSwap::from_pointee(certified)));
        Ok(Self { source, metrics, current, pair, refused: None })
    }

    /// How to talk TLS with whatever pair is in use when a handshake starts.
    pub(super) fn server_config(&self) -> Result<ServerConfig, Error> {
        // A second provider in the build would make the default one ambiguous: it is named.
        let mut config = ServerConfig::builder_with_provider(default_provider().into())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(Error::Tls)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Looks at the source once, and takes what is new and fit.
    pub(super) fn refresh(&mut self) -> Refreshed {
        let read = self.source.pair(SystemTime::now()).map_err(Error::from);
        let fresh = match read {
            Ok(pair) if pair == self.pair => {
                self.refused = None;
                return Refreshed::Same;
            }
            Ok(pair) => certified(&self.source, &pair).map(|certified| (pair, certified)),
            Err(error) => Err(error),
        };
        match fresh {
            Ok((pair, certified)) => {
                self.metrics.certificate_end(end(&certified));
                self.metrics.certificate_replaced.inc();
                self.current.0.store(Arc::new(certified));
                self.pair = pair;
                self.refused = None;
                info!("the certificate was replaced");
                Refreshed::Replaced
            }
            Err(error) => {
                let reason = chain(&error);
                if self.refused.as_ref() != Some(&reason) {
                    warn!("the certificate in use is kept: {reason}");
                    self.metrics.certificate_refused.inc();
                    self.refused = Some(reason);
                }
                Refreshed::Refused
            }
        }
    }

    /// Refreshes every so often, for ever. Files are read on a thread for such work.
    pub(super) async fn keep_fresh(self, every: Duration) {
        let mut identity = self;
        loop {
            tokio::time::sleep(every).await;
            let refreshed = tokio::task::spawn_blocking(move || {
                identity.refresh();
                identity
            });
            match refreshed.await {
                Ok(same) => identity = same,
                // The runtime is going away.
                Err(_) => return,
            }
        }
    }
}

/// Answers every handshake with the pair in use; to replace it is one store.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn certified(source: &Source, pair: &Pair) -> Result<CertifiedKey, Error> {
    let (certificate, key) = source.paths();
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pair.certificate).collect();
    let Some(chain) = chain.ok().filter(|chain| !chain.is_empty()) else {
        return Err(Error::NoCertificate(certificate));
    };
    let Ok(private) = PrivateKeyDer::from_pem_slice(&pair.key) else {
        return Err(Error::NoKey(key));
    };
    let certified = CertifiedKey::from_der(chain, private, &default_provider());
    certified.map_err(|source| Error::Pair { certificate, key, source })
}

/// When the certificate ends, in seconds since 1970.
fn end(certified: &CertifiedKey) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(certified.cert.first()?).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
