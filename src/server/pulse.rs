//! How long a connection may be silent: in the middle of a head, and between requests.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::limits::Limits;

/// How a connection does: busy with requests, in the middle of a head, or silent.
#[derive(Clone, Debug)]
pub(super) struct Pulse(Arc<Mutex<Beat>>);

#[derive(Debug)]
struct Beat {
    idle: Duration,
    headers: Duration,
    /// How many requests are being answered.
    requests: usize,
    /// When it has to do something, unless it is busy.
    deadline: Instant,
    /// Whether a head has begun, or is to begin now that the connection is there; then
    /// `deadline` is that of the head.
    heading: bool,
}

impl Pulse {
    pub(super) fn new(limits: &Limits) -> Self {
        let (idle, headers) = (limits.idle, limits.headers);
        let deadline = Instant::now() + headers;
        // Who opens a connection has a request to make.
        let heading = true;
        Self(Arc::new(Mutex::new(Beat { idle, headers, requests: 0, deadline, heading })))
    }

    /// Notes that a request has begun; its end is when the answer is dropped.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.with(|beat| {
            beat.requests += 1;
            beat.heading = false;
        });
        Busy(self)
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
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.with(|beat| (beat.requests == 0).then_some(beat.deadline))
    }

    /// Whether the connection may be told to end: there is no head under way, whose sender could
    /// not know.
    pub(super) fn may_end(&self) -> bool {
        self.with(|beat| !beat.heading)
    }

    /// Ready when the deadline is over.
    pub(super) fn poll_silence(
        &self,
        mut alarm: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            // A busy connection wakes this task when it has answered.
            let Some(deadline) = self.deadline() else { return Poll::Pending };
            if deadline < alarm.deadline() {
                alarm.as_mut().reset(deadline);
            }
            ready!(alarm.as_mut().poll(cx));
            if deadline == alarm.deadline() {
                return Poll::Ready(());
            }
            // It rang for one that has moved on since: each request moves it, and none the alarm.
            alarm.as_mut().reset(deadline);
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Beat) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request that is being answered.
pub(super) struct Busy<'a>(&'a Pulse);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.with(|beat| {
            beat.requests -= 1;
            beat.deadline = Instant::now() + beat.idle;
        });
    }
}

/// A stream that says when bytes come in. It is for HTTP/1.1: in HTTP/2 they may be anything.
pub(super) struct Heard<I> {
    io: I,
    pulse: Pulse,
}

impl<I> Heard<I> {
    pub(super) fn new(io: I, pulse: Pulse) -> Self {
        Self { io, pulse }
    }
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
