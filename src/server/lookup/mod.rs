//! The listener for whoever looks up what was judged: pages and an API, to be read and nothing
//! else.
//!
//! It knows who may read, and hands each question to a [`Lookup`].

mod guard;
mod routes;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use super::drain::{Drain, Phase};
use super::gate::Gate;
use super::limits::Limits;
use super::listener::Listener;
use super::metrics::Metrics;
use super::tls::Identity;
use super::{Source, listen};
use crate::artefact::lookup::{Answer, Ask};
use guard::Guard;
use routes::Routes;

pub use guard::Token;

/// Answers questions.
pub trait Lookup: Send + Sync + 'static {
    /// There is always an answer.
    fn answer<'a>(&'a self, ask: Ask<'a>) -> Answering<'a>;
}

/// An answer that is being looked for.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// What is wanted of the listener.
pub struct Args {
    pub listen: SocketAddr,
    /// With a certificate it speaks TLS, without one plain HTTP.
    pub certificate: Option<Source>,
    /// How often to look for another certificate.
    pub refresh: Duration,
    /// Who reads must know it. Without one only this machine may read.
    pub token: Option<Token>,
    pub lookup: Arc<dyn Lookup>,
}

/// A listener that serves.
pub struct Running {
    address: SocketAddr,
    drain: Drain,
    serving: JoinHandle<()>,
    refresh: Option<JoinHandle<()>>,
    limits: Arc<Limits>,
}

/// Why nothing can be looked up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("without a token, verdicts are shown to this machine alone, and `{0}` is for others")]
    Open(SocketAddr),
    #[error(transparent)]
    Server(#[from] super::Error),
}

impl Args {
    /// Takes the socket and the certificate, and starts to serve in the current runtime.
    ///
    /// # Errors
    ///
    /// The socket is taken, there is no certificate, or a token is missing.
    pub async fn serve(self) -> Result<Running, Error> {
        let guard = match self.token {
            Some(token) => Guard::Token(token),
            None if self.listen.ip().is_loopback() => Guard::Machine,
            None => return Err(Error::Open(self.listen)),
        };
        let limits = Arc::new(Limits::default());
        let metrics = Arc::new(Metrics::default());
        let identity = match self.certificate {
            Some(source) => Some(
                Identity::load(source, Arc::clone(&metrics)).map_err(super::Error::Certificate)?,
            ),
            None => None,
        };
        let tls = match &identity {
            Some(identity) => {
                let config = identity.server_config().map_err(super::Error::Certificate)?;
                Some(TlsAcceptor::from(Arc::new(config)))
            }
            None => None,
        };
        let (socket, address) = listen(self.listen).await?;
        let drain = Drain::new();
        let listener = Listener {
            socket,
            tls,
            connections: limits.management_connections,
            limits: Arc::clone(&limits),
            metrics,
            drain: drain.clone(),
        };
        let gate = Gate::new(limits.management_connections, limits.in_flight_bytes);
        let routes = Routes::new(self.lookup, guard, gate, limits.review);
        info!("showing verdicts on {address}");
        Ok(Running {
            address,
            drain,
            serving: tokio::spawn(listener.serve(routes)),
            refresh: identity.map(|identity| tokio::spawn(identity.keep_fresh(self.refresh))),
            limits,
        })
    }
}

impl Running {
    /// The address that was taken; a port that was given as 0 has a number here.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more questions, and answers those that were asked.
    pub async fn end(self) {
        self.drain.advance(Phase::Draining);
        self.drain.advance(Phase::Closing);
        if let Some(refresh) = self.refresh {
            refresh.abort();
        }
        let mut serving = self.serving;
        if timeout(self.limits.drain, &mut serving).await.is_err() {
            warn!("questions under way are cut off");
            self.drain.advance(Phase::Ended);
            let _ = serving.await;
        }
    }
}
