//! Creates pods over connections that stay open, and times each one.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::pods;
use super::tls::connector;
use super::way::Way;

/// How long creations took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timed {
    /// Of each one, the shortest first.
    pub(crate) each: Vec<Duration>,
    pub(crate) whole: Duration,
}

pub(crate) struct Client {
    address: Ipv4Addr,
    tls: TlsConnector,
    runtime: Runtime,
    pod: Bytes,
}

impl Client {
    pub(crate) fn new(root: &Path, address: Ipv4Addr) -> Self {
        Self {
            address,
            tls: connector(&root.join("ca.crt")),
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            pod: pods::good().to_string().into(),
        }
    }

    /// Creates pods in the namespace of a way, by so many clients at once, for this long.
    pub(crate) fn create(&self, way: &Way, clients: usize, time: Duration) -> Timed {
        self.runtime.block_on(async {
            let mut open = Vec::new();
            for _ in 0..clients {
                open.push(self.connect().await);
            }
            let path = format!("/api/v1/namespaces/{}/pods", way.namespace);
            let start = Instant::now();
            let mut tasks = JoinSet::new();
            for mut connection in open {
                let (path, pod) = (path.clone(), self.pod.clone());
                tasks.spawn(async move {
                    let mut times = Vec::new();
                    while start.elapsed() < time {
                        let begin = Instant::now();
                        create(&mut connection, &path, pod.clone()).await;
                        times.push(begin.elapsed());
                    }
                    times
                });
            }
            let each = tasks.join_all().await.into_iter().flatten().collect();
            Timed { each, whole: start.elapsed() }
        })
    }

    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let tcp = TcpStream::connect((self.address, super::plane::files::API_PORT)).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let name = ServerName::from(std::net::IpAddr::from(self.address));
        let stream = self.tls.connect(name, tcp).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }
}

async fn create(connection: &mut SendRequest<Full<Bytes>>, path: &str, pod: Bytes) {
    let request = Request::post(path)
        .header("host", "kubernetes")
        .header("authorization", "Bearer admin-token")
        .header("content-type", "application/json")
        .body(Full::new(pod))
        .unwrap();
    connection.ready().await.unwrap();
    let response = connection.send_request(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status, StatusCode::CREATED, "{}", String::from_utf8_lossy(&body));
}

impl Timed {
    /// Takes in what was timed in another turn.
    pub(crate) fn add(&mut self, other: Self) {
        self.each.extend(other.each);
        self.each.sort_unstable();
        self.whole += other.whole;
    }

    /// The time that this part of all creations did not exceed, in milliseconds.
    pub(crate) fn milliseconds(&self, part: f64) -> f64 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a few thousand"
        )]
        let at = ((self.each.len() - 1) as f64 * part).round() as usize;
        self.each[at].as_secs_f64() * 1e3
    }

    pub(crate) fn a_second(&self) -> f64 {
        f64::from(u32::try_from(self.each.len()).unwrap()) / self.whole.as_secs_f64()
    }
}
