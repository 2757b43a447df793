//! The listener for push hooks: a path for each sender, one question.
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
use tracing::info;

use super::gate::Gate;
use super::limits::Limits;
use super::management::Management;
use super::metrics::Metrics;
use super::port::{Port, Served};
use super::{Awaited, Error, Source};
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
    hooks: Port,
    management: Option<Port>,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    args: Args,
}

/// A listener that serves.
pub struct Running {
    hooks: Served,
    management: Option<Served>,
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
        let certificate = self.certificate.take();
        let (calls, health) = (limits.connections, limits.management_connections);
        let hooks = Port::bind(self.listen, certificate, calls, &limits, &metrics).await?;
        let management = match manage {
            Some(manage) => Some(Port::bind(manage, None, health, &limits, &metrics).await?),
            None => None,
        };
        Ok(Bound { hooks, management, limits, metrics, args: self })
    }
}

impl Bound {
    /// The address that was taken; a port that was given as 0 has a number here.
    pub const fn address(&self) -> SocketAddr {
        self.hooks.address()
    }

    /// Starts to serve, in the current runtime.
    pub fn serve(self) -> Running {
        let Self { hooks, management, limits, metrics, args } = self;
        let gate = Gate::new(limits.in_flight, limits.in_flight_bytes);
        info!("taking hooks on {}", hooks.address());
        let management = management.map(|port| {
            info!("serving livez, readyz and metrics on {}", port.address());
            let (gate, drain) = (gate.clone(), hooks.drain());
            port.serve(Management { metrics, gate, drain, awaited: args.awaited }, args.refresh)
        });
        let routes = Routes::new(args.hooks, gate, limits, args.metrics);
        Running { hooks: hooks.serve(routes, args.refresh), management }
    }
}

impl Running {
    /// Says that it is to end, serves on for `delay`, and finishes what is under way.
    pub async fn end(self, delay: Duration) {
        self.hooks.drain();
        tokio::time::sleep(delay).await;
        self.hooks.close().await;
        if let Some(management) = self.management {
            management.cut().await;
        }
    }
}
