//! Calls the webhook as Nexus does, each time about another component.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::SECRET;

/// One call.
pub(crate) struct Call {
    pub body: String,
    request: Vec<u8>,
}

impl Call {
    pub(crate) fn new(number: u64) -> Self {
        let body = format!(
            r#"{{"timestamp":"2026-11-21T12:44:45.201+00:00","nodeId":"2e095179-7bc4f5e7-5a47e49f-7c9fa294-bcde2549","initiator":"admin/127.0.0.1","repositoryName":"raw-internal","action":"CREATED","component":{{"id":"{number:08x}","componentId":"cmF3LWludGVybmFsOjRm{number:08x}","format":"raw","name":"/ska-thing/ska-thing-0.1.{number}.tar.gz","group":"/ska-thing","version":""}}}}"#
        );
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET.as_bytes());
        let tag = hmac::sign(&key, body.as_bytes());
        let signature: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = format!(
            "POST /hooks/nexus HTTP/1.1\r\nHost: localhost\r\n\
             X-Nexus-Webhook-ID: rm:repository:component\r\n\
             X-Nexus-Webhook-Delivery: 6560f993-6900-481f-bac8-{number:012x}\r\n\
             X-Nexus-Webhook-Signature: {signature}\r\nContent-Length: {}\r\n\
             Content-Type: application/json; charset=UTF-8\r\n\r\n{body}",
            body.len()
        );
        Self { body, request: request.into_bytes() }
    }

    /// Sends it and waits for the answer, which says that it was kept.
    async fn send(&self, stream: &mut TcpStream) {
        stream.write_all(&self.request).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"kept\n") {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{answer:?}");
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
    }
}

/// Hooks kept a second, over connections that send one after the other.
pub(crate) async fn flood(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    number: &mut u64,
) -> f64 {
    let mut senders = JoinSet::new();
    let start = Instant::now();
    for sender in 0..connections as u64 {
        let first = *number + (sender << 24);
        senders.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut kept = 0;
            while start.elapsed() < time {
                Call::new(first + kept).send(&mut stream).await;
                kept += 1;
            }
            kept
        });
    }
    let kept: u64 = senders.join_all().await.into_iter().sum();
    *number += (connections as u64) << 24;
    kept as f64 / start.elapsed().as_secs_f64()
}

/// How long each hook took, at a steady pace: one that waits for its turn waits since it was due.
pub(crate) async fn every(
    address: SocketAddr,
    pause: Duration,
    time: Duration,
    number: &mut u64,
) -> Vec<Duration> {
    let (times, mut told) = mpsc::unbounded_channel();
    let (free, mut idle) = mpsc::unbounded_channel();
    let mut clock = tokio::time::interval(pause);
    let end = Instant::now() + time;
    while Instant::now() < end {
        clock.tick().await;
        let due = Instant::now();
        let stream: Option<TcpStream> = idle.try_recv().ok();
        let (times, free) = (times.clone(), free.clone());
        let call = Call::new(*number);
        *number += 1;
        tokio::spawn(async move {
            let mut stream = match stream {
                Some(stream) => stream,
                None => TcpStream::connect(address).await.unwrap(),
            };
            stream.set_nodelay(true).unwrap();
            call.send(&mut stream).await;
            let _ = times.send(due.elapsed());
            let _ = free.send(stream);
        });
    }
    drop(times);
    let mut all = Vec::new();
    while let Some(took) = told.recv().await {
        all.push(took);
    }
    all
}
