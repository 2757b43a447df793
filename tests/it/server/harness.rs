//! A server to talk to, a judge that obeys the body, and clients.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame};
use hyper::client::conn::{http1, http2};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use portcullis::admission::{Answer, Malformed, Reviewed, Stage, Summary};
use portcullis::engine::Operation;
use portcullis::server::{Args, Limits, Review, Running, Source};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ALL_VERSIONS, ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Does what the first word of a body says: `allow`, `deny`, `error`, `malformed`, `panic`, or `hold`,
/// which comes back once [`Judge::release`] was called. `stuck` also holds when it is overdue.
#[derive(Default)]
pub(super) struct Judge {
    held: AtomicUsize,
    released: Mutex<bool>,
    changed: Condvar,
}

impl Judge {
    /// How many reviews are being held.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    pub(super) fn release(&self) {
        *self.released.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn hold(&self) {
        self.held.fetch_add(1, Ordering::SeqCst);
        let released = self.released.lock().unwrap();
        drop(self.changed.wait_while(released, |released| !*released).unwrap());
        self.held.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Review for Judge {
    fn review(&self, stage: Stage, body: &[u8]) -> Result<Reviewed, Malformed> {
        match first_word(body) {
            "malformed" => return Err(Malformed("the body is no AdmissionReview".to_owned())),
            "panic" => panic!("a judge panicked on purpose"),
            "hold" | "stuck" => self.hold(),
            _ => {}
        }
        let answer = match first_word(body) {
            "deny" => Answer::Deny,
            "error" => Answer::Error,
            _ => Answer::Allow,
        };
        Ok(reviewed(answer, format!("{stage} {} bytes", body.len())))
    }

    fn overdue(&self, _: Stage, body: &[u8], reason: &str) -> Result<Reviewed, Malformed> {
        if first_word(body) == "stuck" {
            self.hold();
        }
        Ok(reviewed(Answer::Error, reason.to_owned()))
    }

    fn news(&self) -> Option<watch::Receiver<()>> {
        None
    }
}

fn first_word(body: &[u8]) -> &str {
    let end = body.iter().position(|b| !b.is_ascii_lowercase()).unwrap_or(body.len());
    std::str::from_utf8(&body[..end]).unwrap()
}

fn reviewed(answer: Answer, text: String) -> Reviewed {
    let word = |text: &str| text.to_owned();
    Reviewed {
        early: false,
        body: text.into_bytes(),
        allowed: answer != Answer::Deny,
        summary: Summary {
            uid: word("0df28fbd-5f5f-11e8-bc74-36e6bb280816"),
            kind: word("DeviceServer"),
            namespace: word("ska-test"),
            name: word("tango.test"),
            operation: Operation::Create,
            answer,
            policy_set: "5ca1ab1e".into(),
            failed: if answer == Answer::Error { vec!["field-matches"] } else { Vec::new() },
        },
    }
}

/// A running server, and what is needed to talk to it.
pub(super) struct Server {
    pub running: Option<Running>,
    pub judge: Arc<Judge>,
    pub admission: SocketAddr,
    pub management: SocketAddr,
    pub directory: TempDir,
}

impl Server {
    pub(super) async fn start(limits: Limits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let source = Source::Made { directory: directory.path().to_owned(), hosts: Vec::new() };
        Self::start_with(limits, source, directory).await
    }

    pub(super) async fn start_with(
        limits: Limits,
        certificate: Source,
        directory: TempDir,
    ) -> Self {
        let judge = Arc::new(Judge::default());
        let args = args(limits, certificate, &judge);
        let running = args.bind().await.unwrap().serve();
        let addresses = running.addresses();
        Self {
            running: Some(running),
            judge,
            admission: addresses.admission,
            management: addresses.management,
            directory,
        }
    }

    /// Why a server with this certificate does not start.
    pub(super) async fn bind_error(certificate: Source) -> portcullis::server::Error {
        let args = args(Limits::default(), certificate, &Arc::default());
        args.bind().await.err().unwrap()
    }

    /// A TLS connection that speaks `protocols`, and trusts nothing but the server's authority.
    pub(super) async fn connect(&self, protocols: &[&str]) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(self.admission).await.unwrap();
        self.shake_hands(tcp, protocols).await.unwrap()
    }

    pub(super) async fn shake_hands(
        &self,
        tcp: TcpStream,
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut config = client_config(&self.directory.path().join("ca.crt"), ALL_VERSIONS);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await
    }

    /// An HTTP/1.1 connection.
    pub(super) async fn http1(&self) -> Http1 {
        Http1::over(self.connect(&["http/1.1"]).await).await
    }

    /// An HTTP/2 connection.
    pub(super) async fn http2(&self) -> Http2 {
        let io = TokioIo::new(self.connect(&["h2"]).await);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        Http2(sender)
    }

    /// Posts one body on a connection of its own.
    pub(super) async fn post(&self, path: &str, body: impl Into<Sent>) -> Response {
        self.http1().await.post(path, body).await.unwrap()
    }

    /// A page of the management port.
    pub(super) async fn page(&self, path: &str) -> Response {
        let tcp = TcpStream::connect(self.management).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(tcp)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get(path).header("host", "localhost").body(Sent::from("")).unwrap();
        Response::of(sender.send_request(request).await.unwrap()).await
    }

    /// The value of a metric: its name and labels, as they are written.
    pub(super) async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.page("/metrics").await.text;
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }
}

