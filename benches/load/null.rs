//! The null server: the same stack as the admission door, with nothing in it.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Writes a certificate for `host` into a file, says where it listens, and answers every body for
/// ever.
pub(crate) fn serve(address: &str, host: &str, authority: &Path, answer: fn(Bytes) -> Bytes) {
    let tls = TlsAcceptor::from(Arc::new(config(host, authority)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            tcp.set_nodelay(true).unwrap();
            let tls = tls.clone();
            tokio::spawn(async move {
                let Ok(stream) = tls.accept(tcp).await else { return };
                let io = TokioIo::new(stream);
                let service = service_fn(move |request| respond(request, answer));
                let _ = http1::Builder::new().serve_connection(io, service).await;
            });
        }
    });
}

async fn respond(
    request: Request<Incoming>,
    answer: fn(Bytes) -> Bytes,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut response = Response::new(Full::new(answer(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn config(host: &str, authority: &Path) -> ServerConfig {
    let pair = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    std::fs::write(authority, pair.cert.pem()).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(pair.cert.pem().as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.signing_key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
