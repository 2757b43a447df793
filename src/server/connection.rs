//! One connection: HTTP/1.1 or HTTP/2, how long it may be silent, and how it ends.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::drain::{Drain, Phase};
use super::limits::Limits;

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
    let pulse = Pulse::new(protocol, limits);
    let answer = {
        let (pulse, drain) = (pulse.clone(), drain.clone());
        service_fn(move |request: Request<Incoming>| {
            let (service, drain) = (service.clone(), drain.clone());
            let busy = pulse.busy();
            async move {
                let version = request.version();
                let mut response = service.call(request).await;
                // HTTP/2 says it with a frame of its own, and has no such header.
                if version < Version::HTTP_2 && drain.phase() >= Phase::Draining {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                drop(busy);
                Ok::<_, Infallible>(response)
            }
        })
    };
    match protocol {
        Protocol::Http1 => {
            let io = TokioIo::new(Heard { io, pulse: pulse.clone() });
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
    let mut next = farewell;
    loop {
        tokio::select! {
            // The connection first: a request that has arrived is served before a farewell.
            biased;
            _ = connection.as_mut() => return,
            () = drain.reached(next) => {
                if next == Phase::Ended {
                    return;
                }
                // A head that has begun gets its answer, which closes the connection.
                if !pulse.heading() {
                    connection.as_mut().graceful_shutdown();
                }
                next = Phase::Ended;
            }
            () = poll_fn(|cx| pulse.poll_silence(alarm.as_mut(), cx)) => return,
        }
    }
}

/// How a connection does: busy with requests, in the middle of a head, or silent.
#[derive(Clone, Debug)]
struct Pulse(Arc<Mutex<Beat>>);

#[derive(Debug)]
struct Beat {
    idle: Duration,
    headers: Duration,
    /// How many requests are being answered.
    requests: usize,
    /// When it has to do something, unless it is busy.
    deadline: Instant,
    /// Whether `deadline` is that of a head which has begun.
    heading: bool,
}

impl Pulse {
    fn new(protocol: Protocol, limits: &Limits) -> Self {
        let (idle, headers) = (limits.idle, limits.headers);
        // Who opens a connection has a request. In HTTP/2 frames of other sorts come first, and
        // a head can't be told from them here.
        let heading = protocol == Protocol::Http1;
        let deadline = Instant::now() + if heading { headers } else { idle };
        Self(Arc::new(Mutex::new(Beat { idle, headers, requests: 0, deadline, heading })))
    }

    /// Notes that a request has begun; its end is when the answer is dropped.
    fn busy(&self) -> Busy {
        self.with(|beat| {
            beat.requests += 1;
            beat.heading = false;
        });
        Busy(self.clone())
    }

    /// Notes that bytes came in.
    fn heard(&self) {
        self.with(|beat| {
            if beat.requests == 0 && !beat.heading {
                beat.heading = true;
                beat.deadline = Instant::now() + beat.headers;
            }
        });
    }

    /// By when something has to happen; none while a request is being answered, which has
    /// deadlines of its own.
    fn deadline(&self) -> Option<Instant> {
        self.with(|beat| (beat.requests == 0).then_some(beat.deadline))
    }

    /// Whether a head has begun, or is to begin now that the connection is there.
    fn heading(&self) -> bool {
        self.with(|beat| beat.heading)
    }

    /// Ready when the deadline is over.
    fn poll_silence(&self, mut alarm: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            // A busy connection wakes this task when it has answered.
            let Some(deadline) = self.deadline() else { return Poll::Pending };
            if deadline != alarm.deadline() {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(cx));
            if self.deadline() == Some(deadline) {
                return Poll::Ready(());
            }
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Beat) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request that is being answered.
struct Busy(Pulse);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.with(|beat| {
            beat.requests -= 1;
            beat.deadline = Instant::now() + beat.idle;
        });
    }
}

/// A stream that says when bytes come in.
struct Heard<I> {
    io: I,
    pulse: Pulse,
}

impl<I: AsyncRead + Unpin> AsyncRead for Heard<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.pulse.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Heard<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