/// A test that fails is not kept by a review that is held.
impl Drop for Server {
    fn drop(&mut self) {
        self.judge.release();
    }
}

fn args(limits: Limits, certificate: Source, judge: &Arc<Judge>) -> Args {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    Args {
        listen: anywhere,
        management: anywhere,
        certificate,
        refresh: Duration::from_millis(20),
        limits,
        review: Arc::clone(judge) as Arc<dyn Review>,
        registry: portcullis::server::registry(),
        awaited: Arc::new(|| None),
    }
}

/// What `/validate` at an address says to a review: a call of its own, for tests that wait for
/// nothing else.
pub(crate) fn ask(authority: &Path, address: SocketAddr, review: &str) -> String {
    ask_with(authority, address, &[], review).text
}

/// The same with more headers, and with all of the answer.
pub(crate) fn ask_with(
    authority: &Path,
    address: SocketAddr,
    headers: &[(&'static str, &str)],
    review: &str,
) -> Response {
    let mut request = post("/validate", review.into());
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let config = client_config(authority, ALL_VERSIONS);
        let tcp = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap();
        Http1::over(tls).await.send(request).await.unwrap()
    })
}

/// What trusts one authority.
pub(crate) fn client_config(
    authority: &Path,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

pub(crate) struct Http1(pub http1::SendRequest<Sent>);
pub(super) struct Http2(pub http2::SendRequest<Sent>);

impl Http1 {
    pub(crate) async fn over(tls: TlsStream<TcpStream>) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(tls)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    pub(crate) async fn post(
        &mut self,
        path: &str,
        body: impl Into<Sent>,
    ) -> hyper::Result<Response> {
        self.send(post(path, body.into())).await
    }

    async fn send(&mut self, request: Request<Sent>) -> hyper::Result<Response> {
        self.0.ready().await?;
        Ok(Response::of(self.0.send_request(request).await?).await)
    }
}

impl Http2 {
    pub(super) async fn post(
        &mut self,
        path: &str,
        body: impl Into<Sent>,
    ) -> hyper::Result<Response> {
        self.0.ready().await?;
        let request = post(&format!("https://localhost{path}"), body.into());
        Ok(Response::of(self.0.send_request(request).await?).await)
    }
}

pub(super) fn post(path: &str, body: Sent) -> Request<Sent> {
    Request::post(path)
        .header("host", "localhost")
        .header(CONTENT_TYPE, "application/json")
        .body(body)
        .unwrap()
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Response {
    pub(super) async fn of(response: hyper::Response<hyper::body::Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Self { status: parts.status, headers: parts.headers, text }
    }

    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A body that is sent whole, or in chunks that say nothing of its length.
pub(crate) enum Sent {
    Whole(Full<Bytes>),
    Chunks(Vec<Bytes>),
}

impl From<&str> for Sent {
    fn from(text: &str) -> Self {
        Self::Whole(Full::new(Bytes::copy_from_slice(text.as_bytes())))
    }
}

impl From<Vec<u8>> for Sent {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Whole(Full::new(Bytes::from(bytes)))
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(body) => Pin::new(body).poll_frame(cx),
            Self::Chunks(chunks) => Poll::Ready(chunks.pop().map(|chunk| Ok(Frame::data(chunk)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Chunks(chunks) => chunks.is_empty(),
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Chunks(_) => hyper::body::SizeHint::default(),
        }
    }
}

/// Waits until something is so, for at most ten seconds.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..1_000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came: {what}");
}

/// Limits for tests that wait for one of them.
pub(super) fn soon() -> Duration {
    Duration::from_millis(100)
}
