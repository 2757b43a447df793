//! One connection: HTTP/1.1 or HTTP/2, how long it may be silent, and how it ends.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until};

use super::drain::{Drain, Phase};
use super::limits::Limits;
use super::pulse::{Heard, Pulse};
use super::rouse::Rouse;

/// Answers requests. There is no error in it: whatever goes wrong has a response.
pub(super) trait Service: Clone + Send + Sync + 'static {
    fn call(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    /// What client and server agreed on in the handshake. Without an agreement it is HTTP/1.1.
    pub(super) fn agreed(alpn: Option<&[u8]>) -> Self {
        if alpn == Some(b"h2") { Self::Http2 } else { Self::Http1 }
    }
}

/// Serves one connection to its end.
pub(super) async fn serve<I, S>(
    io: I,
    protocol: Protocol,
    service: S,
    limits: &Limits,
    drain: &Drain,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service,
{
    let pulse = Pulse::new(limits);
    let shared = Arc::new((service, drain.clone(), pulse.clone()));
    let answer = service_fn(move |request: Request<Incoming>| {
        let shared = Arc::clone(&shared);
        async move {
            let (service, drain, pulse) = &*shared;
            let _busy = pulse.busy();
            let version = request.version();
            // In a box, since this future is moved about before it starts.
            let mut response = Box::pin(service.call(request)).await;
            // HTTP/2 says it with a frame of its own, and has no such header.
            if version < Version::HTTP_2 && drain.has_reached(Phase::Draining) {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    match protocol {
        Protocol::Http1 => {
            let io = TokioIo::new(Heard::new(io, pulse.clone()));
            let mut builder = http1::Builder::new();
            // Its own deadline for headers also runs while a connection is idle.
            builder.timer(TokioTimer::new()).header_read_timeout(None);
            builder.max_buf_size(limits.read_bytes);
            builder.max_header_size(limits.header_bytes);
            // Its answers carry `Connection: close` from `Draining` on; an idle connection is
            // closed only when nobody is to use it any more.
            let connection = builder.serve_connection(io, answer);
            watch(connection, &pulse, drain, Phase::Closing).await;
        }
        Protocol::Http2 => {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.timer(TokioTimer::new()).max_concurrent_streams(limits.streams);
            builder.max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
            builder.initial_stream_window_size(limits.stream_window_bytes);
            builder.initial_connection_window_size(limits.stream_window_bytes.saturating_mul(4));
            let connection = builder.serve_connection(TokioIo::new(io), answer);
            // GOAWAY lets what is under way finish, and the client goes elsewhere with the rest.
            watch(connection, &pulse, drain, Phase::Draining).await;
        }
    }
}

/// Drives a connection until it ends, by itself, by silence, or by the drain: from `farewell` on
/// it takes no more requests.
async fn watch<C: GracefulConnection>(
    connection: C,
    pulse: &Pulse,
    drain: &Drain,
    farewell: Phase,
) {
    let mut connection = pin!(connection);
    let mut alarm = pin!(sleep_until(pulse.deadline().unwrap_or_else(Instant::now)));
    let mut bells = [farewell, Phase::Ended].map(|phase| Box::pin(drain.reached(phase)));
    let mut awaited = false;
    let mut said = false;
    let rouse = Rouse::new();
    poll_fn(|cx| {
        loop {
            // The connection first: a request that has arrived is served before a farewell.
            let ended = rouse.poll(connection.as_mut(), cx).is_ready();
            if ended || drain.has_reached(Phase::Ended) {
                return Poll::Ready(());
            }
            // It is always the same task that waits, and one poll is enough to be woken.
            if !mem::replace(&mut awaited, true) {
                for bell in &mut bells {
                    let _ = bell.as_mut().poll(cx);
                }
            }
            if said || !drain.has_reached(farewell) || !pulse.may_end() {
                return pulse.poll_silence(alarm.as_mut(), cx);
            }
            connection.as_mut().graceful_shutdown();
            said = true;
        }
    })
    .await;
}
