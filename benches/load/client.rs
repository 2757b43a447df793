//! A client that costs little: one thread, requests made beforehand, answers read by their length.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::tls::connector;

/// Sends one request over and over.
pub(crate) struct Client {
    address: SocketAddr,
    tls: TlsConnector,
    request: Arc<[u8]>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, authority: &Path, body: &[u8]) -> Self {
        // As the API server writes it.
        let mut request = format!(
            "POST /validate?timeout=10s HTTP/1.1\r\nHost: localhost\r\n\
             User-Agent: kube-apiserver-admission\r\nContent-Length: {}\r\n\
             Accept: application/json, */*\r\nContent-Type: application/json\r\n\
             Accept-Encoding: gzip\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        Self { address, tls: connector(authority), request: request.into() }
    }

    /// Answers a second, over some connections that are open for all of `time`.
    pub(crate) fn answers_a_second(&self, connections: usize, time: Duration) -> f64 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut open = Vec::new();
            for _ in 0..connections {
                let tcp = TcpStream::connect(self.address).await.unwrap();
                tcp.set_nodelay(true).unwrap();
                let name = ServerName::try_from("localhost").unwrap();
                open.push(self.tls.connect(name, tcp).await.unwrap());
            }
            let start = Instant::now();
            let mut senders = JoinSet::new();
            for mut stream in open {
                let request = Arc::clone(&self.request);
                senders.spawn(async move {
                    let mut answer = Vec::new();
                    let mut answers = 0_u32;
                    while start.elapsed() < time {
                        stream.write_all(&request).await.unwrap();
                        stream.flush().await.unwrap();
                        answer.clear();
                        while !is_whole(&answer) {
                            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
                        }
                        assert!(answer.starts_with(b"HTTP/1.1 200 "));
                        answers += 1;
                    }
                    answers
                });
            }
            let answers: u32 = senders.join_all().await.into_iter().sum();
            f64::from(answers) / start.elapsed().as_secs_f64()
        })
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = memchr::memmem::find(answer, b"\r\n\r\n") else { return false };
    let name = b"content-length: ";
    let length = memchr::memmem::find(answer, name).unwrap() + name.len();
    let digits = answer[length..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| 10 * length + usize::from(digit - b'0'));
    answer.len() >= head + 4 + length
}
