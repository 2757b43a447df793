//! Peers and judges that take too long.

use std::time::{Duration, Instant};

use portcullis::server::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::harness::{Server, soon, until};

/// Longer than any deadline in these tests and shorter than any default.
const PATIENCE: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_come_ends_the_connection() {
    let server = Server::start(Limits { handshake: soon(), ..Limits::default() }).await;
    let mut silent = TcpStream::connect(server.admission).await.unwrap();
    let mut slow = TcpStream::connect(server.admission).await.unwrap();
    slow.write_all(&[22, 3, 1]).await.unwrap();
    for tcp in [&mut silent, &mut slow] {
        let end = tokio::time::timeout(PATIENCE, tcp.read(&mut [0; 64])).await.unwrap();
        assert_eq!(end.unwrap_or(0), 0);
    }
    let failures = "portcullis_handshake_failures_total";
    until("both are counted", async || server.metric(failures).await == Some(2.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_do_not_end_end_the_connection() {
    let server = Server::start(Limits { headers: soon(), ..Limits::default() }).await;
    for head in ["", "POST /validate HTTP/1.1\r\nhost: "] {
        let mut tls = server.connect(&["http/1.1"]).await;
        tls.write_all(head.as_bytes()).await.unwrap();
        let end = tokio::time::timeout(PATIENCE, tls.read(&mut [0; 64])).await.unwrap();
        assert_eq!(end.unwrap_or(0), 0, "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_head_has_its_deadline_too() {
    let server = Server::start(Limits { headers: soon(), ..Limits::default() }).await;
    let mut tls = server.connect(&["http/1.1"]).await;
    let head = "POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    tls.write_all(format!("{head}content-length: 5\r\n\r\nallow").as_bytes()).await.unwrap();
    let mut answer = [0; 512];
    let length = tls.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
    tls.write_all(head.as_bytes()).await.unwrap();
    let end = tokio::time::timeout(PATIENCE, tls.read(&mut answer)).await.unwrap();
    assert_eq!(end.unwrap_or(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_may_be_idle_for_longer_than_headers_may_take_and_not_for_ever() {
    let limits = Limits { headers: soon(), idle: 5 * soon(), ..Limits::default() };
    let server = Server::start(limits).await;
    let mut http1 = server.http1().await;
    let mut http2 = server.http2().await;
    for _ in 0..2 {
        assert_eq!(http1.post("/validate", "allow").await.unwrap().status, 200);
        assert_eq!(http2.post("/validate", "allow").await.unwrap().status, 200);
        tokio::time::sleep(2 * soon()).await;
    }
    until("HTTP/1.1 is closed", async || http1.0.is_closed()).await;
    until("HTTP/2 is closed", async || http2.0.is_closed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_come_is_told_so() {
    let server = Server::start(Limits { body: soon(), ..Limits::default() }).await;
    let mut tls = server.connect(&["http/1.1"]).await;
    let head = "POST /validate HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    tls.write_all(format!("{head}content-length: 10\r\n\r\nallow").as_bytes()).await.unwrap();
    let mut answer = String::new();
    // The server ends the connection, which is what ends this.
    let read = tokio::time::timeout(PATIENCE, tls.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer} {read:?}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stuck_reviews_are_answered_by_what_on_error_decides() {
    let server = Server::start(Limits::default()).await;
    let mut large = b"hold ".to_vec();
    large.resize(1 << 20, b'x');
    let start = Instant::now();
    let mut bodies = vec![b"hold".to_vec(); 7];
    bodies.push(large);
    let mut answers = tokio::task::JoinSet::new();
    for body in bodies {
        let mut http1 = server.http1().await;
        answers.spawn(async move { http1.post("/validate?timeout=1s", body).await.unwrap() });
    }
    while let Some(answer) = answers.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (200, "the review took too long")
        );
    }
    // The last of them was sent a moment after the start, and each within its second.
    assert!(start.elapsed() < PATIENCE);
    assert_eq!(server.judge.held(), 8);
    assert_eq!(server.post("/validate", "allow").await.status, 200);
    let overdue = "portcullis_admission_overdue_total{stage=\"validate\"}";
    assert_eq!(server.metric(overdue).await, Some(8.0));
    server.judge.release();
    let places = "portcullis_admission_in_flight";
    until("their places are free", async || server.metric(places).await == Some(0.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_that_is_stuck_twice_is_an_overload() {
    let server = Server::start(Limits { overdue: soon(), ..Limits::default() }).await;
    let response = server.post("/validate?timeout=100ms", "stuck").await;
    assert_eq!((response.status.as_u16(), response.header("retry-after")), (503, "1"));
    server.judge.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_that_panics_is_answered_by_what_on_error_decides() {
    let server = Server::start(Limits::default()).await;
    let mut large = b"panic ".to_vec();
    large.resize(1 << 20, b'x');
    let mut http1 = server.http1().await;
    for body in [b"panic".to_vec(), large] {
        let answer = http1.post("/mutate", body).await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "the review panicked"));
    }
    assert_eq!(server.metric("portcullis_admission_in_flight").await, Some(0.0));
}
