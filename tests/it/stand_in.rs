//! A server of HTTP on loopback, for what stands in for somebody else's.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::thread;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

/// Answers every call from a thread of its own, which ends with the test's process.
pub(crate) fn serve<A>(
    answer: impl Fn(Request<Incoming>) -> A + Clone + Send + 'static,
) -> SocketAddr
where
    A: Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + 'static,
{
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let answer = service_fn(answer.clone());
                tokio::spawn(async move {
                    let http = hyper::server::conn::http1::Builder::new();
                    // Who calls may be killed.
                    let _ = http.serve_connection(TokioIo::new(stream), answer).await;
                });
            }
        });
    });
    receiver.recv().unwrap()
}
