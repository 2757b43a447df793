//! The certificate: made by the program, given as files, replaced while in use.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use portcullis::server::{Limits, Source};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::drain::Load;
use super::harness::{Server, client_config, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_was_made_is_trusted_by_name_and_by_address() {
    let server = Server::start(Limits::default()).await;
    let authority = server.directory.path().join("ca.crt");
    for version in [&TLS12, &TLS13] {
        for name in ["localhost", "127.0.0.1"] {
            let config = Arc::new(client_config(&authority, &[version]));
            let tcp = TcpStream::connect(server.admission).await.unwrap();
            let name = ServerName::try_from(name).unwrap();
            let tls = TlsConnector::from(config).connect(name, tcp).await.unwrap();
            assert_eq!(tls.get_ref().1.protocol_version(), Some(version.version));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_replaced_by_a_symlink_swap_while_requests_go_on() {
    let mounted = Mounted::new();
    let server = Arc::new(mounted.server().await);
    let first = served(&server).await;
    let load = Load::start(&server, 4);
    load.more("requests with the first certificate").await;

    mounted.swap("second", &mounted.sign());
    until("the second is served", async || served(&server).await != first).await;
    load.more("requests with the second certificate").await;
    assert!(load.stop().await >= 200);
    assert_eq!(server.metric("portcullis_certificate_replaced_total").await, Some(1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_is_not_fit_is_not_taken() {
    let mounted = Mounted::new();
    let server = mounted.server().await;
    let first = served(&server).await;
    let [certificate, key] = mounted.sign();
    let [_, foreign_key] = mounted.sign();
    let bad = [
        ["no certificate".to_owned(), key.clone()],
        [certificate.clone(), "no key".to_owned()],
        [certificate.clone(), foreign_key],
        [String::new(), String::new()],
    ];
    let refused = "portcullis_certificate_refused_total";
    for (pair, count) in bad.iter().zip([1.0, 2.0, 3.0, 4.0]) {
        mounted.swap(&format!("bad-{count}"), pair);
        until("it is refused", async || server.metric(refused).await == Some(count)).await;
        assert_eq!(served(&server).await, first, "{count}");
    }
    mounted.swap("good", &[certificate, key]);
    until("the good one is served", async || served(&server).await != first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_does_not_start_without_a_fit_pair() {
    let mounted = Mounted::new();
    let [certificate, _] = mounted.sign();
    let [_, foreign_key] = mounted.sign();
    mounted.swap("bad", &[certificate, foreign_key]);
    let path = |name| mounted.directory.path().join("live").join(name);
    for (key, cause) in [("tls.key", "cannot be served"), ("missing.key", "cannot read")] {
        let source = Source::Files { certificate: path("tls.crt"), key: path(key) };
        let error = Server::bind_error(source).await;
        assert_eq!(error.to_string(), "there is no certificate to serve with");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(cause), "{source}");
    }
}

/// The certificate that the next handshake gets.
async fn served(server: &Server) -> Vec<u8> {
    let tls = server.connect(&["http/1.1"]).await;
    tls.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

/// A directory as the kubelet mounts a Secret: files in a directory of their own, and a symlink
/// to it that is replaced in one step.
struct Mounted {
    directory: TempDir,
    authority: Issuer<'static, KeyPair>,
}

impl Mounted {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().pem();
        fs::write(directory.path().join("ca.crt"), certificate).unwrap();
        let mounted = Self { directory, authority: Issuer::new(params, key) };
        mounted.swap("first", &mounted.sign());
        mounted
    }

    async fn server(&self) -> Server {
        let live = self.directory.path().join("live");
        let source = Source::Files { certificate: live.join("tls.crt"), key: live.join("tls.key") };
        let directory = tempfile::tempdir().unwrap();
        fs::copy(self.directory.path().join("ca.crt"), directory.path().join("ca.crt")).unwrap();
        Server::start_with(Limits::default(), source, directory).await
    }

    /// A new certificate and its key.
    fn sign(&self) -> [String; 2] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        [certificate.pem(), key.serialize_pem()]
    }

    /// Writes a pair and makes it the live one.
    fn swap(&self, generation: &str, [certificate, key]: &[String; 2]) {
        let root = self.directory.path();
        fs::create_dir(root.join(generation)).unwrap();
        fs::write(root.join(generation).join("tls.crt"), certificate).unwrap();
        fs::write(root.join(generation).join("tls.key"), key).unwrap();
        symlink(generation, root.join("next")).unwrap();
        fs::rename(root.join("next"), root.join("live")).unwrap();
    }
}
