//! The end of a server, while it is being used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::server::Limits;
use tokio::net::TcpStream;

use super::harness::{Http1, Server, soon, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_a_server_drains_and_closes() {
    let mut server = Server::start(Limits::default()).await;
    let running = server.running.take().unwrap();
    let server = Arc::new(server);
    let load = Load::start(&server, 8);
    load.more("requests before the drain").await;

    running.drain();
    assert_eq!(server.page("/readyz").await.status, 503);
    assert_eq!(server.page("/livez").await.status, 200);
    // Every answer closes its connection, so these all came on new ones.
    load.more("requests while draining").await;

    // The API server has heard of it: it sends no more, and waits for one answer.
    let held = spawn_hold(&server).await;
    let requests = load.stop().await;
    assert!(requests > 100);
    let closing = tokio::spawn(running.close());
    until("nothing is accepted", async || TcpStream::connect(server.admission).await.is_err())
        .await;
    assert_eq!(server.page("/readyz").await.status, 503);
    server.judge.release();
    assert_eq!(held.await.unwrap(), 200);
    closing.await.unwrap();
    assert!(TcpStream::connect(server.management).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_server_sends_its_callers_elsewhere() {
    let mut server = Server::start(Limits::default()).await;
    let running = server.running.take().unwrap();
    let mut http1 = server.http1().await;
    let mut http2 = server.http2().await;
    for answer in [http1.post("/validate", "deny").await, http2.post("/validate", "deny").await] {
        assert_eq!(answer.unwrap().header("connection"), "");
    }
    assert_eq!(server.page("/readyz").await.text, "ready\n");

    running.drain();
    assert_eq!(server.page("/readyz").await.text, "not ready: draining\n");
    let answer = http1.post("/validate", "deny").await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("connection")), (200, "close"));
    until("HTTP/1.1 is closed", async || http1.0.is_closed()).await;
    until("HTTP/2 is closed", async || http2.0.is_closed()).await;
    assert_eq!(server.http2().await.post("/validate", "deny").await.unwrap().status, 200);
    running.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_does_not_keep_a_server() {
    let mut server = Server::start(Limits::default()).await;
    let running = server.running.take().unwrap();
    let mut idle = server.http1().await;
    assert_eq!(idle.post("/validate", "allow").await.unwrap().status, 200);
    tokio::time::timeout(Duration::from_secs(4), running.close()).await.unwrap();
    until("the connection is closed", async || idle.0.is_closed()).await;
}

// On one thread: the server does not run between the connection and the end of accepting.
#[tokio::test]
async fn a_connection_that_waits_to_be_accepted_is_served() {
    let mut server = Server::start(Limits::default()).await;
    let running = server.running.take().unwrap();
    let waiting = std::net::TcpStream::connect(server.admission).unwrap();
    waiting.set_nonblocking(true).unwrap();
    let waiting = TcpStream::from_std(waiting).unwrap();
    let request = async {
        let tls = server.shake_hands(waiting, &["http/1.1"]).await.unwrap();
        Http1::over(tls).await.post("/validate", "allow").await.unwrap()
    };
    let ((), answer) = tokio::join!(running.close(), request);
    assert_eq!((answer.status.as_u16(), answer.header("connection")), (200, "close"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_is_cut_off() {
    let mut server = Server::start(Limits { drain: soon(), ..Limits::default() }).await;
    let running = server.running.take().unwrap();
    let server = Arc::new(server);
    let held = spawn_hold(&server).await;
    tokio::time::timeout(Duration::from_secs(4), running.end(Duration::ZERO)).await.unwrap();
    server.judge.release();
    assert!(held.await.is_err(), "the request was answered after the end");
}

/// Posts a review that is held, and waits until it is.
async fn spawn_hold(server: &Arc<Server>) -> tokio::task::JoinHandle<u16> {
    let own = Arc::clone(server);
    let held = tokio::spawn(async move { own.post("/validate", "hold").await.status.as_u16() });
    until("it is held", async || server.judge.held() == 1).await;
    held
}

/// Clients that send one request after the other, and connect again when they are told to.
pub(super) struct Load {
    answered: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    pub(super) fn start(server: &Arc<Server>, clients: usize) -> Self {
        let answered = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let clients = (0..clients).map(|_| {
            let (server, answered, stop) =
                (Arc::clone(server), Arc::clone(&answered), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut http1 = server.http1().await;
                while !stop.load(Ordering::SeqCst) {
                    let answer = http1.post("/validate", "allow").await.unwrap();
                    assert_eq!(answer.status, 200);
                    answered.fetch_add(1, Ordering::SeqCst);
                    if answer.header("connection") == "close" {
                        http1 = server.http1().await;
                    }
                }
            })
        });
        let clients = clients.collect();
        Self { answered, stop, clients }
    }

    /// Waits for some more answers.
    pub(super) async fn more(&self, what: &str) {
        let enough = self.answered.load(Ordering::SeqCst) + 100;
        until(what, async || self.answered.load(Ordering::SeqCst) >= enough).await;
    }

    /// Stops, fails if a request failed, and says how many were answered.
    pub(super) async fn stop(self) -> usize {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.await.unwrap();
        }
        self.answered.load(Ordering::SeqCst)
    }
}
