//! Accepts connections, and never stops doing so because one went wrong.

use std::io;
use std::os::fd::AsFd as _;
use std::sync::Arc;

use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::connection::{self, Protocol, Service};
use super::drain::{Drain, Phase};
use super::limits::Limits;
use super::metrics::Metrics;

/// A socket that listens, and how what comes in is served.
pub(super) struct Listener {
    pub socket: TcpListener,
    /// None on the management port, which is plain HTTP.
    pub tls: Option<TlsAcceptor>,
    /// How many connections may be open.
    pub connections: usize,
    pub limits: Arc<Limits>,
    pub metrics: Arc<Metrics>,
    pub drain: Drain,
}

impl Listener {
    /// Serves until the drain is closing and every connection has ended, or the drain has ended.
    pub(super) async fn serve<S: Service>(self, service: S) {
        let room = Arc::new(Semaphore::new(self.connections));
        let open = TaskTracker::new();
        let mut troubles = Troubles::default();
        loop {
            tokio::select! {
                biased;
                () = self.drain.reached(Phase::Closing) => break,
                (accepted, place) = self.accept(&room) => match accepted {
                    Ok(stream) => {
                        troubles.over();
                        self.spawn(&open, stream, place, service.clone());
                    }
                    Err(error) => {
                        self.metrics.accept_failures.inc();
                        troubles.note(&error);
                        tokio::time::sleep(self.limits.accept_pause).await;
                    }
                },
            }
        }
        // What the kernel has accepted already would be reset when the socket closes.
        for stream in waiting(&self.socket) {
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else { break };
            self.spawn(&open, stream, Some(place), service.clone());
        }
        drop(self.socket);
        open.close();
        open.wait().await;
    }

    /// Waits for room, and then for a connection.
    async fn accept(
        &self,
        room: &Arc<Semaphore>,
    ) -> (io::Result<TcpStream>, Option<OwnedSemaphorePermit>) {
        // Nobody closes this semaphore.
        let place = Arc::clone(room).acquire_owned().await.ok();
        (self.socket.accept().await.map(|(stream, _)| stream), place)
    }

    fn spawn<S: Service>(
        &self,
        open: &TaskTracker,
        stream: TcpStream,
        place: Option<OwnedSemaphorePermit>,
        service: S,
    ) {
        let tls = self.tls.clone();
        let limits = Arc::clone(&self.limits);
        let metrics = Arc::clone(&self.metrics);
        let drain = self.drain.clone();
        open.spawn(async move {
            let _place = place;
            metrics.connections.inc();
            let _open = Open(&metrics);
            // An answer is one small packet: it does not wait for another to go with it.
            let _ = stream.set_nodelay(true);
            let Some(tls) = tls else {
                return connection::serve(stream, Protocol::Http1, service, &limits, &drain).await;
            };
            // TLS asks for 4 KiB at a time; most reviews are longer.
            let stream = BufReader::with_capacity(limits.ahead_bytes, stream);
            let handshake = tokio::select! {
                handshake = timeout(limits.handshake, tls.accept(stream)) => handshake,
                () = drain.reached(Phase::Ended) => return,
            };
            match handshake {
                Ok(Ok(stream)) => {
                    let protocol = Protocol::agreed(stream.get_ref().1.alpn_protocol());
                    connection::serve(stream, protocol, service, &limits, &drain).await;
                }
                failed => {
                    metrics.handshake_failures.inc();
                    let reason = match failed {
                        Ok(Err(error)) => error.to_string(),
                        _ => "it took too long".to_owned(),
                    };
                    debug!("a TLS handshake failed: {reason}");
                }
            }
        });
    }
}

/// Connections that the kernel has accepted and nobody has taken.
///
/// They are asked for past the runtime, which may not have heard of the latest.
fn waiting(socket: &TcpListener) -> impl Iterator<Item = TcpStream> {
    let socket = socket.as_fd().try_clone_to_owned().map(std::net::TcpListener::from).ok();
    std::iter::from_fn(move || {
        let (stream, _) = socket.as_ref()?.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        TcpStream::from_std(stream).ok()
    })
}

/// Counts a connection as open until it is dropped.
struct Open<'a>(&'a Metrics);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}

/// A run of failures to accept, which is logged once.
#[derive(Debug, Default, PartialEq, Eq)]
struct Troubles(u64);

impl Troubles {
    /// Notes a failure; true if it is the first of its run.
    fn note(&mut self, error: &io::Error) -> bool {
        self.0 += 1;
        if self.0 == 1 {
            warn!("cannot accept connections: {error}");
        }
        self.0 == 1
    }

    /// Ends a run.
    fn over(&mut self) {
        if self.0 > 0 {
            warn!("connections are accepted again, after {} failures", self.0);
            self.0 = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_failures_is_noted_once() {
        let mut troubles = Troubles::default();
        let error = io::Error::other("too many open files");
        assert!(troubles.note(&error));
        assert!(!troubles.note(&error));
        troubles.over();
        assert!(troubles.note(&error));
    }
}
