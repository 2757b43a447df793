//! The listener for whoever looks up what was judged: pages and an API, to be read and nothing
//! else.
//!
//! It knows who may read, and hands each question to a [`Lookup`].

mod guard;
mod metrics;
mod routes;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tracing::info;

use super::Source;
use super::gate::Gate;
use super::limits::Limits;
use super::metrics::Metrics;
use super::port::{Port, Served};
use crate::artefact::lookup::{Answer, Ask};
use guard::Guard;
use routes::Routes;

pub use guard::Token;
pub use metrics::LookupMetrics;

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
    pub metrics: LookupMetrics,
}

/// A listener that serves.
pub struct Running(Served);

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
        let readers = limits.management_connections;
        let port = Port::bind(self.listen, self.certificate, readers, &limits, &metrics).await?;
        let gate = Gate::new(readers, limits.in_flight_bytes);
        let routes = Routes::new(self.lookup, guard, gate, limits.review, self.metrics);
        info!("showing verdicts on {}", port.address());
        Ok(Running(port.serve(routes, self.refresh)))
    }
}

impl Running {
    /// Takes no more questions, and answers those that were asked.
    pub async fn end(self) {
        self.0.drain();
        self.0.close().await;
    }
}
