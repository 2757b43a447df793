//! The door for the Kubernetes API server: TLS, limits, routes, drain, health and metrics.
//!
//! A server goes through three states, each a type: [`Args`] says what is wanted, [`Bound`] holds
//! the sockets and a certificate that is fit to be served, [`Running`] serves until it is drained.
//! The server knows no rule: it hands each body to a [`Review`].

pub mod certificate;
#[cfg(feature = "artefact")]
pub mod hooks;
pub mod limits;
#[cfg(feature = "artefact")]
pub mod lookup;

mod authority;
mod body;
mod connection;
mod desk;
mod drain;
mod gate;
mod judge;
mod listener;
mod management;
mod metrics;
mod patience;
mod port;
mod pulse;
mod review;
mod rouse;
mod routes;
mod tls;
mod vigil;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

pub use certificate::Source;
pub use judge::{Judge, Unfit};
pub use limits::Limits;
pub use review::Review;

use desk::Desk;
use gate::Gate;
use management::Management;
use metrics::Metrics;
use port::{Port, Served};
use routes::Routes;

/// How long a server serves on once it is to end. An endpoint's removal takes a second or two to
/// reach every API server.
pub const DRAIN_DELAY: Duration = Duration::from_secs(5);
/// How often the certificate's files are looked at.
pub const REFRESH: Duration = Duration::from_secs(10);

/// What is wanted of a server.
pub struct Args {
    /// Where reviews come in, over TLS.
    pub listen: SocketAddr,
    /// Where `/livez`, `/readyz` and `/metrics` are, in plain HTTP.
    pub management: SocketAddr,
    pub certificate: Source,
    /// How often to look for another certificate.
    pub refresh: Duration,
    pub limits: Limits,
    pub review: Arc<dyn Review>,
    /// Metrics of others that are told with ours.
    pub registry: Registry,
    /// What there is still to wait for before reviews can be answered well; `None` when there is
    /// nothing.
    pub awaited: Awaited,
}

/// See [`Args::awaited`].
pub type Awaited = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// The registry for metrics of others, with the prefix of all of them.
pub fn registry() -> Registry {
    Registry::with_prefix("portcullis")
}

/// Why a server can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen on `{address}`")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("there is no certificate to serve with")]
    Certificate(#[from] tls::Error),
    #[error("cannot start threads")]
    Threads(#[source] io::Error),
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

/// Where a server is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    pub admission: SocketAddr,
    pub management: SocketAddr,
}

/// A server that has its sockets and its certificate.
pub struct Bound {
    admission: Port,
    management: Port,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    args: Args,
}

/// A server that serves.
pub struct Running {
    admission: Served,
    management: Served,
    addresses: Addresses,
}

/// Serves until SIGTERM or SIGINT, and `drain_delay` longer. `bound` is told once the sockets are
/// there.
pub fn run(args: Args, drain_delay: Duration, bound: impl FnOnce(&Bound)) -> Result<(), Error> {
    let runtime = runtime().map_err(Error::Threads)?;
    let ended = runtime.block_on(args.run(drain_delay, bound));
    // A judge that never returns does not keep the process.
    runtime.shutdown_background();
    ended
}

/// Returns when the process is asked to end: for whoever has no server yet.
pub async fn asked_to_end() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// The threads that a server runs on: one for each core, and one more, since the desk keeps one
/// free of judging.
pub fn runtime() -> io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores + 1)
        .thread_name("server")
        .enable_all()
        .build()
}

impl Args {
    /// The same as [`run`], in a runtime that is there.
    pub async fn run(self, drain_delay: Duration, bound: impl FnOnce(&Bound)) -> Result<(), Error> {
        let server = self.bind().await?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
        bound(&server);
        let running = server.serve();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        running.end(drain_delay).await;
        Ok(())
    }

    /// Takes the sockets and the certificate.
    pub async fn bind(mut self) -> Result<Bound, Error> {
        let limits = Arc::new(self.limits.clone());
        let metrics = Arc::new(Metrics::new(std::mem::take(&mut self.registry)));
        let certificate = Some(self.certificate.clone());
        let (reviews, health) = (limits.connections, limits.management_connections);
        let admission = Port::bind(self.listen, certificate, reviews, &limits, &metrics).await?;
        let management = Port::bind(self.management, None, health, &limits, &metrics).await?;
        Ok(Bound { admission, management, limits, metrics, args: self })
    }
}

impl Bound {
    /// The addresses that were taken; a port that was given as 0 has a number here.
    pub const fn addresses(&self) -> Addresses {
        Addresses { admission: self.admission.address(), management: self.management.address() }
    }

    /// Starts to serve, in the current runtime.
    pub fn serve(self) -> Running {
        let addresses = self.addresses();
        let Self { admission, management, limits, metrics, args } = self;
        let gate = Gate::new(limits.in_flight, limits.in_flight_bytes);
        let health = Management {
            metrics: Arc::clone(&metrics),
            gate: gate.clone(),
            drain: admission.drain(),
            awaited: args.awaited,
        };
        let desk = Desk::new(args.review, Arc::clone(&limits));
        let routes = Routes::new(desk, gate, limits, metrics);
        let Addresses { admission: reviews, management: manage } = addresses;
        info!("serving reviews on {reviews}, and livez, readyz and metrics on {manage}");
        Running {
            admission: admission.serve(routes, args.refresh),
            management: management.serve(health, args.refresh),
            addresses,
        }
    }
}

impl Running {
    pub const fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Says that it is to end, and serves on: not ready any more, and every answer asks its
    /// caller to connect elsewhere.
    pub fn drain(&self) {
        // Whoever reads the line finds the server as it says.
        if self.admission.drain() {
            info!("draining");
        }
    }

    /// Accepts nothing more, finishes what is under way, and ends. What is not finished in time
    /// is cut off.
    pub async fn close(self) {
        self.admission.close().await;
        self.management.cut().await;
        info!("ended");
    }

    /// Both, with `delay` between them.
    pub async fn end(self, delay: Duration) {
        self.drain();
        tokio::time::sleep(delay).await;
        self.close().await;
    }
}
