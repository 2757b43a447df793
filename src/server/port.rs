//! A port of the process: its socket, its certificate, and how it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::warn;

use super::connection::Service;
use super::drain::{Drain, Phase};
use super::limits::Limits;
use super::listener::Listener;
use super::metrics::Metrics;
use super::tls::Identity;
use super::{Error, Source};

/// A port that has its socket, and its certificate if it speaks TLS.
pub(super) struct Port {
    listener: Listener,
    identity: Option<Identity>,
    address: SocketAddr,
}

/// A port that is served.
pub(super) struct Served {
    drain: Drain,
    serving: JoinHandle<()>,
    refresh: Option<JoinHandle<()>>,
    patience: Duration,
}

impl Port {
    /// Takes the socket, for so many connections at once. With a certificate the port speaks TLS,
    /// without one plain HTTP.
    pub(super) async fn bind(
        address: SocketAddr,
        certificate: Option<Source>,
        connections: usize,
        limits: &Arc<Limits>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, Error> {
        let identity = match certificate {
            Some(source) => Some(Identity::load(source, Arc::clone(metrics))?),
            None => None,
        };
        let tls = match &identity {
            Some(identity) => Some(TlsAcceptor::from(Arc::new(identity.server_config()?))),
            None => None,
        };
        let failed = |source| Error::Listen { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let taken = socket.local_addr().map_err(failed)?;
        let (limits, metrics) = (Arc::clone(limits), Arc::clone(metrics));
        let listener = Listener { socket, tls, connections, limits, metrics, drain: Drain::new() };
        Ok(Self { listener, identity, address: taken })
    }

    /// The address that was taken; a port that was given as 0 has a number here.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How far its end has come.
    pub(super) fn drain(&self) -> Drain {
        self.listener.drain.clone()
    }

    /// Starts to serve, in the current runtime, and looks for another certificate every `refresh`.
    pub(super) fn serve(self, service: impl Service, refresh: Duration) -> Served {
        let Self { listener, identity, .. } = self;
        Served {
            drain: listener.drain.clone(),
            patience: listener.limits.drain,
            refresh: identity.map(|identity| tokio::spawn(identity.keep_fresh(refresh))),
            serving: tokio::spawn(listener.serve(service)),
        }
    }
}

impl Served {
    /// Says that it is to end, and serves on: every answer asks its caller to connect elsewhere.
    /// True if that is news.
    pub(super) fn drain(&self) -> bool {
        let news = !self.drain.has_reached(Phase::Draining);
        self.drain.advance(Phase::Draining);
        news
    }

    /// Accepts nothing more and finishes what is under way. What is not finished in time is cut
    /// off.
    pub(super) async fn close(mut self) {
        self.drain.advance(Phase::Closing);
        if timeout(self.patience, &mut self.serving).await.is_err() {
            warn!("work under way is cut off");
            self.drain.advance(Phase::Ended);
        }
        self.end().await;
    }

    /// Ends at once.
    pub(super) async fn cut(self) {
        self.drain.advance(Phase::Ended);
        self.end().await;
    }

    async fn end(self) {
        if let Some(refresh) = self.refresh {
            refresh.abort();
        }
        if !self.serving.is_finished() {
            let _ = self.serving.await;
        }
    }
}
