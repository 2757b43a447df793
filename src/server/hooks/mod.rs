//! The listener for push hooks: one path, one question.
//!
//! It knows limits and deadlines, and hands each body to [`Hooks`]. Nexus never repeats a call, so
//! what is answered with 2xx must have been kept, and nothing is refused that could be.

mod metrics;
mod routes;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use super::drain::{Drain, Phase};
use super::gate::Gate;
use super::limits::Limits;
use super::listener::Listener;
use super::management::Management;
use super::metrics::Metrics;
use super::tls::Identity;
use super::{Awaited, Error, Source, listen};
use crate::artefact::{Hook, Received};
use routes::Routes;

pub use metrics::HookMetrics;

/// Takes hooks.
pub trait Hooks: Send + Sync + 'static {
    /// Returns when it is known what became of the hook.
    fn receive<'h>(&'h self, hook: Hook<'h>) -> Receiving<'h>;
}

/// A hook that is being taken.
pub type Receiving<'h> = Pin<Box<dyn Future<Output = Received> + Send + 'h>>;

/// What is wanted of the listener.
pub struct Args {
    pub listen: SocketAddr,
    /// With a certificate it speaks TLS, without one plain HTTP.
    pub certificate: Option<Source>,
    /// How often to look for another certificate.
    pub refresh: Duration,
    /// The largest body, in bytes.
    pub body_bytes: usize,
    pub hooks: Arc<dyn Hooks>,
    pub metrics: HookMetrics,
    /// Where `/livez`, `/readyz` and `/metrics` are, if no other door has them; and the metrics
    /// that are told there.
    pub management: Option<(SocketAddr, Registry)>,
    pub awaited: Awaited,
}

/// A listener that has its sockets.
pub struct Bound {
    hooks: Listener,
    management: Option<Listener>,
    identity: Option<Identity>,
    gate: Gate,
    address: SocketAddr,
    management_address: Option<SocketAddr>,
    args: Args,
}

/// A listener that serves.
pub struct Running {
    drain: Drain,
    management_drain: Drain,
    hooks: JoinHandle<()>,
    management: Option<JoinHandle<()>>,
    refresh: Option<JoinHandle<()>>,
    limits: Arc<Limits>,
}

impl Args {
    /// Takes the sockets and the certificate.
    ///
    /// # Errors
    ///
    /// A socket is taken, or there is no certificate.
    pub async fn bind(mut self) -> Result<Bound, Error> {
        let limits = Arc::new(Limits { body_bytes: self.body_bytes, ..Limits::default() });
        let (manage, registry) = self.management.take().unzip();
        let metrics = Arc::new(Metrics::new(registry.unwrap_or_default()));
        let identity = match &self.certificate {
            Some(source) => Some(Identity::load(source.clone(), Arc::clone(&metrics))?),
            None => None,
        };
        let tls = match &identity {
            Some(identity) => Some(TlsAcceptor::from(Arc::new(identity.server_config()?))),
            None => None,
        };
        let listener = |socket, tls, connections| Listener {
            socket,
            tls,
            connections,
            limits: Arc::clone(&limits),
            metrics: Arc::clone(&metrics),
            drain: Drain::new(),
        };
        let (socket, address) = listen(self.listen).await?;
        let hooks = listener(socket, tls, limits.connections);
        let (management, management_address) = match manage {
            Some(manage) => {
                let (socket, address) = listen(manage).await?;
                (Some(listener(socket, None, limits.management_connections)), Some(address))
            }
            None => (None, None),
        };
        let gate = Gate::new(limits.in_flight, limits.in_flight_bytes);
        Ok(Bound { hooks, management, identity, gate, address, management_address, args: self })
    }
}

impl Bound {
    /// The address that was taken; a port that was given as 0 has a number here.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts to serve, in the current runtime.
    pub fn serve(self) -> Running {
        let Self { hooks, management, identity, gate, address, management_address, args } = self;
        let limits = Arc::clone(&hooks.limits);
        let drain = hooks.drain.clone();
        let management_drain =
            management.as_ref().map_or_else(Drain::new, |listener| listener.drain.clone());
        let health = Management {
            metrics: Arc::clone(&hooks.metrics),
            gate: gate.clone(),
            drain: drain.clone(),
            awaited: args.awaited,
        };
        let routes = Routes::new(args.hooks, gate, Arc::clone(&limits), args.metrics);
        info!("taking hooks on {address}");
        if let Some(address) = management_address {
            info!("serving livez, readyz and metrics on {address}");
        }
        Running {
            drain,
            management_drain,
            hooks: tokio::spawn(hooks.serve(routes)),
            management: management.map(|listener| tokio::spawn(listener.serve(health))),
            refresh: identity.map(|identity| tokio::spawn(identity.keep_fresh(args.refresh))),
            limits,
        }
    }
}

impl Running {
    /// Says that it is to end, serves on for `delay`, and finishes what is under way.
    pub async fn end(self, delay: Duration) {
        self.drain.advance(Phase::Draining);
        tokio::time::sleep(delay).await;
        self.drain.advance(Phase::Closing);
        if let Some(refresh) = self.refresh {
            refresh.abort();
        }
        let mut hooks = self.hooks;
        if timeout(self.limits.drain, &mut hooks).await.is_err() {
            warn!("hooks under way are cut off");
            self.drain.advance(Phase::Ended);
            let _ = hooks.await;
        }
        self.management_drain.advance(Phase::Ended);
        if let Some(management) = self.management {
            let _ = management.await;
        }
    }
}
